"""Runs one of optax's own test modules with jaxgrad's optimizers under optax's names.

    python tests/optim/optax_suites.py optax._src.sharding_test

Prints a line for each test of ours: `ok`, `skipped`, or `failed` with the last line of the error. A
test of ours names one of the optimizers, or is of a module that uses no others. It is a process of
its own: optax's tests promote dtypes and set XLA's flags.
"""

import importlib
import os
import sys
import unittest
from unittest import mock

PLACES = "input", "update", "jit"
"""How the names of optax's tests of shardings end, before the optimizer's."""


def adapters():
    """Our optimizers, with the names and the defaults of optax's arguments."""
    from jaxgrad import optim

    def adadelta(learning_rate=1.0, rho=0.9, eps=1e-6):
        return optim.adadelta(lr=learning_rate, rho=rho, eps=eps)

    def adafactor(learning_rate=1e-2, min_dim_size_to_factor=128):
        return optim.adafactor(lr=learning_rate)

    def adagrad(learning_rate, eps=1e-7):
        return optim.adagrad(lr=learning_rate, eps=eps)

    def adam(learning_rate, b1=0.9, b2=0.999, eps=1e-8):
        return optim.adam(lr=learning_rate, betas=(b1, b2), eps=eps)

    def adamw(learning_rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-4):
        return optim.adamw(lr=learning_rate, betas=(b1, b2), eps=eps, weight_decay=weight_decay)

    def adamax(learning_rate, b1=0.9, b2=0.999, eps=1e-8):
        return optim.adamax(lr=learning_rate, betas=(b1, b2), eps=eps)

    def amsgrad(learning_rate, b1=0.9, b2=0.999, eps=1e-8):
        return optim.adam(lr=learning_rate, betas=(b1, b2), eps=eps, amsgrad=True)

    def lbfgs(learning_rate, linesearch=None):
        return optim.lbfgs(lr=learning_rate)

    def nadam(learning_rate, b1=0.9, b2=0.999, eps=1e-8):
        return optim.nadam(lr=learning_rate, betas=(b1, b2), eps=eps)

    def nadamw(learning_rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-4):
        decay = {"weight_decay": weight_decay, "decoupled_weight_decay": True}
        return optim.nadam(lr=learning_rate, betas=(b1, b2), eps=eps, **decay)

    def radam(learning_rate, b1=0.9, b2=0.999, eps=1e-8):
        return optim.radam(lr=learning_rate, betas=(b1, b2), eps=eps)

    def rmsprop(learning_rate, decay=0.9, eps=1e-8, momentum=None):
        momentum = 0.0 if momentum is None else momentum
        return optim.rmsprop(lr=learning_rate, alpha=decay, eps=eps, momentum=momentum)

    def rprop(learning_rate):
        return optim.rprop(lr=learning_rate)

    def sgd(learning_rate, momentum=None, nesterov=False):
        momentum = 0.0 if momentum is None else momentum
        return optim.sgd(lr=learning_rate, momentum=momentum, nesterov=nesterov)

    return {name: made for name, made in locals().items() if callable(made)}


def cases(suite):
    """The tests of a suite of suites."""
    for one in suite:
        yield from cases(one) if isinstance(one, unittest.TestSuite) else [one]


def is_ours(case, names):
    """Whether a test is of one of the optimizers by its parameters, or has none of them."""
    told = case.id()
    if "opt_name" in told:
        return any(f"opt_name='{name}'" in told for name in names)
    optimizers = (told.endswith(f"_{where}_{name}") for name in names for where in PLACES)
    return "ShardingTest" not in told or any(optimizers)


def main(module):
    """Prints what became of each test."""
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
    for name in ("sklearn", "sklearn.datasets", "sklearn.linear_model"):  # optax's L-BFGS alone
        sys.modules.setdefault(name, mock.MagicMock())
    import jax
    import optax
    from optax._src import alias

    ours = adapters()
    ours["adafactor2"] = ours["adafactor"]
    for name, made in ours.items():
        for where in (optax, alias):
            if hasattr(where, name):
                setattr(where, name, made)
    # Its tests compare versions as texts, by which "0.10" is below "0.7".
    jax.__version__ = "9.9"
    suite = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module))
    for case in cases(suite):
        if "LBFGSTest" in case.id() or not is_ours(case, ours):
            continue
        result = unittest.TestResult()
        case.run(result)
        errors = [text for _, text in (*result.errors, *result.failures)]
        word = "skipped" if result.skipped else "ok"
        line = "failed " + " ".join(errors[0].split())[-400:] if errors else word
        print(f"{case.id().removeprefix(f'{module}.')}: {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
