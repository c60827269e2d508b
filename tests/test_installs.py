"""A fresh environment for each extra, from the built wheel: every command does its smallest job.

What is not documented to be needed is not there, PyTorch nowhere. Needs pip, and a registry to
install from, so that it is left out unless asked for: `pytest -m installs`.
"""

import json
import os
import pathlib
import resource
import shlex
import subprocess
import sys
import venv

import pytest

from jaxgrad import _extras

pytestmark = pytest.mark.installs
ROOT = pathlib.Path(__file__).parent.parent
GUIDE = ROOT / "jaxgrad" / "study" / "guides" / "60_fitting_tables.md"
FIT = shlex.split(
    next(
        line
        for line in GUIDE.read_text(encoding="utf-8").splitlines()
        if line.startswith("jaxgrad fit people.csv")
    )
)
WEIGHTS = (115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164)
PEOPLE = "height,weight\n" + "\n".join(f"{58 + n},{weight}" for n, weight in enumerate(WEIGHTS))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (path,) = folder.glob("*.whl")
    return path


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--quiet", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


class Environment:
    """A fresh environment, and an empty folder to work in."""

    def __init__(self, folder, wheel, extras):
        self.folder, home = folder / "work", folder / "environment"
        self.folder.mkdir()
        venv.create(home, with_pip=False)
        self.bin = home / "bin"
        # Compiling all that is installed would take four times as long as installing it.
        into = ["--python", str(self.bin / "python"), "install", "--no-compile"]
        pip(*into, f"{wheel}[{extras}]" if extras else str(wheel))

    def run(self, *command):
        """The finished process of a command; it sees no other jaxgrad, and no settings of ours."""
        ours = ("PYTHON", "JAX", "XLA", "VIRTUAL_ENV", "COV")
        clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.folder,
            env=clean | {"XDG_CACHE_HOME": str(self.folder.parent / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )

    def prints(self, *command):
        """What a command prints that must succeed."""
        result = self.run(*command)
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
        return result.stdout

    def seconds(self, *command):
        """The CPU time that a command takes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.prints(*command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    def refusal(self, *command):
        """The one line of a command that is refused, and leaves nothing behind."""
        before = sorted(self.folder.iterdir())
        result = self.run("jaxgrad", *command)
        assert (result.returncode, result.stdout) == (2, ""), result.stderr
        assert sorted(self.folder.iterdir()) == before
        (line,) = result.stderr.splitlines()
        return line


@pytest.fixture
def environment(tmp_path, wheel):
    """A function of the extras that makes the environment."""

    def make(extras):
        made = Environment(tmp_path, wheel, extras)
        (made.folder / "people.csv").write_text(PEOPLE)
        return made

    return make


def test_without_extras(environment):
    bare = environment("")
    assert bare.prints("jaxgrad", "--version").startswith("jaxgrad ")
    assert bare.seconds("jaxgrad", "--version") < 0.5
    for command in ([], ["study"], ["fit"], ["diff"], ["compare"], ["translate"], ["speed"]):
        assert bare.prints("jaxgrad", *command, "--help").startswith("usage: jaxgrad ")
        assert bare.seconds("jaxgrad", *command, "--help") < 0.5
    assert bare.prints("python", "-m", "jaxgrad", "--version").startswith("jaxgrad ")
    assert bare.refusal(*FIT[1:]) == (
        "jaxgrad fit: needs pyarrow, safetensors, matplotlib; run: pip install 'jaxgrad[data]'"
    )
    for command in (["study"], ["study", "show", "x"], ["diff", "a", "b"], ["speed"]):
        assert bare.refusal(*command).endswith("; run: pip install 'jaxgrad[study]'")
    told = bare.refusal("compare", "a.py:f", "b.py:f")
    assert told.endswith(", torch; run: pip install 'jaxgrad[study,torch]'")
    extras = {name.partition(".")[0] for names in _extras.EXTRAS.values() for name in names}
    absent = json.dumps(sorted(extras - {"ml_dtypes", "scipy"}))  # which JAX itself needs
    path = bare.prints("python", str(ROOT / "tests" / "installed_core.py"), absent)
    assert pathlib.Path(path).is_relative_to(bare.folder.parent), "another jaxgrad was used"


def test_data(environment):
    there = environment("data")
    out = there.prints(*FIT)
    assert "15 rows, target height" in out and "0.287249" in out
    assert (there.folder / "fit.png").read_bytes().startswith(b"\x89PNG")
    assert (there.folder / "model.safetensors").stat().st_size > 0
    told = there.refusal(*FIT[1:], "--checkpoint", "kept")
    assert told == "jaxgrad fit: needs orbax; run: pip install 'jaxgrad[checkpoint]'"
    told = there.refusal("study")
    assert "pebble" in told and told.endswith("; run: pip install 'jaxgrad[study]'")


def test_data_and_checkpoint(environment):
    there = environment("data,checkpoint")
    assert "0.287249" in there.prints(*FIT)
    kept = [*FIT, "--epochs", "3", "--checkpoint", "kept"]  # each epoch is written
    first = there.prints(*kept)
    assert list((there.folder / "kept").rglob("*"))
    assert there.prints(*kept) == first


def test_study(environment):
    there = environment("study")
    study = there.prints("jaxgrad", "study", "--only", "defaults", "--site", "site")
    assert "Every declared verdict held" in study
    guides = {path.stem for path in (there.folder / "site" / "guides").iterdir()}
    assert {"porting", "tour", "debugging_gradients", "port_a_training_script"} <= guides
    assert all((there.folder / f"study.{kind}").stat().st_size for kind in ("html", "md", "json"))
    same = there.prints("jaxgrad", "diff", "study.json", "study.json")
    assert same == "Differences between the two studies: 0\n"
    assert "torch.clamp" in there.prints("jaxgrad", "study", "show", "clamp", "both")
    there.prints("jaxgrad", "speed", "--only", "three points", "--rounds", "1")
    assert (there.folder / "speed.json").stat().st_size > 0
    told = there.refusal("compare", "a.py:f", "b.py:f")
    assert told == "jaxgrad compare: needs torch; run: pip install 'jaxgrad[torch]'"
    told = there.refusal("fit", "people.csv", "--target", "height")
    assert told == "jaxgrad fit: needs pyarrow; run: pip install 'jaxgrad[data]'"
