"""What is printed never ends the work: unknown characters are replaced, a closed pipe is let go."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


class Lost(Exception):
    """What is printed cannot be written, on a full disk for instance; the text says so."""


class Lasting:
    """A text stream that goes on where its reader has gone, as `head` does after ten lines.

    What is left to print then goes nowhere, and the command ends as it would have ended.
    """

    def __init__(self, stream: Any, name: str) -> None:
        """`name` is what an error calls the stream."""
        self._stream, self._name = stream, name

    def __getattr__(self, attribute: str) -> Any:
        """All else is the stream's."""
        return getattr(self._stream, attribute)

    def write(self, text: str) -> int:
        """Writes the text, replacing what the encoding does not have."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Writes what is waiting."""
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
    """Standard output and error as `Lasting` streams; a closed one is one to nowhere."""
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
