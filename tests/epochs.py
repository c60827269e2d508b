"""A small table, and the loss of a linear model on it, for `fit_epochs`."""

import jax.numpy as jnp
import numpy as np

from jaxgrad.fit import linear
from jaxgrad.functional import mse_loss

ROWS, SIZE = 103, 10


def loss_fn(params, batch):
    x, y = batch
    return mse_loss(linear(params, x), y)


def rmse(params, batch):
    return jnp.sqrt(loss_fn(params, batch))


def start(dtype="float32", columns=3):
    return {"weight": jnp.zeros(columns, dtype), "bias": jnp.zeros((), dtype)}


def table(dtype="float32", rows=ROWS, columns=3):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, columns))
    y = x @ np.arange(1.0, columns + 1) + 1 + 0.1 * draw.normal(size=rows)
    return jnp.array(x, dtype), jnp.array(y, dtype)


def batches(data, size=SIZE):
    """A source: the batches in order, the first `start` left out."""

    def source(epoch, start):
        for i in range(start * size, len(data[1]), size):
            yield tuple(np.asarray(leaf[i : i + size]) for leaf in data)

    return source


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
