"""How PyTorch numbers the parameters of an optimizer, and where each of them is in our states."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .._checks import Checks

Names = Sequence[str | None]


class Place(NamedTuple):
    """Where a parameter is: the number of its state, and that of the leaf among the state's own."""

    state: int
    leaf: int


def numbered(
    check: Checks, argument: str, groups: Any, names: Any, ours: list[Names]
) -> dict[int, Place]:
    """Where PyTorch's parameters are, by their numbers and in the order of its groups.

    A parameter that has a name is where the name is. Otherwise PyTorch's order is ours: state by
    state, and in each as its leaves are.

    Args:
        check: the checks of the function.
        argument: what the groups are called there.
        groups: PyTorch's `param_groups`, which may be missing.
        names: the names of PyTorch's parameters in that order; None for those of the groups.
        ours: for each state the names of its leaves; None where the state does not know it.
    """
    own = [Place(i, j) for i, leaves in enumerate(ours) for j in range(len(leaves))]
    numbers = _numbers(check, argument, groups, len(own)) if groups else range(len(own))
    of_name = {ours[i][j]: Place(i, j) for i, j in own if ours[i][j] is not None}
    theirs = [name for group in groups or () for name in group.get("param_names", ())]
    if names is not None:
        own = _by_name(check, "names", _strings(check, names), own, of_name)
    elif not of_name.keys().isdisjoint(theirs):
        own = _by_name(check, argument, theirs, own, of_name)
    elif groups and len(ours) > 1:
        _check_sizes(check, argument, groups, ours)
    found = dict(zip(numbers, own, strict=True))
    parts = [group["params"] for group in groups] if groups else in_groups(found)
    if names is not None and len(parts) > 1 and len(ours) > 1:
        _check_names(check, found, parts)
    return found


def in_groups(places: dict[int, Place]) -> list[list[int]]:
    """The numbers of each state's parameters, in PyTorch's order of the groups."""
    found: dict[int, list[int]] = {}
    for number, place in places.items():
        found.setdefault(place.state, []).append(number)
    return list(found.values())


def _numbers(check: Checks, argument: str, groups: Any, count: int) -> list[int]:
    """The numbers that PyTorch gives to its `count` parameters, in the order of the groups."""
    if not isinstance(groups, (list, tuple)) or not all(
        isinstance(group, dict) and isinstance(group.get("params"), (list, tuple))
        for group in groups
    ):
        got = f"{type(groups).__name__} {groups!r:.60}"
        raise TypeError(check.wrong(argument, "groups with their params", got))
    found = [check.integer(argument, number, 0) for group in groups for number in group["params"]]
    if len(found) != count or len(set(found)) != count:
        got = f"of {len(found)}: {_listed(found)}"
        raise ValueError(check.wrong(argument, f"of {count} parameters", got))
    return found


def _check_sizes(check: Checks, argument: str, groups: Any, ours: list[Names]) -> None:
    sizes = [len(leaves) for leaves in ours if leaves]
    theirs = [len(group["params"]) for group in groups if group["params"]]
    if theirs != sizes:
        remedy = "if PyTorch's groups have another order, give names="
        expected = f"of groups of {_listed(sizes)} parameters"
        raise ValueError(check.wrong(argument, expected, _listed(theirs), remedy))


def _check_names(check: Checks, places: dict[int, Place], parts: list[list[int]]) -> None:
    """Refuse names that are in the order of a module's parameters, and not group by group."""
    chained = [number for numbers in parts for number in numbers]
    mixed = any(len({places[number].state for number in numbers}) > 1 for numbers in parts)
    if mixed or chained != list(places):
        remedy = "PyTorch numbers the parameters in the order of its groups"
        raise ValueError(check.wrong("names", "group by group", "names of mixed groups", remedy))


def _strings(check: Checks, names: Any) -> list[str]:
    listed = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    if isinstance(names, str) or not all(isinstance(name, str) for name in listed):
        got = f"{type(names).__name__} {names!r:.60}"
        raise TypeError(check.wrong("names", "a list of strings", got))
    return listed


def _by_name(
    check: Checks, argument: str, names: list[str], own: list[Place], of_name: dict[Any, Place]
) -> list[Place]:
    """The places of the names; those that no state knows are of leaves without a state."""
    missing, others = set(of_name) - set(names), [name for name in names if name not in of_name]
    unknown = [place for place in own if place not in set(of_name.values())]
    if missing or len(others) != len(unknown) or len(set(names)) != len(names):
        got = f"{len(names)} names"
        got += f", without {_listed(sorted(missing))}" if missing else ""
        got += f", with {_listed(others)}" if others else ""
        expected = f"the names of the {len(own)} parameters, each once"
        raise ValueError(check.wrong(argument, expected, got))
    rest = iter(unknown)
    return [of_name[name] if name in of_name else next(rest) for name in names]


def _listed(items: Sequence[Any]) -> str:
    more = len(items) - 3
    return ", ".join(map(str, items[:3])) + (f" and {more} more" if more > 0 else "")
