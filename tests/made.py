"""Rows that the tests of the study's site make up; PyTorch's answer is x + 1."""

from jaxgrad.study import measurement, run
from jaxgrad.study.case import Case, f32

PARTS = {"family": "made", "torch": "x + 1", "jax": "x + 1", "why": "Same."}


def measured(*changes):
    """One row for each set of changes to the case `x + 1`."""
    cases = [
        Case(**{"name": f"case {place}", "inputs": {"x": f32([1.0, 2.0])}, **PARTS, **change})
        for place, change in enumerate(changes)
    ]
    plain = Case(name="plain", inputs={"x": f32([1.0, 2.0])}, **PARTS)
    answered = run.run(plain, "jax"), "2.13.0"
    return [measurement.measure(case, lambda _: answered) for case in cases]
