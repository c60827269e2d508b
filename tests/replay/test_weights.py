"""Initial weights from PyTorch's seeds, without PyTorch: recorded values, purity, refusals."""

import inspect

import jax
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import init, replay
from jaxgrad.replay import weights

NAMES = [name for name in dir(weights) if name in init.__all__]


def test_recorded():
    # torch.manual_seed(0); torch.nn.Linear(784, 128): PyTorch 2.13.0.
    params, state = replay.linear(replay.manual_seed(0), 784, 128)
    assert list(params) == ["weight", "bias"]
    expected = np.float32([-0.00026738644, 0.0191587, -0.02939447])
    assert_same(params["weight"][0, :3], expected, rtol=0)
    total = np.float64(params["weight"]).sum() + np.float64(params["bias"]).sum()
    np.testing.assert_allclose(total, 2.322956657111149, rtol=1e-12)
    x, _ = replay.rand(state, ())
    np.testing.assert_allclose(float(x), 0.03352928161621094, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_signature_and_doc_are_those_of_init(name):
    ours, theirs = (inspect.signature(getattr(m, name)) for m in (replay, init))
    assert list(ours.parameters) == ["state", *list(theirs.parameters)[1:]]
    text = inspect.getdoc(getattr(replay, name))
    assert "typed key" not in text and "JAX's default float" not in text and "gradient" not in text


def test_names():
    without_draws = {"dirac", "eye", "batch_norm", "group_norm", "instance_norm", "layer_norm"}
    elsewhere = {"uniform", "normal", "trunc_normal", "bernoulli", "multinomial"}
    helpers = {"calculate_fan", "calculate_gain", "rms_norm"}
    assert set(NAMES) == set(init.__all__) - without_draws - elsewhere - helpers


def test_layout_is_an_arrangement():
    torch, _ = replay.xavier_uniform(replay.manual_seed(0), (4, 3, 5))
    flax, _ = replay.xavier_uniform(replay.manual_seed(0), (5, 3, 4), layout="flax")
    assert_same(flax, np.moveaxis(torch, (0, 1), (-1, -2)))


def test_refusals():
    state = replay.manual_seed(0)
    with pytest.raises(TypeError, match="linear: state must be a State, got"):
        replay.linear(jax.random.key(0), 2, 3)
    with pytest.raises(TypeError, match="linear: in_features must be a concrete integer"):
        replay.linear(state, "2", 3)
    with pytest.raises(ValueError, match="xavier_normal: shape must be of at least 2 dimensions"):
        replay.xavier_normal(state, (3,))
    with pytest.raises(TypeError, match="runs on the host"):
        jax.jit(lambda gain: replay.xavier_uniform(state, (2, 3), gain=gain)[0])(1.0)
    with pytest.raises(ValueError, match="float64"):
        replay.linear(state, 2, 3, dtype="float64")
    with pytest.raises(TypeError, match="linear: activation must be left out, got .relu."):
        replay.linear(state, 2, 3, activation="relu")
