"""What `save` writes is what `load` reads; nothing half-written is left."""

import json
import struct
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import state_dict

ENDINGS = [".pt", ".pth", ".safetensors"]
DTYPES = [
    *("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "bool"),
    *("uint64", "uint32", "uint16", "uint8", "complex64", "float8_e4m3fn", "float8_e5m2"),
    *("float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
]


@pytest.mark.thinned(1)
@pytest.mark.parametrize("ending", ENDINGS)
def test_arrays_of_all_dtypes_and_shapes(tmp_path, ending):
    state = {}
    for dtype in DTYPES:
        for shape in ((), (3,), (2, 0, 3), (2, 3)):
            value = np.ones(shape).astype(jnp.dtype(dtype))
            state[f"{dtype}.{len(shape)}.{len(state)}"] = value
    path = tmp_path / f"model{ending}"
    state_dict.save(path, state)
    again = state_dict.load(path)
    assert again.keys() == state.keys()
    for name, value in state.items():
        assert again[name].dtype == value.dtype and again[name].shape == value.shape, name
        assert again[name].tobytes() == value.tobytes(), name
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.thinned(1)
@pytest.mark.parametrize("ending", ENDINGS)
def test_views_byte_orders_and_arrays_of_jax(tmp_path, ending):
    wide = np.arange(12.0).reshape(3, 4)
    state = {
        "transposed": wide.T,
        "part": wide[::2, 1:],
        "expanded": np.broadcast_to(np.float32(3), (2, 2)),
        "big": wide.astype(">f8"),
        "number": np.float32(1.5),
        "jax": jnp.arange(3, dtype=jnp.bfloat16),
    }
    state_dict.save(tmp_path / f"m{ending}", state)
    again = state_dict.load(tmp_path / f"m{ending}")
    for name, value in state.items():
        assert again[name].tolist() == np.asarray(value).tolist(), name
        assert again[name].dtype.isnative, name


def test_sharded_arrays(tmp_path, rows):
    value = jax.device_put(jnp.arange(16.0), rows)
    for ending in ENDINGS:
        state_dict.save(tmp_path / f"m{ending}", {"w": value})
        assert state_dict.load(tmp_path / f"m{ending}")["w"].tolist() == list(range(16))


def test_a_checkpoint_of_all_kinds(tmp_path):
    tree = {
        **{"epoch": 3, "loss": 0.1, "none": None, "yes": True, "no": False, "text": "ü\n", "z": 1j},
        **{"bytes": b"\xff\0", "negative": -129, "large": -(2**100), "empty": {}, "list": []},
        **{"tuple": (1, (2,), ()), "inf": float("inf"), "dtype": jnp.dtype(jnp.bfloat16)},
        "state": {0: {"step": [1, 2, {"a.b": None}]}, -1: "x"},
        **{f"many {i}": i for i in range(300)},
    }
    state_dict.save(tmp_path / "m.pt", tree)
    assert state_dict.load(tmp_path / "m.pt") == tree


def test_an_array_that_occurs_twice_is_stored_once(tmp_path):
    weight = jnp.ones((100, 100))
    state_dict.save(tmp_path / "m.pt", {"embedding": weight, "head": weight})
    state = state_dict.load(tmp_path / "m.pt")
    assert np.shares_memory(state["embedding"], state["head"])
    assert (tmp_path / "m.pt").stat().st_size < 50_000


def test_archives_are_stored_aligned_and_the_same_each_time(tmp_path):
    state = {"a": np.ones(3, np.int8), "b": np.ones(5), "c": np.ones(7, np.float32)}
    for name in ("one.pt", "two.pt"):
        state_dict.save(tmp_path / name, state)
    data = (tmp_path / "one.pt").read_bytes()
    assert data == (tmp_path / "two.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.pt") as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            sizes = struct.unpack("<HH", data[info.header_offset + 26 : info.header_offset + 30])
            assert (info.header_offset + 30 + sum(sizes)) % 64 == 0
            assert info.compress_type == zipfile.ZIP_STORED


def test_safetensors_are_aligned_and_marked(tmp_path):
    state = {"a": np.ones(3, np.int8), "ü": np.ones(5), "c": np.ones(7, np.float32)}
    state_dict.save(tmp_path / "m.safetensors", state)
    data = (tmp_path / "m.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert length % 8 == 0 and header.pop("__metadata__") == {"format": "pt"}
    assert all(told["data_offsets"][0] % state[name].itemsize == 0 for name, told in header.items())


def test_a_failure_leaves_the_file_before(tmp_path):
    path = tmp_path / "m.pt"
    state_dict.save(path, {"a": 1})
    with pytest.raises(TypeError, match="save: tree, entry 'b.0', must be a dict, .* got set"):
        state_dict.save(path, {"a": 2, "b": [{1}]})
    assert state_dict.load(path) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["m.pt"]


def test_a_file_in_use_is_replaced(tmp_path):
    path = tmp_path / "m.pt"
    state_dict.save(path, {"a": np.ones(3)})
    before = state_dict.load(path)
    state_dict.save(path, {"a": np.zeros(3)})
    assert before["a"].tolist() == [1, 1, 1]
    assert state_dict.load(path)["a"].tolist() == [0, 0, 0]


def within_itself():
    value = {}
    value["a"] = value
    return value


@pytest.mark.thinned(1)
@pytest.mark.parametrize(
    ("name", "tree", "error", "text"),
    [
        ("m.bin", {}, ValueError, "path must be a file that ends in .pt, .pth, .safetensors, got"),
        ("none/m.pt", {}, ValueError, "path must be writable, got .*No such file"),
        ("m.pt", {"a": {1.5: 1}}, TypeError, "'a', must be a dict with keys of text or integers"),
        ("m.pt", {True: 1}, TypeError, "tree must be a dict with keys of text or integers"),
        ("m.pt", [object()], TypeError, "entry '0', must be a dict, .* got object"),
        ("m.pt", {"a": np.array(["x"])}, TypeError, "'a', must be of a dtype that PyTorch has"),
        ("m.pt", {"a": jax.random.key(0)}, TypeError, "'a', .* a key; save jax.random.key_data"),
        ("m.pt", {"a": 1 << 9999}, TypeError, "'a', must be an integer of up to 255 bytes"),
        ("m.pt", within_itself(), TypeError, "in at most 100 containers"),
        ("m.safetensors", [1], TypeError, "tree must be a dict of arrays by name, got list"),
        ("m.safetensors", {"a": {"b": np.ones(2)}}, TypeError, "'a', must be an array, got dict"),
        ("m.safetensors", {"a": 1}, TypeError, "'a', must be an array, got int"),
        ("m.safetensors", {1: np.ones(2)}, TypeError, "tree must be a dict with names of text"),
        ("m.safetensors", {"__metadata__": np.ones(2)}, TypeError, "with names of text"),
        ("m.safetensors", {"\ud800": np.ones(2)}, TypeError, "with names of text"),
        ("m.safetensors", {"a": np.ones(2, complex)}, TypeError, "a dtype that safetensors has"),
    ],
)
def test_what_is_refused(tmp_path, name, tree, error, text):
    with pytest.raises(error, match=f"^save: .*{text}"):
        state_dict.save(tmp_path / name, tree)
    assert list(tmp_path.iterdir()) == []


def test_traced_arrays_are_refused(tmp_path):
    with pytest.raises(TypeError, match="save: tree must be concrete"):
        jax.jit(lambda x: state_dict.save(tmp_path / "m.pt", {"a": x}))(jnp.ones(2))
