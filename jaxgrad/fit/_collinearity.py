"""Whether columns are independent enough to determine a line, and which of them are not."""

from collections.abc import Sequence

import numpy as np

from jaxgrad import _checks


def check(
    function: str,
    factor: np.ndarray,
    scale: np.ndarray,
    rounding: np.ndarray,
    count: int,
    names: Sequence[str] | None,
) -> None:
    """Refuses a feature that is constant or, to working precision, a combination of others.

    `factor` is the triangular factor of `count` rows of the features and `scale` the length of its
    columns; `rounding` is the rounding of their values, relative to that length.
    """
    if not np.all(scale > 0):
        column = _column_names([int(np.argmin(scale > 0))], names)
        raise ValueError(_checks.wrong(function, column, "varied", "a constant"))
    found = _first_dependent(factor / scale, rounding, count)
    if found is None:
        return
    place, others = found
    got = "a constant but for rounding"
    if others:
        got = f"to working precision a combination of {_column_names(others, names)}"
    remedy = "leave it or one of them out" if others else "leave it out"
    column = _column_names([place], names)
    raise ValueError(_checks.wrong(function, column, "independent of the others", got, remedy))


def _column_names(places: Sequence[int], names: Sequence[str] | None) -> str:
    """Columns in words: by name, or counted from 1."""
    found = [repr(names[place]) if names else str(place + 1) for place in places]
    listed = ", ".join(found[:-1]) + " and " * (len(found) > 1) + found[-1]
    return f"column{'s' * (len(found) > 1)} {listed}{' (counted from 1)' * (not names)}"


def _first_dependent(
    factor: np.ndarray, rounding: np.ndarray, count: int
) -> tuple[int, list[int]] | None:
    """The first column that is a combination of columns before it, and those; None if none is.

    The columns of `factor` have length 1.
    """
    if not _singular(factor, rounding, count):
        return None
    most, least = len(factor), 0  # the first `most` columns are singular, the first `least` not
    while most - least > 1:
        middle = (most + least) // 2
        if _singular(factor[:middle, :middle], rounding[:middle], count):
            most = middle
        else:
            least = middle
    _, values, vectors = np.linalg.svd(factor[:most, :most])
    if most == 1:
        return 0, []
    last = np.abs(vectors[-1])
    noise = 10 * _tolerance(vectors[-1], rounding[:most], count) / values[-2]
    return most - 1, [int(place) for place in np.flatnonzero(last[:-1] > noise * last[-1])]


def _singular(factor: np.ndarray, rounding: np.ndarray, count: int) -> bool:
    """Whether some combination of the columns is 0 but for rounding."""
    _, values, vectors = np.linalg.svd(factor)
    return bool(values[-1] <= _tolerance(vectors[-1], rounding[: len(factor)], count))


def _tolerance(combination: np.ndarray, rounding: np.ndarray, count: int) -> float:
    """What rounding leaves of a combination that is 0: of the data, and in the decomposition."""
    steps = 4 * len(combination) + np.sqrt(count) / 8
    return float(2 * np.linalg.norm(combination * rounding) + np.finfo(float).eps * steps)
