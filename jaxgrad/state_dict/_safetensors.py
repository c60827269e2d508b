"""The format safetensors: a header in JSON, and the arrays behind it."""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jaxgrad.state_dict._arrays import DTYPES, LITTLE, Storage, array, contiguous, raw
from jaxgrad.state_dict._mapped import Part
from jaxgrad.state_dict._unpickle import WHOLE

NAMES = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool"},
    **{"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8"},
    **{"U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "C64": "complex64"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"},
    **{"F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"},
}
"""The format's names of dtypes, and PyTorch's."""

LONGEST = 100_000_000
"""How long a header may be; the format's own reader has the same limit."""


def load(part: Part) -> dict[str, np.ndarray]:
    """The arrays by their names, in the order of the header; its `__metadata__` is left out.

    Args:
        part: the whole file.

    Raises:
        ValueError: the header is broken, or the arrays do not fill the file one after another.
    """
    header, body = _header(part)
    spans, found = [], {}
    for name, told in header.items():
        if name == "__metadata__":
            continue
        dtype, shape, start, end = _told(body, name, told)
        spans.append((start, end, name))
        storage = Storage(body.within(name, start, end - start), dtype, not LITTLE)
        found[name] = array(storage, 0, shape, contiguous(shape), "")
    _check_filled(body, spans)
    return found


def _header(part: Part) -> tuple[dict[str, Any], Part]:
    """The header as a dict, and the bytes behind it."""
    (length,) = struct.unpack("<Q", part.within("the header's length", 0, 8).bytes())
    if not 2 <= length <= LONGEST:
        got = f"{length} bytes"
        raise part.wrong(f"a header of up to {LONGEST} bytes", got, "it may be no safetensors file")
    text = part.within("the header", 8, length)
    try:
        header = json.loads(text.bytes().decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise text.wrong("JSON in UTF-8", f"{error}"[:200], WHOLE) from error
    if not isinstance(header, dict):
        raise text.wrong("a dict of entries", f"a {type(header).__name__}")
    return header, part.within("the arrays", 8 + length, part.size - 8 - length)._replace(entry="")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len({*names}) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(f"the name {twice!r:.200} twice")
    return dict(pairs)


def _told(body: Part, name: str, told: Any) -> tuple[np.dtype, tuple[int, ...], int, int]:
    """What the header tells of an array: dtype, shape, first byte and end."""
    if not isinstance(told, dict) or {*told} != {"dtype", "shape", "data_offsets"}:
        raise body.wrong("told by dtype, shape and data_offsets", f"{told!r:.80}", entry=name)
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in NAMES:
        raise body.wrong("of a dtype that NumPy has", f"{dtype!r:.40}", entry=name)
    for numbers, length in ((shape, None), (offsets, 2)):
        fits = isinstance(numbers, list) and len(numbers) == (length or len(numbers))
        if not fits or any(type(one) is not int or not 0 <= one < 2**63 for one in numbers):
            expected = "told in numbers from 0 to 2**63"
            raise body.wrong(expected, f"{numbers!r:.80}", entry=name)
    start, end = offsets
    known = DTYPES[NAMES[dtype]]
    if end - start != math.prod(shape) * known.itemsize:
        got = f"bytes {start} to {end} for {dtype} of shape {tuple(shape)}"
        raise body.wrong("as large as its shape", got, WHOLE, name)
    return known, tuple(shape), start, end


def _check_filled(body: Part, spans: list[tuple[int, int, str]]) -> None:
    """Refuses arrays that overlap, leave a gap, or end before the file does."""
    place = 0
    for start, end, name in sorted(spans):
        if start != place:
            what = "overlaps another" if start < place else "leaves a gap"
            raise body.wrong(f"from byte {place} on", f"byte {start}, which {what}", WHOLE, name)
        place = end
    if place != body.size:
        got = f"{body.size - place} further bytes"
        raise body.wrong("at its end after the last array", got, WHOLE)


def pieces(state: Mapping[str, np.ndarray]) -> Iterator[Any]:
    """What a file of these arrays consists of: its header, and the bytes of each array.

    Those of wide dtypes come first, so that each array begins at a multiple of its element's size.

    Args:
        state: arrays by name, of the byte order of this machine; each dtype must be one of `NAMES`.
    """
    names = {DTYPES[ours]: theirs for theirs, ours in NAMES.items()}
    order = sorted(state, key=lambda name: (-state[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name in order:
        value = state[name]
        offsets = [place, place + value.nbytes]
        header[name] = {"dtype": names[value.dtype], "shape": value.shape, "data_offsets": offsets}
        place += value.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for name in order:
        yield raw(state[name])
