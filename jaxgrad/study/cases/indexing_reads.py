"""Reading by index: out of bounds, masks, lists, gather and take."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_JAX = "https://docs.jax.dev/en/latest/"
_BOUNDS = _JAX + "notebooks/Common_Gotchas_in_JAX.html#out-of-bounds-indexing"
_INDEXING = "https://docs.pytorch.org/docs/stable/tensor_view.html"
_X = f32([10.0, 20.0, 30.0])
_SQUARE = f32([[1.0, 2.0], [3.0, 4.0]])

CASES = (
    Case(
        family="indexing",
        name="reading past the end",
        inputs={"x": _X},
        torch="x[5]",
        jax="x[5]",
        remedy="""\
from jax.experimental import checkify
error, value = checkify.checkify(lambda: x[5], errors=checkify.index_checks)()
error.throw()
value""",
        verdict_jax="error",
        why=(
            "PyTorch raises; JAX cannot raise for a value known on the device only, and takes the "
            "nearest element, so 30. checkify brings the error back."
        ),
        link=_BOUNDS,
    ),
    Case(
        family="indexing",
        name="reading at several indices, one past the end",
        inputs={"x": _X, "i": np.array([0, 7])},
        torch="x[i]",
        jax="x[i]",
        remedy="""\
from jax.experimental import checkify
error, value = checkify.checkify(lambda i: x[i], errors=checkify.index_checks)(i)
error.throw()
value""",
        verdict_jax="error",
        why="The index 7 is clamped to 2 and the last element comes out.",
        link=_BOUNDS,
    ),
    Case(
        family="indexing",
        name="reading before the beginning",
        inputs={"x": _X, "i": np.array([-5])},
        torch="x[i]",
        jax="x[i]",
        remedy="""\
from jax.experimental import checkify
error, value = checkify.checkify(lambda i: x[i], errors=checkify.index_checks)(i)
error.throw()
value""",
        verdict_jax="error",
        why="-1 to -3 count from the end on both sides; -5 is clamped to the first element.",
        link=_BOUNDS,
    ),
    Case(
        family="indexing",
        name="a slice past the end",
        inputs={"x": _X},
        torch="x[1:10]",
        jax="x[1:10]",
        grads=("x",),
        why="Slices are cut to what there is, as in Python, on both sides.",
        link=_BOUNDS,
    ),
    Case(
        family="indexing",
        name="narrow past the end",
        inputs={"x": _X},
        torch="x.narrow(0, 2, 2)",
        jax="jax.lax.dynamic_slice_in_dim(x, 2, 2)",
        remedy="jax.lax.slice_in_dim(x, 2, 4)",
        verdict_jax="error",
        why=(
            "A dynamic slice moves its start back until it fits and gives [20, 30]; a static one "
            "raises, as PyTorch does."
        ),
        link=_DOCS + "torch.narrow.html",
    ),
    Case(
        family="indexing",
        name="a slice with a negative step",
        inputs={"x": _X},
        torch="x[::-1]",
        jax="x[::-1]",
        verdict_jax="error",
        why="PyTorch has flip instead; no remedy is needed, JAX reverses as NumPy does.",
        link=_DOCS + "torch.flip.html",
    ),
    Case(
        family="indexing",
        name="the elements where a mask is true",
        inputs={"x": _X},
        torch="x[x > 15]",
        jax="x[x > 15]",
        grads=("x",),
        why=(
            "The number of elements depends on values: the same eagerly, and impossible under jit."
        ),
        link=_DOCS + "torch.masked_select.html",
    ),
    Case(
        family="indexing",
        name="the elements where a mask is true, under jit",
        inputs={"x": _X},
        torch="x[x > 15]",
        jax="jax.jit(lambda x: x[x > 15])(x)",
        remedy="jax.jit(lambda x: jnp.compress(x > 15, x, size=2))(x)",
        verdict_jax="error",
        grads=("x",),
        why=(
            "Under jit every shape is fixed before the values are known; with a size given, "
            "compress cuts or pads to it."
        ),
        link=_JAX + "errors.html#jax.errors.NonConcreteBooleanIndexError",
    ),
    Case(
        family="indexing",
        name="masked_select with a mask that broadcasts",
        inputs={"x": _SQUARE, "m": np.array([[True], [False]])},
        torch="torch.masked_select(x, m)",
        jax="x[m]",
        remedy="x[jnp.broadcast_to(m, x.shape)]",
        verdict_jax="error",
        grads=("x",),
        why="A mask inside brackets must have the array's shape in JAX; masked_select broadcasts.",
        link=_DOCS + "torch.masked_select.html",
    ),
    Case(
        family="indexing",
        name="a mask of uint8",
        inputs={"x": _X, "m": np.array([0, 1, 1], np.uint8)},
        torch="x[m]",
        jax="x[m]",
        remedy="x[m.astype(bool)]",
        verdict_jax="shape",
        why=(
            "PyTorch takes bytes for a mask, and warns; JAX takes them for the indices 0, 1 and 1."
        ),
        link=_DOCS + "torch.masked_select.html",
    ),
    Case(
        family="indexing",
        name="the index True",
        inputs={"x": _SQUARE},
        torch="list(x[True].shape)",
        jax="list(x[True].shape)",
        why="A boolean that is no mask adds a dimension of size 1 on both sides.",
        link=_INDEXING,
    ),
    Case(
        family="indexing",
        name="a float as index",
        inputs={"x": _X},
        torch="x[1.0]",
        jax="x[1.0]",
        why="Both refuse.",
        link=_INDEXING,
    ),
    Case(
        family="indexing",
        name="one list as index",
        inputs={"x": _X},
        torch="x[[0, 2]]",
        jax="x[[0, 2]]",
        remedy="x[jnp.array([0, 2])]",
        verdict_jax="error",
        grads=("x",),
        why="JAX refuses a bare list, which each call would have to convert anew.",
        link="https://github.com/jax-ml/jax/issues/4564",
    ),
    Case(
        family="indexing",
        name="two lists as index",
        inputs={"x": _SQUARE},
        torch="x[[0, 1], [1, 0]]",
        jax="x[[0, 1], [1, 0]]",
        grads=("x",),
        why="Two lists are paired element by element; within a tuple JAX takes lists.",
        link="https://github.com/jax-ml/jax/issues/4564",
    ),
    Case(
        family="indexing",
        name="indices on both sides of a slice",
        inputs={
            "x": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
            "i": np.array([0, 1]),
            "j": np.array([3, 1]),
        },
        torch="x[i, :, j]",
        jax="x[i, :, j]",
        grads=("x",),
        why="The indexed dimension comes first, as in NumPy, on both sides.",
        link=_INDEXING,
    ),
    Case(
        family="indexing",
        name="reading one element twice",
        inputs={"x": _X, "i": np.array([0, 0, 2])},
        torch="x[i]",
        jax="x[i]",
        grads=("x",),
        why="The gradients of both readings add up on both sides.",
        link=_DOCS + "torch.index_select.html",
    ),
    Case(
        family="indexing",
        name="take of a matrix",
        inputs={"x": _SQUARE, "i": np.array([3, 0])},
        torch="torch.take(x, i)",
        jax="jnp.take(x, i)",
        grads=("x",),
        why="Without an axis both count through the flattened matrix.",
        link=_DOCS + "torch.take.html",
    ),
    Case(
        family="indexing",
        name="take past the end",
        inputs={"x": _X, "i": np.array([7])},
        torch="torch.take(x, i)",
        jax="jnp.take(x, i)",
        remedy="""\
from jax.experimental import checkify
error, value = checkify.checkify(lambda i: jnp.take(x, i), errors=checkify.index_checks)(i)
error.throw()
value""",
        verdict_jax="error",
        why="jnp.take gives NaN past the end, where brackets clamp; PyTorch raises.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.numpy.take.html",
    ),
    Case(
        family="indexing",
        name="take of integers past the end",
        inputs={"x": np.array([10, 20, 30], np.int32), "i": np.array([7])},
        torch="torch.take(x, i)",
        jax="jnp.take(x, i)",
        remedy="""\
from jax.experimental import checkify
error, value = checkify.checkify(lambda i: jnp.take(x, i), errors=checkify.index_checks)(i)
error.throw()
value""",
        verdict_jax="error",
        why="Integers have no NaN: jnp.take fills with the smallest of the dtype, -2147483648.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.numpy.take.html",
    ),
    Case(
        family="indexing",
        name="gather",
        inputs={"x": _SQUARE, "i": np.array([[1, 0], [0, 0]])},
        torch="torch.gather(x, 1, i)",
        jax="jnp.take_along_axis(x, i, axis=1)",
        grads=("x",),
        why="take_along_axis is gather where the index has the size of x in all other dimensions.",
        link=_DOCS + "torch.gather.html",
    ),
    Case(
        family="indexing",
        name="gather with an index of fewer rows",
        inputs={"x": _SQUARE, "i": np.array([[1, 1, 0]])},
        torch="torch.gather(x, 1, i)",
        jax="jnp.take_along_axis(x, i, axis=1)",
        remedy="jnp.take_along_axis(x[: len(i)], i, axis=1)",
        verdict_jax="shape",
        grads=("x",),
        why=(
            "gather reads as many rows as the index has; take_along_axis broadcasts the index "
            "over all rows."
        ),
        link=_DOCS + "torch.gather.html",
    ),
    Case(
        family="indexing",
        name="gather past the end",
        inputs={"x": f32([[1.0, 2.0]]), "i": np.array([[3]])},
        torch="torch.gather(x, 1, i)",
        jax="jnp.take_along_axis(x, i, axis=1)",
        remedy="""\
from jax.experimental import checkify
def gather(i):
    return jnp.take_along_axis(x, i, axis=1)

error, value = checkify.checkify(gather, errors=checkify.index_checks)(i)
error.throw()
value""",
        verdict_jax="error",
        why="PyTorch raises; take_along_axis gives NaN, and an error under checkify.",
        link=_DOCS + "torch.gather.html",
    ),
    Case(
        family="indexing",
        name="gather at -1",
        inputs={"x": f32([[1.0, 2.0]]), "i": np.array([[-1]])},
        torch="torch.gather(x, 1, i)",
        jax="jnp.take_along_axis(x, i, axis=1)",
        remedy="""\
from jax.experimental import checkify
def gather(i):
    checkify.check(jnp.all((i >= 0) & (i < x.shape[1])), "index out of range")
    return jnp.take_along_axis(x, i, axis=1)

error, value = checkify.checkify(gather)(i)
error.throw()
value""",
        verdict_jax="error",
        why="Brackets count from the end in both; gather refuses to, take_along_axis does not.",
        link=_DOCS + "torch.gather.html",
    ),
    Case(
        family="indexing",
        name="index_select at -1",
        inputs={"x": _X, "i": np.array([-1])},
        torch="torch.index_select(x, 0, i)",
        jax="jnp.take(x, i, axis=0)",
        remedy="""\
from jax.experimental import checkify
def index_select(i):
    checkify.check(jnp.all((i >= 0) & (i < len(x))), "index out of range")
    return x[i]

error, value = checkify.checkify(index_select)(i)
error.throw()
value""",
        verdict_jax="error",
        why="index_select refuses negative indices, where jnp.take counts from the end.",
        link=_DOCS + "torch.index_select.html",
    ),
    Case(
        family="indexing",
        name="take_along_dim with an index that broadcasts",
        inputs={"x": _SQUARE, "i": np.array([[1]])},
        torch="torch.take_along_dim(x, i, 1)",
        jax="jnp.take_along_axis(x, i, 1)",
        grads=("x",),
        why="take_along_dim broadcasts the index, as take_along_axis does.",
        link=_DOCS + "torch.take_along_dim.html",
    ),
    Case(
        family="indexing",
        name="the sum of no elements",
        inputs={"x": _X},
        torch="x[x > 100].sum()",
        jax="x[x > 100].sum()",
        grads=("x",),
        why="0, with a gradient of 0, on both sides.",
        link=_DOCS + "torch.sum.html",
    ),
    Case(
        family="indexing",
        name="the mean of no elements",
        inputs={"x": _X},
        torch="x[x > 100].mean()",
        jax="jnp.mean(x, where=x > 100)",
        grads=("x",),
        why="NaN on both sides, with a gradient of 0, as nothing was selected.",
        link=_DOCS + "torch.mean.html",
    ),
)
