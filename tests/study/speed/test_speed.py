"""`jaxgrad speed`, on works small enough for a test; nothing is said about how long they take."""

import argparse
import dataclasses
import json
import xml.etree.ElementTree as ElementTree

import pytest

from jaxgrad import cli
from jaxgrad.study.speed import command, limits, machine, rounds, sizes, table, timing
from jaxgrad.study.speed.works import WORKS, Work

RUNS = {"torch": (4.0, 6.0), "jax": (2.0, 1.0), "jaxgrad": (2.0, 2.0)}


def snippet(body):
    return f"import numpy as np\ndef work():\n    {body}\n\nwork"


def tiny(**code):
    return Work(family="tiny", name="nothing", times="fit.fit", code=code, reads=1000)


def options(tmp_path, **changed):
    given = {"out": tmp_path, "rounds": 1, "limit": 60.0, "sizes": False}
    return argparse.Namespace(**given | changed)


def result(**changed):
    cells = {
        name: rounds.Cell(tuple(rounds.Run(0.5, warm, 10**6, "cpu") for warm in warms))
        for name, warms in RUNS.items()
    }
    return table.Result(tiny(**dict.fromkeys(RUNS, "")), cells | changed)


def document(results, read=None):
    known = {"read": {"rate": read, "unit": "GB/s", "ways": {}}} if read else {}
    return command.document(2, known, results, [])


@pytest.fixture
def without_torch(monkeypatch):
    there = machine.installed
    monkeypatch.setattr(machine, "installed", lambda name: name != "torch" and there(name))


def test_the_command_works_without_pytorch(tmp_path, without_torch, monkeypatch, capsys):
    monkeypatch.setattr(limits, "limits", lambda: ())
    arguments = ["--only", "three points", "--rounds", "1", "--out", str(tmp_path)]
    assert cli.main(["speed", *arguments]) == 0
    assert "– (PyTorch is not installed)" in capsys.readouterr().out
    told = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    (work,) = told["works"]
    assert work["times"] == "autograd.backward" and told["machine"]["versions"]["torch"] is None
    assert told["machine"]["cores"] >= 1 and told["devices"] == {"JAX": "cpu"}
    assert work["competitors"]["torch"] == {"absent": "PyTorch is not installed"}
    assert work["torch_over_jaxgrad"] is None and work["jaxgrad_over_jax"] > 0
    assert work["competitors"]["jaxgrad"]["warm_s"] > 0
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "| the loop over three points, 30 steps (`autograd.backward`) | – | – |" in text
    assert "–: PyTorch eager: PyTorch is not installed; torch.compile: PyTorch is" in text


@pytest.mark.nightly
def test_an_error_and_a_timeout_are_cells_and_the_exit_status(tmp_path, capsys):
    work = tiny(
        **{
            "numpy": snippet("return np.ones(3)"),
            "numpy, bad": snippet("return np.ones(3) @ np.ones(4)"),
            "numpy, slow": snippet("import time; time.sleep(60)"),
            "numpy, killed": snippet("import os; os._exit(3)"),
        }
    )
    assert command.speed(options(tmp_path, limit=5.0), [work], ()) == 1
    cells = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["works"][0]
    cells = cells["competitors"]
    assert cells["numpy"]["warm_s"] > 0
    assert cells["numpy, bad"]["error"].startswith("ValueError: matmul: ")
    assert cells["numpy, slow"] == {"error": "took longer than 5 seconds"}
    assert cells["numpy, killed"] == {"error": "ended with exit code 3"}
    assert "took longer than 5 seconds" in (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "ValueError: matmul" in capsys.readouterr().out


def test_a_competitor_that_failed_is_not_asked_again():
    work = tiny(**{"numpy": snippet("raise ValueError('no')")})
    asked = []
    cells = rounds.measured(work, 3, 60.0, lambda: asked.append(1))
    assert cells["numpy"] == rounds.Cell(error="ValueError: no") and len(asked) == 3


@pytest.mark.nightly
def test_limits_are_measured(tmp_path, capsys):
    ways = limits.limits(elements=16_000, side=64)
    assert command.speed(options(tmp_path), [], ways) == 0
    known = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["limits"]
    assert {name: limit["unit"] for name, limit in known.items()} == {
        "read": "GB/s",
        "copy": "GB/s",
        "matmul": "GFLOP/s",
    }
    for limit in known.values():
        assert limit["rate"] == max(limit["ways"].values()) > 0
    assert "jax, product" in known["read"]["ways"] and "numpy" in known["copy"]["ways"]
    assert "the machine's limit, read: " in capsys.readouterr().out


def test_numpy_is_no_limit_of_an_accelerator(tmp_path, monkeypatch):
    run = {"jax": rounds.Run(1.0, 1.0, None, "a GPU"), "numpy": rounds.Run(1.0, 0.1, None, "cpu")}
    monkeypatch.setattr(rounds, "ask", lambda library, code, limit: run[library])
    assert command.speed(options(tmp_path), [], limits.limits(elements=10**9)) == 0
    known = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["limits"]
    assert known["read"] == {
        "rate": 4.0,
        "unit": "GB/s",
        "ways": {"jax, sum": 4.0, "jax, product": 4.0},
    }


def test_small_calls_are_timed_one_by_one(tmp_path):
    code = """
import numpy as np
forgotten = []

def forget():
    forgotten.append(1)

def add(count):
    assert forgotten
    for _ in range(count):
        np.add(1, 2)

work = {"add": add, "add again": add}

work"""
    work = Work(
        family="tiny",
        name="calls",
        times="fit.fit",
        code={"numpy": code},
        calls=("add", "add again"),
    )
    assert command.speed(options(tmp_path), [work], ()) == 0
    (told,) = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["works"]
    times = [told["calls"][name]["warm_s"]["numpy"] for name in work.calls]
    assert all(0 < seconds < 0.01 for seconds in times)
    assert told["competitors"]["numpy"]["warm_s"] == pytest.approx(sum(times))


class TestTable:
    def test_a_line_for_each_small_call(self):
        def cell(*calls):
            runs = [rounds.Run(1.0, 1.0, None, "cpu", {"add": call}) for call in calls]
            return rounds.Cell(tuple(runs))

        work = Work(family="tiny", name="eager", times="fit.fit", code={"jax": "", "jaxgrad": ""})
        work = dataclasses.replace(work, calls=("add",))
        cells = {"jax": cell((0.1, 1e-5), (0.1, 2e-5)), "jaxgrad": cell((0.2, 2e-5), (0.2, 2e-5))}
        results = [table.Result(work, cells)]
        text = table.markdown(document(results), results)
        assert "| add | 15.0 | 20.0 | 1.50x | 100, 200 | 2.00x |" in text

    def test_ratios_are_medians_over_the_rounds(self):
        (work,) = document([result()], read=2.0)["works"]
        assert work["torch_over_jaxgrad"] == 2.5 and work["jaxgrad_over_jax"] == 1.5

    def test_the_numbers_of_a_cell(self):
        (work,) = document([result()], read=2.0)["works"]
        assert work["competitors"]["torch"] == {
            "warm_s": 5.0,
            "warm_spread_s": (4.0, 6.0),
            "warm_rounds_s": [4.0, 6.0],
            "first_s": 0.5,
            "peak_bytes": 10**6,
            "device": "cpu",
            "of_read_limit": 1e-7,
        }

    def test_markdown(self):
        text = table.markdown(document([result()], read=2e-6), [result()])
        row = (
            "| nothing (`fit.fit`) | 5,000 (4,000 to 6,000) | – | 1,500 (1,000 to 2,000) "
            "| 2,000 (2,000 to 2,000) | 2.50x | 1.50x | 500, –, 500, 500 | 1, –, 1, 1 |"
        )
        assert row in text and "read 2e-06 GB/s" in text and "PyTorch on cpu; JAX on cpu" in text
        assert "share of the read limit: PyTorch eager 10%, plain JAX 33%, jaxgrad 25%." in text

    def test_more_competitors_are_more_columns(self):
        cells = {"torch, fused": rounds.Cell((rounds.Run(1.0, 0.001, None, "cpu"),))}
        text = table.markdown(document([]), [result(**cells), result()])
        assert "| jaxgrad | PyTorch, fused |" in text and "| 1.00 |" in text

    def test_a_failure_has_no_ratio_and_no_bar(self):
        failed = result(jaxgrad=rounds.Cell(error="TypeError: a | b"))
        text = table.markdown(document([failed]), [failed])
        assert "TypeError: a \\| b | – | – |" in text and failed.failures()

    @pytest.mark.parametrize(
        ("value", "told"), [(0.02123, "0.0212"), (5.0, "5.00"), (52.12, "52.1"), (14009, "14,009")]
    )
    def test_digits(self, value, told):
        assert table.digits(value) == told


class TestMachine:
    def test_torch_compile_needs_a_compiler(self, monkeypatch):
        monkeypatch.setattr(machine, "installed", lambda name: True)
        monkeypatch.setattr(machine, "compiler", lambda: None)
        assert machine.missing("torch.compile") == "no C++ compiler"
        assert machine.missing("torch") == "" and machine.missing("jaxgrad") == ""

    def test_description(self):
        described = machine.describe()
        assert described["processor"] and described["versions"]["jax"]
        assert json.loads(json.dumps(described)) == described

    @pytest.mark.parametrize(
        ("competitor", "library"),
        [
            ("torch", "torch"),
            ("torch.compile", "torch"),
            ("torch, fused", "torch"),
            ("jax, philox", "jax"),
            ("jaxgrad", "jax"),
            ("numpy", "numpy"),
        ],
    )
    def test_each_process_loads_one_library(self, competitor, library):
        assert rounds.library(competitor) == library


def test_a_process_of_pytorch_does_not_load_jax():
    code = snippet("import sys; assert not {'jax', 'jaxgrad'} & set(sys.modules)")
    assert isinstance(rounds.ask("numpy", code, 60.0), rounds.Run)


def test_peak_memory_counts_what_was_freed():
    held = "np.ones(20_000_000).sum()"
    run = rounds.ask("numpy", snippet(f"return {held}"), 60.0)
    assert isinstance(run, rounds.Run) and run.device == "cpu"
    assert run.peak is None or run.peak > 100_000_000


def test_the_first_call_and_the_second_are_no_warm_ones(monkeypatch):
    ticks = iter(range(0, 1000, 3))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))
    waited = []
    assert timing.timed(lambda: None, lambda: waited.append(1)) == (3, 3)
    assert len(waited) == 4


class TestSizes:
    @pytest.mark.parametrize(
        ("memory", "most"),
        [(None, 10**7), (10**12, 10**8), (8 * 10**9, 10**7), (1000, 100)],
    )
    def test_the_largest_size_is_bounded_by_memory(self, memory, most):
        assert sizes.largest(memory) == most

    def test_works(self):
        works = sizes.works(10_000)
        assert {work.elements for work in works} == {100, 1000, 10_000}
        assert len({work.family for work in works}) == 4

    def test_the_picture_has_a_line_for_each_competitor(self):
        cells = result().cells
        drawn = [table.Result(work, cells) for work in sizes.works(1000)]
        svg = sizes.picture(drawn)
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg") and "prefers-color-scheme:dark" in svg
        letters = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
        assert {"PyTorch eager", "plain JAX", "jaxgrad", "sum", "elements"} <= letters

    def test_the_command_draws_them(self, tmp_path, monkeypatch):
        run = rounds.Run(1.0, 1.0, 10, "cpu")
        monkeypatch.setattr(rounds, "ask", lambda library, code, limit: run)
        monkeypatch.setattr(machine, "memory", lambda: 0)
        assert command.speed(options(tmp_path, sizes=True), [], ()) == 0
        drawn = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["sizes"]
        assert [work["elements"] for work in drawn] == [100] * 4
        assert (tmp_path / "speed.svg").read_text(encoding="utf-8").startswith("<svg")


class TestRefusals:
    def test_an_unknown_work(self, capsys):
        assert cli.main(["speed", "--only", "nonsense"]) == 2
        assert "no work is called 'nonsense'; there are\n  fit: the loop" in capsys.readouterr().err

    def test_a_folder_that_cannot_be_written(self, tmp_path, capsys):
        assert cli.main(["speed", "--out", str(tmp_path / "missing")]) == 2
        assert "cannot write into" in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--rounds=0", "--limit=0"])
    def test_numbers_out_of_range(self, option, capsys):
        assert cli.main(["speed", option]) == 2
        assert "--rounds and --limit must be above 0" in capsys.readouterr().err


def test_works_of_every_kind():
    families = {work.family for work in WORKS}
    assert families >= {"fit", "sampling", "initial weights", "losses", "activations", "optim"}
    assert {work.times for work in WORKS} >= {"fit.fit", "autograd.hvp", "autograd.backward"}
