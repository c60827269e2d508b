"""Files written whole or not at all."""

import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from jaxgrad._ending import whole


def check_picture(option: str, path: Path) -> None:
    """Refuses a name whose ending is no format of matplotlib, which would add another ending."""
    canvas = importlib.import_module("matplotlib.backend_bases").FigureCanvasBase
    endings = [f".{name}" for name in sorted(canvas.get_supported_filetypes())]
    if path.suffix.lower() not in endings:
        raise ValueError(f"{option} must end in one of {' '.join(endings)}, got {path}")


def write_all(contents: Mapping[Path, Callable[[], bytes]]) -> tuple[list[Path], list[str]]:
    """Writes each file; the paths that were written, and a line for each that could not be."""
    done, failed = [], []
    for path, content in contents.items():
        try:
            write(path, content())
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            failed.append(f"cannot write {path}: {reason}")
        else:
            done.append(path)
    return done, failed


def write(path: Path, content: bytes) -> None:
    """Writes beside the path and renames: the path never holds part of a file."""
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # a device or a pipe
        path.write_bytes(content)
        return
    beside = path.with_name(f".jaxgrad-{os.getpid()}.part")
    with whole():
        try:
            beside.write_bytes(content)
            if path.exists():
                beside.chmod(path.stat().st_mode)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
