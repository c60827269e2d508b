"""Broken and hostile files: each is refused by the names of file and entry, and nothing runs."""

import io
import os
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest
import weight_files as made
from weight_files import call, dict_of, list_of, name, number, storage, tensor, text, tuple_of

from jaxgrad import state_dict

DATA = {"0": np.arange(6, dtype="<f4").tobytes()}
pytestmark = pytest.mark.thinned(1)


def many_times(levels):
    """A list of two lists that are the same one, and so on: quick to make, and never printed."""
    return b"]q\x000" + b"(h\0h\0lq\x000" * levels + b"h\0"


class Attack:
    """Python's own unpickler would call `os.mkdir` with the name of a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def refused(path, *words):
    """The file is refused with a `ValueError` that holds the words; the error's text."""
    with pytest.raises(ValueError, match="^load: ") as caught:
        state_dict.load(path)
    told = str(caught.value)
    assert type(caught.value) is ValueError and len(told) < 1000
    for word in (str(path), *words):
        assert word in told, told
    return told


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


ARCHIVES = {
    "no pickle": (lambda path: empty_zip(path, "other/readme.txt"), "'data.pkl'", "readme.txt"),
    "empty": (lambda path: empty_zip(path), "file of torch.save"),
    "cut at its end": (lambda path: cut(path, -30), "a whole zip archive"),
    "cut in half": (lambda path: cut(path, 400), "a whole zip archive"),
    "an unknown byte order": (
        lambda path: whole(path, byteorder=b"middle"),
        "'byteorder'",
        "middle",
    ),
    "two entries of a name": (lambda path: twice(path), "'data/0'", "two of them"),
    "an entry that is another": (
        lambda path: patched(path, b"model/data/0", b"model/data/1"),
        "data/",
    ),
    "an entry elsewhere": (lambda path: elsewhere(path), "data/0"),
    "a pickle of another checksum": (
        lambda path: patched(path, b"fc.w", b"fc.v"),
        "'data.pkl'",
        "checksum",
    ),
    "encrypted": (lambda path: encrypted(path), "encrypted"),
    "a bomb": (lambda path: bomb(path), "data/0", "no bomb"),
    "a bomb that lies": (lambda path: lying_bomb(path), "data/0", "of its size and checksum"),
    "a frozen module": (
        lambda path: made.write_zip(
            path, b"}", {}, **{"constants.pkl": b"N.", "constants/0": DATA["0"]}
        ),
        *("a frozen one", "before torch.jit.freeze"),
    ),
    "a compression that is not read": (
        lambda path: whole(path, zipfile.ZIP_LZMA),
        "compression 14",
    ),
}


def whole(path, compression=zipfile.ZIP_STORED, **records):
    return made.write_zip(path, dict_of(**{"fc.w": made.matrix()}), DATA, compression, **records)


def empty_zip(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for one in names:
            archive.writestr(one, "text")
    return path


def cut(path, size):
    path.write_bytes(whole(path).read_bytes()[:size])
    return path


def patched(path, old, new, count=1):
    data = whole(path).read_bytes()
    assert old in data and len(old) == len(new)
    path.write_bytes(data.replace(old, new, count))
    return path


def twice(path):
    with zipfile.ZipFile(whole(path), "a") as archive:
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("model/data/0", DATA["0"])
    return path


def directory(path, entry):
    """The bytes of an archive, and where its central directory tells of an entry."""
    data = bytearray(path.read_bytes())
    return data, data.rindex(entry) - 46


def elsewhere(path):
    data, place = directory(whole(path), b"model/data/0")
    data[place + 42 : place + 46] = struct.pack("<I", 2**31)
    path.write_bytes(data)
    return path


def encrypted(path):
    data, place = directory(whole(path), b"model/data/0")
    start = data.index(b"model/data/0") - 30
    data[start + 6] |= 1
    path.write_bytes(data)
    return path


def bomb(path):
    zeros = {"0": bytes(2**27)}
    obj = made.matrix(storage(numel=2**25))
    return made.write_zip(path, obj, zeros, zipfile.ZIP_DEFLATED)


def lying_bomb(path):
    """The directory tells 24 bytes, and 2 MB come out."""
    made.write_zip(path, made.matrix(), {"0": bytes(2**21)}, zipfile.ZIP_DEFLATED)
    data, place = directory(path, b"model/data/0")
    data[place + 24 : place + 28] = struct.pack("<I", 24)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives(tmp_path, case):
    make, *words = ARCHIVES[case]
    refused(make(tmp_path / "model.pt"), *words)


def old(data=None, magic=made.MAGIC, protocol=1001, storages=None):
    storages = {"7": (6, DATA["0"])} if storages is None else storages
    obj = dict_of(w=made.old_matrix()) if data is None else data
    return made.old_bytes(obj, storages, magic, protocol)


def view():
    return storage("FloatStorage", "7", 6, tuple_of(text("8"), number(0), number(6)))


OLD = {
    "a wrong magic": (old(magic=1234), "a file of torch.save", "1234"),
    "a wrong protocol": (old(protocol=1002), "a file of torch.save"),
    "a list in place of the magic": (made.PROTO + many_times(60) + b".", "no magic number"),
    "lists for keys": (
        old(number(1), storages={})[: -len(pickle.dumps([], 2))]
        + made.PROTO
        + list_of(many_times(60))
        + b".",
        "told its storages",
    ),
    "a plain pickle": (pickle.dumps({"w": 1}, 2), "no magic number", "pickle.load"),
    "a plain pickle of an attack": (pickle.dumps(Attack("ran"), 2), ".mkdir'"),
    "cut in its pickle": (old()[:150], "truncated"),
    "cut in a storage": (old()[:-1], "storage 7", "truncated"),
    "further bytes": (old() + b"\0", "1 further bytes"),
    "another number of elements": (old(storages={"7": (5, DATA["0"][:20])}), "storage 7", "got 5"),
    "a negative number of elements": (old(storages={"7": (-1, b"")}), "storage 7"),
    "a storage too few": (old(storages={}), "told its storages"),
    "a storage too many": (
        old(storages={"7": (6, DATA["0"]), "8": (0, b"")}),
        "told its storages",
    ),
    "a view of a storage": (old(dict_of(w=made.matrix(view()))), "'w'", "a view of one"),
    "a storage larger than the file": (
        old(made.matrix(storage("FloatStorage", "7", 2**40, b"N"))),
        "storage 7",
    ),
    "a module": (
        old(tuple_of(text("module"), name("torch", "FloatStorage"), text("a"), text("b")) + b"Q"),
        "save module.state_dict()",
    ),
    "an attack": (old(call(name("os", "mkdir"), text("ran"))), "'os.mkdir'"),
    "a line without an end": (old(b"cos" + b"x" * 10**6), "a whole pickle"),
    "an element beyond the storage": (
        old(tensor(storage("FloatStorage", "7", 6, b"N"), (7,), (1,))),
        "element 6",
    ),
}


@pytest.mark.parametrize("case", OLD)
def test_the_format_before_zip(tmp_path, case):
    data, *words = OLD[case]
    path = tmp_path / "model.pth"
    path.write_bytes(data)
    refused(path, *words)


TENSORS = {31: (1, (6,), (1,), 0)}
STORED = {1: ("FloatStorage", 6, DATA["0"])}
TARS = {
    "an unknown tensor": ((text("33") + b"Q", STORED, TENSORS), "the number 33"),
    "a tensor over no storage": (
        (text("31") + b"Q", STORED, {31: (9, (6,), (1,), 0)}),
        "no storage",
    ),
    "an element beyond": (
        (text("31") + b"Q", STORED, {31: (1, (7,), (1,), 0)}),
        "tensor 31",
        "element 6",
    ),
    "a negative size": ((text("31") + b"Q", STORED, {31: (1, (-7,), (1,), 0)}), "tensor 31", "-7"),
    "a view beyond": ((text("31") + b"Q", STORED, TENSORS, [(2, 1, 5, 2)]), "view 2"),
    "a view of nothing": ((text("31") + b"Q", STORED, TENSORS, [(2, 8, 0, 2)]), "one of 8"),
    "a view of three": ((text("31") + b"Q", STORED, TENSORS, [(2, 1, 0)]), "a list of views"),
    "a storage beyond": (
        (text("31") + b"Q", {1: ("FloatStorage", 2**40, DATA["0"])}, TENSORS),
        "storage 1",
    ),
    "no class of storages": (
        (text("31") + b"Q", {1: ("FloatTensor", 6, DATA["0"])}, TENSORS),
        "FloatTensor",
    ),
    "an attack": ((call(name("os", "mkdir"), text("ran")), STORED, TENSORS), "'os.mkdir'"),
    "text for a number": ((text("x") + b"Q", STORED, TENSORS), "a number"),
    "a module": (
        (tuple_of(name("torch", "FloatTensor"), b"N", b"N") + b"Q", STORED, TENSORS),
        "a module",
    ),
}


@pytest.mark.parametrize("case", TARS)
def test_tar_archives(tmp_path, case):
    given, *words = TARS[case]
    refused(made.write_tar(tmp_path / "model.pth", *given), *words)


@pytest.mark.parametrize("missing", ["storages", "tensors", "pickle"])
def test_tar_archives_without_a_file(tmp_path, missing):
    path = tmp_path / "model.pth"
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for member in {"storages", "tensors", "pickle"} - {missing}:
            archive.addfile(tarfile.TarInfo(member), io.BytesIO())
        link = tarfile.TarInfo(missing)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    refused(path, f"the file {missing!r}")


ONE = made.entry("F32", [2], 0, 8)
SAFETENSORS = {
    "empty": (b"", "an empty file"),
    "seven bytes": (b"\0" * 7, "the header's length", "truncated"),
    "a header of huge length": (struct.pack("<Q", 2**62) + b"{}", "a header of up to"),
    "a header longer than the file": (struct.pack("<Q", 1000) + b"{}", "the header", "truncated"),
    "a header of no length": (struct.pack("<Q", 0) + b"{}", "got 0 bytes"),
    "no JSON": (made.safetensors_bytes(b"{'a': 1}", b""), "the header", "JSON"),
    "no UTF-8": (made.safetensors_bytes(b'{"\xff": 1}', b""), "the header", "UTF-8"),
    "a list": (made.safetensors_bytes(b"[1, 2]", b""), "a dict of entries"),
    "deep": (made.safetensors_bytes(b"[" * 10**6, b""), "the header", "JSON"),
    "a name twice": (made.safetensors_bytes(b'{"a": 1, "a": 2}', b""), "'a' twice"),
    "an entry that is a number": (made.safetensors_bytes({"a": 1}, b""), "'a'", "told by"),
    "an entry with more": (
        made.safetensors_bytes({"a": {**ONE, "x": 1}}, bytes(8)),
        "'a'",
        "told by",
    ),
    "an unknown dtype": (
        made.safetensors_bytes({"a": made.entry("F4", [2], 0, 1)}, b"1"),
        "'a'",
        "'F4'",
    ),
    "a dtype that is a list": (
        made.safetensors_bytes({"a": made.entry([], [2], 0, 1)}, b"1"),
        "'a'",
    ),
    "a negative size": (
        made.safetensors_bytes({"a": made.entry("I8", [-1, -1], 0, 1)}, b"1"),
        "'a'",
    ),
    "a broken size": (
        made.safetensors_bytes({"a": made.entry("I8", [1.0], 0, 1)}, b"1"),
        "'a'",
        "1.0",
    ),
    "a truth value": (made.safetensors_bytes({"a": made.entry("I8", [True], 0, 1)}, b"1"), "'a'"),
    "no list": (made.safetensors_bytes({"a": made.entry("I8", 1, 0, 1)}, b"1"), "'a'"),
    "negative offsets": (made.safetensors_bytes({"a": made.entry("I8", [1], -1, 0)}, b"1"), "'a'"),
    "another size": (
        made.safetensors_bytes({"a": made.entry("F32", [3], 0, 8)}, bytes(8)),
        "'a'",
        "bytes 0",
    ),
    "beyond the file": (made.safetensors_bytes({"a": ONE}, bytes(7)), "'a'", "truncated"),
    "overlapping": (
        made.safetensors_bytes({"a": ONE, "b": made.entry("F32", [2], 4, 12)}, bytes(12)),
        *("'b'", "overlaps another"),
    ),
    "a gap": (
        made.safetensors_bytes({"a": made.entry("F32", [1], 4, 8)}, bytes(8)),
        "'a'",
        "a gap",
    ),
    "further bytes": (made.safetensors_bytes({"a": ONE}, bytes(9)), "1 further bytes"),
    "three offsets": (
        made.safetensors_bytes({"a": {**ONE, "data_offsets": [0, 8, 8]}}, bytes(8)),
        "'a'",
    ),
    "a size beyond 64 bits": (
        made.safetensors_bytes({"a": made.entry("F32", [2**70, 0], 0, 0)}, b""),
        "'a'",
    ),
    "too many axes": (made.safetensors_bytes({"a": made.entry("I8", [1] * 99, 0, 1)}, b"1"), "'a'"),
}


@pytest.mark.parametrize("case", SAFETENSORS)
def test_safetensors(tmp_path, case):
    data, *words = SAFETENSORS[case]
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    refused(path, *words)


def test_files_that_are_no_weights(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    refused(path, "the first bytes", "HDF")
    with pytest.raises(
        ValueError, match="load: path must be a readable file, got .*: No such file"
    ):
        state_dict.load(tmp_path / "none.pt")
    with pytest.raises(ValueError, match="load: path must be a readable file"):
        state_dict.load(tmp_path)
    with pytest.raises(TypeError, match="load: path must be a path, got int 3"):
        state_dict.load(3)
    with pytest.raises(TypeError, match="load: path must be a path, got bytes"):
        state_dict.load(b"model.pt")
    with pytest.raises(ValueError, match="load: path must be a path"):
        state_dict.load("a\0b")


@pytest.mark.parametrize("kind", ["zip", "old", "tar", "safetensors"])
def test_any_byte_may_be_wrong(tmp_path, kind):
    """A file with one byte changed or cut anywhere is read or refused; no other error comes."""
    path = tmp_path / "model.pt"
    if kind == "zip":
        whole(path)
    elif kind == "tar":
        made.write_tar(path, dict_of(w=text("31") + b"Q"), STORED, TENSORS)
    else:
        path.write_bytes(old() if kind == "old" else SAFETENSORS["a gap"][0])
    data = path.read_bytes()
    rng = np.random.RandomState(0)
    for _ in range(300):
        place = rng.randint(min(len(data), 4096))
        changed = bytearray(data)
        changed[place] ^= 1 << rng.randint(8)
        path.write_bytes(changed if rng.randint(4) else changed[:place])
        try:
            state_dict.load(path)
        except ValueError as error:
            assert str(error).startswith("load: ")
