"""Layers and directions one after the other, with lengths and with dropout in between."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

from .._placement import axes_of, placed_each
from ..activations.dropout import dropout
from ._arguments import Layer, Options, checked, sizes
from ._recurrences import Recurrence, State
from ._scan import affine, recur


def layer(
    check: _checks.Checks,
    kind: Recurrence,
    input: ArrayLike,
    hx: Any,
    params: Any,
    options: Options,
) -> tuple[jax.Array, State]:
    """The outputs, and the last states of all layers and directions."""
    arrays, static = checked(check, kind, input, hx, params, options)
    out, last, known = _run(arrays, static)
    if known is not None:
        _, length = sizes(arrays["x"], static.batch_first)
        expected = f"from 1 to {length}, the length of input"
        text = check.wrong("lengths", expected, "values from {least} to {most}")
        _checks.each_holds(known, text, arrays["lengths"])
    return out, last


@functools.partial(jax.jit, static_argnames="layer")
def _run(arrays: dict[str, Any], layer: Layer) -> tuple[jax.Array, State, Any]:
    """The outputs, the last states, and whether all lengths are in range."""
    spec = axes_of(arrays["x"])[:-1]
    batch = () if layer.single else (spec[0 if layer.batch_first else 1],)
    states = (PartitionSpec(None, *batch, None),) * layer.kind.states
    known = None if arrays["lengths"] is None else PartitionSpec()
    run = functools.partial(_arranged, layer=layer)
    return placed_each(run, (PartitionSpec(*spec, None), states, known), arrays)


def _arranged(arrays: dict[str, Any], layer: Layer) -> tuple[jax.Array, State, Any]:
    """The layers of an input in the form (L, N, features), and their results in that of `layer`."""
    x, dtype = arrays["x"], arrays["x"].dtype
    x = x[:, None] if layer.single else x.swapaxes(0, 1) if layer.batch_first else x
    inside = known = None
    if arrays["lengths"] is not None:
        inside, known = _inside(arrays["lengths"], x.shape[0])
        x = jnp.where(inside, x, 0)  # a NaN of the padding is in no product
    out, last = _layers(arrays, layer, x, inside)
    states = tuple(jnp.stack(each).astype(dtype) for each in zip(*last, strict=True))
    if known is not None:
        out, *states = (jnp.where(known[None, :, None], each, jnp.nan) for each in (out, *states))
        known = jnp.all(known)
    if layer.single:
        out, *states = (each[:, 0] for each in (out, *states))
    return out.swapaxes(0, 1) if layer.batch_first and not layer.single else out, (*states,), known


def _inside(lengths: jax.Array, length: int) -> tuple[jax.Array, jax.Array]:
    """Which steps are within their sequence, of shape (L, N, 1); and which lengths are in range."""
    top = np.asarray(min(length, int(jnp.iinfo(lengths.dtype).max)), lengths.dtype)
    known = (lengths >= 1) & (lengths <= top)
    ends = jnp.where(known, lengths, 0).astype(jnp.int32)
    return jnp.arange(length, dtype=jnp.int32)[:, None, None] < ends[None, :, None], known


def _layers(
    arrays: dict[str, Any], layer: Layer, x: jax.Array, inside: jax.Array | None
) -> tuple[jax.Array, list[State]]:
    """The outputs of the last layer, and the last state of each layer and direction."""
    form, last = layer.form, []
    first = _starts(arrays["first"], layer, x)
    dropped = arrays["p"] is not None
    keys = jax.random.split(arrays["key"], form.layers - 1) if dropped else []
    for number in range(form.layers):
        if number and dropped:
            x = dropout(keys[number - 1], x, arrays["p"])
        outs = []
        for end in form.ends_of(number):
            parts = {part: arrays["params"][f"{part}{end}"] for part in form.parts}
            backwards = end.endswith("_reverse")
            out, state = _direction(parts, layer.kind, backwards, x, first[len(last)], inside)
            outs.append(out.astype(x.dtype))
            last.append(state)
        x = outs[0] if len(outs) == 1 else jnp.concatenate(outs, -1)
    return x, last


def _starts(first: State | None, layer: Layer, x: jax.Array) -> list[State]:
    """The first state of each layer and direction."""
    form, kind = layer.form, wide(x.dtype)
    count = form.layers * form.directions
    if first is None:
        shapes = [(x.shape[1], size) for size in (form.size, form.hidden)[: layer.kind.states]]
        return [tuple(jnp.zeros(shape, kind) for shape in shapes)] * count
    arrays = [(array[:, None] if layer.single else array).astype(kind) for array in first]
    return [tuple(array[place] for array in arrays) for place in range(count)]


def _direction(
    parts: dict[str, jax.Array],
    kind: Recurrence,
    backwards: bool,
    x: jax.Array,
    first: State,
    inside: jax.Array | None,
) -> tuple[jax.Array, State]:
    """The outputs of one layer in one direction, 0 beyond a length; and its last state."""
    weight, bias = parts.pop("weight_ih"), parts.pop("bias_ih", None)
    if bias is not None and kind.blocks != 3:  # the reset gate of a GRU scales the second bias
        bias = bias.astype(wide(bias.dtype)) + parts.pop("bias_hh").astype(wide(bias.dtype))
    out, last = recur(kind, backwards, affine(x, weight, bias), first, parts, inside)
    return out if inside is None else jnp.where(inside, out, 0), last
