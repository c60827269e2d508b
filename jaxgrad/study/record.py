"""PyTorch's answers, kept in the package: what the study compares with where PyTorch is absent."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .answer import Answer, from_json, to_json
from .case import Case

FOLDER = Path(__file__).parent / "recorded"


class Stale(ValueError):
    """A case was never recorded, or has changed since."""


def read(case: Case) -> tuple[Answer, str]:
    """The recorded answer of a case and the PyTorch version that gave it."""
    path = FOLDER / f"{case.family}.json"
    empty: dict[str, Any] = {"answers": {}}
    family = json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty
    entry = family["answers"].get(case.name)
    if entry is None or entry["digest"] != case.digest():
        change = "has no recorded answer" if entry is None else "changed since it was recorded"
        raise Stale(f"{case.family}: {case.name} {change}; run: jaxgrad study --record")
    return from_json(entry["answer"]), family["torch"]


def write(family: str, version: str, answers: Sequence[tuple[Case, Answer]]) -> Path:
    """Writes the answers of one family, given by one PyTorch version."""
    entries = (
        json.dumps({case.name: {"digest": case.digest(), "answer": to_json(answer)}})[1:-1]
        for case, answer in answers
    )  # one line for each answer, for the sake of diffs
    lines = ",\n  ".join(entries)
    path = FOLDER / f"{family}.json"
    path.write_text(
        f'{{\n "torch": {json.dumps(version)},\n "answers": {{\n  {lines}\n }}\n}}\n',
        encoding="utf-8",
    )
    return path
