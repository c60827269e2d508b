"""Columns of categories: their levels, and treatment coding, a column of 0 and 1 for each but one.

    color: blue, red, tall -> color[T.red], color[T.tall]

A row of the first level has 0 in all of them: its effect is in the intercept.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import _checks
from ._arrow import load
from ._values import BadValue

MOST = 1000
"""A column of more levels holds names or numbers, not categories."""


def is_category(kind: Any) -> bool:
    """Whether an Arrow type can be taken for levels: text, integers or truth values."""
    types = load("pyarrow").types
    if types.is_dictionary(kind):
        return is_category(kind.value_type)
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean)
    return any(test(kind) for test in tests)


def texts(array: Any, words: Sequence[str] = ("",)) -> Any:
    """An Arrow array as text without blanks around it; null where it is one of the words."""
    arrow, compute = load("pyarrow"), load("pyarrow.compute")
    if arrow.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    text = compute.utf8_trim_whitespace(array.cast(arrow.string()))
    missing = compute.is_in(text, value_set=arrow.array(words, arrow.string()))
    return compute.if_else(missing, arrow.scalar(None, arrow.string()), text)


def distinct(place: str, arrays: Iterable[Any], words: Sequence[str] = ("",)) -> set[str]:
    """The levels in the arrays of a column, without missing values."""
    seen: set[str] = set()
    for array in arrays:
        seen.update(filter(None, texts(array, words).unique().to_pylist()))
        if len(seen) > MOST:
            got, remedy = "more", "is it a name, an identifier or a number?"
            expected = f"of at most {MOST} levels"
            raise ValueError(_checks.of("table").wrong(place, expected, got, remedy))
    return seen


def ordered(levels: Iterable[str]) -> tuple[str, ...]:
    """The levels in order: as numbers where all of them are."""
    levels = sorted(levels)
    try:
        return tuple(sorted(levels, key=float))
    except ValueError:
        return tuple(levels)


def coded_names(name: str, levels: Sequence[str]) -> list[str]:
    """The names of the columns of 0 and 1 that a column of categories becomes."""
    return [f"{name}[T.{level}]" for level in levels[1:]]


def coded(array: Any, levels: Sequence[str], words: Sequence[str] = ("",)) -> list[np.ndarray]:
    """Those columns: 1 where the value is that level, else 0, and NaN where it is missing.

    Raises `BadValue` at a value that is none of the levels.
    """
    arrow, compute = load("pyarrow"), load("pyarrow.compute")
    text = texts(array, words)
    codes = compute.index_in(text, value_set=arrow.array(levels, arrow.string()))
    missing = np.asarray(text.is_null())
    codes = np.asarray(codes.fill_null(-1))
    unknown = np.flatnonzero((codes < 0) & ~missing)
    if unknown.size:
        row = int(unknown[0])
        expected = f"one of {', '.join(map(repr, levels)):.60}"
        raise BadValue(row, (expected, repr(text[row].as_py()), "correct it"))
    return [np.where(missing, np.nan, codes == place) for place in range(1, len(levels))]
