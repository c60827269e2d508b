"""What makes two training runs differ: the function, or a setting of the optimizer."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .comparison import cause
from .differences import CLOSE, Difference, find_differences
from .training_runs import Runs, train_torch


def training_cause(runs: Runs, step: int, found: Sequence[Difference]) -> str:
    """What makes the runs differ, in words: the function, or else the optimizer."""
    pair = runs.batches[step % len(runs.batches)]
    of_function = ("value", "gradient")
    if any(d.kind in of_function or d.where.startswith("state") for d in found):
        there = pair.at(pair.inputs, runs.named[step])
        return "; the cause is the function" + cause(there, list(found))
    settings = _other_settings(runs, step)
    if settings:
        return f"; {settings}"
    path = found[0].where
    before = pair.matches[path].array(runs.named[step])
    theirs, ours = (outcomes[step].state[path] - before for outcomes in (runs.torch, runs.jax))
    changed = np.abs(theirs) > CLOSE * np.max(np.abs(theirs), initial=0.0)
    if np.any(changed):
        ratio = ours[changed] / theirs[changed]
        if np.ptp(ratio) <= 1e-5 * abs(np.mean(ratio)):
            return f"; JAX's step is {np.mean(ratio):.6g} times PyTorch's: another learning rate"
    return f"; the gradients agree, so the cause is the optimizer: PyTorch's is {runs.name}"


_EPS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-16, 1e-5, 0.0)
_USUAL: dict[str, tuple[Any, ...]] = {
    "weight_decay": (0.0, 1e-4, 1e-2, 5e-4, 1e-3, 1e-5, 0.1),
    "decoupled_weight_decay": (True, False),
    "eps": _EPS,
    "betas": ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.9, 0.98), (0.95, 0.999)),
    "momentum": (0.0, 0.9, 0.99, 0.1),
    "dampening": (0.0, 0.9, 0.1),
    "nesterov": (True, False),
    "amsgrad": (True, False),
    "centered": (True, False),
    "alpha": (0.99, 0.9, 0.999, 0.95),
    "rho": (0.9, 0.95, 0.99),
    "initial_accumulator_value": (0.0, 0.1),
    "maximize": (True, False),
}


def _other_settings(runs: Runs, step: int) -> str:
    """The settings with which PyTorch's optimizer does what JAX's does, in words; or ""."""
    groups = runs.factory.make(runs.batches[0].module)[0].param_groups
    for changes, whose in _changes(groups):
        factory = runs.factory._replace(changes=changes, of=_PARAMETERS.get(whose))
        try:
            _, _, outcomes = train_torch(runs.batches, factory, min(step + 3, len(runs.jax)))
        except Exception:  # the optimizer does not take these settings
            continue
        pairs = zip(outcomes, runs.jax, strict=False)
        if not any(find_differences(*pair, float64=True) for pair in pairs):
            return _in_words(runs.name, groups, changes, whose)
    return ""


def _in_words(
    name: str, groups: Sequence[Mapping[str, Any]], changes: Mapping[str, Any], whose: str
) -> str:
    """The settings of both optimizers; those of PyTorch's groups, where they differ."""
    given = ", ".join(
        f"{option}={' and '.join(dict.fromkeys(repr(group[option]) for group in groups))}"
        for option in changes
    )
    other = ", ".join(f"{option}={value!r}" for option, value in changes.items())
    both = "in groups" if len(groups) > 1 and not whose else "for all parameters" if whose else ""
    texts = [f"{name}({given})", f"{name}({other})"]
    texts[0] += f" {both}" if both else ""
    texts[1] += f" for {whose}" if whose else " for all parameters" if both else ""
    return f"PyTorch runs {texts[0]}, JAX runs {texts[1]}"


_PARAMETERS: dict[str, Callable[[str, int], bool]] = {
    "the biases": lambda name, ndim: name.rpartition(".")[2].startswith("bias"),
    "the arrays of one axis, such as biases and norms": lambda name, ndim: ndim < 2,
    "the arrays of one axis other than biases": lambda name, ndim: ndim < 2 and "bias" not in name,
    "the arrays of two or more axes": lambda name, ndim: ndim >= 2,
    "the embeddings": lambda name, ndim: "emb" in name,
    "the biases, norms and embeddings": lambda name, ndim: ndim < 2 or "emb" in name,
}
"""The parameters that often have settings of their own."""
_OWN = ("weight_decay",)
"""The settings that some parameters often have for themselves."""


def _changes(groups: Sequence[Mapping[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every other value of one setting, then of some parameters' own, then of two settings."""
    single = [
        {name: value}
        for name, values in _USUAL.items()
        if name in groups[0]
        for value in dict.fromkeys((*(group[name] for group in groups), *values))
        if any(group[name] != value for group in groups)
    ]
    yield from ((change, "") for change in single)
    own = [change for change in single if change.keys() <= set(_OWN)]
    yield from itertools.product(own, _PARAMETERS)
    for one, other in itertools.combinations(single, 2):
        if one.keys() != other.keys():
            yield one | other, ""
