"""What draws, against a live PyTorch: shapes, dtypes, refusals, and all that is not random."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same
from torch_oracle import entries, samples, to_jax

from jaxgrad import functional

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
DROPOUTS = [
    *("dropout", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"),
]


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def distinct(array):
    """The distinct values of slopes; PyTorch's own in the same dtype are among them."""
    return np.unique(np.asarray(array, float))


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("name", [*DROPOUTS, "rrelu"])
def test_the_operator_database(name, dtype):
    import torch

    for sample in samples(f"nn.functional.{name}", dtype):
        kwargs = {k: v for k, v in sample.kwargs.items() if k not in ("inplace",)}
        theirs = getattr(torch.nn.functional, name)(sample.input, *sample.args, **kwargs)

        def ours(x, sample=sample, kwargs=kwargs):
            key = jax.random.key(0)
            return getattr(functional, name)(key, x, *sample.args, **kwargs)

        x = to_jax(sample.input)
        y, pull = jax.vjp(ours, x)
        expected = to_jax(theirs)
        assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
        drawn = kwargs.get("training", "dropout" in name and "alpha" not in name)
        if not drawn or kwargs.get("p") in (0.0, 1.0):
            assert_same(y, expected)
        elif name != "rrelu" and sample.input.numel():
            (grad,) = torch.autograd.grad(theirs.sum(), sample.input)
            slopes = distinct(pull(jnp.ones_like(y))[0])
            both = np.concatenate([slopes, distinct(to_jax(grad))])
            rtol = 2e-2 if dtype == "bfloat16" else 1e-6
            largest = both.max()
            near = np.isclose(both, largest, rtol=rtol) | (both == 0)
            assert near.all(), (both, sample)


@pytest.mark.parametrize("name", [*DROPOUTS, "rrelu", "dropout1d"])
def test_p_out_of_range_and_the_like_are_refused_as_there(name):
    import torch

    x = np.ones((2, 3, 4), np.float32)
    for args in ((1.5,), (-0.5,), (float("nan"),), (0.5, 0.1), (0.25,)):
        refused = []
        for call in (
            lambda a=args: getattr(torch.nn.functional, name)(torch.from_numpy(x), *a),
            lambda a=args: getattr(functional, name)(jax.random.key(0), jnp.array(x), *a),
        ):
            try:
                call()
                refused.append(False)
            except (RuntimeError, TypeError, ValueError):
                refused.append(True)
        assert refused[0] == refused[1], args


@pytest.mark.parametrize("name", [*DROPOUTS, "rrelu"])
def test_what_the_operator_database_refuses(name):
    for entry in entries(f"nn.functional.{name}"):
        if entry.error_inputs_func is None:
            continue
        for error in entry.error_inputs("cpu"):
            sample = error.sample_input
            with pytest.raises((TypeError, ValueError), match=f"{name}: "):
                getattr(functional, name)(
                    jax.random.key(0), to_jax(sample.input), *sample.args, **sample.kwargs
                )


@pytest.mark.parametrize("p", [0.0, 1.0])
@pytest.mark.parametrize("name", DROPOUTS)
def test_infinities_at_p_of_0_and_1(name, p):
    import torch

    special = np.array([1.0, -2.0, np.inf, -np.inf, np.nan])
    x = np.broadcast_to(special, (2, 3, 1, 1, 5)).copy()
    x = torch.tensor(x, requires_grad=True)
    y = getattr(torch.nn.functional, name)(x, p, True)
    (grad,) = torch.autograd.grad(y, x, torch.ones_like(y))

    def ours(x):
        return getattr(functional, name)(jax.random.key(0), x, p, True)

    value, pull = jax.vjp(ours, to_jax(x))
    assert_same([value, pull(jnp.ones_like(value))[0]], [to_jax(y), to_jax(grad)])
