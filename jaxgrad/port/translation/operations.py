"""The verdict on each name of PyTorch's operator database: which expression in JAX it is."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("operations.json")

VERDICTS = {
    "exact": "The expression gives what PyTorch gives: shapes, dtypes, values and gradients.",
    "rounds": (
        "As exact, but some samples are further off than twice PyTorch's error: in bfloat16, or "
        "by at most ten times."
    ),
    "differs": "There is an expression, and some samples differ in what the reason says.",
    "no counterpart": "JAX has nothing of the kind, for the reason that is given.",
    "not yet": "`translate` refuses it by its name.",
}
"""Each verdict with its meaning."""


class Operation(NamedTuple):
    """What is known of a name.

    Attributes:
        verdict: one of `VERDICTS`.
        expression: of one sample, as `translate` writes it; its arrays are x, y, z, …
        reason: what differs, or why there is no counterpart.
    """

    verdict: str
    expression: str
    reason: str


@functools.cache
def operations() -> Mapping[str, Operation]:
    """The verdicts by the names of PyTorch's operator database, in its order."""
    text = _FILE.read_text(encoding="utf-8")
    return {name: Operation(**row) for name, row in json.loads(text)["operations"].items()}
