"""Files to write are refused before the work, and written whole."""

import os

import pytest

from jaxgrad import cli
from jaxgrad.fit import _output_files, command


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n2,4.5\n3,6\n4,8\n")
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    return ["fit", "rows.csv", "--target", "y", "--epochs", "2"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--save", "none/m"], "--save must be a file to write, got none/m: No such file or direc"),
        (["--plot", "none/p.png"], "--plot must be a file to write, got none/p.png: No such file"),
        (["--save", "file/m"], "--save must be a file to write, got file/m: Not a directory"),
        (["--save", "folder"], "--save must be a file to write, got folder: Is a directory"),
        (["--save", "x" * 300], ": File name too long"),
        (["--plot", "pp"], "--plot must end in one of "),
        (["--plot", "p.xyz"], "got p.xyz"),
        (["--save", "a.png", "--plot", "./a.png"], "--plot must be a file of its own, got a.png"),
        (["--save", "rows.csv"], "--save must be a file of its own, got rows.csv, which is read"),
        (["--validation", "file", "--save", "file"], "got file, which is read"),
        (["--checkpoint", "file/kept"], "--checkpoint must be a folder, got file/kept: "),
    ],
)
def test_an_output_is_refused_before_the_work(call, options, told, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "_run", lambda options: pytest.fail("the work has begun"))
    before = sorted(tmp_path.iterdir())
    assert cli.main([*call, *options]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("jaxgrad fit: ") and told in err and err.count("\n") == 1 and not out
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["p.png", "p.SVG", "p.pdf"])
def test_what_is_told_is_what_is_written(call, name, capsys, tmp_path):
    assert cli.main([*call, "--plot", name, "--save", "m"]) == 0
    assert capsys.readouterr().out.endswith(f"Written: m\nWritten: {name}\n")
    assert {"m", name} < {path.name for path in tmp_path.iterdir()}


def test_a_device_is_written_to(call, capsys):
    assert cli.main([*call, "--save", os.devnull]) == 0
    assert f"Written: {os.devnull}" in capsys.readouterr().out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_fit_is_told_although_it_cannot_be_saved(call, capsys):
    assert cli.main([*call, "--save", "/dev/full", "--plot", "p.png"]) == 2
    out, err = capsys.readouterr()
    assert "least squares" in out and out.endswith("Written: p.png\n")
    assert err == "jaxgrad fit: cannot write /dev/full: No space left on device\n"


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path, link = tmp_path / "kept", tmp_path / "link"
    path.write_bytes(b"before")
    path.chmod(0o640)
    link.symlink_to(path)
    _output_files.write(link, b"after")
    assert path.read_bytes() == b"after" and path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()

    def full(self, content):
        self.open("wb").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    assert _output_files.write_all({path: lambda: b"again"}) == (
        [],
        [f"cannot write {path}: No space left on device"],
    )
    assert path.read_bytes() == b"after" and sorted(tmp_path.iterdir()) == [path, link]
