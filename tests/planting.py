"""Modules with a right and a wrong port, compared alone and inside a larger network."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad.port import compare

torch = pytest.importorskip("torch")
nn = torch.nn


class Planted(NamedTuple):
    """A module, its port with a switch for one mistake, and what the report must say of it.

    Attributes:
        make: makes the module.
        port: a function of the parameters, the inputs and `wrong`, which is False, or what is
            wrong.
        inputs: shapes of normal numbers, or arrays.
        mistakes: the words of the first line for each value of `wrong`.
        buffers: whether the port takes the module's buffers and returns them anew.
    """

    make: Callable[[], nn.Module]
    port: Callable[..., Any]
    inputs: Sequence[Any]
    mistakes: dict[Any, Sequence[str]]
    buffers: bool = False


def arrays(inputs):
    draw = np.random.default_rng(0)
    return tuple(
        draw.standard_normal(x).astype(np.float32) if isinstance(x, tuple) else x for x in inputs
    )


def _numbers(named):
    return {name: tensor.detach().numpy() for name, tensor in named}


def report(planted, wrong=False, *, deep=False, **options):
    """The report on the port alone, or as the second block of a larger network."""
    torch.manual_seed(0)
    module = planted.make()
    _randomized(module)
    inputs = arrays(planted.inputs)
    options["params"] = _numbers(module.named_parameters())
    if planted.buffers:
        options["state"] = _numbers(module.named_buffers())

    def port(*args):
        return planted.port(*args, wrong=wrong)

    if deep:
        module, port = _deep(planted, inputs, wrong)
        options["params"] = _numbers(module.named_parameters())
    return compare(module, port, inputs, **options)


def _randomized(module):
    """Every parameter at normal numbers: biases of 0 and weights of 1 would hide mistakes."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))


class Deep(nn.Module):
    """Two equal blocks side by side, after a gain, and a linear layer."""

    def __init__(self, planted, inputs):
        super().__init__()
        self.gain = nn.Parameter(torch.full((), 0.9))
        self.first, self.second = planted.make(), planted.make()
        rest = [torch.from_numpy(x) for x in inputs[1:]]
        result = _first(self.first(torch.from_numpy(inputs[0]), *rest))
        self.head = nn.Linear(2 * result.numel(), 3)
        _randomized(self)

    def forward(self, x, *rest):
        h = torch.tanh(self.gain * x)
        parts = self.first(h, *rest), self.second(h.flip(-1), *rest)
        return self.head(torch.cat([torch.tanh(_first(part)).flatten() for part in parts]))


def _first(value):
    return value[0] if isinstance(value, tuple) else value


def _deep(planted, inputs, wrong):
    torch.manual_seed(0)
    module = Deep(planted, inputs)

    def port(p, x, *rest):
        h = jnp.tanh(p["gain"] * x)
        parts = []
        for name, mistake, given in (("first", False, h), ("second", wrong, jnp.flip(h, -1))):
            own = {k.removeprefix(f"{name}."): v for k, v in p.items() if k.startswith(f"{name}.")}
            value = _first(planted.port(own, given, *rest, wrong=mistake))
            parts.append(jnp.tanh(value).ravel())
        return jnp.concatenate(parts) @ p["head.weight"].T + p["head.bias"]

    return module, port
