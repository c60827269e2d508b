"""Counts however large: "never" is written as 10**10 or 2**63, and a run may be long."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from oracles import assert_same

from jaxgrad import optim, schedules

HUGE = [10**10, 2**31 - 1, 2**31, 2**63, 10**400, 1e10, float("inf")]
CONSTANT = {
    "step": lambda n: schedules.step_lr(0.5, n),
    "multi_step": lambda n: schedules.multi_step_lr(0.5, [n, n]),
    "constant": lambda n: schedules.constant_lr(1.0, 0.5, n),
    "linear": lambda n: schedules.linear_lr(1.0, 0.5, 1.0, n),
    "polynomial": lambda n: schedules.polynomial_lr(0.5, n),
    "cosine": lambda n: schedules.cosine_annealing_lr(0.5, n),
    "up": lambda n: schedules.cyclic_lr(0.5, 1.0, n),
    "sequential": lambda n: schedules.sequential_lr(
        [schedules.constant_lr(1.0, 0.5, n), schedules.exponential_lr(1.0, 0.5)], [n]
    ),
}
"""Schedules whose first many rates are 0.5."""
WHOLE = {
    "restarts": lambda n: schedules.cosine_annealing_warm_restarts(0.5, n),
    "longer restarts": lambda n: schedules.cosine_annealing_warm_restarts(0.5, n, n),
    "one cycle": lambda n: schedules.one_cycle_lr(1.0, n, div_factor=2.0),
    "three phases": lambda n: schedules.one_cycle_lr(1.0, n, div_factor=2.0, three_phase=True),
    "epochs": lambda n: schedules.one_cycle_momentum(None, n, n, max_momentum=0.5),
}
"""Those whose lengths are integers in PyTorch too."""


def assert_stays(schedule, dtype):
    """At small counts the rate is 0.5: eagerly, traced, as a batch, and by every step."""
    for count in (0, 5, np.int64(5), 5.0, jnp.int32(5)):
        assert_same(schedule(count), jnp.asarray(0.5, dtype), 1e-6)
    assert_same(jax.jit(schedule)(5), jnp.asarray(0.5, dtype), 1e-6)
    counts = jnp.arange(6)
    assert_same(jax.vmap(schedule)(counts), jnp.full(6, 0.5, dtype), 1e-6)
    assert_same(jax.vmap(schedule.step_by_step)(counts), jnp.full(6, 0.5, dtype), 1e-6)


@pytest.mark.parametrize("name", CONSTANT)
@pytest.mark.parametrize("huge", HUGE, ids=lambda n: f"{min(n, 1e99):g}")
def test_never(name, huge, dtype):
    assert_stays(CONSTANT[name](huge), dtype)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("huge", HUGE[:5], ids=lambda n: f"{min(n, 1e99):g}")
def test_never_for_integers(name, huge, dtype):
    assert_stays(WHOLE[name](huge), dtype)
    with pytest.raises(TypeError, match="must be a concrete integer, got float"):
        WHOLE[name](float(2**40))


@pytest.mark.parametrize("huge", HUGE, ids=lambda n: f"{min(n, 1e99):g}")
def test_never_in_a_composition(huge, dtype):
    never = schedules.step_lr(1.0, huge)
    chain = schedules.chained_scheduler([never, schedules.exponential_lr(1.0, 0.5)])
    steps = schedules.chained_scheduler([never, schedules.cyclic_lr(1.0, 3.0, 2)])
    pieces = schedules.sequential_lr([chain, steps], [huge])
    # A chain that begins a sequence takes its step 0 twice, as in PyTorch.
    for schedule, expected in ((chain, 0.25), (steps, 3.0), (pieces, 0.125)):
        assert_same(schedule(2), jnp.asarray(expected, dtype))
        assert_same(jax.jit(schedule)(2), jnp.asarray(expected, dtype))


@pytest.mark.parametrize("size", [41, 47, 330])
def test_a_rate_falls_at_multiples_of_its_step_size(size, dtype):
    """In float32 the product of 41 and 1 / 41 is less than 1."""
    counts = size * jnp.arange(1, 21)
    rates = jax.jit(jax.vmap(schedules.step_lr(1.0, size, 0.5)))
    assert_same(rates(counts), jnp.asarray(0.5 ** np.arange(1, 21), dtype), 1e-6)
    assert_same(rates(counts - 1), jnp.asarray(0.5 ** np.arange(20), dtype), 1e-6)


def test_fractions_are_still_refused():
    for wrong in (2.5, float("nan"), -float("inf"), True):
        with pytest.raises(TypeError, match="step_size must be a concrete integer"):
            schedules.step_lr(0.1, wrong)


FAR = {
    "step": (schedules.step_lr(1.0, 2**32, 0.5), 0.5),
    "exponential": (schedules.exponential_lr(1.0, 0.5), 0.0),
    "linear": (schedules.linear_lr(1.0, 0.5, 0.25, 7), 0.25),
    "cosine": (schedules.cosine_annealing_lr(1.0, 2**32), 0.0),
    "restarts": (schedules.cosine_annealing_warm_restarts(1.0, 2**33), 0.5),
    "longer restarts": (schedules.cosine_annealing_warm_restarts(1.0, 2**30, 2), 1 / 4 + 1 / 4),
    "cyclic": (schedules.cyclic_lr(0.0, 1.0, 2**33), 0.5),
}
"""Schedules at the count 2³²."""


@pytest.mark.parametrize("name", FAR)
def test_counts_beyond_int32(name, dtype):
    schedule, expected = FAR[name]
    if name == "longer restarts":  # cycles of 1, 2, 4 … times 2**30: 1 is left of the third's 4
        expected = (1 + np.cos(np.pi * 1 / 4)) / 2
    for count in (2**32, np.int64(2**32), np.array(2**32), 2.0**32):
        assert_same(schedule(count), jnp.asarray(expected, dtype), 1e-6, 1e-6)
    many = np.array([2**32, 2**32])
    assert_same(schedule(many), jnp.full(2, expected, dtype), 1e-6, 1e-6)
    if dtype == "float64":
        assert_same(jax.jit(schedule)(jnp.int64(2**32)), jnp.asarray(expected), 1e-6, 1e-6)


def test_a_count_of_which_no_step_can_be_taken():
    schedule = schedules.multiplicative_lr(1.0, lambda count: 1.0)
    for count in (2**31, 2**63, np.int64(2**40), 1e10):
        with pytest.raises(ValueError, match="count must be below 2.14748e.09 to take each step"):
            schedule(count)
    assert_same(schedule(jnp.int8(5)), jnp.float32(1))


@pytest.mark.parametrize("huge", [10**10, 2**63])
def test_other_counts(huge):
    plateau = schedules.reduce_lr_on_plateau(1.0, patience=huge, cooldown=huge)
    state, update = plateau.init(jnp.zeros(1)), jax.jit(plateau.update)
    for _ in range(3):
        _, state = update(jnp.ones(1), state, value=1.0)
    assert state.lr == 1
    reduces = schedules.reduce_lr_on_plateau(1.0, patience=0, cooldown=huge, factor=0.5)
    state = reduces.init(jnp.zeros(1))
    for _ in range(4):
        _, state = reduces.update(jnp.ones(1), state, value=1.0)
    assert state.lr == 0.5
    for averaging in (optim.averaged_model(start=huge), optim.averaged_model(every=huge)):
        state, params = averaging.init(jnp.zeros(1)), jnp.zeros(1)
        for _ in range(3):
            updates, state = jax.jit(averaging.update)(jnp.ones(1), state, params)
            params = optax.apply_updates(params, updates)
    assert state.average.tolist() == [1.0]
    optimizer, x = optim.lbfgs(max_iter=huge, max_eval=huge), jnp.zeros(2)

    def bowl(x):
        return jnp.sum((x - 1) ** 2)

    updates, _ = optimizer.update(jax.grad(bowl)(x), optimizer.init(x), x, value_fn=bowl)
    assert_same(updates, jnp.ones(2))
