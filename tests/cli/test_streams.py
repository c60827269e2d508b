"""What becomes of a command whose standard output is closed, full or of few characters."""

import io
import os
import sys
from contextlib import redirect_stdout

import pytest
from rich.console import Console

from jaxgrad import cli
from jaxgrad.cli import streams

ROWS = "x,y\n1,2\n2,4.5\n3,6\n4,8\n"


@pytest.fixture
def call(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    saved = str(tmp_path / "model.safetensors")
    return ["fit", str(path), "--target", "y", "--epochs", "2", "--save", saved]


@pytest.fixture
def saved(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def closed():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        yield stream


def test_a_closed_pipe_loses_nothing(call, saved, closed, capsys):
    with redirect_stdout(closed):
        assert cli.main(call) == 0
    assert saved.exists() and not capsys.readouterr().err
    print("more", file=closed, flush=True)  # as the interpreter does at its end


def test_help_into_a_closed_pipe(closed, capsys):
    with redirect_stdout(closed), pytest.raises(SystemExit) as ended:
        cli.main(["fit", "--help"])
    assert ended.value.code == 0 and not capsys.readouterr().err


def test_rich_does_not_end_the_command(closed):
    with redirect_stdout(closed), streams.lasting():
        Console().print("told")  # which ends with status 1 where the pipe is closed


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_loses_no_model(call, saved, capsys):
    with open("/dev/full", "w") as full, redirect_stdout(full):
        assert cli.main(call) == 2
    told = "jaxgrad: cannot write to the standard output: No space left on device\n"
    assert saved.exists() and capsys.readouterr().err == told


@pytest.fixture(params=["ascii", "gbk", "cp932", "cp1252"])
def narrow(request):
    """A stream of few characters, strict as Python's standard output is."""
    return io.TextIOWrapper(io.BytesIO(), request.param)


def told(stream):
    return stream.buffer.getvalue().decode(stream.encoding)


def test_a_model_is_saved_and_told_in_few_characters(call, saved, narrow):
    with redirect_stdout(narrow):
        assert cli.main(call) == 0
    assert "rmse" in told(narrow) and saved.exists()


@pytest.mark.parametrize("command", [[], ["fit"], ["study"]])
def test_help_in_few_characters(command, narrow):
    with redirect_stdout(narrow), pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0 and told(narrow).startswith("usage: jaxgrad")
    assert narrow.errors == "strict"  # as it was


def test_a_name_that_is_no_text(narrow):
    with redirect_stdout(narrow), streams.lasting():
        print("\udcff.csv")
    assert told(narrow).rstrip() == "?.csv"


def test_no_output_at_all(call, saved, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(call) == 0 and saved.exists()
    assert sys.stdout is None
