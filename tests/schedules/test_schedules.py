"""Schedules by their closed forms, as functions: traced, batched, refused, in a state."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad import optim, schedules

COUNTS = np.arange(12)
TABLE = {
    "lambda": (lambda: schedules.lambda_lr(2.0, lambda t: 1 / (1 + t)), 2 / (1 + COUNTS)),
    "multiplicative": (
        lambda: schedules.multiplicative_lr(2.0, lambda t: t / (1 + t)),
        2 / (1 + COUNTS),
    ),
    "step": (lambda: schedules.step_lr(2.0, 5), 2 * 0.1 ** (COUNTS // 5)),
    "multi_step": (
        lambda: schedules.multi_step_lr(2.0, [3, 3, 7], 0.5),
        2 * np.array([1] * 3 + [1 / 4] * 4 + [1 / 8] * 5),
    ),
    "constant": (lambda: schedules.constant_lr(3.0), np.where(COUNTS < 5, 1.0, 3.0)),
    "linear": (
        lambda: schedules.linear_lr(2.0, 0.5, 0.25, 10),
        2 * np.interp(COUNTS, [0, 10], [0.5, 0.25]),
    ),
    "exponential": (lambda: schedules.exponential_lr(2.0, 0.9), 2 * 0.9**COUNTS),
    "polynomial": (
        lambda: schedules.polynomial_lr(2.0, 8, 3.0),
        2 * np.clip(1 - COUNTS / 8, 0, 1) ** 3,
    ),
    "cosine": (
        lambda: schedules.cosine_annealing_lr(2.0, 5, 1.0),
        1 + (1 + np.cos(np.pi * COUNTS / 5)) / 2,
    ),
    "restarts": (
        lambda: schedules.cosine_annealing_warm_restarts(2.0, 4),
        1 + np.cos(np.pi * (COUNTS % 4) / 4),
    ),
    "longer restarts": (
        lambda: schedules.cosine_annealing_warm_restarts(2.0, 4, 2),
        1 + np.cos(np.pi * np.where(COUNTS < 4, COUNTS / 4, (COUNTS - 4) / 8)),
    ),
    "one cycle": (
        lambda: schedules.one_cycle_lr(
            1.0, 12, pct_start=0.5, anneal_strategy="linear", div_factor=10.0
        ),
        np.interp(COUNTS, [0, 5, 11], [0.1, 1.0, 1e-5]),
    ),
    "three phases": (
        lambda: schedules.one_cycle_lr(
            1.0, 12, pct_start=0.25, anneal_strategy="linear", div_factor=10.0, three_phase=True
        ),
        np.interp(COUNTS, [0, 2, 4, 11], [0.1, 1.0, 0.1, 1e-5]),
    ),
    "one cycle's momentum": (
        lambda: schedules.one_cycle_momentum(12, pct_start=0.5, anneal_strategy="linear"),
        np.interp(COUNTS, [0, 5, 11], [0.95, 0.85, 0.95]),
    ),
    "cyclic": (
        lambda: schedules.cyclic_lr(1.0, 3.0, 2, 4),
        np.interp(COUNTS % 6, [0, 2, 6], [1.0, 3.0, 1.0]),
    ),
    "cyclic in iterations": (
        lambda: schedules.cyclic_lr(1.0, 3.0, 2, mode="exp_range", gamma=0.5),
        1 + (np.interp(COUNTS % 4, [0, 2, 4], [1.0, 3.0, 1.0]) - 1) * 0.5**COUNTS,
    ),
    "cyclic by a function": (
        lambda: schedules.cyclic_lr(1.0, 3.0, 2, scale_fn=lambda cycle: 1 / cycle),
        1 + (np.interp(COUNTS % 4, [0, 2, 4], [1.0, 3.0, 1.0]) - 1) / (1 + COUNTS // 4),
    ),
    "cyclic's momentum": (
        lambda: schedules.cyclic_momentum(0.5, 0.9, 2),
        np.interp(COUNTS % 4, [0, 2, 4], [0.9, 0.5, 0.9]),
    ),
    "chained": (
        lambda: schedules.chained_scheduler(
            [schedules.constant_lr(2.0, 0.5, 3), schedules.exponential_lr(2.0, 0.9)]
        ),
        2 * np.where(COUNTS < 3, 0.5, 1) * 0.9**COUNTS,
    ),
    "chained, the last overwrites": (
        lambda: schedules.chained_scheduler(
            [schedules.exponential_lr(2.0, 0.9), schedules.lambda_lr(2.0, lambda t: 1 / (1 + t))]
        ),
        2 / (1 + COUNTS),
    ),
    "sequential": (
        lambda: schedules.sequential_lr(
            [schedules.linear_lr(2.0, 0.5, 1.0, 4), schedules.exponential_lr(2.0, 0.9)], [4]
        ),
        np.where(COUNTS < 4, 1 + COUNTS / 4, 2 * 0.9 ** (COUNTS - 4.0)),
    ),
    "sequential, by steps": (
        lambda: schedules.sequential_lr(
            [schedules.step_lr(2.0, 3, 0.5), schedules.multiplicative_lr(2.0, lambda t: 0.5)], [4]
        ),
        np.where(COUNTS < 4, 2 * 0.5 ** (COUNTS // 3), 0.5 ** (COUNTS - 3.0)),
    ),
    "with one of optax's": (
        lambda: schedules.sequential_lr(
            [schedules.constant_lr(2.0, 0.5, 9), optax.linear_schedule(1.0, 0.0, 4)], [3]
        ),
        np.where(COUNTS < 3, 1, np.clip(1 - (COUNTS - 3) / 4, 0, 1)),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_values(name, dtype):
    make, expected = TABLE[name]
    schedule = make()
    got = [schedule(int(count)) for count in COUNTS[:3]]
    assert_same(jnp.stack(got), jnp.asarray(expected[:3], dtype))
    assert_same(jax.jit(jax.vmap(schedule))(jnp.asarray(COUNTS)), jnp.asarray(expected, dtype))


@pytest.mark.parametrize("name", TABLE)
def test_the_steps_lead_where_the_closed_form_is(name):
    make, expected = TABLE[name]
    with jax.enable_x64(True):
        walked = jax.jit(jax.vmap(make().step_by_step))(jnp.asarray(COUNTS))
        assert_same(walked, jnp.asarray(expected, float), 1e-12)


@pytest.mark.parametrize("name", TABLE)
def test_compiles_once(name):
    schedule, traces = TABLE[name][0](), []

    @jax.jit
    def traced(count):
        traces.append(count)
        return schedule(count)

    assert traced(jnp.int32(1)).dtype == traced(jnp.int32(5)).dtype
    assert len(traces) == 1


def test_a_rate_may_be_traced():
    rates = jax.vmap(lambda lr: schedules.exponential_lr(lr, 0.5)(2))(jnp.array([1.0, 2.0]))
    assert_same(rates, jnp.array([0.25, 0.5]))


def test_a_momentum_through_inject_hyperparams():
    momentum = schedules.one_cycle_momentum(4, pct_start=0.5, anneal_strategy="linear")
    optimizer = optax.inject_hyperparams(optim.sgd)(lr=0.1, momentum=momentum)
    state = optimizer.init(jnp.zeros(1))
    for count in range(3):
        _, state = optimizer.update(jnp.ones(1), state, jnp.zeros(1))
        assert_same(state.hyperparams["momentum"], momentum(count))


class TestReduceLROnPlateau:
    def rates(self, metrics, **kwargs):
        plateau, rates = schedules.reduce_lr_on_plateau(1.0, **kwargs), []
        state, update = plateau.init(jnp.zeros(1)), jax.jit(plateau.update)
        for metric in metrics:
            updates, state = update(jnp.ones(1), state, value=metric)
            rates.append(float(updates[0]))
        return [*rates, float(state.lr)]

    def test_patience(self):
        assert self.rates([1.0, 1.0, 1.0, 0.5], factor=0.5, patience=1) == [1, 1, 1, 0.5, 0.5]

    def test_cooldown(self):
        rates = self.rates([1.0] * 6, factor=0.5, patience=0, cooldown=2)
        assert rates == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]

    def test_largest_by_difference_down_to_the_least(self):
        options = {"mode": "max", "threshold_mode": "abs", "threshold": 0.5, "min_lr": 0.25}
        rates = self.rates([1.0, 1.4, 1.6, 2.0, 2.0], factor=0.5, patience=0, **options)
        assert rates == [1, 1, 0.5, 0.5, 0.25, 0.25]

    def test_a_nan_is_no_better(self):
        assert self.rates([jnp.nan] * 2, factor=0.5, patience=1) == [1, 1, 0.5]

    def test_without_a_metric_the_rate_stays(self):
        plateau = schedules.reduce_lr_on_plateau(1.0, patience=0)
        state = plateau.init(jnp.zeros(1))
        assert plateau.update(jnp.ones(1), state)[1] == state


REFUSALS = [
    (lambda: schedules.step_lr(-1.0, 3), ValueError, "step_lr: lr must be at least 0, got -1"),
    (lambda: schedules.step_lr(0.1, 0), ValueError, "step_lr: step_size must be at least 1, got 0"),
    (lambda: schedules.lambda_lr(0.1, 0.5), TypeError, "lr_lambda must be a function, got float"),
    (lambda: schedules.constant_lr(0.1, 2.0), ValueError, r"factor must be in \(0, 1\], got 2.0"),
    (lambda: schedules.linear_lr(0.1, 0.0), ValueError, r"start_factor must be in \(0, 1\]"),
    (lambda: schedules.linear_lr(0.1, 0.5, 2.0), ValueError, r"end_factor must be in \[0, 1\]"),
    (lambda: schedules.cosine_annealing_lr(0.1, 2.5), TypeError, "T_max must be a concrete int"),
    (lambda: schedules.one_cycle_lr(0.1), ValueError, "total_steps must be given, or epochs and"),
    (lambda: schedules.one_cycle_lr(0.1, 9, pct_start=2.0), ValueError, "pct_start must be in"),
    (lambda: schedules.one_cycle_lr(0.1, 9)(10), ValueError, "count must be at most the 9 steps"),
    (lambda: schedules.cyclic_lr(0.1, 1.0, mode="best"), ValueError, "mode must be one of"),
    (lambda: schedules.chained_scheduler([]), ValueError, "one schedule or more, in a list"),
    (lambda: schedules.chained_scheduler([0.1]), TypeError, "made of functions, got float 0.1"),
    (
        lambda: schedules.sequential_lr([schedules.step_lr(0.1, 3)], [3]),
        ValueError,
        "sequential_lr: milestones must be 0, one fewer than the schedulers, got 1",
    ),
    (
        lambda: schedules.sequential_lr([schedules.step_lr(0.1, 3)] * 3, [3, 2]),
        ValueError,
        "milestones must be in order",
    ),
    (lambda: schedules.reduce_lr_on_plateau(0.1, factor=1.0), ValueError, "must be below 1"),
    (lambda: schedules.reduce_lr_on_plateau(0.1, mode="best"), ValueError, "mode must be one of"),
    (lambda: schedules.step_lr(0.1, 3)("a"), TypeError, "schedule: count must be an array"),
]


@pytest.mark.parametrize(("call", "error", "match"), REFUSALS)
def test_refusals(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_a_traced_count_beyond_the_cycle():
    schedule = schedules.one_cycle_lr(0.1, 9)
    assert np.isnan(jax.jit(schedule)(10))
    error, _ = jaxgrad.checkify(jax.jit(schedule))(10)
    with pytest.raises(checkify.JaxRuntimeError, match="count must be at most the 9 steps"):
        error.throw()


@pytest.mark.parametrize("lr", [0.0, jnp.zeros(())])
def test_a_plateau_of_rate_zero_lets_zeros_through(lr):
    plateau = schedules.reduce_lr_on_plateau(lr, patience=0)
    state = plateau.init(jnp.zeros(2))
    for update in (plateau.update, jax.jit(plateau.update)):
        for metric in (1.0, 2.0):
            updates, state = update(jnp.zeros(2), state, value=metric)
            assert_same(updates, jnp.zeros(2))
    slope = jax.grad(lambda lr: schedules.reduce_lr_on_plateau(lr).update(lr, state)[0])(0.0)
    assert jnp.isfinite(slope)
