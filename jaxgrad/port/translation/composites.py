"""Operations that PyTorch itself writes by others, where the table does not have them."""

from collections.abc import Mapping
from typing import Any

from .bound import Rule
from .rewriting import rewritten
from .steps import OPERATIONS, is_silent

_DEEPEST = 8
"""How often what an operation is written by is written by others again."""


def written_out(torch: Any, program: Any, own: Mapping[str, Rule]) -> Any:
    """An exported program in which the composite operations that the table lacks are written out.

    A composite operation has no derivative of its own in PyTorch: its value and its gradient are
    those of the operations that it is written by. The program stays as it is, and the translation
    names the operation, if PyTorch cannot write it out, or if that brings in what the table lacks.
    """
    written = program
    for _ in range(_DEEPEST):
        composite = {one for one in lacking(written, own) if is_composite(one)}
        if not composite:
            break
        try:
            decomposed = torch._export.utils._get_decomp_for_cia
            table = {one: decomposed(one) for one in composite}
            written = rewritten(torch, written, table)
        except Exception:  # PyTorch raises its own kinds
            return program
    signature = written.graph_signature
    checks = signature.input_tokens  # which raise, and give no value
    new = lacking(written, own) - lacking(program, own)
    return program if checks or new else written


def lacking(program: Any, own: Mapping[str, Rule]) -> set[Any]:
    """The operations that the table does not have."""
    found = set()
    for node in program.graph.nodes:
        if hasattr(node.target, "_schema") and not is_silent(node):
            name = node.target._schema.name
            if name not in own and name.removeprefix("aten::") not in OPERATIONS:
                found.add(node.target)
    return found


def is_composite(operation: Any) -> bool:
    """Whether PyTorch writes an operation by others, its gradient too."""
    key = "CompositeImplicitAutograd"
    return operation.has_kernel_for_dispatch_key(key) and not operation._schema.is_mutable
