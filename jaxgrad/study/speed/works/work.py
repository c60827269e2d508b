"""What a piece of work is: data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Work:
    """One piece of work, with the code of each competitor by its name, PyTorch's first.

    The code ends with the name of the function `work`, which has no arguments and returns once the
    result is computed; the timing waits for PyTorch on a GPU. PyTorch's code sees its `device`.

    Attributes:
        family: the table in which it stands.
        name: what it does, and its size.
        times: the public functions of jaxgrad that it times.
        code: by competitor: "torch", "torch.compile", "jax", "jaxgrad", or one of these and how,
            such as "torch, fused".
        reads: the bytes that a call must read from memory; 0 if no share of the limit is wanted.
        elements: the size as a point of a curve; 0 if it is no point.
        calls: the names of small calls that one process times one after another. The code then
            ends with a dict of functions by these names; each takes a count, calls that often, and
            waits for the last result. Its function `forget` drops what was compiled for others.
    """

    family: str
    name: str
    times: str
    code: Mapping[str, str]
    reads: int = 0
    elements: int = 0
    calls: tuple[str, ...] = ()


def in_full(name: str) -> str:
    """The name of a public function with its room: `F.relu` is `functional.relu`."""
    return name.replace("F.", "functional.").replace("T.", "tensor.")
