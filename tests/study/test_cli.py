"""The command as a user runs it, in processes of its own: no hostile settings there."""

import importlib
import json
import os
import pathlib
import platform
import subprocess
import sys

import pytest

from jaxgrad import _extras, cli
from jaxgrad.study.cases import CASES


def jaxgrad(*arguments, **environment):
    command = [sys.executable, "-m", "jaxgrad.study", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_declared_verdicts_hold(tmp_path):
    result = jaxgrad("--only", "model", "--only", "backward", "--out", str(tmp_path))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    document = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    assert document["held"] and {row["family"] for row in document["rows"]} == {"model", "backward"}
    assert "Every declared verdict held" in result.stdout


def test_one_row_is_shown_whole():
    result = jaxgrad("show", "clamp", "both")
    assert result.returncode == 0, result.stderr
    told = (
        "kinks: clamp both bounds",
        "torch.clamp(x, -1.0, 1.0)",
        "another gradient",
        "jaxgrad: same",
    )
    assert all(words in result.stdout for words in told)
    assert "no row is called" in jaxgrad("show", "nothing like it").stderr


def test_rows_that_many_match_are_listed():
    result = jaxgrad("show", "conv")
    assert result.returncode == 0, result.stderr
    matching = [case for case in CASES if "conv" in case.anchor() or "conv" in case.name.lower()]
    lines = result.stdout.splitlines()
    assert lines[:-1:2] == [case.anchor() for case in matching]
    assert lines[-1].startswith(f"{len(matching)} rows match 'conv'")


def test_big_arrays_are_shortened():
    result = jaxgrad("show", "layers-conv2d-in-groups")
    assert result.returncode == 0, result.stderr
    assert "gradient of w: f32[4, 2, 3, 3]" in result.stdout
    told = [line for line in result.stdout.splitlines() if "f32[" in line]
    assert told and all(line.count(",") < 14 for line in told)


@pytest.mark.slow  # .ci/run asks the installed PyTorch the same
def test_every_declared_verdict_holds(tmp_path):
    site = tmp_path / "site"
    result = jaxgrad("--all", "--out", str(tmp_path), "--site", str(site))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    document = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    assert document["held"] and len(document["rows"]) == len(CASES)
    if sys.platform == "linux":  # where memory is told in units of 1024 bytes
        resource = importlib.import_module("resource")
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1.5e9 / 1024
    assert "Every declared verdict held" in result.stdout
    guides = pathlib.Path(__file__).parents[2] / "jaxgrad" / "study" / "guides"
    guide = (guides / "70_study.md").read_text(encoding="utf-8")
    assert document["summary"] in " ".join(guide.split()), "the guide tells another result"
    html = (tmp_path / "study.html").read_text(encoding="utf-8")
    assert html.count("<details id=") == len(CASES)
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 10e6


@pytest.mark.nightly
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flag is for x86-64 processors")
def test_the_loop_is_exact_without_contraction(tmp_path):
    result = jaxgrad("--exact", "--only", "loop", "--out", str(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr
    document = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    assert document["exact"]
    gradients, losses, *_ = document["rows"]
    for row in (gradients, losses):
        assert row["jaxgrad"]["identical"] == row["jaxgrad"]["elements"] == 30
        assert row["jaxgrad"]["ulps"] == 0


@pytest.mark.torch
@pytest.mark.slow  # .ci/run runs the command itself
def test_every_declared_verdict_holds_live(tmp_path):
    result = jaxgrad("--live", "--all", "--out", str(tmp_path))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def test_an_unknown_family_is_refused():
    result = jaxgrad("--only", "nonsense")
    assert result.returncode == 2 and "choose from" in result.stderr


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, folder, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["study", "--out", str(tmp_path / folder)]) == 2
    assert "cannot write into" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--live", "--record"])
def test_live_needs_pytorch(option, monkeypatch, capsys):
    monkeypatch.setattr(_extras, "installed", lambda name: name != "torch")
    assert cli.main(["study", option]) == 2
    assert "PyTorch is not installed" in capsys.readouterr().err


def test_the_extra_is_named_where_it_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(_extras, "installed", lambda name: name != "rich")
    assert cli.main(["study"]) == 2
    assert "needs rich; run: pip install 'jaxgrad[study]'" in capsys.readouterr().err


def test_exact_needs_an_x86_processor(monkeypatch, capsys):
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    assert cli.main(["study", "--exact"]) == 2
    assert "--exact needs an x86-64 processor, not arm64" in capsys.readouterr().err


def with_cases(chosen, *arguments):
    """The command with these cases only."""
    code = f"""
import dataclasses, sys
from jaxgrad import cli
from jaxgrad.study import cases
cases.CASES = ({chosen},)
sys.exit(cli.main(["study", *{arguments!r}]))
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_notebooks_cases_come_first_and_the_rest_is_named(tmp_path):
    three = "cases.CASES[0], *[case for case in cases.CASES if not case.source][:2]"
    for arguments, number in (((), 1), (("--all",), 3)):
        result = with_cases(three, *arguments, "--out", str(tmp_path))
        assert result.returncode == 0, result.stdout + result.stderr
        document = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
        assert len(document["rows"]) == number
        last = result.stdout.splitlines()[-1]
        assert last.endswith("all 3: jaxgrad study --all") == (number == 1)
        first = result.stderr.splitlines()[0]
        assert first == f"measuring: 0 of {number}"
    table = result.stdout[: result.stdout.index("3 cases. jaxgrad offers")].splitlines()
    assert max(map(len, table)) <= 80
    assert {path.name for path in tmp_path.iterdir()} == {"study.html", "study.md", "study.json"}


def test_a_site_is_written_too(tmp_path):
    folder = tmp_path / "site"
    result = with_cases("cases.CASES[0]", "--out", str(tmp_path), "--site", str(folder))
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{folder / 'index.html'}" in result.stdout
    pages = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    assert {"index.html", "names.html", "cases.html", "guides/porting.html"} <= pages
    assert "f/torch.nn.functional.relu.html" in pages


def test_a_site_where_a_file_is_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["study", "--out", str(tmp_path), "--site", str(tmp_path / "file")]) == 2
    assert "--site must be a folder" in capsys.readouterr().err


def test_the_exact_study_is_asked_the_same(monkeypatch):
    asked = []

    def run(command, **_):
        asked.extend(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    assert cli.main(["study", "--exact", "--all", "--jobs", "1"]) == 0
    assert asked[2:] == ["jaxgrad", "study", "--exact", "--all", "--jobs", "1"]


@pytest.mark.nightly
def test_a_broken_verdict_is_the_exit_status(tmp_path):
    broken = 'dataclasses.replace(cases.CASES[3], verdict_jax="value")'
    result = with_cases(broken, "--out", str(tmp_path))
    assert result.returncode == 1
    assert "plain JAX: declared value, measured same" in result.stdout
    assert "Rows that do not hold: 1" in result.stdout


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0 and capsys.readouterr().out.startswith("jaxgrad ")
