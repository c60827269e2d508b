"""Sums, products and other small steps with another number, order or operand."""

import importlib
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

from .call import Arguments, Call, Candidate, computed, in_words, is_number

SCALED = ("mul", "div", "truediv", "true_divide", "multiply", "divide", "rmul", "imul", "idiv")
SHIFTED = ("add", "sub", "radd", "iadd", "subtract")
POWERS = ("pow",)


def other_numbers(call: Call, _: Any) -> Iterator[Candidate]:
    """The number that an array is multiplied by, increased by, or raised to, is another."""
    places = [n for n, arg in enumerate(call.args[:2]) if is_number(arg)]
    for place in places:
        given = call.args[place]
        for text, value in _others(call.name, float(given)):
            args = [*call.args[:place], value, *call.args[place + 1 :]]
            kind = "the scale " if call.name in SCALED else ""
            texts = f"{call.name} by {kind}{in_words(given)}", f"{call.name} by {kind}{text}"
            part = value in (0.0, 1.0)
            yield computed(*texts, lambda args=args: _called(call, args), part=part)


def _called(call: Call, args: list[Any]) -> Any:
    """The call with copies of its tensors, as it may write to them."""
    fresh = [arg.clone() if hasattr(arg, "clone") else arg for arg in args]
    return call.function(*fresh, **call.kwargs)


def _others(name: str, value: float) -> Iterator[tuple[str, float]]:
    if name in POWERS:
        yield from ((f"{p:.6g}", p) for p in (1.0, 2.0, 3.0, 0.5, -0.5, -1.0))
        return
    if name in SHIFTED:
        yield f"{-value:.6g}, the opposite", -value
        yield from ((f"{eps:.6g}", eps) for eps in (1e-12, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3))
        return
    yield "1, which leaves it out", 1.0
    if value > 0:
        yield f"its square root, {math.sqrt(value):.6g}", math.sqrt(value)
    if value:
        yield f"its reciprocal, {1 / value:.6g}", 1 / value
    yield f"its square, {value * value:.6g}", value * value
    yield f"its opposite, {-value:.6g}", -value
    yield f"its double, {2 * value:.6g}", 2 * value
    yield f"its half, {value / 2:.6g}", value / 2


def other_operands(call: Call, _: Any) -> Iterator[Candidate]:
    """One of two arrays alone, or both exchanged."""
    pair = call.args[:2]
    if len(pair) < 2 or not all(hasattr(arg, "shape") for arg in pair):
        return
    if call.name in ("sub", "div", "matmul", "bmm", "pow", "truediv"):
        texts = f"{call.name}(a, b)", f"{call.name}(b, a)"
        yield computed(*texts, lambda: _called(call, [pair[1], pair[0], *call.args[2:]]))
    if call.name in ("matmul", "bmm", "mm"):
        for n, text in enumerate(("the first factor", "the second factor")):
            if pair[n].ndim > 1:
                args = [p.mT if n == place else p for place, p in enumerate(pair)]
                port = f"{call.name} with {text} transposed"
                yield computed(call.name, port, lambda args=args: _called(call, args))


def other_concatenations(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The parts of a concatenation in another order."""
    parts = list(arguments["tensors"])
    rest = [arguments["dim"]] if "dim" in arguments else []
    if not 1 < len(parts) <= 4:
        return
    for order in list(itertools.permutations(range(len(parts))))[1:]:
        port = f"{call.name} in the order {order}"
        args = [[parts[n] for n in order], *rest]
        original = f"{call.name} in the order {tuple(range(len(parts)))}"
        yield computed(original, port, lambda args=args: call.function(*args))


def other_masks(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The mask of `masked_fill` or `where` inverted, or another number filled in."""
    torch = importlib.import_module("torch")
    name = "mask" if call.name == "masked_fill" else "condition"
    mask = arguments[name]
    other = {**arguments, name: ~mask}
    x = arguments["input"]
    if name == "condition":
        texts = "where(condition, a, b)", "where(not condition, a, b)"
        yield computed(*texts, lambda: torch.where(~mask, x, arguments["other"]))
        return
    texts = f"{call.name}(mask)", f"{call.name}(not mask)"
    yield computed(*texts, lambda: x.masked_fill(other["mask"], arguments["value"]))
    yield computed(texts[0], "no mask", x.clone, part=True)
    for axes in itertools.combinations(range(mask.ndim), 2):
        if mask.shape[axes[0]] == mask.shape[axes[1]]:
            port = f"{call.name}(mask transposed)"
            turned = mask.transpose(*axes)
            yield computed(texts[0], port, lambda m=turned: x.masked_fill(m, arguments["value"]))
    for text, shifted in _shifted(mask):
        yield computed(texts[0], text, lambda m=shifted: x.masked_fill(m, arguments["value"]))
    for value in (0.0, -1e9, -1e10, -1e4, -math.inf):
        port = f"{call.name} with {value:.6g}"
        original = f"{call.name} with {in_words(arguments['value'])}"
        yield computed(original, port, lambda v=value: x.masked_fill(mask, v))


def _shifted(mask: Any) -> Iterator[tuple[str, Any]]:
    """Causal masks that hide one key more or less, if a mask is causal."""
    torch = importlib.import_module("torch")
    size = mask.shape[-1]
    if mask.ndim < 2 or mask.shape[-2] != size:
        return
    whole = torch.ones((size, size), dtype=torch.bool)
    if bool((mask == whole.triu(1)).all()):
        yield "masked_fill of a causal mask that also hides the diagonal", whole.triu(0)
        yield "masked_fill of a causal mask that shows the next key too", whole.triu(2)


def other_repeats(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Copies beside each other for copies one after another."""
    x, count, dim = arguments["input"], arguments["repeats"], arguments.get("dim")
    if not isinstance(count, int) or dim is None:
        return
    torch = importlib.import_module("torch")
    texts = "repeat_interleave, a a b b", "repeat, a b a b"
    yield computed(*texts, lambda: torch.cat([x] * count, dim))


def other_tilings(call: Call, _: Any) -> Iterator[Candidate]:
    """Copies one after another for copies beside each other."""
    x, *counts = call.args
    counts = counts[0] if counts and isinstance(counts[0], (tuple, list)) else counts
    for axis, count in enumerate(counts, x.ndim - len(counts)):
        if isinstance(count, int) and count > 1 and axis >= 0:
            texts = "repeat, a b a b", "repeat_interleave, a a b b"
            yield computed(*texts, lambda c=count, a=axis: x.repeat_interleave(c, a))


_REDUCERS = ("mean", "sum", "amax", "amin")


def other_reductions(call: Call, _: Any) -> Iterator[Candidate]:
    """The sum for the mean, the maximum for the sum, and so on."""
    torch = importlib.import_module("torch")
    for name in _REDUCERS:
        if name != call.name:
            function: Callable[..., Any] = getattr(torch, name)
            yield computed(call.name, name, lambda f=function: f(*call.args, **dict(call.kwargs)))


def other_softmaxes(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The softmax for the log softmax, of the negative, or twice; the sigmoid."""
    x, dim = arguments["input"], arguments.get("dim")
    dim = -1 if dim is None else dim
    for name, function in (
        ("softmax", lambda: x.softmax(dim)),
        ("log_softmax", lambda: x.log_softmax(dim)),
        ("softmax of the negative", lambda: (-x).softmax(dim)),
        ("softmax over all elements", lambda: x.flatten().softmax(0).reshape(x.shape)),
        ("softmax over the last two axes", lambda: x.flatten(-2).softmax(-1).reshape(x.shape)),
        ("sigmoid", x.sigmoid),
        ("x / sum(x)", lambda: x / x.sum(dim, keepdim=True)),
    ):
        if name != call.name:
            yield computed(call.name, name, function, part=True)


def other_embeddings(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The rows multiplied by the root of their size, or beside those that are asked for."""
    torch = importlib.import_module("torch")
    size = arguments["weight"].shape[-1]
    rows = call.function(**arguments)
    for text, factor in (("sqrt(D)", math.sqrt(size)), ("1 / sqrt(D)", 1 / math.sqrt(size))):
        port = f"{call.name} times {text}"
        yield computed(call.name, port, lambda f=factor: rows * f)
    for shift in (-1, 1):
        rolled = torch.roll(arguments["weight"], shift, 0)
        port = f"{call.name} of the index {-shift:+d}"
        other = {**arguments, "weight": rolled}
        yield computed(call.name, port, lambda other=other: call.function(**other))
