"""Output that cannot be printed does not end the work: not by its characters, nor a closed pipe."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


class Lost(Exception):
    """Output cannot be written, for instance on a full disk; the text says so."""


class Lasting:
    """A text stream that survives its reader, such as `head`, which goes after ten lines.

    The rest of the output is dropped, and the command ends with the status it would have had.
    """

    def __init__(self, stream: Any, name: str) -> None:
        """`name` is what an error calls the stream."""
        self._stream, self._name = stream, name

    def __getattr__(self, attribute: str) -> Any:
        """Every other attribute is the stream's."""
        return getattr(self._stream, attribute)

    def write(self, text: str) -> int:
        """Writes the text, replacing what the encoding does not have."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Writes what is in the buffer."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise Lost(f"cannot write to the {self._name}: {error.strerror}") from error


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Makes standard output and error `Lasting`; a closed one drops what it is given."""
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        nowhere = None if all(before) else stack.enter_context(open(os.devnull, "w"))
        streams: list[Any] = [stream or nowhere for stream in before]
        for stream in streams:
            if hasattr(stream, "reconfigure") and stream.errors == "strict":
                stream.reconfigure(errors="replace")
                stack.callback(stream.reconfigure, errors="strict")
        sys.stdout = Lasting(streams[0], "standard output")
        sys.stderr = Lasting(streams[1], "standard error")
        try:
            yield
        finally:
            used = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = before
            for stream in used:
                stream.flush()
