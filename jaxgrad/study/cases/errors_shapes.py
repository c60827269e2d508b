"""What raises where shapes or dimensions do not fit."""

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
        why="Both refuse: the sizes differ and neither is 1.",
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
        why="Both refuse, with the shapes in the message.",
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
        why="Neither cuts the longer one, and neither would broadcast a vector of one.",
        link=_DOCS + "torch.dot.html",
    ),
    Case(
        family="errors",
        name="einsum with sizes that differ",
        inputs={"x": _FLAT},
        torch='torch.einsum("ij,ij->i", x, x[:, :2])',
        jax='jnp.einsum("ij,ij->i", x, x[:, :2])',
        why="One letter has one size, or 1.",
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
        name="sum over a dimension that is not there",
        inputs={"x": _FLAT},
        torch="x.sum(2)",
        jax="x.sum(2)",
        why="Both refuse: an IndexError in PyTorch, a ValueError in JAX.",
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
        name="cumsum of a scalar over dimension 0",
        inputs={"x": f32(3.0)},
        torch="torch.cumsum(x, 0)",
        jax="jnp.cumsum(x, 0)",
        remedy="jnp.cumsum(x)[0]",
        verdict_jax="error",
        why="A scalar goes for one element along dimension 0 in PyTorch.",
        link=_DOCS + "torch.cumsum.html",
    ),
    Case(
        family="errors",
        name="more indices than dimensions",
        inputs={"x": _FLAT},
        torch="x[0, 0, 0]",
        jax="x[0, 0, 0]",
        why="An IndexError on both sides.",
        link="https://docs.pytorch.org/docs/stable/tensor_view.html",
    ),
    Case(
        family="errors",
        name="assigning three numbers to two places",
        inputs={"x": _TWO, "y": _THREE},
        torch="""\
x[:] = y
x""",
        jax="x.at[:].set(y)",
        why="The right side may be broadcast, but not cut.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.numpy.ndarray.at.html",
    ),
    Case(
        family="errors",
        name="reshape to another number of elements",
        inputs={"x": _FLAT},
        torch="x.reshape(4, 2)",
        jax="x.reshape(4, 2)",
        why="Both refuse: a RuntimeError in PyTorch, a TypeError in JAX.",
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
        why="Only the dimension of the concatenation may differ.",
        link=_DOCS + "torch.cat.html",
    ),
    Case(
        family="errors",
        name="concatenating nothing",
        torch="torch.cat([])",
        jax="jnp.concatenate([])",
        why="A ValueError on both sides.",
        link=_DOCS + "torch.cat.html",
    ),
    Case(
        family="errors",
        name="a permutation that leaves out a dimension",
        inputs={"x": _FLAT},
        torch="x.permute(0)",
        jax="x.transpose(0)",
        why="A permutation names every dimension once.",
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
        name="broadcasting to a smaller shape",
        inputs={"x": _FLAT},
        torch="torch.broadcast_to(x, (3,))",
        jax="jnp.broadcast_to(x, (3,))",
        why="Broadcasting adds elements and never drops any.",
        link=_DOCS + "torch.broadcast_to.html",
    ),
    Case(
        family="errors",
        name="the maximum of nothing",
        inputs={"x": f32([])},
        torch="x.max()",
        jax="x.max()",
        why="A maximum of nothing has no value to begin with, unlike a sum.",
        link=_DOCS + "torch.max.html",
    ),
    Case(
        family="errors",
        name="the maximum of nothing along a dimension",
        inputs={"x": np.zeros((2, 0), np.float32)},
        torch="x.amax(1)",
        jax="x.max(1)",
        why="Both refuse, where a sum of nothing would be 0.",
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
        why="A ValueError on both sides, when the layer is made.",
        link=_DOCS + "torch.nn.GroupNorm.html",
    ),
    Case(
        family="errors",
        name="a linear layer on the wrong number of features",
        inputs={"x": _TWO},
        torch="nn.Linear(3, 4)(x)",
        jax="nnx.Linear(3, 4, rngs=nnx.Rngs(0))(x)",
        why="Both refuse when the layer is called, not when it is made.",
        link=_DOCS + "torch.nn.Linear.html",
    ),
    Case(
        family="errors",
        name="trace of three dimensions",
        inputs={"x": np.ones((2, 2, 3), np.float32)},
        torch="torch.trace(x)",
        jax="jnp.trace(x)",
        remedy="""\
if x.ndim != 2:
    raise ValueError("trace is for matrices")
jnp.trace(x)""",
        verdict_jax="error",
        why=(
            "PyTorch's trace is for matrices; JAX's takes the first two dimensions and leaves the "
            "others."
        ),
        link=_DOCS + "torch.trace.html",
    ),
    Case(
        family="errors",
        name="cross of vectors of two",
        inputs={"x": f32([1.0, 2.0]), "y": f32([3.0, 4.0])},
        torch="torch.linalg.cross(x, y)",
        jax="jnp.cross(x, y)",
        remedy="""\
if x.shape[-1] != 3:
    raise ValueError("cross is for vectors of three")
jnp.cross(x, y)""",
        verdict_jax="error",
        why=(
            "PyTorch wants three coordinates; JAX gives the third coordinate of the product for "
            "two."
        ),
        link=_DOCS + "torch.linalg.cross.html",
    ),
    Case(
        family="errors",
        name="flip along one dimension twice",
        inputs={"x": _FLAT},
        torch="torch.flip(x, (0, 0))",
        jax="jnp.flip(x, (0, 0))",
        why="A dimension may be named once on both sides.",
        link=_DOCS + "torch.flip.html",
    ),
    Case(
        family="errors",
        name="a batch of no rows through a linear layer",
        inputs={"x": np.zeros((0, 3), np.float32)},
        torch="list(nn.Linear(3, 4)(x).shape)",
        jax="list(nnx.Linear(3, 4, rngs=nnx.Rngs(0))(x).shape)",
        why="Neither refuses: the result has no rows.",
        link=_DOCS + "torch.nn.Linear.html",
    ),
)
