"""The command, and the answers of PyTorch that it records."""

import contextlib
import functools
import subprocess
import sys
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
from translated import Residual, Whole, drawn, made

from jaxgrad import state_dict
from jaxgrad.port import assert_as_recorded
from jaxgrad.port.translation.proof import record
from jaxgrad.port.translation.translate import translated

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn, TF = torch.nn, torch.nn.functional


def test_the_command(tmp_path):
    (tmp_path / "model.py").write_text(
        "import torch\n\ndef net():\n    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Sigmoid())\n"
    )
    command = [sys.executable, "-m", "jaxgrad", "translate", "model.py:net", "-o", "net.py"]
    command += ["--input", "5,4", "--weights", "net.safetensors"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "agrees" in done.stdout
    check = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np, net\n"
        "from jaxgrad import state_dict\n"
        "p = state_dict.load('net.safetensors')\n"
        "print(net.sequential(p, np.ones((5, 4), np.float32)).shape)\n"
        "import test_net\n"
        "test_net.test_sequential()\n"
        "test_net.sequential = lambda p, x: 1.001 * net.sequential(p, x)\n"
        "test_net.test_sequential()\n"
    )
    command = [sys.executable, "-c", check]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "(5, 3)\n", done.stderr
    assert "AssertionError: assert_as_recorded" in done.stderr
    assert "output is off by" in done.stderr


@pytest.mark.parametrize("training", [False, True])
def test_answers_are_recorded(training, tmp_path):
    module, inputs = (
        made(lambda: nn.Sequential(Residual(3, 3), nn.Dropout())),
        drawn([(2, 3, 5, 5)]),
    )
    translation, source = translated(module, inputs, None, training=training)
    file = tmp_path / "test_net.safetensors"
    record(tmp_path / "net.py", module, source, *translation[2:0:-1], inputs, training=training)
    words = {"fixed": True, "training": True, "key": jax.random.key(0)} if training else {}
    assert_as_recorded(translation.function, file, writes=training, **words)
    function = translation.function
    for changed, right in (
        (lambda *args, **words: function(*args, **words), True),
        (lambda *args, **words: jax.tree.map(lambda x: -x, function(*args, **words)), False),
        (lambda p, x, **words: function(p, jax.lax.stop_gradient(x), **words), False),
    ):
        changed = functools.wraps(function)(changed)
        wrong = pytest.raises(AssertionError, match="is off by")
        with contextlib.nullcontext() if right else wrong:
            assert_as_recorded(changed, file, writes=training, **words)


def test_trees_of_inputs_are_recorded(tmp_path):
    module, inputs = Whole(lambda *x: x[0]["a"] * x[1][1] + x[1][0]), GIVEN
    translation, source = translated(module, inputs, None)
    record(tmp_path / "net.py", module, source, *translation[2:0:-1], inputs, training=False)
    assert_as_recorded(translation.function, tmp_path / "test_net.safetensors")


GIVEN = ({"a": np.float32([1, 2])}, [np.float32([3, 4]), np.float32([5, 6])])


def test_inputs_that_are_no_arrays_keep_their_places(tmp_path):
    class Powers(torch.nn.Module):
        def forward(self, x, n, flag, y):
            return x**n + (y[1].b if flag else y[0])

    inputs = (np.float32([1, 2]), 3, True, [np.float32([3, 4]), Pair(1.0, np.float32([5, 6]))])
    translation, source = translated(Powers(), inputs, None)
    record(tmp_path / "net.py", Powers(), source, *translation[2:0:-1], inputs, training=False)
    file = tmp_path / "test_net.safetensors"
    assert_as_recorded(translation.function, file)
    with pytest.raises(AssertionError, match="is one that PyTorch does not give"):
        assert_as_recorded(lambda *args: {"": translation.function(*args), "b": args[1]}, file)


class Pair(NamedTuple):
    a: float
    b: Any


def test_a_test_of_the_users_own_stays(tmp_path):
    (tmp_path / "model.py").write_text("import torch\nnet = torch.nn.Linear(2, 2)\n")
    (tmp_path / "test_net.py").write_text("def test_net():\n    assert True\n")
    command = [sys.executable, "-m", "jaxgrad", "translate", "model.py:net", "-o", "net.py"]
    command += ["--input", "3,2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "give --no-test" in done.stderr
    assert (tmp_path / "test_net.py").read_text().startswith("def test_net")
    assert not (tmp_path / "net.py").exists()


def test_a_file_without_answers_is_refused(tmp_path):
    state_dict.save(tmp_path / "weights.safetensors", {"x": np.ones(2)})
    with pytest.raises(ValueError, match="jaxgrad translate wrote"):
        assert_as_recorded(lambda p: p, tmp_path / "weights.safetensors")
