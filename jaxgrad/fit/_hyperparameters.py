"""Optimizer, rate and epochs of `jaxgrad fit`: as its options say, else such that it converges."""

import argparse
import math
from typing import NamedTuple

import numpy as np

from jaxgrad.data import Moments
from jaxgrad.data._triangle import lengths
from jaxgrad.data.moments import about_zero

EPOCHS = 50
MOST_EPOCHS = 20_000
WORK = 2e10
"""At most this many numbers are read in all epochs together, in about a minute."""
_SECOND_DERIVATIVE = {"mse_loss": 2.0, "huber_loss": 1.0, "smooth_l1_loss": 1.0}
"""The largest second derivative of a loss in the residual."""
_CHOICES = ("optimizer", "lr", "batch_size")


class Hyperparameters(NamedTuple):
    """How to descend.

    Attributes:
        optimizer: the name of a function of `jaxgrad.optim`.
        lr: the learning rate.
        momentum: Nesterov's; 0 for none.
        schedule: of the learning rate.
        epochs: the number of epochs.
        full_batch: whether each step takes all rows.
        full_batch_fits: whether steps over all rows are possible.
        steps_needed: how many of those converge; infinite if that is not known.
    """

    optimizer: str
    lr: float
    momentum: float
    schedule: str
    epochs: int
    full_batch: bool
    full_batch_fits: bool
    steps_needed: float


def choose(options: argparse.Namespace, moments: Moments, fits: bool) -> Hyperparameters:
    """What the options say, and what converges for those that were not given.

    With Nesterov's momentum each step over all rows, at the rate 1/λ, multiplies the distance by
    about 1 - 1/√κ: λ is the largest curvature and κ its ratio to the least. Such steps are possible
    if all rows fit in one process's memory, as `fits` says.
    """
    most, least = _curvatures(options, moments)
    bend = _SECOND_DERIVATIVE.get(options.loss)
    root = math.sqrt(most / least) if least > 0 else math.inf
    needed = root * (32 + 2 * math.log(root)) if bend and root < math.inf else math.inf
    free = all(getattr(options, name) is None for name in _CHOICES)
    if not (free and fits and options.schedule == "constant"):
        optimizer = options.optimizer or "adam"
        rate = 0.01 if optimizer != "sgd" or not bend else 1 / (bend * most)
        rate = rate if options.lr is None else options.lr
        epochs = EPOCHS if options.epochs is None else options.epochs
        return Hyperparameters(optimizer, rate, 0.0, options.schedule, epochs, False, fits, needed)
    if not bend:  # each row has a kink: only a rate that falls converges
        epochs = _affordable(2000, moments) if options.epochs is None else options.epochs
        return Hyperparameters("adam", 0.1, 0.0, "cosine", epochs, True, True, needed)
    momentum = (root - 1) / (root + 1) if root < math.inf else 0.999
    epochs = options.epochs
    if epochs is None:
        epochs = _affordable(max(EPOCHS, needed), moments)
    return Hyperparameters(
        "sgd", 1 / (bend * most), momentum, "constant", epochs, True, True, needed
    )


def _affordable(epochs: float, moments: Moments) -> int:
    numbers = moments.count * len(moments.mean)
    return math.ceil(min(epochs, MOST_EPOCHS, max(EPOCHS, WORK / numbers)))


def _curvatures(options: argparse.Namespace, moments: Moments) -> tuple[float, float]:
    """The largest and the least eigenvalue of mean d dᵀ, over the rows d as the fit takes them."""
    factor = moments.factor if options.intercept else about_zero(moments)
    factor = factor[:-1, :-1] / math.sqrt(moments.count)
    if options.standardize:
        scale = lengths(factor)
        factor = factor / np.where(scale > 0, scale, 1)
    if options.intercept:
        design = np.zeros((len(factor) + 1, len(factor) + 1))
        design[0, 0] = 1
        design[0, 1:] = 0 if options.standardize else moments.mean[:-1]
        design[1:, 1:] = factor
        factor = design
    values = np.linalg.svd(factor, compute_uv=False)
    return float(values[0]) ** 2, float(values[-1]) ** 2
