"""The draws of layers against a live PyTorch, bit for bit: the same draws in the same order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import _checks, init
from jaxgrad.init import _layer_draws

pytestmark = pytest.mark.torch

CHECK = _checks.of("layer")


def case(layer, draws, *args, **kwargs):
    """A layer as PyTorch makes it, and its draws."""
    name = layer + ",".join([*map(str, args), *(f"{k}={v}" for k, v in kwargs.items())])
    return pytest.param(layer, draws, args, kwargs, id=name)


def linears():
    for sizes in [(3, 5), (17, 4), (1, 1), (0, 3), (3, 0), (30, 40)]:
        for bias in (True, False):
            yield case("Linear", _layer_draws.linear(CHECK, *sizes, bias), *sizes, bias)
    for sizes in [(3, 5, 2), (1, 1, 1), (7, 0, 3), (4, 3, 20)]:
        for bias in (True, False):
            yield case("Bilinear", _layer_draws.bilinear(CHECK, *sizes, bias), *sizes, bias)


def embeddings():
    for padding in (None, 0, 3, -1, -5):
        yield case("Embedding", _layer_draws.embedding(CHECK, 5, 7, padding), 5, 7, padding)
    yield case("Embedding", _layer_draws.embedding(CHECK, 0, 7), 0, 7)
    yield case("Embedding", _layer_draws.embedding(CHECK, 2, 0, 1), 2, 0, 1)


def convolutions():
    for transpose in (False, True):
        for dimensions in (1, 2, 3):
            layer = f"Conv{'Transpose' * transpose}{dimensions}d"
            convolution = (
                _layer_draws.transposed_convolution if transpose else _layer_draws.convolution
            )
            kernels = [3, (2, 3, 1)[:dimensions], 0]
            for groups, kernel, bias in [(1, 0, True), (2, 1, True), (2, 0, False), (1, 2, True)]:
                kwargs = {"groups": groups, "bias": bias}
                draws = convolution(CHECK, dimensions, (4, 6), kernels[kernel], groups, bias)
                yield case(layer, draws, 4, 6, kernels[kernel], **kwargs)
    yield case("Conv1d", _layer_draws.convolution(CHECK, 1, (0, 2), 3, 1, True), 0, 2, 3)


def recurrents():
    for layer, gates in (("RNN", 1), ("LSTM", 4), ("GRU", 3)):
        for layers, bias, both in [(1, True, False), (3, True, True), (2, False, True)]:
            kwargs = {"num_layers": layers, "bias": bias, "bidirectional": both}
            draws = _layer_draws.recurrent(CHECK, gates, (3, 4, layers), bias, both)
            yield case(layer, draws, 3, 4, **kwargs)
    for bias, both in [(True, True), (False, False)]:
        kwargs = {"num_layers": 2, "bias": bias, "bidirectional": both, "proj_size": 2}
        draws = _layer_draws.recurrent(CHECK, 4, (3, 4, 2), bias, both, 2)
        yield case("LSTM", draws, 3, 4, **kwargs)


def attentions():
    for bias in (True, False):
        for extra in (True, False):
            for kdim, vdim in [(None, None), (6, 6), (3, None), (None, 5), (0, 2)]:
                kwargs = {"bias": bias, "add_bias_kv": extra, "kdim": kdim, "vdim": vdim}
                draws = _layer_draws.multihead_attention(CHECK, 6, 2, bias, extra, kdim, vdim)
                yield case("MultiheadAttention", draws, 6, 2, **kwargs)


CASES = [*linears(), *embeddings(), *convolutions(), *recurrents(), *attentions()]


def replayed(draws):
    """The layer's parameters from PyTorch's own generator."""
    import torch

    filled = {}
    for draw in draws.draws:
        tensor = torch.empty(draw.shape)
        if draw.kind == "constant":
            tensor.fill_(*draw.args)
        else:
            getattr(tensor, draw.kind + "_")(*draw.args)
        if draw.row is None:
            filled[draw.name] = tensor
        else:
            filled[draw.name][draw.row] = tensor
    return filled


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize(("layer", "draws", "args", "kwargs"), CASES)
def test_draws_are_those_of_pytorch(layer, draws, args, kwargs):
    import torch

    for seed in range(5):
        torch.manual_seed(seed)
        theirs = getattr(torch.nn, layer)(*args, **kwargs).state_dict()
        after = torch.rand(3)
        torch.manual_seed(seed)
        ours = replayed(draws)
        assert torch.equal(torch.rand(3), after), "the generators are out of step"
        assert list(draws.names) == list(theirs)
        for name, value in theirs.items():
            assert ours[name].shape == value.shape
            assert torch.equal(ours[name], value), name


@pytest.mark.parametrize(
    ("layer", "ours", "args", "kwargs"),
    [
        (layer, ours, args, kwargs)
        for affine in (True, False)
        for layers, ours, args, kwargs in [
            (["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"], init.batch_norm, (3,), {}),
            (["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"], init.instance_norm, (3,), {}),
            (["BatchNorm2d"], init.batch_norm, (0,), {"track_running_stats": False}),
            (["BatchNorm1d"], init.batch_norm, (3,), {"affine": affine, "bias": False}),
            (["BatchNorm1d"], init.batch_norm, (3,), {"affine": affine}),
            (["InstanceNorm2d"], init.instance_norm, (3,), {"affine": affine}),
            (
                ["InstanceNorm2d"],
                init.instance_norm,
                (3,),
                {"affine": affine, "track_running_stats": True},
            ),
            (["LayerNorm"], init.layer_norm, (3,), {"elementwise_affine": affine}),
            (["LayerNorm"], init.layer_norm, ((2, 3),), {"bias": affine}),
            (["LayerNorm"], init.layer_norm, ((),), {}),
            (["GroupNorm"], init.group_norm, (2, 4), {"affine": affine}),
            (["GroupNorm"], init.group_norm, (2, 4), {"bias": affine}),
            (["RMSNorm"], init.rms_norm, ((2, 3),), {"elementwise_affine": affine}),
        ]
        for layer in layers
    ],
)
def test_the_normalisations(layer, ours, args, kwargs):
    import torch

    for dtype in ("float32", "bfloat16", "float64"):
        theirs = getattr(torch.nn, layer)(*args, dtype=getattr(torch, dtype), **kwargs)
        with jax.enable_x64(True):
            mine = ours(*args, dtype=dtype, **kwargs)
        expected = theirs.state_dict()
        assert list(mine) == list(expected)
        for name, value in expected.items():
            assert str(mine[name].dtype) == str(value.dtype).removeprefix("torch.")
            assert mine[name].shape == value.shape
            np.testing.assert_array_equal(np.asarray(mine[name], float), value.double().numpy())


REFUSED = [
    ("Linear", lambda k: init.linear(k, -1, 3), (-1, 3), {}),
    ("Linear", lambda k: init.linear(k, 3.0, 3), (3.0, 3), {}),
    ("Linear", lambda k: init.linear(k, 2, 3, dtype=jnp.int32), (2, 3), {"dtype": "int32"}),
    ("Bilinear", lambda k: init.bilinear(k, 0, 3, 2), (0, 3, 2), {}),
    ("Conv1d", lambda k: init.conv1d(k, 2, 2, 3, groups=0), (2, 2, 3), {"groups": 0}),
    ("Conv1d", lambda k: init.conv1d(k, 2, 3, 3, groups=3), (2, 3, 3), {"groups": 3}),
    ("Conv2d", lambda k: init.conv2d(k, 3, 2, 3, groups=3), (3, 2, 3), {"groups": 3}),
    ("Conv3d", lambda k: init.conv3d(k, 2, 2, -1), (2, 2, -1), {}),
    ("Conv3d", lambda k: init.conv3d(k, 2, 2, 3.0), (2, 2, 3.0), {}),
    (
        "ConvTranspose2d",
        lambda k: init.conv_transpose2d(k, 3, 2, 3, groups=2),
        (3, 2, 3),
        {"groups": 2},
    ),
    ("Embedding", lambda k: init.embedding(k, 5, 2, 5), (5, 2, 5), {}),
    ("Embedding", lambda k: init.embedding(k, 5, 2, -6), (5, 2, -6), {}),
    ("Embedding", lambda k: init.embedding(k, 0, 2, 0), (0, 2, 0), {}),
    ("Embedding", lambda k: init.embedding(k, 3, 2, 1.0), (3, 2, 1.0), {}),
    ("LSTM", lambda k: init.lstm(k, 0, 2), (0, 2), {}),
    ("LSTM", lambda k: init.lstm(k, 2, 0), (2, 0), {}),
    ("LSTM", lambda k: init.lstm(k, 2.0, 2), (2.0, 2), {}),
    ("LSTM", lambda k: init.lstm(k, 2, 2, proj_size=2), (2, 2), {"proj_size": 2}),
    ("LSTM", lambda k: init.lstm(k, 2, 2, proj_size=-1), (2, 2), {"proj_size": -1}),
    ("GRU", lambda k: init.gru(k, 2, 2, bias=1), (2, 2), {"bias": 1}),
    ("GRU", lambda k: init.gru(k, 2, 2, 0), (2, 2, 0), {}),
    ("RNN", lambda k: init.rnn(k, 2, -2), (2, -2), {}),
    ("MultiheadAttention", lambda k: init.multihead_attention(k, 0, 1), (0, 1), {}),
    ("MultiheadAttention", lambda k: init.multihead_attention(k, 4, 0), (4, 0), {}),
    ("MultiheadAttention", lambda k: init.multihead_attention(k, 5, 2), (5, 2), {}),
    (
        "MultiheadAttention",
        lambda k: init.multihead_attention(k, 4, 2, kdim=-1),
        (4, 2),
        {"kdim": -1},
    ),
    ("BatchNorm1d", lambda k: init.batch_norm(-1), (-1,), {}),
    ("LayerNorm", lambda k: init.layer_norm(-1), (-1,), {}),
    ("LayerNorm", lambda k: init.layer_norm(2.0), (2.0,), {}),
    ("GroupNorm", lambda k: init.group_norm(3, 4), (3, 4), {}),
    ("GroupNorm", lambda k: init.group_norm(0, 4), (0, 4), {}),
]


@pytest.mark.parametrize(("layer", "ours", "args", "kwargs"), REFUSED)
def test_what_pytorch_refuses_is_refused(layer, ours, args, kwargs):
    import torch

    kwargs = {k: getattr(torch, v) if k == "dtype" else v for k, v in kwargs.items()}
    errors = (ValueError, TypeError, RuntimeError, AssertionError, IndexError, ZeroDivisionError)
    with pytest.raises(errors):
        getattr(torch.nn, layer)(*args, **kwargs)
    with pytest.raises((ValueError, TypeError), match="must be"):
        ours(jax.random.key(0))
