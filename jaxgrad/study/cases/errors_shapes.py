"""What raises where shapes, dimensions or devices of thought do not fit."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_JAX = "https://docs.jax.dev/en/latest/"
_BROADCAST = "https://docs.pytorch.org/docs/stable/notes/broadcasting.html"
_THREE = f32([1.0, 2.0, 3.0])
_TWO = f32([4.0, 5.0])
_FLAT = f32([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

CASES = (
    Case(
        family="errors",
        name="adding (3,) and (2,)",
        inputs={"x": _THREE, "y": _TWO},
        torch="x + y",
        jax="x + y",
        why="Both refuse.",
        link=_BROADCAST,
    ),
    Case(
        family="errors",
        name="adding (3,) and (3, 1)",
        inputs={"x": _THREE, "y": f32([[4.0], [5.0], [6.0]])},
        torch="x + y",
        jax="x + y",
        grads=(
            "x",
            "y",
        ),
        why=(
            "Both make a matrix of it, which is seldom meant; jax.numpy_rank_promotion can make "
            "it an error in JAX."
        ),
        link=_JAX + "rank_promotion_warning.html",
    ),
    Case(
        family="errors",
        name="adding (3,) to (2, 3) with rank promotion forbidden",
        inputs={"x": _THREE, "y": _FLAT},
        torch="x + y",
        jax="""\
with jax.numpy_rank_promotion("raise"):
    z = x + y
z""",
        remedy="""\
with jax.numpy_rank_promotion("raise"):
    z = x[None] + y
z""",
        verdict_jax="error",
        why=(
            "In this mode JAX wants every dimension to be written, and finds the mistakes of the "
            "row above."
        ),
        link=_JAX + "rank_promotion_warning.html",
    ),
    Case(
        family="errors",
        name="adding (2, 3) in place to (3,)",
        inputs={"x": _THREE, "y": _FLAT},
        torch="""\
x += y
x""",
        jax="""\
x += y
x""",
        remedy="""\
if jnp.broadcast_shapes(x.shape, y.shape) != x.shape:
    raise ValueError("the result has another shape")
x + y""",
        verdict_jax="error",
        why="In place the shape has to stay; in JAX x becomes a matrix.",
        link=_BROADCAST,
    ),
    Case(
        family="errors",
        name="the matrix product of (2, 3) and (2, 3)",
        inputs={"x": _FLAT},
        torch="x @ x",
        jax="x @ x",
        why="Both refuse.",
        link=_DOCS + "torch.matmul.html",
    ),
    Case(
        family="errors",
        name="mm of a batch",
        inputs={"x": np.ones((2, 2, 2), np.float32)},
        torch="torch.mm(x, x)",
        jax="jnp.matmul(x, x)",
        verdict_jax="error",
        why="mm is for matrices only; no remedy is needed, matmul multiplies batches in both.",
        link=_DOCS + "torch.mm.html",
    ),
    Case(
        family="errors",
        name="bmm of matrices",
        inputs={"x": np.ones((2, 2), np.float32)},
        torch="torch.bmm(x, x)",
        jax="jnp.matmul(x, x)",
        verdict_jax="error",
        why="bmm is for batches only; no remedy is needed, matmul multiplies matrices in both.",
        link=_DOCS + "torch.bmm.html",
    ),
    Case(
        family="errors",
        name="mv of a matrix and a matrix",
        inputs={"x": np.ones((2, 2), np.float32)},
        torch="torch.mv(x, x)",
        jax="jnp.dot(x, x)",
        verdict_jax="error",
        why="mv wants a vector; no remedy is needed, dot takes either.",
        link=_DOCS + "torch.mv.html",
    ),
    Case(
        family="errors",
        name="dot of vectors of two lengths",
        inputs={"x": _THREE, "y": _TWO},
        torch="torch.dot(x, y)",
        jax="jnp.dot(x, y)",
        why="Both refuse.",
        link=_DOCS + "torch.dot.html",
    ),
    Case(
        family="errors",
        name="dot of a vector and a vector of one",
        inputs={"x": _THREE, "y": f32([2.0])},
        torch="torch.dot(x, y)",
        jax="jnp.dot(x, y)",
        why="Neither broadcasts.",
        link=_DOCS + "torch.dot.html",
    ),
    Case(
        family="errors",
        name="einsum with sizes that differ",
        inputs={"x": _FLAT},
        torch='torch.einsum("ij,ij->i", x, x[:, :2])',
        jax='jnp.einsum("ij,ij->i", x, x[:, :2])',
        why="Both refuse.",
        link=_DOCS + "torch.einsum.html",
    ),
    Case(
        family="errors",
        name="einsum over a size of 1",
        inputs={"x": _FLAT},
        torch='torch.einsum("ij,ij->i", x, x[:, :1])',
        jax='jnp.einsum("ij,ij->i", x, x[:, :1])',
        why="One letter with the sizes 3 and 1 is broadcast on both sides, not refused.",
        link=_DOCS + "torch.einsum.html",
    ),
    Case(
        family="errors",
        name="einsum with capitals and spaces",
        inputs={"x": _FLAT},
        torch='torch.einsum("i J -> J i", x)',
        jax='jnp.einsum("i J -> J i", x)',
        grads=("x",),
        why="Both let spaces be.",
        link=_DOCS + "torch.einsum.html",
    ),
    Case(
        family="errors",
        name="sum over a dimension that is not there",
        inputs={"x": _FLAT},
        torch="x.sum(2)",
        jax="x.sum(2)",
        why="Both refuse.",
        link=_DOCS + "torch.sum.html",
    ),
    Case(
        family="errors",
        name="sum over one dimension twice",
        inputs={"x": _FLAT},
        torch="x.sum((0, 0))",
        jax="x.sum((0, 0))",
        why="Both refuse.",
        link=_DOCS + "torch.sum.html",
    ),
    Case(
        family="errors",
        name="sum of a scalar over dimension 0",
        inputs={"x": f32(3.0)},
        torch="x.sum(0)",
        jax="x.sum(0)",
        remedy="x.sum(0) if x.ndim else x",
        verdict_jax="error",
        why="For PyTorch a scalar has one dimension where a dimension is asked for; JAX refuses.",
        link=_DOCS + "torch.sum.html",
    ),
    Case(
        family="errors",
        name="softmax of a scalar over dimension 0",
        inputs={"x": f32(3.0)},
        torch="torch.cumsum(x, 0)",
        jax="jnp.cumsum(x, 0)",
        remedy="jnp.cumsum(x)[0]",
        verdict_jax="error",
        why="The same for cumsum: a scalar goes as one element in PyTorch.",
        link=_DOCS + "torch.cumsum.html",
    ),
    Case(
        family="errors",
        name="indexing a scalar",
        inputs={"x": f32(3.0)},
        torch="x[0]",
        jax="x[0]",
        why="Both refuse.",
        link=_DOCS + "torch.Tensor.item.html",
    ),
    Case(
        family="errors",
        name="more indices than dimensions",
        inputs={"x": _FLAT},
        torch="x[0, 0, 0]",
        jax="x[0, 0, 0]",
        why="Both refuse.",
        link="https://docs.pytorch.org/docs/stable/tensor_view.html",
    ),
    Case(
        family="errors",
        name="a mask of another length",
        inputs={"x": _THREE, "m": np.array([True, False])},
        torch="x[m]",
        jax="x[m]",
        why="Both refuse.",
        link=_DOCS + "torch.masked_select.html",
    ),
    Case(
        family="errors",
        name="assigning three numbers to two places",
        inputs={"x": _TWO, "y": _THREE},
        torch="""\
x[:] = y
x""",
        jax="x.at[:].set(y)",
        why="Both refuse.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.numpy.ndarray.at.html",
    ),
    Case(
        family="errors",
        name="reshape to another number of elements",
        inputs={"x": _FLAT},
        torch="x.reshape(4, 2)",
        jax="x.reshape(4, 2)",
        why="Both refuse.",
        link=_DOCS + "torch.reshape.html",
    ),
    Case(
        family="errors",
        name="reshape to a negative size",
        inputs={"x": _FLAT},
        torch="x.reshape(-2, 3)",
        jax="x.reshape(-2, 3)",
        why="Only -1 stands for what is left; both refuse any other.",
        link=_DOCS + "torch.reshape.html",
    ),
    Case(
        family="errors",
        name="concatenating (2, 3) and (2, 2)",
        inputs={"x": _FLAT, "y": f32([[1.0, 2.0], [3.0, 4.0]])},
        torch="torch.cat([x, y])",
        jax="jnp.concatenate([x, y])",
        why="Both refuse.",
        link=_DOCS + "torch.cat.html",
    ),
    Case(
        family="errors",
        name="concatenating nothing",
        torch="torch.cat([])",
        jax="jnp.concatenate([])",
        why="Both refuse.",
        link=_DOCS + "torch.cat.html",
    ),
    Case(
        family="errors",
        name="stacking along a dimension that is not there",
        inputs={"x": _THREE},
        torch="torch.stack([x, x], 3)",
        jax="jnp.stack([x, x], 3)",
        why="Both refuse.",
        link=_DOCS + "torch.stack.html",
    ),
    Case(
        family="errors",
        name="a permutation that leaves out a dimension",
        inputs={"x": _FLAT},
        torch="x.permute(0)",
        jax="x.transpose(0)",
        why="Both refuse.",
        link=_DOCS + "torch.permute.html",
    ),
    Case(
        family="errors",
        name="a permutation that repeats a dimension",
        inputs={"x": _FLAT},
        torch="x.permute(0, 0)",
        jax="x.transpose(0, 0)",
        why="Both refuse.",
        link=_DOCS + "torch.permute.html",
    ),
    Case(
        family="errors",
        name="t of three dimensions",
        inputs={"x": np.ones((1, 2, 3), np.float32)},
        torch="x.t()",
        jax="x.T",
        remedy="""\
if x.ndim > 2:
    raise ValueError("t is for matrices")
x.T""",
        verdict_jax="error",
        why="t is for matrices; JAX's T reverses any number of dimensions.",
        link=_DOCS + "torch.t.html",
    ),
    Case(
        family="errors",
        name="unbinding along a dimension that is not there",
        inputs={"x": _THREE},
        torch="torch.unbind(x, 1)",
        jax="jnp.unstack(x, axis=1)",
        why="Both refuse.",
        link=_DOCS + "torch.unbind.html",
    ),
    Case(
        family="errors",
        name="broadcasting to a smaller shape",
        inputs={"x": _FLAT},
        torch="torch.broadcast_to(x, (3,))",
        jax="jnp.broadcast_to(x, (3,))",
        why="Both refuse.",
        link=_DOCS + "torch.broadcast_to.html",
    ),
    Case(
        family="errors",
        name="the maximum of nothing",
        inputs={"x": f32([])},
        torch="x.max()",
        jax="x.max()",
        why="Both refuse.",
        link=_DOCS + "torch.max.html",
    ),
    Case(
        family="errors",
        name="argmax of nothing",
        inputs={"x": f32([])},
        torch="x.argmax()",
        jax="x.argmax()",
        why="Both refuse.",
        link=_DOCS + "torch.argmax.html",
    ),
    Case(
        family="errors",
        name="the maximum of nothing along a dimension",
        inputs={"x": np.zeros((2, 0), np.float32)},
        torch="x.amax(1)",
        jax="x.max(1)",
        why="Both refuse, unlike a sum, which is 0.",
        link=_DOCS + "torch.amax.html",
    ),
    Case(
        family="errors",
        name="the mean of nothing",
        inputs={"x": f32([])},
        torch="x.mean()",
        jax="x.mean()",
        why="NaN on both sides, without an error.",
        link=_DOCS + "torch.mean.html",
    ),
    Case(
        family="errors",
        name="a convolution with a kernel larger than the image",
        inputs={"x": np.ones((1, 1, 2, 2), np.float32), "w": np.ones((1, 1, 3, 3), np.float32)},
        torch="F.conv2d(x, w)",
        jax='jax.lax.conv(x, w, (1, 1), "VALID")',
        remedy="""\
if any(a < b for a, b in zip(x.shape[2:], w.shape[2:])):
    raise ValueError("the kernel is larger than the image")
jax.lax.conv(x, w, (1, 1), "VALID")""",
        verdict_jax="error",
        why="PyTorch raises; JAX gives an array of no elements.",
        link=_DOCS + "torch.nn.functional.conv2d.html",
    ),
    Case(
        family="errors",
        name="pooling with a window larger than the image",
        inputs={"x": np.ones((1, 1, 2, 2), np.float32)},
        torch="F.max_pool2d(x, 3)",
        jax="nnx.max_pool(x.transpose(0, 2, 3, 1), (3, 3), (3, 3)).transpose(0, 3, 1, 2)",
        remedy="""\
if min(x.shape[2:]) < 3:
    raise ValueError("the window is larger than the image")
nnx.max_pool(x.transpose(0, 2, 3, 1), (3, 3), (3, 3)).transpose(0, 3, 1, 2)""",
        verdict_jax="error",
        why="PyTorch raises; flax gives an array of no elements.",
        link=_DOCS + "torch.nn.MaxPool2d.html",
    ),
    Case(
        family="errors",
        name="a group norm whose groups do not divide the channels",
        inputs={"x": np.ones((2, 3, 4), np.float32)},
        torch="nn.GroupNorm(2, 3)(x)",
        jax="nnx.GroupNorm(3, 2, rngs=nnx.Rngs(0))(x.transpose(0, 2, 1))",
        why="Both refuse.",
        link=_DOCS + "torch.nn.GroupNorm.html",
    ),
    Case(
        family="errors",
        name="attention heads that do not divide the features",
        torch="nn.MultiheadAttention(5, 2)",
        jax="nnx.MultiHeadAttention(2, 5, decode=False, rngs=nnx.Rngs(0))",
        why="Both refuse.",
        link=_DOCS + "torch.nn.MultiheadAttention.html",
    ),
    Case(
        family="errors",
        name="a linear layer on the wrong number of features",
        inputs={"x": _TWO},
        torch="nn.Linear(3, 4)(x)",
        jax="nnx.Linear(3, 4, rngs=nnx.Rngs(0))(x)",
        why="Both refuse.",
        link=_DOCS + "torch.nn.Linear.html",
    ),
)
