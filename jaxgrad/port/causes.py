"""Candidate causes: for each PyTorch function, the other ways in which ports often compute it.

Each candidate is run on the arguments of the original's call. Only one whose result JAX has
computed is reported.
"""

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A call of a PyTorch function, with copies of its arguments."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Candidate(NamedTuple):
    """A candidate cause: another way to make a call.

    Attributes:
        original: the call that PyTorch made, such as "gelu(approximate='none')".
        port: the call that the port may have made instead.
        run: makes that call; returns its result and its tensor arguments, which it may write to.
    """

    original: str
    port: str
    run: Callable[[], tuple[Any, list[Any]]]


_EPS = (0.0, 1e-12, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3)
_REDUCTIONS = ("mean", "sum", "none", "batchmean")
_FLAGS = (False, True)
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")


def _other_momenta(value: Any) -> tuple[Any, ...]:
    """One minus the momentum, which is the other convention, and the usual values."""
    usual = (0.1, 0.01, 0.9, 0.99)
    return (1 - value, *usual) if isinstance(value, float) else usual


Alternatives = tuple[Any, ...] | Callable[[Any], tuple[Any, ...]]

_NORM: dict[str, Alternatives] = {"eps": _EPS}
_LOSS: dict[str, Alternatives] = {"reduction": _REDUCTIONS}
_DIM: dict[str, Alternatives] = {"dim": (-1, 0, 1, 2, 3)}
_OTHER_LOSSES = (
    *("mse_loss", "l1_loss", "nll_loss", "binary_cross_entropy", "soft_margin_loss"),
    *("binary_cross_entropy_with_logits", "hinge_embedding_loss", "margin_ranking_loss"),
    *("cosine_embedding_loss", "multi_margin_loss", "ctc_loss", "multilabel_margin_loss"),
)
ALTERNATIVES: dict[str, dict[str, Alternatives]] = {
    **dict.fromkeys(_OTHER_LOSSES, _LOSS),
    "gelu": {"approximate": ("none", "tanh")},
    **dict.fromkeys(("layer_norm", "instance_norm", "rms_norm"), _NORM),
    "group_norm": {**_NORM, "num_groups": (1, 2, 4, 8, 16, 32)},
    "local_response_norm": {"alpha": (1e-4, 1.0), "k": (1.0, 2.0)},
    "batch_norm": {"momentum": _other_momenta, **_NORM, "training": _FLAGS},
    "normalize": {**_NORM, **_DIM, "p": (1.0, 2.0)},
    "cosine_similarity": {**_NORM, **_DIM},
    **dict.fromkeys(("softmax", "log_softmax", "glu", "mean", "sum"), _DIM),
    "leaky_relu": {"negative_slope": (0.01, 0.1, 0.2, 0.3, 0.0)},
    "elu": {"alpha": (1.0, 0.1, 1.6732632423543772)},
    "celu": {"alpha": (1.0, 0.1)},
    "softplus": {"beta": (1, 1.0, 10.0), "threshold": (20, 50)},
    "hardtanh": {"min_val": (-1.0, 0.0), "max_val": (1.0, 6.0)},
    "smooth_l1_loss": {**_LOSS, "beta": (1.0, 0.5, 0.1)},
    "huber_loss": {**_LOSS, "delta": (1.0, 0.5, 0.1)},
    "cross_entropy": {**_LOSS, "label_smoothing": (0.0, 0.1), "ignore_index": (-1, 0, -100)},
    "poisson_nll_loss": {**_LOSS, "log_input": _FLAGS, "full": _FLAGS},
    "gaussian_nll_loss": {**_LOSS, "full": _FLAGS, "eps": _EPS},
    "triplet_margin_loss": {**_LOSS, "eps": _EPS, "p": (1.0, 2.0), "swap": _FLAGS},
    "kl_div": {**_LOSS, "log_target": _FLAGS},
    **dict.fromkeys(("var", "std"), {"correction": (0, 1), "unbiased": _FLAGS, **_DIM}),
    "max_pool2d": {"ceil_mode": _FLAGS, "padding": (0, 1), "stride": (1, 2, None)},
    "avg_pool2d": {"ceil_mode": _FLAGS, "count_include_pad": _FLAGS, "padding": (0, 1)},
    **dict.fromkeys(("conv1d", "conv2d"), {"padding": (0, 1, 2, "same"), "stride": (1, 2)}),
    "interpolate": {"align_corners": _FLAGS, "antialias": _FLAGS},
    "grid_sample": {"align_corners": _FLAGS},
    "scaled_dot_product_attention": {"is_causal": _FLAGS, "scale": (1.0,)},
    "clamp": {"min": (None, 0.0, -1.0), "max": (None, 1.0, 6.0)},
}

_POSITIONAL = {
    **dict.fromkeys(("softmax", "log_softmax", "var", "std"), ("input", "dim")),
    **dict.fromkeys(("mean", "sum"), ("input", "dim", "keepdim")),
    "clamp": ("input", "min", "max"),
    **dict.fromkeys(
        _CONVOLUTIONS, ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    ),
    "linear": ("input", "weight", "bias"),
    "flatten": ("input", "start_dim", "end_dim"),
    "gelu": ("input",),
    "softplus": ("input", "beta", "threshold"),
    "cosine_similarity": ("x1", "x2", "dim", "eps"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    "scaled_dot_product_attention": ("query", "key", "value", "attn_mask", "dropout_p"),
}
"""The parameters of functions without a Python signature."""


def candidates(call: Call) -> Iterator[Candidate]:
    """The other ways to make a call, the likeliest first."""
    arguments = _arguments(call)
    if arguments is not None:
        for parameter, values in ALTERNATIVES.get(call.name, {}).items():
            yield from _other_values(call, arguments, parameter, values)
        yield from _other_weights(call, arguments)
        yield from _biased_variance(call, arguments)
    yield from _other_layouts(call)


def _arguments(call: Call) -> dict[str, Any] | None:
    """The arguments of a call by name; None if the names are not known."""
    names = _POSITIONAL.get(call.name, ())
    if names and len(call.args) <= len(names):
        return dict(zip(names, call.args, strict=False)) | dict(call.kwargs)
    try:
        bound = inspect.signature(call.function).bind(*call.args, **call.kwargs)
    except (TypeError, ValueError):
        return None
    bound.apply_defaults()
    return dict(bound.arguments)


_DEFAULT = "(default)"


def _other_values(
    call: Call, arguments: Mapping[str, Any], parameter: str, alternatives: Alternatives
) -> Iterator[Candidate]:
    """One argument with its usual other values."""
    given = arguments.get(parameter, _DEFAULT)
    for value in alternatives(given) if callable(alternatives) else alternatives:
        if repr(value) != repr(given):
            original = f"{parameter}={_in_words(given)}"
            port = f"{parameter}={_in_words(value)}"
            yield _candidate(call, original, port, {**arguments, parameter: value})


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return _DEFAULT if value is _DEFAULT else repr(value)


def _candidate(call: Call, original: str, port: str, arguments: Mapping[str, Any]) -> Candidate:
    """The same function with other arguments; the texts say what stands in its brackets."""
    run = _caller(call.function, arguments)
    return Candidate(f"{call.name}({original})", f"{call.name}({port})", run)


def _caller(
    function: Callable[..., Any], arguments: Mapping[str, Any]
) -> Callable[[], tuple[Any, list[Any]]]:
    """Calls a function with copies of its tensors, as some functions write to their arguments."""
    torch = importlib.import_module("torch")

    def run() -> tuple[Any, list[Any]]:
        fresh = {
            name: value.clone() if isinstance(value, torch.Tensor) else value
            for name, value in arguments.items()
        }
        given = [value for value in fresh.values() if isinstance(value, torch.Tensor)]
        first = fresh.pop("input", None)
        return function(*(() if first is None else (first,)), **fresh), given

    return run


def _biased_variance(call: Call, arguments: Mapping[str, Any]) -> Iterator[Candidate]:
    """The running variance without Bessel's correction."""
    running = arguments.get("running_var")
    if call.name != "batch_norm" or running is None or not arguments.get("training"):
        return

    def run() -> tuple[Any, list[Any]]:
        x, momentum = arguments["input"], arguments["momentum"]
        axes = [axis for axis in range(x.ndim) if axis != 1]
        return None, [(1 - momentum) * running + momentum * x.var(axes, correction=0)]

    original = "batch_norm with the unbiased variance in running_var"
    yield Candidate(original, "batch_norm with the biased variance in running_var", run)


def _other_weights(call: Call, arguments: Mapping[str, Any]) -> Iterator[Candidate]:
    """A weight transposed or flipped, or no bias."""
    weight: Any = arguments.get("weight")
    if weight is None or call.name not in ("linear", *_CONVOLUTIONS):
        return
    if call.name == "linear" and weight.shape[0] == weight.shape[1]:
        yield _candidate(call, "weight", "weight.T", {**arguments, "weight": weight.T})
    if call.name in _CONVOLUTIONS:
        flipped = {**arguments, "weight": weight.flip(tuple(range(2, weight.ndim)))}
        yield Candidate(
            f"{call.name}(weight), a cross-correlation",
            "a convolution, which flips the kernel",
            _caller(call.function, flipped),
        )
        for order in _orders(weight.ndim):
            permuted = weight.permute(order)
            if permuted.shape == weight.shape:
                port = f"weight.permute{order}"
                yield _candidate(call, "weight", port, {**arguments, "weight": permuted})
    if arguments.get("bias") is not None:
        yield _candidate(call, "bias", "bias=None", {**arguments, "bias": None})


def _orders(ndim: int) -> list[tuple[int, ...]]:
    """The orders of axes that change something."""
    return list(itertools.permutations(range(ndim)))[1:]


def _other_layouts(call: Call) -> Iterator[Candidate]:
    """The axes in another order before they are flattened."""
    if call.name not in ("flatten", "reshape", "view") or not call.args:
        return
    tensor = call.args[0]
    if not 2 < tensor.ndim <= 5:
        return
    torchs = {3: "NCL", 4: "NCHW", 5: "NCDHW"}[tensor.ndim]
    for order in _orders(tensor.ndim):
        layout = "".join(torchs[axis] for axis in order)

        def run(order: tuple[int, ...] = order) -> tuple[Any, list[Any]]:
            shape = call.function(tensor, *call.args[1:], **call.kwargs).shape
            return tensor.permute(order).reshape(shape), []

        original = f"{call.name} of the layout {torchs}"
        yield Candidate(original, f"{call.name} of the layout {layout}", run)
