"""A snippet's answer as data that can be written as JSON and read again."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np


@dataclass(frozen=True)
class DistributionTest:
    """The draws of a random answer, tested against the exact distribution.

    Attributes:
        pvalue: of the chi-square test for categories, of Kolmogorov-Smirnov otherwise.
        counts: how often each category, or each fiftieth of the probability, was drawn.
        expected: the mean of each count under the exact distribution.
        continuous: whether the distribution is.
    """

    pvalue: float
    counts: list[int]
    expected: list[float]
    continuous: bool = False


@dataclass(frozen=True)
class Answer:
    """The answer of a snippet.

    Attributes:
        value: nested lists and dicts of NumPy arrays, texts, Python numbers and None.
        grads: the gradients that the case names, by input.
        error: "Type: message" of the error that it raised, or None.
        warning: its first warning, or None; it is shown and not compared.
        distribution: for a random answer, the test of its draws. `value` is then an empty array of
            the dtype of the answer, with a first axis of 0 before its shape.
    """

    value: Any = None
    grads: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    warning: str | None = None
    distribution: DistributionTest | None = None


def converted(convert: Callable[[Any], Any], value: Any) -> Any:
    """The nested lists and dicts with converted leaves."""
    if isinstance(value, dict):
        return {str(name): converted(convert, child) for name, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [converted(convert, child) for child in value]
    return convert(value)


def to_json(answer: Answer) -> dict[str, Any]:
    """An answer as JSON, without its empty parts."""
    parts = {
        "value": _encoded(answer.value),
        "grads": _encoded(answer.grads),
        "error": answer.error,
        "warning": answer.warning,
        "distribution": answer.distribution and vars(answer.distribution),
    }
    return {name: part for name, part in parts.items() if part or name == "value"}


def from_json(data: dict[str, Any]) -> Answer:
    """The answer that `to_json` wrote."""
    test = data.get("distribution")
    return Answer(
        value=_decoded(data["value"]),
        grads=_decoded(data.get("grads", {})),
        error=data.get("error"),
        warning=data.get("warning"),
        distribution=DistributionTest(**test) if test else None,
    )


def _encoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _encoded(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_encoded(child) for child in value]
    if isinstance(value, np.ndarray):
        data = [_number(x) for x in value.ravel().tolist()]
        return {"dtype": str(value.dtype), "shape": list(value.shape), "data": data}
    return _number(value)


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(child) for child in value]
    if isinstance(value, dict) and value.keys() == {"dtype", "shape", "data"}:
        data = [_decoded(x) for x in value["data"]]
        return np.array(data, dtype(value["dtype"])).reshape(value["shape"])
    if isinstance(value, dict) and value.keys() == {"float"}:
        return float(value["float"])
    if isinstance(value, dict) and value.keys() == {"real", "imag"}:
        return complex(_decoded(value["real"]), _decoded(value["imag"]))
    if isinstance(value, dict):
        return {name: _decoded(child) for name, child in value.items()}
    return value


def _number(value: Any) -> Any:
    """A scalar as JSON, which has neither complex numbers nor inf and NaN."""
    if isinstance(value, complex):
        return {"real": _number(value.real), "imag": _number(value.imag)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def dtype(name: str) -> Any:
    """The NumPy dtype of that name, which may be bfloat16."""
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)
