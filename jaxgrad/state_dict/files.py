"""`load` and `save`: the files of PyTorch and of safetensors."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad import _checks
from jaxgrad.state_dict import _archive, _old, _safetensors, _write
from jaxgrad.state_dict._arrays import DTYPES
from jaxgrad.state_dict._mapped import Part, opened, path_of

ENDINGS = (".pt", ".pth", ".safetensors")
DEEPEST = 100
"""So many containers may be within one another."""


def load(path: str | os.PathLike[str]) -> Any:
    """The contents of a weight file, as arrays of NumPy over the mapped file, without PyTorch.

    The formats are those of `torch.save` (zip, the format before PyTorch 1.6, and the tar archives
    before 0.4), TorchScript's archives and safetensors. The first bytes tell which one it is.

    Nothing of a file is ever run. A name in a pickle stands for one of a fixed list of tensors,
    containers and numbers; every other name is refused.

    The file is not read but mapped into memory: a file of 10 GB is open at once, and an array is
    read when it is used. So do not write into the file while its arrays are in use; `save` does
    not, it puts a new file in its place. Checksums of arrays are not compared, which would read
    them all. A compressed entry and numbers of another byte order are copied into memory.

    Args:
        path: the file.

    Returns:
        what was saved: a state dict, or a checkpoint with all that is in it, as plain dicts, lists,
        tuples, numbers and text. Each tensor is a read-only array with its dtype (bfloat16 too),
        its shape and its strides; tensors that share memory do so here. A device is text, a dtype
        is NumPy's. A file of TorchScript is the tree of its module's attributes: `flatten` gives it
        the names of a state dict.

    Raises:
        ValueError: the file cannot be read, is broken, or holds something else; file and entry are
            named.
        TypeError: `path` is no path.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.load.html

    Differs from PyTorch: tensors of a GPU are read where there is none. The attribute `_metadata`
    of a state dict and those of tensors are left out, and so is `__metadata__` of safetensors.
    Sparse, quantized and nested tensors are refused, and so are whole modules: save their state
    dicts. A module of `torch.jit.freeze` has no names for its weights, and is refused.

    >>> import tempfile, jax.numpy as jnp
    >>> from jaxgrad import state_dict
    >>> folder = tempfile.TemporaryDirectory()
    >>> state_dict.save(f"{folder.name}/model.pt", {"fc.weight": jnp.ones((2, 3)), "epoch": 7})
    >>> state = state_dict.load(f"{folder.name}/model.pt")
    >>> state["fc.weight"].shape, state["epoch"]
    ((2, 3), 7)
    >>> jnp.asarray(state["fc.weight"]).sum()
    Array(6., dtype=float32)
    >>> folder.cleanup()
    """
    part = opened(path_of("load", path))
    return _reader(part)(part)


def _reader(part: Part) -> Callable[[Part], Any]:
    """The function that reads the format that the first bytes tell."""
    first = Part(part.path, "", part.buffer, 0, min(part.size, 512)).bytes()
    if not first:
        raise part.wrong("a file of torch.save, TorchScript or safetensors", "an empty file")
    if first.startswith(_archive.MAGIC):
        return _archive.load
    if first[257:262] == b"ustar":
        return _old.load_tar
    if part.path.suffix == ".safetensors" or first[8:9] == b"{":
        return _safetensors.load
    if first.startswith(b"\x80"):
        return _old.load
    got = f"the first bytes {first[:8]!r}"
    raise part.wrong("a file of torch.save, TorchScript or safetensors", got)


def save(path: str | os.PathLike[str], tree: Any) -> None:
    """Writes a file that PyTorch or safetensors reads, in the format that its ending names.

    `torch.load(path, weights_only=True)` reads `.pt` and `.pth`. The file is written beside `path`
    under another name and then put in its place, so that a file that is interrupted leaves the one
    before as it was.

    Args:
        path: the file; its ending is .pt, .pth or .safetensors.
        tree: for .pt and .pth dicts, lists and tuples of arrays, numbers, text and None, with keys
            of text or integers. For .safetensors a flat dict of arrays by name. An array is one of
            NumPy or JAX, with a dtype that PyTorch has; one that occurs twice is stored once in
            .pt and .pth.

    Returns:
        None.

    Raises:
        ValueError: the ending is another, or the file cannot be written.
        TypeError: something in the tree has no place in the format; the entry is named.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.save.html

    >>> import pathlib, tempfile, jax.numpy as jnp
    >>> from jaxgrad import state_dict
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "model.safetensors")
    >>> state_dict.save(path, {"bias": jnp.zeros(3, jnp.bfloat16)})
    >>> state_dict.load(path)
    {'bias': array([0, 0, 0], dtype=bfloat16)}
    >>> folder.cleanup()
    """
    target = path_of("save", path)
    if target.suffix not in ENDINGS:
        expected = f"a file that ends in {', '.join(ENDINGS)}"
        raise ValueError(_checks.of("save").wrong("path", expected, f"{target}"))
    if target.suffix == ".safetensors":
        state = _flat(tree)
        _replace(target, lambda file: _write_pieces(file, state))
    else:
        found = _hosted(tree)
        _replace(target, lambda file: _write.archive(file, found, _wrong))


def _wrong(entry: str, expected: str, got: object) -> TypeError:
    where = f"tree, entry {entry!r:.200}," if entry else "tree"
    return TypeError(_checks.of("save").wrong(where, expected, got))


def _flat(tree: Any) -> dict[str, np.ndarray]:
    """The tree as a dict of arrays, which it has to be."""
    if not isinstance(tree, dict):
        raise _wrong("", "a dict of arrays by name", type(tree).__name__)
    for name, value in tree.items():
        if not isinstance(name, str) or name == "__metadata__" or _is_surrogate(name):
            raise _wrong("", "a dict with names of text", f"{name!r:.60}")
        if not isinstance(value, (np.ndarray, np.generic, jax.Array)):
            got = f"{type(value).__name__}; safetensors has no others: flatten it, or save a .pt"
            raise _wrong(name, "an array", got)
    found = {name: _array(value, name) for name, value in tree.items()}
    names = {DTYPES[ours] for ours in _safetensors.NAMES.values()}
    for name, value in found.items():
        if value.dtype not in names:
            raise _wrong(name, "of a dtype that safetensors has", value.dtype)
    return found


def _is_surrogate(name: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _hosted(tree: Any) -> Any:
    """The tree with arrays of NumPy; an array that occurs twice is one array still."""
    done: dict[int, np.ndarray] = {}

    def hosted(value: Any, entry: str, depth: int) -> Any:
        if isinstance(value, (np.ndarray, np.generic, jax.Array)):
            return done.setdefault(id(value), _array(value, entry))
        if depth > DEEPEST:
            raise _wrong(entry, f"in at most {DEEPEST} containers", "more")
        if type(value) is dict:
            inner = ((key, one, f"{entry}.{key}".lstrip(".")) for key, one in value.items())
            return {key: hosted(one, name, depth + 1) for key, one, name in inner}
        if type(value) in (list, tuple):
            inner = ((one, f"{entry}.{i}".lstrip(".")) for i, one in enumerate(value))
            return type(value)(hosted(one, name, depth + 1) for one, name in inner)
        return value

    return hosted(tree, "", 0)


def _array(value: Any, entry: str) -> np.ndarray:
    """The array in NumPy and in this machine's byte order."""
    _checks.of("save").concrete("tree", value)
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise _wrong(entry, "an array of numbers", "a key; save jax.random.key_data of it")
    host = np.asarray(value)
    host = host.astype(host.dtype.newbyteorder("="), copy=False)
    if host.dtype not in DTYPES.values():
        raise _wrong(entry, "of a dtype that PyTorch has", host.dtype)
    return host


def _write_pieces(file: BinaryIO, state: dict[str, np.ndarray]) -> None:
    for piece in _safetensors.pieces(state):
        file.write(piece)


def _replace(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Writes a new file and puts it in the place of `path`, or leaves everything as it was."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        try:
            with beside.open("xb") as file:
                write(file)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        reason = f"{path}: {error.strerror}"
        raise ValueError(_checks.of("save").wrong("path", "writable", reason)) from error
