"""Averages of the parameters that an optimizer moves."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .. import _checks
from . import _hyperparameters
from ._formulas import lerp
from ._hyperparameters import Number


class AveragedModelState(NamedTuple):
    """The state of `averaged_model`.

    Attributes:
        count: int32, the updates so far.
        n_averaged: int32, the number of parameters in the average.
        average: the average, like the parameters.
    """

    count: Any
    n_averaged: jax.Array
    average: Any


def averaged_model(
    decay: Number | None = None, start: int = 0, every: int = 1
) -> optax.GradientTransformation:
    """`torch.optim.swa_utils.AveragedModel`: the average of the parameters during training.

        SWA: a ← a + (θ - a) / (n + 1);   EMA: a ← a + (1 - decay) (θ - a)

    It is the last transformation of a chain: it passes the updates on and averages the parameters
    that they lead to. `optax.tree.get(state, "average")` is the average. It begins as the first
    parameters that are averaged. Until then it is a copy of the parameters, or zeros if `init` was
    given only shapes. An update of None stands for a value that has moved already: with
    `use_buffers` PyTorch averages running statistics, as `update(dict.fromkeys(stats), state,
    stats)` does.

    Source: Izmailov et al., 2018, https://arxiv.org/abs/1803.05407;
    https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    Args:
        decay: the decay of a moving average, in [0, 1] (`get_ema_avg_fn`); None for the equally
            weighted average (`get_swa_avg_fn`).
        start: the number of the update, from 0, after which averaging begins.
        every: the number of updates from one averaging to the next.

    Returns:
        A transformation, whose `update` needs the parameters.

    Raises:
        ValueError: a number is out of range, or the parameters are not given.
        TypeError: an argument is not a number.

    Differs from PyTorch: integers, such as counts of batches, are the last ones. With `use_buffers`
    PyTorch averages them too and cuts the fraction off, so that a count stays where it began.

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
    check = _checks.of("averaged_model")
    if decay is not None:
        decay = _hyperparameters.bounded(
            check, "decay", decay, lambda x: (x >= 0) & (x <= 1), "in [0, 1]"
        )
    begin = _hyperparameters.count(check, "start", start, 0)
    stride = _hyperparameters.count(check, "every", every, 1)

    def init(params: optax.Params) -> AveragedModelState:
        count, number = (jnp.asarray(np.zeros((), np.int32)) for _ in range(2))
        average = jax.tree.map(_copied, _hyperparameters.parameters(check, params))
        return AveragedModelState(count, number, average)

    def update(
        updates: optax.Updates, state: Any, params: optax.Params | None = None, **_: Any
    ) -> tuple[optax.Updates, AveragedModelState]:
        if params is None:
            raise ValueError(check.wrong("params", "given to update", None))
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
    """A copy in its own memory, as a step may donate that of the parameters."""
    return jnp.copy(leaf) if isinstance(leaf, jax.Array) else jnp.zeros_like(leaf)
