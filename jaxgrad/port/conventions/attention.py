"""Attention with another scale, mask, softmax or order of its parts."""

import importlib
import itertools
import math
from collections.abc import Iterator
from typing import Any

from .call import Arguments, Call, Candidate, computed

_NAMES = ("query", "key", "value")


def other_attentions(_: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The other ways to compute scaled dot product attention."""
    yield from _other_scales(arguments)
    yield from _other_masks(arguments)
    yield from _other_softmaxes(arguments)
    yield from _other_parts(arguments)


def _other_scales(arguments: Arguments) -> Iterator[Candidate]:
    """The scores multiplied by another number than 1 / sqrt(D)."""
    query, key = arguments["query"], arguments["key"]
    size = query.shape[-1]
    heads = query.shape[-3] if query.ndim > 2 else 1
    given = arguments.get("scale")
    original = "1 / sqrt(D)" if given is None else f"{given:.6g}"
    scales = {
        "1, without the division by sqrt(D)": 1.0,
        "1 / D": 1 / size,
        "1 / sqrt(D)": 1 / math.sqrt(size),
        "1 / sqrt(H D), of all heads together": 1 / math.sqrt(heads * size),
        "1 / sqrt(H), of the number of heads": 1 / math.sqrt(heads),
        "1 / sqrt(L), of the length of the keys": 1 / math.sqrt(key.shape[-2]),
        "sqrt(D)": math.sqrt(size),
        "1 / (H D)": 1 / (heads * size),
        "D": float(size),
        "1 / D ** 0.25": size**-0.25,
    }
    whole = f"attention with the scale {original} (D={size})"
    for name, scale in scales.items():
        port = f"attention with the scale {name}"
        yield computed(whole, port, lambda scale=scale: _attended(arguments, scale=scale))


def _other_masks(arguments: Arguments) -> Iterator[Candidate]:
    """The mask left out, inverted, transposed, or applied after the softmax."""
    mask, causal = arguments.get("attn_mask"), arguments.get("is_causal", False)
    if mask is not None:
        inverted = _inverted(mask)
        for port, new in (
            ("without the mask", None),
            ("with the mask inverted", inverted),
            ("with the mask transposed", mask.mT),
            ("with the mask inverted and transposed", inverted.mT),
        ):
            texts = "attention with the mask", f"attention {port}"
            other = {**arguments, "attn_mask": new}
            for safe in (True, False):
                yield computed(*texts, lambda o=other, safe=safe: _attended(o, safe=safe))
    original = "attention with is_causal" if causal else "attention without a causal mask"
    other = {**arguments, "is_causal": not causal}
    port = "attention without a causal mask" if causal else "attention with a causal mask"
    yield computed(original, port, lambda: _attended(other))
    if causal:
        for name, offset in (("that also hides the diagonal", -1), ("one key later", 1)):
            port = f"attention with a causal mask {name}"
            yield computed(original, port, lambda n=offset: _attended(arguments, offset=n))
        length = arguments["key"].shape[-2] - arguments["query"].shape[-2]
        port = "attention with a causal mask aligned at the lower right corner"
        yield computed(original, port, lambda: _attended(arguments, offset=length))
    if mask is not None or causal:
        port = "attention with the mask applied after the softmax"
        yield computed(original, port, lambda: _attended(arguments, late=True))


def _inverted(mask: Any) -> Any:
    """A mask that allows what the other hides."""
    torch = importlib.import_module("torch")
    if mask.dtype == torch.bool:
        return ~mask
    return torch.where(mask == 0, -math.inf, 0.0).to(mask.dtype)


def _other_softmaxes(arguments: Arguments) -> Iterator[Candidate]:
    """The softmax over another axis, or none."""
    original = "attention with the softmax over the keys"
    ndim = arguments["query"].ndim
    names = {-2: "the queries", -3: "the heads"}
    for axis in range(-2, -ndim - 1, -1):
        port = f"attention with the softmax over {names.get(axis, f'axis {axis}')}"
        yield computed(original, port, lambda axis=axis: _attended(arguments, axis=axis))
    port = "attention without a softmax"
    yield computed(original, port, lambda: _attended(arguments, axis=None))


def _other_parts(arguments: Arguments) -> Iterator[Candidate]:
    """The query, the key and the value in another order; shared heads in another order."""
    original = "attention of (query, key, value)"
    for order in list(itertools.permutations(_NAMES))[1:]:
        parts = {name: arguments[other] for name, other in zip(_NAMES, order, strict=True)}
        port = f"attention of ({', '.join(order)})"
        yield computed(original, port, lambda parts=parts: _attended({**arguments, **parts}))
    groups = (
        arguments["query"].shape[-3] // arguments["key"].shape[-3] if _has_heads(arguments) else 1
    )
    if groups > 1:
        repeated = {
            name: arguments[name].repeat(
                *(1 for _ in range(arguments[name].ndim - 3)), groups, 1, 1
            )
            for name in ("key", "value")
        }
        original = "attention whose adjacent heads share a key and a value"
        port = "attention whose every n-th head shares a key and a value"
        yield computed(original, port, lambda: _attended({**arguments, **repeated}))


def _has_heads(arguments: Arguments) -> bool:
    return arguments["query"].ndim > 2


def _attended(
    arguments: Arguments,
    *,
    scale: float | None = None,
    axis: int | None = -1,
    offset: int = 0,
    late: bool = False,
    safe: bool = True,
) -> Any:
    """Attention, written out; if it is safe, a query that sees no key has the value 0."""
    torch = importlib.import_module("torch")
    query, key, value = (arguments[name] for name in _NAMES)
    if query.ndim > 2 and query.shape[-3] != key.shape[-3]:
        count = query.shape[-3] // key.shape[-3]
        key, value = (x.repeat_interleave(count, -3) for x in (key, value))
    given = arguments.get("scale")
    scale = scale or given or 1 / math.sqrt(query.shape[-1])
    scores = query @ key.mT * scale
    bias = _bias(arguments, scores, offset)
    if late:
        return scores.softmax(-1) * (bias == 0) @ value
    scores = scores + bias
    weights = scores if axis is None else scores.softmax(axis)
    return (torch.nan_to_num(weights) if safe else weights) @ value


def _bias(arguments: Arguments, scores: Any, offset: int) -> Any:
    """What the masks add to the scores: 0 where a key is seen, -inf where it is not."""
    torch = importlib.import_module("torch")
    mask = arguments.get("attn_mask")
    bias = torch.zeros_like(scores)
    if mask is not None:
        is_flag = mask.dtype == torch.bool
        bias = bias + (torch.where(mask, 0.0, -math.inf) if is_flag else mask)
    if arguments.get("is_causal"):
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril(offset)
        bias = bias + torch.where(seen, 0.0, -math.inf)
    return bias
