"""What PyTorch 2.13 calls the backward node of an operation, such as `MulBackward0`."""

_SAME = """
abs acos acosh asin asinh atan atan2 atanh ceil celu clone copysign cos cosh cummax cummin cumprod
cumsum digamma div elu erf erfc exp exp2 expm1 flip floor gelu glu hardshrink hardsigmoid hardswish
hardtanh huber_loss hypot leaky_relu lgamma log logaddexp logcumsumexp logit logsumexp median mish
mse_loss mul neg relu round rsqrt sign silu sin sinh smooth_l1_loss soft_margin_loss softmax
log_softmax softplus softshrink sort sqrt std sub tan tanh threshold topk tril var where xlogy add
binary_cross_entropy binary_cross_entropy_with_logits multi_margin_loss diagonal complex conj i0
"""
_OTHER = {
    "add_any": "Add",
    "broadcast_in_dim": "Expand",
    "clamp": "Clamp",
    "clip": "Clamp",
    "concatenate": "Cat",
    "convert_element_type": "ToCopy",
    "copy": "Clone",
    "conv_general_dilated": "Convolution",
    "erf_inv": "Erfinv",
    "integer_pow": "Pow",
    "log1p": "Log1P",
    "logistic": "Sigmoid",
    "logsigmoid": "LogSigmoid",
    "max": "Maximum",
    "maximum": "Maximum",
    "min": "Minimum",
    "minimum": "Minimum",
    "pad": "ConstantPadNd",
    "relu6": "Hardtanh",
    "rem": "Fmod",
    "rev": "Flip",
    "select_n": "Where",
    "selu": "Elu",
    "sigmoid": "Sigmoid",
    "square": "Pow",
    "vector_norm": "LinalgVectorNorm",
}
_NUMBERED = {"clamp": 1, "clip": 1, "rem": 1}
_REDUCTIONS = {
    "mean": ("MeanBackward0", "MeanBackward1"),
    "reduce_max": ("MaxBackward1", "AmaxBackward0"),
    "reduce_min": ("MinBackward1", "AminBackward0"),
    "reduce_prod": ("ProdBackward0", "ProdBackward1"),
    "reduce_sum": ("SumBackward0", "SumBackward1"),
}
"""For each reduction, its names over all axes and over some."""
_PRODUCTS: dict[tuple[int, ...], str] = {
    (1, 1, 0): "DotBackward0",
    (2, 1, 1): "MvBackward0",
    (2, 2, 2): "MmBackward0",
}
"""Names by the numbers of axes of both operands and of the result."""


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


NAMES = {name: f"{_camel(name)}Backward0" for name in _SAME.split()}
NAMES |= {name: f"{base}Backward{_NUMBERED.get(name, 0)}" for name, base in _OTHER.items()}


def backward_name(
    operation: str, literals: tuple[bool, ...] = (), ndims: tuple[int, ...] = (), out: int = 0
) -> str:
    """PyTorch's name for the backward node of an operation; empty if there is no single one.

    Args:
        operation: a JAX primitive, the name of a jitted function, or "mean".
        literals: for each operand whether it is a Python number.
        ndims: for each operand its number of axes.
        out: the number of axes of the result.
    """
    first, second = (*literals, False, False)[:2]
    if operation in _REDUCTIONS:
        return _REDUCTIONS[operation][out > 0 if ndims else 0]
    if operation == "pow":
        return "PowBackward2" if first else "PowBackward0" if second else "PowBackward1"
    if operation == "rem" and second:
        return "FmodBackward0"
    if operation == "sub" and first:
        return "RsubBackward1"
    if operation == "div" and first:
        return ""  # PyTorch takes a reciprocal and multiplies
    if operation == "dot_general":
        return _PRODUCTS.get((*ndims, out), "")
    return NAMES.get(operation, "")
