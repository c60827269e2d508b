"""pyarrow, imported only where it is used, and its columns as NumPy arrays."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxgrad import _extras

from ._values import EXACT, BadValue, inexact


def load(module: str) -> Any:
    """`pyarrow`, or the module of that name in it."""
    return _extras.load("jaxgrad.data", module, "data")


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """An error of pyarrow or of the system becomes a `ValueError` that names the file."""
    try:
        yield
    except (load("pyarrow").ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        text = f"table: {path} cannot be read as {kind}; is it complete? pyarrow says: {reason}"
        raise ValueError(text) from error


def is_number(kind: Any) -> bool:
    """Whether an Arrow type holds numbers: integers, floats, truth values, decimals, or nulls."""
    types = load("pyarrow").types
    if types.is_dictionary(kind):
        return is_number(kind.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return any(test(kind) for test in tests)


def is_single(kind: Any) -> bool:
    """Whether float32 holds every value of an Arrow type."""
    types = load("pyarrow").types
    small = (types.is_int8, types.is_int16, types.is_uint8, types.is_uint16)
    floats = (types.is_float16, types.is_float32, types.is_boolean)
    return any(test(kind) for test in (*small, *floats))


def numbers(column: Any) -> np.ndarray:
    """An Arrow array, chunked or not, as a NumPy array of numbers, NaN where it is null.

    Raises `BadValue` at an integer that float64 would round.
    """
    arrow = load("pyarrow")
    if arrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind, decimal = column.type, arrow.types.is_decimal(column.type)
    if kind in (arrow.int64(), arrow.uint64()) or (decimal and kind.scale <= 0):
        _check_exact(column)
    if column.null_count or decimal or arrow.types.is_null(kind):
        column = column.cast(arrow.float64(), safe=False).fill_null(np.nan)
    elif arrow.types.is_boolean(kind):
        column = column.cast(arrow.uint8())
    return column.to_numpy(zero_copy_only=False)


def arrays(columns: Iterable[Any]) -> list[np.ndarray]:
    """Several columns as `numbers`; a `BadValue` has the place of its column."""
    result: list[np.ndarray] = []
    for column in columns:
        try:
            result.append(numbers(column))
        except BadValue as bad:
            raise BadValue(bad.row, bad.words, len(result)) from None
    return result


def _check_exact(column: Any) -> None:
    """Raises `BadValue` at the first integer that float64 would round.

    A safe cast of pyarrow's refuses every integer beyond 2**53, also those that float64 holds.
    """
    rounded = column.cast(load("pyarrow").float64(), safe=False).fill_null(0)
    large = np.flatnonzero(np.abs(rounded.to_numpy(zero_copy_only=False)) >= EXACT)
    for row, value in zip(large.tolist(), column.take(large).to_pylist(), strict=True):
        if int(float(value)) != value:
            raise BadValue(row, inexact(int(value)))
