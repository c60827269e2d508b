"""How a process ends at once: no temporary folder stays behind, no file is left half in place."""

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

PATIENCE = 5.0
"""Seconds that an end waits for what is to be whole."""

_lock = threading.RLock()
_folders: set[Path] = set()


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """What is done within is done whole: `end` waits for it."""
    with _lock:
        yield


def folder(prefix: str, parent: Path | None) -> Path:
    """A new temporary folder, of which `end` knows."""
    with _lock:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        _folders.add(made)
    return made


def remove(made: Path) -> None:
    """Removes such a folder and what is in it."""
    shutil.rmtree(made, ignore_errors=True)
    _folders.discard(made)


def end(status: int) -> NoReturn:
    """Removes the temporary folders and ends the process, whatever its threads are at.

    The interpreter is not taken down in order: JAX's, pyarrow's and orbax's threads would find
    their ground gone, and crash.
    """
    _lock.acquire(timeout=PATIENCE)
    for made in tuple(_folders):
        shutil.rmtree(made, ignore_errors=True)
    os._exit(status)
