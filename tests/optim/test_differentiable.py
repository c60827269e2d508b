"""Derivatives through an update, by closed forms, where no PyTorch differentiates."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import optim


def moved(optimizer, params, *grads):
    """The sum of the updates, the parameters staying where they are."""
    state, total = optimizer.init(params), 0
    for grad in grads:
        updates, state = optimizer.update(grad, state, params)
        total = total + updates
    return total


@pytest.mark.parametrize("jit", [False, True])
def test_radam_before_it_is_rectified_is_linear_in_its_gradient(jit, any_dtype):
    params, grads = jnp.ones(3, any_dtype), jnp.array([0.0, 1.0, 0.0], any_dtype)

    def total(grads, lr):
        return jnp.sum(moved(optim.radam(lr=lr), params, grads))

    derivatives = jax.grad(total, (0, 1))
    of_grads, of_rate = (jax.jit(derivatives) if jit else derivatives)(grads, jnp.float32(0.125))
    assert_same(of_grads, jnp.full(3, -0.125, any_dtype), 1e-2 if of_grads.itemsize == 2 else None)
    assert_same(of_rate, jnp.float32(-1.0), 1e-2)


@pytest.mark.nightly
def test_second_derivatives_of_radam_at_0():
    def total(grads):
        return jnp.sum(moved(optim.radam(lr=0.5), jnp.ones(2), grads, grads))

    assert_same(jax.hessian(total)(jnp.zeros(2)), jnp.zeros((2, 2)))


def test_sparse_adam_where_nothing_moves():
    grads = jnp.array([[0.0, 0.0], [1.0, 2.0]])
    optimizer = optim.sparse_adam(lr=0.5, sparse_dim=1)
    slopes = jax.grad(lambda g: jnp.sum(moved(optimizer, grads, g)))(grads)
    assert_same(slopes[0], jnp.zeros(2))
    assert jnp.all(jnp.isfinite(slopes))


@pytest.mark.parametrize("params", [np.zeros((2, 3)), np.ones((2, 3)), np.zeros(3)])
def test_adafactor_at_0(params):
    """θ and g of 0: the norms have the derivative 0, and v̂ is its least, ε₁²."""
    params = jnp.asarray(params, jnp.float32)

    def total(params, grads):
        return jnp.sum(moved(optim.adafactor(lr=0.5, eps=(0.25, 0.5)), params, grads))

    of_params, of_grads = jax.grad(total, (0, 1))(params, jnp.zeros_like(params))
    size = max(0.5, float(jnp.abs(params).max()))
    assert_same(of_params, jnp.zeros_like(params))
    assert_same(of_grads, jnp.full_like(params, -size * 0.5 / 0.25), 1e-5)


def test_muon_at_0():
    def total(grads):
        return jnp.sum(moved(optim.muon(lr=1.0, weight_decay=0.0, eps=0.5), grads, grads))

    assert jnp.all(jnp.isfinite(jax.grad(total)(jnp.zeros((3, 2)))))


def test_rprop_at_a_bound():
    """As that of PyTorch's clamp, the derivative by the first step is 1 at a bound, 0 beyond."""

    def total(lr):
        optimizer = optim.rprop(lr=lr, step_sizes=(0.25, 2.0))
        return jnp.sum(moved(optimizer, jnp.zeros(1), jnp.ones(1)))

    slopes = [float(jax.grad(total)(lr)) for lr in (0.125, 0.25, 0.5, 2.0, 2.5)]
    assert slopes == [0.0, -1.0, -1.0, -1.0, 0.0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("at", [0.0, 1e-6, 1.0])
def test_rounding_has_the_derivative_1(dtype, at):
    grads, params = jnp.full(2, at, dtype), jnp.zeros(2, dtype)
    slopes = jax.grad(lambda g: jnp.sum(moved(optim.sgd(lr=0.5), params, g)))(grads)
    assert_same(slopes, jnp.full(2, -0.5, dtype))


@pytest.mark.parametrize("make", [optim.adam, optim.nadam, optim.adamax, optim.radam])
@pytest.mark.nightly
def test_a_decay_that_is_an_array_of_0(make):
    """1 - β¹ is 1 - β at β = 0, and 1 - βᵗ is flat there."""

    def total(betas):
        optimizer = make(lr=1.0, betas=tuple(betas))
        return jnp.sum(moved(optimizer, jnp.zeros(2), jnp.array([1.0, 2.0])))

    betas = jnp.array([0.0, 0.5])
    steep = [total(betas + shift) for shift in jnp.array([[1e-3, 0.0], [0.0, 0.0]])]
    slope = jax.grad(total)(betas)
    assert jnp.all(jnp.isfinite(slope))
    assert_same(slope[0], (steep[0] - steep[1]) / 1e-3, 2e-2, 2e-2)
    assert jnp.all(jnp.isfinite(jax.grad(total)(jnp.zeros(2))))


@pytest.mark.parametrize("norm_type", [2.0, jnp.inf, 1.0])
def test_clipping_at_0(norm_type):
    clip = optim.clip_grad_norm(1.0, norm_type)
    step = functools.partial(clip.update, state=clip.init(jnp.zeros(2)))
    assert_same(jax.jacobian(lambda g: step(g)[0])(jnp.zeros(2)), jnp.eye(2))
