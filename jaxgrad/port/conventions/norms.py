"""Normalization over other axes, with another variance, or with another affine map."""

from collections.abc import Callable, Iterator
from typing import Any

from .call import Arguments, Call, Candidate, changed, computed

_VARIANTS: dict[str, dict[str, Any]] = {
    "the unbiased variance, divided by n - 1": {"correction": 1},
    "eps added to the standard deviation": {"outside": True},
    "eps added to the unbiased standard deviation": {"outside": True, "correction": 1},
    "no mean subtracted": {"centred": False},
    "the mean of squares in place of the variance": {"raw": True},
    "only the mean subtracted": {"scaled": False},
}


def _normalized(
    x: Any,
    axes: Any,
    eps: float,
    *,
    correction: int = 0,
    outside: bool = False,
    centred: bool = True,
    raw: bool = False,
    scaled: bool = True,
) -> Any:
    """An array with mean 0 and variance 1 along the axes, up to the options."""
    mean = x.mean(axes, keepdim=True)
    var = x.square().mean(axes, keepdim=True) if raw or not centred else None
    var = x.var(axes, keepdim=True, correction=correction) if var is None else var
    x = x - mean if centred else x
    if not scaled:
        return x
    return x / (var.sqrt() + eps) if outside else x / (var + eps).sqrt()


def _affine(x: Any, arguments: Arguments, axis: int | None) -> Any:
    """Times the weight plus the bias, along an axis or the last ones."""
    for name in ("weight", "bias"):
        given = arguments.get(name)
        if given is not None:
            shape = [1] * x.ndim
            if axis is not None:
                shape[axis] = -1
            given = given if axis is None else given.reshape(shape)
            x = x * given if name == "weight" else x + given
    return x


def _other_statistics(
    call: Call, arguments: Arguments, axes: Any, axis: int | None
) -> Iterator[Candidate]:
    """The variants of the mean and the variance."""
    x, eps = arguments["input"], arguments.get("eps") or 0.0
    for name, options in _VARIANTS.items():

        def run(options: dict[str, Any] = options) -> Any:
            return _affine(_normalized(x, axes, eps, **options), arguments, axis)

        yield computed(call.name, f"{call.name} with {name}", run)


def _other_axes(
    call: Call, arguments: Arguments, choices: dict[str, Any], axis: int | None
) -> Iterator[Candidate]:
    """The mean and the variance over other axes."""
    x, eps = arguments["input"], arguments["eps"]
    for name, axes in choices.items():

        def run(axes: Any = axes) -> Any:
            return _affine(_normalized(x, axes, eps), arguments, axis)

        yield computed(call.name, f"{call.name} over {name}", run)


def other_affine_maps(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A norm without its weight or its bias, or with 1 + weight."""
    weight, bias = arguments.get("weight"), arguments.get("bias")
    if bias is not None:
        yield changed(call, arguments, "bias", "bias=None", bias=None)
    if weight is not None:
        yield changed(call, arguments, "weight", "weight=None", weight=None)
        yield changed(call, arguments, "weight", "1 + weight", weight=1 + weight)
    if weight is not None and bias is not None:
        texts = "weight and bias", "weight=None, bias=None"
        yield changed(call, arguments, *texts, weight=None, bias=None)
        yield changed(call, arguments, *texts[:1], "bias and weight", weight=bias, bias=weight)


def layer_norms(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Layer normalization and its other definitions."""
    x = arguments["input"]
    count = len(arguments["normalized_shape"])
    axes = tuple(range(-count, 0))
    yield from _other_statistics(call, arguments, axes, None)
    choices: dict[str, Any] = {
        f"axis {axis}": axis for axis in range(x.ndim) if (axis - x.ndim,) != axes
    }
    choices["all axes but the first"] = tuple(range(1, x.ndim))
    yield from _other_axes(call, arguments, choices, None)


def rms_norms(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Root mean square normalization and its other definitions."""
    x, weight = arguments["input"], arguments.get("weight")
    axes = tuple(range(-len(arguments["normalized_shape"]), 0))
    eps = arguments.get("eps")
    if eps is None:
        eps = 2.0**-23  # of float32; the original runs in float64

    def run(**options: Any) -> Any:
        return _affine(_normalized(x, axes, eps, **options), {"weight": weight}, None)

    text = f"{call.name}, which subtracts no mean"
    yield computed(text, "layer_norm, which subtracts the mean", run)
    port = f"{call.name} with eps added to the root mean square"
    yield computed(call.name, port, lambda: run(centred=False, outside=True))


def group_norms(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Group normalization with interleaved groups, over fewer axes, or with another variance."""
    x, groups, eps = arguments["input"], arguments["num_groups"], arguments["eps"]
    split = x.unflatten(1, (groups, -1))
    spatial = tuple(range(3, split.ndim))

    def run(array: Any, axes: Any, **options: Any) -> Any:
        return _affine(_normalized(array, axes, eps, **options).reshape(x.shape), arguments, 1)

    original = f"group_norm of groups of {split.shape[2]} adjacent channels"
    interleaved = x.unflatten(1, (-1, groups))
    port = f"group_norm of interleaved channels, those of a group {groups} apart"
    yield computed(original, port, lambda: run(interleaved, (1, *spatial)))
    yield computed(call.name, "group_norm over the channels alone", lambda: run(split, 2))
    if spatial:
        port = "instance_norm, over the spatial axes alone"
        yield computed(call.name, port, lambda: run(split, spatial))
    port = "layer_norm, over all axes but the first"
    yield computed(call.name, port, lambda: run(x, tuple(range(1, x.ndim))))
    for name, options in _VARIANTS.items():
        port = f"group_norm with {name}"
        yield computed(call.name, port, lambda o=options: run(split, (2, *spatial), **o))


def instance_norms(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Instance normalization over other axes, or with another variance."""
    x = arguments["input"]
    yield from _other_statistics(call, arguments, tuple(range(2, x.ndim)), 1)
    choices = {
        "all axes but the first, as layer_norm": tuple(range(1, x.ndim)),
        "the batch too, as batch_norm": (0, *range(2, x.ndim)),
        "the channels": 1,
    }
    yield from _other_axes(call, arguments, choices, 1)


def batch_norms(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Batch normalization with another variance, here or in the running one."""
    x = arguments["input"]
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    if arguments.get("training"):
        yield from _other_running_statistics(call, arguments, axes)
        yield from _other_statistics(call, arguments, axes, 1)
        choices = {"the batch alone": 0, "all axes but the first": tuple(range(1, x.ndim))}
        yield from _other_axes(call, arguments, choices, 1)
    else:
        yield from _other_uses(call, arguments)


def _other_running_statistics(
    call: Call, arguments: Arguments, axes: tuple[int, ...]
) -> Iterator[Candidate]:
    """The running variance without Bessel's correction, and with other momenta."""
    x, running, momentum = (arguments.get(n) for n in ("input", "running_var", "momentum"))
    if running is None or x is None or momentum is None:
        return
    for kept, text in ((1 - momentum, ""), (momentum, f" and momentum={1 - momentum:.6g}")):

        def run(kept: float = kept) -> tuple[Any, list[Any]]:
            return None, [kept * running + (1 - kept) * x.var(axes, correction=0)]

        original = f"{call.name} with the unbiased variance in running_var"
        yield Candidate(original, f"{call.name} with the biased variance in running_var{text}", run)


def _other_uses(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The running statistics in another formula."""
    x, mean, var, eps = (arguments[n] for n in ("input", "running_mean", "running_var", "eps"))
    shape = (-1, *(1 for _ in range(x.ndim - 2)))
    mean, var = mean.reshape(shape), var.reshape(shape)
    formulas: dict[str, Callable[[], Any]] = {
        "eps added to the standard deviation": lambda: (x - mean) / (var.sqrt() + eps),
        "running_var taken as the standard deviation": lambda: (x - mean) / (var + eps),
        "running_mean and running_var swapped": lambda: (x - var) / (mean + eps).sqrt(),
        "no running statistics": lambda: x,
    }
    for name, formula in formulas.items():
        port = f"{call.name} with {name}"
        yield computed(call.name, port, lambda f=formula: _affine(f(), arguments, 1))


def other_response_norms(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Local response normalization whose alpha is not divided by the size."""
    alpha, size = arguments["alpha"], arguments["size"]
    texts = "alpha / size", "alpha, not divided by the size"
    yield changed(call, arguments, *texts, alpha=alpha * size)
