"""Inverses, systems of equations and least squares, at singular and at well-behaved matrices."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_SINGULAR = f32([[1, 2], [2, 4]])
_A = f32([[4, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]])
_TALL = f32([[1, 1], [1, 2], [1, 3], [1, 5]])
_POINTS = np.linspace(0, 1, 8, dtype=np.float32)
_CHECKIFY = "https://docs.jax.dev/en/latest/debugging/checkify_guide.html"

CASES = (
    Case(
        family="linalg",
        name="inv of a singular matrix",
        inputs={"x": _SINGULAR},
        torch="torch.linalg.inv(x)",
        jax="jnp.linalg.inv(x)",
        verdict_jax="error",
        why="PyTorch raises; JAX gives infinities, and there is no remedy inside a traced "
        "function, where the values are unknown: look at the result, or use checkify.",
        link=_DOCS + "linalg.inv.html",
    ),
    Case(
        family="linalg",
        name="inv_ex of a singular matrix",
        inputs={"x": _SINGULAR},
        torch="torch.linalg.inv_ex(x).info > 0",
        jax="~jnp.isfinite(jnp.linalg.inv(x)).all()",
        why="inv_ex reports what inv raises; in JAX the porter asks whether the result is finite.",
        link=_DOCS + "linalg.inv_ex.html",
    ),
    Case(
        family="linalg",
        name="solve with a singular matrix",
        inputs={"x": _SINGULAR, "y": f32([1, 2])},
        torch="torch.linalg.solve(x, y)",
        jax="jnp.linalg.solve(x, y)",
        verdict_jax="error",
        why="PyTorch raises; JAX gives NaN, and there is no remedy inside a traced function, "
        "where the values are unknown: look at the result, or use checkify.",
        link=_DOCS + "linalg.solve.html",
    ),
    Case(
        family="linalg",
        name="solve with a vector, and its gradients",
        inputs={"x": _A, "y": f32([1, 2, 3])},
        torch="torch.linalg.solve(x, y)",
        jax="jnp.linalg.solve(x, y)",
        grads=("x", "y"),
        why="The same solution and gradients.",
        link=_DOCS + "linalg.solve.html",
    ),
    Case(
        family="linalg",
        name="solve with a batch of vectors",
        inputs={"x": np.stack([_A, 2 * _A]), "y": f32([[1, 2, 3], [4, 5, 6]])},
        torch="torch.linalg.solve(x, y)",
        jax="jnp.linalg.solve(x, y)",
        remedy="jnp.linalg.solve(x, y[..., None])[..., 0]",
        verdict_jax="error",
        why="PyTorch takes a matrix of one axis less as a batch of vectors; JAX as one matrix"
        " of columns, of which there are too few rows.",
        link=_DOCS + "linalg.solve.html",
    ),
    Case(
        family="linalg",
        name="solve with a batch of vectors, as many as rows",
        inputs={"x": np.stack([_A, 2 * _A, 3 * _A]), "y": f32([[1, 2, 3], [4, 5, 6], [7, 8, 9]])},
        torch="torch.linalg.solve(x, y)",
        jax="jnp.linalg.solve(x, y)",
        remedy="jnp.linalg.solve(x, y[..., None])[..., 0]",
        verdict_jax="shape",
        why="PyTorch solves for one vector with each matrix; JAX, without an error, "
        "for all columns with each.",
        link=_DOCS + "linalg.solve.html",
    ),
    Case(
        family="linalg",
        name="inv of float16",
        inputs={"x": np.array([[2, 0], [0, 4]], np.float16)},
        torch="torch.linalg.inv(x)",
        jax="jnp.linalg.inv(x)",
        why="Neither has a solver for float16: cast to float32 first.",
        link=_DOCS + "linalg.inv.html",
    ),
    Case(
        family="linalg",
        name="solve_triangular with 0 on the diagonal",
        inputs={"x": f32([[1, 0], [1, 0]]), "y": f32([[1], [2]])},
        torch="torch.linalg.solve_triangular(x, y, upper=False)",
        jax="jax.scipy.linalg.solve_triangular(x, y, lower=True)",
        why="A division by 0 on both sides, and an infinity.",
        link=_DOCS + "linalg.solve_triangular.html",
    ),
    Case(
        family="linalg",
        name="solve_triangular reads one triangle",
        inputs={"x": _A, "y": f32([[1], [2], [3]])},
        torch="torch.linalg.solve_triangular(x, y, upper=True)",
        jax="jax.scipy.linalg.solve_triangular(x, y)",
        grads=("x", "y"),
        why="Both read the upper triangle only, and the other has gradient 0; in JAX "
        "lower=False is the default.",
        link=_DOCS + "linalg.solve_triangular.html",
    ),
    Case(
        family="linalg",
        name="solve_triangular with a vector",
        inputs={"x": _A, "y": f32([1, 2, 3])},
        torch="torch.linalg.solve_triangular(x, y, upper=True)",
        jax="jax.scipy.linalg.solve_triangular(x, y)",
        verdict_jax="error",
        why="PyTorch wants columns and refuses a vector, JAX takes it; with y[:, None] the "
        "two agree, and no remedy is called for.",
        link=_DOCS + "linalg.solve_triangular.html",
    ),
    Case(
        family="linalg",
        name="cholesky_solve",
        inputs={"x": _A, "y": f32([[1], [2], [3]])},
        torch="torch.cholesky_solve(y, torch.linalg.cholesky(x))",
        jax="jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(x), True), y)",
        grads=("y",),
        why="JAX's takes the pair of factor and whether it is the lower one, and the right "
        "side last.",
        link=_DOCS + "cholesky_solve.html",
    ),
    Case(
        family="linalg",
        name="the pivots of lu_factor",
        inputs={"x": f32([[0, 2], [3, 4]])},
        torch="torch.linalg.lu_factor(x).pivots",
        jax="jax.scipy.linalg.lu_factor(x)[1]",
        remedy="jax.scipy.linalg.lu_factor(x)[1] + 1",
        verdict_jax="value",
        why="PyTorch counts rows from 1, as LAPACK does; JAX from 0.",
        link=_DOCS + "linalg.lu_factor.html",
    ),
    Case(
        family="linalg",
        name="lstsq of a tall matrix",
        inputs={"x": _TALL, "y": f32([[1], [2], [2], [5]])},
        torch="torch.linalg.lstsq(x, y).solution",
        jax="jnp.linalg.lstsq(x, y)[0]",
        grads=("y",),
        why="The same solution, by QR in PyTorch and by SVD in JAX.",
        link=_DOCS + "linalg.lstsq.html",
    ),
    Case(
        family="linalg",
        name="the residuals of lstsq",
        inputs={"x": _TALL, "y": f32([[1], [2], [2], [5]])},
        torch="torch.linalg.lstsq(x, y).residuals",
        jax="jnp.linalg.lstsq(x, y)[1]",
        verdict_jax="shape",
        why="PyTorch's default driver on a CPU leaves them empty even for a tall matrix of "
        "full rank; JAX gives them, and no remedy is called for.",
        link=_DOCS + "linalg.lstsq.html",
    ),
    Case(
        family="linalg",
        name="lstsq of a matrix without full rank",
        inputs={"x": _SINGULAR, "y": f32([[1], [2]])},
        torch="torch.linalg.lstsq(x, y).solution",
        jax="jnp.linalg.lstsq(x, y)[0]",
        why="The solution of least norm on both sides, as long as PyTorch runs its default "
        "driver on a CPU.",
        link=_DOCS + "linalg.lstsq.html",
    ),
    Case(
        family="linalg",
        name="the gradient of pinv",
        inputs={"x": _TALL},
        torch="torch.linalg.pinv(x)",
        jax="jnp.linalg.pinv(x)",
        grads=("x",),
        why="The same, at full rank.",
        link=_DOCS + "linalg.pinv.html",
    ),
    Case(
        family="linalg",
        name="the cut-off of pinv",
        inputs={"x": f32([[1, 0], [0, 1e-6]])},
        torch="torch.linalg.pinv(x)",
        jax="jnp.linalg.pinv(x)",
        remedy="jnp.linalg.pinv(x, rtol=max(x.shape) * float(jnp.finfo(x.dtype).eps))",
        verdict_jax="value",
        why="PyTorch drops singular values below eps times the longer side, JAX below 10 "
        "times that.",
        link=_DOCS + "linalg.pinv.html",
    ),
    Case(
        family="linalg",
        name="matrix_rank near singular",
        inputs={"x": f32([[1, 1], [1, 1.000001]])},
        torch="torch.linalg.matrix_rank(x)",
        jax="jnp.linalg.matrix_rank(x)",
        why="The same default tolerance, eps times the longer side, unlike pinv's.",
        link=_DOCS + "linalg.matrix_rank.html",
    ),
    Case(
        family="linalg",
        name="matrix_rank with a relative tolerance",
        inputs={"x": f32([[100, 0], [0, 0.5]])},
        torch="torch.linalg.matrix_rank(x, rtol=0.1)",
        jax="jnp.linalg.matrix_rank(x, rtol=0.1)",
        remedy="jnp.linalg.matrix_rank(x, rtol=0.1 * jnp.linalg.norm(x, 2))",
        verdict_jax="value",
        why="What JAX calls rtol is compared with the singular values as it is, without the "
        "largest of them.",
        link=_DOCS + "linalg.matrix_rank.html",
    ),
    Case(
        family="linalg",
        name="matrix_rank with an absolute tolerance",
        inputs={"x": f32([[100, 0], [0, 0.5]])},
        torch="torch.linalg.matrix_rank(x, atol=0.1)",
        jax="jnp.linalg.matrix_rank(x, 0.1)",
        why="The second argument of JAX's is absolute, although it is called rtol.",
        link=_DOCS + "linalg.matrix_rank.html",
    ),
)
