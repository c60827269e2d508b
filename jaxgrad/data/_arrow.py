"""pyarrow, imported only where it is used, and its columns as NumPy arrays."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxgrad import _extras

from ._scan import EXACT, Fault


def load(module: str) -> Any:
    """`pyarrow`, or the module of that name in it."""
    return _extras.load("jaxgrad.data", module, "data")


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Whatever pyarrow or the system says of a file becomes a `ValueError` that names it."""
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
    """Whether float32 holds every value of that type."""
    types = load("pyarrow").types
    small = (types.is_int8, types.is_int16, types.is_uint8, types.is_uint16)
    floats = (types.is_float16, types.is_float32, types.is_boolean)
    return any(test(kind) for test in (*small, *floats))


def numbers(column: Any) -> np.ndarray:
    """An Arrow array, chunked or not, as a NumPy array of numbers, NaN where it is null.

    Nothing is copied where the column has one chunk of integers or floats, and no nulls. Raises
    `Rounded` where an integer would lose its last digits as float64.
    """
    arrow, arrays, row = load("pyarrow"), [], 0
    for chunk in getattr(column, "chunks", [column]):
        try:
            arrays.append(_numbers(arrow, chunk))
        except Rounded as error:
            raise Rounded(row + error.row, error.value) from None
        row += len(chunk)
    if not arrays:
        return np.empty(0)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


class Rounded(Exception):
    """An integer that float64 does not hold: in which row, and which."""

    def __init__(self, row: int, value: int) -> None:
        """Keeps both."""
        super().__init__(row, value)
        self.row, self.value = row, value


def arrays(columns: Iterable[Any]) -> list[np.ndarray]:
    """Some columns as `numbers`; raises `Fault` where an integer would lose its last digits."""
    result = []
    for place, column in enumerate(columns):
        try:
            result.append(numbers(column))
        except Rounded as error:
            raise Fault(error.row, place, error.value) from None
    return result


def _exact(arrow: Any, array: Any) -> None:
    """Raises `Rounded` at the first integer that float64 does not hold."""
    if arrow.types.is_decimal(array.type):
        if array.type.scale > 0 or array.type.precision < 16:
            return
        values = (value and int(value) for value in array.to_pylist())
        lost = (row for row, value in enumerate(values) if value and int(float(value)) != value)
        place = next(lost, None)
    else:
        values = array.fill_null(0).to_numpy(zero_copy_only=False)
        sizes = np.where(values < 0, ~values, values).view(np.uint64)
        if not sizes.size or sizes.max() < EXACT:
            return
        sizes = sizes + (values < 0).astype(np.uint64)
        lowest = sizes & (~sizes + np.uint64(1))  # the lowest bit that is set
        digits = sizes // np.maximum(lowest, np.uint64(1))
        place = next(iter(np.flatnonzero(digits >= EXACT).tolist()), None)
    if place is not None:
        raise Rounded(place, int(array[place].as_py()))


def _numbers(arrow: Any, array: Any) -> np.ndarray:
    types = arrow.types
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if types.is_decimal(array.type) or array.type in (arrow.int64(), arrow.uint64()):
        _exact(arrow, array)
    if array.null_count or types.is_decimal(array.type) or types.is_null(array.type):
        array = array.cast(arrow.float64(), safe=False).fill_null(np.nan)
    elif types.is_boolean(array.type):
        array = array.cast(arrow.uint8())
    return array.to_numpy(zero_copy_only=False)
