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


def _is_told_causal(mask: Any, is_causal: bool | None = None, size: int | None = None) -> bool:
    """Whether a mask is said to be causal; what it is is not looked at."""
    return is_causal is True
