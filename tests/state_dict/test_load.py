"""Files made by hand are read to the arrays that were put in, in all formats."""

import struct
import sys
import zipfile

import jax.numpy as jnp
import numpy as np
import pytest
import weight_files as made
from weight_files import call, dict_of, list_of, name, number, storage, tensor, text, tuple_of

from jaxgrad import optim, state_dict

SIX = np.arange(6, dtype="<f4")


def loaded(tmp_path, obj, storages=None, **records):
    storages = {"0": SIX.tobytes()} if storages is None else storages
    return state_dict.load(made.write_zip(tmp_path / "model.pt", obj, storages, **records))


def test_a_state_dict_keeps_names_order_shapes_and_values(tmp_path):
    state = loaded(tmp_path, dict_of(**{"fc.weight": made.matrix(), "bias": made.matrix()}))
    assert list(state) == ["fc.weight", "bias"] and type(state) is dict
    np.testing.assert_array_equal(state["fc.weight"], SIX.reshape(2, 3), strict=True)


CLASSES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": jnp.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
    "ComplexFloatStorage": np.complex64,
    "ComplexDoubleStorage": np.complex128,
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("kind", CLASSES)
def test_each_class_of_storages_has_its_dtype(tmp_path, kind, order):
    dtype = np.dtype(CLASSES[kind])
    value = np.array([0, 1, 1], dtype) if kind != "HalfStorage" else np.array([0, 1.5, -2], dtype)
    unit = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    data = value.view(np.uint8).reshape(-1, unit)
    data = (data if order == "little" else data[:, ::-1]).tobytes()
    obj = tensor(storage(kind, numel=3), (3,), (1,))
    got = loaded(tmp_path, obj, {"0": data}, byteorder=order.encode())
    assert got.dtype == dtype and got.tobytes() == value.tobytes()


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64", "float8_e5m2", "float8_e4m3fn"])
def test_a_dtype_without_a_class_of_storages(tmp_path, dtype):
    value = np.arange(4).astype(jnp.dtype(dtype) if "float" in dtype else dtype)
    memory = storage("UntypedStorage", numel=value.nbytes, module="torch.storage")
    obj = tensor(memory, (2,), (2,), 1, name("torch", dtype), version="_v3")
    got = loaded(tmp_path, obj, {"0": value.tobytes()})
    assert got.dtype == value.dtype and got.tolist() == value[1::2].tolist()


VIEWS = {
    "transposed": ((3, 2), (1, 3), 0, [[0, 3], [1, 4], [2, 5]]),
    "a column": ((2,), (3,), 1, [1, 4]),
    "one number": ((), (), 4, 4),
    "expanded": ((2, 3), (0, 1), 3, [[3, 4, 5], [3, 4, 5]]),
    "one, a million times": ((1000, 1000), (0, 0), 5, np.full((1000, 1000), 5.0)),
    "overlapping": ((3, 2), (1, 1), 0, [[0, 1], [1, 2], [2, 3]]),
    "empty": ((0, 3), (3, 1), 0, np.zeros((0, 3))),
    "empty, beyond": ((0,), (1,), 100, []),
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("case", VIEWS)
def test_strides_and_offsets(tmp_path, case):
    size, stride, offset, expected = VIEWS[case]
    got = loaded(tmp_path, tensor(storage(), size, stride, offset))
    np.testing.assert_array_equal(got, np.array(expected, np.float32), strict=True)


def test_arrays_share_what_tensors_share_and_cannot_be_written(tmp_path):
    obj = dict_of(a=made.matrix(), b=tensor(storage(), (6,), (1,)))
    state = loaded(tmp_path, obj)
    assert np.shares_memory(state["a"], state["b"])
    with pytest.raises(ValueError, match="read-only"):
        state["a"][0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        state["a"].setflags(write=True)


def test_neither_pytorch_nor_safetensors_is_imported(tmp_path, monkeypatch):
    for module in ("torch", "safetensors"):
        monkeypatch.setitem(sys.modules, module, None)  # an import of it raises
    state = loaded(tmp_path, dict_of(a=made.matrix()))
    for ending in (".pt", ".safetensors"):
        state_dict.save(tmp_path / f"again{ending}", state)
        again = state_dict.load(tmp_path / f"again{ending}")
        np.testing.assert_array_equal(again["a"], state["a"], strict=True)


def test_jax_takes_the_arrays(tmp_path):
    state = loaded(tmp_path, dict_of(a=made.matrix()))
    assert jnp.asarray(state["a"]).sum() == 15


def test_marks_of_conjugates_and_negatives(tmp_path):
    value = np.array([1 + 2j, 3 - 4j], np.complex64)

    def marked(**marks):
        memory = storage("ComplexFloatStorage", numel=2)
        return tensor(memory, (2,), (1,), 0, dict_of(**{key: b"\x88" for key in marks}))

    obj = dict_of(conj=marked(conj=1), neg=marked(neg=1), both=marked(conj=1, neg=1))
    state = loaded(tmp_path, obj, {"0": value.tobytes()})
    assert state["conj"].tolist() == [1 - 2j, 3 + 4j]
    assert state["neg"].tolist() == [-1 - 2j, -3 + 4j]
    assert state["both"].tolist() == [-1 + 2j, -3 - 4j]


def test_a_checkpoint_comes_back_as_it_is(tmp_path):
    parts = {
        "epoch": number(3),
        "loss": number(0.25),
        "name": text("ResNet ü"),
        "best": b"N",
        "done": b"\x88",
        "betas": tuple_of(number(0.9), number(0.999)),
        "shape": call(name("torch", "Size"), list_of(number(2), number(3))),
        "device": call(name("torch", "device"), text("cuda"), number(1)),
        "dtype": name("torch", "bfloat16"),
        "classes": call(name("__builtin__", "set"), list_of(text("a"), text("b"))),
        "counts": call(name("collections", "Counter"), dict_of(a=number(2))),
        "z": call(name("builtins", "complex"), number(1.0), number(2.0)),
        "bytes": call(name("_codecs", "encode"), text("\xffa"), text("latin1")),
        "array": call(name("builtins", "bytearray"), text("ab"), text("latin-1")),
        "large": number(2**100),
        "pairs": call(name("collections", "OrderedDict"), list_of(list_of(text("k"), number(1)))),
        "state": made.ORDERED + b"(" + text("w") + made.matrix() + b"u"
        b"}(" + text("_metadata") + number(1) + b"ub",
    }
    got = loaded(tmp_path, dict_of(**parts))
    assert got.pop("state")["w"].shape == (2, 3)
    assert got == {
        **{"epoch": 3, "loss": 0.25, "name": "ResNet ü", "best": None, "done": True},
        **{"betas": (0.9, 0.999), "shape": (2, 3), "device": "cuda:1", "large": 2**100},
        **{"dtype": jnp.dtype(jnp.bfloat16), "classes": {"a", "b"}, "counts": {"a": 2}},
        **{"z": 1 + 2j, "bytes": b"\xffa", "array": bytearray(b"ab"), "pairs": {"k": 1}},
    }


def test_parameters_are_arrays(tmp_path):
    rebuild = name("torch._utils", "_rebuild_parameter")
    with_state = name("torch._utils", "_rebuild_parameter_with_state")
    of_type = name("torch._tensor", "_rebuild_from_type_v2")
    plain = name("torch._utils", "_rebuild_tensor_v2")
    args = storage(), number(0), tuple_of(number(6)), tuple_of(number(1)), b"\x89", made.ORDERED
    state = loaded(
        tmp_path,
        dict_of(
            a=call(rebuild, made.matrix(), b"\x88", made.ORDERED),
            b=call(with_state, made.matrix(), b"\x88", made.ORDERED, dict_of(tag=number(1))),
            d=call(rebuild, tensor(storage(), (), ()), b"\x88", made.ORDERED),
            c=call(of_type, plain, name("torch", "Tensor"), tuple_of(*args), dict_of(x=b"N")),
        ),
    )
    assert [value.shape for value in state.values()] == [(2, 3), (2, 3), (), (6,)]


def test_the_state_of_an_optimizer_continues(tmp_path):
    moments = tensor(storage(), (3,), (1,), 0), tensor(storage(), (3,), (1,), 3)
    step = tensor(storage(), (), (), 5)
    names = "step", "exp_avg", "exp_avg_sq"
    of_leaf = dict_of(**dict(zip(names, (step, *moments), strict=True)))
    obj = dict_of(state=b"}" + number(0) + of_leaf + b"s", param_groups=list_of())
    theirs = loaded(tmp_path, dict_of(optimizer=obj))["optimizer"]
    state = optim.from_torch_state(theirs, optim.adam().init(jnp.zeros(3)))
    assert int(state.count) == 5
    assert state.exp_avg.tolist() == [0, 1, 2] and state.exp_avg_sq.tolist() == [3, 4, 5]


def test_a_compressed_archive_is_read_into_memory(tmp_path):
    path = made.write_zip(
        tmp_path / "a.pt", made.matrix(), {"0": SIX.tobytes()}, zipfile.ZIP_DEFLATED
    )
    np.testing.assert_array_equal(state_dict.load(path), SIX.reshape(2, 3))


def test_a_script_is_the_tree_of_its_attributes(tmp_path):
    def module(where, **attributes):
        return name(f"__torch__.{where}", "Net") + b")\x81" + dict_of(**attributes) + b"b"

    obj = module(
        "model",
        training=b"\x89",
        sizes=call(name("torch.jit._pickle", "build_intlist"), list_of(number(1), number(2))),
        kind=call(name("__torch__", "Color"), number(2)),
        fc=module("torch.nn", weight=made.matrix(), training=b"\x89"),
    )
    constants = {"constants.pkl": made.PROTO + b")."}
    state = state_dict.flatten(loaded(tmp_path, obj, **constants))
    assert state.pop("fc.weight").tolist() == SIX.reshape(2, 3).tolist()
    assert state == {"training": False, "sizes": [1, 2], "kind": 2, "fc.training": False}


def test_the_format_before_zip(tmp_path):
    obj = dict_of(w=made.old_matrix(), n=tensor(storage("LongStorage", "12", 1, b"N"), (), ()))
    storages = {"7": (6, SIX.tobytes()), "12": (1, struct.pack("<q", -5))}
    path = tmp_path / "model.pth"
    path.write_bytes(made.old_bytes(obj, storages))
    state = state_dict.load(path)
    np.testing.assert_array_equal(state["w"], SIX.reshape(2, 3), strict=True)
    np.testing.assert_array_equal(state["n"], np.array(-5), strict=True)
    assert jnp.asarray(state["w"]).sum() == 15  # its bytes begin anywhere


def test_text_of_python_2(tmp_path):
    path = tmp_path / "model.pth"
    key = "ü".encode()
    obj = b"}U" + bytes([len(key)]) + key + number(1) + b"s"
    path.write_bytes(made.old_bytes(obj, {}))
    assert state_dict.load(path) == {"ü": 1}


def test_a_tar_archive(tmp_path):
    obj = dict_of(w=text("31") + b"Q", again=number(31) + b"Q", part=text("32") + b"Q")
    path = made.write_tar(
        tmp_path / "model.pth",
        obj,
        {1: ("FloatStorage", 6, SIX.tobytes())},
        {31: (1, (3, 2), (1, 3), 0), 32: (2, (2,), (1,), 1)},
        views=[(2, 1, 3, 3)],
    )
    state = state_dict.load(path)
    np.testing.assert_array_equal(state["w"], SIX.reshape(2, 3).T, strict=True)
    assert state["again"] is state["w"] and state["part"].tolist() == [4, 5]


def test_safetensors(tmp_path):
    path = tmp_path / "model.safetensors"
    header = {
        "__metadata__": {"format": "pt"},
        "b": made.entry("BF16", [2], 24, 28),
        "a": made.entry("F32", [2, 3], 0, 24),
        "none": made.entry("F64", [0, 4], 28, 28),
        "one": made.entry("U8", [], 28, 29),
    }
    halves = np.array([1, -2], jnp.bfloat16)
    path.write_bytes(made.safetensors_bytes(header, SIX.tobytes() + halves.tobytes() + b"\7"))
    state = state_dict.load(path)
    assert list(state) == ["b", "a", "none", "one"]
    np.testing.assert_array_equal(state["a"], SIX.reshape(2, 3), strict=True)
    assert state["b"].dtype == jnp.bfloat16 and state["b"].tolist() == [1, -2]
    assert state["none"].shape == (0, 4) and state["one"].tolist() == 7


def test_the_first_bytes_tell_the_format(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(made.safetensors_bytes({"a": made.entry("I8", [1], 0, 1)}, b"\5"))
    assert state_dict.load(path)["a"].tolist() == [5]
    made.write_zip(path, made.matrix(), {"0": SIX.tobytes()})
    assert state_dict.load(str(path)).shape == (2, 3)


def test_ten_gigabytes_open_at_once(tmp_path):
    """The file is sparse; arrays of 10 GB that were read would not fit in the memory's limit."""
    path, numel = tmp_path / "large.safetensors", 2_500_000_000
    end = 4 * numel
    header = {"w": made.entry("F32", [numel], 0, end), "b": made.entry("F32", [1], end, end + 4)}
    path.write_bytes(made.safetensors_bytes(header, b""))
    with path.open("r+b") as file:
        start = file.seek(0, 2)
        file.truncate(start + 4 * numel)
        file.seek(0, 2)
        file.write(struct.pack("<f", 3.5))
    state = state_dict.load(path)
    assert state["w"].shape == (numel,) and state["w"][numel // 2] == 0
    assert state["b"].tolist() == [3.5]
    owner = state["w"]
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert type(owner).__name__ == "mmap"
