"""Weights of linear layers and convolutions in other layouts, and other paddings."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .call import (
    Arguments,
    Call,
    Candidate,
    caller,
    changed,
    computed,
    each_axis,
    torch_functional,
)

Pads = Sequence[tuple[int, int]]
"""For each spatial axis, how much is added before and after it."""


def other_weights(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A linear layer with the weight transposed, or without its bias."""
    weight = arguments["weight"]
    if weight.ndim == 2 and weight.shape[0] == weight.shape[1]:
        yield changed(call, arguments, "weight", "weight.T", weight=weight.T)
    if arguments.get("bias") is not None:
        yield changed(call, arguments, "bias", "bias=None", bias=None)


def other_kernels(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A convolution with its kernel flipped or its axes in another order, or without its bias."""
    weight = arguments["weight"]
    spatial = tuple(range(2, weight.ndim))
    for axes in _subsets(spatial):
        flipped = weight.flip(axes)
        where = "" if axes == spatial else f" along {_in_words(axes)}"
        run = caller(call.function, {**arguments, "weight": flipped})
        yield Candidate(*_flip_words(call.name, where), run)
    for order in _orders(weight.ndim):
        for flip, text in ((False, ""), (True, ", flipped")):
            permuted = weight.permute(order)
            permuted = permuted.flip(spatial) if flip else permuted
            if permuted.shape == weight.shape:
                port = f"weight.permute{order}{text}"
                yield changed(call, arguments, "weight", port, weight=permuted)
    if arguments.get("bias") is not None:
        yield changed(call, arguments, "bias", "bias=None", bias=None)


def _flip_words(name: str, where: str) -> tuple[str, str]:
    if "transpose" in name:
        original = f"{name}, the transpose of a cross-correlation, which flips the kernel"
        return original, f"a transposed convolution that does not flip the kernel{where}"
    return f"{name}(weight), a cross-correlation", f"a convolution, which flips the kernel{where}"


def _subsets(axes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All of the axes, then fewer of them."""
    counts = range(len(axes), 0, -1)
    return [subset for count in counts for subset in itertools.combinations(axes, count)]


def _in_words(axes: tuple[int, ...]) -> str:
    return " and ".join(f"axis {axis}" for axis in axes)


def _orders(ndim: int) -> list[tuple[int, ...]]:
    """The orders of axes that change something."""
    return list(itertools.permutations(range(ndim)))[1:]


def same_pads(sizes: Sequence[int], window: Sequence[tuple[int, int, int]]) -> Pads:
    """The padding "SAME" of axes with these sizes; a window is (kernel, stride, dilation)."""
    pads = []
    for size, (kernel, stride, dilation) in zip(sizes, window, strict=True):
        outputs = -(-size // stride)
        total = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def flat_pads(pads: Pads) -> list[int]:
    """The pads as `torch.nn.functional.pad` takes them: the last axis first."""
    return [amount for pair in reversed(pads) for amount in pair]


def paddings(sizes: Sequence[int], window: Sequence[tuple[int, int, int]]) -> Iterator[Any]:
    """The paddings "SAME" and "SAME_LOWER" that differ from each other: (name, pads)."""
    pads = same_pads(sizes, window)
    yield 'padding "SAME"', pads
    if any(low != high for low, high in pads):
        yield 'padding "SAME_LOWER"', [(high, low) for low, high in pads]


def other_paddings(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A convolution with the padding "SAME", where more may be added after than before."""
    F = torch_functional()
    x, weight = arguments["input"], arguments["weight"]
    count = weight.ndim - 2
    options = (each_axis(arguments.get(name, 1), count) for name in ("stride", "dilation"))
    window = list(zip(weight.shape[2:], *options, strict=True))
    for name, pads in paddings(x.shape[-count:], window):
        padded = F.pad(x, flat_pads(pads))
        run = caller(call.function, {**arguments, "input": padded, "padding": 0})
        original = f"{call.name}(padding={arguments.get('padding', 0)!r})"
        yield Candidate(original, f"{call.name} with the {name}, which is {pads} here", run)


def other_groups(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A grouped convolution whose groups take, or give, every n-th channel."""
    groups = arguments.get("groups", 1)
    if groups == 1:
        return
    axis = 2 - arguments["weight"].ndim - 1
    original = f"{call.name} of groups of adjacent channels"
    interleaved = {**arguments, "input": _interleaved(arguments["input"], axis, groups)}

    def run(given: Arguments, after: bool) -> Any:
        result, _ = caller(call.function, given)()
        return _adjacent(result, axis, groups) if after else result

    for given, after, channels in (
        (interleaved, False, "interleaved input"),
        (arguments, True, "interleaved output"),
        (interleaved, True, "interleaved"),
    ):
        port = f"{call.name} of groups of {channels} channels"
        yield computed(original, port, lambda g=given, a=after: run(g, a))


def _interleaved(x: Any, axis: int, groups: int) -> Any:
    """Channels n, n + groups, … beside each other, for each n."""
    return x.unflatten(axis, (-1, groups)).transpose(axis - 1, axis).flatten(axis - 1, axis)


def _adjacent(x: Any, axis: int, groups: int) -> Any:
    """The inverse of `_interleaved`."""
    return x.unflatten(axis, (groups, -1)).transpose(axis - 1, axis).flatten(axis - 1, axis)


def other_croppings(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A transposed convolution with the paddings of `jax.lax.conv_transpose`, flipped or not."""
    weight = arguments["weight"]
    count = weight.ndim - 2
    strides = each_axis(arguments.get("stride", 1), count)
    padding = each_axis(arguments.get("padding", 0), count)
    original = f"{call.name}(padding={arguments.get('padding', 0)!r})"
    kinds: dict[str, Callable[[int, int, int], tuple[int, int]]] = {
        'the padding "SAME"': _same_crop,
        'the padding "VALID"': _valid_crop,
        "padding of the dilated input instead of a crop": lambda k, s, p: (k - 1 - p, k - 1 - p),
    }
    for name, kind in kinds.items():
        pairs = zip(weight.shape[2:], strides, padding, strict=True)
        crops = [kind(k, s, p) for k, s, p in pairs]
        for flip, text in ((False, ""), (True, " and an unflipped kernel")):
            run = _cropped(call, arguments, crops, flip=flip)
            yield computed(original, f"{call.name} with {name}{text}", run)


def _same_crop(kernel: int, stride: int, _: int) -> tuple[int, int]:
    total = kernel + stride - 2
    before = kernel - 1 if stride > kernel - 1 else -(-total // 2)
    return kernel - 1 - before, kernel - 1 - (total - before)


def _valid_crop(kernel: int, stride: int, _: int) -> tuple[int, int]:
    return 0, kernel - 1 - (stride - 1 + max(kernel - stride, 0))


def _cropped(call: Call, arguments: Arguments, crops: Pads, *, flip: bool) -> Callable[[], Any]:
    """The whole transposed convolution, of which each side is cropped."""
    F = torch_functional()
    weight, bias = arguments["weight"], arguments.get("bias")
    spatial = tuple(range(2, weight.ndim))
    whole = {**arguments, "padding": 0, "output_padding": 0, "bias": None}
    whole["weight"] = weight.flip(spatial) if flip else weight
    amounts = flat_pads([(-before, -after) for before, after in crops])

    def run() -> Any:
        result = F.pad(caller(call.function, whole)()[0], amounts)
        return result if bias is None else result + bias.reshape(-1, *(1 for _ in spatial))

    return run
