"""Looking up and counting: embeddings, one_hot, bincount, searchsorted, nonzero, unique."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_TABLE = f32([[1.0, 1.0], [2.0, 2.0]])
_EMBEDDING = _DOCS + "torch.nn.functional.embedding.html"
_ONE_HOT = _DOCS + "torch.nn.functional.one_hot.html"

CASES = (
    Case(
        family="indexing",
        name="embedding past the table",
        inputs={"w": _TABLE, "i": np.array([5])},
        torch="F.embedding(i, w)",
        jax="w[i]",
        remedy="""\
from jax.experimental import checkify
error, rows = checkify.checkify(lambda i: w[i], errors=checkify.index_checks)(i)
error.throw()
rows""",
        verdict_jax="error",
        why=(
            "A vocabulary that is too small is found at once in PyTorch; in JAX the last row "
            "comes out."
        ),
        link=_EMBEDDING,
    ),
    Case(
        family="indexing",
        name="embedding at -1",
        inputs={"w": _TABLE, "i": np.array([-1])},
        torch="F.embedding(i, w)",
        jax="w[i]",
        remedy="""\
from jax.experimental import checkify
def embedding(i):
    checkify.check(jnp.all((i >= 0) & (i < len(w))), "index out of range")
    return w[i]

error, rows = checkify.checkify(embedding)(i)
error.throw()
rows""",
        verdict_jax="error",
        why="Labels such as -1 for padding are refused by embedding; brackets read the last row.",
        link=_EMBEDDING,
    ),
    Case(
        family="indexing",
        name="flax's Embed past the table",
        inputs={"i": np.array([5])},
        torch="nn.Embedding(2, 2)(i)",
        jax="nnx.Embed(2, 2, rngs=nnx.Rngs(0))(i)",
        remedy="""\
from jax.experimental import checkify
layer = nnx.Embed(2, 2, rngs=nnx.Rngs(0))
error, rows = checkify.checkify(lambda i: layer(i), errors=checkify.index_checks)(i)
error.throw()
rows""",
        verdict_jax="error",
        why="flax looks up by jnp.take, which gives NaN past the end.",
        link=_DOCS + "torch.nn.Embedding.html",
    ),
    Case(
        family="indexing",
        name="embedding with padding_idx",
        inputs={"w": _TABLE, "i": np.array([0, 1])},
        torch="F.embedding(i, w, padding_idx=0)",
        jax="w[i]",
        remedy="jnp.where((i == 0)[:, None], jax.lax.stop_gradient(w[i]), w[i])",
        verdict_jax="gradient",
        grads=("w",),
        why="padding_idx changes no value: it only keeps the gradient of that row at 0.",
        link=_EMBEDDING,
    ),
    Case(
        family="indexing",
        name="embedding with max_norm",
        inputs={"w": f32([[3.0, 4.0]]), "i": np.array([0])},
        torch="F.embedding(i, w, max_norm=1.0)",
        jax="w[i]",
        remedy="""\
norm = jnp.linalg.norm(w[i], axis=-1, keepdims=True)
w[i] * jnp.minimum(1, 1 / (norm + 1e-7))""",
        verdict_jax="value",
        why=(
            "Rows longer than max_norm are shortened, in the table itself too, when they are "
            "looked up."
        ),
        link=_EMBEDDING,
    ),
    Case(
        family="indexing",
        name="the table after embedding with max_norm",
        inputs={"w": f32([[3.0, 4.0], [0.3, 0.4]]), "i": np.array([0])},
        torch="""\
F.embedding(i, w, max_norm=1.0)
w""",
        jax="""\
rows = w[i] * jnp.minimum(1, 1 / (jnp.linalg.norm(w[i], axis=-1, keepdims=True) + 1e-7))
w""",
        remedy="""\
rows = w[i] * jnp.minimum(1, 1 / (jnp.linalg.norm(w[i], axis=-1, keepdims=True) + 1e-7))
w.at[i].set(rows)""",
        verdict_jax="value",
        why=(
            "Looking up changes the parameter in PyTorch; in JAX the shorter rows have to be put "
            "back."
        ),
        link=_EMBEDDING,
    ),
    Case(
        family="indexing",
        name="embedding_bag, the mean of an empty bag",
        inputs={"w": _TABLE, "i": np.array([0, 1]), "offsets": np.array([0, 2])},
        torch='F.embedding_bag(i, w, offsets, mode="mean")',
        jax="""\
bags = jnp.searchsorted(offsets, jnp.arange(len(i)), side="right") - 1
jax.ops.segment_sum(w[i], bags, 2) / jnp.bincount(bags, length=2)[:, None]""",
        remedy="""\
bags = jnp.searchsorted(offsets, jnp.arange(len(i)), side="right") - 1
jax.ops.segment_sum(w[i], bags, 2) / jnp.maximum(jnp.bincount(bags, length=2), 1)[:, None]""",
        verdict_jax="value",
        grads=("w",),
        why="An empty bag is 0 in PyTorch, where the sum over the count is 0 / 0.",
        link=_DOCS + "torch.nn.functional.embedding_bag.html",
    ),
    Case(
        family="indexing",
        name="the dtype of one_hot",
        inputs={"i": np.array([0, 2])},
        torch="F.one_hot(i, 3)",
        jax="jax.nn.one_hot(i, 3)",
        remedy="jax.nn.one_hot(i, 3, dtype=int)",
        verdict_jax="dtype",
        why="PyTorch gives integers, JAX floats.",
        link=_ONE_HOT,
    ),
    Case(
        family="indexing",
        name="one_hot, as many classes as needed",
        inputs={"i": np.array([0, 2])},
        torch="F.one_hot(i).float()",
        jax="jax.nn.one_hot(i)",
        remedy="jax.nn.one_hot(i, int(i.max()) + 1)",
        verdict_jax="error",
        why=(
            "PyTorch counts up to the largest class; a shape must not depend on values under jit, "
            "so JAX wants the number."
        ),
        link=_ONE_HOT,
    ),
    Case(
        family="indexing",
        name="one_hot of a class that there is not",
        inputs={"i": np.array([0, 3])},
        torch="F.one_hot(i, 3).float()",
        jax="jax.nn.one_hot(i, 3)",
        remedy="""\
from jax.experimental import checkify
def one_hot(i):
    checkify.check(jnp.all((i >= 0) & (i < 3)), "class out of range")
    return jax.nn.one_hot(i, 3)

error, rows = checkify.checkify(one_hot)(i)
error.throw()
rows""",
        verdict_jax="error",
        why="A row of zeros in JAX.",
        link=_ONE_HOT,
    ),
    Case(
        family="indexing",
        name="one_hot of -1",
        inputs={"i": np.array([-1])},
        torch="F.one_hot(i, 3).float()",
        jax="jax.nn.one_hot(i, 3)",
        remedy="""\
from jax.experimental import checkify
def one_hot(i):
    checkify.check(jnp.all((i >= 0) & (i < 3)), "class out of range")
    return jax.nn.one_hot(i, 3)

error, rows = checkify.checkify(one_hot)(i)
error.throw()
rows""",
        verdict_jax="error",
        why="A row of zeros in JAX, which some losses rely on to ignore a label.",
        link=_ONE_HOT,
    ),
    Case(
        family="indexing",
        name="bincount with a negative number",
        inputs={"i": np.array([-1, 0, 1])},
        torch="torch.bincount(i)",
        jax="jnp.bincount(i)",
        remedy="""\
from jax.experimental import checkify
def bincount(i):
    checkify.check(jnp.all(i >= 0), "negative")
    return jnp.bincount(i, length=2)

error, counts = checkify.checkify(bincount)(i)
error.throw()
counts""",
        verdict_jax="error",
        why="jnp.bincount counts what is negative as 0.",
        link=_DOCS + "torch.bincount.html",
    ),
    Case(
        family="indexing",
        name="bincount with a length",
        inputs={"i": np.array([0, 5])},
        torch="torch.bincount(i, minlength=3)",
        jax="jnp.bincount(i, length=3)",
        remedy="jnp.bincount(i, minlength=3)",
        verdict_jax="shape",
        why="length is exact, so that the shape is known under jit, and drops what is beyond it.",
        link=_DOCS + "torch.bincount.html",
    ),
    Case(
        family="indexing",
        name="bincount with weights",
        inputs={"i": np.array([0, 1, 1]), "u": f32([0.5, 1.0, 2.0])},
        torch="torch.bincount(i, u)",
        jax="jnp.bincount(i, u)",
        why="The weights are added up in their own dtype.",
        link=_DOCS + "torch.bincount.html",
    ),
    Case(
        family="indexing",
        name="histc with numbers out of range",
        inputs={"x": f32([-1.0, 0.0, 1.0, 2.0, 3.0])},
        torch="torch.histc(x, 2, 0, 2)",
        jax="jnp.histogram(x, 2, (0, 2))[0]",
        why=(
            "Numbers out of range are not counted, and the last bin has its upper edge, on both "
            "sides."
        ),
        link=_DOCS + "torch.histc.html",
    ),
    Case(
        family="indexing",
        name="histc of a constant",
        inputs={"x": f32([2.0, 2.0])},
        torch="torch.histc(x, 2)",
        jax="jnp.histogram(x, 2)[0]",
        why=(
            "Where all are equal both widen the range to one on each side or a half; the numbers "
            "are the same."
        ),
        link=_DOCS + "torch.histc.html",
    ),
    Case(
        family="indexing",
        name="searchsorted at an equal number",
        inputs={"x": f32([1.0, 2.0, 2.0, 3.0]), "v": f32([2.0])},
        torch="torch.searchsorted(x, v)",
        jax="jnp.searchsorted(x, v)",
        why="The first place that keeps the order, on both sides.",
        link=_DOCS + "torch.searchsorted.html",
    ),
    Case(
        family="indexing",
        name="searchsorted among numbers that are not sorted",
        inputs={"x": f32([3.0, 1.0, 2.0]), "v": f32([2.0])},
        torch="torch.searchsorted(x, v)",
        jax="jnp.searchsorted(x, v)",
        why="Neither side checks the order; both halve the range and happen to agree.",
        link=_DOCS + "torch.searchsorted.html",
    ),
    Case(
        family="indexing",
        name="searchsorted in each row",
        inputs={"x": f32([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]), "v": f32([[3.0], [3.0]])},
        torch="torch.searchsorted(x, v)",
        jax="jnp.searchsorted(x, v)",
        remedy="jax.vmap(jnp.searchsorted)(x, v)",
        verdict_jax="error",
        why="PyTorch searches row by row; JAX's takes one sorted row, and vmap makes it many.",
        link=_DOCS + "torch.searchsorted.html",
    ),
    Case(
        family="indexing",
        name="bucketize at an edge",
        inputs={"x": f32([1.0]), "edges": f32([0.0, 1.0, 2.0])},
        torch="torch.bucketize(x, edges)",
        jax="jnp.digitize(x, edges)",
        remedy="jnp.digitize(x, edges, right=True)",
        verdict_jax="value",
        why=(
            "right means the opposite: PyTorch's default puts an edge into the bucket that it "
            "closes, digitize's into the one that it opens."
        ),
        link=_DOCS + "torch.bucketize.html",
    ),
    Case(
        family="indexing",
        name="nonzero",
        inputs={"x": f32([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])},
        torch="torch.nonzero(x)",
        jax="jnp.nonzero(x)",
        remedy="jnp.argwhere(x)",
        verdict_jax="structure",
        why="PyTorch gives a row for each element, jnp.nonzero an array for each dimension.",
        link=_DOCS + "torch.nonzero.html",
    ),
    Case(
        family="indexing",
        name="where with a condition alone",
        inputs={"x": f32([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])},
        torch="torch.where(x > 1)",
        jax="jnp.where(x > 1)",
        why="An array for each dimension, on both sides.",
        link=_DOCS + "torch.where.html",
    ),
    Case(
        family="indexing",
        name="tril_indices",
        torch="torch.tril_indices(2, 3)",
        jax="jnp.stack(jnp.tril_indices(2, m=3))",
        why="The same order; in JAX a pair, and the third argument of both names is another.",
        link=_DOCS + "torch.tril_indices.html",
    ),
    Case(
        family="indexing",
        name="unique",
        inputs={"x": f32([3.0, 1.0, 2.0, 1.0])},
        torch="torch.unique(x, return_inverse=True, return_counts=True)",
        jax="jnp.unique(x, return_inverse=True, return_counts=True)",
        why="Sorted on both sides, with the same places and counts.",
        link=_DOCS + "torch.unique.html",
    ),
    Case(
        family="indexing",
        name="unique with NaN",
        inputs={"x": f32([np.nan, 1.0, np.nan])},
        torch="torch.unique(x)",
        jax="jnp.unique(x)",
        remedy="jnp.unique(x, equal_nan=False)",
        verdict_jax="shape",
        why=(
            "Every NaN is its own number in PyTorch; JAX takes them for one unless told otherwise."
        ),
        link=_DOCS + "torch.unique.html",
    ),
    Case(
        family="indexing",
        name="unique_consecutive",
        inputs={"x": f32([1.0, 1.0, 2.0, 1.0])},
        torch="torch.unique_consecutive(x)",
        jax="jnp.unique(x)",
        remedy="x[jnp.concatenate([jnp.array([True]), x[1:] != x[:-1]])]",
        verdict_jax="shape",
        why="Only neighbours that are equal become one; JAX has no such function.",
        link=_DOCS + "torch.unique_consecutive.html",
    ),
    Case(
        family="indexing",
        name="isin",
        inputs={"x": f32([1.0, 2.0, 3.0]), "v": f32([3.0, 1.0])},
        torch="torch.isin(x, v)",
        jax="jnp.isin(x, v)",
        why="The same.",
        link=_DOCS + "torch.isin.html",
    ),
)
