"""A case -> its row: everything that is measured about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from jaxgrad._closeness import flat

from . import record
from .answer import Answer
from .case import Case
from .comparison import Comparison, compare
from .run import run, torch_version
from .schema import Malformed


@dataclass(frozen=True)
class Row:
    """A case and its measurement.

    Attributes:
        case: the question.
        torch: PyTorch's answer, recorded or live.
        jax: plain JAX's answer.
        jaxgrad: jaxgrad's answer, or None where it offers nothing.
        remedy: the remedy's answer, or None where the case has no remedy.
        versus_jax: plain JAX against PyTorch.
        versus_jaxgrad: jaxgrad against PyTorch.
        versus_remedy: the remedy against PyTorch.
        versus_oracle: jaxgrad against the right answer, where PyTorch's is wrong.
        versions: the versions of PyTorch and JAX, by name.
        problems: why the row does not hold, in words; empty where it holds.
        drift: how PyTorch's answer has changed since it was recorded, in words; empty where it has
            not changed or is the recorded one.
    """

    case: Case
    torch: Answer
    jax: Answer
    jaxgrad: Answer | None
    remedy: Answer | None
    versus_jax: Comparison
    versus_jaxgrad: Comparison | None
    versus_remedy: Comparison | None
    versus_oracle: Comparison | None
    versions: dict[str, str]
    problems: tuple[str, ...]
    drift: str = ""


def recorded(case: Case) -> tuple[Answer, str]:
    """PyTorch's recorded answer, and its version."""
    return record.read(case)


def live(case: Case) -> tuple[Answer, str]:
    """The installed PyTorch's answer, and its version."""
    return run(case, "torch"), torch_version() or ""


def measure(
    case: Case, answer: Callable[[Case], tuple[Answer, str]], *, exact: bool = False
) -> Row:
    """Measures a case against PyTorch's answer.

    Args:
        case: the question.
        answer: gives PyTorch's answer and its version, as `recorded` and `live` do.
        exact: whether contraction is off. A case that declares `exact` must then be bit for bit
            PyTorch's.
    """
    try:
        torch, version = answer(case)
    except (record.Stale, Malformed) as error:
        torch, version = Answer(error=str(error)), ""
    try:
        return _row(case, torch, version, exact)
    except Exception as error:  # a malformed case, such as one without a snippet
        return failed(case, f"cannot be measured: {type(error).__name__}: {error}")


def failed(case: Case, reason: str) -> Row:
    """The row of a case that could not be measured."""
    nothing, unknown = Answer(error=reason), Comparison("error", reason)
    ours = (nothing, unknown) if case.jaxgrad else (None, None)
    remedy = (nothing, unknown) if case.remedy else (None, None)
    versions = {"torch": "", "jax": jax.__version__}
    return Row(
        *(case, nothing, nothing, ours[0], remedy[0], unknown, ours[1], remedy[1], None),
        *(versions, (reason,)),
    )


def _row(case: Case, torch: Answer, version: str, exact: bool) -> Row:
    def against(answer: Answer, ours: str = "") -> Comparison:
        return compare(torch, answer, x64=case.x64, rtol=case.rtol, ours=ours)

    plain = run(case, "jax")
    ours = run(case, "jaxgrad") if case.jaxgrad else None
    remedy = run(case, "remedy") if case.remedy else None
    versus_jax = against(plain)
    versus_ours = ours and against(ours, case.jaxgrad)
    versus_remedy = remedy and against(remedy)
    versus_oracle = _against_oracle(case, ours) if ours and case.oracle else None
    problems = [] if version else [torch.error or "PyTorch gave no answer"]
    if versus_jax.verdict != case.verdict_jax:
        problems.append(_broken("plain JAX", case.verdict_jax, versus_jax))
    if versus_ours and (versus_ours.verdict != case.verdict_jaxgrad or versus_ours.unintended):
        problems.append(_broken("jaxgrad", case.verdict_jaxgrad, versus_ours))
    if versus_remedy and versus_remedy.verdict != "same":
        problems.append(_broken("the remedy", "same", versus_remedy))
    if versus_oracle and versus_oracle.verdict != "same":
        problems.append(_broken("jaxgrad against the right answer", "same", versus_oracle))
    if exact and case.exact and versus_ours and versus_ours.identical != versus_ours.elements:
        bits = f"{versus_ours.identical} of {versus_ours.elements}"
        problems.append(f"jaxgrad: declared bit for bit, identical in {bits} elements")
    versions = {"torch": version, "jax": jax.__version__}
    return Row(
        *(case, torch, plain, ours, remedy),
        *(versus_jax, versus_ours, versus_remedy, versus_oracle),
        *(versions, tuple(problems), _drift(case, torch)),
    )


def _drift(case: Case, torch: Answer) -> str:
    """How PyTorch's answer differs from the recorded one."""
    try:
        before, version = record.read(case)
    except (record.Stale, Malformed):
        return ""
    change = compare(before, torch, x64=True, rtol=case.rtol)
    if change.verdict == "same":
        return ""
    detail = f": {change.detail}" if change.detail else ""
    return f"PyTorch's answer has another {change.verdict} than in {version}{detail}"


def _against_oracle(case: Case, ours: Answer) -> Comparison:
    """Compares jaxgrad's answer with the right value or gradients, rounded to its dtypes."""
    right = run(case, "oracle")
    if right.error:
        return Comparison("error", right.error)
    expected, got = right.value, ours.value
    if right.grads:
        expected = right.grads
        got = {name: leaf for name, leaf in ours.grads.items() if name in right.grads}
    rounded = _rounded(expected, "", dict(flat(got)))
    return compare(Answer(rounded), Answer(got, error=ours.error), x64=case.x64, rtol=case.rtol)


def _rounded(value: Any, path: str, like: dict[str, Any]) -> Any:
    """A value whose numbers have the dtype of the array in the same place, if of the same kind."""
    if isinstance(value, dict):
        return {name: _rounded(child, f"{path}[{name!r}]", like) for name, child in value.items()}
    if isinstance(value, list):
        return [_rounded(child, f"{path}[{index}]", like) for index, child in enumerate(value)]
    leaf, array = like.get(path), np.asarray(value)
    if isinstance(leaf, np.ndarray) and np.can_cast(array.dtype, leaf.dtype, "same_kind"):
        return array.astype(leaf.dtype)
    return value


def _broken(side: str, declared: str, measured: Comparison) -> str:
    detail = f" ({measured.detail})" if measured.detail else ""
    return f"{side}: declared {declared}, measured {measured.verdict}{detail}"
