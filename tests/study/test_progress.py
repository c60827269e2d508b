"""How far the study is, told on a terminal and where there is none."""

import io
import itertools
import time

from rich.console import Console

from jaxgrad.study import progress


class Log(io.StringIO):
    """A log that knows what was flushed into it."""

    flushed = 0

    def flush(self):
        self.flushed = len(self.getvalue())


def lines(count, **options):
    console = Console(file=Log(), **options)
    seen = []
    for each in progress.progress(iter(range(count)), "measuring", count, console):
        seen.append(each)
        assert console.file.flushed == len(console.file.getvalue())
    assert seen == list(range(count))
    return console.file.getvalue().splitlines()


def test_a_line_for_each_tenth_where_there_is_no_terminal():
    told = lines(117)
    assert told[0] == "measuring: 0 of 117" and told[-1].startswith("measuring: 117 of 117, ")
    assert len(told) == 1 + progress.TENTHS
    assert [line.split(",")[0] for line in lines(3)] == [
        f"measuring: {n} of 3" for n in range(4)
    ]  # fmt: skip
    assert lines(0) == ["measuring: 0 of 0"]


def test_no_long_silence(monkeypatch):
    clock = itertools.count(step=7.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    told = lines(1000)
    assert 1000 / 2 <= len(told) < 1000, "every second case takes more than ten seconds"
    assert "measuring: 2 of 1000, 14 s" in told


def test_a_bar_on_a_terminal():
    drawn = "\n".join(lines(5, force_terminal=True, width=80))
    assert "5/5" in drawn and "measuring" in drawn and "5 of 5" not in drawn
