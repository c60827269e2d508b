"""Fits that are interrupted: killed, out of disk, taken up again by something else."""

import random
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from killed_fit import source

from jaxgrad.fit import fit_epochs, linear
from jaxgrad.functional import mse_loss

SCRIPT = Path(__file__).parents[1] / "killed_fit.py"


def loss_fn(params, batch):
    return mse_loss(linear(params, batch[0]), batch[1])


def start():
    return {"weight": jnp.zeros(4), "bias": jnp.zeros(())}


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return str(probe.getsockname()[1])


def started(processes, checkpoints, result):
    """The processes of a fit, once each of them is at work."""
    port = free_port()
    running = [
        subprocess.Popen(
            [sys.executable, SCRIPT, checkpoints, result, str(number), str(processes), port],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(processes)
    ]
    for process in running:
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("ready") for line in lines)
    return running


def finish(running):
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), outputs


def kill(running, number):
    """Kills one of the processes, and the others, which cannot go on without it."""
    running[number % len(running)].send_signal(signal.SIGKILL)
    for process in running:
        process.kill()
        process.communicate()


def torn(folder):
    """Whether a checkpoint is half written."""
    return folder.exists() and any("tmp" in path.name for path in folder.iterdir())


def wait(seconds, folder, mid_checkpoint):
    """For so long, or until a checkpoint is being written."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (mid_checkpoint and torn(folder)):
        time.sleep(0.002)


def read(path):
    with np.load(path) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.nightly)])
def test_killed_at_any_point_it_ends_bit_for_bit_as_if_not(tmp_path, times, processes):
    finish(started(processes, "", tmp_path / "whole.npz"))
    expected = read(tmp_path / "whole.npz")
    draw, folder, result = random.Random(processes), tmp_path / "kept", tmp_path / "killed.npz"
    halves = 0
    for number in range(times):
        running = started(processes, folder, result)
        mid_checkpoint = number % 2 == 0
        wait(10 if mid_checkpoint else draw.uniform(0.1, 1.5), folder, mid_checkpoint)
        kill(running, number)
        halves += torn(folder)
        if result.exists():  # it ended before it was killed: the next begins anew
            assert_identical(read(result), expected)
            result.unlink()
            folder.rename(tmp_path / f"kept-{number}")
    assert halves, "no checkpoint was cut short"
    finish(started(processes, folder, result))
    assert_identical(read(result), expected)


def assert_identical(got, expected):
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array)


@pytest.mark.nightly
@pytest.mark.parametrize(("x64", "rtol"), [("0", 2e-6), ("1", 1e-12)])
def test_two_processes_give_the_numbers_of_one(tmp_path, monkeypatch, x64, rtol):
    """Each has its own half of every batch."""
    monkeypatch.setenv("JAX_ENABLE_X64", x64)
    for processes in (1, 2):
        finish(started(processes, "", tmp_path / f"{processes}.npz"))
    one, two = (read(tmp_path / f"{processes}.npz") for processes in (1, 2))
    assert one["arr_0"].dtype == {"0": np.float32, "1": np.float64}[x64]
    for name, array in one.items():
        np.testing.assert_allclose(two[name], array, rtol=rtol, atol=rtol)


def fit_here(folder, epochs=2, **changed):
    options = {"epochs": epochs, "checkpoint": folder, "checkpoint_every": 5}
    given = {"params": start(), "optimizer": optax.sgd(0.1), "data": source}
    return fit_epochs(loss_fn, **given | options | changed)


def test_more_epochs_go_on_from_the_last(tmp_path):
    fit_here(tmp_path, epochs=1)
    on = fit_here(tmp_path, epochs=3)
    whole = fit_here(tmp_path / "other", epochs=3)
    for ours, theirs in zip(jax.tree.leaves(on[:3]), jax.tree.leaves(whole[:3]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_fewer_epochs_than_are_behind_it(tmp_path):
    fit_here(tmp_path, epochs=3)
    with pytest.raises(ValueError, match="epochs must be at least 3, as many as the checkpoint"):
        fit_here(tmp_path, epochs=2)


@pytest.mark.nightly
def test_arrays(tmp_path):
    data = next(source(0, 0))
    options = {"batch_size": 3, "key": jax.random.key(0), "validation": data, "patience": 9}
    fit_here(tmp_path, data=data, epochs=2, **options)
    on = fit_here(tmp_path, data=data, epochs=5, **options)
    whole = fit_here(None, data=data, epochs=5, checkpoint=None, **options)
    for ours, theirs in zip(jax.tree.leaves(on), jax.tree.leaves(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"optimizer": optax.adam(0.1)}, "params or optimizer state is another"),
        ({"params": {"weight": jnp.zeros(4), "bias": jnp.zeros(1)}}, "optimizer state is another"),
        ({"data": next(source(1, 1))}, "its data is another"),
        ({"batch_size": 2}, "its batch_size is another"),
        ({"params": {"weight": jnp.ones(4), "bias": jnp.zeros(())}}, "its start is another"),
        ({"key": jax.random.key(1)}, "its key is another"),
    ],
)
def test_another_fit_is_refused(tmp_path, changed, match):
    given = {"data": next(source(0, 0)), "batch_size": 3, "key": jax.random.key(0)}
    fit_here(tmp_path, **given)
    match = rf"fit_epochs: .*/\d+ is of another fit: .*{match}.*name another folder, or remove it"
    with pytest.raises(ValueError, match=match):
        fit_here(tmp_path, **given | changed)


def other(epoch, begin):
    return source(1, 10)


@pytest.mark.parametrize("kind", ["arrays", "batches"])
@pytest.mark.parametrize("changed", ["others", "none", "one number"])
def test_other_validation_data_are_refused(tmp_path, kind, changed):
    x, y = next(source(0, 0))
    given = {"arrays": (x, y), "batches": lambda epoch, begin: iter([(x, y)])}
    near = (x, np.append(y[:-1], y[-1] + 1))
    others = {
        "others": {"arrays": next(source(1, 1)), "batches": other},
        "none": {"arrays": None, "batches": None},
        "one number": {"arrays": near, "batches": lambda epoch, begin: iter([near])},
    }
    fit_here(tmp_path, validation=given[kind], patience=2)
    on = fit_here(tmp_path, epochs=3, validation=given[kind], patience=2)
    assert on.epochs == 3
    patience = None if changed == "none" else 2
    with pytest.raises(ValueError, match="is of another fit: its validation is another"):
        fit_here(tmp_path, epochs=4, validation=others[changed][kind], patience=patience)


def test_validation_data_where_there_were_none(tmp_path):
    fit_here(tmp_path)
    with pytest.raises(ValueError, match="is of another fit: its validation is another"):
        fit_here(tmp_path, epochs=3, validation=other)


def largest_files(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: -path.stat().st_size)


def test_a_truncated_checkpoint_names_the_one_before(tmp_path):
    fit_here(tmp_path)
    last = max(int(p.name) for p in tmp_path.iterdir() if p.name.isdigit())
    for path in largest_files(tmp_path / str(last)):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    match = rf"the checkpoint .*/{last} cannot be read: .*; remove it to go on from .*/{last - 1}$"
    with pytest.raises(ValueError, match=match):
        fit_here(tmp_path, epochs=3)


def test_a_foreign_checkpoint(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "weights.bin").write_bytes(b"something else")
    with pytest.raises(ValueError, match="/7 cannot be read: .*; remove it to begin anew$"):
        fit_here(tmp_path)


def test_a_folder_that_cannot_be_one(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="fit_epochs: cannot write checkpoints into .*/file"):
        fit_here(tmp_path / "file")


FULL = """
import resource, sys
sys.path[:0] = sys.argv[1:3]
from test_checkpoint import fit_here
from pathlib import Path
folder = Path(sys.argv[3])
fit_here(folder, epochs=1)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
try:
    fit_here(folder, epochs=3)
except OSError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print(fit_here(folder, epochs=3).epochs)
"""


@pytest.mark.nightly
def test_a_full_disk_leaves_the_last_good_one(tmp_path):
    """No file may grow beyond a few bytes, as on a disk that is full."""
    assert hasattr(resource, "RLIMIT_FSIZE")
    command = [sys.executable, "-c", FULL, SCRIPT.parent, Path(__file__).parent, tmp_path / "kept"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    lines = result.stdout.splitlines()
    assert result.returncode == 0, result.stderr
    assert "fit_epochs: cannot write the checkpoint" in lines[0] and "is good" in lines[0]
    assert lines[-1] == "3"
