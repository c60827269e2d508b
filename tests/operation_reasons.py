"""Why a name of PyTorch's operator database has no counterpart, or what differs, in a sentence."""

_BESSEL = "bessel_j0 bessel_j1 bessel_y0 bessel_y1 modified_bessel_k0 modified_bessel_k1".split()
_BESSEL += "scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0".split()
_POLYNOMIALS = [f"chebyshev_polynomial_{kind}" for kind in "tuvw"]
_POLYNOMIALS += [f"shifted_{name}" for name in _POLYNOMIALS]
_POLYNOMIALS += "hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l".split()
_POLYNOMIALS += ["legendre_polynomial_p"]

_DRAWN = "cauchy exponential geometric log_normal normal uniform randn randint multinomial".split()
_DRAWN += ["bernoulli"]
_ALIKE = {"randn_like": "randn", "rand_like": "rand", "randint_like": "randint"}
_JITERATOR = "unary binary 4inputs_with_extra_args binary_return_by_ref 2inputs_2outputs".split()
_DROPOUTS = "dropout dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu".split()
_DROPOUTS += ["fractional_max_pool2d", "fractional_max_pool3d"]

_ATTENTION = ("_flash_attention_forward", "_efficient_attention_forward")

_KEY = "PyTorch draws numbers from its own state; `{}` draws them from a key"
_STRIDES = "it depends on where PyTorch keeps the numbers; an array in JAX has no strides"
_CODE = "JAX returns no error code; the name without _ex has a counterpart"

REASONS = {
    **{name: _KEY.format(f"jaxgrad.random.{name}") for name in _DRAWN},
    **{name: _KEY.format(f"jaxgrad.random.{ours}") for name, ours in _ALIKE.items()},
    **{f"nn.functional.{name}": _KEY.format(f"F.{name}") for name in _DROPOUTS},
    **{f"special.{name}": "JAX has no such Bessel function" for name in _BESSEL},
    **{f"special.{name}": "JAX has no such polynomials" for name in _POLYNOMIALS},
    **{f"jiterator_{name}": "it compiles a kernel for a GPU from C++" for name in _JITERATOR},
    "special.airy_ai": "JAX has no Airy functions",
    "special.erfcx": "JAX has no scaled complementary error function",
    **dict.fromkeys(("as_strided", "as_strided_copy", "as_strided_scatter"), _STRIDES),
    **dict.fromkeys(("resize_", "resize_as_"), _STRIDES),
    **dict.fromkeys(("linalg.inv_ex", "linalg.solve_ex", "linalg.cholesky_ex"), _CODE),
    **dict.fromkeys(("linalg.lu_factor_ex", "linalg.ldl_factor_ex"), _CODE),
    **dict.fromkeys(("linalg.ldl_factor", "linalg.ldl_solve"), "JAX has no LDL factorization"),
    **dict.fromkeys(("geqrf", "ormqr"), "JAX has no Householder vectors of a QR factorization"),
    **dict.fromkeys(
        ("sparse.mm", "sparse.sampled_addmm", "to_sparse"),
        "JAX has no sparse arrays of PyTorch's kinds",
    ),
    "nn.functional.multi_head_attention_forward": _KEY.format("F.multi_head_attention_forward"),
    **dict.fromkeys(("svd_lowrank", "pca_lowrank"), _KEY.format("jaxgrad.random.randn")),
    **dict.fromkeys(("torch._scaled_mm", "torch._scaled_mm_v2"), "it is a product for GPUs"),
    **{f"torch.ops.aten.{name}": "it is a part of attention on GPUs" for name in _ATTENTION},
    "nn.functional.gaussian_nll_loss": (
        "`F.gaussian_nll_loss` refuses shapes that PyTorch broadcasts; the rest is exact"
    ),
    **dict.fromkeys(("linalg.svd", "svd"), "JAX has no derivative of full matrices of a thin one"),
    "chalf": "JAX has no complex numbers of 16 bits",
    "linalg.lstsq": "PyTorch does not export it: its shapes depend on values",
    "hash_tensor": "it hashes the bits of PyTorch's storage",
    "cholesky_solve": "the gradient of the half of the factor that is not read is 0 in JAX",
    "erfinv": "in float32 JAX's gradient near the ends is 15 times as far off as PyTorch's",
    "matrix_exp": "in bfloat16 PyTorch's answer is NaN where JAX's is finite",
    "nextafter": "JAX has no derivative of it; PyTorch's is 1",
    "linalg.householder_product": "JAX has no derivative of it",
    "linalg.eig": "JAX refuses the derivative of an empty matrix's eigenvectors",
    "special.zeta": "at negative second arguments JAX gives NaN and PyTorch infinity",
    "nn.functional.batch_norm": (
        "`F.batch_norm` refuses inputs of one axis, and running statistics are written of buffers "
        "alone; the rest is exact"
    ),
    "nn.functional.instance_norm": (
        "running statistics are written of buffers alone; the rest is exact"
    ),
    **dict.fromkeys(
        ("scatter_reduce", "index_reduce"),
        "JAX has no gradient of products at repeated places; with include_self=False PyTorch's "
        "gradient of extremes counts equal elements of the array itself; the rest is exact",
    ),
}
"""By name."""
