"""A signal ends `jaxgrad fit` at once: its own exit status, one line, nothing left behind."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

TOLD = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@pytest.fixture(autouse=True)
def heard():
    """Tests in the background may ignore the signals, and so would what they start."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in TOLD}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path, draw = tmp_path_factory.mktemp("rows") / "rows.csv", np.random.default_rng(0)
    x = draw.normal(size=(100_000, 4))
    columns = np.column_stack([x, x @ [1.0, 2.0, 3.0, 4.0] + draw.normal(size=len(x))])
    np.savetxt(path, columns, "%.6f", delimiter=",", header="a,b,c,d,y", comments="")
    return path


def started(rows, folder, *options):
    """The command at work on more epochs than it comes to, its temporary files in a folder."""
    command = [sys.executable, "-m", "jaxgrad", "fit", rows, "--target", "y", *options]
    return subprocess.Popen(
        [*command, "--epochs", "100000", "--save", folder / "model"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )


def ended(process, number):
    """Sends the signal, and asks how the process ended."""
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert (process.returncode, out) == (128 + number, ""), err
    # orbax tells of a checkpoint that an interruption before this one cut short.
    said = [line for line in err.splitlines() if not line.startswith("WARNING:absl:")]
    assert said == [f"jaxgrad fit: {TOLD[number]}"], err


@pytest.mark.parametrize("number", TOLD, ids=["interrupted", "terminated"])
def test_the_converted_copy_is_removed(rows, tmp_path, number):
    process = started(rows, tmp_path)
    end = time.monotonic() + 60
    while not list(tmp_path.rglob("*.raw")) and time.monotonic() < end:
        time.sleep(0.01)
    assert list(tmp_path.rglob("*.raw"))
    ended(process, number)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow  # three minutes
@pytest.mark.parametrize("options", [(), ("--checkpoint", "kept")], ids=["plain", "checkpoint"])
@pytest.mark.parametrize("number", TOLD, ids=["interrupted", "terminated"])
def test_at_any_moment(rows, tmp_path, number, options, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = random.Random(number)
    for _ in range(10):
        process = started(rows, tmp_path, *options)
        time.sleep(draw.uniform(0.5, 8))
        ended(process, number)
        assert {path.name for path in tmp_path.iterdir()} <= {"kept"}


def test_a_signal_that_is_ignored_is_ignored_still(rows, tmp_path):
    ignoring = ["sh", "-c", 'trap "" INT; echo; exec "$@"', "sh"]  # as `nohup` does
    command = [sys.executable, "-m", "jaxgrad", "fit", rows, "--target", "y", "--epochs", "1"]
    process = subprocess.Popen(
        [*ignoring, *command, "--save", tmp_path / "model"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    for _ in range(40):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert (tmp_path / "model").exists()
