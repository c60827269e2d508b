"""The file of `jaxgrad fit --json`: names and numbers, with all their digits."""

import json
import math
from collections.abc import Sequence
from typing import Any

from .lines import Line


def content(names: Sequence[str], rows: int, line: Line, exact: Line, intercept: bool) -> bytes:
    """The fitted line and that of least squares; coefficients by the names of their columns.

    A number that is not finite becomes null.
    """
    errors = _coefficients(names, exact.weight_error, exact.bias_error, intercept)
    facts = {
        "least_squares": {
            "coefficients": _coefficients(names, exact.weight, exact.bias, intercept),
            "standard_errors": errors,
            "rmse": _finite(exact.rmse),
            "r2": _finite(exact.r2),
            "condition": _finite(exact.condition),
        },
        "fitted": {
            "coefficients": _coefficients(names, line.weight, line.bias, intercept),
            "rmse": _finite(line.rmse),
            "r2": _finite(line.r2),
        },
        "rows": rows,
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _coefficients(
    names: Sequence[str], weight: Any, bias: float, intercept: bool
) -> dict[str, Any]:
    values = {name: _finite(value) for name, value in zip(names, weight, strict=True)}
    return values | ({"(intercept)": _finite(bias)} if intercept else {})


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
