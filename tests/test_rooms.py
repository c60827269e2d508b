"""What a room gives: the names it lists, no others, and each where PyTorch's users look for it."""

import importlib
import types

import pytest
from test_api import PUBLIC

from jaxgrad import functional, tensor

pytestmark = pytest.mark.thinned(1)
ROOMS = [*PUBLIC, "init.layers", "port"]


@pytest.mark.parametrize("name", ROOMS)
def test_a_star_import_gives_the_names_that_are_listed(name):
    room, got = importlib.import_module(f"jaxgrad.{name}"), {}
    exec(f"from jaxgrad.{name} import *", got)
    del got["__builtins__"]
    assert sorted(got) == sorted(room.__all__) == list(room.__all__)


@pytest.mark.parametrize("name", ROOMS)
def test_what_is_listed_is_of_the_room(name):
    room = importlib.import_module(f"jaxgrad.{name}")
    for attribute in room.__all__:
        value = getattr(room, attribute)
        home = getattr(value, "__module__", None) or value.__name__
        assert home.startswith(f"jaxgrad.{name}."), f"{attribute} is of {home}"
        assert not attribute.startswith("_") and not attribute.endswith("_")


OWN = {
    "functional": {
        "running_stats",
        "transformer_decoder",
        "transformer_decoder_layer",
        "transformer_encoder",
        "transformer_encoder_layer",
    },
    "init": {"multinomial"},
    "random": {"key"},
    "replay": {"State"},
    "optim": {"from_torch_state", "to_torch_state"},
    "schedules": {"cyclic_momentum", "one_cycle_momentum"},
}
"""Names that PyTorch has no counterpart of.

`init.multinomial` is `values[torch.multinomial(…)]`, and the momentum is a part of two schedulers.
`functional.running_stats` returns what PyTorch's `batch_norm` writes in place. Of transformers
PyTorch has modules alone.
"""


def camel(name):
    """A class's name as it is compared: `MultiStepLR` is multi_step_lr."""
    return name.replace("_", "").lower()


def homes(room):
    """Where PyTorch may have the names of a room: modules, and what becomes of a name there."""
    import torch

    def same(name):
        return name

    def in_place(name):
        return f"{name}_"

    def classes(module):
        named = {camel(name): name for name in vars(module)}
        of_dimensions = {name.removesuffix("1d"): named[name] for name in named}
        return module, (of_dimensions | named).get, camel

    filled = (torch.Tensor, in_place, same)
    initial = [(torch.nn.init, in_place, same), (torch.nn.init, same, same), classes(torch.nn)]
    initial += [(torch.nn.init, lambda name: f"_{name}_in_and_fan_out", same), filled]
    drawn = [(torch, same, same), filled]
    order = [(torch.utils.data, same, same), classes(torch.utils.data)]
    return {
        "functional": [(torch.nn.functional, same, same), (recurrent(), same, same)],
        "tensor": [(module, same, same) for module in (torch, torch.linalg, torch.special)],
        "random": drawn,
        "init": initial,
        "replay": [*drawn, *initial, *order, (torch.Generator, same, same)],
        "optim": [
            classes(torch.optim),
            classes(torch.optim.swa_utils),
            classes(torch.amp),
            (torch.nn.utils, in_place, same),
        ],
        "schedules": [classes(torch.optim.lr_scheduler)],
    }[room]


RECURRENT = {"lstm", "gru", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"}
"""Functions of `torch` that are layers; `rnn` is both `torch.rnn_tanh` and `torch.rnn_relu`."""


def recurrent():
    """PyTorch's recurrent functions by their names here."""
    import torch

    found = {name: getattr(torch, name) for name in RECURRENT}
    return types.SimpleNamespace(**found, rnn=(torch.rnn_tanh, torch.rnn_relu))


def is_there(name, home):
    module, spelled, asked = home
    found = spelled(asked(name))
    return found is not None and hasattr(module, found)


@pytest.mark.torch
@pytest.mark.parametrize(
    "room", ["functional", "tensor", "random", "init", "replay", "optim", "schedules"]
)
def test_pytorch_has_the_names_where_the_room_says(room):
    names = set(importlib.import_module(f"jaxgrad.{room}").__all__)
    found = {name for name in names if any(is_there(name, home) for home in homes(room))}
    assert names - found == OWN.get(room, set())


@pytest.mark.torch
def test_functional_is_of_torch_nn_functional_and_tensor_is_not():
    import torch.nn.functional

    theirs = set(dir(torch.nn.functional))
    assert set(functional.__all__) - OWN["functional"] - RECURRENT - {"rnn"} <= theirs
    assert not set(tensor.__all__) & theirs
