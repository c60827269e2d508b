"""What is refused before any work, and the words for it."""

import os
from collections.abc import Iterable
from pathlib import Path

from jaxgrad import _extras


class Refused(Exception):
    """What was asked for cannot be done here; the text says why and what to do."""


def need(**wanted: Iterable[str]) -> None:
    """Refuses where a module is missing; `wanted` has the modules by the extra of each."""
    if lacking := _extras.lacking(**wanted):
        raise Refused(lacking)


def need_study() -> None:
    """Refuses where the extra `study` is not installed."""
    need(study=_extras.EXTRAS["study"])


def need_torch(remedy: str) -> None:
    """Refuses where PyTorch is not installed."""
    if not _extras.installed("torch"):
        raise Refused(f"PyTorch is not installed; {remedy}")


def need_folder(folder: Path) -> None:
    """Refuses a folder that cannot be written into."""
    if not os.access(folder, os.W_OK) or not folder.is_dir():
        raise Refused(f"cannot write into {folder}; name another folder with --out")
