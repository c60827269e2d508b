"""Errors for functions that JAX cannot differentiate: what is missing, and what to do."""

import contextlib
from collections.abc import Iterator

from jaxgrad import _checks

_MISSING_RULES = (
    (
        "Reverse-mode differentiation does not work",
        "differentiable in reverse mode",
        "a while_loop, or a fori_loop of traced bounds",
        "use lax.scan or static bounds, or give the loop a rule with jax.custom_vjp",
    ),
    (
        "can't apply forward-mode",
        "differentiable in forward mode",
        "a function with a jax.custom_vjp rule",
        "define its rule with jax.custom_jvp, which both modes take, or ask for reverse mode only",
    ),
    (
        "callbacks do not support",
        "differentiable",
        "a callback to the host",
        "give the function that calls it a rule with jax.custom_jvp or jax.custom_vjp; second "
        "derivatives need a rule that calls this function, with its rule, and no callback itself",
    ),
    (
        "No VJP defined",
        "complete",
        "a jax.custom_vjp function without a rule",
        "define one with defvjp",
    ),
    (
        "No JVP defined",
        "complete",
        "a jax.custom_jvp function without a rule",
        "define one with defjvp",
    ),
    *(
        (
            text,
            "differentiable",
            "an operation without a derivative",
            "give the function that uses it a rule with jax.custom_jvp or jax.custom_vjp",
        )
        for text in (
            *("Differentiation rule for", "Transpose rule", "cannot be differentiated"),
            "does not support JVP",
        )
    ),
)


@contextlib.contextmanager
def explained(function: str, remedy: str = "") -> Iterator[None]:
    """Rewords JAX's errors about missing derivatives in the name of this function.

    The type of an error stays, except that JAX's AttributeError becomes a TypeError. An error that
    an inner function of this package has reworded is reworded again.
    """
    try:
        yield
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        cause = error.__cause__ if ": fn must be " in str(error) else error
        text = _reworded(function, cause, remedy)
        if not text:
            raise
        kind = TypeError if isinstance(error, AttributeError) else type(error)
        raise kind(text) from cause


def is_about_rules(error: BaseException) -> bool:
    """Whether an error says that a derivative does not exist."""
    cause = error.__cause__ if ": fn must be " in str(error) else error
    return bool(_reworded("", cause, ""))


def _reworded(function: str, error: BaseException | None, remedy: str) -> str:
    """The text of such an error; empty for any other."""
    said = str(error).partition("\n")[0]
    for text, expected, got, known in _MISSING_RULES:
        if text in said:
            whole = f"{known}{', ' * bool(remedy)}{remedy} (JAX: {said})"
            return _checks.wrong(function, "fn", expected, got, whole)
    return ""
