"""What a piece of work is: data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Work:
    """One piece of work, with the code of each competitor by its name, PyTorch's first.

    The last line of the code is a function, which takes nothing and returns once the result is
    there.
    """

    family: str
    name: str
    code: Mapping[str, str]
