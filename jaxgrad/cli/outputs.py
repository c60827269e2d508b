"""The files that a command will write, checked before any work."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .refusal import Refused


def check(outputs: Mapping[str, Path | None], inputs: Iterable[str | Path]) -> None:
    """Refuses a file that cannot be written, that is also read, or that two options write.

    Args:
        outputs: the files by their options; None for an option that is not given.
        inputs: the files that are read.
    """
    taken = {_place(path): f"{path}, which is read" for path in inputs}
    for option, path in outputs.items():
        if path is None:
            continue
        if reason := unwritable(path):
            raise Refused(f"{option} must be a file to write, got {path}: {reason}")
        place = _place(path)
        if place in taken and (path.is_file() or not path.exists()):
            raise Refused(f"{option} must be a file of its own, got {taken[place]}")
        taken[place] = f"{path}, which {option} writes too"


def check_folder(option: str, folder: Path | None) -> None:
    """Refuses a folder that cannot be made or written into."""
    if folder is None:
        return
    there = folder.expanduser().resolve()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise Refused(f"{option} must be a folder, got {folder}: {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Refused(f"{option} must be a folder to write into, got {folder}: no permission")


def unwritable(path: Path) -> str:
    """Why a file cannot be written; "" if it can. The path is left as it was."""
    try:
        if path.is_dir():
            return "Is a directory"
        if path.exists() and not path.is_file():  # a device or a pipe
            return "" if os.access(path, os.W_OK) else "Permission denied"
        new = not path.exists()
        path.open("ab").close()
        if new:
            path.unlink()
    except ValueError as error:  # no path at all
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _place(path: str | Path) -> str:
    return os.path.realpath(path)
