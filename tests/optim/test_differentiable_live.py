"""Derivatives through an update, against PyTorch's `differentiable=True`: at gradients of 0 too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import optim

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"eps": 0.0, "maximize": True}),
    ("AdamW", {"amsgrad": True}),
    ("Adamax", {}),
    ("Adamax", {"eps": 0.0, "weight_decay": 0.1}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"eps": 0.0, "weight_decay": 0.1}),
    ("RAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"eps": 0.0, "weight_decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 50.0}),
    ("ASGD", {"t0": 2, "weight_decay": 0.1}),
]
TENSOR_RATES = ("SGD", "Adam", "AdamW", "NAdam", "RAdam")
"""The optimizers that differentiate by a rate that is a tensor."""
PARAMS = np.array([1.0, -2.0, 0.0, 3.0, 0.5, 1.0])
WEIGHTS = np.arange(1.0, 7.0)


def gradients(steps):
    """Always 0; 0 at first; 0 at last; always alike; alternating; any."""
    grads = np.random.default_rng(0).normal(size=(steps, 6))
    grads[:, 0] = grads[0, 1] = grads[-1, 2] = 0
    grads[:, 3] = grads[0, 3]
    grads[:, 4] = np.where(np.arange(steps) % 2, -0.5, 0.5)
    return grads


def theirs(name, kwargs, steps):
    """PyTorch's derivatives of the last of the steps, by name."""
    import torch

    of_class = getattr(torch.optim, name)
    *before, last = map(torch.tensor, gradients(steps))
    plain = torch.tensor(PARAMS).requires_grad_()
    optimizer = of_class([plain], **kwargs)
    for plain.grad in before:
        optimizer.step()
    slots = {k: v for k, v in optimizer.state[plain].items() if v is not None}
    leaves = {k: v.detach().clone() for k, v in slots.items() if getattr(v, "ndim", 0)}
    leaves |= {"params": plain.detach().clone(), "grads": last}
    rate = kwargs.get("lr", 0.1)
    if name in TENSOR_RATES:
        leaves["lr"] = rate = torch.tensor(rate, dtype=torch.float64)
    for leaf in leaves.values():
        leaf.requires_grad_()
    param = leaves["params"].clone()
    optimizer = of_class([param], **{**kwargs, "lr": rate}, differentiable=True)
    if slots:
        optimizer.state[param] = {
            k: leaves[k].clone() if k in leaves else _copy(v) for k, v in slots.items()
        }
    param.grad = leaves["grads"].clone()
    optimizer.step()
    total = (param * torch.tensor(WEIGHTS)).sum()
    found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return {k: g.numpy() for k, g in zip(leaves, found, strict=True) if g is not None}


def _copy(value):
    return value.clone() if hasattr(value, "clone") else value


def ours(name, kwargs, steps, jit):
    """The same derivatives here."""
    factory, kwargs = getattr(optim, name.lower()), dict(kwargs)
    rate, params, grads = kwargs.pop("lr", 0.1), jnp.asarray(PARAMS), gradients(steps)
    optimizer = factory(lr=rate, **kwargs)
    state = optimizer.init(params)
    for grad in grads[:-1]:
        updates, state = optimizer.update(jnp.asarray(grad), state, params)
        params = params + updates
    inexact = {k: v for k, v in state._asdict().items() if v is not None and v.dtype == float}

    def total(leaves):
        here = state._replace(**{k: leaves[k] for k in inexact})
        params = leaves["params"]
        updates, _ = factory(lr=leaves["lr"], **kwargs).update(leaves["grads"], here, params)
        return jnp.sum((params + updates) * WEIGHTS)

    leaves = inexact | {"params": params, "grads": jnp.asarray(grads[-1]), "lr": jnp.asarray(rate)}
    return (jax.jit(jax.grad(total)) if jit else jax.grad(total))(leaves)


@pytest.mark.parametrize("steps", [2, 1, 8])
@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_derivatives_are_those_of_pytorch_where_they_are_finite(name, kwargs, steps):
    if name == "SGD" and kwargs.get("momentum") and steps == 1:
        pytest.skip("PyTorch detaches the first velocity")
    with jax.enable_x64(True):
        expected = theirs(name, {"lr": 0.1, **kwargs}, steps)
        got = [ours(name, kwargs, steps, jit) for jit in (True, False)[: 1 + (steps == 2)]]
    assert {"params", "grads"} <= set(expected)
    for key, derivative in expected.items():
        finite = np.isfinite(derivative)
        # Of a rate that is a tensor, PyTorch computes the corrections in float32.
        rtol = 1e-4 if name in TENSOR_RATES else 1e-9
        for here in got:
            np.testing.assert_allclose(
                np.asarray(here[key])[finite], derivative[finite], rtol, rtol, err_msg=key
            )
