"""Hostile pickles: each is refused by the names of file and entry, and nothing of it runs."""

import os
import pickle
import struct

import pytest
import weight_files as made
from weight_files import (
    DATA,
    call,
    dict_of,
    list_of,
    many_times,
    name,
    number,
    refused,
    storage,
    tensor,
    text,
    tuple_of,
)

pytestmark = pytest.mark.thinned(1)


class Attack:
    """Python's own unpickler would call `os.mkdir` with the name of a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (self.folder,)


PICKLES = {
    "a function": (call(name("os", "system"), text("touch ran")), "'os.system'", "do not trust"),
    "another one": (call(name("builtins", "eval"), text("1")), "'builtins.eval'"),
    "an import": (
        call(name("importlib", "import_module"), text("os")),
        "'importlib.import_module'",
    ),
    "a method of a known class": (name("collections", "OrderedDict.fromkeys"), "fromkeys"),
    "a way through a known module": (name("torch.serialization", "os.system"), "os.system"),
    "by the stack": (
        text("os") + text("system") + b"\x93" + tuple_of(text("ls")) + b"R",
        "'os.system'",
    ),
    "a class of the user's": (name("models", "Net") + b")\x81", "'models.Net'", "state_dict()"),
    "a whole module": (
        name("torch.nn.modules.linear", "Linear") + b")\x81",
        "save module.state_dict()",
    ),
    "an object of TorchScript's": (
        name("__torch__.model", "Net") + b")\x81",
        "'__torch__.model.Net'",
    ),
    "an operation INST": (b"(" + text("x") + b"ios\nsystem\n", "its operation INST"),
    "an operation OBJ": (b"(" + name("os", "system") + b"o", "os.system"),
    "an extension": (b"\x82\x01", "its operation EXT1"),
    "a call of data": (text("os.system") + b")R", "that calls what rebuilds"),
    "attributes of text": (text("a") + b"}b", "sets attributes"),
    "numpy's scalar": (name("numpy.core.multiarray", "scalar"), "save a Python number"),
    "sparse": (
        name("torch._utils", "_rebuild_sparse_tensor"),
        "_rebuild_sparse_tensor",
        "to_dense()",
    ),
    "quantized": (name("torch._utils", "_rebuild_qtensor"), "_rebuild_qtensor", "dequantize()"),
    "no values": (name("torch._utils", "_rebuild_meta_tensor_no_storage"), "save a real tensor"),
    "complex halves": (storage("ComplexHalfStorage"), "ComplexHalfStorage", "torch.complex64"),
    "a memo that is empty": (b"h\x05", "an operation BINGET"),
    "an empty stack": (b"0", "an operation POP"),
    "no mark": (b"t", "an operation TUPLE"),
    "two objects": (number(1) + number(2), "2 objects"),
    "a mark too many": (b"(" + number(1), "a whole pickle"),
    "text that is not UTF-8": (b"X\x02\0\0\0\xff\xfe", "a whole pickle"),
    "long text": (b"X\xff\xff\xff\x7fab", "a whole pickle"),
    "old text that is not UTF-8": (b"U\x02\xff\xfe", "text in UTF-8"),
    "an unknown operation": (b"\xf0", "unknown"),
    "a large integer": (b"\x8b" + struct.pack("<I", 9999) + b"\1" * 9999, "up to 255 bytes"),
    "a key that is a list": (b"}" + list_of() + b"Ns", "keys of text or numbers"),
    "a key that takes forever": (
        b"}" + b")" + b"q\0h\0\x86" * 64 + b"Ns",
        "keys of text or numbers",
    ),
    "a key without a value": (b"}(" + text("a") + b"u", "a value for each key"),
    "an append to a dict": (b"}" + number(1) + b"a", "a list here"),
    "a list within itself": (b"]q\0h\0a", "within itself"),
    "a dict within itself": (b"}q\0" + text("k") + b"]" + b"h\0as", "'k.0'", "within itself"),
    "lists deep within one another": (b"]" * 200 + b"a" * 199, "at most 100 containers"),
    "a list in a list, many times over": (many_times(40), "few that occur again"),
    "a list that is copied for ever": (
        b"](" + b"N" * 10**5 + b"eq\0" + (name("torch", "Size") + b"h\0\x85R0") * 1000,
        "its file's memory",
    ),
    "a conjugate of one number, a million times a million": (
        dict_of(
            w=tensor(
                *(storage("ComplexFloatStorage", numel=3), (10**6, 10**6), (0, 0), 0),
                dict_of(conj=b"\x88"),
            )
        ),
        "'w'",
        "its file's memory",
    ),
    "an encoding that is an array": (
        call(name("_codecs", "encode"), text("a"), made.matrix()),
        "text in latin-1",
    ),
    "text beyond latin-1": (
        call(name("_codecs", "encode"), text("→"), text("latin1")),
        "text in latin-1",
    ),
    "a mark that is an array": (
        dict_of(w=tensor(storage(), (1,), (1,), 0, made.matrix())),
        *("'w'", "no other marks"),
    ),
    "a persistent id of an array": (tuple_of(made.matrix(), b"N") + b"Q", "another persistent id"),
    "an odd escape in a name": (b"cos\nsys\\tem\\i\n", "a whole pickle"),
    "a name made of lists": (many_times(60) + b"h\0\x93", "names of text"),
    "a protocol of the future": (b"\x80\x63N", "a protocol up to 5"),
    "a dict of no pairs": (
        call(name("collections", "OrderedDict"), list_of(number(1))),
        "an operation REDUCE",
    ),
    "a name for a value": (dict_of(a=name("torch._utils", "_rebuild_tensor_v2")), "'a'"),
    "a storage for a value": (dict_of(a=storage()), "'a'", "a storage without a tensor"),
    "a long bytearray": (call(name("builtins", "bytearray"), number(2**40)), "bytes made of text"),
    "an encoding that is a program": (
        call(name("_codecs", "encode"), text("a"), text("zip")),
        "text in latin-1",
    ),
    "too few arguments": (
        dict_of(w=call(name("torch._utils", "_rebuild_tensor_v2"))),
        "'w'",
        "REDUCE",
    ),
    "a persistent id of another kind": (
        tuple_of(text("module"), b"N", b"N", b"N") + b"Q",
        "a module",
    ),
    "a persistent id of a number": (number(3) + b"Q", "another persistent id"),
    "an unknown storage": (dict_of(w=made.matrix(storage(key="9"))), "'data/9'"),
    "a way out of the archive": (made.matrix(storage(key="../../etc/passwd")), "etc/passwd"),
    "a larger storage than its entry": (
        dict_of(w=made.matrix(storage(numel=7))),
        "'w'",
        "24 bytes for 7",
    ),
    "a storage of a negative size": (made.matrix(storage(numel=-1)), "another persistent id"),
    "an offset beyond the storage": (
        dict_of(w=tensor(storage(), (1,), (1,), 6)),
        "'w'",
        "element 6",
    ),
    "an element beyond the storage": (
        dict_of(w=tensor(storage(), (3, 3), (3, 1))),
        "'w'",
        "element 8",
    ),
    "a stride beyond the storage": (dict_of(w=tensor(storage(), (2,), (6,))), "'w'", "element 6"),
    "a negative offset": (dict_of(w=tensor(storage(), (1,), (1,), -1)), "'w'", "an offset", "-1"),
    "a negative size": (dict_of(w=tensor(storage(), (-1,), (1,))), "'w'", "sizes", "-1"),
    "a negative stride": (dict_of(w=tensor(storage(), (2,), (-1,), 5)), "'w'", "strides", "-1"),
    "a stride too few": (dict_of(w=tensor(storage(), (2, 3), (1,))), "'w'", "one stride a size"),
    "a size beyond 64 bits": (dict_of(w=tensor(storage(), (2**70,), (0,))), "'w'", "sizes"),
    "more elements than an address": (
        dict_of(w=tensor(storage(), (2**40, 2**40), (0, 0))),
        "'w'",
        "a shape that NumPy has",
    ),
    "too many axes": (dict_of(w=tensor(storage(), (1,) * 99, (0,) * 99)), "'w'", "that NumPy has"),
    "a size that is a text": (dict_of(w=tensor(storage(), (True,), (1,))), "'w'", "made of sizes"),
    "no storage": (dict_of(w=tensor(number(1), (1,), (1,))), "'w'", "a tensor over a storage"),
    "an unknown mark": (
        dict_of(w=tensor(storage(), (1,), (1,), 0, dict_of(odd=b"N"))),
        "'w'",
        "marks",
    ),
}


@pytest.mark.parametrize("case", PICKLES)
def test_pickles(tmp_path, case, monkeypatch):
    monkeypatch.chdir(tmp_path)
    obj, *words = PICKLES[case]
    refused(made.write_zip(tmp_path / "model.pt", obj, DATA), *words)
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_runs(tmp_path, protocol):
    """The same pickle, read by Python, makes the folder."""
    data = pickle.dumps({"w": Attack(str(tmp_path / "ran"))}, protocol)
    path = made.write_zip(tmp_path / "model.pt", b"", {}, **{"data.pkl": data})
    refused(path, ".mkdir'")
    assert not (tmp_path / "ran").exists()
    pickle.loads(data)
    assert (tmp_path / "ran").exists()


def test_the_entry_is_named_within_a_checkpoint(tmp_path):
    bad = tensor(storage(), (9,), (1,))
    inner = dict_of(**{"fc.weight": made.matrix(), "fc.bias": bad})
    obj = dict_of(epoch=number(1), state_dict=inner)
    told = refused(made.write_zip(tmp_path / "model.pt", obj, DATA), "'state_dict.fc.bias'")
    assert told.endswith("must be within its storage of 6 elements, got element 8")
