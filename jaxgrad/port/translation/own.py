"""The user's operations: text, or a function that the source imports."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from jaxgrad import _checks

from .bound import Bound, Rule

Operations = Mapping[str, str | Callable[..., Any]]


def rules(operations: Operations) -> dict[str, Rule]:
    """By PyTorch's names, templates of the expressions.

    Raises:
        TypeError: one is neither text nor a function that a file can import.
    """
    return {
        name: given if isinstance(given, str) else _called(name, given)
        for name, given in operations.items()
    }


def modules(operations: Operations) -> list[str]:
    """The modules that the source imports for the user's functions."""
    return sorted({given.__module__ for given in operations.values() if not isinstance(given, str)})


def _called(name: str, function: Callable[..., Any]) -> Rule:
    """A call of a function with the operator's arguments in order, without those not given last."""
    module = getattr(function, "__module__", None)
    place = getattr(function, "__qualname__", "")
    if getattr(sys.modules.get(module or ""), place, None) is not function or module == "__main__":
        want = "text, or a function of a module that the source can import"
        fix = "write the function in a file and import it from there"
        raise TypeError(
            _checks.of("translate").wrong(f"operations[{name!r}]", want, repr(function), fix)
        )

    def rule(step: Bound) -> str:
        return f"{module}.{place}({', '.join(step.values)})"

    return rule
