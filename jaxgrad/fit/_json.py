"""What `jaxgrad fit --json` writes: every digit, names and numbers only."""

import json
import math
from collections.abc import Sequence
from typing import Any

from .lines import Line


def made(names: Sequence[str], rows: int, line: Line, exact: Line, intercept: bool) -> bytes:
    """The fitted line and that of least squares, their coefficients by the columns' names.

    A number that is not finite becomes null.
    """
    errors = _named(names, exact.weight_error, exact.bias_error, intercept)
    content = {
        "least_squares": {
            "coefficients": _named(names, exact.weight, exact.bias, intercept),
            "standard_errors": errors,
            "rmse": _finite(exact.rmse),
            "r2": _finite(exact.r2),
            "condition": _finite(exact.condition),
        },
        "fitted": {
            "coefficients": _named(names, line.weight, line.bias, intercept),
            "rmse": _finite(line.rmse),
            "r2": _finite(line.r2),
        },
        "rows": rows,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _named(names: Sequence[str], weight: Any, bias: float, intercept: bool) -> dict[str, Any]:
    values = {name: _finite(value) for name, value in zip(names, weight, strict=True)}
    return values | ({"(intercept)": _finite(bias)} if intercept else {})


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
