"""Dropout and the other activations that draw."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional."

CASES = (
    Case(
        family="activations",
        name="dropout zeroes with probability p",
        torch="F.dropout(torch.ones(100000), 0.2).gt(0).float()",
        jax="jnp.where(jax.random.bernoulli(key, 0.8, (100000,)), 1.0, 0.0)",
        jaxgrad="(F.dropout(key, jnp.ones(100000), 0.2) > 0).astype(float)",
        law="[0.2, 0.8]",
        why="Each element is kept with probability 0.8.",
        link=_DOCS + "dropout.html",
    ),
    Case(
        family="activations",
        name="dropout scales what it keeps",
        torch="F.dropout(torch.ones(1000), 0.2).unique()",
        jax="jnp.unique(jnp.where(jax.random.bernoulli(key, 0.8, (1000,)), 1 / 0.8, 0.0))",
        jaxgrad="jnp.unique(F.dropout(key, jnp.ones(1000), 0.2))",
        why="By 1 / (1 - p) = 1.25, so that the mean stays.",
        link=_DOCS + "dropout.html",
    ),
    Case(
        family="activations",
        name="the gradient of dropout is the mask it drew",
        inputs={"x": f32([1, 2, 3, 4, 5, 6, 7, 8])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.dropout(x, 0.5)\n"
            "y - x * torch.autograd.grad(y.sum(), x, retain_graph=True)[0]"
        ),
        jax=(
            "def drop(x):\n"
            "    return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), x / 0.5, 0.0)\n"
            "\n"
            "drop(x) - x * jax.grad(lambda x: drop(x).sum())(x)"
        ),
        jaxgrad="F.dropout(key, x) - x * jax.grad(lambda x: F.dropout(key, x).sum())(x)",
        why="The same key draws the same mask, so that value and gradient belong together.",
        link=_DOCS + "dropout.html",
    ),
    Case(
        family="activations",
        name="dropout with p = 1, of infinity",
        inputs={"x": f32([-1, 2, np.inf, np.nan])},
        torch="F.dropout(x, 1.0)",
        jax="jnp.where(jax.random.bernoulli(key, 0.0, x.shape), x, 0.0)",
        jaxgrad="F.dropout(key, x, 1.0)",
        grads=("x",),
        verdict_jax="value",
        why=(
            "PyTorch multiplies by a mask of zeros, and infinity times 0 is NaN; a where hides it."
        ),
        link=_DOCS + "dropout.html",
    ),
    Case(
        family="activations",
        name="dropout with p = 0",
        inputs={"x": f32([-1, 2, np.inf, np.nan])},
        torch="F.dropout(x, 0.0)",
        jax="x",
        jaxgrad="F.dropout(key, x, 0.0)",
        grads=("x",),
        why="The input, exactly.",
        link=_DOCS + "dropout.html",
    ),
    Case(
        family="activations",
        name="dropout outside training",
        inputs={"x": f32([-1, 2, np.inf, np.nan])},
        torch="F.dropout(x, training=False)",
        jax="x",
        jaxgrad="F.dropout(key, x, training=False)",
        grads=("x",),
        why="The input, exactly. The key is asked for all the same.",
        link=_DOCS + "dropout.html",
    ),
    Case(
        family="activations",
        name="dropout2d drops whole channels",
        torch="F.dropout2d(torch.ones(500, 20, 3, 3), 0.3).gt(0).float().mean((2, 3))",
        jax="jnp.where(jax.random.bernoulli(key, 0.7, (500, 20)), 1.0, 0.0)",
        jaxgrad=(
            "(F.dropout2d(key, jnp.ones((500, 20, 3, 3)), 0.3) > 0).mean((2, 3), dtype=jnp.float32)"
        ),
        law="[0.3, 0.7]",
        why="The share that is kept of each channel is 0 or 1, and nothing in between.",
        link=_DOCS + "dropout2d.html",
    ),
    Case(
        family="activations",
        name="dropout1d of two dimensions drops whole rows",
        torch="F.dropout1d(torch.ones(5000, 4), 0.3).gt(0).float().mean(1)",
        jax="jnp.where(jax.random.bernoulli(key, 0.7, (5000,)), 1.0, 0.0)",
        jaxgrad="(F.dropout1d(key, jnp.ones((5000, 4)), 0.3) > 0).mean(1, dtype=jnp.float32)",
        law="[0.3, 0.7]",
        why="Without a batch the first axis is that of the channels.",
        link=_DOCS + "dropout1d.html",
    ),
    Case(
        family="activations",
        name="dropout3d drops whole channels",
        torch="F.dropout3d(torch.ones(100, 50, 2, 2, 2), 0.3).gt(0).float().mean((2, 3, 4))",
        jax="jnp.where(jax.random.bernoulli(key, 0.7, (100, 50)), 1.0, 0.0)",
        jaxgrad=(
            "(F.dropout3d(key, jnp.ones((100, 50, 2, 2, 2)), 0.3) > 0).mean((2, 3, 4), "
            "dtype=jnp.float32)"
        ),
        law="[0.3, 0.7]",
        why="The share that is kept of each channel is 0 or 1, and nothing in between.",
        link=_DOCS + "dropout3d.html",
    ),
    Case(
        family="activations",
        name="alpha_dropout keeps mean 0 and variance 1",
        torch="F.alpha_dropout(torch.ones(1000), 0.5, training=True).unique()",
        jax=(
            "a = (0.5 * (1 + 0.5 * 1.7580993**2)) ** -0.5\n"
            "jnp.sort(a * jnp.array([-1.7580993, 1.0]) + a * 1.7580993 * 0.5)"
        ),
        jaxgrad="jnp.unique(F.alpha_dropout(key, jnp.ones(1000), 0.5, training=True))",
        why="What is dropped becomes the limit of selu, and all is scaled and shifted.",
        link=_DOCS + "alpha_dropout.html",
    ),
    Case(
        family="activations",
        name="alpha_dropout by default",
        inputs={"x": f32([-1, 2, np.inf, np.nan])},
        torch="F.alpha_dropout(x)",
        jax="x",
        jaxgrad="F.alpha_dropout(key, x)",
        grads=("x",),
        why="training=False by default, unlike dropout.",
        link=_DOCS + "alpha_dropout.html",
    ),
    Case(
        family="activations",
        name="feature_alpha_dropout drops whole channels",
        torch=(
            "y = F.feature_alpha_dropout(torch.ones(100, 50, 4), 0.3, training=True)\n"
            "y.gt(0).float().mean(2)"
        ),
        jax="jnp.where(jax.random.bernoulli(key, 0.7, (100, 50)), 1.0, 0.0)",
        jaxgrad=(
            "y = F.feature_alpha_dropout(key, jnp.ones((100, 50, 4)), 0.3, training=True)\n"
            "(y > 0).mean(2, dtype=jnp.float32)"
        ),
        law="[0.3, 0.7]",
        why="The share that is kept of each channel is 0 or 1, and nothing in between.",
        link="https://docs.pytorch.org/docs/stable/nn.functional.html#dropout-functions",
    ),
    Case(
        family="activations",
        name="rrelu in training",
        torch="-F.rrelu(-torch.ones(50000), training=True)",
        jax="jax.random.uniform(key, (50000,), minval=1 / 8, maxval=1 / 3)",
        jaxgrad="-F.rrelu(key, -jnp.ones(50000), training=True)",
        law="stats.uniform(1 / 8, 1 / 3 - 1 / 8)",
        why="Each slope is uniform between the bounds.",
        link=_DOCS + "rrelu.html",
    ),
    Case(
        family="activations",
        name="gumbel_softmax with hard=True draws the category",
        inputs={"x": f32([0.1, 0.2, 0.3, 0.4])},
        torch=("y = F.gumbel_softmax(torch.log(x).expand(50000, 4), hard=True)\ny.argmax(-1)"),
        jax="jax.random.categorical(key, jnp.log(x), shape=(50000,))",
        jaxgrad=(
            "y = F.gumbel_softmax(key, jnp.broadcast_to(jnp.log(x), (50000, 4)), hard=True)\n"
            "jnp.argmax(y, -1)"
        ),
        law="[0.1, 0.2, 0.3, 0.4]",
        why=("The largest of logits plus Gumbel numbers is a category drawn by its probability."),
        link=_DOCS + "gumbel_softmax.html",
    ),
    Case(
        family="activations",
        name="gumbel_softmax sums to 1",
        inputs={"x": f32([1, 2])},
        torch="F.gumbel_softmax(x, hard=True).sum()",
        jax="jax.nn.softmax(x + jax.random.gumbel(key, x.shape)).sum()",
        jaxgrad="F.gumbel_softmax(key, x, hard=True).sum()",
        why="JAX has no name for it.",
        link=_DOCS + "gumbel_softmax.html",
    ),
)
