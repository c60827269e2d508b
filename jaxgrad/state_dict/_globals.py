"""The names that a pickle may mention, and what each becomes here.

Nothing is imported by name and nothing of a file is called: a name stands for a function of this
page, or it is refused. These are the names that `torch.load(weights_only=True)` knows, without
those of tensors that are not plain arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from jaxgrad.state_dict._arrays import DTYPES, STORAGES, Storage, array, frozen
from jaxgrad.state_dict._mapped import Entry, Part


@dataclass(frozen=True)
class Name:
    """A name that a pickle mentions, before it is called.

    Attributes:
        text: the whole name, as in "torch.FloatStorage".
    """

    text: str


class Reader(Protocol):
    """What reads a pickle, as the functions of this page need it."""

    def entry(self) -> str:
        """Where in the pickle it is, for an error."""
        ...

    def spend(self, count: int) -> None:
        """Refuses a pickle that lets more be copied than it may."""
        ...


class Unfit(Exception):
    """The arguments of a call do not fit; the text says what was expected of them."""


REMEDIES = {
    "torch._utils._rebuild_sparse_tensor": "in PyTorch save tensor.to_dense()",
    "torch._utils._rebuild_qtensor": "in PyTorch save tensor.dequantize()",
    "torch._utils._rebuild_meta_tensor_no_storage": "it has no values; save a real tensor",
    "torch._utils._rebuild_nested_tensor": "in PyTorch save a padded tensor",
    "torch._utils._rebuild_wrapper_subclass": "in PyTorch save plain tensors",
    "torch.ComplexHalfStorage": "in PyTorch save tensor.to(torch.complex64)",
    "torch.complex32": "in PyTorch save tensor.to(torch.complex64)",
}
"""What to do about tensors that are known and have no place in NumPy."""

SAVE_THE_STATE = "in PyTorch save module.state_dict(), not the module"
SAVE_A_TENSOR = "in PyTorch save plain tensors"
SAVE_A_NUMBER = "in PyTorch save a Python number or a tensor"


def remedy(name: str) -> str:
    """What to do about a name that is refused."""
    if name in REMEDIES:
        return REMEDIES[name]
    if name.startswith("numpy."):
        return SAVE_A_NUMBER
    if name.rpartition(".")[2][:1].isupper():
        return SAVE_THE_STATE
    is_torch = name.startswith("torch.")
    return SAVE_A_TENSOR if is_torch else "do not trust the file; nothing of it was run"


def named(name: str) -> Any:
    """What a name stands for: a dtype, a `Name` to be called later, or None where it is refused."""
    if name.startswith("torch.") and name[6:] in DTYPES:
        return DTYPES[name[6:]]
    if name in CALLS or storage_dtype(name) or _is_tensor_class(name):
        return Name(name)
    return None


def storage_dtype(name: str) -> np.dtype | None:
    """The dtype of a class of storages, bytes if it is untyped; None is no such class."""
    module, _, last = name.rpartition(".")
    if module in ("torch", "torch.cuda") and last in STORAGES:
        return DTYPES[STORAGES[last]]
    untyped = name in ("torch.storage.UntypedStorage", "torch.UntypedStorage")
    return np.dtype(np.uint8) if untyped else None


def _is_tensor_class(name: str) -> bool:
    """Whether it is a class such as torch.FloatTensor, which old files mention."""
    module, _, last = name.rpartition(".")
    stem = last.removesuffix("Tensor")
    return module in ("torch", "torch.cuda") and stem != last and f"{stem}Storage" in STORAGES


def _tensor(reader: Reader, storage: Any, offset: Any, size: Any, stride: Any, *others: Any) -> Any:
    """`torch._utils._rebuild_tensor_v2`; `others` are for autograd, but for the last of three."""
    if not isinstance(storage, Storage):
        raise Unfit("a tensor over a storage")
    reader.spend(storage.part.size * storage.swapped)
    return _marked(reader, array(storage, offset, size, stride, reader.entry), others[2:])


def _tensor_v3(
    reader: Reader,
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    hooks: Any,
    dtype: Any,
    *marks: Any,
) -> Any:
    """`torch._utils._rebuild_tensor_v3`: the tensor has a dtype that no class of storages has."""
    if not isinstance(storage, Storage) or not isinstance(dtype, np.dtype):
        raise Unfit("a tensor over a storage, with a dtype")
    reader.spend(storage.part.size * storage.swapped)
    return _marked(reader, array(storage, offset, size, stride, reader.entry, dtype), marks)


def _marked(reader: Reader, value: np.ndarray, marks: tuple[Any, ...]) -> np.ndarray:
    """The array, or a copy where PyTorch has marked a tensor to be conjugated or negated."""
    told = marks[0] if marks else None
    if told is None:
        return value
    if not isinstance(told, dict) or not {*told} <= {"conj", "neg"}:
        raise Unfit('a tensor with no other marks than "conj" and "neg"')
    if told:
        reader.spend(value.nbytes)
    value = np.conj(value) if told.get("conj") is True else value
    return frozen(np.negative(value) if told.get("neg") is True else value)


def _parameter(reader: Reader, data: Any, *others: Any) -> Any:
    """`torch.nn.Parameter`: its array, without what autograd and the user hung on it."""
    if not isinstance(data, np.ndarray):
        raise Unfit("a parameter made of a tensor")
    return data


def _of_type(reader: Reader, function: Any, kind: Any, args: Any, state: Any) -> Any:
    """`torch._tensor._rebuild_from_type_v2`: a tensor that has attributes, which are left out."""
    kinds = ("torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer")
    plain = isinstance(kind, Name) and kind.text in kinds
    if not plain or not isinstance(function, Name) or not isinstance(args, tuple):
        raise Unfit("a plain tensor")
    if function.text not in _OF_TENSORS:
        raise Unfit("a plain tensor")
    return CALLS[function.text](reader, *args)


def _dict(reader: Reader, pairs: Any = ()) -> dict[Any, Any]:
    """`collections.OrderedDict` and `Counter`: a dict, which keeps its order."""
    found = list(pairs.items()) if isinstance(pairs, dict) else pairs
    if not isinstance(found, (list, tuple)) or any(len(pair) != 2 for pair in found):
        raise Unfit("a dict made of pairs")
    return {key_of(key): value for key, value in found}


def key_of(value: Any) -> Any:
    """The value as the key of a dict or as a member of a set: text, numbers, and tuples of them.

    Others are refused: the hash of a tuple of tuples may take longer than one waits.
    """
    parts = value if isinstance(value, tuple) else (value,)
    if not all(one is None or isinstance(one, (str, bytes, int, float, np.dtype)) for one in parts):
        raise Unfit("a container with keys of text or numbers")
    return value


def _set(reader: Reader, members: Any = ()) -> set[Any]:
    if not isinstance(members, (list, tuple)):
        raise Unfit("a set made of a list")
    return {key_of(member) for member in members}


def _size(reader: Reader, sizes: Any = ()) -> tuple[Any, ...]:
    if not isinstance(sizes, (list, tuple)):
        raise Unfit("a torch.Size made of a tuple")
    return tuple(sizes)


def _device(reader: Reader, *parts: Any) -> str:
    """`torch.device`: its text, "cuda:0"."""
    if not all(isinstance(part, (str, int)) for part in parts):
        raise Unfit("a device made of text and a number")
    return ":".join(map(str, parts))


def _complex(reader: Reader, *parts: Any) -> complex:
    if len(parts) > 2 or not all(isinstance(part, (int, float)) for part in parts):
        raise Unfit("a complex number made of two numbers")
    return complex(*parts)


def _encoded(reader: Reader, text: Any, encoding: Any = "latin1") -> bytes:
    """`_codecs.encode`, which Python's pickles of bytes call."""
    is_known = isinstance(encoding, str) and encoding in ("latin1", "latin-1")
    if not isinstance(text, str) or not is_known or (text and max(text) > "\xff"):
        raise Unfit("bytes made of text in latin-1")
    return text.encode("latin-1")


def _bytearray(reader: Reader, text: Any = b"", encoding: Any = "latin-1") -> bytearray:
    """`bytearray`, of bytes or of text; of a number it would be as long as the number says."""
    return bytearray(text if isinstance(text, bytes) else _encoded(reader, text, encoding))


CALLS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict,
    "collections.Counter": _dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.nn.parameter.Buffer": _parameter,
    "torch.Tensor": _parameter,
    "torch.Size": _size,
    "torch.device": _device,
    "builtins.set": _set,
    "builtins.complex": _complex,
    "builtins.bytearray": _bytearray,
    "_codecs.encode": _encoded,
}
"""What may be called, by its name in PyTorch or Python: functions of a reader and arguments."""

_OF_TENSORS = [name for name in CALLS if "_rebuild_tensor" in name or "_rebuild_parameter" in name]


def _first(reader: Reader, value: Any = None, *others: Any) -> Any:
    """What TorchScript wraps to keep its type: lists, and values whose type is written beside."""
    return value


SCRIPT_CALLS: dict[str, Callable[..., Any]] = {
    f"torch.jit._pickle.{name}": _first
    for name in (
        *("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist"),
        "restore_type_tag",
    )
}
"""What only TorchScript's archives call."""


def find(part: Part, name: str, script: bool, entry: Entry) -> Any:
    """What a name stands for, or the error that names it.

    Args:
        part: the pickle.
        name: the whole name.
        script: whether the pickle is TorchScript's, whose classes become dicts.
        entry: tells where in the pickle it is mentioned.
    """
    if script and (name.startswith("__torch__.") or name in SCRIPT_CALLS):
        return Name(name)
    found = named(name)
    if found is None:
        expected = "made of tensors, containers and numbers"
        raise part.wrong(expected, f"{name!r:.200}", remedy(name), entry)
    return found
