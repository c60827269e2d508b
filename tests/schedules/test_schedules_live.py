"""Every value of 1,000 steps against a live PyTorch: alone, chained, in sequence, nested."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import optim, schedules

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
STEPS = 1001


def decaying(count):
    return 0.99**count


def shrinking(count):
    return 1 - 1 / (count + 10)


def inverse(cycle):
    return 1 / (1 + cycle)


ALONE = {
    "LambdaLR": [(decaying,), (shrinking,), (inverse,)],
    "MultiplicativeLR": [(shrinking,), (lambda count: 0.999,), (lambda count: 1.001,)],
    "StepLR": [(30,), (1, 0.99), (7, 0.5)],
    "MultiStepLR": [([30, 80],), ([5, 5, 700], 0.5), ([0, 3], 0.9)],
    "ConstantLR": [(), (0.5, 4), (0.25, 500), (0.5, 0)],
    "LinearLR": [(), (0.5, 0.1, 500), (1.0, 0.0, 300), (0.01, 0.7, 999), (0.5, 1.0, 0)],
    "ExponentialLR": [(0.9,), (0.999,), (1.001,)],
    "PolynomialLR": [(), (500, 2.0), (1000, 0.9), (0,)],
    "CosineAnnealingLR": [(10,), (100, 0.001), (333, 0.02), (1000,)],
    "CosineAnnealingWarmRestarts": [(10,), (10, 2), (3, 3, 0.001)],
}
NAMES = {
    "CosineAnnealingLR": "cosine_annealing_lr",
    "CosineAnnealingWarmRestarts": "cosine_annealing_warm_restarts",
    "MultiStepLR": "multi_step_lr",
}
ONE_CYCLE = [
    {"total_steps": 1000},
    {"total_steps": 1000, "three_phase": True},
    {"epochs": 10, "steps_per_epoch": 30, "anneal_strategy": "linear", "pct_start": 0.1},
    {"total_steps": 7, "pct_start": 0.0},
]
CYCLIC = [
    {},
    {"step_size_up": 20, "mode": "triangular2"},
    {"step_size_up": 20, "step_size_down": 50, "mode": "exp_range", "gamma": 0.999},
    {"step_size_up": 13, "scale_fn": inverse, "scale_mode": "cycle"},
    {"step_size_up": 13, "scale_fn": decaying, "scale_mode": "iterations"},
]


def name_of(scheduler):
    return NAMES.get(scheduler, scheduler.lower().replace("lr", "_lr"))


def theirs(make):
    """The rates, and momenta, that a loop of PyTorch uses: until the scheduler refuses."""
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    scheduler, rates = make(torch.optim.lr_scheduler, optimizer), []
    for _ in range(STEPS):
        group = optimizer.param_groups[0]
        rates.append((group["lr"], group["momentum"]))
        optimizer.step()
        try:
            scheduler.step()
        except ValueError:
            break
    return np.array(rates).T


def assert_as(schedule, expected):
    with jax.enable_x64(True):
        got = np.asarray(jax.jit(jax.vmap(schedule))(jnp.arange(len(expected))))
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(got / scale, expected / scale, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "args"), [(n, a) for n, many in ALONE.items() for a in many])
def test_alone(name, args):
    expected, _ = theirs(lambda torch, optimizer: getattr(torch, name)(optimizer, *args))
    assert_as(getattr(schedules, name_of(name))(0.1, *args), expected)


@pytest.mark.parametrize("options", ONE_CYCLE)
def test_one_cycle(options):
    rates, momenta = theirs(lambda torch, o: torch.OneCycleLR(o, 0.2, **options))
    assert_as(schedules.one_cycle_lr(0.2, **options), rates)
    assert_as(schedules.one_cycle_momentum(**options), momenta)


@pytest.mark.parametrize("options", CYCLIC)
def test_cyclic(options):
    rates, momenta = theirs(lambda torch, o: torch.CyclicLR(o, 0.01, 0.1, **options))
    assert_as(schedules.cyclic_lr(0.01, 0.1, **options), rates)
    assert_as(schedules.cyclic_momentum(**options), momenta)


def chain(*members):
    return ("ChainedScheduler", members)


def sequence(at, *members):
    return ("SequentialLR", members, at)


def built(description, torch, optimizer):
    """PyTorch's scheduler of a description, its parts made in their order."""
    name, arguments, *at = description
    if name not in ("ChainedScheduler", "SequentialLR"):
        return getattr(torch, name)(optimizer, *arguments)
    parts = [built(part, torch, optimizer) for part in arguments]
    return torch.SequentialLR(optimizer, parts, *at) if at else torch.ChainedScheduler(parts)


def ours(description):
    name, arguments, *at = description
    if name in ("ChainedScheduler", "SequentialLR"):
        parts = [ours(part) for part in arguments]
        return schedules.sequential_lr(parts, *at) if at else schedules.chained_scheduler(parts)
    return getattr(schedules, name_of(name))(0.1, *arguments)


WARM, FALL = ("LinearLR", (0.1, 1.0, 50)), ("ExponentialLR", (0.99,))
COSINE, HALF = ("CosineAnnealingLR", (200, 0.001)), ("StepLR", (40, 0.5))


@pytest.mark.parametrize(
    "description",
    [
        chain(("ConstantLR", (0.1, 20)), FALL),
        chain(WARM, COSINE),
        chain(FALL, ("LambdaLR", (decaying,))),
        chain(("LambdaLR", (decaying,)), FALL),
        chain(("CosineAnnealingWarmRestarts", (30,)), HALF),
        chain(("MultiplicativeLR", (shrinking,)), ("MultiStepLR", ([0, 9],))),
        chain(chain(("ConstantLR", (0.1, 20)), FALL), HALF),
        chain(sequence([50], WARM, COSINE), ("ExponentialLR", (0.999,))),
        sequence([20], ("ConstantLR", (0.1, 20)), FALL),
        sequence([50], WARM, ("CosineAnnealingLR", (950,))),
        sequence([50, 200], WARM, ("MultiplicativeLR", (shrinking,)), ("PolynomialLR", (300,))),
        sequence([0], WARM, FALL),
        sequence([5, 5], WARM, HALF, FALL),
        sequence([100], chain(WARM, FALL), HALF),
        sequence([100], chain(("PolynomialLR", (300,)), COSINE), HALF),
        sequence([100], sequence([50], WARM, FALL), HALF),
    ],
    ids=lambda description: re.sub(" at 0x[0-9a-f]+", "", str(description)),
)
def test_compositions(description):
    expected, _ = theirs(lambda torch, optimizer: built(description, torch, optimizer))
    assert_as(ours(description), expected)


@pytest.mark.parametrize("inner", [chain(WARM, FALL), sequence([50], WARM, FALL)])
def test_pytorch_does_not_nest_later(inner):
    with pytest.raises(NotImplementedError):
        theirs(lambda torch, optimizer: built(sequence([10], HALF, inner), torch, optimizer))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "factor": 0.5, "patience": 2, "threshold": 0.1, "cooldown": 3},
        {"threshold_mode": "abs", "threshold": 0.01, "patience": 0, "min_lr": 1e-4},
        {"mode": "max", "threshold_mode": "abs", "patience": 1, "eps": 1e-3},
    ],
)
def test_reduce_lr_on_plateau(options):
    import torch

    metrics = np.random.default_rng(0).normal(size=300).cumsum() * 0.1
    metrics[50] = math.nan
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler, expected = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options), []
    for metric in metrics:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(metric)
    with jax.enable_x64(True):
        plateau = schedules.reduce_lr_on_plateau(0.1, **options)

        def step(state, metric):
            updates, state = plateau.update(jnp.ones(()), state, value=metric)
            return state, updates * 0.1

        got = jax.lax.scan(step, plateau.init(None), jnp.asarray(metrics))[1]
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_whole_loop_with_a_scheduler():
    import torch

    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=5), rng.normal(size=(60, 5))
    tensor = torch.tensor(start).requires_grad_()
    theirs = torch.optim.AdamW([tensor], lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 20)
    for grad in grads:
        tensor.grad = torch.tensor(grad)
        theirs.step()
        scheduler.step()
    with jax.enable_x64(True):
        optimizer = optim.adamw(schedules.cosine_annealing_lr(0.1, 20))
        params = jnp.asarray(start)
        state = optimizer.init(params)
        for grad in grads:
            updates, state = jax.jit(optimizer.update)(jnp.asarray(grad), state, params)
            params = params + updates
        np.testing.assert_allclose(params, tensor.detach().numpy(), rtol=1e-11)
