"""Recurrent layers and cells against PyTorch's module database, and its packed sequences."""

import jax
import jax.numpy as jnp
import layer_oracle
import pytest
from torch_oracle import one_program

import jaxgrad.functional as F

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
DTYPES = ("float32", "float64")
LAYERS = {"LSTM": F.lstm, "GRU": F.gru, "RNN": F.rnn}
CELLS = {"LSTMCell": F.lstm_cell, "GRUCell": F.gru_cell, "RNNCell": F.rnn_tanh_cell}
BY_CHANCE = 8
"""The samples have three steps of two or three numbers, and packed sequences have one or three:
PyTorch's own error is at times a single rounding, by luck. `test_rounding` has enough of them for
a factor of 2."""
CANCEL = 9
"""The samples have inputs of up to 9. A weight's derivative adds up their products with cotangents,
and these cancel in some samples; the gates are saturated, so 1 - tanh² has few digits."""
TANH = 10
"""XLA's float32 tanh is off by 4.5 units in the last place on CPUs, PyTorch's by 0.5. A plain RNN
has nothing else; the gates of the others hide it."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def modules(name, dtype):
    """The modules of PyTorch's database of that name with their inputs, in training and without."""
    import torch
    from torch.testing._internal.common_modules import module_db

    of = getattr(torch, dtype)
    (info,) = [one for one in module_db if one.module_cls.__name__ == name]
    for training in (True, False):
        torch.manual_seed(0)
        options = {"device": "cpu", "dtype": of, "requires_grad": True, "training": training}
        for one in info.module_inputs_func(info, **options):
            made = one.constructor_input
            net = info.module_cls(*made.args, **made.kwargs).to(of).train(training)
            yield net, one.forward_input.args


def whole(found, concatenate):
    """All results in one, which is what is differentiated; and each of them."""
    leaves = jax.tree.leaves(found)
    return concatenate([leaf.reshape(-1) for leaf in leaves]), *leaves


def ours_of(net):
    """Our function of a module's input, state and parameters."""
    kind = type(net).__name__
    if kind in CELLS:
        relu = getattr(net, "nonlinearity", "tanh") == "relu"
        cell = F.rnn_relu_cell if relu else CELLS[kind]
        return lambda x, hx, params, **options: cell(x, hx, *params.values())
    options = {"batch_first": net.batch_first, "training": net.training, "dropout": net.dropout}
    options |= {"nonlinearity": net.nonlinearity} if kind == "RNN" else {}
    return lambda x, hx, params, **others: LAYERS[kind](x, hx, params, **options, **others)


def theirs_of(net, x, hx, params, lengths=None, length=None):
    """The module called with these parameters; packed, where there are lengths."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    if lengths is None:
        return torch.func.functional_call(net, params, (x, hx))
    front = net.batch_first
    packed = pack_padded_sequence(x, lengths, front, enforce_sorted=False)
    out, last = torch.func.functional_call(net, params, (packed, hx))
    return pad_packed_sequence(out, front, total_length=length)[0], last


def hold(net, x, hx=None, lengths=None, ours=None, **options):
    """A module against our function, in every result and with respect to all that it is given."""
    import torch

    states = [] if hx is None else list(hx) if isinstance(hx, (tuple, list)) else [hx]
    names = [name for name, _ in net.named_parameters()]
    given = [x, *states, *(p.detach().requires_grad_() for p in net.parameters())]
    ours = ours or ours_of(net)

    def split(flat):
        first = None if hx is None else tuple(flat[1 : 3 if len(states) == 2 else 2])
        first = first[0] if first and len(first) == 1 else first
        return flat[0], first, dict(zip(names, flat[1 + len(states) :], strict=True))

    def of_ours(*flat):
        more = {} if lengths is None else {"lengths": jnp.asarray(lengths)}
        return whole(ours(*split(flat), **more), jnp.concatenate)

    def of_theirs(*flat):
        more = {} if lengths is None else {"lengths": torch.tensor(lengths)}
        more |= {"length": x.shape[net.batch_first]} if more else {}
        return whole(theirs_of(net, *split(flat), **more), torch.cat)

    layer_oracle.assert_as_torch(of_ours, of_theirs, given, **options)


def hold_modules(name, dtype, share):
    """About `share` of the modules of a name; None is all."""
    found = list(modules(name, dtype))
    with one_program():
        for net, args in found[:: max(1, len(found) // share) if share else 1]:
            hold(net, *args, factor=BY_CHANCE, cancel=CANCEL)
    return len(found)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_modules(name, dtype):
    assert hold_modules(name, dtype, share=3) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_every_module(name, dtype):
    print(name, dtype, hold_modules(name, dtype, share=None))


def made(name, dtype, **options):
    import torch

    torch.manual_seed(0)
    net = getattr(torch.nn, name)(8, 16, num_layers=2, bidirectional=True, **options)
    return net.to(getattr(torch, dtype))


def normal(*shape, dtype):
    import torch

    return torch.randn(*shape).to(getattr(torch, dtype)).requires_grad_()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAYERS)
def test_packed(name, dtype):
    projection = {"proj_size": 5} if name == "LSTM" else {}
    net = made(name, dtype, batch_first=True, **projection)
    hx = normal(4, 4, 5 if projection else 16, dtype=dtype)
    hx = (hx, normal(4, 4, 16, dtype=dtype)) if name == "LSTM" else hx
    hold(net, normal(4, 9, 8, dtype=dtype), hx, [3, 9, 1, 7], factor=BY_CHANCE)


@pytest.mark.parametrize("name", LAYERS)
def test_second_derivative(name):
    hold(made(name, "float64"), normal(3, 2, 8, dtype="float64"), second=True)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", LAYERS)
def test_rounding(name, dtype):
    factor = TANH if (name, dtype) == ("RNN", "float32") else 2
    hold(made(name, dtype), normal(20, 8, 8, dtype=dtype), factor=factor)


@pytest.mark.parametrize("name", LAYERS)
def test_everything_is_dropped(name):
    """With a probability of 1 nothing is left to chance."""
    net = made(name, "float64", dropout=1.0)
    fixed = ours_of(net)
    key = jax.random.key(0)
    hold(net, normal(5, 2, 8, dtype="float64"), ours=lambda *given: fixed(*given, key=key))


@pytest.mark.parametrize("name", LAYERS)
def test_not_finite(name):
    net, x = made(name, "float64"), normal(4, 6, 8, dtype="float64").detach()
    for place, number in enumerate((float("inf"), -float("inf"), float("nan"))):
        x[1, place, 0] = number
    hold(net, x)


@pytest.mark.parametrize("name", LAYERS)
def test_no_sequences(name):
    hold(made(name, "float32"), normal(4, 0, 8, dtype="float32"))
