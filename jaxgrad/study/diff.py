"""Two studies -> what changed from one to the other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from .answer import from_json
from .comparison import compare
from .measurement import Row

Kind = Literal["new", "vanished", "changed", "answer", "added", "removed"]
"""new: a side agreed with PyTorch and no longer does. vanished: the reverse. changed: a side
differs in another way. answer: PyTorch's own answer changed. added, removed: a row is in one study
only."""

SIDES = {"jax": "plain JAX", "jaxgrad": "jaxgrad", "remedy": "the remedy"}


class Change(NamedTuple):
    """One thing that changed in one row."""

    kind: Kind
    family: str
    name: str
    text: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.kind}: {self.family}: {self.name}: {self.text}"


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What changed between two studies as JSON, in the order of the rows."""
    old, new = _by_name(before), _by_name(after)
    changes = [
        Change("removed", *name, "only in the first study") for name in old if name not in new
    ]
    for name, row in new.items():
        if name not in old:
            changes.append(Change("added", *name, "only in the second study"))
        else:
            changes += _of_row(name, old[name], row)
    return changes


def drift(rows: Sequence[Row]) -> list[Change]:
    """The changes since verdicts were declared and answers recorded."""
    return [change for row in rows for change in _of_measured(row)]


def _of_measured(row: Row) -> Iterator[Change]:
    name = row.case.family, row.case.name
    if row.drift:
        yield Change("answer", *name, row.drift)
    for title, declared, comparison in (
        ("plain JAX", row.case.verdict_jax, row.versus_jax),
        ("jaxgrad", row.case.verdict_jaxgrad, row.versus_jaxgrad),
        ("the remedy", "same", row.versus_remedy),
    ):
        if comparison is not None and comparison.verdict != declared:
            yield _change(name, title, declared, comparison.verdict)


def _of_row(
    name: tuple[str, str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    answers = [from_json(row["torch"]["answer"]) for row in (before, after)]
    change = compare(*answers, x64=True)
    if change.verdict != "same":
        detail = f" ({change.detail})" if change.detail else ""
        yield Change("answer", *name, f"PyTorch's answer has another {change.verdict}{detail}")
    for side, title in SIDES.items():
        verdicts = [row.get(side, {}).get("verdict") for row in (before, after)]
        if verdicts[0] != verdicts[1]:
            yield _change(name, title, *verdicts)


def _change(name: tuple[str, str], title: str, before: str | None, after: str | None) -> Change:
    if before == "same":
        kind: Kind = "new"
    else:
        kind = "vanished" if after == "same" else "changed"
    was, now = (verdict or "nothing offered" for verdict in (before, after))
    return Change(kind, *name, f"{title}: {was} -> {now}")


def _by_name(document: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    return {(row["family"], row["name"]): row for row in document["rows"]}
