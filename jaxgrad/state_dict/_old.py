"""The two formats before zip: pickles one after another (PyTorch 0.4 to 1.5), and tar before them.

In both the objects come as a pickle, and a storage as its number of elements in 8 bytes and then
its elements, least significant byte first.
"""

import re
import struct
from typing import Any

import numpy as np

from jaxgrad.state_dict import _globals, _tree, _unpickle
from jaxgrad.state_dict._archive import storage_of
from jaxgrad.state_dict._arrays import LITTLE, Storage, array
from jaxgrad.state_dict._globals import Name
from jaxgrad.state_dict._mapped import Entry, Part

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


class Stream:
    """A piece of a file as what a pickle is read from, and numbers after it."""

    def __init__(self, part: Part):
        self.part, self.place = part, 0

    def tell(self) -> int:
        """The place in the piece."""
        return self.place

    def read(self, count: int) -> bytes:
        """The next bytes; fewer where the piece ends."""
        count = max(0, min(count, self.part.size - self.place))
        start = self.part.start + self.place
        self.place += count
        return bytes(self.part.buffer[start : start + count])

    def readline(self) -> bytes:
        """The next bytes up to a line's end, at most 64 KiB: such lines are numbers and names."""
        start = self.part.start + self.place
        longest = min(2**16, self.part.size - self.place)
        found = self.part.buffer.find(b"\n", start, start + longest)
        return self.read(found + 1 - start if found >= 0 else longest)

    def numbers(self, entry: str, kind: str, count: int) -> tuple[int, ...]:
        """The next integers, of the kind "i" or "q"."""
        form = struct.Struct(f"<{count}{kind}")
        data = self.part.within(entry, self.place, form.size).bytes()
        self.place += form.size
        return form.unpack(data)

    def elements(self, entry: str, dtype: np.dtype, numel: int | None = None) -> Part:
        """The bytes of a storage; the number of its elements stands before them."""
        (told,) = self.numbers(entry, "q", 1)
        if numel is not None and told != numel:
            raise self.part.wrong(f"a storage of {numel} elements", told, _unpickle.WHOLE, entry)
        part = self.part.within(entry, self.place, told * dtype.itemsize)
        self.place += part.size
        return part


def load(part: Part) -> Any:
    """The object of a file of pickles one after another.

    Where the storages are is known only after the objects that name them, so that these are read
    twice.

    Args:
        part: the whole file.

    Raises:
        ValueError: the file is broken, or holds what is not read here.
    """
    stream = Stream(part)
    magic = _simple(part, stream)
    if magic != MAGIC_NUMBER or _simple(part, stream) != PROTOCOL:
        got = f"the magic number {magic}" if type(magic) is int else "no magic number"
        remedy = "pickle.load reads a plain pickle; do that with a file that you trust alone"
        raise part.wrong("a file of torch.save", got, remedy)
    _simple(part, stream)  # about the machine that wrote it
    start, found = stream.place, _Storages(part)
    _unpickle.read(part, stream, found.seen)
    keys = _simple(part, stream)
    is_list = isinstance(keys, list) and all(isinstance(key, (str, int)) for key in keys)
    if not is_list or {*map(str, keys)} != {*found.kinds}:
        raise part.wrong("told its storages behind the objects", "others", _unpickle.WHOLE)
    for key in map(str, keys):
        found.places[key] = stream.elements(f"storage {key}", *found.kinds[key])
    if stream.place != part.size:
        raise part.wrong("at its end", f"{part.size - stream.place} further bytes")
    stream.place = start
    value = _unpickle.read(part, stream, found.placed)
    return _tree.plain(part, value)


class _Storages:
    """The storages that persistent ids name, before and after their places are known.

    Attributes:
        kinds: the dtype and the number of elements of each.
        places: their bytes.
    """

    def __init__(self, part: Part):
        self.part = part
        self.kinds: dict[str, tuple[np.dtype, int]] = {}
        self.places: dict[str, Part] = {}

    def seen(self, name: Any, entry: Entry) -> Storage:
        """A storage of the right size in the wrong place, for the first reading."""
        kind, key, numel = storage_of(self.part, name, 6, entry)
        dtype = _dtype(self.part, kind, entry)
        if name[5] is not None:
            raise self.part.wrong("of whole storages", "a view of one", entry=entry)
        if self.kinds.setdefault(key, (dtype, numel)) != (dtype, numel):
            raise self.part.wrong("of storages of one size", f"two of {key!r:.40}", entry=entry)
        return Storage(self.part.within(f"storage {key}", 0, numel * dtype.itemsize), dtype)

    def placed(self, name: Any, entry: Entry) -> Storage:
        """The storage in its place."""
        _, key, _ = storage_of(self.part, name, 6, entry)
        return Storage(self.places[key], self.kinds[key][0], not LITTLE)


def _dtype(part: Part, kind: Any, entry: Entry) -> np.dtype:
    """The dtype of a class of storages, which must be one."""
    dtype = _globals.storage_dtype(kind.text) if isinstance(kind, Name) else None
    if dtype is None:
        got = f"{kind.text:.80}" if isinstance(kind, Name) else type(kind).__name__
        raise part.wrong("a class of storages", got, entry=entry)
    return dtype


def _simple(part: Part, stream: Stream) -> Any:
    """The next pickle, which names no storage."""

    def none(name: Any, entry: Entry) -> Any:
        raise part.wrong("without storages here", "a persistent id", entry=entry)

    return _unpickle.read(part, stream, none)


def load_tar(part: Part) -> Any:
    """The object of a tar archive, as PyTorch wrote it before its version 0.4.

    Args:
        part: the whole file.

    Raises:
        ValueError: the archive is broken, or holds what is not read here.
    """
    members = _members(part)
    storages = _tar_storages(Stream(members["storages"]))
    tensors = _tar_tensors(Stream(members["tensors"]), storages)
    pickle = members["pickle"]

    def stored(name: Any, entry: Entry) -> Any:
        key = _number(pickle, name, entry)
        if key not in tensors and key not in storages:
            raise pickle.wrong("made of its tensors", f"the number {key}", _unpickle.WHOLE, entry)
        return tensors[key] if key in tensors else storages[key]

    value = _unpickle.read(pickle, Stream(pickle), stored)
    return _tree.plain(pickle, value)


def _members(part: Part) -> dict[str, Part]:
    """The three files of the archive; directories, links and extended headers are left out."""
    found: dict[str, Part] = {}
    place = 0
    while place < part.size:
        header = part.within(f"header at {place}", place, BLOCK)
        name, size, kind = _told(header)
        if kind == b"end":
            break
        body = part.within(name, place + BLOCK, size)
        if kind in (b"0", b"\0"):
            if name in found:
                raise part.wrong("the only one of its name", "two of them", entry=name)
            found[name] = body
        place += BLOCK * (1 + -(-size // BLOCK))
    for name in ("storages", "tensors", "pickle"):
        if name not in found:
            got = f"an archive with {', '.join(list(found)[:5]) or 'nothing'}"
            raise part.wrong(f"an archive with the file {name!r}", got, _unpickle.WHOLE)
    return found


BLOCK = 512
"""The bytes of a tar header; contents are filled up to a multiple of it."""


def _told(header: Part) -> tuple[str, int, bytes]:
    """The name, the size and the kind of a member; the kind is b"end" behind the last one."""
    data = header.bytes()
    if not any(data):
        return "", 0, b"end"
    size, check = (data[i:j].strip(b" \0") for i, j in ((124, 136), (148, 156)))
    told = sum(data) - sum(data[148:156]) + 8 * ord(" ")
    octal = all(re.fullmatch(rb"[0-7]{1,11}", one) for one in (size, check))
    if not octal or int(check, 8) != told:
        raise header.wrong("a header of tar with its checksum", "another", _unpickle.WHOLE)
    name = data[:100].partition(b"\0")[0].decode("utf-8", "replace").removeprefix("./")
    return name, int(size, 8), data[156:157]


def _count(stream: Stream) -> int:
    """How many storages or tensors follow."""
    count = _simple(stream.part, stream)
    if type(count) is not int or count < 0:
        raise stream.part.wrong("a number of entries first", f"{type(count).__name__}")
    return count


def _number(part: Part, value: Any, entry: Entry = "") -> int:
    """A key of a tar archive: an address, as a number or as its digits."""
    if isinstance(value, tuple):
        raise part.wrong("made of storages", "a module", _globals.SAVE_THE_STATE, entry)
    if type(value) is not int and not (isinstance(value, str) and re.fullmatch(r"\d{1,20}", value)):
        raise part.wrong("named by a number", f"{type(value).__name__}", entry=entry)
    return int(value)


def _triple(stream: Stream) -> tuple[Any, Any, Any]:
    value = _simple(stream.part, stream)
    if not isinstance(value, tuple) or len(value) != 3:
        raise stream.part.wrong("a list of triples", f"{type(value).__name__}", _unpickle.WHOLE)
    return value


def _tar_storages(stream: Stream) -> dict[int, Storage]:
    """The storages by their numbers, and the views of storages, whose list comes after them."""
    part, found = stream.part, {}
    for _ in range(_count(stream)):
        key, _, kind = _triple(stream)
        key = _number(part, key)
        dtype = _dtype(part, kind, f"storage {key}")
        elements = stream.elements(f"storage {key}", dtype)
        found[key] = Storage(elements, dtype, not LITTLE)
    views = _simple(part, stream)
    if not isinstance(views, list) or any(type(v) is not tuple or len(v) != 4 for v in views):
        raise part.wrong("a list of views behind", f"{type(views).__name__}", _unpickle.WHOLE)
    for view in views:
        target, root, offset, numel = (_number(part, one) for one in view)
        whole = found.get(root)
        if whole is None:
            raise part.wrong("a view of its storages", f"one of {root}", _unpickle.WHOLE)
        item = whole.dtype.itemsize
        within = whole.part.within(f"view {target}", offset * item, numel * item)
        found[target] = Storage(within, whole.dtype, whole.swapped)
    return found


def _tar_tensors(stream: Stream, storages: dict[int, Storage]) -> dict[int, np.ndarray]:
    """The tensors by their numbers: dimensions, sizes, strides and offset of each."""
    found = {}
    for _ in range(_count(stream)):
        key, storage, _ = _triple(stream)
        key, entry = _number(stream.part, key), f"tensor {key}"
        storage = storages.get(_number(stream.part, storage))
        ndim, _ = stream.numbers(entry, "i", 2)
        if storage is None or not 0 <= ndim <= 64:
            got = "no storage" if storage is None else f"{ndim} dimensions"
            raise stream.part.wrong("a tensor over a storage", got, _unpickle.WHOLE, entry)
        size, stride = (stream.numbers(entry, "q", ndim) for _ in range(2))
        (offset,) = stream.numbers(entry, "q", 1)
        found[key] = array(storage, offset, size, stride, entry)
    return found
