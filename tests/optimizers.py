"""Each optimizer with slots of all its kinds, and a loss for it to lower."""

import jax
import jax.numpy as jnp

from jaxgrad import optim

OPTIMIZERS = {
    "sgd": optim.sgd,
    "momentum": lambda: optim.sgd(momentum=0.9),
    "adam": lambda: optim.adam(amsgrad=True),
    "adamw": optim.adamw,
    "adamax": optim.adamax,
    "nadam": optim.nadam,
    "radam": optim.radam,
    "adagrad": lambda: optim.adagrad(initial_accumulator_value=0.5),
    "adadelta": optim.adadelta,
    "rmsprop": lambda: optim.rmsprop(momentum=0.5, centered=True),
    "rprop": optim.rprop,
    "asgd": optim.asgd,
    "adafactor": optim.adafactor,
    "muon": optim.muon,
    "sparse_adam": optim.sparse_adam,
    "lbfgs": lambda: optim.lbfgs(max_iter=2, history_size=3),
}


def bowl(params):
    return sum(jnp.sum(jnp.abs(leaf - 1) ** 2) for leaf in jax.tree.leaves(params))
