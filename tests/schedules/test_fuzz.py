"""The schedules with arguments drawn at random, against a live PyTorch."""

import math
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgrad import schedules

pytestmark = [pytest.mark.torch, pytest.mark.nightly]
STEPS = 60

counts = st.sampled_from([1, 2, 5, 30, 10**10, 0, -1])
factor = st.sampled_from([0.1, 0.5, 1.0, 0.0, 0.99, 2.0, -0.5])
least = st.sampled_from([0.0, 1e-3, 1.0])
OPTIONS = {
    "StepLR": {"step_size": counts, "gamma": factor},
    "MultiStepLR": {"milestones": st.lists(counts, max_size=4).map(sorted), "gamma": factor},
    "ConstantLR": {"factor": factor, "total_iters": counts},
    "LinearLR": {"start_factor": factor, "end_factor": factor, "total_iters": counts},
    "ExponentialLR": {"gamma": factor},
    "PolynomialLR": {"total_iters": counts, "power": st.sampled_from([1.0, 2.0, 0.5, 0.0])},
    "CosineAnnealingLR": {"T_max": counts, "eta_min": least},
    "CosineAnnealingWarmRestarts": {
        "T_0": counts,
        "T_mult": st.sampled_from([1, 2, 3, 0]),
        "eta_min": least,
    },
    "OneCycleLR": {
        "max_lr": st.sampled_from([0.1, 1.0]),
        "total_steps": st.sampled_from([STEPS, 100, 7, 1, 0]),
        "pct_start": st.sampled_from([0.3, 0.0, 1.0, 0.5, 1.5]),
        "anneal_strategy": st.sampled_from(["cos", "linear", "other"]),
        "div_factor": st.sampled_from([25.0, 1.0]),
        "final_div_factor": st.sampled_from([1e4, 1.0]),
        "three_phase": st.booleans(),
    },
    "CyclicLR": {
        "base_lr": st.sampled_from([0.01, 0.1]),
        "max_lr": st.sampled_from([0.1, 1.0]),
        "step_size_up": st.sampled_from([1, 5, 2000]),
        "step_size_down": st.sampled_from([None, 1, 7]),
        "mode": st.sampled_from(["triangular", "triangular2", "exp_range", "other"]),
        "gamma": st.sampled_from([1.0, 0.9]),
    },
}
NEEDED = ("step_size", "milestones", "gamma", "T_max", "T_0", "max_lr", "total_steps", "base_lr")


def theirs(name, options):
    """The rates that a loop of PyTorch uses until the scheduler refuses, or the refusal."""
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    rates = []
    try:
        scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    except (ValueError, ZeroDivisionError) as error:
        return error
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        try:
            scheduler.step()
        except (ValueError, ZeroDivisionError):
            break
    return np.array(rates)


def ours(name, options):
    names = {
        "CosineAnnealingLR": "cosine_annealing_lr",
        "CosineAnnealingWarmRestarts": "cosine_annealing_warm_restarts",
        "MultiStepLR": "multi_step_lr",
        "OneCycleLR": "one_cycle_lr",
    }
    make = getattr(schedules, names.get(name, name.lower().replace("lr", "_lr")))
    rate = () if "max_lr" in options else (0.1,)
    try:
        return make(*rate, **options)
    except (TypeError, ValueError) as error:
        return error


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=200)
@given(data=st.data())
def test_as_pytorch(name, data):
    both = [{}, {}]
    for option, strategy in OPTIONS[name].items():
        both[option not in NEEDED][option] = strategy
    options = data.draw(st.fixed_dictionaries(both[0], optional=both[1]), "options")
    with warnings.catch_warnings(), jax.enable_x64(True):
        warnings.simplefilter("ignore")
        expected, schedule = theirs(name, options), ours(name, options)
        if isinstance(expected, Exception) or isinstance(schedule, Exception):
            assert isinstance(schedule, Exception), f"PyTorch: {expected}"
            assert isinstance(expected, Exception) or makes_no_sense(options), f"ours: {schedule}"
            return
        got = np.asarray(jax.jit(jax.vmap(schedule))(jnp.arange(len(expected))))
        scale = np.max(np.abs(expected), initial=math.ulp(1.0))
        for count in {0, 1, len(expected) - 1} & set(range(len(expected))):
            assert schedule(count) / scale == pytest.approx(got[count] / scale, abs=1e-12)
        np.testing.assert_allclose(got / scale, expected / scale, rtol=1e-12, atol=1e-12)


def makes_no_sense(options):
    """What jaxgrad refuses and PyTorch takes, until it divides by zero: such counts, a factor 0."""
    counts = [options.get(name, 1) for name in ("step_size", "T_max", "total_iters")]
    milestones = options.get("milestones", ())
    return min([*counts, *milestones]) < 0 or 0 in counts or options.get("factor") == 0
