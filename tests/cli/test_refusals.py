"""What the command says without JAX, and what it refuses before any work."""

import json
import subprocess
import sys

import pytest

from jaxgrad import _extras, cli
from jaxgrad.cli import study
from jaxgrad.study.cases import FAMILIES


@pytest.fixture
def without(monkeypatch):
    """A function that hides modules."""

    def hide(*modules):
        monkeypatch.setattr(_extras, "installed", lambda name: name not in modules)

    return hide


@pytest.mark.parametrize("command", [[], ["study"], ["fit"], ["diff"], ["compare"], ["speed"]])
def test_help_imports_no_jax_and_no_extra(command):
    code = f"""
import contextlib, io, json, sys
from jaxgrad import cli
with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.suppress(SystemExit):
    cli.main([*{command!r}, "--help"])
print(json.dumps([told.getvalue(), sorted(sys.modules)]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    told, modules = json.loads(result.stdout)
    assert told.startswith("usage: jaxgrad ")
    heavy = {"jax", "numpy", *(name for names in _extras.EXTRAS.values() for name in names)}
    assert not heavy & set(modules)


@pytest.mark.parametrize("module", ["jaxgrad", "jaxgrad.study"])
def test_the_command_is_a_module_too(module):
    command = [sys.executable, "-m", module, "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("usage: jaxgrad ")


def test_the_families_are_those_of_the_cases():
    assert study.families() == sorted(FAMILIES)


STUDY = ", ".join(_extras.EXTRAS["study"])
FIT = ["fit", "no.csv", "--target", "y"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["study"], f"needs {STUDY}; run: pip install 'jaxgrad[study]'"),
        (["study", "show", "clamp"], f"needs {STUDY}; run: pip install 'jaxgrad[study]'"),
        (["diff", "a.json", "b.json"], f"needs {STUDY}; run: pip install 'jaxgrad[study]'"),
        (["speed"], f"needs {STUDY}; run: pip install 'jaxgrad[study]'"),
        (
            ["compare", "a.py:a", "b.py:b"],
            f"needs {STUDY}, torch; run: pip install 'jaxgrad[study,torch]'",
        ),
        (FIT, "needs pyarrow; run: pip install 'jaxgrad[data]'"),
        (
            [*FIT, "--plot", "a.png", "--save", "a.safetensors"],
            "needs pyarrow, safetensors, matplotlib; run: pip install 'jaxgrad[data]'",
        ),
        (
            [*FIT, "--checkpoint", "kept"],
            "needs pyarrow, orbax; run: pip install 'jaxgrad[data,checkpoint]'",
        ),
    ],
)
def test_what_is_missing_is_one_line(arguments, told, without, capsys):
    without(*(name for names in _extras.EXTRAS.values() for name in names))
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == f"jaxgrad {arguments[0]}: {told}\n"


def test_only_what_is_missing_is_told(without, capsys):
    without("torch")
    assert cli.main(["compare", "a.py:a", "b.py:b"]) == 2
    assert capsys.readouterr().err == (
        "jaxgrad compare: needs torch; run: pip install 'jaxgrad[torch]'\n"
    )
    without("orbax.checkpoint")
    assert cli.main([*FIT, "--checkpoint", "kept"]) == 2
    assert "needs orbax; run: pip install 'jaxgrad[checkpoint]'" in capsys.readouterr().err


def test_a_terminal_has_a_bar_and_so_needs_rich(without, monkeypatch, capsys):
    without("rich")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert cli.main(FIT) == 2
    assert "needs rich; run: pip install 'jaxgrad[data]'" in capsys.readouterr().err


def test_the_study_is_refused_as_a_module(without, monkeypatch):
    without("rich", "pebble")
    monkeypatch.delitem(sys.modules, "jaxgrad.study._extra")
    match = r"^jaxgrad.study needs pebble, rich; run: pip install 'jaxgrad\[study\]'$"
    with pytest.raises(ModuleNotFoundError, match=match):
        __import__("jaxgrad.study._extra")


def test_a_module_that_an_extra_brings():
    assert _extras.load("here", "json", "data") is json
    match = r"^here: progress needs nonsense; run: pip install 'jaxgrad\[data\]'$"
    with pytest.raises(ModuleNotFoundError, match=match):
        _extras.load("here: progress", "nonsense.part", "data")
    assert not _extras.installed("nonsense.part")
