"""The verdicts on the names of PyTorch's operator database, for their page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jaxgrad.port.translation.operations import VERDICTS, Operation, operations

_ROOMS = ("nn.functional", "linalg", "special", "fft", "signal.windows", "masked", "sparse")


CLASSES = {
    "exact": "same",
    "rounds": "same-with-jaxgrad",
    "differs": "falls-short",
    "no counterpart": "not-offered",
    "not yet": "not-offered",
}
"""The colour of each verdict: that of the study's verdict that is like it."""


class Line(NamedTuple):
    """A line of the page.

    Attributes:
        name: PyTorch's name.
        address: the page of that name; "" if there is none.
        known: the verdict, the expression, and the reason.
    """

    name: str
    address: str
    known: Operation


def lines(addresses: Mapping[str, str]) -> list[Line]:
    """All names in alphabetical order.

    Args:
        addresses: the page of each name that has one.
    """
    found = []
    for name, known in operations().items():
        full = full_name(name, addresses)
        found.append(Line(full, addresses.get(full, ""), known))
    return sorted(found, key=lambda line: line.name.lower())


def full_name(name: str, known: Mapping[str, str]) -> str:
    """PyTorch's name of an entry of the database, such as torch.linalg.det or torch.Tensor.fill.

    >>> full_name("linalg.det", {})
    'torch.linalg.det'
    """
    if name.startswith("torch."):
        return name
    if name.startswith(_ROOMS) or f"torch.{name}" in known:
        return f"torch.{name}"
    method = f"torch.Tensor.{name}"
    return method if method in known or name.startswith("__") else f"torch.{name}"


def counts(found: Sequence[Line]) -> Mapping[str, int]:
    """How many names have each verdict, the most frequent first."""
    return dict(Counter(line.known.verdict for line in found).most_common())


__all__ = ["CLASSES", "VERDICTS", "Line", "counts", "full_name", "lines"]
