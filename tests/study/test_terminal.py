"""What the command prints: within 80 columns, a line for each case that differs, counts of all."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from jaxgrad.study import measurement, report, terminal
from jaxgrad.study.answer import Answer
from jaxgrad.study.case import VERDICTS, Case, f32
from jaxgrad.study.cases import CASES
from jaxgrad.study.comparison import Comparison

LONG = "a name of many words that goes on and on until no line of the table can hold all of it"


def measured(**changes):
    parts = {"family": "made", "name": "x + 1", "torch": "x + 1", "jax": "x + 1", "why": "Same."}
    case = Case(**{**parts, "inputs": {"x": f32([1.0, 2.0])}, **changes})
    row = measurement.measure(case, lambda _: (Answer(f32([2.0, 3.0])), "2.13.0"))
    return row


ROWS = [
    measured(),
    measured(name="mended", jax="x", jaxgrad="x + 1", verdict_jax="value"),
    measured(name=LONG, jax="x.nonsense", jaxgrad="x + 1", verdict_jax="error"),
    measured(family="other", name="offers nothing", jax="x[:1]", verdict_jax="shape"),
    measured(family="other", name="broken", jax="x"),
]


def printed(done, width=80):
    console = Console(file=io.StringIO(), width=width)
    terminal.show(done, [], console)
    return console.file.getvalue()


def table(text):
    return text[: text.index(terminal.LEGEND[-1])].splitlines() + [terminal.LEGEND[-1]]


def test_a_line_for_each_row_that_differs_and_counts_of_all():
    lines = table(printed(ROWS))
    assert lines[2].split() == ["made", "3", "1", "2", "of", "2"]
    assert lines[4].split()[:3] == ["all", "5", "1"]
    told = [line.split() for line in lines[5:] if line.startswith("  ")]
    assert told[0] == ["mended", "value", "same"]
    assert told[-2:] == [["offers", "nothing", "shape", "–"], ["broken", "value!", "–"]]
    assert "  x + 1" not in printed(ROWS), "what agrees is counted, not told"
    assert "other: broken: plain JAX: declared same, measured value" in printed(ROWS)


def test_a_long_name_is_told_whole_and_its_verdicts_once():
    words = " ".join(" ".join(table(printed(ROWS))).split())
    assert f"{LONG} raises same" in words


@pytest.mark.parametrize("width", [20, 80, 200])
def test_lines_keep_to_their_columns(width):
    limit = min(terminal.WIDE, max(80, width))
    assert max(map(len, table(printed(ROWS, width)))) <= limit


def test_no_case_is_wider_than_80_columns_or_a_word_a_line():
    for case in CASES:
        for verdict in VERDICTS:
            found = Comparison(verdict, raises=len(case.name) % 2 == 0)
            row = SimpleNamespace(
                case=case, versus_jax=found, versus_jaxgrad=found, problems=(), family=case.family
            )
            lines = [line.plain for line in terminal.differences([row], 80)]
            assert not lines or max(map(len, lines)) <= 80
            assert len(lines) <= 2 + 2 + len(terminal.LEGEND), "at most two lines for a name"


def test_counts_of_any_size_keep_to_80_columns(monkeypatch):
    large = report.Tally(*range(9990, 9999))
    monkeypatch.setattr(terminal, "tally", lambda rows: large)
    assert max(len(line.plain) for line in terminal.counts(ROWS)) <= 80


def test_what_holds_and_agrees_is_counts_alone():
    text = printed(ROWS[:1])
    assert "what differs" not in text and "Every declared verdict held" in text
