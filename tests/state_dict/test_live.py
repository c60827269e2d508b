"""PyTorch and safetensors write and jaxgrad reads, and the other way round: every bit the same."""

import collections
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import weight_files as made
from weight_files import dict_of, text

from jaxgrad import optim, state_dict

pytestmark = [pytest.mark.torch, pytest.mark.thinned(1)]

FORMATS = {"zip": True, "before zip": False}


def bits(tensor):
    """The bytes of a tensor's elements, in order."""
    import torch

    whole = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return whole.view(torch.uint8).numpy().tobytes() if whole.numel() else b""


def assert_same(ours, theirs, entry=""):
    """Arrays and tensors of the same type, shape, strides and bits; all else equal."""
    import torch

    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, np.ndarray), entry
        assert str(theirs.dtype) == f"torch.{ours.dtype}", entry
        assert ours.shape == tuple(theirs.shape), entry
        assert ours.tobytes() == bits(theirs), entry
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), entry
        for key in theirs:
            assert_same(ours[key], theirs[key], f"{entry}.{key}")
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), entry
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(one, other, f"{entry}.{i}")
    else:
        assert ours == theirs, entry


def both(path, value, zipped=True):
    """What jaxgrad and PyTorch read of what PyTorch wrote."""
    import torch

    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return state_dict.load(path), torch.load(path, weights_only=True)


NEWER = ["uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"]
NEWER += ["float8_e4m3fnuz", "float8_e5m2fnuz"]
"""Dtypes without a class of storages."""


def tensors():
    import torch

    torch.manual_seed(0)
    types = (
        "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128"
    )
    made = {name: torch.randn(2, 3).mul(3).to(getattr(torch, name)) for name in types.split()}
    made |= {name: torch.rand(5).mul(3).to(getattr(torch, name)) for name in NEWER}
    wide = torch.arange(24.0).reshape(2, 3, 4)
    made |= {"transposed": wide.mT, "part": wide[1, ::2, 1:], "expanded": wide[:1].expand(5, 3, 4)}
    made |= {"scalar": torch.tensor(3.5), "empty": torch.zeros(0, 3), "no axes": wide[1, 2, 3]}
    made |= {
        "conj": made["complex64"].conj(),
        "neg": torch.ones(2, dtype=torch.complex64).conj().imag,
    }
    made |= {
        "parameter": torch.nn.Parameter(wide),
        "channels": wide[None].to(memory_format=torch.channels_last),
    }
    made["nan"] = torch.tensor([float("nan"), float("inf"), -0.0])
    return made


@pytest.mark.parametrize("format", FORMATS)
def test_all_dtypes_and_views(tmp_path, format):
    import torch

    given = tensors()
    untyped = {name: given.pop(name) for name in NEWER}
    ours, theirs = both(tmp_path / "m.pt", given, FORMATS[format])
    assert_same(ours, theirs)
    torch.save(untyped, tmp_path / "n.pt", _use_new_zipfile_serialization=FORMATS[format])
    assert_same(state_dict.load(tmp_path / "n.pt"), untyped)  # PyTorch cannot read the older one
    for name in ("transposed", "part", "channels"):
        assert tuple(s // 4 for s in ours[name].strides) == theirs[name].stride(), name
    assert np.shares_memory(ours["transposed"], ours["part"])


@pytest.mark.parametrize("format", FORMATS)
def test_a_checkpoint(tmp_path, format):
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(4, 1, 5, 5)).square().sum().backward()
    optimizer.step()
    checkpoint = {
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "shape": torch.Size([2, 3]),
        "device": torch.device("cpu"),
        "names": {"a", "b"},
        "counts": collections.Counter("aab"),
        "bytes": b"ab\xff",
        "list": [1.5, None, True, 2**40, -1, "ü", 1j, bytearray(b"x")],
    }
    ours, theirs = both(tmp_path / "m.pt", checkpoint, FORMATS[format])
    theirs["device"] = str(theirs["device"])
    assert_same(ours, theirs)
    names = list(dict(model.named_parameters()))
    params, buffers = state_dict.split(ours["state_dict"])
    assert list(params) == names and list(buffers) == list(dict(model.named_buffers()))
    leaves = [jnp.asarray(params[name]) for name in names]
    state = optim.from_torch_state(ours["optimizer"], optim.adam().init(leaves))
    assert int(state.count) == 1
    assert state.exp_avg[0].tolist() == theirs["optimizer"]["state"][0]["exp_avg"].tolist()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_protocols_of_pickles(tmp_path, protocol):
    import torch

    path, value = tmp_path / "m.pt", {"w": torch.ones(3), "b": b"x", "s": {1}, "t": (1, 2, 3, 4)}
    torch.save(value, path, pickle_protocol=protocol)
    assert_same(state_dict.load(path), torch.load(path, weights_only=False))


def test_many_entries(tmp_path):
    import torch

    value = {f"layer.{i}.weight": torch.full((2,), float(i)) for i in range(2500)}
    assert_same(*both(tmp_path / "m.pt", value))


def test_tensors_with_attributes(tmp_path):
    import torch

    tensor, parameter = torch.ones(3), torch.nn.Parameter(torch.ones(2))
    tensor.tag = parameter.tag = "x"
    assert_same(*both(tmp_path / "m.pt", [tensor, parameter]))


def test_a_tar_archive(tmp_path):
    import torch

    data = np.arange(6, dtype="<f4").tobytes()
    obj = dict_of(w=text("31") + b"Q", part=text("32") + b"Q")
    stored, views = {1: ("FloatStorage", 6, data)}, [(2, 1, 3, 3)]
    tensors = {31: (1, (3, 2), (1, 3), 0), 32: (2, (2,), (1,), 1)}
    path = made.write_tar(tmp_path / "m.pth", obj, stored, tensors, views)
    assert_same(state_dict.load(path), torch.load(path, weights_only=False))


def scripted():
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(1, 2, 3)
            self.norm = torch.nn.BatchNorm2d(2)
            self.lstm = torch.nn.LSTM(3, 4)
            self.tied = self.conv
            self.sizes: list[int] = [1, 2]
            self.scale = 0.5
            self.register_buffer("small", torch.ones(3, dtype=torch.bfloat16))

        def forward(self, x):
            return self.norm(self.conv(x)) * self.scale

    return Net()


@pytest.mark.parametrize("way", ["script", "trace"])
def test_torchscript(tmp_path, way):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated
        torch.manual_seed(0)
        net = scripted()
        whole = (
            torch.jit.script(net)
            if way == "script"
            else torch.jit.trace(net, torch.ones(1, 1, 5, 5))
        )
        torch.jit.save(whole, tmp_path / "m.pt")
        theirs = torch.jit.load(tmp_path / "m.pt").state_dict()
    ours = state_dict.flatten(state_dict.load(tmp_path / "m.pt"))
    arrays = {name: value for name, value in ours.items() if isinstance(value, np.ndarray)}
    assert arrays.keys() == theirs.keys()
    assert_same({name: arrays[name] for name in theirs}, dict(theirs))


@pytest.mark.filterwarnings("ignore")  # torch.jit is deprecated
def test_a_frozen_module_is_refused(tmp_path):
    import torch

    whole = torch.jit.freeze(torch.jit.trace(torch.nn.Linear(2, 3).eval(), torch.ones(1, 2)))
    torch.jit.save(whole, tmp_path / "m.pt")
    with pytest.raises(ValueError, match="a frozen one, whose weights are constants"):
        state_dict.load(tmp_path / "m.pt")


REFUSED = {
    "sparse": (lambda torch: torch.eye(3).to_sparse(), "_rebuild_sparse_tensor"),
    "compressed": (lambda torch: torch.eye(3).to_sparse_csr(), "_rebuild_sparse_tensor"),
    "no values": (lambda torch: torch.ones(3, device="meta"), "_rebuild_meta_tensor_no_storage"),
    "a module": (lambda torch: torch.nn.Linear(2, 3), "torch.nn.modules.linear.Linear"),
    "a storage": (lambda torch: torch.ones(3).untyped_storage(), "a storage without a tensor"),
    "an array": (lambda torch: np.ones(3), "numpy"),
    "complex halves": (
        lambda torch: torch.ones(3).to(torch.complex32),
        "complex32.*to.torch.complex64",
    ),
}


@pytest.mark.filterwarnings("ignore")  # PyTorch warns of sparse and complex32 tensors
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path, case):
    import torch

    make, word = REFUSED[case]
    torch.save({"w": make(torch)}, tmp_path / "m.pt")
    with pytest.raises(ValueError, match=f"entry 'w.*{word}"):
        state_dict.load(tmp_path / "m.pt")


def test_pytorch_reads_what_is_saved(tmp_path):
    import torch

    given, _ = both(tmp_path / "theirs.pt", tensors())
    weight = jnp.ones((3, 2))
    tree = {"state": given, "tied": [weight, weight], 7: (1, 2.5, None, True, -300, "ü", 2**70)}
    tree |= {"z": 1j, "bytes": b"\xffa", "empty": {}, "dtype": jnp.dtype(jnp.bfloat16)}
    state_dict.save(tmp_path / "ours.pt", tree)
    theirs = torch.load(tmp_path / "ours.pt", weights_only=True)
    assert theirs.pop("dtype") is torch.bfloat16
    assert_same(state_dict.load(tmp_path / "ours.pt") | {"dtype": None}, theirs | {"dtype": None})
    assert theirs["tied"][0].data_ptr() == theirs["tied"][1].data_ptr()
    mapped = torch.load(tmp_path / "ours.pt", weights_only=True, mmap=True)
    assert_same(state_dict.load(tmp_path / "ours.pt")["state"], mapped["state"])


def test_a_module_loads_what_is_saved(tmp_path):
    import torch

    module = torch.nn.Linear(3, 2)
    params = {"weight": jax.random.normal(jax.random.key(0), (2, 3)), "bias": jnp.zeros(2)}
    for ending in ("pt", "safetensors"):
        state_dict.save(tmp_path / f"m.{ending}", params)
    module.load_state_dict(torch.load(tmp_path / "m.pt", weights_only=True))
    assert module.weight.tolist() == params["weight"].tolist()


def test_safetensors_both_ways(tmp_path):
    torch_side = pytest.importorskip("safetensors.torch")
    given = {name: one.contiguous().clone() for name, one in tensors().items()}
    for name in ("complex128", "conj", "neg"):
        del given[name]
    torch_side.save_file(given, tmp_path / "theirs.safetensors", {"format": "pt"})
    ours = state_dict.load(tmp_path / "theirs.safetensors")
    theirs = torch_side.load_file(tmp_path / "theirs.safetensors")
    assert_same({name: ours[name] for name in theirs}, theirs)
    state_dict.save(tmp_path / "ours.safetensors", ours)
    again = torch_side.load_file(tmp_path / "ours.safetensors")
    assert_same({name: ours[name] for name in again}, again)
    assert again.keys() == theirs.keys() == ours.keys()


def test_split_and_check_tell_what_modules_tell(tmp_path):
    import torch
    import torch.nn.utils.prune

    module = torch.nn.utils.spectral_norm(torch.nn.Linear(2, 3))
    module.norm = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(2, 3))
    module.other = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    module.base = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(2, 3))
    module.pruned = torch.nn.utils.prune.random_unstructured(torch.nn.Linear(2, 3), "weight", 0.5)
    module.batch = torch.nn.InstanceNorm1d(2, affine=True, track_running_stats=True)
    module.mean = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(2, 3))
    module.loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.ones(3))
    state, _ = both(tmp_path / "m.pt", module.state_dict())
    parameters, buffers = state_dict.split(state)
    assert parameters.keys() == dict(module.named_parameters()).keys()
    assert buffers.keys() == dict(module.named_buffers()).keys()
    linear = torch.nn.Linear(2, 3)
    wrong = {"weight": np.ones((2, 2)), "bia": np.ones(3)}
    with pytest.raises(RuntimeError) as theirs:
        linear.load_state_dict({name: torch.tensor(value) for name, value in wrong.items()})
    expected = {name: value.numpy() for name, value in linear.state_dict().items()}
    with pytest.raises(ValueError, match="check: ") as ours:
        state_dict.check(wrong, expected)
    for name in ("bias", "bia", "weight", "(2, 2)".replace("(", "[")[:5]):
        assert name in str(theirs.value)
    assert "missing: bias; surplus: bia; weight has shape (2, 2), expected (3, 2)" in str(
        ours.value
    )
