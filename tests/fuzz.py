"""A differential search: a function and PyTorch's of that name on arguments drawn at random.

An example is a call: shapes, dtypes and options. It is made with several sets of numbers, half of
the time eagerly, half of the time in one compiled program with the gradient.
"""

import contextlib
import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from outcomes import REFUSALS
from torch_oracle import to_jax

CALLED, SETS = 8, 25
"""So many calls of a function, each with so many sets of numbers, are 200 examples of it.

What takes the time is to compile a call.
"""
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
searching = settings(max_examples=CALLED, suppress_health_check=SLOW)
FEW, FEW_SETS = 5, 40
searching_few = settings(max_examples=FEW, suppress_health_check=SLOW)
"""The same of calls that are slower to compile."""


@contextlib.contextmanager
def as_pytorch():
    """64-bit types, and dtypes promoted; without keys, calls are dispatched the quick way."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.debug_key_reuse(False):
        yield


FLOATS = ("float32", "float64", "bfloat16", "float16")
INTEGERS = ("int64", "int32", "int8", "uint8", "bool")
COMPLEX = ("complex64", "complex128")
SHAPES = ((), (1,), (5,), (0,), (2, 3), (3, 1), (2, 0), (2, 1, 3))
SPECIAL = (0.0, -0.0, 1, -1, 0.5, -0.5, 2, 3, -3, 6, 20, -20, 88, -104, 1e-3, -1e-6, 1e4)
LIMITS = (np.inf, -np.inf, np.nan)
DIGITS = {"float64": 1e-11, "float32": 1e-5, "bfloat16": 1.6e-2, "float16": 2e-3}
DIGITS |= {"complex64": 1e-5, "complex128": 1e-11}


class Array(NamedTuple):
    """An array that a call is given: numbers `of` a kind, drawn anew for each set."""

    shape: tuple[int, ...]
    dtype: str
    of: Any = "any"
    differentiated: bool = True

    def moves(self):
        """Whether there is a derivative in it."""
        return self.differentiated and self.dtype in FLOATS + COMPLEX

    def numbers(self, rng):
        """The numbers of one set."""
        return np.asarray(self._drawn(rng))

    def _drawn(self, rng):
        if callable(self.of):
            return np.asarray(self.of(rng, self.shape)).astype(jnp.dtype(self.dtype))
        if self.dtype == "bool":
            return rng.random(self.shape) < 0.5
        if self.dtype in INTEGERS:
            return integers(rng, self.shape, self.dtype)
        real = floats(rng, self.shape, self.of)
        if self.dtype in COMPLEX:
            real = np.asarray(real, complex)
            real.imag = floats(rng, self.shape, self.of)
        with np.errstate(over="ignore"):
            return np.asarray(real).astype(jnp.dtype(self.dtype))


def integers(rng, shape, dtype):
    limits = np.iinfo(dtype)
    pool = [0, 1, 2, 3, 7, 100, limits.max, limits.min, max(limits.min, -1), max(limits.min, -5)]
    return rng.choice(np.array(pool, dtype), shape)


def floats(rng, shape, of="any"):
    """Numbers of several magnitudes, some of them special and some of them equal."""
    numbers = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 3)
    if rng.random() < 0.3:
        numbers = np.round(numbers)
    if rng.random() < 0.1:
        numbers += 10.0 ** rng.integers(1, 7)  # a spread that is small beside the mean
    if of == "any" and rng.random() < 0.7:
        pool = SPECIAL + LIMITS if rng.random() < 0.5 else SPECIAL
        numbers = np.where(rng.random(shape) < 0.3, rng.choice(pool, shape), numbers)
    if of == "unit":
        numbers = np.where(rng.random(shape) < 0.2, rng.choice([0, 1.0], shape), rng.random(shape))
    if of == "positive":
        numbers = np.abs(numbers) + 1e-3
    return numbers


dtypes = st.sampled_from(FLOATS[:2] * 3 + FLOATS[2:])
real_dtypes = st.sampled_from(FLOATS[:2] * 4 + FLOATS[2:] * 2 + INTEGERS)
all_dtypes = st.sampled_from(FLOATS[:2] * 4 + FLOATS[2:] * 2 + INTEGERS + COMPLEX * 2)
shapes = st.sampled_from(SHAPES)
axes_of = st.sampled_from([0, -1, 1])
number = st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, -1.0, 3, 1e-3, 20.0])
reductions = st.sampled_from(["mean", "sum", "none"])


def arrays(of="any", dtypes=dtypes, shapes=shapes):
    return st.builds(lambda shape, dtype: Array(shape, dtype, of), shapes, dtypes)


@st.composite
def pairs(draw, dtypes=dtypes, of=("any", "any"), same=False):
    """Two arrays of a dtype and of shapes that broadcast, or of the same shape."""
    shape, dtype = draw(shapes), draw(dtypes)
    other = shape if same else draw(st.sampled_from([shape, (), shape[-1:], (1,) * len(shape)]))
    if not same and draw(st.booleans()):
        return Array(other, dtype, of[0]), Array(shape, dtype, of[1])
    return Array(shape, dtype, of[0]), Array(other, dtype, of[1])


class Known(NamedTuple):
    """What is known of a function before, as its docstring tells it.

    Attributes:
        digits: the relative tolerance, where it is not the dtype's.
        cancel: whether terms cancel in a sum, so that digits are those of the largest: "answers"
            where that is about the largest element of the answer, and for a derivative the
            cotangent too; or `(given, options, slopes)`, the size of the terms of a value or
            a derivative; a tuple has one of both for each result.
        refusals: `(given, options, theirs)`, whether only one of both may refuse that.
        elements: `(given, options)`, where answers may differ: a mask, or all or none of them.
        values: the same of values alone.
        slopes: the same of derivatives alone.
        exact: `(given, options, cotangent)`, the right values and derivatives in float64, which
            alone count, or None where PyTorch's do.
    """

    digits: float = 0.0
    cancel: Any = ""
    refusals: Any = lambda given, options, theirs: False
    elements: Any = lambda given, options: False
    values: Any = lambda given, options: False
    slopes: Any = lambda given, options: False
    exact: Any = lambda given, options, cotangent: None


def hold(data, ours, theirs, call, known=None):
    """Draws a call `(arguments, options)`, and holds the answers of one against the other's."""
    known = known or Known()
    arguments, options = data.draw(call, "call")
    compiled = data.draw(st.booleans(), "compiled")
    seed = data.draw(st.integers(0, 2**32 - 1), "seed")
    arrays = {name: value for name, value in options.items() if isinstance(value, Array)}
    fixed = {name: value for name, value in options.items() if name not in arrays}
    both = [_named(fn, len(arguments), tuple(arrays), fixed) for fn in (ours, theirs)]
    asked = Asked(*both, [*arguments, *arrays.values()], known)
    program = _program(asked) if compiled else None
    for number in range(SETS):
        _hold(asked, program, np.random.default_rng([seed, number]), fixed)


class Asked(NamedTuple):
    ours: Any
    theirs: Any
    arguments: list[Any]
    known: Known


def _named(fn, count, names, fixed):
    """The function of positional arguments alone."""

    def call(*arguments):
        return _tuple(
            fn(*arguments[:count], **dict(zip(names, arguments[count:], strict=True)), **fixed)
        )

    return call


def _hold(asked, program, rng, fixed):
    given = [a.numbers(rng) if isinstance(a, Array) else a for a in asked.arguments]
    expected, exact = (_theirs(asked, given, rng, wide) for wide in (False, True))
    told = f"{given} {fixed}"
    ours = _ours(asked, given, program, expected)
    if ours.error is not None or expected.error is not None:
        if (ours.error is None) == (expected.error is None) or lacks(expected.error):
            return
        assert asked.known.refusals(given, fixed, expected), (
            f"{told}\nours: {ours.error or ours.value}\nPyTorch: {expected.error or expected.value}"
        )
        return
    right = asked.known.exact(given, fixed, expected.cotangent)
    for number, what in enumerate(("value", "grads")):
        one, other, best = (getattr(answer, what) for answer in (ours, expected, exact))
        if one is None or other is None:
            continue
        assert len(one) == len(other)
        known = right is not None and right[number] is not None
        best = right[number] if known else best or other
        judge = Judge(asked.known, given, fixed, what == "grads", expected, known)
        for place, (a, b, c) in enumerate(zip(one, other, best, strict=True)):
            found = judge.apart(place, *map(np.asarray, (a, b, c)))
            assert not found, (
                f"{what}: {found}\n{told}\ncotangent {expected.cotangent}\nours {a}\n"
                f"PyTorch {b}\nexactly {c}"
            )


def lacks(error):
    """Whether PyTorch has no such function of the dtype, or no derivative."""
    words = ("not implemented for", "does not support automatic", "must be either float or double")
    return any(word in str(error) for word in words)


def floating(given):
    return [x for x in given if isinstance(x, np.ndarray) and x.dtype.kind not in "biu"]


def largest(parts):
    """The largest finite number of all these."""
    whole = np.concatenate([np.abs(np.asarray(part, complex)).ravel() for part in parts])
    return whole[np.isfinite(whole)].max(initial=0)


def _ours(asked, given, program, expected):
    """Our answer; what PyTorch refuses is asked eagerly, as a program looks at no values."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if program is None or expected.error is not None:
                return Answer(asked.ours(*map(_array, given)))
            return Answer(*program(given, expected.cotangent))
    except (TypeError, ValueError, NotImplementedError) as error:
        return Answer(error=error)


def _array(value):
    return jnp.asarray(value) if isinstance(value, np.ndarray) else value


def _tuple(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _program(asked):
    """Value and vector-Jacobian product in one compiled program."""
    arguments = asked.arguments
    places = [i for i, a in enumerate(arguments) if isinstance(a, Array)]
    moving = [i for i in places if arguments[i].moves()]

    @jax.jit
    def run(arrays, cotangent):
        whole = list(arguments)
        for place, array in zip(places, arrays, strict=True):
            whole[place] = array

        def fn(*active):
            for place, array in zip(moving, active, strict=True):
                whole[place] = array
            value = asked.ours(*whole)
            return value[0], value

        _, pull, value = jax.vjp(fn, *(whole[i] for i in moving), has_aux=True)
        if cotangent is None or not moving:
            return value, None
        return value, pull(cotangent.astype(value[0].dtype))

    return lambda given, cotangent: run([_array(given[i]) for i in places], cotangent)


class Answer(NamedTuple):
    value: Any = None
    grads: Any = None
    cotangent: Any = None
    error: Any = None


def _theirs(asked, given, rng, wide):
    """PyTorch's answer, or (wide) the one that it has in float64; none where that is the same."""
    import torch

    if wide and all(x.dtype in (np.float64, np.complex128) for x in floating(given)):
        return Answer()

    rng = np.random.default_rng(rng.bit_generator.seed_seq.generate_state(4))
    tensors, moving = list(map(_tensor, given)), []
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, torch.Tensor) or asked.arguments[i].dtype not in FLOATS + COMPLEX:
            continue
        if wide:
            tensors[i] = tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)
        if asked.arguments[i].moves():
            moving.append(tensors[i].requires_grad_())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = asked.theirs(*tensors)
    except REFUSALS as error:
        return Answer(error=error)
    found, first = [to_jax(v) for v in value], value[0]
    if not (moving and first.requires_grad):
        return Answer(found)
    # None of them is 0, of which an infinite slope makes NaN here; PyTorch at times has a mask.
    cotangent = (rng.integers(0, 8, tuple(first.shape)) - 3.5) / 4
    try:
        by = torch.tensor(cotangent).to(first.dtype)
        grads = torch.autograd.grad(first, moving, by, materialize_grads=True)
    except RuntimeError:  # not of this dtype
        return Answer(found)
    grads = [to_jax(g).conj() if g.is_complex() else to_jax(g) for g in grads]
    return Answer(found, grads, jnp.asarray(cotangent))


def _tensor(value):
    import torch

    if not isinstance(value, np.ndarray):
        return value
    if value.dtype == jnp.bfloat16:
        return torch.tensor(value.astype(np.float32)).to(torch.bfloat16)
    return torch.tensor(value)


class Judge(NamedTuple):
    """What an answer to a call is held against.

    Attributes:
        known: what is known of the function.
        given: the arguments.
        options: the other options.
        slopes: whether these are derivatives.
        theirs: PyTorch's answer.
        exactly: whether the exact answer alone counts.
    """

    known: Known
    given: list[Any]
    options: dict[str, Any]
    slopes: bool
    theirs: Answer
    exactly: bool

    def apart(self, place, a, b, exact):
        """In what an answer is apart from PyTorch's; None where it is not, or is the better one."""
        if a.shape != b.shape:
            return f"shape {a.shape}, not {b.shape}"
        if a.dtype != b.dtype:
            return f"dtype {a.dtype}, not {b.dtype}"
        excused = self._excused(a.shape)
        if a.dtype.kind in "biu":
            right = exact if self.exactly else b
            return None if ((a == right) | excused).all() else "other integers"
        fine = self._fine(place, a, b, exact) | excused
        return None if fine.all() else f"{(~fine).sum()} of {fine.size} elements"

    def _excused(self, shape):
        masks = [self.known.elements, self.known.slopes if self.slopes else self.known.values]
        excused = [mask(self.given, self.options) for mask in masks]
        # Of an operand that is broadcast, or reduced, an element is all of them.
        excused = [mask if np.shape(mask) == shape else np.any(mask) for mask in excused]
        return np.logical_or.reduce(np.broadcast_arrays(*excused))

    def _fine(self, place, a, b, exact):
        """Where an answer is as good as PyTorch's.

        That is where it is within the dtype's digits of PyTorch's or of PyTorch's in float64, or
        nearer to that than four times PyTorch's. Where terms cancel the digits are theirs.
        """
        digits, of = max(DIGITS[str(a.dtype)], self.known.digits), jnp.finfo(a.dtype)
        wide = np.complex128 if a.dtype.kind == "c" else np.float64
        tiny = float(of.tiny) * 4 + 8 * float(of.eps) * self._scale(place, b)
        with np.errstate(all="ignore"):
            exact = exact.astype(wide)
            rounded = exact.astype(a.dtype).astype(wide)
            a, b = a.astype(wide), b.astype(wide)
            fine = (a == rounded) | (np.isnan(a) & np.isnan(exact))
            fine |= np.abs(a - exact) <= digits * np.abs(exact) + tiny
            if self.exactly:
                return fine
            fine |= (a == b) | (np.isnan(a) & np.isnan(b))
            fine |= np.abs(a - b) <= digits * np.abs(b) + tiny
            return fine | np.isfinite(exact) & (np.abs(a - exact) <= 4 * np.abs(b - exact))

    def _scale(self, place, b):
        """The size of the terms that cancel."""
        terms = self.known.cancel
        if callable(terms):
            terms = terms(self.given, self.options, self.slopes)
        terms = terms[place] if isinstance(terms, tuple) else terms
        if not isinstance(terms, str):
            return terms if np.shape(terms) == b.shape else largest([terms])
        if not terms:
            return 0.0
        cotangent = self.theirs.cotangent
        return largest([b] if not self.slopes or cotangent is None else [b, cotangent])
