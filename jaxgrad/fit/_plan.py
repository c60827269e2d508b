"""How `jaxgrad fit` descends where its options leave that open: so that it arrives."""

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
"""Numbers that are read in all epochs together at most: a minute or so."""
_SHARE_OF_CURVATURE = {"mse_loss": 2.0, "huber_loss": 1.0, "smooth_l1_loss": 1.0}
"""The largest second derivative of a loss in the residual."""
_CHOICES = ("optimizer", "lr", "batch_size")


class Plan(NamedTuple):
    """A descent.

    Attributes:
        optimizer: a function of `jaxgrad.optim`, by name.
        lr: its rate.
        momentum: Nesterov's, where it is not 0.
        schedule: of the rate.
        epochs: how many.
        whole: whether each step takes all rows.
        able: whether steps over all rows can be taken.
        needed: how many of them arrive; infinite where that is not known.
    """

    optimizer: str
    lr: float
    momentum: float
    schedule: str
    epochs: int
    whole: bool
    able: bool
    needed: float


def planned(options: argparse.Namespace, moments: Moments, whole: bool) -> Plan:
    """What the options say, and where they are silent what arrives.

    Gradient descent with Nesterov's momentum comes nearer by 1 - 1/√κ with each step over all rows,
    at the rate 1/λ, where λ is the largest curvature and κ how many times it is the least.
    `whole` says whether such steps can be taken: the rows are in one process's memory.
    """
    most, least = _curvatures(options, moments)
    bend = _SHARE_OF_CURVATURE.get(options.loss)
    root = math.sqrt(most / least) if least > 0 else math.inf
    needed = root * (32 + 2 * math.log(root)) if bend and root < math.inf else math.inf
    free = all(getattr(options, name) is None for name in _CHOICES)
    if not (free and whole and options.schedule == "constant"):
        optimizer = options.optimizer or "adam"
        rate = 0.01 if optimizer != "sgd" or not bend else 1 / (bend * most)
        rate = rate if options.lr is None else options.lr
        epochs = EPOCHS if options.epochs is None else options.epochs
        return Plan(optimizer, rate, 0.0, options.schedule, epochs, False, whole, needed)
    if not bend:  # a kink at every row: no rate arrives but one that falls
        epochs = _affordable(2000, moments) if options.epochs is None else options.epochs
        return Plan("adam", 0.1, 0.0, "cosine", epochs, True, True, needed)
    momentum = (root - 1) / (root + 1) if root < math.inf else 0.999
    epochs = options.epochs
    if epochs is None:
        epochs = _affordable(max(EPOCHS, needed), moments)
    return Plan("sgd", 1 / (bend * most), momentum, "constant", epochs, True, True, needed)


def _affordable(epochs: float, moments: Moments) -> int:
    numbers = moments.count * len(moments.mean)
    return math.ceil(min(epochs, MOST_EPOCHS, max(EPOCHS, WORK / numbers)))


def _curvatures(options: argparse.Namespace, moments: Moments) -> tuple[float, float]:
    """The largest and the least eigenvalue of the mean of d dᵀ, d a row as the fit sees it."""
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
