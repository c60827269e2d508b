"""Broken and hostile files of each format: refused by the names of file and entry."""

import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
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

from jaxgrad import state_dict

pytestmark = pytest.mark.thinned(1)


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
    "a plain pickle of an attack": (
        b"\x80\x02" + call(name("posix", "mkdir"), text("ran")) + b".",
        ".mkdir'",
    ),
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
