"""The table of operations: arithmetic, comparisons, elementary functions, sums and products."""

from .bound import Bound, Rule, dtype_of, dtype_text, is_floating, shape_of
from .promotion import floating, promoting


def _alpha(sign: str) -> Rule:
    def rule(step: Bound) -> str:
        zero = type(step["other"]) is int and step["other"] == 0
        if zero and dtype_of(step.node) == dtype_of(step["self"]) and not is_floating(step.node):
            return "self"
        return f"self {sign} other" if step["alpha"] in (1, None) else f"self {sign} alpha * other"

    return rule


def _rsub(step: Bound) -> str:
    return "other - self" if step["alpha"] in (1, None) else "other - alpha * self"


def _div(step: Bound) -> str | None:
    mode = step["rounding_mode"]
    if mode == "floor":
        return "T.floor_divide(self, other)"
    if mode == "trunc":
        return "jnp.trunc(self / other)" if is_floating(step.node) else _whole_quotient(step)
    return "self / other"


def _whole_quotient(step: Bound) -> str:
    """The quotient of whole numbers, rounded towards 0."""
    wanted = dtype_of(step.node)
    names = ("self", "other")
    texts = [
        name if dtype_of(step[name]) == wanted else f"jnp.asarray({name}, {dtype_text(wanted)})"
        for name in names
    ]
    if shape_of(step["self"]) == shape_of(step["other"]):
        return f"jax.lax.div({', '.join(texts)})"
    return f"jax.lax.div(*jnp.broadcast_arrays({', '.join(texts)}))"


def _pow(step: Bound) -> str:
    exponent = step["exponent"]
    if exponent == 2 and is_floating(step["self"]):
        return "jnp.square(self)"
    return "T.pow(self, exponent)"


def _reduced(function: str) -> Rule:
    """A reduction, which is a method of arrays."""

    def rule(step: Bound) -> str:
        axis = "" if step["dim"] in (None, []) or not step.ndim("self") else "dim"
        words = "keepdims=keepdim" if step["keepdim"] else ""
        dtype = "dtype=dtype" if step["dtype"] is not None else ""
        if not dtype and dtype_of(step["self"]).startswith("uint") and function in ("sum", "prod"):
            dtype = "dtype=int"
        given = ", ".join(part for part in (axis, words, dtype) if part)
        narrow = ".astype(jnp.uint8)" if dtype_of(step.node) == "uint8" else ""
        return f"self.{function}({given}){narrow}"

    return rule


def _variance(function: str) -> Rule:
    def rule(step: Bound) -> str:
        words = ["self"] + ([] if step["dim"] in (None, []) else ["dim"])
        correction = step["correction"]
        if correction is None and step["unbiased"] is False:
            correction = 0
        if correction not in (None, 1):
            words.append(f"correction={correction:g}")
        if step["keepdim"]:
            words.append("keepdim=keepdim")
        return f"T.{function}({', '.join(words)})"

    return rule


def _softmax(function: str) -> Rule:
    def rule(step: Bound) -> str | None:
        if step["half_to_float"]:
            return None
        dtype = "" if step["dtype"] is None else ", dtype=dtype"
        return f"F.{function}(self, dim{dtype})"

    return rule


def _plus(product: str) -> Rule:
    """`beta * self + alpha * product`; of whole numbers the factors are whole too."""

    def rule(step: Bound) -> str:
        beta, alpha = (_factor(step, name) for name in ("beta", "alpha"))
        factor, other = (f"{text} * " if text else "" for text in (beta, alpha))
        step.read.add("self")  # nothing is left of it beside a factor of 0
        inner = product if " @ " not in product or not other else f"({product})"
        text = f"{factor}self + {other}{inner}" if beta != "0" else f"{other}{inner}"
        return f"({text}).astype(bool)" if dtype_of(step.node) == "bool" else text

    return rule


def _factor(step: Bound, name: str) -> str:
    """A factor; "" of 1."""
    value = step[name]
    if value in (1, None):
        return ""
    whole = isinstance(value, float) and not is_floating(step.node)
    return str(int(value)) if whole or value == 0 else name


def _logical(sign: str) -> Rule:
    def rule(step: Bound) -> str:
        whole = dtype_of(step["self"]) == dtype_of(step["other"]) == "bool"
        name = {"&": "and", "|": "or", "^": "xor"}[sign]
        return f"self {sign} other" if whole else f"jnp.logical_{name}(self, other)"

    return rule


def _norm(step: Bound) -> str:
    order = step["p"] if "p" in step.values else step["ord"]
    words = ["self"] + ([] if order in (2, None) else ["p" if "p" in step.values else "ord"])
    words += [
        f"{name}={name}"
        for name in ("dim", "keepdim", "dtype")
        if step[name] not in (None, [], False)
    ]
    return f"T.vector_norm({', '.join(words)})"


def _clamp(step: Bound) -> str:
    words = [f"{name}={name}" for name in ("min", "max") if step[name] is not None]
    return f"T.clamp(self, {', '.join(words)})"


def _extreme(function: str) -> Rule:
    """Of all elements, along an axis, or of two arrays."""

    def rule(step: Bound) -> str:
        if "other" in step.values:
            return f"T.{function}imum(self, other)"
        if "dim" not in step.values:
            return f"T.{function}(self)"
        return f"T.{function}(self, dim, keepdim=keepdim)"

    return rule


def _arg(function: str) -> Rule:
    """The place of an extreme; of a number of its own it is 0."""

    def rule(step: Bound) -> str:
        if not step.ndim("self") and step["dim"] is not None:
            step.read.add("keepdim")
            return f"jnp.{function}(self)"
        axis = "" if step["dim"] is None else "dim, "
        return f"jnp.{function}(self, {axis}keepdims=keepdim)"

    return rule


def _logsumexp(step: Bound) -> str:
    axis = "dim, " if step["dim"] and step.ndim("self") else ""
    return f"jax.nn.logsumexp(self, {axis}keepdims=keepdim)"


def _cumulated(function: str) -> Rule:
    """Sums or products up to each place; a number of its own is its own."""

    def rule(step: Bound) -> str:
        wanted = step.dtype()
        same = dtype_of(step["self"]) == wanted
        if not step.ndim("self"):
            step.read.add("dim")
            return "self" if same else f"self.astype({dtype_text(wanted)})"
        dtype = "" if same else f", dtype={dtype_text(wanted)}"
        return f"jnp.{function}(self, dim{dtype})"

    return rule


def _round(step: Bound) -> str | None:
    """To whole numbers, or to decimals, as PyTorch scales them."""
    decimals = step["decimals"] or 0
    if not decimals:
        return "jnp.round(self)"
    scale = f"{10.0 ** abs(decimals):g}"
    if decimals > 0:
        return f"jnp.round(self * {scale}) / {scale}"
    return f"jnp.round(self / {scale}) * {scale}"


def _square(step: Bound) -> str:
    return "jnp.square(self)" if dtype_of(step["self"]) != "bool" else "self.astype(int)"


def _einsum(step: Bound) -> str:
    """PyTorch widens the whole numbers of one array that it sums."""
    wide = dtype_of(step.node) != dtype_of(step["tensors"][0]) and not is_floating(step.node)
    dtype = f", preferred_element_type={dtype_text(dtype_of(step.node))}" if wide else ""
    return f"jnp.einsum(equation, *tensors{dtype})"


def _kron(step: Bound) -> str:
    if dtype_of(step.node) == "bool":
        return "jnp.kron(self.astype(jnp.uint8), other.astype(jnp.uint8)).astype(bool)"
    return "jnp.kron(self, other)"


def _complex(step: Bound) -> str:
    if step.shape("real") == step.shape("imag"):
        return "jax.lax.complex(real, imag)"
    return "jax.lax.complex(*jnp.broadcast_arrays(real, imag))"


def _tensordot(step: Bound) -> str:
    """An axis of size 1 stands for one of equal numbers: the other array is summed over its own."""
    texts = {"self": "self", "other": "other"}
    pairs = list(zip(step["dims_self"], step["dims_other"], strict=True))
    for name, partner, own in (("self", "other", 0), ("other", "self", 1)):
        axes = tuple(
            pair[own]
            for pair in pairs
            if step.shape(partner)[pair[1 - own]] == 1 and step.shape(name)[pair[own]] != 1
        )
        if axes:
            texts[name] = f"{name}.sum({axes}, keepdims=True, dtype={name}.dtype)"
    return f"jnp.tensordot({texts['self']}, {texts['other']}, (dims_self, dims_other))"


def _gelu(step: Bound) -> str:
    return "F.gelu(self, approximate=approximate)"


_JNP = """
floor ceil trunc isnan isinf isfinite isposinf isneginf isreal signbit conj real imag
""".split()
_FLOATING = """
exp log log2 log10 log1p expm1 sqrt sin cos tan sinh cosh asin acos atan asinh acosh atanh deg2rad
rad2deg sinc
""".split()
_TENSOR = "abs rsqrt sign sgn exp2 digamma lgamma angle".split()
_OTHERS = (
    "maximum minimum fmax fmin atan2 fmod remainder hypot logaddexp xlogy floor_divide".split()
)

ELEMENTWISE: dict[str, Rule] = {
    **{name: f"jnp.{name}(self)" for name in _JNP},
    **{name: floating(f"jnp.{name}(self)") for name in _FLOATING},
    **{name: f"T.{name}(self)" for name in _TENSOR},
    **{name: promoting(f"T.{name}(self, other)", "self", "other") for name in _OTHERS},
    **{name: promoting(f"jnp.{name}(self, other)", "self", "other") for name in ("lcm", "gcd")},
    "nextafter": promoting("jnp.nextafter(self, other)", "self", "other"),
    "add": promoting(_alpha("+"), "self", "other"),
    "sub": promoting(_alpha("-"), "self", "other"),
    "rsub": promoting(_rsub, "self", "other"),
    "mul": promoting("self * other", "self", "other"),
    "div": promoting(_div, "self", "other", floats=True),
    "true_divide": promoting("self / other", "self", "other", floats=True),
    "neg": "-self",
    "positive": "self",
    "square": _square,
    "reciprocal": floating("1 / self"),
    "pow": promoting(_pow, "self", "exponent"),
    "float_power": "T.float_power(self, exponent)",
    "erf": floating("jax.scipy.special.erf(self)"),
    "erfc": floating("jax.scipy.special.erfc(self)"),
    "erfinv": floating("jax.scipy.special.erfinv(self)"),
    "round": _round,
    "frac": "self - jnp.trunc(self)",
    "heaviside": "jnp.where(self == 0, values, self > 0)",
    "isclose": "jnp.isclose(self, other, rtol=rtol, atol=atol, equal_nan=equal_nan)",
    "bitwise_left_shift": promoting("self << other", "self", "other"),
    "bitwise_right_shift": promoting("self >> other", "self", "other"),
    "ldexp": promoting("self * T.pow(2.0, other)", "self", "other"),
    "frexp": "jnp.frexp(self)",
    "nan_to_num": "jnp.nan_to_num(self, nan=nan, posinf=posinf, neginf=neginf)",
    "polar": "jax.lax.complex(abs * jnp.cos(angle), abs * jnp.sin(angle))",
    "complex": _complex,
    "view_as_complex": "jax.lax.complex(self[..., 0], self[..., 1])",
    "view_as_real": "jnp.stack((self.real, self.imag), axis=-1)",
    **dict.fromkeys(("_conj", "conj_physical", "_conj_physical"), "jnp.conj(self)"),
    "_neg_view": "-self",
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": "T.clamp_min(self, min)",
    "clamp_max": "T.clamp_max(self, max)",
    "lerp": "self + weight * (end - self)",
    "addcmul": "self + value * tensor1 * tensor2",
    "addcdiv": "self + value * tensor1 / tensor2",
    "logit": "T.logit(self, eps)",
    "eq": "self == other",
    "ne": "self != other",
    "lt": "self < other",
    "le": "self <= other",
    "gt": "self > other",
    "ge": "self >= other",
    "logical_not": "jnp.logical_not(self)",
    "bitwise_not": "~self",
    "logical_and": _logical("&"),
    "logical_or": _logical("|"),
    "logical_xor": _logical("^"),
    "bitwise_and": "self & other",
    "bitwise_or": "self | other",
    "bitwise_xor": "self ^ other",
    "__and__": "self & other",
    "__or__": "self | other",
    "__xor__": "self ^ other",
    "sum": _reduced("sum"),
    "mean": _reduced("mean"),
    "prod": _reduced("prod"),
    "all": _reduced("all"),
    "any": _reduced("any"),
    "var": _variance("var"),
    "std": _variance("std"),
    "var_mean": _variance("var_mean"),
    "std_mean": _variance("std_mean"),
    "amax": "T.amax(self, dim, keepdim=keepdim)",
    "amin": "T.amin(self, dim, keepdim=keepdim)",
    "max": _extreme("max"),
    "min": _extreme("min"),
    "argmax": _arg("argmax"),
    "argmin": _arg("argmin"),
    "logsumexp": floating(_logsumexp),
    "cumsum": _cumulated("cumsum"),
    "cumprod": _cumulated("cumprod"),
    "linalg_vector_norm": _norm,
    "norm": _norm,
    "softmax": _softmax("softmax"),
    "_softmax": _softmax("softmax"),
    "log_softmax": _softmax("log_softmax"),
    "_log_softmax": _softmax("log_softmax"),
    "matmul": "self @ other",
    "mm": "self @ mat2",
    "bmm": "self @ mat2",
    "mv": "self @ vec",
    "dot": "self @ tensor",
    "outer": "jnp.outer(self, vec2)",
    "inner": "jnp.inner(self, other)",
    "vdot": "jnp.vdot(self, other)",
    "kron": _kron,
    "tensordot": _tensordot,
    "addmm": _plus("mat1 @ mat2"),
    "baddbmm": _plus("batch1 @ batch2"),
    "addbmm": _plus("jnp.einsum('bij,bjk->ik', batch1, batch2)"),
    "addmv": _plus("mat @ vec"),
    "addr": _plus("jnp.outer(vec1, vec2)"),
    "einsum": _einsum,
    "tanh": floating("jnp.tanh(self)"),
    "sigmoid": "F.sigmoid(self)",
    "relu": "F.relu(self)",
    "relu6": "F.relu6(self)",
    "hardtanh": "F.hardtanh(self, min_val=min_val, max_val=max_val)",
    "hardswish": "F.hardswish(self)",
    "hardsigmoid": "F.hardsigmoid(self)",
    "silu": "F.silu(self)",
    "mish": "F.mish(self)",
    "gelu": _gelu,
    "elu": "F.elu(self, alpha=alpha)",
    "selu": "F.selu(self)",
    "celu": "F.celu(self, alpha=alpha)",
    "leaky_relu": "F.leaky_relu(self, negative_slope=negative_slope)",
    "softplus": "F.softplus(self, beta=beta, threshold=threshold)",
    "log_sigmoid": "F.logsigmoid(self)",
    "softshrink": "F.softshrink(self, lambd)",
    "hardshrink": "F.hardshrink(self, lambd)",
    "threshold": "F.threshold(self, threshold, value)",
    "prelu": "F.prelu(self, weight)",
    "glu": "F.glu(self, dim=dim)",
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
