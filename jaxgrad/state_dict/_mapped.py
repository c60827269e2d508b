"""A file that is mapped into memory, parts of it, and how what is wrong with it is worded."""

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from jaxgrad import _checks

Entry = str | Callable[[], str]
"""The name of an entry of a file, or a function that tells it: it is asked only for an error."""


def path_of(function: str, value: Any) -> Path:
    """`value` as a path: text, or an object that stands for a path."""
    if not isinstance(value, (str, os.PathLike)) or isinstance(os.fspath(value), bytes):
        got = f"{type(value).__name__} {value!r:.60}"
        raise TypeError(_checks.of(function).wrong("path", "a path", got))
    text = os.fspath(value)
    if "\0" in text:
        raise ValueError(_checks.of(function).wrong("path", "a path", repr(text)))
    return Path(text)


class Part(NamedTuple):
    """A piece of a file, under the name of its entry.

    Attributes:
        path: the file.
        entry: what the file calls the piece; "" is the whole file.
        buffer: what holds the bytes: the mapped file, or a decompressed copy.
        start: the piece's first byte in `buffer`.
        size: how many bytes it has.
    """

    path: Path
    entry: str
    buffer: Any
    start: int
    size: int

    def wrong(self, expected: str, got: object, remedy: str = "", entry: Entry = "") -> ValueError:
        """The error that names the file, its entry, what was expected and what came."""
        name = (entry if isinstance(entry, str) else entry()) or self.entry
        where = f"{self.path}" + (f", entry {name!r:.200}," if name else "")
        return ValueError(_checks.of("load").wrong(where, expected, got, remedy))

    def within(self, entry: str, start: int, size: int) -> "Part":
        """A piece of this piece; the error says which entry ends beyond it."""
        part = Part(self.path, entry, self.buffer, self.start + start, size)
        if start < 0 or size < 0 or start + size > self.size:
            got = f"bytes {start} to {start + size} of {self.size}"
            raise part.wrong("within the file", got, "it may be truncated: fetch it again")
        return part

    def bytes(self) -> bytes:
        """A copy of the bytes."""
        return bytes(self.buffer[self.start : self.start + self.size])


def opened(path: Path) -> Part:
    """The whole file, mapped into memory: nothing of it is read yet."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except (OSError, ValueError) as error:
        reason = f"{path}: {getattr(error, 'strerror', None) or error}"
        raise ValueError(_checks.of("load").wrong("path", "a readable file", reason)) from error
    return Part(path, "", buffer, 0, size)
