"""Arrays over the bytes of a storage: PyTorch's dtypes, offsets and strides in NumPy."""

import math
import sys
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgrad.state_dict._mapped import Entry, Part

DTYPES = {
    **{name: np.dtype(name) for name in ("float64", "float32", "float16", "bool")},
    **{name: np.dtype(name) for name in ("int64", "int32", "int16", "int8")},
    **{name: np.dtype(name) for name in ("uint64", "uint32", "uint16", "uint8")},
    **{name: np.dtype(name) for name in ("complex128", "complex64")},
    "bfloat16": np.dtype(jnp.bfloat16),
    "float8_e4m3fn": np.dtype(jnp.float8_e4m3fn),
    "float8_e5m2": np.dtype(jnp.float8_e5m2),
    "float8_e4m3fnuz": np.dtype(jnp.float8_e4m3fnuz),
    "float8_e5m2fnuz": np.dtype(jnp.float8_e5m2fnuz),
    "float8_e8m0fnu": np.dtype(jnp.float8_e8m0fnu),
}
"""PyTorch's dtypes by the names of `torch.…`; those of 4 bits and fewer have none in NumPy."""

STORAGES = {
    **{"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16"},
    **{"LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16"},
    **{"CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool"},
    **{"BFloat16Storage": "bfloat16", "ComplexFloatStorage": "complex64"},
    "ComplexDoubleStorage": "complex128",
}
"""PyTorch's classes of storages and the dtype that each has; those of later dtypes are untyped."""


@dataclass(frozen=True)
class Storage:
    """The memory of one or several tensors.

    Attributes:
        part: where its bytes are.
        dtype: that of its elements; bytes where it is untyped.
        swapped: whether its bytes are in the order that this machine does not have.
    """

    part: Part
    dtype: np.dtype
    swapped: bool = False


def array(
    storage: Storage, offset: int, size: Any, stride: Any, entry: Entry, dtype: Any = None
) -> np.ndarray:
    """A read-only view of a storage, as `torch.Tensor.set_` makes one.

    Args:
        storage: the memory.
        offset: the first element's number within the storage.
        size: the shape.
        stride: for each axis the distance of neighbours, in elements; 0 repeats one element.
        entry: the tensor's name, or a function that tells it; for the error.
        dtype: that of the array; None is the storage's.

    Returns:
        the array, over a copy of the storage where its bytes have another order than this
        machine's.

    Raises:
        ValueError: a number is negative or no integer, or the last element is beyond the storage.
    """
    dtype = storage.dtype if dtype is None else dtype
    shape, stride = _sizes(storage, "sizes", size, entry), _sizes(storage, "strides", stride, entry)
    (offset,) = _sizes(storage, "an offset", (offset,), entry)
    if len(shape) != len(stride):
        raise storage.part.wrong("of one stride a size", f"{shape} and {stride}"[:100], entry=entry)
    if math.prod(shape) == 0:
        return frozen(_empty(storage, shape, dtype, entry))
    last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    if (last + 1) * dtype.itemsize > storage.part.size:
        held = f"within its storage of {storage.part.size // dtype.itemsize} elements"
        raise storage.part.wrong(held, f"element {last}", entry=entry)
    return frozen(_view(storage, offset, shape, stride, dtype, entry))


def _sizes(storage: Storage, what: str, values: Any, entry: Entry) -> tuple[int, ...]:
    """A tuple of integers that are at least 0."""
    if not isinstance(values, (tuple, list)) or any(type(one) is not int for one in values):
        raise storage.part.wrong(f"made of {what}", f"{type(values).__name__}", entry=entry)
    if any(not 0 <= one < 2**63 for one in values):
        raise storage.part.wrong(f"of {what} from 0 to 2**63", f"{values}"[:100], entry=entry)
    return tuple(values)


def _empty(storage: Storage, shape: tuple[int, ...], dtype: np.dtype, entry: Entry) -> np.ndarray:
    try:
        return np.empty(shape, dtype)
    except ValueError as error:
        got = f"{shape}"[:100]
        raise storage.part.wrong("of a shape that NumPy has", got, entry=entry) from error


def _view(
    storage: Storage, offset: int, shape: Any, stride: Any, dtype: np.dtype, entry: Entry
) -> np.ndarray:
    part, item = storage.part, dtype.itemsize
    buffer, start, steps = part.buffer, part.start, tuple(step * item for step in stride)
    if storage.swapped:
        whole = np.ndarray(part.size // item, dtype, buffer, start)
        buffer, start = swapped(whole).view(np.uint8), 0
    try:
        return np.ndarray(shape, dtype, buffer, start + offset * item, steps)
    except ValueError as error:
        got = f"{shape}"[:100]
        raise part.wrong("of a shape that NumPy has", got, entry=entry) from error


def swapped(view: np.ndarray) -> np.ndarray:
    """A copy with the bytes of each number in the other order."""
    unit = view.dtype.itemsize // (2 if view.dtype.kind == "c" else 1)
    whole = np.ascontiguousarray(view).reshape(-1)
    turned = whole.view(f"u{unit}").byteswap()
    return turned.view(view.dtype).reshape(view.shape)


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array in C order, in elements, as PyTorch counts them for sizes of 0."""
    return tuple(math.prod(max(n, 1) for n in shape[i + 1 :]) for i in range(len(shape)))


def raw(value: np.ndarray) -> memoryview:
    """The bytes of an array's elements in C order, the least significant byte of each first."""
    value = value if LITTLE else swapped(value)
    return np.ascontiguousarray(value).reshape(-1).view(np.uint8).data


def frozen(value: np.ndarray) -> np.ndarray:
    """The array, which refuses to be written to from now on."""
    value.setflags(write=False)
    return value


LITTLE = sys.byteorder == "little"
"""Whether this machine has the byte order of nearly all files."""
