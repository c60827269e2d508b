"""The schedules with arguments drawn at random, against a live PyTorch."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fuzz import FEW_SETS, SETS, searching, searching_few
from fuzz_options import numbers_of, options_of, taken
from hypothesis import given
from hypothesis import strategies as st
from outcomes import REFUSALS, outcome
from rooms import public
from schedule_calls import CALLS, PLATEAU, RATES, STEPS

from jaxgrad import schedules

pytestmark = [pytest.mark.torch, pytest.mark.nightly, pytest.mark.thinned(1)]  # all, each night
seeds = st.integers(0, 2**32 - 1)
TAKES_RATE = {"one_cycle_lr", "cyclic_lr", "one_cycle_momentum", "cyclic_momentum"}
COMPOSED = ("chained_scheduler", "sequential_lr")
MEMBERS = [call for call in CALLS if call.of == "lr"]


class Theirs:
    """PyTorch's scheduler and what it schedules."""

    def __init__(self, lr, make):
        import torch

        self.optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.9)
        self.scheduler = make(self.optimizer)

    def values(self, of="lr", metrics=(None,) * STEPS):
        """The values that a loop uses until the scheduler refuses."""
        found = []
        for metric in metrics:
            found.append(self.optimizer.param_groups[0][of])
            self.optimizer.step()
            try:
                self.scheduler.step(*([] if metric is None else [metric]))
            except REFUSALS:
                break
        return np.array(found)


def scheduler(call, options):
    import torch

    return lambda optimizer: getattr(torch.optim.lr_scheduler, call.name)(
        optimizer, **call.fixed, **options
    )


def made(call, lr, options):
    rate = {} if call.ours in TAKES_RATE else {"lr": lr}
    return getattr(schedules, call.ours)(**rate, **options)


def both_or_neither(expected, got, told, excused):
    """Whether neither is a refusal; only what is `excused` is refused by one of them alone."""
    refused = [isinstance(each, Exception) for each in (expected, got)]
    assert refused[0] == refused[1] or excused, f"{told}\nours: {got}\nPyTorch: {expected}"
    return not any(refused)


def same(got, expected, told):
    got = np.asarray(got)[: len(expected)]
    scale = np.max(np.abs(expected), initial=math.ulp(1.0))
    np.testing.assert_allclose(got / scale, expected / scale, 1e-12, 1e-12, err_msg=str(told))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.ours)
@searching
@given(data=st.data())
def test_as_pytorch(call, data):
    drawn = data.draw(options_of(call.options, call.needed), "options")
    names = numbers_of(drawn)

    @jax.jit
    def compiled(lr, numbers):
        schedule = made(call, lr, {**drawn, **dict(zip(names, numbers, strict=True))})
        return jax.vmap(schedule)(jnp.arange(STEPS))

    rng = np.random.default_rng(data.draw(seeds, "seed"))
    with jax.enable_x64(True):
        for number in range(SETS):
            options, lr = taken(drawn, rng), float(rng.choice(RATES.pool))
            expected, schedule = outcomes(call, lr, options)
            if both_or_neither(expected, schedule, (lr, options), makes_no_sense(options)):
                got = compiled(lr, [options[name] for name in names])
                same(got, expected, (lr, options))
                if not number:
                    counts = sorted({0, len(expected) - 1})
                    same([schedule(count) for count in counts], expected[counts], (lr, options))


def outcomes(call, lr, options):
    return (
        outcome(lambda: Theirs(lr, scheduler(call, options)).values(call.of)),
        outcome(lambda: made(call, lr, options)),
    )


def makes_no_sense(options):
    """What jaxgrad refuses and PyTorch takes, until it divides by zero: such counts, a factor 0."""
    names = ("step_size", "T_max", "total_iters")
    counts = [options.get(name, 1) for name in names]
    milestones = options.get("milestones", ())
    return min([*counts, *milestones]) < 0 or 0 in counts or options.get("factor") == 0


def members(draw):
    """One to three schedulers with options that neither refuses."""
    calls = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=3), "members")
    return [(call, draw(options_of(call.options, call.needed), call.name)) for call in calls]


@pytest.mark.parametrize("name", COMPOSED)
@searching_few
@given(data=st.data())
def test_compositions(name, data):
    whole = members(data.draw)
    at = [data.draw(st.integers(1, 15), "milestone") for _ in whole[name == "chained_scheduler" :]]
    at = sorted(at)[: None if data.draw(st.integers(0, 5)) == 0 else len(whole) - 1]
    names = [numbers_of(options) for _, options in whole]

    def ours(lr, all_options):
        parts = [
            made(call, lr, options) for (call, _), options in zip(whole, all_options, strict=True)
        ]
        further = {} if name == "chained_scheduler" else {"milestones": at}
        return getattr(schedules, name)(parts, **further)

    @jax.jit
    def compiled(lr, numbers):
        parts = zip(whole, names, numbers, strict=True)
        options = [
            {**drawn, **dict(zip(names, given, strict=True))} for (_, drawn), names, given in parts
        ]
        return jax.vmap(ours(lr, options))(jnp.arange(STEPS))

    rng = np.random.default_rng(data.draw(seeds, "seed"))
    with jax.enable_x64(True):
        for _ in range(FEW_SETS):
            lr = float(rng.choice(RATES.pool))
            options = [taken(drawn, rng) for _, drawn in whole]
            compose = composed(name, [call for call, _ in whole], options, at)
            expected = outcome(lambda make=compose, lr=lr: Theirs(lr, make).values())
            schedule = outcome(lambda lr=lr, options=options: ours(lr, options))
            if any(map(makes_no_sense, options)):
                continue
            if both_or_neither(expected, schedule, (lr, whole, at, options), False):
                numbers = [
                    [o[name] for name in names] for o, names in zip(options, names, strict=True)
                ]
                same(compiled(lr, numbers), expected, (lr, at, options))


def composed(name, calls, options, at):
    import torch.optim.lr_scheduler as theirs

    def make(optimizer):
        parts = [scheduler(*pair)(optimizer) for pair in zip(calls, options, strict=True)]
        if name == "chained_scheduler":
            return theirs.ChainedScheduler(parts)
        return theirs.SequentialLR(optimizer, parts, at)

    return make


@searching_few
@given(data=st.data())
def test_reduce_lr_on_plateau(data):
    import torch

    drawn = data.draw(options_of(PLATEAU, ("lr",)), "options")
    names, rng = numbers_of(drawn), np.random.default_rng(data.draw(seeds, "seed"))

    @jax.jit
    def compiled(numbers, metrics):
        options = {**drawn, **dict(zip(names, numbers, strict=True))}
        plateau = schedules.reduce_lr_on_plateau(**options)

        def step(state, metric):
            updates, state = plateau.update(jnp.ones(()), state, value=metric)
            return state, updates * numbers[names.index("lr")]

        return jax.lax.scan(step, plateau.init(jnp.ones(())), metrics)[1]

    with jax.enable_x64(True):
        for _ in range(FEW_SETS):
            options, metrics = taken(drawn, rng), metrics_of(rng)
            lr = {"lr": options["lr"]}
            rest = {name: value for name, value in options.items() if name not in lr}
            plateau = functools.partial(torch.optim.lr_scheduler.ReduceLROnPlateau, **rest)
            expected = outcome(lambda make=plateau, lr=lr: Theirs(**lr, make=make))
            got = outcome(lambda given=options: schedules.reduce_lr_on_plateau(**given))
            if both_or_neither(expected, got, options, False):
                rates = expected.values(metrics=metrics.tolist())
                found = compiled([options[name] for name in names], metrics)
                same(found, rates, (options, metrics))


def metrics_of(rng):
    """Numbers that get smaller or not, some of them equal and some of them not finite."""
    metrics = rng.normal(size=STEPS) * rng.choice([0.0, 1e-3, 1.0]) + np.linspace(
        rng.choice([0.0, 1.0, -1.0]), 0, STEPS
    )
    metrics = np.round(metrics, int(rng.integers(0, 4)))
    wild = rng.random(STEPS) < rng.choice([0, 0.2])
    return np.where(wild, rng.choice([np.inf, -np.inf, np.nan, 0.0], STEPS), metrics)


def test_every_schedule_is_searched():
    assert {call.ours for call in CALLS} | {*COMPOSED, "reduce_lr_on_plateau"} == public(schedules)
