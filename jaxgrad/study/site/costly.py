"""The ten silent differences that cost porters most, by public reports and the study's cases.

A difference is silent if plain JAX raises no error. The first screen shows each
with its code and its picture.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..answer import Answer
from ..distribution import passed
from ..measurement import Row
from ..report import brief
from .highlight import python

FEW = 4
"""Of an array with more numbers, the one that differs most is shown."""


class Costly(NamedTuple):
    """A difference: its headline, and a pattern of the lines to show if not all matter."""

    headline: str
    lines: str = ""

    def shown(self, code: str) -> str:
        """The lines of a snippet that the first screen shows."""
        chosen = [line for line in code.splitlines() if re.match(self.lines, line)]
        return "\n".join(chosen) if self.lines and chosen else code


COSTLY = {
    "sampling-multinomial-ported-to-categorical-without-the-logarithm": Costly(
        "multinomial takes weights, jax.random.categorical takes logarithms"
    ),
    "init-kaiming-uniform-on-out-in": Costly(
        "kaiming_uniform_ reads a weight as (out, in), he_uniform as (in, out)"
    ),
    "kinks-abs": Costly("The slope of |x| at 0 is 0 in PyTorch and 1 in JAX"),
    "kinks-length-of-x-0": Costly("The norm of a zero vector has the gradient 0, in JAX NaN"),
    "activations-gelu-as-jax-nn-gelu-gives-it-by-default": Costly(
        "gelu is exact by default, in JAX approximate"
    ),
    "losses-cross-entropy-with-a-target-of-100": Costly(
        "cross_entropy leaves out the target -100, optax gives NaN"
    ),
    "optim-rmsprop-lr-0-01": Costly(
        "RMSprop averages over 100 gradients by default, in optax over 10", "optimizer = "
    ),
    "optim-adam-lr-0-1-weight-decay-0-1": Costly(
        "Adam with weight_decay is not AdamW", "optimizer = "
    ),
    "schedules-cosineannealinglr-by-hand": Costly(
        "A cosine schedule counted from 1 is one step ahead of PyTorch's", "scheduler? = "
    ),
    "layers-batchnorm-the-running-mean-after-one-batch": Costly(
        "The momentum of BatchNorm is the weight of the new batch, in flax of the old mean"
    ),
}
"""By the anchors of their cases."""


def given(row: Row, shown: Costly) -> list[dict[str, Any]]:
    """The lines of PyTorch, plain JAX and what mends it, each with its answer where they differ."""
    sides = [("PyTorch", row.case.torch, row.torch), ("plain JAX", row.case.jax, row.jax)]
    sides += [
        (title, code, answer)
        for title, code, answer in (
            ("jaxgrad", row.case.jaxgrad, row.jaxgrad),
            ("plain JAX, mended", row.case.remedy, row.remedy),
        )
        if code and answer
    ]
    answers = _texts(row, [answer for _, _, answer in sides])
    return [
        {"title": title, "code": python(shown.shown(code)), "gives": gives}
        for (title, code, _), gives in zip(sides, answers, strict=True)
    ]


def _texts(row: Row, answers: Sequence[Answer]) -> list[str]:
    """Each answer in a few words."""
    if row.case.distribution:
        return [_draws(answer) for answer in answers]
    if any(answer.error or not isinstance(answer.value, np.ndarray) for answer in answers):
        return [brief(Answer(answer.value, error=answer.error), FEW, 4) for answer in answers]
    leaves, what = [answer.value for answer in answers], ""
    if row.versus_jax.verdict == "gradient":
        name = row.case.grads[0]
        leaves, what = [answer.grads[name] for answer in answers], "gradient "
    if leaves[0].size <= FEW:
        return [f"{what}{brief(Answer(leaf), FEW, 4)}" for leaf in leaves]
    place, where = _farthest(row, leaves[0], leaves[1])
    return [f"{what}{float(leaf.flat[place]):.4g} {where}" for leaf in leaves]


def _farthest(row: Row, expected: np.ndarray, got: np.ndarray) -> tuple[int, str]:
    """The place at which two arrays differ most, and its name."""
    with np.errstate(all="ignore"):
        distance = np.abs(np.asarray(expected, float) - np.asarray(got, float)).ravel()
    place = int(np.argmax(np.where(np.isnan(got.astype(float)).ravel(), np.inf, distance)))
    x = row.case.inputs.get("x")
    if isinstance(x, np.ndarray) and x.shape == expected.shape:
        return place, f"at x = {float(x.flat[place]):.4g}"
    return place, f"at step {place} of {expected.size}"


def _draws(answer: Answer) -> str:
    test = answer.distribution
    if test is None:
        return brief(answer, FEW)
    kind = "of the right distribution" if passed(test) else "of another distribution"
    return f"{sum(test.expected):.0f} draws {kind} (p = {test.pvalue:.2g})"
