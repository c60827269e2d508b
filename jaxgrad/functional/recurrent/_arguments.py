"""The arguments of a recurrent layer, and what is asked of them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a

from .._arguments import constant
from ._parameters import Form, like_input, read
from ._recurrences import Recurrence


class Options(NamedTuple):
    """The keyword arguments of a layer, as they are given."""

    batch_first: Any
    dropout: Any
    training: Any
    key: Any
    lengths: Any


class Layer(NamedTuple):
    """What is static.

    Attributes:
        kind: the recurrence.
        form: layers, directions and sizes.
        batch_first: whether a batch comes before the steps.
        single: whether there is no batch.
    """

    kind: Recurrence
    form: Form
    batch_first: bool
    single: bool


def checked(
    check: _checks.Checks,
    kind: Recurrence,
    input: ArrayLike,
    hx: Any,
    params: Any,
    options: Options,
) -> tuple[dict[str, Any], Layer]:
    """The arrays by their names, some of them None, and what is static."""
    x = check.floating("input", input)
    batch_first = check.truth("batch_first", options.batch_first)
    _check_input(check, x, batch_first)
    form, named = read(check, params, x, kind.blocks, projects=kind.states == 2)
    layer = Layer(kind, form, batch_first, x.ndim == 2)
    p, key = _dropout(check, options, form)
    arrays = {"x": x, "params": named, "p": p, "key": key}
    arrays["first"] = None if hx is None else _first(check, hx, x, layer)
    arrays["lengths"] = _lengths(check, options.lengths, x, batch_first)
    return arrays, layer


def sizes(x: jax.Array, batch_first: bool) -> tuple[int, int]:
    """The size of the batch, and the length."""
    if x.ndim == 2:
        return 1, x.shape[0]
    return (x.shape[0], x.shape[1]) if batch_first else (x.shape[1], x.shape[0])


def states(check: _checks.Checks, kind: Recurrence, hx: Any, what: str) -> dict[str, Any]:
    """The states that were given by the names that errors call them."""
    if kind.states == 1:
        return {"hx": hx}
    if not (isinstance(hx, (tuple, list)) and len(hx) == 2):
        got = f"{len(hx)} of them" if isinstance(hx, (tuple, list)) else type(hx).__name__
        raise TypeError(check.wrong("hx", f"a pair {what} or None", got))
    return {"hx[0]": hx[0], "hx[1]": hx[1]}


def _check_input(check: _checks.Checks, x: jax.Array, batch_first: bool) -> None:
    if x.ndim not in (2, 3):
        batched = "(N, L, features)" if batch_first else "(L, N, features)"
        expected = f"of shape {batched} or (L, features)"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    if not sizes(x, batch_first)[1]:
        raise ValueError(check.wrong("input", "of length 1 or more", f"shape {x.shape}"))


def _dropout(check: _checks.Checks, options: Options, form: Form) -> tuple[Any, Any]:
    """The probability and the key; both None where nothing is dropped."""
    p = constant(check, "dropout", check.number("dropout", options.dropout))
    check.allowed("dropout", p, (p >= 0) & (p <= 1), "in [0, 1]")
    key = None if options.key is None else check.key(options.key, "key")
    training = check.truth("training", options.training)
    if not training or form.layers == 1 or (not isinstance(p, Tracer) and p == 0):
        return None, None
    if key is None:
        expected = "a typed key where training and dropout are set"
        remedy = "make one with jax.random.key(seed): key=…"
        raise TypeError(check.wrong("key", expected, None, remedy))
    return jnp.asarray(p), key


def _first(check: _checks.Checks, hx: Any, x: jax.Array, layer: Layer) -> tuple[jax.Array, ...]:
    """The first states of all layers and directions."""
    form, found = layer.form, []
    batch = () if layer.single else sizes(x, layer.batch_first)[:1]
    named = states(check, layer.kind, hx, "(h_0, c_0)")
    for (name, value), size in zip(named.items(), (form.size, form.hidden), strict=False):
        array = like_input(check, name, value, x)
        shape = (form.layers * form.directions, *batch, size)
        if array.shape != shape:
            told = bool(batch) and layer.batch_first
            remedy = "layers and directions come first, also with batch_first" * told
            raise ValueError(check.wrong(name, f"of shape {shape}", array.shape, remedy))
        found.append(array)
    return tuple(found)


def _lengths(
    check: _checks.Checks, lengths: Any, x: jax.Array, batch_first: bool
) -> jax.Array | None:
    """The lengths as an array of integers, one for each sequence."""
    if lengths is None:
        return None
    array = check.array("lengths", lengths)
    if not is_a(array.dtype, jnp.integer):
        raise TypeError(check.wrong("lengths", "an array of integers", array.dtype))
    if x.ndim == 2:
        remedy = "cut the input off at its length"
        raise ValueError(check.wrong("lengths", "None for an input (L, features)", "given", remedy))
    batch, _ = sizes(x, batch_first)
    if array.shape != (batch,):
        expected = f"of shape {(batch,)}, one for each sequence"
        raise ValueError(check.wrong("lengths", expected, array.shape))
    return array
