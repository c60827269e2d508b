"""The weights that PyTorch's initialisers and layers draw from a seed.

Each function is that of the same name in `jaxgrad.init`, with a state in place of the key.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks, init
from jaxgrad._calls import called, misfit
from jaxgrad._checks import Checks
from jaxgrad.init._distributions import Draw
from jaxgrad.init._draws import Source
from jaxgrad.replay import _draws, _limits
from jaxgrad.replay.discrete import randperm
from jaxgrad.replay.generator import State, checked

P = ParamSpec("P")
R = TypeVar("R")


class _Stream(Source):
    """A generator's state, which each draw moves on."""

    def __init__(self, check: Checks, state: State):
        self.check, self.state = check, state

    def draw(self, draw: Draw, dtype: DTypeLike) -> jax.Array:
        """The numbers of `Tensor.uniform_`, `normal_`, `fill_`, or a `torch.randperm` a column."""
        self.check.concrete(draw.name, draw.args)
        shape, dtype = _limits.shape_of_draw(self.check, draw.shape), np.dtype(dtype)
        args = [float(argument) for argument in draw.args]
        if draw.kind == "constant":
            return jnp.full(shape, args[0], dtype)
        if draw.kind == "randperm":
            columns = [self._permutation(shape[0]) for _ in range(shape[1])]
            return jnp.stack(columns, 1) if columns else jnp.zeros(shape, int)
        fill = {"uniform": _draws.uniform, "normal": _draws.normal}[draw.kind]
        values, self.state = fill(self.state, shape, dtype, *args)
        return jnp.asarray(values)

    def _permutation(self, rows: int) -> jax.Array:
        order, self.state = randperm(self.state, rows)
        return order


def _replayed(
    function: Callable[Concatenate[jax.Array, P], R], example: str
) -> Callable[Concatenate[State, P], tuple[R, State]]:
    """The function of `jaxgrad.init` with a state for a key; `example` is a call and its result."""
    name = function.__name__
    check = _checks.of(name)
    signature = inspect.signature(function)
    first, *others = signature.parameters.values()

    def replayed(state: State, *args: P.args, **kwargs: P.kwargs) -> tuple[R, State]:
        stream: Any = _Stream(check, checked(check, state))
        try:
            bound = signature.bind(stream, *args, **kwargs)
        except TypeError as error:
            reason = misfit(replayed, (state, *args), kwargs, error)
            raise TypeError(reason) from None
        bound.arguments["dtype"] = _limits.float_dtype(check, bound.arguments.get("dtype"))
        values = function(*bound.args, **bound.kwargs)
        return values, stream.state

    replayed.__name__ = replayed.__qualname__ = name
    replayed.__doc__ = _documented(function, example)
    state = first.replace(name="state", annotation=State)
    result = tuple[signature.return_annotation, State]
    replayed.__dict__["__signature__"] = inspect.Signature(
        [state, *others], return_annotation=result
    )
    return called(replayed)


def _documented(function: Callable[..., Any], example: str) -> str:
    """The docstring of the function of `jaxgrad.init`, reworded for a state."""
    text = (inspect.getdoc(function) or "").partition("\n>>>")[0].rstrip()
    text = text.replace("key: a typed key.", "state: a state of the generator.")
    text = text.replace("by default JAX's default float.", "float32 by default, as in PyTorch.")
    text = re.sub(r"Returns:\n    An? ", "Returns:\n    The next state, after a ", text)
    text = text.replace("; the gradient flows through gain", "")
    text = text.replace("; the gradient flows through std", "")
    notice = (
        "The numbers are those that PyTorch draws from the same state, in its order. The function\n"
        "runs on the host, outside jit."
    )
    head, _, rest = text.partition("\nArgs:")
    call, _, printed = example.partition("\n")
    lines = f">>> from jaxgrad import replay\n>>> state = replay.manual_seed(0)\n>>> {call}"
    return f"{head.rstrip()}\n\n{notice}\n\nArgs:{rest}\n\n{lines}\n{printed}"


xavier_uniform = _replayed(
    init.xavier_uniform,
    "replay.xavier_uniform(state, (1, 3))[0]\n"
    "Array([[-0.00916945,  0.65700656, -1.0080204 ]], dtype=float32)",
)
xavier_normal = _replayed(
    init.xavier_normal,
    "replay.xavier_normal(state, (1, 3))[0]\n"
    "Array([[ 1.0896488 , -0.20748557, -1.5406368 ]], dtype=float32)",
)
kaiming_uniform = _replayed(
    init.kaiming_uniform,
    'replay.kaiming_uniform(state, (1, 3), nonlinearity="relu")[0]\n'
    "Array([[-0.01058796,  0.7586458 , -1.1639615 ]], dtype=float32)",
)
kaiming_normal = _replayed(
    init.kaiming_normal,
    'replay.kaiming_normal(state, (1, 3), nonlinearity="relu")[0]\n'
    "Array([[ 1.258218 , -0.2395837, -1.778974 ]], dtype=float32)",
)
orthogonal = _replayed(
    init.orthogonal,
    "replay.orthogonal(state, (1, 2))[0]\nArray([[ 0.98234963, -0.18705419]], dtype=float32)",
)
sparse = _replayed(
    init.sparse,
    "replay.sparse(state, (4, 1), sparsity=0.5)[0].T\n"
    "Array([[ 0.        ,  0.        , -0.02178789,  0.00568431]], dtype=float32)",
)
linear = _replayed(
    init.linear,
    'replay.linear(state, 3, 2)[0]["bias"]\nArray([-0.01143914,  0.45777494], dtype=float32)',
)
bilinear = _replayed(
    init.bilinear,
    'replay.bilinear(state, 3, 2, 1)[0]["bias"]\nArray([-0.01143914], dtype=float32)',
)
conv1d = _replayed(
    init.conv1d,
    'replay.conv1d(state, 1, 2, 3)[0]["bias"]\nArray([-0.01143914,  0.45777494], dtype=float32)',
)
conv2d = _replayed(
    init.conv2d,
    'replay.conv2d(state, 1, 2, 3)[0]["bias"]\nArray([-0.22598037, -0.14515428], dtype=float32)',
)
conv3d = _replayed(
    init.conv3d,
    'replay.conv3d(state, 1, 2, 3)[0]["bias"]\nArray([ 0.12903516, -0.11331506], dtype=float32)',
)
conv_transpose1d = _replayed(
    init.conv_transpose1d,
    'replay.conv_transpose1d(state, 1, 2, 3)[0]["bias"]\n'
    "Array([-0.0080887 ,  0.32369578], dtype=float32)",
)
conv_transpose2d = _replayed(
    init.conv_transpose2d,
    'replay.conv_transpose2d(state, 1, 2, 3)[0]["bias"]\n'
    "Array([-0.15979224, -0.10263957], dtype=float32)",
)
conv_transpose3d = _replayed(
    init.conv_transpose3d,
    'replay.conv_transpose3d(state, 1, 2, 3)[0]["bias"]\n'
    "Array([ 0.09124164, -0.08012585], dtype=float32)",
)
embedding = _replayed(
    init.embedding,
    'replay.embedding(state, 1, 3)[0]["weight"]\n'
    "Array([[ 1.5409961, -0.2934289, -2.1787894]], dtype=float32)",
)
rnn = _replayed(
    init.rnn,
    'replay.rnn(state, 3, 2)[0]["bias_hh_l0"]\nArray([-0.6755334 , -0.46830416], dtype=float32)',
)
lstm = _replayed(
    init.lstm,
    'replay.lstm(state, 3, 1)[0]["bias_hh_l0"]\n'
    "Array([ 0.36321712,  0.83038795, -0.20580018,  0.74831176], dtype=float32)",
)
gru = _replayed(
    init.gru,
    'replay.gru(state, 3, 1)[0]["bias_hh_l0"]\n'
    "Array([0.03704357, 0.3953352 , 0.6000228 ], dtype=float32)",
)
multihead_attention = _replayed(
    init.multihead_attention,
    'replay.multihead_attention(state, 2, 1)[0]["out_proj.weight"][0]\n'
    "Array([-0.00529398,  0.3793229 ], dtype=float32)",
)
