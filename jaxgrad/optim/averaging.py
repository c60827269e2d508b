"""Averages of parameters, beside the optimizer that moves them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .. import _checks
from . import _arguments as arguments
from ._arguments import Number
from ._numbers import lerp


class AveragedModelState(NamedTuple):
    """What `averaged_model` remembers.

    Attributes:
        count: int32, the updates so far.
        n_averaged: int32, how many parameters are in the average.
        average: the average, like the parameters.
    """

    count: Any
    n_averaged: jax.Array
    average: Any


def averaged_model(
    decay: Number | None = None, start: int = 0, every: int = 1
) -> optax.GradientTransformation:
    """`torch.optim.swa_utils.AveragedModel`: the average of the parameters on their way.

        SWA: a ← a + (θ - a) / (n + 1);   EMA: a ← a + (1 - decay) (θ - a)

    The last link of a chain: it lets the updates through and averages what they lead to. The first
    parameters that count are the average at first. `optax.tree.get(state, "average")` is it. Until
    then it is a copy of the parameters, zeros where `init` was given their shapes alone.

    Source: Izmailov et al., 2018, https://arxiv.org/abs/1803.05407;
    https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    Args:
        decay: of the moving average, in [0, 1] (`get_ema_avg_fn`); None for the equal average
            of all (`get_swa_avg_fn`).
        start: the number of the update, from 0, after which averaging begins.
        every: how many updates lie between one averaging and the next.

    Returns:
        A transformation, whose `update` needs the parameters.

    Raises:
        ValueError: a number is out of range, or the parameters are not given.
        TypeError: an argument is no number.

    >>> import jax.numpy as jnp, optax
    >>> from jaxgrad.optim import averaged_model, sgd
    >>> optimizer, params = optax.chain(sgd(lr=1.0), averaged_model()), jnp.zeros(1)
    >>> state = optimizer.init(params)
    >>> for _ in range(3):
    ...     updates, state = optimizer.update(jnp.ones(1), state, params)
    ...     params = optax.apply_updates(params, updates)
    >>> float(params[0]), float(state[1].average[0])
    (-3.0, -2.0)
    """
    name = "averaged_model"
    if decay is not None:
        decay = arguments.bounded(name, "decay", decay, lambda x: (x >= 0) & (x <= 1), "in [0, 1]")
    begin = arguments.count(name, "start", start, 0)
    stride = arguments.count(name, "every", every, 1)

    def init(params: optax.Params) -> AveragedModelState:
        count, number = (jnp.asarray(np.zeros((), np.int32)) for _ in range(2))
        average = jax.tree.map(_copied, arguments.parameters(name, params))
        return AveragedModelState(count, number, average)

    def update(
        updates: optax.Updates, state: Any, params: optax.Params | None = None, **_: Any
    ) -> tuple[optax.Updates, AveragedModelState]:
        if params is None:
            raise ValueError(_checks.wrong(name, "params", "given to update", None))
        counts = (state.count >= begin) & ((state.count - begin) % stride == 0)

        def averaged(param: Any, average: jax.Array, update: Any) -> jax.Array:
            new: Any = param if update is None else optax.apply_updates(param, update)
            if not jnp.issubdtype(average.dtype, jnp.inexact):
                return jnp.where(counts, new, average)
            real = jnp.finfo(average.dtype).dtype
            if decay is None:
                moved = average + (new - average) / (state.n_averaged + 1).astype(real)
            else:
                moved = lerp(average, new, (1 - jnp.asarray(decay)).astype(real))
            moved = jnp.where(state.n_averaged == 0, new, moved)
            return jnp.where(counts, moved, average)

        treedef = jax.tree.structure(params)
        columns = [treedef.flatten_up_to(tree) for tree in (params, state.average, updates)]
        average = treedef.unflatten([averaged(*row) for row in zip(*columns, strict=True)])
        number = state.n_averaged + counts.astype(jnp.int32)
        return updates, AveragedModelState(optax.safe_increment(state.count), number, average)

    return optax.GradientTransformationExtraArgs(init, update)


def _copied(leaf: Any) -> jax.Array:
    """Memory of its own, as a step may be given the parameters' to write to."""
    return jnp.copy(leaf) if isinstance(leaf, jax.Array) else jnp.zeros_like(leaf)
