"""torch.nn.init against a live PyTorch: scales, distributions, shapes, dtypes and refusals."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM
from scipy import stats

from jaxgrad import _checks, init
from jaxgrad.init import _distributions

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Initializing zero-element tensors", "ignore:mean is more"),
]
NONLINEARITIES = [
    *["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d"],
    *["conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"],
]
SLOPES = [None, 0, 1, 0.01, -0.5, 0.2, math.sqrt(5), 3, 1e-9, 1e9, 0.3333333]
SHAPES = [
    (3, 5),
    (5, 3),
    (4, 2, 3),
    (6, 1, 2, 5),
    (2, 3, 1, 2, 2),
    (1, 1),
    (0, 3),
    (3, 0),
    (2, 3, 0),
]


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_gains(nonlinearity):
    from torch.nn.init import calculate_gain

    for slope in SLOPES:
        assert init.calculate_gain(nonlinearity, slope) == calculate_gain(nonlinearity, slope)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fans(shape):
    import torch

    expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert init.calculate_fan(shape) == expected


def draws(shape):
    """(PyTorch's name, its arguments, the draw as data)."""
    check = _checks.of("draws")
    for gain in (1.0, 0.3, math.sqrt(2), 0.0):
        std = _distributions.xavier_std(check, shape, gain)
        yield "xavier_uniform_", {"gain": gain}, _distributions.uniform("w", shape, std)
        yield "xavier_normal_", {"gain": gain}, _distributions.normal("w", shape, std)
    for mode in ("fan_in", "fan_out"):
        for nonlinearity in NONLINEARITIES:
            for a in (0, 0.3, math.sqrt(5)):
                kwargs = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
                std = _distributions.kaiming_std(check, shape, **kwargs)
                yield "kaiming_uniform_", kwargs, _distributions.uniform("w", shape, std)
                yield "kaiming_normal_", kwargs, _distributions.normal("w", shape, std)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != (2, 3, 0)], ids=str)
def test_draws_of_pytorchs_numbers_are_pytorchs_weights(shape):
    import torch

    for name, kwargs, draw in draws(shape):
        for dtype in (torch.float32, torch.float64):
            torch.manual_seed(0)
            theirs = getattr(torch.nn.init, name)(torch.empty(shape, dtype=dtype), **kwargs)
            torch.manual_seed(0)
            ours = getattr(torch.empty(shape, dtype=dtype), draw.kind + "_")(*draw.args)
            assert torch.equal(ours, theirs), (name, kwargs)


@pytest.mark.parametrize("shape", [s for s in SHAPES if 0 not in s], ids=str)
def test_orthogonal_of_pytorchs_matrix(shape):
    import torch

    for seed in range(5):
        torch.manual_seed(seed)
        theirs = torch.nn.init.orthogonal_(torch.empty(shape, dtype=torch.float64), gain=0.7)
        torch.manual_seed(seed)
        draw = _distributions.orthogonal(shape)
        matrix = torch.empty(draw.shape, dtype=torch.float64).normal_(*draw.args)
        with jax.enable_x64(True):
            gain = jnp.asarray(0.7)
            ours = _distributions.orthogonalised(jnp.asarray(matrix.numpy()), gain, shape)
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("sparsity", [0, 0.1, 0.5, 0.51, 1])
@pytest.mark.parametrize("shape", [(10, 3), (1, 4), (7, 7)], ids=str)
def test_sparse_of_pytorchs_numbers(shape, sparsity):
    import torch

    torch.manual_seed(0)
    theirs = torch.nn.init.sparse_(torch.empty(shape), sparsity, std=0.3)
    torch.manual_seed(0)
    draw, _ = _distributions.sparse(shape, 0.3)
    values = torch.empty(draw.shape).normal_(*draw.args).numpy()
    order = np.stack([torch.randperm(shape[0]).numpy() for _ in range(shape[1])], axis=1)
    count = math.ceil(sparsity * shape[0])
    ours = _distributions.sparsified(jnp.asarray(values), jnp.asarray(order), count)
    np.testing.assert_array_equal(ours, theirs.numpy())
    keyed = init.sparse(jax.random.key(0), shape, sparsity=sparsity)
    zeros = np.sum(theirs.numpy() == 0, axis=0)
    np.testing.assert_array_equal(np.sum(np.asarray(keyed) == 0, axis=0), zeros)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_what_is_not_random(dtype):
    import torch

    dirac = [
        ((4, 3, 3), 1),
        ((4, 3, 3), 2),
        ((6, 2, 2, 3), 3),
        ((2, 5, 1, 2, 3), 1),
        ((0, 3, 3), 2),
    ]
    with jax.enable_x64(dtype == "float64"):
        for shape, groups in dirac:
            theirs = torch.nn.init.dirac_(torch.empty(shape, dtype=getattr(torch, dtype)), groups)
            ours = init.dirac(None, shape, dtype, groups=groups)
            assert str(ours.dtype) == dtype
            np.testing.assert_array_equal(np.asarray(ours, float), theirs.double().numpy())
        for shape in [(3, 3), (2, 5), (5, 2), (0, 2)]:
            theirs = torch.nn.init.eye_(torch.empty(shape, dtype=getattr(torch, dtype)))
            ours = init.eye(None, shape, dtype)
            np.testing.assert_array_equal(np.asarray(ours, float), theirs.double().numpy())


SAMPLED = {
    "uniform": {"a": -0.3, "b": 0.7},
    "normal": {"mean": 0.5, "std": 0.02},
    "trunc_normal": {"mean": 0.1, "std": 0.5, "a": -0.3, "b": 0.2},
    "xavier_uniform": {"gain": 1.5},
    "xavier_normal": {"gain": 1.5},
    "kaiming_uniform": {"a": 0.3, "mode": "fan_out"},
    "kaiming_normal": {"nonlinearity": "tanh"},
    "orthogonal": {"gain": 2.0},
    "sparse": {"sparsity": 0.25, "std": 0.5},
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
@pytest.mark.parametrize("name", SAMPLED)
def test_two_samples_of_one_distribution(name, dtype):
    import torch

    if name == "orthogonal" and "32" not in dtype and "64" not in dtype:
        pytest.skip("PyTorch has no orthogonal_ of narrow dtypes")
    shape, kwargs = (200, 150), SAMPLED[name]
    torch.manual_seed(0)
    tensor = torch.empty(shape, dtype=getattr(torch, dtype))
    theirs = getattr(torch.nn.init, name + "_")(tensor, **kwargs).double().numpy().ravel()
    with jax.enable_x64(dtype == "float64"):
        ours = getattr(init, name)(jax.random.key(0), shape, dtype, **kwargs)
    assert ours.shape == shape and str(ours.dtype) == dtype
    ours = np.asarray(ours, float).ravel()
    # Narrow values tie; between samples, ties only make the test more lenient.
    assert stats.ks_2samp(ours, theirs).pvalue > ALARM
    scale = np.std(theirs)
    assert abs(np.std(ours) - scale) < 6 * scale / math.sqrt(ours.size)


REFUSED = {
    "uniform": [((3,), {"a": 2, "b": 1}), ((3,), {"a": math.nan})],
    "normal": [((3,), {"std": -1}), ((3,), {"std": math.nan})],
    "trunc_normal": [((3,), {"a": 2, "b": -2}), ((3,), {"std": 0})],
    "xavier_uniform": [((3,), {}), ((), {}), ((2, 3), {"gain": -1})],
    "xavier_normal": [((3,), {}), ((2, 3), {"gain": -1})],
    "kaiming_uniform": [
        *[((3,), {}), ((2, 3), {"mode": "fan"}), ((2, 3), {"a": True}), ((2, 3), {"a": "x"})],
        *[((2, 3), {"nonlinearity": "gelu"}), ((2, 3), {"a": math.nan})],
    ],
    "kaiming_normal": [((3,), {}), ((2, 3), {"nonlinearity": "ReLU"})],
    "orthogonal": [((3,), {}), ((), {})],
    "sparse": [
        ((3, 3, 3), {"sparsity": 0.1}),
        ((3, 3), {"sparsity": math.nan}),
        ((3,), {"sparsity": 0}),
    ],
    "dirac": [
        *[((3, 3), {}), ((3, 3, 1, 1, 1, 1), {}), ((4, 3, 3), {"groups": 3})],
        *[((4, 3, 3), {"groups": 0}), ((4, 3, 3), {"groups": 2.0})],
    ],
    "eye": [((3,), {}), ((3, 3, 3), {})],
}


@pytest.mark.parametrize(
    ("name", "shape", "kwargs"),
    [(name, *row) for name, rows in REFUSED.items() for row in rows],
)
def test_what_pytorch_refuses_is_refused(name, shape, kwargs):
    import torch

    with pytest.raises((ValueError, TypeError, RuntimeError, ZeroDivisionError)):
        getattr(torch.nn.init, name + "_")(torch.empty(shape), **kwargs)
    with pytest.raises((ValueError, TypeError), match=f"^{name}: .* must be "):
        getattr(init, name)(jax.random.key(0), shape, **kwargs)


@pytest.mark.parametrize("name", [*SAMPLED, "dirac"])
def test_what_pytorch_fills_is_filled(name):
    import torch

    kwargs = SAMPLED.get(name, {})
    for shape in [(4, 2, 3), (0, 3), (3, 0), (2, 3, 0)]:
        try:
            theirs = getattr(torch.nn.init, name + "_")(torch.empty(shape), **kwargs)
        except (ValueError, ZeroDivisionError, IndexError):
            continue
        ours = getattr(init, name)(jax.random.key(0), shape, **kwargs)
        assert ours.shape == theirs.shape
