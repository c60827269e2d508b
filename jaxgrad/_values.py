"""Checks of values: made where they are concrete, and under `checkify` where they are traced."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.experimental import checkify as jax_checkify

from jaxgrad._dtypes import wide
from jaxgrad._remedies import wrong


def checkify(
    fn: Callable[..., Any], errors: Any = jax_checkify.user_checks
) -> Callable[..., tuple[jax_checkify.Error, Any]]:
    """`jax.experimental.checkify.checkify`, with jaxgrad's checks of traced values.

    Under `jit` a wrong value gives NaN, or what the function's docstring says. No check is
    compiled, since it would slow down each call. `checkify` asks for the checks: it traces the
    functions that `fn` calls again, with them. The error is that of the first check that fails,
    with the message of an eager call.

    Args:
        fn: any function of arrays, jitted or not. `jax.jit` and `jax.vmap` of the result work.
        errors: the kinds of checks, such as `checkify.user_checks | checkify.nan_checks` of
            `jax.experimental`; by default only the checks of values.

    Returns:
        A function of the same arguments. It returns a pair: the error, whose `get()` is the message
        or None and whose `throw()` raises it, and what `fn` returns.

    Raises:
        TypeError: `fn` is not a function.

    Source: https://docs.jax.dev/en/latest/debugging/checkify_guide.html

    >>> import jax
    >>> import jaxgrad
    >>> draw = jax.jit(jaxgrad.checkify(jaxgrad.random.bernoulli))
    >>> error, _ = draw(jax.random.key(0), jax.numpy.array([1.5]))
    >>> print(error.get())
    bernoulli: input must be in [0, 1] everywhere, got 1.5 to 1.5 (`check` failed)
    """
    if not callable(fn):
        raise TypeError(wrong("checkify", "fn", "a function", type(fn).__name__))
    checked = jax_checkify.checkify(fn, errors)
    checking = _checking()

    @functools.wraps(fn)
    def checked_call(*args: Any, **kwargs: Any) -> tuple[jax_checkify.Error, Any]:
        with checking(True):
            return checked(*args, **kwargs)

    return checked_call


@functools.cache
def _checking() -> Any:
    """The context that says whether traced values are checked; `jit` compiles for each value of it.

    It is made when first needed, since JAX traces everything again once a context is made.
    """
    return jax.make_user_context(False)


def _is_checking() -> bool:
    return bool(_checking.cache_info().currsize) and _checking().value


def is_known(valid: Any) -> bool:
    """Whether a fact is known to hold; a traced one is not."""
    return not isinstance(valid, Tracer) and bool(np.asarray(valid))


def holds(valid: Any, text: str, **values: Callable[[], jax.Array]) -> None:
    """Raise `ValueError(text)` where `valid` is False; where it is traced, `checkify` may ask.

    The functions in `values` fill the text's fields. They run only once the check has failed, or
    where it is part of the traced program.
    """
    if isinstance(valid, Tracer):
        if _is_checking():
            fields = {name: value() for name, value in values.items()}
            jax_checkify.debug_check(valid, text, **fields)
    elif not np.asarray(valid):  # at half the cost of asking the array itself
        got = {name: jax.lax.stop_gradient(value()) for name, value in values.items()}
        raise ValueError(text.format(**got))


def each_holds(valid: Any, text: str, values: jax.Array) -> None:
    """`holds` for a check of each element, whose `{least}` and `{most}` the text may name.

    An empty array passes, eager or traced: it has no least element.
    """
    if values.size:
        holds(valid, text, least=lambda: jnp.min(values), most=lambda: jnp.max(values))


def in_range(
    rule: Callable[..., Any], valid: Any, text: str, dtype: Any, **parameters: Any
) -> None:
    """Refuse parameters that break a rule. For arrays, `valid` is what the rule gave.

    Python numbers are checked on the host: nothing is read back from the device.
    """
    if not all(type(value) is float for value in parameters.values()):
        rounded = {k: functools.partial(jnp.asarray, v, dtype) for k, v in parameters.items()}
        holds(valid, text, **rounded)
    elif not _holds_on_host(rule, dtype, *parameters.values()):
        raise ValueError(text.format(**parameters))


@functools.lru_cache(1024)
def _holds_on_host(rule: Callable[..., Any], dtype: Any, *numbers: float) -> bool:
    """Whether numbers, rounded to the dtype, keep the rule, which uses only operators."""
    with np.errstate(all="ignore"):
        rounded = [np.asarray(number).astype(wide(dtype)).astype(dtype) for number in numbers]
        return bool(rule(*rounded))


def finite(x: Any) -> Any:
    """Whether numbers are finite, in NumPy or in JAX."""
    return (x > -math.inf) & (x < math.inf)
