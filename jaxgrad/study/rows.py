"""Cases -> rows: everything measured about a case."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import jax

from . import record
from .answer import Answer
from .case import Case
from .measure import Comparison, compare
from .run import run, torch_version


@dataclass(frozen=True)
class Row:
    """A case and what came of it.

    Attributes:
        case: the question.
        torch: PyTorch's answer, recorded or live.
        jax: plain JAX's.
        jaxgrad: jaxgrad's, or None where it offers nothing.
        versus_jax: plain JAX against PyTorch.
        versus_jaxgrad: jaxgrad against PyTorch.
        versions: of PyTorch and JAX, by name.
        problems: why the row does not hold, in words; empty where it does.
    """

    case: Case
    torch: Answer
    jax: Answer
    jaxgrad: Answer | None
    versus_jax: Comparison
    versus_jaxgrad: Comparison | None
    versions: dict[str, str]
    problems: tuple[str, ...]


def recorded(case: Case) -> tuple[Answer, str]:
    """PyTorch's recorded answer, and its version."""
    return record.read(case)


def live(case: Case) -> tuple[Answer, str]:
    """The installed PyTorch's answer, and its version."""
    return run(case, "torch"), torch_version() or ""


def measure(
    cases: Iterable[Case], answer: Callable[[Case], tuple[Answer, str]], *, exact: bool = False
) -> Iterator[Row]:
    """Measures the cases one by one against PyTorch's `answer`.

    With `exact`, contraction is off and the cases that declare it must be bit for bit PyTorch's.
    """
    for case in cases:
        try:
            torch, version = answer(case)
        except record.Stale as error:
            torch, version = Answer(error=str(error)), ""
        yield _row(case, torch, version, exact)


def _row(case: Case, torch: Answer, version: str, exact: bool) -> Row:
    plain = run(case, "jax")
    ours = run(case, "jaxgrad") if case.jaxgrad else None
    versus_jax = compare(torch, plain, x64=case.x64, rtol=case.rtol)
    versus_ours = ours and compare(torch, ours, x64=case.x64, rtol=case.rtol, ours=case.jaxgrad)
    problems = [] if version else [torch.error or "PyTorch gave no answer"]
    if versus_jax.verdict != case.verdict_jax:
        problems.append(_broken("plain JAX", case.verdict_jax, versus_jax))
    if versus_ours and (versus_ours.verdict != case.verdict_jaxgrad or versus_ours.slip):
        problems.append(_broken("jaxgrad", case.verdict_jaxgrad, versus_ours))
    if exact and case.exact and versus_ours and versus_ours.identical != versus_ours.elements:
        bits = f"{versus_ours.identical} of {versus_ours.elements}"
        problems.append(f"jaxgrad: declared bit for bit, identical in {bits} elements")
    versions = {"torch": version, "jax": jax.__version__}
    return Row(case, torch, plain, ours, versus_jax, versus_ours, versions, tuple(problems))


def _broken(side: str, declared: str, measured: Comparison) -> str:
    detail = f" ({measured.detail})" if measured.detail else ""
    return f"{side}: declared {declared}, measured {measured.verdict}{detail}"
