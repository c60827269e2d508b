"""Zip archives: what `torch.save` has written since PyTorch 1.6, and TorchScript's.

The entries are stored as they are, so that arrays are views of the mapped file. A compressed entry
is read into memory.
"""

import struct
import sys
import zipfile
import zlib
from typing import Any

import numpy as np

from jaxgrad.state_dict import _globals, _tree, _unpickle
from jaxgrad.state_dict._arrays import Storage
from jaxgrad.state_dict._globals import Name
from jaxgrad.state_dict._mapped import Entry, Part

MAGIC = b"PK\x03\x04"
_HEADER = struct.Struct("<4s5H3I2H")
"""A local header of zip: the file's name and an extra field follow, then the data."""
LARGEST, RATIO = 2**26, 100
"""Compressed entries may become this many bytes together, or that many times the file's size."""


def load(part: Part) -> Any:
    """The object of an archive: dicts, lists, numbers and arrays.

    Args:
        part: the whole file.

    Raises:
        ValueError: the archive is broken, or holds what is not read here.
    """
    archive = Archive(part)
    pickle = archive.entry("data.pkl")
    script = "constants.pkl" in archive.names
    if script and archive.has("constants/") and not archive.has("data/"):
        got = "a frozen one, whose weights are constants without names"
        raise part.wrong("a module with its parameters", got, "save it before torch.jit.freeze")
    value = _unpickle.read(pickle, archive.bytes("data.pkl"), archive.stored, script)
    return _tree.plain(pickle, value)


class Archive:
    """The entries of a zip archive, by their names without the first folder.

    Attributes:
        part: the whole file.
        names: where each entry is, as its central directory has it.
        swapped: whether the numbers have the byte order that this machine does not have.
    """

    def __init__(self, part: Part):
        self.part = part
        self.names = _directory(part)
        self.storages: dict[str, Part] = {}
        self.unpacked = 0
        order = self.bytes("byteorder") if "byteorder" in self.names else b"little"
        if order not in (b"little", b"big"):
            got = f"{order!r:.40}"
            raise part.wrong("b'little' or b'big'", got, entry="byteorder")
        self.swapped = order != sys.byteorder.encode()

    def has(self, folder: str) -> bool:
        """Whether there is an entry in a folder."""
        return any(name.startswith(folder) for name in self.names)

    def entry(self, name: str, asked: Entry = "") -> Part:
        """The bytes of an entry, decompressed if it is compressed; `asked` is what needs it."""
        if name not in self.names:
            found = ", ".join(list(self.names)[:5])
            got = f"an archive with {found}" if found else "an empty archive"
            raise self.part.wrong(
                f"an archive with the entry {name!r:.80}", got, _unpickle.WHOLE, asked
            )
        info = self.names[name]
        packed = self.part.within(name, _start(self.part, name, info), info.compress_size)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            self.unpacked += info.file_size
            if self.unpacked > max(LARGEST, RATIO * self.part.size):
                got = f"{packed.size} bytes that become {info.file_size}"
                raise packed.wrong("no bomb", got, "pack it again without compression")
            return _inflated(packed, info)
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            got = f"compression {info.compress_type}, {info.compress_size} for {info.file_size}"
            raise packed.wrong("stored or deflated", got, "pack it again without compression")
        return packed

    def bytes(self, name: str) -> bytes:
        """A copy of the bytes of an entry, with its checksum checked."""
        data = self.entry(name).bytes()
        if zlib.crc32(data) != self.names[name].CRC:
            raise self.part.wrong("of its checksum", "other bytes", _unpickle.WHOLE, name)
        return data

    def stored(self, name: Any, entry: Entry) -> Storage:
        """The storage of a persistent id: ("storage", class, key, device, number of elements)."""
        kind, key, numel = storage_of(self.part, name, 5, entry)
        found = self.storages.get(key) or self.entry(f"data/{key}", entry)
        self.storages[key] = found
        dtype = _globals.storage_dtype(kind.text)
        if dtype is None or numel * dtype.itemsize > found.size:
            got = f"{found.size} bytes for {numel} elements of {kind.text}"
            raise found.wrong("as large as its storage", got, _unpickle.WHOLE, entry)
        return Storage(found, dtype, self.swapped)


def storage_of(part: Part, name: Any, length: int, entry: Entry) -> tuple[Name, str, int]:
    """The class, the key and the number of elements that a persistent id names."""
    first = name[0] if isinstance(name, tuple) and name and isinstance(name[0], str) else ""
    if first == "storage" and len(name) == length:
        _, kind, key, _, numel, *_ = name
        named = isinstance(kind, Name) and isinstance(key, (str, int))
        if named and type(numel) is int and 0 <= numel < 2**63:
            return kind, str(key), numel
    is_module = first == "module"
    got = "a module with its source" if is_module else "another persistent id"
    raise part.wrong("made of storages", got, _globals.SAVE_THE_STATE if is_module else "", entry)


def _directory(part: Part) -> dict[str, zipfile.ZipInfo]:
    """The entries of the central directory; two of a name are refused."""
    try:
        with zipfile.ZipFile(part.path) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise part.wrong("a whole zip archive", f"{error}"[:200], _unpickle.WHOLE) from error
    names: dict[str, zipfile.ZipInfo] = {}
    top = found[0].filename.partition("/")[0] + "/" if found else ""
    for info in found:
        name = info.filename.removeprefix(top)
        if name in names:
            raise part.wrong("the only one of its name", "two of them", entry=name)
        names[name] = info
    return names


def _start(part: Part, name: str, info: zipfile.ZipInfo) -> int:
    """The first byte of an entry's data, behind its local header, which must name it too."""
    header = part.within(name, info.header_offset, _HEADER.size).bytes()
    magic, _, flags, *_, length, extra = _HEADER.unpack(header)
    if magic != MAGIC or flags & 1:
        got = "an encrypted one" if magic == MAGIC else f"{magic!r}"
        raise part.wrong("an entry with its header", got, _unpickle.WHOLE, name)
    start = info.header_offset + _HEADER.size
    written = part.within(name, start, length).bytes()
    if written != info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437"):
        raise part.wrong("named so in its header too", f"{written!r:.80}", entry=name)
    return start + length + extra


def _inflated(packed: Part, info: zipfile.ZipInfo) -> Part:
    """A decompressed copy of an entry, of the size that the directory tells and no more."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(packed.bytes(), info.file_size + 1)
    except zlib.error as error:
        raise packed.wrong("whole", f"{error}", _unpickle.WHOLE) from error
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise packed.wrong("of its size and checksum", "other bytes", _unpickle.WHOLE)
    return Part(packed.path, packed.entry, np.frombuffer(data, np.uint8).data, 0, len(data))
