"""What a port most often does otherwise: for each of PyTorch's functions other ways to call it.

A guess is tried on the very numbers that the call got; only one that gives what JAX computed is
told. Nothing here is a rule about JAX: it is a list of questions.
"""

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A call of one of PyTorch's functions, with copies of what it was given."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Guess(NamedTuple):
    """Another way to have made a call.

    Attributes:
        given: how PyTorch was called, such as "gelu(approximate='none')".
        instead: how the port might call it.
        run: computes it; returns the result and the tensors that were given, written to or not.
    """

    given: str
    instead: str
    run: Callable[[], tuple[Any, list[Any]]]


_EPS = (0.0, 1e-12, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3)
_REDUCTIONS = ("mean", "sum", "none", "batchmean")
_DIMS = (-1, 0, 1, 2, 3)
_FLAGS = (False, True)


def _from_one(value: Any) -> tuple[Any, ...]:
    """The inverse convention of a momentum, and the usual values."""
    usual = (0.1, 0.01, 0.9, 0.99)
    return (1 - value, *usual) if isinstance(value, float) else usual


Candidates = tuple[Any, ...] | Callable[[Any], tuple[Any, ...]]

_NORM: dict[str, Candidates] = {"eps": _EPS}
_LOSS: dict[str, Candidates] = {"reduction": _REDUCTIONS}
_ALONG: dict[str, Candidates] = {"dim": _DIMS}
OTHERWISE: dict[str, dict[str, Candidates]] = {
    "gelu": {"approximate": ("none", "tanh")},
    "layer_norm": _NORM,
    "group_norm": {**_NORM, "num_groups": (1, 2, 4, 8, 16, 32)},
    "instance_norm": _NORM,
    "rms_norm": _NORM,
    "local_response_norm": {"alpha": (1e-4, 1.0), "k": (1.0, 2.0)},
    "batch_norm": {"momentum": _from_one, **_NORM, "training": _FLAGS},
    "normalize": {**_NORM, **_ALONG, "p": (1.0, 2.0)},
    "cosine_similarity": {**_NORM, **_ALONG},
    "softmax": _ALONG,
    "log_softmax": _ALONG,
    "glu": _ALONG,
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
    "var": {"correction": (0, 1), "unbiased": _FLAGS, **_ALONG},
    "std": {"correction": (0, 1), "unbiased": _FLAGS, **_ALONG},
    "mean": _ALONG,
    "sum": _ALONG,
    "max_pool2d": {"ceil_mode": _FLAGS, "padding": (0, 1), "stride": (1, 2, None)},
    "avg_pool2d": {"ceil_mode": _FLAGS, "count_include_pad": _FLAGS, "padding": (0, 1)},
    "conv1d": {"padding": (0, 1, 2, "same"), "stride": (1, 2)},
    "conv2d": {"padding": (0, 1, 2, "same"), "stride": (1, 2)},
    "interpolate": {"align_corners": _FLAGS, "antialias": _FLAGS},
    "grid_sample": {"align_corners": _FLAGS},
    "scaled_dot_product_attention": {"is_causal": _FLAGS, "scale": (1.0,)},
    "clamp": {"min": (None, 0.0, -1.0), "max": (None, 1.0, 6.0)},
}
for _name in (
    *("mse_loss", "l1_loss", "nll_loss", "binary_cross_entropy", "soft_margin_loss"),
    *("binary_cross_entropy_with_logits", "hinge_embedding_loss", "margin_ranking_loss"),
    *("cosine_embedding_loss", "multi_margin_loss", "ctc_loss", "multilabel_margin_loss"),
):
    OTHERWISE[_name] = _LOSS

_POSITIONAL = {
    "softmax": ("input", "dim"),
    "log_softmax": ("input", "dim"),
    "mean": ("input", "dim", "keepdim"),
    "sum": ("input", "dim", "keepdim"),
    "var": ("input", "dim"),
    "std": ("input", "dim"),
    "clamp": ("input", "min", "max"),
    "conv1d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv3d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "linear": ("input", "weight", "bias"),
    "flatten": ("input", "start_dim", "end_dim"),
    "gelu": ("input",),
    "softplus": ("input", "beta", "threshold"),
    "cosine_similarity": ("x1", "x2", "dim", "eps"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    "scaled_dot_product_attention": ("query", "key", "value", "attn_mask", "dropout_p"),
}
"""The parameters of functions that are not written in Python, and so have no signature."""


def guesses(call: Call) -> Iterator[Guess]:
    """The other ways to make a call, the likeliest first."""
    bound = _bound(call)
    if bound is not None:
        for parameter, candidates in OTHERWISE.get(call.name, {}).items():
            yield from _otherwise(call, bound, parameter, candidates)
        yield from _weights(call, bound)
        yield from _variance(call, bound)
    yield from _order(call)


def _bound(call: Call) -> dict[str, Any] | None:
    """The arguments of a call by their names."""
    if call.name in _POSITIONAL and len(call.args) <= len(_POSITIONAL[call.name]):
        return dict(zip(_POSITIONAL[call.name], call.args, strict=False)) | dict(call.kwargs)
    try:
        signature = inspect.signature(call.function)
        bound = signature.bind(*call.args, **call.kwargs)
    except (TypeError, ValueError):
        return None
    bound.apply_defaults()
    return dict(bound.arguments)


_MISSING = "(default)"


def _otherwise(
    call: Call, bound: Mapping[str, Any], parameter: str, candidates: Candidates
) -> Iterator[Guess]:
    now = bound.get(parameter, _MISSING)
    values = candidates(now) if callable(candidates) else candidates
    for value in values:
        if repr(value) != repr(now):
            yield Guess(
                f"{call.name}({parameter}={_short(now)})",
                f"{call.name}({parameter}={_short(value)})",
                _caller(call.function, {**bound, parameter: value}),
            )


def _short(value: Any) -> str:
    return (
        f"{value:.6g}"
        if isinstance(value, float)
        else str(value)
        if value == _MISSING
        else repr(value)
    )


def _caller(
    function: Callable[..., Any], arguments: Mapping[str, Any]
) -> Callable[[], tuple[Any, list[Any]]]:
    """Calls a function by name, on copies: some write to what they are given."""
    torch = importlib.import_module("torch")

    def run() -> tuple[Any, list[Any]]:
        fresh = {
            name: value.clone() if isinstance(value, torch.Tensor) else value
            for name, value in arguments.items()
        }
        given = [value for value in fresh.values() if isinstance(value, torch.Tensor)]
        first = fresh.pop("input", None)
        return function(**fresh) if first is None else function(first, **fresh), given

    return run


def _variance(call: Call, bound: Mapping[str, Any]) -> Iterator[Guess]:
    """The running variance without Bessel's correction."""
    if call.name != "batch_norm" or bound.get("running_var") is None or not bound.get("training"):
        return

    def run() -> tuple[Any, list[Any]]:
        x, momentum, before = bound["input"], bound["momentum"], bound["running_var"]
        axes = [axis for axis in range(x.ndim) if axis != 1]
        return None, [(1 - momentum) * before + momentum * x.var(axes, correction=0)]

    given = "batch_norm with the unbiased variance in running_var"
    yield Guess(given, "batch_norm with the biased variance in running_var", run)


def _weights(call: Call, bound: Mapping[str, Any]) -> Iterator[Guess]:
    """A weight transposed, turned round, or left out."""
    weight: Any = bound.get("weight")
    if weight is None:
        return
    if call.name == "linear" and weight.shape[0] == weight.shape[1]:
        yield Guess(
            "linear(weight)",
            "linear(weight.T)",
            _caller(call.function, {**bound, "weight": weight.T}),
        )
    if call.name in ("conv1d", "conv2d", "conv3d"):
        axes = tuple(range(2, weight.ndim))
        turned = {**bound, "weight": weight.flip(axes)}
        yield Guess(
            f"{call.name}(weight), a cross-correlation",
            "a convolution, which turns the kernel round",
            _caller(call.function, turned),
        )
        for order in itertools.permutations(range(weight.ndim)):
            if order != tuple(range(weight.ndim)):
                moved = weight.permute(order)
                if moved.shape == weight.shape:
                    yield Guess(
                        f"{call.name}(weight)",
                        f"{call.name}(weight.permute{order})",
                        _caller(call.function, {**bound, "weight": moved}),
                    )
    if call.name in ("linear", "conv1d", "conv2d", "conv3d") and bound.get("bias") is not None:
        yield Guess(
            f"{call.name}(bias)",
            f"{call.name}(bias=None)",
            _caller(call.function, {**bound, "bias": None}),
        )


def _order(call: Call) -> Iterator[Guess]:
    """The axes in another order before they are flattened."""
    if call.name not in ("flatten", "reshape", "view") or not call.args:
        return
    tensor = call.args[0]
    if not 2 < tensor.ndim <= 5:
        return
    first = "NCHW" if tensor.ndim == 4 else "NCL" if tensor.ndim == 3 else "NCDHW"
    for order in itertools.permutations(range(tensor.ndim)):
        if order != tuple(range(tensor.ndim)):
            layout = "".join(first[axis] for axis in order)

            def run(order: tuple[int, ...] = order) -> tuple[Any, list[Any]]:
                shape = call.function(tensor, *call.args[1:], **call.kwargs).shape
                return tensor.permute(order).reshape(shape), []

            yield Guess(
                f"{call.name} of the layout {first}", f"{call.name} of the layout {layout}", run
            )
