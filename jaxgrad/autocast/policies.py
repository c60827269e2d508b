"""The precision that torch.autocast gives each operation, for pure functions."""

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad import functional as plain

from . import _casts, _composed
from ._operations import TABLES

_DEFAULTS = {"cpu": jnp.bfloat16, "cuda": jnp.float16}


def operations(device_type: str) -> dict[str, str]:
    """The operations with a precision of their own under `torch.autocast`.

    Source: https://docs.pytorch.org/docs/stable/amp.html#autocast-op-reference

    Args:
        device_type: "cpu" or "cuda".

    Returns:
        By PyTorch's names of operations: "lower" for those that run in bfloat16 or float16,
        "float32", "widest" for those that run in the widest dtype among their arguments, and
        "refused". The others run in the dtype of what they get.

    Raises:
        ValueError: autocast has no such device here.

    >>> from jaxgrad.autocast import operations
    >>> cuda, cpu = operations("cuda"), operations("cpu")
    >>> cuda["linear"], cuda["softmax"], cuda["dot"], cuda.get("relu")
    ('lower', 'float32', 'widest', None)
    >>> cpu["linear"], cpu.get("softmax"), cpu["cat"]
    ('lower', None, 'widest')
    """
    return dict(TABLES[_device(_checks.of("operations"), device_type)])


def policy(
    function: Callable[..., Any],
    device_type: str,
    dtype: DTypeLike | None = None,
    *,
    name: str | None = None,
) -> Callable[..., Any]:
    """A function whose arguments are cast as `torch.autocast(device_type, dtype)` casts them.

    Arrays of bfloat16, float16 and float32 are cast where the operation has a precision of its own:
    weights stay float32, the product is one of narrow numbers, and their gradients are float32. A
    function whose name is not in `operations(device_type)` runs as it is.

    Source: https://docs.pytorch.org/docs/stable/amp.html#torch.autocast

    Args:
        function: a function of arrays, such as `jaxgrad.functional.linear` or `jnp.matmul`.
        device_type: "cpu" or "cuda": whose list of operations is taken. It decides nothing else.
        dtype: bfloat16 or float16; None is float16 for "cuda" and bfloat16 for "cpu".
        name: PyTorch's name of the operation; None is the function's own.

    Returns:
        The function, with the same arguments. Pytrees of arrays are cast too; Python numbers,
        integers, float64 and complex numbers are not.

    Raises:
        ValueError: the device or the dtype is none of autocast's; in a call, CUDA's autocast
            refuses `binary_cross_entropy`.
        NotImplementedError: in a call of a whole transformer, whose parts differ.
        TypeError: `function` is no function; in a call, a dtype that is neither the lower one nor
            float32.

    Differs from PyTorch: a function that PyTorch computes by several operations is cast as a whole.
    What lies between them is then not rounded, such as the logits of `linear_cross_entropy` and, on
    CPUs, the gates of `gru`, `gru_cell` and `lstm_cell`.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autocast import policy
    >>> matmul, cat = policy(jnp.matmul, "cpu"), policy(jnp.concatenate, "cpu", name="cat")
    >>> x = jnp.ones((2, 2))
    >>> matmul(x, x).dtype, cat([matmul(x, x), x]).dtype
    (dtype(bfloat16), dtype('float32'))
    """
    check = _checks.of("policy")
    if not callable(function):
        got = f"{type(function).__name__} {function!r:.60}"
        raise TypeError(check.wrong("function", "a function", got))
    own = getattr(function, "__name__", "")
    check.instance("name", own if name is None else name, str)
    device = _device(check, device_type)
    return _with_policy(function, name or own, device, _lower(check, device, dtype))


def functional(device_type: str, dtype: DTypeLike | None = None) -> types.SimpleNamespace:
    """The functions of `jaxgrad.functional`, each with its `policy`.

    A network that takes the namespace as an argument runs in both precisions.

    Source: https://docs.pytorch.org/docs/stable/amp.html#torch.autocast

    Args:
        device_type: "cpu" or "cuda", as for `policy`.
        dtype: bfloat16 or float16, as for `policy`.

    Returns:
        A namespace with the functions. A second call with the same arguments returns the same one.
        The functions of transformers refuse a call, as their parts differ: write a layer of
        `multi_head_attention_forward`, `linear` and `layer_norm` of the namespace.

    Raises:
        ValueError: the device or the dtype is none of autocast's.

    >>> import jax, jax.numpy as jnp
    >>> import jaxgrad.functional as F
    >>> from jaxgrad import autocast
    >>> def loss(F, w, x):
    ...     return F.cross_entropy(F.linear(x, w), jnp.array([0, 2]))
    >>> w, x = jnp.ones((3, 4)), jnp.ones((2, 4))
    >>> low = autocast.functional("cuda")
    >>> low.linear(x, w).dtype, loss(low, w, x).dtype, jax.grad(loss, 1)(low, w, x).dtype
    (dtype('float16'), dtype('float32'), dtype('float32'))
    >>> loss(F, w, x)
    Array(1.0986123, dtype=float32)
    """
    check = _checks.of("functional")
    return _namespace(_device(check, device_type), _lower(check, device_type, dtype))


@functools.cache
def _namespace(device: str, lower: np.dtype) -> types.SimpleNamespace:
    functions = {name: getattr(plain, name) for name in plain.__all__}
    return types.SimpleNamespace(
        **{name: _with_policy(fn, name, device, lower) for name, fn in functions.items()}
    )


def _with_policy(
    function: Callable[..., Any], name: str, device: str, lower: np.dtype
) -> Callable[..., Any]:
    """The function with its arguments cast; the precision may depend on what they are."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = _composed.arguments(function, args, kwargs)
        kind = _composed.precision(TABLES[device], device, name, given)
        if kind in ("refused", "mixed"):
            raise _refusal(kind, name)
        if kind is None:
            return function(*args, **kwargs)
        for dtype in _dtypes(kind, name, given, (args, kwargs), lower):
            args, kwargs = _casts.cast((args, kwargs), dtype)
        found = function(*args, **kwargs)
        return _with_weights(found) if device == "cuda" and name.startswith("multi_head") else found

    return call


def _dtypes(
    kind: str, name: str, given: Mapping[str, Any], tree: Any, lower: np.dtype
) -> list[Any]:
    """The dtypes that the arguments are cast to, one after another."""
    if kind == "rounded":  # the products of narrow numbers, and the rest in what it is given
        state = (given.get("input"), given.get("hx"))
        loss = name == "linear_cross_entropy"
        return [lower, jnp.float32 if loss else _casts.widest(name, state, lower)]
    if kind == "widest":
        return [_casts.widest(name, tree, lower)]
    return [lower if kind == "lower" else jnp.float32]


def _with_weights(found: tuple[jax.Array, jax.Array | None]) -> tuple[jax.Array, jax.Array | None]:
    """What CUDA's attention returns: the weights are those of a softmax in float32."""
    output, weights = found
    return output, None if weights is None else weights.astype(jnp.float32)


def _refusal(kind: str, name: str) -> Exception:
    if kind == "refused":
        expected, remedy = "logits under CUDA's autocast", "use binary_cross_entropy_with_logits"
        return ValueError(_checks.wrong(name, "input", expected, "probabilities", remedy))
    parts = "multi_head_attention_forward, linear and layer_norm of autocast.functional"
    text = f"{name}: has parts of different precision under autocast; write it of {parts}"
    return NotImplementedError(text)


def _device(check: _checks.Checks, device_type: str) -> str:
    return check.option("device_type", device_type, tuple(TABLES))


def _lower(check: _checks.Checks, device_type: str, dtype: DTypeLike | None) -> np.dtype:
    found = check.float_dtype(_DEFAULTS[device_type] if dtype is None else dtype)
    if found not in (jnp.bfloat16, jnp.float16):
        raise ValueError(check.wrong("dtype", "bfloat16 or float16", found))
    return found
