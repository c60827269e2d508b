"""`grad_scaler`: what is skipped, when the scale changes, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from invariants import assert_jit
from oracles import assert_same

from jaxgrad import optim

PARAMS = {"a": jnp.ones(3), "b": jnp.array([2.0, 2.0])}


def grads_of(state, bad=None):
    grads = {"a": jnp.full(3, 0.5) * state.scale, "b": jnp.full(2, -1.0) * state.scale}
    return grads if bad is None else grads | {"b": jnp.array([1.0, bad])}


@pytest.mark.parametrize("bad", [jnp.inf, -jnp.inf, jnp.nan])
def test_one_gradient_that_is_not_finite_skips_all(bad):
    optimizer = optim.grad_scaler(optax.chain(optim.clip_grad_norm(1.0), optim.adam()))
    state = optimizer.init(PARAMS)
    _, state = optimizer.update(grads_of(state), state, PARAMS)
    updates, after = jax.jit(optimizer.update)(grads_of(state, bad), state, PARAMS)
    assert_same(updates, jax.tree.map(jnp.zeros_like, PARAMS))
    assert_same(after.inner_state, state.inner_state)
    assert (float(after.scale), int(after.growth_tracker)) == (32768.0, 0)


def test_finite_gradients_are_those_of_the_loss():
    plain = optax.chain(optim.clip_grad_norm(1.0), optim.adamw())
    scaled, alone = optim.grad_scaler(plain), plain.init(PARAMS)
    state = scaled.init(PARAMS)
    for _ in range(3):
        grads = grads_of(state)
        unscaled = jax.tree.map(lambda g, s=state.scale: g / s, grads)
        updates, state = scaled.update(grads, state, PARAMS)
        expected, alone = plain.update(unscaled, alone, PARAMS)
        assert_same(updates, expected)
        assert_same(state.inner_state, alone)


def test_a_scale_grows_after_finite_updates_in_sequence_alone():
    optimizer = optim.grad_scaler(optim.sgd(), 8.0, 4.0, 0.25, 3)
    state, scales = optimizer.init(PARAMS), []
    for bad in (None, None, jnp.inf, None, None, None, None, jnp.nan, jnp.nan):
        _, state = optimizer.update(grads_of(state, bad), state, PARAMS)
        scales.append((float(state.scale), int(state.growth_tracker)))
    assert scales == [
        *((8.0, 1), (8.0, 2), (2.0, 0)),
        *((2.0, 1), (2.0, 2), (8.0, 0), (8.0, 1)),
        *((2.0, 0), (0.5, 0)),
    ]


def test_a_scale_does_not_grow_to_infinity_nor_ever_with_an_interval_of_0():
    for scale, interval, tracker in ((3e38, 1, 0), (2.0, 0, 1)):
        optimizer = optim.grad_scaler(optim.sgd(), scale, growth_interval=interval)
        state = optimizer.init(PARAMS)
        _, after = optimizer.update(PARAMS, state, PARAMS)
        assert after.scale == state.scale and after.growth_tracker == tracker


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_gradients_keep_their_dtype(dtype):
    params = jnp.ones(2, dtype)
    optimizer = optim.grad_scaler(optim.sgd(lr=1.0), 3.0)
    updates, _ = optimizer.update(jnp.full(2, 2.0, dtype), optimizer.init(params), params)
    assert updates.dtype == params.dtype
    assert_same(updates, -(jnp.full(2, 2.0) * (1 / jnp.float32(3.0))).astype(dtype))


def test_missing_gradients_stay_missing():
    optimizer = optim.grad_scaler(optim.adam())
    state = optimizer.init(PARAMS)
    updates, state = optimizer.update(grads_of(state) | {"b": None}, state, PARAMS)
    assert_same(updates["b"], jnp.zeros(2))
    assert state.inner_state.step.tolist() == [1, 0]


def test_programs():
    """jit = eager, a loop over a batch of states, a scan, and derivatives that are finite."""
    optimizer = optim.grad_scaler(optim.adam(), growth_interval=2)
    state = optimizer.init(PARAMS)
    assert_jit(lambda grads: optimizer.update(grads, state, PARAMS), grads_of(state))
    factors = jnp.array([1.0, jnp.inf])

    def step(factor):
        grads = jax.tree.map(lambda g: g * factor, grads_of(state))
        return optimizer.update(grads, state, PARAMS)

    _, states = jax.vmap(step)(factors)
    assert states.scale.tolist() == [65536.0, 32768.0]

    def walk(state, factor):
        grads = jax.tree.map(lambda g: g * factor, grads_of(state))
        updates, state = optimizer.update(grads, state, PARAMS)
        return state, updates["a"][0]

    last, moves = jax.lax.scan(walk, state, jnp.array([1.0, jnp.nan, 1.0, 1.0]))
    assert float(last.scale) == 65536.0 and moves[1] == 0 and jnp.all(moves[2:] < 0)
    assert jnp.isfinite(jax.grad(lambda f: jnp.sum(step(f)[0]["a"] ** 2))(jnp.inf))
    assert jnp.isfinite(jax.grad(lambda x: step(x)[0]["a"][0])(2.0))


def test_shards(rows):
    params = jax.device_put(jnp.ones((8, 3)), rows)
    optimizer = optim.grad_scaler(optim.adam())
    with jax.set_mesh(rows.mesh):
        state = optimizer.init(params)
        bad = jax.device_put(np.where(np.arange(24).reshape(8, 3) == 16, np.nan, 1.0), rows)
        updates, state = jax.jit(optimizer.update)(bad.astype("float32"), state, params)
    assert updates.sharding.is_equivalent_to(rows, 2)
    assert float(state.scale) == 32768.0 and not jnp.any(np.asarray(updates))


def test_a_second_step_traces_nothing():
    optimizer, traced = optim.grad_scaler(optim.adam()), []

    @jax.jit
    def step(grads, state):
        traced.append(1)
        return optimizer.update(grads, state, PARAMS)[1]

    state = optimizer.init(PARAMS)
    for _ in range(3):
        state = step(grads_of(state), state)
    assert traced == [1]


def test_states_go_to_and_from_pytorchs_dict():
    optimizer = optim.grad_scaler(optim.adam())
    theirs = {"scale": 1024.0, "growth_factor": 2.0, "_growth_tracker": 7}
    state = optimizer.init(PARAMS)._replace(
        scale=jnp.float32(theirs["scale"]), growth_tracker=jnp.int32(theirs["_growth_tracker"])
    )
    _, state = optimizer.update(grads_of(state), state, PARAMS)
    assert (float(state.scale), int(state.growth_tracker)) == (1024.0, 8)
    rows = optim.to_torch_state(state)["state"]
    assert rows[0]["step"] == 1 and list(rows) == [0, 1]


def test_refusals():
    inner = optim.sgd()
    for options, match in (
        ({"init_scale": 0.0}, "init_scale must be positive, got 0.0"),
        ({"growth_factor": 1.0}, "growth_factor must be above 1, got 1.0"),
        ({"backoff_factor": 1.0}, "backoff_factor must be below 1, got 1.0"),
        ({"growth_interval": -1}, "growth_interval must be at least 0, got -1"),
    ):
        with pytest.raises(ValueError, match=f"grad_scaler: {match}"):
            optim.grad_scaler(inner, **options)
    with pytest.raises(TypeError, match="grad_scaler: inner must be a GradientTransformation, got"):
        optim.grad_scaler(65536.0)
    optimizer = optim.grad_scaler(inner)
    state = optimizer.init(PARAMS)
    with pytest.raises(ValueError, match="grad_scaler: updates must be one gradient at least"):
        optimizer.update({"a": None, "b": None}, state, PARAMS)
    for dtype in ("float16", "int32"):
        with pytest.raises(TypeError, match=f"updates must be .*, got {dtype}; keep parameters in"):
            optimizer.update({"a": jnp.ones(3, dtype), "b": jnp.ones(2)}, state, PARAMS)
