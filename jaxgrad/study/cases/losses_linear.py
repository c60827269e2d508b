"""Cross entropy of a linear layer's outputs, in one function."""

import functools

import numpy as np

from ..case import Case

_case = functools.partial(Case, family="losses")
_LINEAR = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear_cross_entropy.html"
)
_RNG = np.random.RandomState(0)


def _draw(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return _RNG.randn(*shape).astype(dtype)


_LAYER = {"x": _draw(5, 4), "m": _draw(3, 4), "y": np.array([0, 2, 1, 2, 0])}
_BIAS = {"b": _draw(3)}
_GAP = {**_LAYER, "y": np.array([0, -100, 1, 2, 0])}
_SQUARE = {"x": _draw(2, 3), "m": _draw(3, 3), "y": np.array([0, 2])}
_Q = {"x": _LAYER["x"], "m": _LAYER["m"], "q": _RNG.dirichlet(np.ones(3), 5).astype(np.float32)}
_PLACES = {"x": _draw(2, 4), "m": _draw(3, 2, 4), "b": _draw(3, 2), "y": np.array([[0, 2], [1, 1]])}
_OPTAX = "optax.softmax_cross_entropy_with_integer_labels({}, y)"
_CHUNKS = "nn.LinearCrossEntropyOptions(batch_chunk_size=2)"
_HUGE = {"x": np.full((1, 4), 300, np.float16), "y": np.array([0])}

CASES = (
    _case(
        name="linear_cross_entropy",
        inputs=_LAYER,
        torch="F.linear_cross_entropy(x, m, y)",
        jax=f"jnp.mean({_OPTAX.format('x @ m.T')})",
        jaxgrad="F.linear_cross_entropy(x, m, y)",
        grads=("x", "m"),
        why="The same; JAX holds all logits in memory at once.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy with a kernel of JAX's layout",
        inputs=_SQUARE,
        torch="F.linear_cross_entropy(x, m, y)",
        jax=f"jnp.mean({_OPTAX.format('x @ m')})",
        jaxgrad="F.linear_cross_entropy(x, m, y)",
        grads=("x",),
        verdict_jax="value",
        why="The matrix is (out, in); a square one fits either way, without a word.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy in chunks of two rows",
        inputs={**_LAYER, **_BIAS},
        torch=f"F.linear_cross_entropy(x, m, y, linear_bias=b,\n    options={_CHUNKS})",
        jax="rows = jax.lax.map(lambda r: jax.nn.log_softmax(m @ r + b), x, batch_size=2)\n"
        "-jnp.mean(jnp.take_along_axis(rows, y[:, None], 1))",
        jaxgrad="F.linear_cross_entropy(x, m, y, linear_bias=b, chunk_size=2)",
        grads=("x", "m", "b"),
        why="Memory alone differs. jaxgrad's chunks are a number; lax.map saves none in the "
        "backward pass.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy in chunks, with a target of -100",
        inputs=_GAP,
        torch=f"F.linear_cross_entropy(x, m, y, options={_CHUNKS})",
        jax=f"jnp.mean(jnp.where(y == -100, 0.0, {_OPTAX.format('x @ m.T')}))",
        jaxgrad="F.linear_cross_entropy(x, m, y, chunk_size=2)",
        grads=("x", "m"),
        verdict_jax="value",
        why="The mean is over the four targets that count, whatever chunk they are in.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy in chunks, smoothed",
        inputs=_LAYER,
        torch=f"F.linear_cross_entropy(x, m, y, label_smoothing=0.1,\n    options={_CHUNKS})",
        jax="q = optax.smooth_labels(jax.nn.one_hot(y, 3), 0.1)\n"
        "jnp.mean(optax.softmax_cross_entropy(x @ m.T, q))",
        jaxgrad="F.linear_cross_entropy(x, m, y, label_smoothing=0.1, chunk_size=2)",
        grads=("x", "m"),
        why="PyTorch warns and holds all logits; jaxgrad keeps to its chunks.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy against probabilities",
        inputs=_Q,
        torch="F.linear_cross_entropy(x, m, q)",
        jax="jnp.mean(optax.softmax_cross_entropy(x @ m.T, q))",
        jaxgrad="F.linear_cross_entropy(x, m, q, chunk_size=2)",
        grads=("x", "m", "q"),
        why="The same, in jaxgrad in chunks too.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy against probabilities, ignore_index = -100",
        inputs=_Q,
        torch="F.linear_cross_entropy(x, m, q, ignore_index=-100)",
        jax="jnp.mean(optax.softmax_cross_entropy(x @ m.T, q))",
        jaxgrad="F.linear_cross_entropy(x, m, q, ignore_index=-100)",
        verdict_jax="error",
        why="Refused, unlike in cross_entropy where a negative one is overlooked.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy weighted, not reduced",
        inputs={**_GAP, "w": np.array([1, 2, 3.5], np.float32)},
        torch="F.linear_cross_entropy(x, m, y, weight=w, reduction='none')",
        jax=f"w[y] * {_OPTAX.format('x @ m.T')}",
        jaxgrad="F.linear_cross_entropy(x, m, y, weight=w, reduction='none', chunk_size=2)",
        grads=("x", "m"),
        verdict_jax="value",
        why="As cross_entropy: an ignored target is 0 in its place, and in optax NaN.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy of two places for each row",
        inputs=_PLACES,
        torch="F.linear_cross_entropy(x, m, y, linear_bias=b)",
        jax=f"logits = jnp.einsum('ni,cdi->ncd', x, m) + b\njnp.mean({_OPTAX.format('logits')})",
        jaxgrad="F.linear_cross_entropy(x, m, y, linear_bias=b)",
        grads=("x", "m", "b"),
        verdict_jax="error",
        why="A matrix of (C, d, in) gives logits of (N, C, d): the classes are axis 1.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy in chunks, the second derivative",
        inputs={"x": _LAYER["x"][:2], "m": _LAYER["m"], "y": np.array([0, 2])},
        torch=f"options = {_CHUNKS}\n"
        "torch.autograd.functional.hessian(\n"
        "    lambda x: F.linear_cross_entropy(x, m, y, options=options), x)",
        jax=f"jax.hessian(lambda x: jnp.mean({_OPTAX.format('x @ m.T')}))(x)",
        jaxgrad="jax.hessian(lambda x: F.linear_cross_entropy(x, m, y, chunk_size=2))(x)",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
p = scipy.special.softmax(x.astype(float) @ m.T, 1)
rows = [m.T @ (np.diag(q) - np.outer(q, q)) @ m / 2 for q in p]
np.einsum("iab,ij->iajb", rows, np.eye(2))""",
        why="PyTorch's chunks have a first derivative only: the second is 0, without a word.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy in chunks, in forward mode",
        inputs={"x": _LAYER["x"][:2], "m": _LAYER["m"], "y": np.array([0, 2])},
        torch=f"options = {_CHUNKS}\n"
        "torch.func.jvp(\n"
        "    lambda x: F.linear_cross_entropy(x, m, y, options=options), (x,), (x,))[1]",
        jax=f"loss = lambda x: jnp.mean({_OPTAX.format('x @ m.T')})\njax.jvp(loss, (x,), (x,))[1]",
        jaxgrad="jax.jvp(lambda x: F.linear_cross_entropy(x, m, y, chunk_size=2), (x,), (x,))[1]",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
logits, h = x.astype(float) @ m.T, 1e-5
f = lambda z: np.mean(scipy.special.logsumexp(z, axis=1) - z[range(2), y])
(f(logits * (1 + h)) - f(logits * (1 - h))) / (2 * h)""",
        why="PyTorch's chunks have no derivative in forward mode: it is 0, without a word.",
        link=_LINEAR,
    ),
    _case(
        name="linear_cross_entropy of float16 logits of 90000",
        inputs={**_HUGE, "m": np.array([[75] * 4, [74] * 4], np.float16)},
        torch="F.linear_cross_entropy(x, m, y)",
        jax=f"jnp.mean({_OPTAX.format('x @ m.T')})",
        jaxgrad="F.linear_cross_entropy(x, m, y)",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
logits = x.astype(float) @ m.T.astype(float)
np.mean(scipy.special.logsumexp(logits, axis=1) - logits[range(1), y])""",
        why="Both logits are inf in float16, and their difference NaN; jaxgrad adds up and "
        "compares them in float32.",
        link=_LINEAR,
    ),
)
