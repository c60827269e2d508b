"""Writing by index: out of bounds, the same index twice, scatter and masks."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_AT = "https://docs.jax.dev/en/latest/_autosummary/jax.numpy.ndarray.at.html"
_X = f32([10.0, 20.0, 30.0])
_TWICE = {"x": _X, "i": np.array([0, 0]), "u": f32([1.0, 2.0])}

CASES = (
    Case(
        family="indexing",
        name="assigning to an element",
        inputs={"x": _X},
        torch="""\
y = x.clone()
y[0] = 5.0
y""",
        jax="""\
y = jnp.array(x)
y[0] = 5.0
y""",
        remedy="x.at[0].set(5.0)",
        verdict_jax="error",
        grads=("x",),
        why="JAX's arrays never change; the update gives a new one.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="writing past the end",
        inputs={"x": _X},
        torch="""\
y = x.clone()
y[5] = 1.0
y""",
        jax="x.at[5].set(1.0)",
        remedy="""\
from jax.experimental import checkify
error, y = checkify.checkify(lambda x: x.at[5].set(1.0), errors=checkify.index_checks)(x)
error.throw()
y""",
        verdict_jax="error",
        why="PyTorch raises; in JAX an update out of bounds is dropped without a word.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="writing before the beginning",
        inputs={"x": _X},
        torch="""\
y = x.clone()
y[-4] = 1.0
y""",
        jax="x.at[-4].set(1.0)",
        remedy="""\
from jax.experimental import checkify
error, y = checkify.checkify(lambda x: x.at[-4].set(1.0), errors=checkify.index_checks)(x)
error.throw()
y""",
        verdict_jax="error",
        why="-3 would be the first element; -4 is out of bounds and the update is dropped.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="index_add past the end",
        inputs={"x": _X, "i": np.array([0, 3]), "u": f32([1.0, 2.0])},
        torch="x.index_add(0, i, u)",
        jax="x.at[i].add(u)",
        remedy="""\
from jax.experimental import checkify
error, y = checkify.checkify(lambda x: x.at[i].add(u), errors=checkify.index_checks)(x)
error.throw()
y""",
        verdict_jax="error",
        why="The 2 that belongs nowhere is lost in JAX, where PyTorch raises.",
        link=_DOCS + "torch.Tensor.index_add_.html",
    ),
    Case(
        family="indexing",
        name="assigning twice to one element",
        inputs=_TWICE,
        torch="""\
y = x.clone()
y[i] = u
y""",
        jax="x.at[i].set(u)",
        remedy="""\
fixed = jax.lax.stop_gradient(u)
x.at[i].set(fixed).at[i].add(u - fixed)""",
        verdict_jax="gradient",
        grads=(
            "x",
            "u",
        ),
        why=(
            "The last value stays on both sides; PyTorch gives a gradient of 1 to both sources, "
            "JAX to the one that stayed."
        ),
        link=_DOCS + "torch.Tensor.index_put_.html",
    ),
    Case(
        family="indexing",
        name="scatter twice to one element",
        inputs=_TWICE,
        torch="x.scatter(0, i, u)",
        jax="x.at[i].set(u)",
        remedy="""\
fixed = jax.lax.stop_gradient(u)
x.at[i].set(fixed).at[i].add(u - fixed)""",
        verdict_jax="gradient",
        grads=(
            "x",
            "u",
        ),
        why=(
            "PyTorch's derivative of scatter is a gather, so the source that was overwritten has "
            "a gradient too; its documentation leaves this case open."
        ),
        link=_DOCS + "torch.Tensor.scatter_.html",
    ),
    Case(
        family="indexing",
        name="adding in place twice to one element",
        inputs=_TWICE,
        torch="""\
y = x.clone()
y[i] += u
y""",
        jax="x.at[i].add(u)",
        remedy="""\
summed = x[i] + u
fixed = jax.lax.stop_gradient(summed)
x.at[i].set(fixed).at[i].add(summed - fixed)""",
        verdict_jax="value",
        grads=(
            "x",
            "u",
        ),
        why=(
            "+= reads, adds and assigns, so that the last sum stays: 12; at[].add adds every "
            "value: 13."
        ),
        link=_DOCS + "torch.Tensor.index_put_.html",
    ),
    Case(
        family="indexing",
        name="scatter_add twice to one element",
        inputs=_TWICE,
        torch="x.scatter_add(0, i, u)",
        jax="x.at[i].add(u)",
        grads=(
            "x",
            "u",
        ),
        why="Both values are added on both sides.",
        link=_DOCS + "torch.Tensor.scatter_add_.html",
    ),
    Case(
        family="indexing",
        name="index_add twice to one element, alpha = 2",
        inputs=_TWICE,
        torch="x.index_add(0, i, u, alpha=2)",
        jax="x.at[i].add(2 * u)",
        grads=(
            "x",
            "u",
        ),
        why="alpha scales what is added.",
        link=_DOCS + "torch.Tensor.index_add_.html",
    ),
    Case(
        family="indexing",
        name="index_put with accumulate",
        inputs=_TWICE,
        torch="x.index_put((i,), u, accumulate=True)",
        jax="x.at[i].add(u)",
        grads=(
            "x",
            "u",
        ),
        why="Accumulated, a repeated index counts as often as it is there.",
        link=_DOCS + "torch.Tensor.index_put_.html",
    ),
    Case(
        family="indexing",
        name="scatter_reduce amax, tied with what was there",
        inputs={"x": f32([1.0, 0.0]), "i": np.array([0]), "u": f32([1.0])},
        torch='x.scatter_reduce(0, i, u, "amax")',
        jax="x.at[i].max(u)",
        grads=(
            "x",
            "u",
        ),
        why="The gradient is shared evenly on both sides.",
        link=_DOCS + "torch.Tensor.scatter_reduce_.html",
    ),
    Case(
        family="indexing",
        name="scatter_reduce prod, with a zero",
        inputs={"x": f32([0.0, 2.0]), "i": np.array([0, 1]), "u": f32([3.0, 4.0])},
        torch='x.scatter_reduce(0, i, u, "prod")',
        jax="x.at[i].multiply(u)",
        remedy="x.at[i].multiply(u, unique_indices=True)",
        verdict_jax="error",
        grads=(
            "x",
            "u",
        ),
        why="at[].multiply has a gradient only where the indices are declared to be unique.",
        link=_DOCS + "torch.Tensor.scatter_reduce_.html",
    ),
    Case(
        family="indexing",
        name="scatter_reduce mean counts what was there",
        inputs={"x": f32([4.0, 0.0]), "i": np.array([0, 0]), "u": f32([1.0, 3.0])},
        torch='x.scatter_reduce(0, i, u, "mean")',
        jax="jax.ops.segment_sum(u, i, 2) / jnp.maximum(jnp.bincount(i, length=2), 1)",
        remedy="x.at[i].add(u) / (1 + jnp.bincount(i, length=2))",
        verdict_jax="value",
        grads=(
            "x",
            "u",
        ),
        why="By default the element that was there is one of those averaged.",
        link=_DOCS + "torch.Tensor.scatter_reduce_.html",
    ),
    Case(
        family="indexing",
        name="the mean of an empty segment",
        inputs={"u": f32([1.0, 3.0]), "i": np.array([0, 0])},
        torch='torch.zeros(2).scatter_reduce(0, i, u, "mean", include_self=False)',
        jax="jax.ops.segment_sum(u, i, 2) / jax.ops.segment_sum(jnp.ones_like(u), i, 2)",
        remedy="""\
count = jax.ops.segment_sum(jnp.ones_like(u), i, 2)
jax.ops.segment_sum(u, i, 2) / jnp.maximum(count, 1)""",
        verdict_jax="value",
        grads=("u",),
        why="PyTorch leaves the 0 that was there; the sum over the count is 0 / 0.",
        link=_DOCS + "torch.Tensor.scatter_reduce_.html",
    ),
    Case(
        family="indexing",
        name="the maximum of an empty segment",
        inputs={"u": f32([1.0, 3.0]), "i": np.array([0, 0])},
        torch='torch.zeros(2).scatter_reduce(0, i, u, "amax", include_self=False)',
        jax="jax.ops.segment_max(u, i, 2)",
        remedy="""\
count = jnp.bincount(i, length=2)
jnp.where(count > 0, jax.ops.segment_max(u, i, 2), 0)""",
        verdict_jax="value",
        grads=("u",),
        why="PyTorch leaves the 0 that was there; segment_max starts at -inf.",
        link=_DOCS + "torch.Tensor.scatter_reduce_.html",
    ),
    Case(
        family="indexing",
        name="the sum of segments, the last one empty",
        inputs={"u": f32([1.0, 3.0, 5.0]), "i": np.array([0, 1, 1])},
        torch="torch.zeros(3).index_add(0, i, u)",
        jax="jax.ops.segment_sum(u, i)",
        remedy="jax.ops.segment_sum(u, i, 3)",
        verdict_jax="shape",
        grads=("u",),
        why="Without num_segments there are as many segments as the largest index tells.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.ops.segment_sum.html",
    ),
    Case(
        family="indexing",
        name="assigning under a mask",
        inputs={"x": _X},
        torch="""\
y = x.clone()
y[x > 15] = 0.0
y""",
        jax="x.at[x > 15].set(0.0)",
        grads=("x",),
        why="A scalar under a mask is a where on both sides, under jit too.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="assigning several values under a mask, under jit",
        inputs={"x": _X, "u": f32([1.0, 2.0])},
        torch="""\
y = x.clone()
y[x > 15] = u
y""",
        jax="jax.jit(lambda x, u: x.at[x > 15].set(u))(x, u)",
        remedy="""\
def assign(x, u):
    mask = x > 15
    return jnp.where(mask, u[jnp.cumsum(mask) - 1], x)

jax.jit(assign)(x, u)""",
        verdict_jax="error",
        grads=(
            "x",
            "u",
        ),
        why=(
            "Under jit the number of places is not known; the count of places so far tells which "
            "value comes next."
        ),
        link=_AT,
    ),
    Case(
        family="indexing",
        name="masked_scatter with values to spare",
        inputs={"x": _X, "m": np.array([False, True, True]), "u": f32([1.0, 2.0, 3.0])},
        torch="x.masked_scatter(m, u)",
        jax="x.at[m].set(u)",
        remedy="jnp.where(m, u[jnp.cumsum(m) - 1], x)",
        verdict_jax="error",
        grads=(
            "x",
            "u",
        ),
        why="masked_scatter takes as many values as it needs; at[].set wants exactly as many.",
        link=_DOCS + "torch.Tensor.masked_scatter_.html",
    ),
    Case(
        family="indexing",
        name="assigning a float to an integer element",
        inputs={"x": np.array([10, 20, 30], np.int32)},
        torch="""\
y = x.clone()
y[0] = 1.7
y""",
        jax="x.at[0].set(1.7)",
        why="Both cut 1.7 to 1; JAX warns that a later version will refuse.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="exchanging two elements",
        inputs={"x": _X, "i": np.array([0, 1]), "j": np.array([1, 0])},
        torch="""\
y = x.clone()
y[i] = y[j]
y""",
        jax="x.at[i].set(x[j])",
        grads=("x",),
        why="The right side is read before anything is written.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="shifting an array within itself",
        inputs={"x": _X},
        torch="""\
y = x.clone()
y[1:] = y[:-1]
y""",
        jax="x.at[1:].set(x[:-1])",
        verdict_jax="error",
        grads=("x",),
        why=(
            "PyTorch refuses to copy between places that overlap; no remedy is needed, JAX reads "
            "all before it writes."
        ),
        link=_AT,
    ),
    Case(
        family="indexing",
        name="put",
        inputs={"x": _X, "i": np.array([0, 2]), "u": f32([1.0, 2.0])},
        torch="torch.Tensor.put(x, i, u)",
        jax="jnp.put(x, i, u)",
        remedy="jnp.put(x, i, u, inplace=False)",
        verdict_jax="error",
        grads=(
            "x",
            "u",
        ),
        why="NumPy's put works in place, which jnp.put refuses unless told otherwise.",
        link=_DOCS + "torch.Tensor.put_.html",
    ),
    Case(
        family="indexing",
        name="fill_diagonal",
        inputs={"x": np.zeros((4, 2), np.float32)},
        torch="x.fill_diagonal_(1.0)",
        jax="jnp.fill_diagonal(x, 1.0)",
        remedy="jnp.fill_diagonal(x, 1.0, inplace=False)",
        verdict_jax="error",
        why="NumPy's works in place, which JAX's refuses unless told otherwise.",
        link=_DOCS + "torch.Tensor.fill_diagonal_.html",
    ),
)
