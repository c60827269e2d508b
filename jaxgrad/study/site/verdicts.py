"""Measured rows -> one verdict from a closed list, for a case and for a PyTorch name."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ..measurement import Row

VERDICTS = {
    "falls short": "jaxgrad does not give what PyTorch gives.",
    "refused": "PyTorch accepts a mistake. jaxgrad raises an error.",
    "right where PyTorch is not": "PyTorch's answer is wrong, is an error or is left open. "
    "jaxgrad gives the right one.",
    "not offered": "jaxgrad has no such function, and plain JAX does not give the same in every "
    "case, or no case asks.",
    "same with jaxgrad": "Plain JAX differs. jaxgrad gives what PyTorch gives.",
    "same": "Plain JAX gives what PyTorch gives.",
}
"""Each verdict with its meaning. A name with several has the first of them."""

RULE = (
    "A case is one question that was put to PyTorch, to plain JAX and to jaxgrad. "
    "Where jaxgrad offers the function, the cases count in which jaxgrad's code calls it. "
    "Where jaxgrad does not offer it, all cases count that mention it: the name is “same” if "
    "plain JAX agrees in each of them, and “not offered” otherwise. "
    "If the cases of a name have several verdicts, the name has the one that stands first here. "
    "Functions that PyTorch does not have are called jaxgrad’s own; they have a verdict if a case "
    "calls them."
)
"""How several cases become one verdict, as the page says it."""

DIFFERENCES = {"right": "right where PyTorch is not", "refuses": "refused", "limit": "falls short"}
"""The verdict of each declared difference, see `Case.difference`."""


def of_case(row: Row) -> str:
    """The verdict of one case."""
    ours = row.versus_jaxgrad
    if ours is None:
        return "same" if row.versus_jax.verdict == "same" else "not offered"
    if ours.verdict != "same":
        return DIFFERENCES.get(row.case.difference, "falls short")
    return "same" if row.versus_jax.verdict == "same" else "same with jaxgrad"


def of_name(counted: Sequence[Row], *, offered: bool) -> str:
    """The verdict of a name; empty if jaxgrad offers it and no case was measured.

    Args:
        counted: the cases that decide it, see `RULE`.
        offered: whether jaxgrad offers a function of that name.
    """
    if not offered:
        agrees = counted and all(row.versus_jax.verdict == "same" for row in counted)
        return "same" if agrees else "not offered"
    found = {of_case(row) for row in counted}
    return next((verdict for verdict in VERDICTS if verdict in found), "")


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many cases have each verdict, in the order of the list."""
    found = Counter(of_case(row) for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}
