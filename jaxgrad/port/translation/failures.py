"""Why PyTorch does not export a module: its reason, the line that asks, what to write instead."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from .steps import short

_INSTEAD = {
    "packed": "leave the sequences padded; F.lstm, F.gru and F.rnn take their lengths",
    "data-dependent": "choose by torch.where, or branch by torch.cond",
}


def reason(torch: Any, error: BaseException) -> str:
    """The message about a module that PyTorch does not export."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kind = type(error).__name__
    first = lines[0].rstrip(".") if lines else kind
    if lines and type(error).__module__ == "builtins":  # not one of PyTorch's long names
        first = f"{kind}: {first}"
    frames = list(_frames(error))
    instead = "packed" if any(map(_is_packed, frames)) else "data-dependent"
    known = instead == "packed" or instead in first
    advice = f"; {_INSTEAD[instead]}" if known else ""
    return f"translate: PyTorch cannot export the module: {first}{_place(torch, error)}{advice}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _frames(error: BaseException) -> Iterator[FrameType]:
    """The frames of an exception and of those that led to it."""
    for one in _chain(error):
        for frame, _ in traceback.walk_tb(one.__traceback__):
            yield frame


def _is_packed(frame: FrameType) -> bool:
    """Whether a frame is PyTorch's own, of packed sequences."""
    file, name = frame.f_code.co_filename, frame.f_code.co_name
    packing = file.endswith("torch/nn/utils/rnn.py") and "pack" in name
    layer = file.endswith("torch/nn/modules/rnn.py")
    return packing or (layer and frame.f_locals.get("batch_sizes") is not None)


def _place(torch: Any, error: BaseException) -> str:
    """The innermost line of the user's: " at file.py:12"; "" if there is none."""
    libraries = (str(Path(torch.__file__).parent), str(Path(__file__).parents[2]))
    for one in _chain(error):
        stack = traceback.extract_tb(one.__traceback__)
        own = [frame for frame in stack if not frame.filename.startswith((*libraries, "<"))]
        inner = [frame for frame in own if _within(frame, stack, libraries)]
        if inner:
            return f" at {short(inner[-1].filename)}:{inner[-1].lineno}"
    return ""


def _within(
    frame: traceback.FrameSummary, stack: traceback.StackSummary, libraries: tuple[str, ...]
) -> bool:
    """Whether a line is called by PyTorch, and so belongs to the module, not to what calls us."""
    place = stack.index(frame)
    return any(other.filename.startswith(libraries[0]) for other in stack[:place])
