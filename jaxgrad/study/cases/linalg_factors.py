"""QR, Cholesky, LU, eigenvalues and singular values: signs, shapes and degenerate gradients."""

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_A = f32([[4, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]])
_TALL = f32([[1, 1], [1, 2], [1, 3], [1, 5]])
_EYE = f32([[1, 0], [0, 1]])

CASES = (
    Case(
        family="linalg",
        name="qr made unique, R with a positive diagonal",
        inputs={"x": f32([[4, 1], [2, 3]])},
        torch="""\
q, r = torch.linalg.qr(x)
s = torch.sign(torch.diagonal(r))
[q * s, s[:, None] * r]""",
        jax="""\
q, r = jnp.linalg.qr(x)
s = jnp.sign(jnp.diagonal(r))
[q * s, s[:, None] * r]""",
        why="What does not depend on the library's choice of signs.",
        link=_DOCS + "linalg.qr.html",
    ),
    Case(
        family="linalg",
        name="R alone",
        inputs={"x": _TALL},
        torch="torch.linalg.qr(x, mode='r').R",
        jax="jnp.linalg.qr(x, mode='r')",
        why="PyTorch gives a pair with an empty Q, JAX R itself.",
        link=_DOCS + "linalg.qr.html",
    ),
    Case(
        family="linalg",
        name="the gradient of qr, wide",
        inputs={"x": _TALL.T.copy()},
        torch="torch.linalg.qr(x).R.abs().sum()",
        jax="jnp.abs(jnp.linalg.qr(x)[1]).sum()",
        grads=("x",),
        why="Both differentiate the reduced factors of a wide matrix too.",
        link=_DOCS + "linalg.qr.html",
    ),
    Case(
        family="linalg",
        name="the gradient of cholesky",
        inputs={"x": _A},
        torch="torch.linalg.cholesky(x)",
        jax="jnp.linalg.cholesky(x)",
        grads=("x",),
        why="Spread evenly over both triangles, on both sides.",
        link=_DOCS + "linalg.cholesky.html",
    ),
    Case(
        family="linalg",
        name="cholesky of a matrix that is not symmetric",
        inputs={"x": f32([[4, 1], [2, 3]])},
        torch="torch.linalg.cholesky(x)",
        jax="jnp.linalg.cholesky(x)",
        remedy="jnp.linalg.cholesky(x, symmetrize_input=False)",
        verdict_jax="value",
        why="PyTorch reads the lower triangle, JAX the mean of the two.",
        link=_DOCS + "linalg.cholesky.html",
    ),
    Case(
        family="linalg",
        name="the upper factor of cholesky",
        inputs={"x": _A},
        torch="torch.linalg.cholesky(x, upper=True)",
        jax="jax.scipy.linalg.cholesky(x)",
        why="jax.scipy's is the upper one by default, jnp.linalg's the lower one.",
        link=_DOCS + "linalg.cholesky.html",
    ),
    Case(
        family="linalg",
        name="cholesky of an indefinite matrix",
        inputs={"x": f32([[1, 2], [2, 1]])},
        torch="torch.linalg.cholesky(x)",
        jax="jnp.linalg.cholesky(x)",
        verdict_jax="error",
        why="PyTorch raises; JAX gives NaN, and there is no remedy inside a traced function: "
        "look at the result, or use checkify.",
        link=_DOCS + "linalg.cholesky.html",
    ),
    Case(
        family="linalg",
        name="cholesky_ex of an indefinite matrix",
        inputs={"x": f32([[1, 2], [2, 1]])},
        torch="torch.linalg.cholesky_ex(x).info > 0",
        jax="jnp.isnan(jnp.linalg.cholesky(x)).any()",
        why="cholesky_ex reports what cholesky raises; in JAX the porter asks for NaN.",
        link=_DOCS + "linalg.cholesky_ex.html",
    ),
    Case(
        family="linalg",
        name="cholesky of a semidefinite matrix",
        inputs={"x": f32([[1, 1], [1, 1]])},
        torch="torch.linalg.cholesky(x)",
        jax="jnp.linalg.cholesky(x)",
        verdict_jax="error",
        why="The second pivot is exactly 0: PyTorch raises, JAX gives NaN, and no remedy "
        "raises in a traced function; a small multiple of the identity added first serves"
        " both.",
        link=_DOCS + "linalg.cholesky.html",
    ),
    Case(
        family="linalg",
        name="eigvalsh of a matrix that is not symmetric",
        inputs={"x": f32([[4, 1], [2, 3]])},
        torch="torch.linalg.eigvalsh(x)",
        jax="jnp.linalg.eigvalsh(x)",
        remedy="jnp.linalg.eigvalsh(x, symmetrize_input=False)",
        verdict_jax="value",
        why="PyTorch reads the lower triangle, JAX the mean of the two.",
        link=_DOCS + "linalg.eigvalsh.html",
    ),
    Case(
        family="linalg",
        name="eigvalsh of the upper triangle",
        inputs={"x": f32([[4, 1], [2, 3]])},
        torch="torch.linalg.eigvalsh(x, UPLO='U')",
        jax="jnp.linalg.eigvalsh(x, UPLO='U')",
        remedy="jnp.linalg.eigvalsh(x, UPLO='U', symmetrize_input=False)",
        verdict_jax="value",
        why="UPLO has no effect in JAX unless symmetrize_input is off.",
        link=_DOCS + "linalg.eigvalsh.html",
    ),
    Case(
        family="linalg",
        name="eigh, its signs taken out",
        inputs={"x": _A},
        torch="""\
w, v = torch.linalg.eigh(x)
[w, v.abs()]""",
        jax="""\
w, v = jnp.linalg.eigh(x)
[w, jnp.abs(v)]""",
        why="Ascending eigenvalues; the signs of the vectors are free.",
        link=_DOCS + "linalg.eigh.html",
    ),
    Case(
        family="linalg",
        name="the gradient of eigh",
        inputs={"x": _A},
        torch="""\
w, v = torch.linalg.eigh(x)
(w * torch.tensor([1.0, 2.0, 3.0])).sum() + (v**4).sum()""",
        jax="""\
w, v = jnp.linalg.eigh(x)
(w * jnp.array([1.0, 2.0, 3.0])).sum() + (v**4).sum()""",
        grads=("x",),
        why="The same; a loss must not depend on the signs of the vectors.",
        link=_DOCS + "linalg.eigh.html",
    ),
    Case(
        family="linalg",
        name="eigvalsh at a double eigenvalue",
        inputs={"x": _EYE},
        torch="torch.linalg.eigvalsh(x)",
        jax="jnp.linalg.eigvalsh(x)",
        grads=("x",),
        why="The gradient of the values alone is finite.",
        link=_DOCS + "linalg.eigvalsh.html",
    ),
    Case(
        family="linalg",
        name="eigh at a double eigenvalue, the vectors",
        inputs={"x": _EYE},
        torch="torch.linalg.eigh(x).eigenvectors.abs()",
        jax="jnp.abs(jnp.linalg.eigh(x)[1])",
        grads=("x",),
        why="The vectors' gradient divides by the difference of the values: NaN on both sides.",
        link=_DOCS + "linalg.eigh.html",
    ),
    Case(
        family="linalg",
        name="eigvals of real eigenvalues",
        inputs={"x": f32([[2, 1], [0, 3]])},
        torch="torch.linalg.eigvals(x)",
        jax="jnp.linalg.eigvals(x)",
        why="Complex numbers even where all are real, unlike NumPy's.",
        link=_DOCS + "linalg.eigvals.html",
    ),
    Case(
        family="linalg",
        name="the gradient of eigvals",
        inputs={"x": f32([[2, 1], [0.5, 3]])},
        torch="(torch.linalg.eigvals(x).real ** 2).sum()",
        jax="(jnp.linalg.eigvals(x).real ** 2).sum()",
        grads=("x",),
        why="The same on a CPU; JAX has no eig on TPUs.",
        link=_DOCS + "linalg.eigvals.html",
    ),
    Case(
        family="linalg",
        name="svd, its signs taken out",
        inputs={"x": _TALL},
        torch="""\
u, s, v = torch.linalg.svd(x, full_matrices=False)
[u.abs(), s, v.abs()]""",
        jax="""\
u, s, v = jnp.linalg.svd(x, full_matrices=False)
[jnp.abs(u), s, jnp.abs(v)]""",
        why="Descending; the third is already V transposed on both sides.",
        link=_DOCS + "linalg.svd.html",
    ),
    Case(
        family="linalg",
        name="torch.svd, ported with jnp.linalg.svd",
        inputs={"x": _TALL},
        torch="[y.shape for y in torch.svd(x)]",
        jax="[y.shape for y in jnp.linalg.svd(x)]",
        remedy="""\
u, s, vh = jnp.linalg.svd(x, full_matrices=False)
[u.shape, s.shape, vh.T.shape]""",
        verdict_jax="value",
        why="The old torch.svd is reduced by default, and gives V where svd gives its transpose.",
        link=_DOCS + "svd.html",
    ),
    Case(
        family="linalg",
        name="svdvals at a double singular value",
        inputs={"x": _EYE},
        torch="torch.linalg.svdvals(x)",
        jax="jnp.linalg.svd(x, compute_uv=False)",
        grads=("x",),
        why="The gradient of the values alone is finite.",
        link=_DOCS + "linalg.svdvals.html",
    ),
    Case(
        family="linalg",
        name="svd at a double singular value, the vectors",
        inputs={"x": _EYE},
        torch="torch.linalg.svd(x).U.abs()",
        jax="jnp.abs(jnp.linalg.svd(x)[0])",
        grads=("x",),
        why="The vectors' gradient divides by differences: NaN on both sides.",
        link=_DOCS + "linalg.svd.html",
    ),
    Case(
        family="linalg",
        name="svdvals at 0",
        inputs={"x": f32([[0, 0], [0, 0]])},
        torch="torch.linalg.svdvals(x)",
        jax="jnp.linalg.svd(x, compute_uv=False)",
        grads=("x",),
        why="One of many subgradients, and the same one on both sides.",
        link=_DOCS + "linalg.svdvals.html",
    ),
    Case(
        family="linalg",
        name="the gradient of full matrices of svd",
        inputs={"x": _TALL},
        torch="torch.linalg.svd(x).S",
        jax="jnp.linalg.svd(x)[1]",
        remedy="jnp.linalg.svd(x, full_matrices=False)[1]",
        verdict_jax="error",
        grads=("x",),
        why="JAX refuses to differentiate full matrices, even where only the singular values "
        "are used.",
        link=_DOCS + "linalg.svd.html",
    ),
)
