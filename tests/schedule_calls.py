"""Schedulers of PyTorch and their options, drawn at random.

An option is a strategy, or `Numbers`.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from fuzz_options import Numbers
from hypothesis import strategies as st

STEPS = 40


class Call(NamedTuple):
    """A scheduler.

    Attributes:
        name: PyTorch's.
        ours: jaxgrad's.
        options: those of both.
        needed: the names of those without a default.
        of: what is scheduled, "lr" or "momentum".
        fixed: PyTorch's further options.
    """

    name: str
    ours: str
    options: dict[str, Any]
    needed: tuple[str, ...] = ()
    of: str = "lr"
    fixed: dict[str, Any] = {}


RATES = Numbers((0.1, 1.0, 0.01, 0.0))
counts = st.sampled_from([1, 2, 5, 30, 10**10, 0, -1])
factor = Numbers((0.1, 0.5, 1.0, 0.0, 0.99, 2.0, -0.5))
least = Numbers((0.0, 1e-3, 1.0))
shares = Numbers((0.85, 0.5, 0.0, 1.0))
yes = st.booleans()


def shrinking(count):
    return 0.9**count


def rational(count):
    return 1 / (1 + count)


def constant(count):
    return 0.5


def waving(count):
    return jnp.cos(count * 1.0).item() if isinstance(count, int) else jnp.cos(count)


lambdas = st.sampled_from([shrinking, rational, constant, waving])
steps = {
    "total_steps": st.sampled_from([STEPS, 100, 7, 1, 0]),
    "pct_start": st.sampled_from([0.3, 0.0, 1.0, 0.5, 1.5]),
    "anneal_strategy": st.sampled_from(["cos", "linear", "other"]),
    "three_phase": yes,
}
cycle = {
    "step_size_up": st.sampled_from([1, 5, 2000, 0]),
    "step_size_down": st.sampled_from([None, 1, 7]),
    "mode": st.sampled_from(["triangular", "triangular2", "exp_range", "exp_range", "other"]),
    "gamma": Numbers((1.0, 0.9)),
    "scale_fn": st.sampled_from([None, None, shrinking, rational]),
    "scale_mode": st.sampled_from(["cycle", "iterations"]),
}
CALLS = [
    Call("LambdaLR", "lambda_lr", {"lr_lambda": lambdas}, ("lr_lambda",)),
    Call("MultiplicativeLR", "multiplicative_lr", {"lr_lambda": lambdas}, ("lr_lambda",)),
    Call("StepLR", "step_lr", {"step_size": counts, "gamma": factor}, ("step_size",)),
    Call(
        "MultiStepLR",
        "multi_step_lr",
        {"milestones": st.lists(counts, max_size=4).map(sorted), "gamma": factor},
        ("milestones",),
    ),
    Call("ConstantLR", "constant_lr", {"factor": factor, "total_iters": counts}),
    Call(
        "LinearLR",
        "linear_lr",
        {"start_factor": factor, "end_factor": factor, "total_iters": counts},
    ),
    Call("ExponentialLR", "exponential_lr", {"gamma": factor}, ("gamma",)),
    Call(
        "PolynomialLR",
        "polynomial_lr",
        {"total_iters": counts, "power": Numbers((1.0, 2.0, 0.5, 0.0))},
    ),
    Call(
        "CosineAnnealingLR", "cosine_annealing_lr", {"T_max": counts, "eta_min": least}, ("T_max",)
    ),
    Call(
        "CosineAnnealingWarmRestarts",
        "cosine_annealing_warm_restarts",
        {"T_0": counts, "T_mult": st.sampled_from([1, 2, 3, 0]), "eta_min": least},
        ("T_0",),
    ),
    Call(
        "OneCycleLR",
        "one_cycle_lr",
        steps
        | {
            "max_lr": Numbers((0.1, 1.0)),
            "div_factor": Numbers((25.0, 1.0)),
            "final_div_factor": Numbers((1e4, 1.0)),
        },
        ("max_lr", "total_steps"),
    ),
    Call(
        "OneCycleLR",
        "one_cycle_momentum",
        steps | {"base_momentum": shares, "max_momentum": shares},
        ("total_steps",),
        "momentum",
        {"max_lr": 0.1},
    ),
    Call(
        "CyclicLR",
        "cyclic_lr",
        cycle | {"base_lr": Numbers((0.01, 0.1)), "max_lr": Numbers((0.1, 1.0))},
        ("base_lr", "max_lr"),
    ),
    Call(
        "CyclicLR",
        "cyclic_momentum",
        cycle | {"base_momentum": shares, "max_momentum": shares},
        (),
        "momentum",
        {"base_lr": 0.1, "max_lr": 1.0},
    ),
]
PLATEAU = {
    "lr": RATES,
    "mode": st.sampled_from(["min", "max", "min", "other"]),
    "factor": Numbers((0.1, 0.5, 0.9, 0.1, 1.0)),
    "patience": st.sampled_from([10, 0, 1, 3, 10**10]),
    "threshold": Numbers((1e-4, 0.0, 0.5, 1.0)),
    "threshold_mode": st.sampled_from(["rel", "abs", "rel", "other"]),
    "cooldown": st.sampled_from([0, 1, 5]),
    "min_lr": Numbers((0.0, 0.01, 1.0)),
    "eps": Numbers((1e-8, 0.0, 0.1)),
}
