"""Refusals before any work, and the words for them."""

import os
from collections.abc import Iterable
from pathlib import Path

from jaxgrad import _extras


class Refused(Exception):
    """The command cannot do what was asked; the text says why and what to do."""


def need(**wanted: Iterable[str]) -> None:
    """Refuses if a module is missing; `wanted` has the modules by the extra that brings them."""
    if lacking := _extras.lacking(**wanted):
        raise Refused(lacking)


def need_study() -> None:
    """Refuses if the extra `study` is not installed."""
    need(study=_extras.EXTRAS["study"])


def need_torch(remedy: str) -> None:
    """Refuses if PyTorch is not installed."""
    if not _extras.installed("torch"):
        raise Refused(f"PyTorch is not installed; {remedy}")


def need_folder(folder: Path) -> None:
    """Refuses a folder that cannot be written into."""
    if not os.access(folder, os.W_OK) or not folder.is_dir():
        raise Refused(f"cannot write into {folder}; name another folder with --out")
