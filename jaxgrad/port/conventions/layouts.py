"""Axes split, merged, shuffled or moved in another order."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

from .call import Arguments, Call, Candidate, computed

MERGES = ("flatten", "reshape", "view")
SPLITS = ("view", "reshape", "unflatten")
MOVES = ("permute", "transpose", "swapaxes", "movedim", "T", "mT", "t")


def other_merges(call: Call, _: Any) -> Iterator[Candidate]:
    """The axes in another order before they are flattened."""
    tensor = call.args[0] if call.args else None
    if tensor is None or not 2 < tensor.ndim <= 5:
        return
    if call.function(*call.args, **call.kwargs).ndim >= tensor.ndim:
        return
    names = {3: "NCL", 4: "NCHW", 5: "NCDHW"}[tensor.ndim]
    for order in list(itertools.permutations(range(tensor.ndim)))[1:]:
        layout = "".join(names[axis] for axis in order)

        def run(order: tuple[int, ...] = order) -> Any:
            shape = call.function(tensor, *call.args[1:], **call.kwargs).shape
            return tensor.permute(order).reshape(shape)

        original = f"{call.name} of the layout {names}"
        yield computed(original, f"{call.name} of the layout {layout}", run)


def other_splits(call: Call, _: Any) -> Iterator[Candidate]:
    """An axis split into the same factors in another order, such as (D, H) for (H, D)."""
    tensor = call.args[0]
    shape = tuple(call.function(*call.args, **call.kwargs).shape)
    for axis in range(-1, -tensor.ndim - 1, -1):
        for factors in _factors(tensor.shape, shape, axis):
            for order in list(itertools.permutations(range(len(factors))))[1:]:
                inverse = sorted(range(len(order)), key=order.__getitem__)
                other = [factors[n] for n in order]

                def run(other: Any = other, inverse: Any = inverse, axis: int = axis) -> Any:
                    parts = tensor.unflatten(axis, other)
                    return _moved(parts, axis + 1 - len(other), axis, inverse).reshape(shape)

                texts = (_split_words(call.name, f) for f in (factors, other))
                original = f"{next(texts)}, one head after another"
                port = f"{next(texts)}, the heads in another order"
                yield computed(original, port, run)


def _split_words(name: str, factors: Any) -> str:
    sizes = ", ".join(map(str, factors))
    return f"{name} of an axis of {math.prod(factors)} as ({sizes})"


def _factors(before: Any, after: tuple[int, ...], axis: int) -> Iterator[tuple[int, ...]]:
    """The factors of 2 or 3 axes of the result into which an axis may be split."""
    size = before[axis]
    sizes = [*after, *before]
    found = set()
    for count in (2, 3):
        for start in range(len(after) - count + 1):
            factors = after[start : start + count]
            if math.prod(factors) == size and 1 not in factors:
                found.add(factors)
    for factor in dict.fromkeys(after[-1:] + tuple(sizes[-1:])):
        if 1 < factor < size and size % factor == 0:
            found.add((size // factor, factor))
    yield from sorted(found)


def _moved(x: Any, start: int, stop: int, order: Any) -> Any:
    """The axes from start to stop, which are negative, in another order."""
    axes = list(range(x.ndim))
    first = start + x.ndim
    inner = axes[first : stop + x.ndim + 1]
    return x.permute(*axes[:first], *(inner[n] for n in order), *axes[stop + x.ndim + 1 :])


def other_moves(call: Call, _: Any) -> Iterator[Candidate]:
    """The axes moved to other places with the same result shape."""
    tensor = call.args[0]
    shape = call.function(*call.args, **call.kwargs).shape
    if not 2 <= tensor.ndim <= 5:
        return
    for order in itertools.permutations(range(tensor.ndim)):
        if tensor.permute(order).shape == shape:
            port = f"permute{order}"
            yield computed(f"{call.name}", port, lambda order=order: tensor.permute(order))
    port = "a reshape to the same shape, which moves no axis"
    yield computed(call.name, port, lambda: tensor.reshape(shape))


def other_shuffles(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Channels taken apart in another order."""
    x = arguments["input"]
    if call.name == "channel_shuffle":
        groups = arguments["groups"]
        count = x.shape[1] // groups
        texts = f"channel_shuffle of {groups} groups", f"channel_shuffle of {count} groups"
        yield computed(*texts, lambda: call.function(x, count))
    elif call.name == "pixel_shuffle":
        yield from _other_pixels(call, x, arguments["upscale_factor"])
    else:
        yield from _other_unshuffled(call, x, arguments["downscale_factor"])


def _other_pixels(call: Call, x: Any, r: int) -> Iterator[Candidate]:
    names = ("C", "r (rows)", "r (columns)")
    original = f"pixel_shuffle of channels as ({', '.join(names)})"
    for order in list(itertools.permutations(range(3)))[1:]:
        sizes = [(x.shape[1] // r**2, r, r)[n] for n in order]

        def run(order: tuple[int, ...] = order, sizes: list[int] = sizes) -> Any:
            parts = x.unflatten(1, sizes)
            place = {name: 1 + order.index(name) for name in range(3)}
            moved = parts.permute(0, place[0], 4, place[1], 5, place[2])
            return moved.flatten(4, 5).flatten(2, 3)

        port = f"pixel_shuffle of channels as ({', '.join(names[n] for n in order)})"
        yield computed(original, port, run)


def _other_unshuffled(call: Call, x: Any, r: int) -> Iterator[Candidate]:
    names = ("C", "r (rows)", "r (columns)")
    original = f"pixel_unshuffle into channels as ({', '.join(names)})"
    parts = x.unflatten(3, (-1, r)).unflatten(2, (-1, r))  # N, C, H, rows, W, columns
    places = (1, 3, 5)
    for order in list(itertools.permutations(range(3)))[1:]:

        def run(order: tuple[int, ...] = order) -> Any:
            return parts.permute(0, *(places[n] for n in order), 2, 4).flatten(1, 3)

        port = f"pixel_unshuffle into channels as ({', '.join(names[n] for n in order)})"
        yield computed(original, port, run)


def other_patches(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The values of a patch with the channels last."""
    x = arguments["input"]
    result = call.function(**arguments)
    if call.name == "unfold" and result.ndim == 3:
        channels = x.shape[1]
        texts = "unfold, the channels first in a patch", "unfold, the channels last in a patch"
        yield computed(
            *texts, lambda: result.unflatten(1, (channels, -1)).transpose(1, 2).flatten(1, 2)
        )
    texts = f"{call.name} of patches row by row", f"{call.name} of patches column by column"
    yield computed(*texts, lambda: result.mT if call.name == "fold" else _columns(result))


def _columns(result: Any) -> Any:
    side = math.isqrt(result.shape[-1])
    return result.unflatten(-1, (side, side)).transpose(-1, -2).flatten(-2)
