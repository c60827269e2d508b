"""Ends the process at once, without leaving temporary folders or half-written files."""

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

PATIENCE = 5.0
"""How many seconds `end` waits for a block of `whole`."""

_lock = threading.RLock()
_folders: set[Path] = set()


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """A block that `end` does not interrupt: it waits for the block's end."""
    with _lock:
        yield


def folder(prefix: str, parent: Path | None) -> Path:
    """A new temporary folder, which `end` removes."""
    with _lock:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        _folders.add(made)
    return made


def remove(made: Path) -> None:
    """Removes a folder that `folder` made, and its contents."""
    shutil.rmtree(made, ignore_errors=True)
    _folders.discard(made)


def end(status: int) -> NoReturn:
    """Removes the temporary folders and ends the process, even while other threads run.

    The interpreter is not shut down in order: threads of JAX, pyarrow and orbax would lose what
    they use, and crash.
    """
    _lock.acquire(timeout=PATIENCE)
    for made in tuple(_folders):
        shutil.rmtree(made, ignore_errors=True)
    os._exit(status)
