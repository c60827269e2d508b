"""The optimizers of PyTorch and their options, drawn at random."""

import itertools

from fuzz_options import Numbers
from hypothesis import strategies as st

yes = st.booleans()
rate = Numbers((1e-3, 0.1, 1.0, 0.0, 0.1, -0.1))
share = Numbers((0.9, 0.5, 0.0, 0.999, 0.9, 1.0))
small = Numbers((1e-8, 1e-3, 1e-6, -1e-8))
decay = Numbers((0.0, 0.1, 1e-2, -0.1))
betas = Numbers(tuple(itertools.product(share.pool, share.pool)))
ADAM = {"lr": rate, "betas": betas, "eps": small, "weight_decay": decay, "maximize": yes}
OPTIONS = {
    "Adadelta": {"lr": rate, "rho": share, "eps": small, "weight_decay": decay, "maximize": yes},
    "Adafactor": {
        "lr": rate,
        "beta2_decay": Numbers((-0.8, -0.5, 0.1)),
        "d": Numbers((1.0, 2.0, 0.5)),
        "weight_decay": decay,
        "maximize": yes,
    },
    "Adagrad": {
        "lr": rate,
        "lr_decay": decay,
        "weight_decay": decay,
        "initial_accumulator_value": Numbers((0.0, 0.1)),
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
        "alpha": Numbers((0.75, 0.5)),
        "t0": Numbers((1e6, 1.0, 0.0)),
        "weight_decay": decay,
        "maximize": yes,
    },
    "RMSprop": {
        "lr": rate,
        "alpha": share,
        "eps": small,
        "weight_decay": decay,
        "momentum": Numbers((0.0, 0.9)),
        "centered": yes,
        "maximize": yes,
    },
    "Rprop": {
        "lr": rate,
        "etas": Numbers(((0.5, 1.2), (0.1, 2.0), (1.0, 1.2))),
        "step_sizes": Numbers(((1e-6, 50), (1e-2, 1e-1))),
        "maximize": yes,
    },
    "SGD": {
        "lr": rate,
        "momentum": Numbers((0.0, 0.9, -0.1)),
        "dampening": Numbers((0.0, 0.5)),
        "weight_decay": decay,
        "nesterov": yes,
        "maximize": yes,
    },
    "SparseAdam": {"lr": rate, "betas": betas, "eps": small, "maximize": yes},
    "Muon": {
        "lr": rate,
        "weight_decay": decay,
        "momentum": Numbers((0.95, 0.0, -0.1, 1.0)),
        "nesterov": yes,
        "ns_coefficients": st.sampled_from([(3.4445, -4.775, 2.0315), (2.0, -1.5, 0.5)]),
        "eps": Numbers((1e-8, 1e-3, 1e-6)),
        "ns_steps": st.sampled_from([5, 1, 0, 100]),
        "adjust_lr_fn": st.sampled_from([None, "original", "match_rms_adamw", "other"]),
    },
}
"""By PyTorch's names."""
LBFGS = {
    "lr": Numbers((1.0, 0.1, 0.5, -1.0)),
    "max_iter": st.sampled_from([3, 1, 8]),
    "max_eval": st.sampled_from([None, 4, 1]),
    "tolerance_grad": Numbers((1e-7, 1e-2)),
    "tolerance_change": Numbers((1e-9, 1e-3)),
    "history_size": st.sampled_from([100, 1, 2]),
    "line_search_fn": st.sampled_from([None, "strong_wolfe", None, "other"]),
}
AROUND = {
    "clip_grad_norm": {
        "max_norm": st.sampled_from([1.0, 0.0, 0.1, 1e6, "inf", "1", "one", -1.0]),
        "norm_type": st.sampled_from([2.0, 1.0, 0.5, 0, "inf", float("inf"), -1.0, "two"]),
        "error_if_nonfinite": yes,
    },
    "clip_grad_value": {"clip_value": st.sampled_from([1.0, 0.0, 0.5, "inf", "1", "one", 1e6])},
}
"""What is done to gradients."""
AVERAGED = {
    "decay": st.sampled_from([None, 0.9, 0.0, 1.0, 0.999, 1.5, -0.1]),
    "start": st.sampled_from([0, 2, 5]),
    "every": st.sampled_from([1, 2, 3]),
}


def is_rounding_alone(name, options):
    """Whether RMSprop centers one gradient alone: what is left has the sign of a rounding."""
    return name == "RMSprop" and options.get("centered", False) and options.get("alpha") == 0
