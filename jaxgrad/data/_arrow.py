"""pyarrow, imported only where it is used, and its columns as NumPy arrays."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxgrad import _extras


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

    Nothing is copied where the column has one chunk of integers or floats, and no nulls.
    """
    arrow = load("pyarrow")
    chunks = getattr(column, "chunks", [column])
    arrays = [_numbers(arrow, chunk) for chunk in chunks]
    if not arrays:
        return np.empty(0)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _numbers(arrow: Any, array: Any) -> np.ndarray:
    types = arrow.types
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.null_count or types.is_decimal(array.type) or types.is_null(array.type):
        array = array.cast(arrow.float64(), safe=False).fill_null(np.nan)
    elif types.is_boolean(array.type):
        array = array.cast(arrow.uint8())
    return array.to_numpy(zero_copy_only=False)
