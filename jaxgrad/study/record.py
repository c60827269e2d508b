"""PyTorch's recorded answers: the study compares with them if PyTorch is not installed."""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .answer import Answer, from_json, to_json
from .case import Case
from .schema import Malformed, checked

FOLDER = Path(__file__).parent / "recorded"


class Stale(ValueError):
    """A case was never recorded, or changed after it was."""


def read(case: Case) -> tuple[Answer, str]:
    """The recorded answer of a case and the PyTorch version that gave it.

    Raises:
        Stale: it was never recorded, or the case changed after it was.
        Malformed: the file or the answer in it does not follow the schema.
    """
    path = FOLDER / f"{case.family}.json"
    version, answers = _family(path, path.stat().st_mtime_ns) if path.exists() else ("", {})
    entry = answers.get(case.name)
    where = f"{case.family}: {case.name}"
    if entry is not None:
        checked(entry, "entry", f"{path.name}: {case.name}")
    if entry is None or entry["digest"] != case.digest():
        change = "has no recorded answer" if entry is None else "changed since it was recorded"
        raise Stale(f"{where} {change}; run: jaxgrad study --record")
    try:
        return from_json(entry["answer"]), version
    except (ValueError, TypeError) as error:
        raise Malformed(f"{path.name}: {case.name}: {error}") from None


@functools.lru_cache(maxsize=64)
def _family(path: Path, changed: int) -> tuple[str, dict[str, Any]]:
    """The answers in a family's file, which is read again if it has changed."""
    try:
        family = json.loads(path.read_text(encoding="utf-8"))
        return str(family["torch"]), dict(family["answers"])
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed(f"{path.name} is not a file of recorded answers: {error!r}") from None


def write(family: str, version: str, answers: Sequence[tuple[Case, Answer]]) -> Path:
    """Writes the answers of one family, given by one PyTorch version."""
    entries = (
        json.dumps({case.name: {"digest": case.digest(), "answer": to_json(answer)}})[1:-1]
        for case, answer in answers
    )  # one line for each answer, so that diffs are readable
    lines = ",\n  ".join(entries)
    path = FOLDER / f"{family}.json"
    path.write_text(
        f'{{\n "torch": {json.dumps(version)},\n "answers": {{\n  {lines}\n }}\n}}\n',
        encoding="utf-8",
    )
    return path
