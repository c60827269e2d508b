"""Dropout from a seed against a live PyTorch: every value and every state to the bit."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import replay

pytestmark = [
    pytest.mark.torch,
    # Of inputs with other numbers of dimensions, here and in PyTorch.
    pytest.mark.filterwarnings("ignore:dropout[23]d"),
]
DTYPES = ["float32", "float64", "bfloat16", "float16"]
PROBABILITIES = [0.5, 0.0, 1.0, 0.2, 0.1, 1 / 3, 0.9, 1e-3, 1 - 1e-9, 1e-20]
CHANNELS = {
    "dropout": [(), (1,), (15,), (16,), (17,), (3, 5), (0,), (2, 3, 4), (1000,)],
    "dropout1d": [(3, 5), (2, 3, 5), (0, 3), (4, 40, 7)],
    "dropout2d": [(2, 3, 4, 4), (2, 3, 5), (2, 40), (2, 0, 3, 3)],
    "dropout3d": [(2, 3, 2, 2, 2), (3, 2, 2, 2), (4, 3), (40, 1, 1, 1)],
}
CHANNELS["alpha_dropout"] = CHANNELS["dropout"]
CHANNELS["feature_alpha_dropout"] = [(2, 3, 4, 4), (2, 40), (0, 3), (3, 2, 7)]


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True):
        yield


def arrays(shape, dtype):
    """An input for both: numbers of both signs, zeros, infinities and NaN."""
    import torch

    x = np.random.RandomState(0).randn(*shape) * 3
    places = np.ravel(x)
    if places.size > 9:
        places[:5] = [0.0, -0.0, np.inf, -np.inf, np.nan]
    tensor = torch.tensor(places.reshape(shape)).to(getattr(torch, dtype))
    return jnp.asarray(tensor.double().numpy()).astype(dtype), tensor


def bits(values):
    return np.asarray(values, np.float64).view(np.uint64)


def assert_identical(values, tensor):
    assert values.shape == tuple(tensor.shape) and f"torch.{values.dtype}" == str(tensor.dtype)
    expected = tensor.double().numpy()
    np.testing.assert_array_equal(np.asarray(values, np.float64), expected)
    numbers = ~np.isnan(expected)  # a NaN has no sign to keep
    np.testing.assert_array_equal(bits(values)[numbers], bits(expected)[numbers])


def both(name, state, x, tensor, p):
    import torch

    expected = getattr(torch.nn.functional, name)(tensor, p, training=True)
    values, state = getattr(replay, name)(state, x, p, training=True)
    assert_identical(values, expected)
    assert replay.get_state(state).tobytes() == torch.get_rng_state().numpy().tobytes()
    return state


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", PROBABILITIES)
def test_every_bit(name, dtype, p):
    import torch

    torch.manual_seed(7)
    state = replay.manual_seed(7)
    for shape in CHANNELS[name]:
        state = both(name, state, *arrays(shape, dtype), p)


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("seed", range(5))
def test_many_elements(name, seed):
    import torch

    torch.manual_seed(seed)
    state = replay.manual_seed(seed)
    for p, dtype in itertools.product(np.random.RandomState(seed).rand(5), DTYPES):
        state = both(name, state, *arrays((20, 30, 10), dtype), float(p))


@pytest.mark.parametrize("name", CHANNELS)
def test_without_training_nothing_is_drawn(name):
    import torch

    torch.manual_seed(0)
    state = replay.manual_seed(0)
    x, tensor = arrays(CHANNELS[name][-1], "float32")
    expected = getattr(torch.nn.functional, name)(tensor, 0.5, training=False)
    values, after = getattr(replay, name)(state, x, 0.5, training=False)
    assert_identical(values, expected)
    assert after is state or replay.get_state(after).tobytes() == replay.get_state(state).tobytes()


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_pytorch_draws_in_the_order_of_memory(name):
    """Declared: of a transposed tensor the mask is the transposed one of its memory."""
    import torch

    x, tensor = arrays((5, 7), "float32")
    torch.manual_seed(0)
    expected = getattr(torch.nn.functional, name)(tensor.T, 0.5, training=True)
    values, _ = getattr(replay, name)(replay.manual_seed(0), x, 0.5, training=True)
    assert_identical(values.T, expected)
    other, _ = getattr(replay, name)(replay.manual_seed(0), x.T, 0.5, training=True)
    assert (bits(other) != bits(values.T)).any()


@pytest.mark.parametrize("name", CHANNELS)
def test_gradient(name):
    import torch

    x, tensor = arrays(CHANNELS[name][0] or (3,), "float64")
    tensor.requires_grad_()
    torch.manual_seed(1)
    getattr(torch.nn.functional, name)(tensor, 0.3, training=True).sum().backward()
    state = replay.manual_seed(1)
    grad = jax.grad(lambda x: getattr(replay, name)(state, x, 0.3, training=True)[0].sum())(x)
    assert_identical(grad, tensor.grad)


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan, np.inf])
def test_what_pytorch_refuses_is_refused(p):
    import torch

    for name in CHANNELS:
        x, tensor = arrays((2, 3, 4), "float32")
        with pytest.raises((ValueError, RuntimeError)):
            getattr(torch.nn.functional, name)(tensor, p, training=True)
        with pytest.raises(ValueError, match=f"{name}: p must be in"):
            getattr(replay, name)(replay.manual_seed(0), x, p, training=True)


@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_dtypes_without_a_mask(dtype):
    import torch

    tensor = torch.ones(2, 3).to(getattr(torch, dtype))
    x = jnp.ones((2, 3), dtype)
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.nn.functional.dropout(tensor, 0.5)
    with pytest.raises(TypeError, match="dropout: input must be"):
        replay.dropout(replay.manual_seed(0), x, 0.5)
    for p in (0.0, 1.0):
        values, _ = replay.dropout(replay.manual_seed(0), x, p)
        expected = torch.nn.functional.dropout(tensor, p)
        np.testing.assert_array_equal(values, expected.numpy())
        assert f"torch.{values.dtype}" == str(expected.dtype)
