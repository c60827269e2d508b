"""What a case is: data, and nothing else."""

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

Verdict = Literal[
    "same", "error", "structure", "shape", "dtype", "value", "distribution", "gradient"
]
"""The first thing that differs, looked for in this order:

error: one side raises and the other does not. structure: None, text or another pytree on one side.
shape, dtype: of an array. value: beyond the dtype's tolerance. distribution: one side's
random answer has the exact distribution and the other's has not. gradient: as value, for the
gradients asked for.
"""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


f32 = functools.partial(np.array, dtype=np.float32)
"""An array for inputs."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question put to PyTorch, to plain JAX and to jaxgrad.

    A snippet is Python; its last line is the expression whose value is the answer. It sees the
    inputs by name, and the names that `run.NAMES` lists for its side.

    Attributes:
        family: the family it belongs to.
        name: one line, unique in the family.
        source: where in the described system the question comes up, such as "In [24]".
        inputs: NumPy arrays and plain Python values, by name.
        torch: what a PyTorch user writes.
        jax: what a porter would write in plain JAX.
        jaxgrad: what jaxgrad offers; empty if it offers nothing.
        remedy: where plain JAX differs and jaxgrad offers nothing, what the porter writes instead.
            Its answer must be PyTorch's.
        verdict_jax: the declared verdict of plain JAX against PyTorch.
        verdict_jaxgrad: the declared verdict of jaxgrad against PyTorch.
        difference: the kind of jaxgrad's declared difference from PyTorch. "right": PyTorch's
            answer is wrong, is an error or is left open. "refuses": PyTorch accepts a mistake.
            "limit": jaxgrad falls short.
        oracle: where jaxgrad is right and PyTorch is not, the right answer: an expression of
            `np`, `math`, `scipy` and the inputs, without JAX. It gives the value or, where the
            gradient differs or PyTorch refuses it, a dict of the gradients.
        grads: inputs whose gradient, with a cotangent of ones, is measured as well.
        distribution: for a random answer, the exact distribution of its elements: an expression
            that gives either the probabilities of 0, 1, 2, … or a frozen distribution of
            `scipy.stats`.
        rtol: a relative tolerance, where rounding is amplified and `why` says by what.
        exact: whether jaxgrad's answer is bit for bit PyTorch's once contraction is off.
        x64: whether JAX runs with 64-bit types.
        eager: whether plain JAX must run operation by operation. One compiled program would give
            another answer if the question is about intermediate roundings or NaNs.
        picture: "curve" for a plot of the answer over its index, "kink" for a plot of answer and
            gradient over the input `x`, "cover" for a plot beside the overview too. A random
            answer has a picture without it.
        why: the reason for what is declared.
        link: a page that documents it.
    """

    family: str
    name: str
    torch: str
    jax: str
    why: str
    jaxgrad: str = ""
    remedy: str = ""
    source: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    verdict_jax: Verdict = "same"
    verdict_jaxgrad: Verdict = "same"
    difference: Literal["", "right", "refuses", "limit"] = ""
    oracle: str = ""
    grads: tuple[str, ...] = ()
    distribution: str = ""
    rtol: float | None = None
    exact: bool = False
    x64: bool = False
    eager: bool = False
    picture: Literal["", "curve", "kink", "cover"] = ""
    link: str = ""

    def anchor(self) -> str:
        """The id of the case: on the page, in addresses and for `jaxgrad study show`."""
        words = re.findall(r"[a-z0-9]+", self.name.lower())
        return "-".join([self.family, *words])

    def digest(self) -> str:
        """A fingerprint of everything that PyTorch's answer depends on."""
        parts = [self.torch, self.distribution, repr(self.grads)]
        for name, value in sorted(self.inputs.items()):
            array = np.asarray(value)
            parts += [name, type(value).__name__, str(array.dtype), repr(array.tolist())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Page(NamedTuple):
    """The cases of one topic.

    Attributes:
        stem: the file's name without `.md`.
        title: its heading.
        about: the prose before the first case.
        place: its rank among the pages; pages without one come last.
        cases: in the order of the page.
        lines: where each case begins.
    """

    stem: str
    title: str
    about: str
    place: float
    cases: tuple[Case, ...]
    lines: tuple[int, ...]
