"""`jaxgrad compare` on a user's files."""

import pytest

from jaxgrad import cli

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ORIGINAL = "import torch\ndef f(x):\n    return torch.nn.functional.gelu(x)\n"
PORT = """
import jax, numpy as np
inputs = np.linspace(-2, 2, 7)
def right(x):
    return jax.nn.gelu(x, approximate=False)
def wrong(x):
    return jax.nn.gelu(x)
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "theirs.py").write_text(ORIGINAL)
    (tmp_path / "ours.py").write_text(PORT)
    return tmp_path


def test_a_right_and_a_wrong_port(files, capsys):
    original = f"{files}/theirs.py:f"
    assert cli.main(["compare", original, f"{files}/ours.py:right"]) == 0
    assert cli.main(["compare", original, f"{files}/ours.py:wrong", "--input", "4,3"]) == 1
    assert "JAX computes gelu(approximate='tanh')" in capsys.readouterr().out


def test_a_class_is_instantiated(files, capsys):
    (files / "theirs.py").write_text(
        "import torch\nclass F(torch.nn.GELU): pass\nLinear = torch.nn.Linear"
    )
    assert cli.main(["compare", f"{files}/theirs.py:F", f"{files}/ours.py:right"]) == 0
    assert cli.main(["compare", f"{files}/theirs.py:Linear", f"{files}/ours.py:right"]) == 2
    assert "Linear needs arguments" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("ours.py:nothing", "has no 'nothing'"),
        ("missing.py:f", "there is no file"),
        ("ours.py", "expected FILE.py:NAME"),
    ],
)
def test_unusable_files(files, place, message, capsys):
    assert cli.main(["compare", f"{files}/theirs.py:f", f"{files}/{place}"]) == 2
    assert message in capsys.readouterr().err
