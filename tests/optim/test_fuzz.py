"""The optimizers with options drawn at random, against a live PyTorch."""

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from fuzz import FLOATS, SETS, floats, searching
from hypothesis import given
from hypothesis import strategies as st

from jaxgrad import optim

pytestmark = [pytest.mark.torch, pytest.mark.nightly]
STEPS = 4
DIGITS = {"float64": 1e-11, "float32": 2e-5}

yes = st.booleans()
rate = st.sampled_from([1e-3, 0.1, 1.0, 0.0, 0.1, -0.1])
share = st.sampled_from([0.9, 0.5, 0.0, 0.999, 0.9, 1.0])
small = st.sampled_from([1e-8, 1e-3, 1e-6, -1e-8])
decay = st.sampled_from([0.0, 0.1, 1e-2, -0.1])
betas = st.tuples(share, share)
ADAM = {"lr": rate, "betas": betas, "eps": small, "weight_decay": decay, "maximize": yes}
OPTIONS = {
    "Adadelta": {"lr": rate, "rho": share, "eps": small, "weight_decay": decay, "maximize": yes},
    "Adafactor": {
        "lr": rate,
        "beta2_decay": st.sampled_from([-0.8, -0.5, 0.1]),
        "d": st.sampled_from([1.0, 2.0, 0.5]),
        "weight_decay": decay,
        "maximize": yes,
    },
    "Adagrad": {
        "lr": rate,
        "lr_decay": decay,
        "weight_decay": decay,
        "initial_accumulator_value": st.sampled_from([0.0, 0.1]),
        "eps": small,
        "maximize": yes,
    },
    "Adam": ADAM | {"amsgrad": yes, "decoupled_weight_decay": yes},
    "AdamW": ADAM | {"amsgrad": yes},
    "Adamax": ADAM,
    "NAdam": ADAM | {"momentum_decay": decay, "decoupled_weight_decay": yes},
    "RAdam": ADAM | {"decoupled_weight_decay": yes},
    "ASGD": {
        "lr": rate,
        "lambd": decay,
        "alpha": st.sampled_from([0.75, 0.5]),
        "t0": st.sampled_from([1e6, 1.0, 0.0]),
        "weight_decay": decay,
        "maximize": yes,
    },
    "RMSprop": {
        "lr": rate,
        "alpha": share,
        "eps": small,
        "weight_decay": decay,
        "momentum": st.sampled_from([0.0, 0.9]),
        "centered": yes,
        "maximize": yes,
    },
    "Rprop": {
        "lr": rate,
        "etas": st.sampled_from([(0.5, 1.2), (0.1, 2.0), (1.0, 1.2)]),
        "step_sizes": st.sampled_from([(1e-6, 50), (1e-2, 1e-1)]),
        "maximize": yes,
    },
    "SGD": {
        "lr": rate,
        "momentum": st.sampled_from([0.0, 0.9, -0.1]),
        "dampening": st.sampled_from([0.0, 0.5]),
        "weight_decay": decay,
        "nesterov": yes,
        "maximize": yes,
    },
}
"""Muon rounds to bfloat16 within, and a search of LBFGS stops where a rounding has it stop."""
SHAPES = ((3,), (2, 3), (), (1,), (0,))
"""PyTorch's Adafactor divides by the size of a leaf."""


def theirs(name, options, params, grads):
    """PyTorch's parameters after each step, or the error that refuses the options."""
    import torch

    tensors = [torch.tensor(p).requires_grad_() for p in params]
    try:
        optimizer = getattr(torch.optim, name)(tensors, **options)
    except ValueError as error:
        return error
    for each in grads:
        for tensor, grad in zip(tensors, each, strict=True):
            tensor.grad = None if grad is None else torch.tensor(grad)
        optimizer.step()
    return [tensor.detach().numpy() for tensor in tensors]


def ours(optimizer, params, grads):
    params = list(map(jnp.asarray, params))
    state = optimizer.init(params)
    for each in grads:
        given = [None if grad is None else jnp.asarray(grad) for grad in each]
        updates, state = step_of(optimizer)(given, state, params)
        params = optax.apply_updates(params, updates)
    return params


@functools.lru_cache(1)
def step_of(optimizer):
    return jax.jit(optimizer.update)


@pytest.mark.parametrize("name", OPTIONS)
@searching
@given(data=st.data())
def test_as_pytorch(name, data):
    options = data.draw(st.fixed_dictionaries({}, optional=OPTIONS[name]), "options")
    options.setdefault("lr", 0.01)
    dtype = data.draw(st.sampled_from(FLOATS[:2]), "dtype")
    shapes = SHAPES[:-1] if name == "Adafactor" else SHAPES
    absent = data.draw(st.tuples(*[st.sets(st.integers(0, 3), max_size=1)] * 2))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), "seed"))
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer = made(name, options)
        for _ in range(SETS):
            params = [floats(rng, shape, "some").astype(dtype) for shape in shapes]
            grads = [[floats(rng, shape).astype(dtype) for shape in shapes] for _ in range(STEPS)]
            for each, gone in zip(grads, absent, strict=False):
                for place in gone:
                    each[place] = None
            hold(optimizer, theirs(name, options, params, grads), params, grads)


def made(name, options):
    """Our optimizer, or the error that refuses the options."""
    try:
        return getattr(optim, name.lower())(**options)
    except (TypeError, ValueError) as error:
        return error


def hold(optimizer, expected, params, grads):
    if isinstance(optimizer, Exception) or isinstance(expected, Exception):
        assert isinstance(optimizer, Exception) and isinstance(expected, Exception), (
            f"ours: {optimizer}\nPyTorch: {expected}"
        )
        return
    for one, other in zip(ours(optimizer, params, grads), expected, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        digits, finite = DIGITS[str(other.dtype)], np.isfinite(other)
        scale = np.abs(other[finite]).max(initial=1.0)
        # A parameter that is infinite is NaN after the next update, which is added to it.
        np.testing.assert_array_equal(np.isfinite(one), finite, err_msg=str((params, grads)))
        np.testing.assert_allclose(
            np.asarray(one)[finite],
            other[finite],
            rtol=digits,
            atol=digits * scale,
            err_msg=str((params, grads)),
        )
