"""PyTorch's names, each with what jaxgrad offers for it, its cases and its verdict."""

import functools
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jaxgrad

from ..measurement import Row
from ..mentions import functions
from . import verdicts

_LISTED = Path(__file__).with_name("torch_names.txt")
_SOURCE = re.compile(
    r"docs\.pytorch\.org/[\w./]*?(?:generated/(torch[\w.]+?)\.html(?!#)|#(torch[\w.]+\w))"
)
_BY_RULE = {
    "torch": ("tensor", "functional"),
    "torch.linalg": ("tensor", "functional"),
    "torch.special": ("tensor", "functional"),
    "torch.nn.functional": ("functional",),
}
"""The rooms that have the functions of a PyTorch module under the same names."""
_AGAIN = ("init", "replay")
"""The rooms that repeat a sampler's name, for initial weights or for PyTorch's seeds."""
_ALONE = ("autograd", "fit", "graph")
"""The rooms whose functions a case may call without naming the room."""


class Offer(NamedTuple):
    """A public name of jaxgrad, such as `jaxgrad.functional.relu`."""

    room: str
    name: str
    value: Any

    @property
    def path(self) -> str:
        """The full name."""
        return f"jaxgrad.{self.room}.{self.name}"


@dataclass(frozen=True)
class Entry:
    """A line of the index.

    Attributes:
        name: PyTorch's name, or jaxgrad's if PyTorch has none.
        offers: what jaxgrad offers for it.
        rows: the cases about it.
        counted: the cases that decide its verdict.
        verdict: one of `verdicts.VERDICTS`; empty if jaxgrad offers it and no case was measured.
    """

    name: str
    offers: tuple[Offer, ...]
    rows: tuple[Row, ...]
    counted: tuple[Row, ...]
    verdict: str

    @property
    def torch(self) -> bool:
        """Whether the name is PyTorch's."""
        return self.name.startswith("torch.")


def listed() -> list[str]:
    """The names of PyTorch 2.13 in the index, with those that jaxgrad does not offer."""
    return _LISTED.read_text(encoding="utf-8").split()


def offered() -> Iterator[Offer]:
    """Every public function and class of jaxgrad's rooms; the rooms of `_AGAIN` come last."""
    for room in sorted(jaxgrad.__all__, key=lambda room: (room in _AGAIN, room)):
        module = getattr(jaxgrad, room)
        if not inspect.ismodule(module):
            continue
        for name in getattr(module, "__all__", None) or dir(module):
            value = getattr(module, name)
            if not name.startswith("_") and callable(value) and not inspect.ismodule(value):
                yield Offer(room, name, value)


def sources(offer: Offer) -> list[str]:
    """The PyTorch names whose pages the docstring gives as its source."""
    source = re.search(r"^Source:(.*?)(?:\n\n|\Z)", inspect.getdoc(offer.value) or "", re.M | re.S)
    named = (one or other for one, other in _SOURCE.findall(source[1])) if source else ()
    # PyTorch's pages are of torch.autograd.gradcheck.gradcheck and …gradcheck.gradgradcheck.
    return [re.sub(r"\.gradcheck\.(?=grad)", ".", name) for name in named]


def about(row: Row, known: set[str]) -> list[str]:
    """The PyTorch names that a case is about; a method by its function's name if there is one."""
    plain = (_function(name, known) for name in functions(row.case))
    return list(dict.fromkeys(plain))


def _function(name: str, known: set[str]) -> str:
    function = name.replace("torch.Tensor.", "torch.")
    return function if function in known else name


def entries(rows: Sequence[Row]) -> list[Entry]:
    """The index in alphabetical order, jaxgrad's own names last."""
    everything = list(offered())
    of_name: dict[str, list[Offer]] = {name: [] for name in listed()}
    alone = []
    known = set(of_name)
    for offer in everything:
        named = sources(offer)
        alone += [] if named else [offer]
        for name in named:
            of_name.setdefault(_function(name, known), []).append(offer)
    cases: dict[str, list[Row]] = {}
    known = set(of_name)
    for row in rows:
        for name in about(row, known):
            cases.setdefault(name, []).append(row)
    by_room = {(offer.room, offer.name): offer for offer in everything}
    for name in {**of_name, **cases}:
        module, _, last = name.rpartition(".")
        found = [by_room.get((room, last)) for room in _BY_RULE.get(module, ())]
        of_name[name] = list(dict.fromkeys([*of_name.get(name, ()), *filter(None, found)]))
    for name, offers in of_name.items():
        offers.sort(key=lambda offer: offer.name != name.rpartition(".")[2])  # the namesake first
    made = [
        _entry(name, offers, _about(name, offers, cases, rows)) for name, offers in of_name.items()
    ]
    made += [_entry(offer.path, [offer], _calling(offer, rows)) for offer in alone]
    return sorted(made, key=lambda entry: (not entry.torch, entry.name.lower(), entry.name))


def _about(
    name: str, offers: Sequence[Offer], cases: Mapping[str, list[Row]], rows: Sequence[Row]
) -> list[Row]:
    """The cases about a name, and if none of them calls what is offered, those that do."""
    found = cases.get(name) or (_alike(name, cases) if offers else [])
    if offers and not any(_calls(row, offers) for row in found):
        return [*found, *(row for row in rows if _calls(row, offers) and row not in found)]
    return found


def _alike(name: str, cases: Mapping[str, list[Row]]) -> list[Row]:
    """The cases of the function under another name, as torch.special.exp2 is torch.exp2."""
    last = name.rpartition(".")[2]
    heads = _BY_RULE if name.rpartition(".")[0] in _BY_RULE else ()
    return [row for head in heads for row in cases.get(f"{head}.{last}", [])]


def _calling(offer: Offer, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if _calls(row, [offer])]


def _calls(row: Row, offers: Sequence[Offer]) -> bool:
    """Whether jaxgrad's code in a case names one of the offers."""
    return any(_named(offer).search(row.case.jaxgrad) for offer in offers)


@functools.cache
def _named(offer: Offer) -> re.Pattern[str]:
    """Finds `F.relu`, `jaxgrad.optim.sgd`, `S.step_lr`; for some rooms also `backward(…)` alone."""
    rooms = rf"(?<![\w.])(?:(?:jaxgrad\.)?{offer.room}|[A-Z])\.{offer.name}\b"
    alone = rf"|(?<![\w.]){offer.name}\(" if offer.room in _ALONE else ""
    return re.compile(rooms + alone)


def _entry(name: str, offers: Sequence[Offer], rows: Sequence[Row]) -> Entry:
    counted = [row for row in rows if _calls(row, offers)] if offers else rows
    verdict = verdicts.of_name(counted, offered=bool(offers))
    return Entry(name, tuple(offers), tuple(rows), tuple(counted), verdict)
