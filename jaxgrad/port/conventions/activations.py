"""Another activation than the original's."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .call import Arguments, Call, Candidate, computed, torch_functional


def _activations() -> Mapping[str, Callable[[Any], Any]]:
    torch, F = importlib.import_module("torch"), torch_functional()
    return {
        **{name: getattr(F, name) for name in _SAME_NAME},
        "gelu": F.gelu,
        "gelu(approximate='tanh')": lambda x: F.gelu(x, approximate="tanh"),
        "x * sigmoid(1.702 x)": lambda x: x * torch.sigmoid(1.702 * x),
        "relu squared": lambda x: torch.relu(x).square(),
        "clip(0.2 x + 0.5, 0, 1)": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
        "log(1 + exp(x))": lambda x: torch.log(1 + torch.exp(x)),
        **{name: getattr(torch, name) for name in ("sigmoid", "tanh", "sin", "exp", "abs")},
    }


_SAME_NAME = (
    *("relu", "relu6", "silu", "mish", "elu", "celu", "selu", "leaky_relu", "softplus"),
    *("logsigmoid", "hardswish", "hardsigmoid", "hardtanh", "softsign", "tanhshrink"),
)
ACTIVATIONS = (*_SAME_NAME, "gelu", "sigmoid", "tanh", "prelu", "rrelu", "hardshrink", "softshrink")


def other_activations(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The usual activations of the same argument."""
    x = call.args[0] if call.args else arguments.get("input")
    if x is None:
        return
    for name, function in _activations().items():
        if name != call.name:
            yield computed(call.name, name, lambda f=function: f(x.clone()), part=True)


def swapped_halves(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """A gated unit whose other half is the gate."""
    torch, F = importlib.import_module("torch"), torch_functional()
    x, dim = arguments["input"], arguments.get("dim", -1)

    def run(gate: Callable[[Any], Any], order: int) -> Any:
        halves = x.chunk(2, dim)[::order]
        return halves[0] * gate(halves[1])

    original = "glu, whose second half is the gate"
    yield computed(original, "glu, whose first half is the gate", lambda: run(torch.sigmoid, -1))
    for name, gate in (("silu", F.silu), ("gelu", F.gelu), ("relu", F.relu), ("tanh", F.tanh)):
        for order, half in ((1, "second"), (-1, "first")):
            port = f"glu with {name} of the {half} half as the gate"
            yield computed(original, port, lambda gate=gate, order=order: run(gate, order))
