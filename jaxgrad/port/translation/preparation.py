"""PyTorch's own layers as they are while they are exported, without what depends on values."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any
from unittest import mock

AVERAGE = math.nan
"""The momentum, in a graph, of running statistics in which all batches count alike."""


@contextlib.contextmanager
def without_values(torch: Any, module: Any) -> Iterator[None]:
    """Lets PyTorch's own layers branch on no values, where the result is the same.

    Transformers ask whether a mask is causal, to choose a faster way to the same numbers. Batch
    norms without a momentum read the number of batches; the source does that where it is run.
    """
    norms = [
        part
        for part in module.modules()
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.momentum is None
    ]
    transformer = torch.nn.modules.transformer
    with mock.patch.object(transformer, "_detect_is_causal_mask", _is_told_causal):
        for part in norms:
            part.momentum = AVERAGE
        try:
            yield
        finally:
            for part in norms:
                part.momentum = None


@contextlib.contextmanager
def assignments_as_writes(torch: Any, module: Any) -> Iterator[None]:
    """Lets what is assigned to a buffer be written into it: of inner modules PyTorch forgets it.

    Raises:
        ValueError: within the export, if it has another shape or dtype.
    """
    parts = [part for part in module.modules() if not isinstance(part, torch.jit.ScriptModule)]
    before: list[tuple[Any, dict[str, Any]]] = []

    def note(called: Any, args: Any) -> None:
        before[:] = [(part, dict(part._buffers)) for part in parts]

    def write(called: Any, args: Any, result: Any) -> Any:
        changed = [
            (part, name, old, part._buffers[name])
            for part, named in before
            for name, old in named.items()
            if not (old is None or part._buffers.get(name) is None or part._buffers[name] is old)
        ]
        olds = {id(old) for _, _, old, _ in changed}
        result = torch.utils._pytree.tree_map(
            lambda leaf: leaf.clone() if {id(leaf), id(_base(leaf))} & olds else leaf, result
        )
        for part, name, old, new in changed:
            if (old.shape, old.dtype) != (new.shape, new.dtype):
                raise ValueError(f"the buffer {name} is assigned another shape or dtype")
            old.copy_(new)
            part._buffers[name] = old
        return result

    hooks = [module.register_forward_pre_hook(note), module.register_forward_hook(write)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _base(leaf: Any) -> Any:
    """The array that a leaf is a view of; None of another leaf."""
    return getattr(leaf, "_base", None)


def _is_told_causal(mask: Any, is_causal: bool | None = None, size: int | None = None) -> bool:
    """Whether a mask is said to be causal; what it is is not looked at."""
    return is_causal is True
