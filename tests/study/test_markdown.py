"""The study as Markdown, which GitHub must be able to show."""

import re

from jaxgrad.study import markdown, measurement, run
from jaxgrad.study.case import Case, f32


def measured(**changes):
    parts = {"family": "made", "name": "x + 1", "torch": "x + 1", "jax": "x + 1", "why": "Same."}
    case = Case(**{**parts, "inputs": {"x": f32([1.0, 2.0])}, **changes})
    return measurement.measure(
        case, lambda _: (run.run(Case(**parts | {"inputs": case.inputs}), "jax"), "2.13.0")
    )


ROWS = [
    measured(),
    measured(name="a | b < c", jax="x - 1", verdict_jax="value", remedy="y = x\ny + 1"),
    measured(family="other", name="offered", jax="x * 3", verdict_jax="value", jaxgrad="x + 1"),
]


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_every_family_has_a_line():
    lines = markdown.overview(ROWS).splitlines()[2:]
    assert [cells(line) for line in lines] == [
        ["made", "2", "1", "–", "0", "0"],
        ["other", "1", "0", "1 of 1", "0", "0"],
        ["all", "3", "1", "1 of 1", "0", "0"],
    ]
    assert len(markdown.overview(ROWS[:1]).splitlines()) == 3  # one family: no sum


def test_rows_that_differ_are_told_whole():
    text = markdown.document(ROWS)
    assert "## made: where a side differs" in text and "x + 1 |" not in text.split("## made")[0]
    (line,) = [line for line in text.splitlines() if line.startswith("| a ")]
    assert cells(line) == [
        r"a \| b \< c", "`x + 1`", "`x - 1` another value", "… `y + 1` same", "Same.",
    ]  # fmt: skip
    assert "Every declared verdict held" in text and "PyTorch 2.13.0" in text
