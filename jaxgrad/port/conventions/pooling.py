"""Pooling with other paddings and other windows."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .call import Arguments, Call, Candidate, computed, each_axis, torch_functional
from .convolutions import flat_pads, paddings

Windows = list[tuple[int, int]]
"""The first index and the one after the last, for each output."""


def other_windows(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Pooling of an array that is padded otherwise."""
    count = int(call.name[-2])
    kernel = each_axis(arguments["kernel_size"], count)
    strides = each_axis(arguments.get("stride") or kernel, count)
    padding = each_axis(arguments.get("padding", 0), count)
    dilation = each_axis(arguments.get("dilation", 1), count)
    window = list(zip(kernel, strides, dilation, strict=True))
    original = f"{call.name}(padding={arguments.get('padding', 0)!r})"
    given = "the same padding", [(p, p) for p in padding]
    sizes = arguments["input"].shape[-count:]
    for name, pads in (given, *paddings(sizes, window)):
        for fill, text in _fills(call.name, name == given[0]):
            run = _padded(call, arguments, pads, fill)
            yield computed(f"{original}{_own(call.name)}", f"{call.name} with {name}{text}", run)


def _own(name: str) -> str:
    return ", which pads with -inf" if name.startswith("max") else ""


def _fills(name: str, is_given: bool) -> list[tuple[Any, str]]:
    """What an array is padded with, and how this is told."""
    if name.startswith("max"):
        infinity = [] if is_given else [(float("-inf"), "")]
        return [*infinity, (0.0, " by 0")]
    return [(None, " that is not counted"), (0.0, " by 0, which is counted")]


def _padded(call: Call, arguments: Arguments, pads: Any, fill: Any) -> Callable[[], Any]:
    """Pooling after a padding; without a fill, a mean does not count the padding."""
    torch, F = importlib.import_module("torch"), torch_functional()
    x = arguments["input"]
    amounts = flat_pads(pads)
    rest = {**arguments, "padding": 0}
    rest.pop("input")

    def pool(x: Any) -> Any:
        result = call.function(F.pad(x, amounts, value=fill or 0.0), **rest)
        return result[0] if isinstance(result, tuple) else result

    if fill is not None:
        return lambda: pool(x)
    return lambda: pool(x) / pool(torch.ones_like(x))


def other_kinds(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The maximum for the mean, the mean for the maximum, the sum for the mean."""
    F = torch_functional()
    mean = "avg" in call.name
    other = getattr(F, call.name.replace("avg", "max") if mean else call.name.replace("max", "avg"))
    names = ("input", "kernel_size", "stride", "padding", "ceil_mode", "output_size")
    shared = {name: arguments[name] for name in names if name in arguments}

    def run() -> Any:
        return other(**shared)

    yield computed(call.name, other.__name__, run)
    if mean and "kernel_size" in arguments:
        sums = {**shared, "divisor_override": 1}
        yield computed(call.name, "the sum of each window", lambda: call.function(**sums))
    elif mean:
        yield computed(call.name, "the sum of each window", lambda: _sums(call, arguments))


def _sums(call: Call, arguments: Arguments) -> Any:
    """Adaptive pooling by the sum, of windows that are equal."""
    x, result = arguments["input"], call.function(**arguments)
    return result * (x.numel() / result.numel())


def other_adaptive_windows(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Adaptive pooling over windows that begin and end elsewhere."""
    count = int(call.name[-2])
    x = arguments["input"]
    sizes = x.shape[-count:]
    outputs = each_axis(arguments["output_size"], count)
    pairs = [(n, n if out is None else out) for n, out in zip(sizes, outputs, strict=True)]
    reduce = "amax" if "max" in call.name else "mean"
    original = f"{call.name} over the windows from floor(i n / m) to ceil((i + 1) n / m)"
    for name, windows in _WINDOWS.items():
        port = f"{call.name} over {name}"
        each = [windows(n, out) for n, out in pairs]
        yield computed(original, port, lambda each=each: _pooled(x, each, reduce))


def _equal(n: int, out: int) -> Windows:
    """Windows of equal size and stride that cover the axis."""
    stride = n // out
    size = n - (out - 1) * stride
    return [(i * stride, i * stride + size) for i in range(out)]


def _cut(n: int, out: int) -> Windows:
    """Windows of n // out elements, without the rest of the axis."""
    return [(i * (n // out), (i + 1) * (n // out)) for i in range(out)]


def _disjoint(n: int, out: int) -> Windows:
    """Windows that begin where PyTorch's do, and end where the next begins."""
    return [(i * n // out, (i + 1) * n // out) for i in range(out)]


def _larger_first(n: int, out: int) -> Windows:
    """The parts of `numpy.array_split`."""
    sizes = [n // out + (i < n % out) for i in range(out)]
    return [(sum(sizes[:i]), sum(sizes[: i + 1])) for i in range(out)]


def _rounded_up(n: int, out: int) -> Windows:
    """Windows of ceil(n / out) elements, the last one shorter."""
    size = -(-n // out)
    return [(min(i * size, n - 1), min((i + 1) * size, n)) for i in range(out)]


def _ceil_size(n: int, out: int) -> Windows:
    """Windows of ceil(n / out) elements that begin where PyTorch's do."""
    size = -(-n // out)
    return [(i * n // out, min(i * n // out + size, n)) for i in range(out)]


_WINDOWS: dict[str, Callable[[int, int], Windows]] = {
    "windows of equal size and stride": _equal,
    "windows of n // m elements, without the rest": _cut,
    "disjoint windows, from floor(i n / m) to floor((i + 1) n / m)": _disjoint,
    "disjoint windows, the larger ones first": _larger_first,
    "windows of ceil(n / m) elements, the last one shorter": _rounded_up,
    "windows of ceil(n / m) elements from floor(i n / m)": _ceil_size,
}


def _pooled(x: Any, windows: Sequence[Windows], reduce: str) -> Any:
    """The mean or the maximum over the windows, one axis after another."""
    torch = importlib.import_module("torch")
    for axis, pairs in zip(range(-len(windows), 0), windows, strict=True):
        parts = [x.narrow(axis, a, b - a) for a, b in pairs]
        x = torch.cat([getattr(part, reduce)(axis, keepdim=True) for part in parts], axis)
    return x
