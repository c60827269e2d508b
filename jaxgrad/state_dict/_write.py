"""Zip archives for `torch.load`: a pickle of data, written here, and its storages.

Nothing here needs PyTorch's classes: a pickle only mentions them by name.
"""

import struct
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from jaxgrad.state_dict._arrays import DTYPES, STORAGES, contiguous, raw

TOP = "archive"
ALIGNMENT = 64
"""Each storage begins at a multiple of this, as in PyTorch's own archives."""

_STORAGE_OF = {DTYPES[dtype]: storage for storage, dtype in STORAGES.items()}
_NAME_OF = {dtype: name for name, dtype in DTYPES.items()}
_HEADER = 30
"""The bytes of a local header of zip before its name."""


class Pickler:
    """Writes a tree as a pickle of protocol 2, and collects its arrays.

    Attributes:
        written: the pickle so far.
        arrays: the arrays, in the order of their keys "0", "1", ….
        wrong: makes the error for an entry that cannot be written.
    """

    def __init__(self, wrong: Callable[[str, str, object], Exception]):
        self.written = bytearray(b"\x80\x02")
        self.arrays: list[np.ndarray] = []
        self.keys: dict[int, int] = {}
        self.wrong = wrong

    def write(self, value: Any, entry: str = "") -> None:
        """Appends one value: a container, a number, text, None or an array."""
        if type(value) is dict:
            self._dict(value, entry)
        elif type(value) is list:
            self._several(b"](", value, b"e", entry)
        elif type(value) is tuple:
            self._several(b"(", value, b"t", entry)
        elif isinstance(value, np.ndarray):
            self._array(value)
        else:
            self._scalar(value, entry)

    def _several(self, begin: bytes, values: Any, end: bytes, entry: str) -> None:
        self.written += begin
        for i, value in enumerate(values):
            self.write(value, f"{entry}.{i}".lstrip("."))
        self.written += end

    def _dict(self, value: dict[Any, Any], entry: str) -> None:
        self.written += b"}("
        for key, inner in value.items():
            if type(key) not in (str, int):
                raise self.wrong(entry, "a dict with keys of text or integers", f"{key!r:.60}")
            self._scalar(key, entry)
            self.write(inner, f"{entry}.{key}".lstrip("."))
        self.written += b"u"

    def _scalar(self, value: Any, entry: str) -> None:
        if value is None or value is True or value is False:
            self.written += {None: b"N", True: b"\x88", False: b"\x89"}[value]
        elif type(value) is int:
            if value.bit_length() >= 8 * 255:
                raise self.wrong(entry, "an integer of up to 255 bytes", "a larger one")
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.written += b"\x8a" + bytes([len(data)]) + data
        elif type(value) is float:
            self.written += b"G" + struct.pack(">d", value)
        elif type(value) is complex:
            self._global("__builtin__", "complex")
            self._several(b"(", (value.real, value.imag), b"tR", entry)
        elif type(value) is str:
            data = value.encode("utf-8", "surrogatepass")
            self.written += b"X" + struct.pack("<I", len(data)) + data
        elif type(value) is bytes:
            self._global("_codecs", "encode")
            self._several(b"(", (value.decode("latin-1"), "latin1"), b"tR", entry)
        elif isinstance(value, np.dtype) and value in _NAME_OF:
            self._global("torch", _NAME_OF[value])
        else:
            expected = "a dict, list, tuple, array, number, text or None"
            raise self.wrong(entry, expected, type(value).__name__)

    def _global(self, module: str, name: str) -> None:
        self.written += f"c{module}\n{name}\n".encode()

    def _array(self, value: np.ndarray) -> None:
        """A call of `_rebuild_tensor_v2`, or of `_v3` where the dtype has no class of storages."""
        storage = _STORAGE_OF.get(value.dtype)
        key = self.keys.setdefault(id(value), len(self.arrays))
        if key == len(self.arrays):
            self.arrays.append(value)
        self._global("torch._utils", "_rebuild_tensor_v2" if storage else "_rebuild_tensor_v3")
        self.written += b"(("
        self._scalar("storage", "")
        self._global(*(("torch", storage) if storage else ("torch.storage", "UntypedStorage")))
        for one in (str(key), "cpu", value.size if storage else value.nbytes):
            self._scalar(one, "")
        self.written += b"tQ"
        for one in (0, value.shape, contiguous(value.shape), False):
            self.write(one)
        self._global("collections", "OrderedDict")
        self.written += b")R"
        if not storage:
            self._global("torch", _NAME_OF[value.dtype])
        self.written += b"tR"


def archive(file: BinaryIO, tree: Any, wrong: Callable[[str, str, object], Exception]) -> None:
    """Writes a tree with arrays of NumPy as `torch.save` does.

    Args:
        file: where to, which can be sought.
        tree: dicts, lists and tuples of arrays, numbers, text and None.
        wrong: (entry, expected, got) -> the error for what cannot be written.
    """
    pickler = Pickler(wrong)
    pickler.write(tree)
    records = [("data.pkl", bytes(pickler.written) + b"."), ("byteorder", b"little")]
    records += [(f"data/{i}", raw(value)) for i, value in enumerate(pickler.arrays)]
    records += [("version", b"3\n")]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        for name, data in records:
            info = zipfile.ZipInfo(f"{TOP}/{name}")
            info.file_size = len(data)
            info.extra = _padding(file.tell(), info)
            with target.open(info, "w") as entry:
                entry.write(data)


def _padding(place: int, info: zipfile.ZipInfo) -> bytes:
    """An extra field of the length that brings the data behind it to a multiple of `ALIGNMENT`."""
    large = 20 * (info.file_size * 1.05 > zipfile.ZIP64_LIMIT)  # the field that zipfile adds
    start = place + _HEADER + len(info.filename) + large + 4
    return struct.pack("<2sH", b"FB", -start % ALIGNMENT) + b"Z" * (-start % ALIGNMENT)
