"""Weight files made by hand, byte by byte, as PyTorch's and safetensors' formats describe them."""

import io
import json
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from jaxgrad import state_dict

MAGIC = 0x1950A86A20F9469CFC6C
PROTO = b"\x80\x02"
DATA = {"0": np.arange(6, dtype="<f4").tobytes()}
"""One storage of six numbers."""


def number(value):
    """A pickle's operations for a number, None, bytes or a truth value."""
    return pickle.dumps(value, 2)[2:-1]


def text(value):
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def tuple_of(*parts):
    return b"(" + b"".join(parts) + b"t"


def list_of(*parts):
    return b"](" + b"".join(parts) + b"e"


def dict_of(**items):
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def call(function, *args):
    return function + tuple_of(*args) + b"R"


ORDERED = call(name("collections", "OrderedDict"))


def storage(kind="FloatStorage", key="0", numel=6, *others, module="torch"):
    """A storage's persistent id; the format before zip has None as one more part."""
    parts = text("storage"), name(module, kind), text(key), text("cpu"), number(numel), *others
    return tuple_of(*parts) + b"Q"


def tensor(memory, size, stride, offset=0, *others, version="_v2"):
    """A tensor over a storage, whose size, strides and offset are given in elements."""
    parts = tuple_of(*map(number, size)), tuple_of(*map(number, stride))
    rebuild = name("torch._utils", f"_rebuild_tensor{version}")
    return call(rebuild, memory, number(offset), *parts, b"\x89", ORDERED, *others)


def matrix(memory=None):
    """A tensor of shape (2, 3)."""
    return tensor(memory or storage(), (2, 3), (3, 1))


def write_zip(path, obj, storages, compression=zipfile.ZIP_STORED, **records):
    """An archive as `torch.save` makes it; `records` replace or add entries."""
    entries = {"data.pkl": PROTO + obj + b".", "byteorder": b"little"}
    entries |= {f"data/{key}": data for key, data in storages.items()}
    entries |= {"version": b"3\n"} | records
    with zipfile.ZipFile(path, "w", compression) as archive:
        for entry, data in entries.items():
            archive.writestr(f"model/{entry}", data)
    return path


def old_bytes(obj, storages, magic=MAGIC, protocol=1001):
    """The format before zip: storages are {key: (number of elements, bytes)}."""
    about = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    head = b"".join(pickle.dumps(part, 2) for part in (magic, protocol, about))
    keys = pickle.dumps(sorted(storages), 2)
    memory = [struct.pack("<q", n) + data for _, (n, data) in sorted(storages.items())]
    return head + PROTO + obj + b"." + keys + b"".join(memory)


def old_matrix(key="7"):
    return matrix(storage("FloatStorage", key, 6, b"N"))


def write_tar(path, obj, storages, tensors, views=()):
    """A tar archive: storages {number: (class, count, bytes)}, tensors {number: (storage, …)}."""
    held = pickle.dumps(len(storages), 2)
    for key, (kind, count, data) in storages.items():
        head = tuple_of(number(key), text("cpu"), name("torch", kind))
        held += PROTO + head + b"." + struct.pack("<q", count) + data
    held += pickle.dumps(list(views), 2)
    made = pickle.dumps(len(tensors), 2)
    for key, (memory, size, stride, offset) in tensors.items():
        head = tuple_of(number(key), number(memory), name("torch", "FloatTensor"))
        sizes = struct.pack(f"<{len(size)}q{len(stride)}qq", *size, *stride, offset)
        made += PROTO + head + b"." + struct.pack("<ii", len(size), 0) + sizes
    members = {"storages": held, "tensors": made, "pickle": PROTO + obj + b".", "sys_info": b"N."}
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size, info.mtime = len(data), 1.5  # with an extended header
            archive.addfile(info, io.BytesIO(data))
    return path


def entry(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def safetensors_bytes(header, data):
    """A header, as a dict or as bytes, and what stands behind it."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def many_times(levels):
    """A list of two lists that are the same one, and so on: quick to make, and never printed."""
    return b"]q\x000" + b"(h\0h\0lq\x000" * levels + b"h\0"


def refused(path, *words):
    """The file is refused with a `ValueError` that holds the words; the error's text."""
    with pytest.raises(ValueError, match="^load: ") as caught:
        state_dict.load(path)
    told = str(caught.value)
    assert type(caught.value) is ValueError and len(told) < 1000
    for word in (str(path), *words):
        assert word in told, told
    return told
