"""What both functions of attention share: masks, dropout, and one layout with an axis of heads."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_floating

from .._arguments import constant


def mask_array(check: _checks.Checks, argument: str, value: ArrayLike, dtype: Any) -> jax.Array:
    """A mask of truth values, or of numbers of `dtype` or float32 that are added to the scores."""
    mask = check.array(argument, value)
    if mask.dtype in (bool, dtype, jnp.float32):
        return mask
    expected = " or ".join(dict.fromkeys(("bool", str(dtype), "float32")))
    kind = "dtype" if is_floating(mask.dtype) else "bool"
    raise TypeError(check.wrong(argument, expected, mask.dtype, f"cast it with .astype({kind})"))


def dropout_arguments(
    check: _checks.Checks,
    p: ArrayLike,
    key: jax.Array | None,
    training: bool = True,
    names: tuple[str, str] = ("dropout_p", "dropout_key"),
) -> tuple[Any, jax.Array | None]:
    """The probability and the key, arguments of these names; both None where nothing is dropped."""
    of_number, of_key = names
    number = constant(check, of_number, check.number(of_number, p))
    check.allowed(of_number, number, (number >= 0) & (number <= 1), "in [0, 1]")
    if not training or (not isinstance(number, Tracer) and number == 0):
        return None, None
    if key is None:
        expected = f"a typed key where {of_number} is not 0"
        remedy = "make one with jax.random.key(seed)"
        raise TypeError(check.wrong(of_key, expected, None, remedy))
    return jnp.asarray(number), check.key(key, of_key, first=False)


def arranged(arrays: dict[str, Any], lead: tuple[int, ...], grouped: bool) -> dict[str, Any]:
    """Arrays of shape (…, L, E) in the layout (*B, H, G, L, E); `lead` is the queries' (…).

    The last leading axis is that of the heads. A single leading axis is taken for the batch unless
    the heads are `grouped`: heads are looped over, and the axis of a batch may be sharded.
    """
    q, k, v = (arrays[name] for name in "qkv")
    heads = lead[-1:] if grouped or len(lead) > 1 else ()
    batch, shared, groups = lead[: len(lead) - len(heads)], heads, 1
    if grouped:
        count = q.shape[-3]
        if k.shape[-3] != v.shape[-3]:
            k, v = (jnp.repeat(array, count // array.shape[-3], -3) for array in (k, v))
        shared = (k.shape[-3],)
        groups = count // shared[0] if count else 1
    own = shared or (1,)
    q = _broadcast(q, (*batch, *heads)).reshape(*batch, *own, groups, *q.shape[-2:])
    k, v = (_broadcast(a, (*batch, *shared)).reshape(*batch, *own, *a.shape[-2:]) for a in (k, v))
    masks = []
    if arrays["mask"] is not None:
        mask = arrays["mask"]
        mask = mask.reshape(*[1] * (len(lead) + 2 - mask.ndim), *mask.shape)
        front, rest = mask.shape[: len(batch)], mask.shape[-2:]
        split = (*own, groups) if heads and mask.shape[-3] != 1 else (1, 1)
        masks = [mask.reshape(*front, *split, *rest)]
    return arrays | {"q": q, "k": k, "v": v, "masks": masks}


def _broadcast(array: jax.Array, lead: tuple[int, ...]) -> jax.Array:
    shape = (*lead, *array.shape[-2:])
    return array if array.shape == shape else jnp.broadcast_to(array, shape)
