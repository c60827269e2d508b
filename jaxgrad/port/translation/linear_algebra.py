"""The table of operations: factorizations, inverses and equations."""

from .bound import Bound, Rule, only_first, shape_of


def _alone(text: str) -> Rule:
    """An operation of which only the first result has a counterpart."""
    return lambda step: text if only_first(step.node) else None


def _solve(step: Bound) -> str:
    equations, right = step.shape("A"), step.shape("B")
    if len(right) == 1 or (len(right) == len(equations) - 1 and right == equations[:-1]):
        one = "B" if len(equations) == 2 else "B[..., None]"
        return f"jnp.linalg.solve(A, {one})" + ("" if one == "B" else "[..., 0]")
    if step["left"] is False:
        return "jnp.linalg.solve(A.mT, B.mT).mT"
    return "jnp.linalg.solve(A, B)"


def _triangular(step: Bound) -> str:
    lower = not step["upper"]
    words = f"unit_diagonal={bool(step['unitriangular'])}, lower="
    if step["left"] is False:
        return f"jax.scipy.linalg.solve_triangular(self.mT, B.mT, {words}{not lower}).mT"
    return f"jax.scipy.linalg.solve_triangular(self, B, {words}{lower})"


def _old_triangular(step: Bound) -> str:
    lower = not (step["upper"] is not False)
    words = f"trans={int(bool(step['transpose']))}, lower={lower}"
    unit = f"unit_diagonal={bool(step['unitriangular'])}"
    return f"(jax.scipy.linalg.solve_triangular(A, self, {words}, {unit}), A)"


def _pinv(step: Bound) -> str | None:
    if step["atol"] is not None:
        return None
    hermitian = ", hermitian=True" if step["hermitian"] else ""
    rtol = "rcond" if "rcond" in step.values else "rtol"
    if step[rtol] is None:
        rtol = "max(self.shape[-2:]) * jnp.finfo(self.dtype).eps"
    return f"jnp.linalg.pinv(self, {rtol}{hermitian})"


def _singular(step: Bound) -> str:
    step.read.add("driver")
    if step["compute_uv"] is False:
        return "jnp.linalg.svd(A, compute_uv=False)"
    return "jnp.linalg.svd(A, full_matrices=full_matrices)"


def _symmetric(step: Bound) -> str:
    matrix = "A" if "A" in step.values else "self"
    half = "" if step["UPLO"] in ("L", None) else ", UPLO"
    return f"jnp.linalg.eigh({matrix}{half}, symmetrize_input=False)"


def _cholesky(step: Bound) -> str:
    return "jnp.linalg.cholesky(self, upper=upper)"


def _of_factor(step: Bound) -> str:
    lower = not step["upper"]
    if step.name == "cholesky_inverse":
        one = "jnp.broadcast_to(jnp.eye(self.shape[-1], dtype=self.dtype), self.shape)"
        return f"jax.scipy.linalg.cho_solve((self, {lower}), {one})"
    return f"jax.scipy.linalg.cho_solve((input2, {lower}), self)"


def _cross(step: Bound) -> str:
    one, other = (shape_of(step[name]) for name in ("self", "other"))
    if one == other:
        return "jnp.cross(self, other, axis=dim)"
    return "jnp.cross(*jnp.broadcast_arrays(self, other), axis=dim)"


def _exponential(step: Bound) -> str:
    if step.dtype() in ("bfloat16", "float16"):
        return "jax.scipy.linalg.expm(self.astype(jnp.float32)).astype(self.dtype)"
    return "jax.scipy.linalg.expm(self)"


def _tensor_equations(step: Bound) -> str:
    """PyTorch compares the number of equations alone, not their shape."""
    matrix, shape = "self", shape_of(step.node)
    if step["dims"]:
        last = tuple(range(-len(step["dims"]), 0))
        matrix = f"jnp.moveaxis(self, dims, {last})"
    size = "other.size"
    return f"jnp.linalg.solve({matrix}.reshape({size}, {size}), other.reshape(-1)).reshape({shape})"


def _determinant(step: Bound) -> str:
    empty = step.shape("A")[-1] == 0
    return "jnp.ones(A.shape[:-2], A.dtype)" if empty else "jnp.linalg.det(A)"


def _lu(step: Bound) -> str | None:
    if step["pivot"] is False:
        return None
    if step.ndim("A") == 2:
        return "jax.scipy.linalg.lu(A)"
    signature = "(m,n)->(m,m),(m,k),(k,n)"
    return f"jnp.vectorize(jax.scipy.linalg.lu, signature='{signature}')(A)"


LINEAR_ALGEBRA: dict[str, Rule] = {
    "cholesky": _cholesky,
    "linalg_cholesky": _cholesky,
    "cholesky_solve": _of_factor,
    "cholesky_inverse": _of_factor,
    "linalg_det": _determinant,
    "linalg_slogdet": "jnp.linalg.slogdet(A)",
    "_linalg_slogdet": "(*jnp.linalg.slogdet(A), None, None)",
    "linalg_inv": "jnp.linalg.inv(A)",
    "linalg_inv_ex": _alone("jnp.linalg.inv(A)"),
    "linalg_solve": _solve,
    "linalg_solve_triangular": _triangular,
    "triangular_solve": _old_triangular,
    "linalg_qr": "jnp.linalg.qr(A, mode=mode)",
    "linalg_svd": _singular,
    "_linalg_svd": _singular,
    "linalg_svdvals": "jnp.linalg.svd(A, compute_uv=False)",
    "linalg_eigh": _symmetric,
    "linalg_eigvalsh": lambda step: f"{_symmetric(step)}[0]",
    "linalg_eig": (
        "jax.lax.linalg.eig(self, compute_left_eigenvectors=False, enable_eigvec_derivs=True)"
    ),
    "linalg_eigvals": "jnp.linalg.eigvals(self)",
    "linalg_householder_product": "jax.lax.linalg.householder_product(input, tau)",
    "linalg_matrix_exp": _exponential,
    "linalg_matrix_power": "jnp.linalg.matrix_power(self, n)",
    "linalg_pinv": _pinv,
    "linalg_cross": _cross,
    "linalg_lu": _lu,
    "linalg_tensorinv": "jnp.linalg.tensorinv(self, ind)",
    "linalg_tensorsolve": _tensor_equations,
    "block_diag": "jax.scipy.linalg.block_diag(*tensors)",
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
