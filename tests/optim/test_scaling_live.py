"""`grad_scaler` beside torch.amp.GradScaler, with planted infinities."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgrad import optim

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
STEPS = 400
OPTIONS = [
    {"init_scale": 2.0**16, "growth_interval": 5},
    {"init_scale": 2.0**120, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 1},
    {"init_scale": 1000.0, "growth_factor": 1.5, "backoff_factor": 0.75, "growth_interval": 7},
]


def planted(rng):
    """A factor of each step's gradients: a tenth of them is infinite or NaN."""
    kinds = np.array([1.0, np.inf, -np.inf, np.nan], np.float32)
    return kinds[rng.choice(4, STEPS, p=[0.9, 0.04, 0.03, 0.03])]


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=["defaults", "large", "other factors"])
def test_hundreds_of_steps(options, clipped):
    import torch

    rng = np.random.default_rng(0)
    factors, grads = planted(rng), rng.normal(size=(STEPS, 4)).astype(np.float32)
    tensor = torch.ones(4, requires_grad=True)
    theirs = torch.optim.Adam([tensor], lr=0.01)
    scaler = torch.amp.GradScaler("cpu", **options)
    links = [optim.clip_grad_norm(1.0)] if clipped else []
    optimizer = optim.grad_scaler(optax.chain(*links, optim.adam(lr=0.01)), **options)
    params = jnp.ones(4)
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    for grad, factor in zip(grads, factors, strict=True):
        theirs.zero_grad()
        scaler.scale((tensor * torch.tensor(grad * factor)).sum()).backward()
        if clipped:
            scaler.unscale_(theirs)
            torch.nn.utils.clip_grad_norm_([tensor], 1.0)
        scaler.step(theirs)
        scaler.update()
        updates, state = update(jnp.asarray(grad * factor) * state.scale, state, params)
        params = optax.apply_updates(params, updates)
        told = scaler.state_dict()
        assert (float(state.scale), int(state.growth_tracker)) == (
            told["scale"],
            told["_growth_tracker"],
        )
    np.testing.assert_allclose(params, tensor.detach().numpy(), rtol=2e-5)
    rows = optim.to_torch_state(state)["state"][0]
    assert rows["step"] == theirs.state_dict()["state"][0]["step"] < STEPS


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_unscaled_gradients(dtype):
    import torch

    with jax.enable_x64(True):
        grads = jnp.asarray(np.random.default_rng(1).normal(size=8), dtype)
        tensor = torch.zeros(8, dtype=getattr(torch, dtype), requires_grad=True)
        tensor.grad = torch.tensor(np.asarray(grads, float)).to(tensor.dtype)
        scaler = torch.amp.GradScaler("cpu", init_scale=3.0)
        scaler.scale(torch.ones(()))
        scaler.unscale_(torch.optim.SGD([tensor]))
        optimizer = optim.grad_scaler(optax.identity(), 3.0)
        found, _ = optimizer.update(grads, optimizer.init(grads))
        np.testing.assert_array_equal(np.asarray(found, float), tensor.grad.double().numpy())


def test_what_is_refused():
    import torch

    for options in ({"growth_factor": 1.0}, {"backoff_factor": 1.0}):
        with pytest.raises(AssertionError):
            torch.amp.GradScaler("cpu", **options)
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(()))
    tensor = torch.ones(2, dtype=torch.float16, requires_grad=True)
    optimizer = torch.optim.SGD([tensor])
    with pytest.raises(AssertionError, match="No inf checks were recorded"):
        scaler.step(optimizer)
    tensor.grad = torch.ones_like(tensor)
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(()))
    with pytest.raises(ValueError, match="unscale FP16"):
        scaler.unscale_(optimizer)
