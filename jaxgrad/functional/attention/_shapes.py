"""The shapes and dtypes of what `multi_head_attention_forward` is given."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks


def inputs(
    check: _checks.Checks, query: ArrayLike, key: ArrayLike, value: ArrayLike, embed: int
) -> dict[str, jax.Array]:
    """Query, key and value, of one dtype, each with a batch axis or each without."""
    given = {"query": query, "key": key, "value": value}
    arrays = {name: check.floating(name, array) for name, array in given.items()}
    q, k, v = arrays.values()
    embed = check.integer("embed_dim_to_check", embed, 0)
    if q.ndim not in (2, 3) or q.shape[-1] != embed:
        expected = f"of shape (L, N, {embed}) or (L, {embed})"
        raise ValueError(check.wrong("query", expected, q.shape))
    middle = q.shape[1:-1]
    for name, array in arrays.items():
        check.same_dtype(name, array, "query", q)
        if array.ndim != q.ndim or array.shape[1:-1] != middle:
            expected = f"of shape {_shown('S', *middle, 'E')}, like query of {q.shape}"
            raise ValueError(check.wrong(name, expected, array.shape))
    if v.shape[0] != k.shape[0]:
        raise ValueError(check.wrong("value", f"of key's length {k.shape[0]}", v.shape[0]))
    return arrays


def weights(
    check: _checks.Checks, x: dict[str, jax.Array], separate: bool, given: Mapping[str, Any]
) -> dict[str, jax.Array | None]:
    """The weights and biases, each of its shape; None where one is not used."""
    embed = x["query"].shape[-1]
    shapes: dict[str, tuple[Any, ...]] = {"in_proj_bias": (3 * embed,)}
    shapes["out_proj_weight"] = ("E_out", embed)
    if separate:
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        shapes |= {n: (embed, x[of].shape[-1]) for n, of in zip(names, x, strict=True)}
    else:
        shapes["in_proj_weight"] = (3 * embed, embed)
        for name in ("key", "value"):
            if x[name].shape[-1] != embed:
                expected = f"of query's size {embed} without use_separate_proj_weight"
                raise ValueError(check.wrong(name, expected, x[name].shape[-1]))
    found: dict[str, jax.Array | None] = dict.fromkeys(given)
    for name, shape in shapes.items():
        if given[name] is None and name.endswith("weight"):
            used = f"given where use_separate_proj_weight is {separate}"
            used = "given" if name == "out_proj_weight" else used
            raise TypeError(check.wrong(name, used, None))
        if given[name] is not None:
            found[name] = shaped(check, name, given[name], shape, x["query"])
    if given["out_proj_bias"] is not None:
        out = found["out_proj_weight"]
        shape = ("E_out",) if out is None else out.shape[:1]
        found["out_proj_bias"] = shaped(
            check, "out_proj_bias", given["out_proj_bias"], shape, x["query"]
        )
    return found


def added(
    check: _checks.Checks, x: dict[str, jax.Array], heads: int, given: Mapping[str, Any]
) -> dict[str, jax.Array | None]:
    """The biases of keys and values and the static ones, each of its shape."""
    q = x["query"]
    embed, batch = q.shape[-1], 1 if q.ndim == 2 else q.shape[1]
    for name, other in (("bias_k", "bias_v"), ("bias_v", "bias_k")):
        if given[name] is not None and given[other] is None:
            raise ValueError(check.wrong(other, f"given where {name} is", None))
        static = name.replace("bias", "static")
        if given[name] is not None and given[static] is not None:
            raise ValueError(check.wrong(name, f"None where {static} is given", "an array"))
    static_shape = (batch * heads, "S", embed // heads)
    found: dict[str, jax.Array | None] = dict.fromkeys(given)
    for name, array in given.items():
        if array is not None:
            ones = (1,) * (max(jnp.ndim(array), 1) - 1)
            shape = (*ones[:2], embed) if name.startswith("bias") else static_shape
            found[name] = shaped(check, name, array, shape, q)
    lengths = [length(x, found, name) for name in "kv"]
    if lengths[0] != lengths[1]:
        expected = f"of as many values as keys, {lengths[0]}"
        raise ValueError(check.wrong("static_v", expected, lengths[1]))
    return found


def length(x: dict[str, jax.Array], added: Mapping[str, jax.Array | None], name: str) -> int:
    """The number of keys or values, without those that are added."""
    static = added[f"static_{name}"]
    return x["key" if name == "k" else "value"].shape[0] if static is None else static.shape[1]


def check_masks(
    check: _checks.Checks,
    sizes: tuple[int, int | None, int],
    heads: int,
    masks: Mapping[str, jax.Array | None],
) -> None:
    """Refuse masks that do not have their shape.

    Args:
        check: the checks of the function.
        sizes: the numbers of queries, of batch elements (None without a batch) and of keys.
        heads: the number of heads.
        masks: by their names; those of padding end with "key_padding_mask".
    """
    length, batch, source = sizes
    padding = (source,) if batch is None else (batch, source)
    whole = (length, source), ((1 if batch is None else batch) * heads, length, source)
    for name, mask in masks.items():
        shapes = (padding,) if name.endswith("key_padding_mask") else whole
        if mask is not None and mask.shape not in shapes:
            expected = f"of shape {' or '.join(map(str, shapes))}"
            raise ValueError(check.wrong(name, expected, mask.shape))


def shaped(
    check: _checks.Checks,
    name: str,
    value: Any,
    shape: tuple[Any, ...],
    like: jax.Array,
    other: str = "query",
) -> jax.Array:
    """`value` as an array of a shape and of the dtype of `like`, the argument `other`.

    A size that has a name is any.
    """
    array = check.floating(name, value)
    check.same_dtype(name, array, other, like)
    fits = array.ndim == len(shape) and all(
        isinstance(size, str) or size == own for size, own in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(check.wrong(name, f"of shape {_shown(*shape)}", array.shape))
    return array


def _shown(*sizes: Any) -> str:
    return f"({', '.join(map(str, sizes))}{',' * (len(sizes) == 1)})"
