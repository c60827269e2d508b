"""Products: matmul, outer, cross, einsum, tensordot and their precision."""

import numpy as np

from ..case import Case, c64, f32, i32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_A = f32([[1, 2, 3], [4, 5, 6]])
_MATMUL_PRECISION = "https://docs.jax.dev/en/latest/_autosummary/jax.default_matmul_precision.html"
_WIDE = np.random.RandomState(0).randn(4, 64).astype(np.float32)

CASES = (
    Case(
        family="linalg",
        name="bmm of unequal batches",
        inputs={"x": _A, "y": _A},
        torch="torch.bmm(x[None].expand(2, 2, 3), y.T[None])",
        jax="x[None].repeat(2, 0) @ y.T[None]",
        verdict_jax="error",
        why="bmm wants equal batches; @ broadcasts, and no remedy is called for.",
        link=_DOCS + "bmm.html",
    ),
    Case(
        family="linalg",
        name="dot of two vectors and of two matrices",
        inputs={"x": _A},
        torch="torch.dot(x, x.T)",
        jax="jnp.dot(x, x.T)",
        verdict_jax="error",
        why="torch.dot takes vectors only; jnp.dot multiplies matrices, and no remedy is "
        "called for.",
        link=_DOCS + "dot.html",
    ),
    Case(
        family="linalg",
        name="linalg.vecdot of complex vectors",
        inputs={"x": c64([[1j, 2]]), "y": c64([[1j, 1]])},
        torch="torch.linalg.vecdot(x, y)",
        jax="(x * y).sum(-1)",
        remedy="jnp.linalg.vecdot(x, y)",
        verdict_jax="value",
        why="vecdot conjugates its first argument.",
        link=_DOCS + "linalg.vecdot.html",
    ),
    Case(
        family="linalg",
        name="outer of two matrices",
        inputs={"x": _A},
        torch="torch.outer(x, x)",
        jax="jnp.outer(x, x)",
        remedy="jnp.linalg.outer(x, x)",
        verdict_jax="error",
        why="PyTorch takes vectors only; JAX flattens, and jnp.linalg.outer refuses as "
        "PyTorch does.",
        link=_DOCS + "outer.html",
    ),
    Case(
        family="linalg",
        name="cross of vectors of 2",
        inputs={"x": f32([1, 2]), "y": f32([3, 4])},
        torch="torch.linalg.cross(x, y)",
        jax="jnp.cross(x, y)",
        remedy="jnp.linalg.cross(x, y)",
        verdict_jax="error",
        why="PyTorch wants three elements; JAX takes two for a plane and gives a number, and "
        "jnp.linalg.cross refuses as PyTorch does.",
        link=_DOCS + "linalg.cross.html",
    ),
    Case(
        family="linalg",
        name="torch.cross without an axis",
        inputs={"x": f32([[1, 0], [0, 1], [0, 0]]), "y": f32([[0, 0], [1, 0], [0, 1]])},
        torch="torch.cross(x, y)",
        jax="jnp.cross(x, y)",
        remedy="jnp.cross(x, y, axis=0)",
        verdict_jax="shape",
        why="torch.cross takes the first axis of size 3, jnp.cross the last one.",
        link=_DOCS + "cross.html",
    ),
    Case(
        family="linalg",
        name="kron",
        inputs={"x": f32([[1, 2]]), "y": f32([[0, 1], [1, 0]])},
        torch="torch.kron(x, y)",
        jax="jnp.kron(x, y)",
        grads=("x",),
        why="The blocks are the second factor, scaled, and the gradients agree.",
        link=_DOCS + "kron.html",
    ),
    Case(
        family="linalg",
        name="tensordot over two axes",
        inputs={"x": f32(np.arange(12).reshape(2, 3, 2)), "y": f32(np.arange(12).reshape(3, 2, 2))},
        torch="torch.tensordot(x, y)",
        jax="jnp.tensordot(x, y)",
        why="Two axes by default: the last of one, the first of the other.",
        link=_DOCS + "tensordot.html",
    ),
    Case(
        family="linalg",
        name="tensordot over named axes",
        inputs={"x": _A, "y": _A},
        torch="torch.tensordot(x, y, dims=([0], [0]))",
        jax="jnp.tensordot(x, y, axes=([0], [0]))",
        grads=("x",),
        why="dims is axes.",
        link=_DOCS + "tensordot.html",
    ),
    Case(
        family="linalg",
        name="einsum without an arrow",
        inputs={"x": f32([[1, 2], [3, 4]]), "y": f32([[5, 6], [7, 8]])},
        torch="torch.einsum('ba,cb', x, y)",
        jax="jnp.einsum('ba,cb', x, y)",
        why="What appears once stays, in the order of the alphabet.",
        link=_DOCS + "einsum.html",
    ),
    Case(
        family="linalg",
        name="einsum of integers and floats",
        inputs={"x": i32([1, 2]), "y": f32([0.5, 1])},
        torch="torch.einsum('i,i', x, y)",
        jax="jnp.einsum('i,i', x, y)",
        remedy="""\
with jax.numpy_dtype_promotion('strict'):
    y = jnp.einsum('i,i', x, y)
y""",
        verdict_jax="error",
        why="PyTorch refuses mixed dtypes, JAX promotes unless it is strict.",
        link=_DOCS + "einsum.html",
    ),
    Case(
        family="linalg",
        name="addmm with beta = 0 over NaN",
        inputs={"x": _A, "b": f32([[np.nan, 1], [2, np.inf]])},
        torch="torch.addmm(b, x, x.T, beta=0)",
        jax="0 * b + x @ x.T",
        remedy="x @ x.T",
        verdict_jax="value",
        why="With beta = 0 PyTorch does not look at b; 0 times NaN is NaN.",
        link=_DOCS + "addmm.html",
    ),
    Case(
        family="linalg",
        name="a matrix product in bfloat16",
        inputs={"x": _WIDE},
        torch="x.bfloat16() @ x.bfloat16().T",
        jax="x.astype(jnp.bfloat16) @ x.astype(jnp.bfloat16).T",
        why="Summed in float32 and rounded once, on both sides.",
        link=_DOCS + "matmul.html",
    ),
    Case(
        family="linalg",
        name="a product of float16 beyond 2048 ones",
        inputs={"x": np.ones(4097, np.float16)},
        torch="x @ x",
        jax="x @ x",
        why="Summed in more than float16, in which adding ones stops at 2048; 4097 itself "
        "rounds to 4096.",
        link=_DOCS + "dot.html",
    ),
    Case(
        family="linalg",
        name="a covariance matrix and a correlation matrix",
        inputs={"x": f32([[1, 2, 4], [3, 1, 5]])},
        torch="[torch.cov(x), torch.corrcoef(x)]",
        jax="[jnp.cov(x), jnp.corrcoef(x)]",
        why="Rows are variables, and the sum is divided by one less than their number, on "
        "both sides.",
        link=_DOCS + "cov.html",
    ),
    Case(
        family="linalg",
        name="the correlation with a constant row",
        inputs={"x": f32([[1, 2, 4], [3, 3, 3]])},
        torch="torch.corrcoef(x)",
        jax="jnp.corrcoef(x)",
        why="0 divided by 0 in the row and the column of the constant.",
        link=_DOCS + "corrcoef.html",
    ),
)
