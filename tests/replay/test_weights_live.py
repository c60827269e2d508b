"""Initial weights against PyTorch's from the same seed, for 20 seeds."""

import jax
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import replay

pytestmark = pytest.mark.torch
SEEDS = range(20)

INITIALISERS = [
    ("xavier_uniform", (3, 5), {"gain": 1.7}),
    ("xavier_uniform", (128, 784), {}),
    ("xavier_normal", (7, 5, 3, 3), {}),
    ("kaiming_uniform", (64, 3, 7, 7), {"nonlinearity": "relu"}),
    ("kaiming_uniform", (5, 3), {"a": 5**0.5, "mode": "fan_out"}),
    ("kaiming_normal", (100, 33), {"mode": "fan_out", "nonlinearity": "tanh"}),
    ("sparse", (20, 7), {"sparsity": 0.31, "std": 0.1}),
    ("sparse", (3, 2), {"sparsity": 0.5}),
]
LAYERS = [
    ("linear", "Linear", (784, 128), {}),
    ("linear", "Linear", (3, 2), {"bias": False}),
    ("bilinear", "Bilinear", (3, 4, 5), {}),
    ("conv1d", "Conv1d", (4, 6, 3), {"groups": 2}),
    ("conv2d", "Conv2d", (3, 16, (5, 3)), {}),
    ("conv3d", "Conv3d", (2, 3, 3), {"bias": False}),
    ("conv_transpose1d", "ConvTranspose1d", (4, 6, 3), {"groups": 2}),
    ("conv_transpose2d", "ConvTranspose2d", (3, 8, 4), {}),
    ("conv_transpose3d", "ConvTranspose3d", (2, 3, 3), {}),
    ("embedding", "Embedding", (50, 16), {}),
    ("embedding", "Embedding", (10, 3), {"padding_idx": -1}),
    ("rnn", "RNN", (5, 7), {"num_layers": 2}),
    ("lstm", "LSTM", (28, 32), {"num_layers": 2, "bidirectional": True, "proj_size": 9}),
    ("gru", "GRU", (5, 7), {"bias": False, "bidirectional": True}),
    ("multihead_attention", "MultiheadAttention", (16, 4), {}),
    ("multihead_attention", "MultiheadAttention", (8, 2), {"add_bias_kv": True, "kdim": 5}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "shape", "options"), INITIALISERS)
def test_initialisers(name, shape, options, dtype):
    import torch

    with jax.enable_x64(dtype == "float64"):
        for seed in SEEDS:
            torch.manual_seed(seed)
            expected = torch.empty(shape, dtype=getattr(torch, dtype))
            getattr(torch.nn.init, name + "_")(expected, **options)
            values, state = getattr(replay, name)(replay.manual_seed(seed), shape, dtype, **options)
            assert_same(values, expected.numpy(), rtol=0)
            assert_same(replay.get_state(state), torch.get_rng_state().numpy())


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (8, 3, 3), (64, 64)])
def test_orthogonal(shape):
    # Two QR decompositions agree to rounding, which the size of the matrix multiplies.
    import torch

    for seed in SEEDS:
        torch.manual_seed(seed)
        expected = torch.nn.init.orthogonal_(torch.empty(shape), gain=1.5)
        values, state = replay.orthogonal(replay.manual_seed(seed), shape, gain=1.5)
        np.testing.assert_allclose(values, expected.numpy(), rtol=0, atol=2e-5)
        assert_same(replay.get_state(state), torch.get_rng_state().numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "module", "args", "options"), LAYERS)
def test_layers(name, module, args, options, dtype):
    import torch

    with jax.enable_x64(dtype == "float64"):
        for seed in SEEDS:
            torch.manual_seed(seed)
            layer = getattr(torch.nn, module)(*args, **options, dtype=getattr(torch, dtype))
            expected = {key: value.numpy() for key, value in layer.state_dict().items()}
            params, state = getattr(replay, name)(
                replay.manual_seed(seed), *args, **options, dtype=dtype
            )
            assert list(params) == list(expected)
            for key, value in params.items():
                assert_same(value, expected[key], rtol=0)
            assert_same(replay.get_state(state), torch.get_rng_state().numpy())


def test_a_model_layer_by_layer():
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2)
    )
    x = torch.randn(3, 5)
    state = replay.manual_seed(0)
    first, state = replay.conv2d(state, 1, 4, 3)
    last, state = replay.linear(state, 4, 2)
    ours, state = replay.randn(state, (3, 5))
    assert_same(first["weight"], model[0].weight.detach().numpy(), rtol=0)
    assert_same(last["bias"], model[3].bias.detach().numpy(), rtol=0)
    assert_same(ours, x.numpy(), rtol=0)
