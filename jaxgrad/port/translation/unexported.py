"""Functions that PyTorch does not export, as their shapes or branches depend on values.

`translate` never meets them. Each has the function of its arguments that is exactly it, outside of
`jax.jit` where a shape depends on values.
"""

from collections.abc import Mapping

_FLOATING = "input if jnp.isdtype(input.dtype, 'real floating') else input.astype(jnp.float32)"

UNEXPORTED: Mapping[str, str] = {
    "allclose": (
        "lambda input, other, rtol=1e-05, atol=1e-08, equal_nan=False: "
        "jnp.allclose(input, other, rtol, atol, equal_nan)"
    ),
    "argwhere": "lambda input: jnp.argwhere(input)",
    "bincount": (
        "lambda input, weights=None, minlength=0: jnp.bincount("
        "input, weights if weights is None else weights.astype(float), minlength)"
    ),
    "corrcoef": f"lambda input: jnp.corrcoef({_FLOATING})",
    "cov": (
        "lambda input, correction=1, fweights=None, aweights=None: "
        f"jnp.cov({_FLOATING}, ddof=correction, fweights=fweights, aweights=aweights)"
    ),
    "equal": "lambda input, other: jnp.array_equal(input, other)",
    "item": "lambda input: input.item()",
    "masked_select": "lambda input, mask: operator.getitem(*jnp.broadcast_arrays(input, mask))",
    "narrow": (
        "lambda input, dim, start, length: "
        "jax.lax.dynamic_slice_in_dim(input, start, length, axis=dim)"
    ),
    "nn.functional.ctc_loss": (
        "lambda log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', "
        "zero_infinity=False: F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, "
        "reduction, zero_infinity)"
    ),
    "nn.functional.gaussian_nll_loss": (
        "lambda input, target, var, full=False, eps=1e-06, reduction='mean': "
        "F.gaussian_nll_loss(input, target, var, full, eps, reduction)"
    ),
    "nn.functional.one_hot": "lambda tensor, num_classes=-1: F.one_hot(tensor, num_classes)",
    "nonzero": (
        "lambda input, as_tuple=False: jnp.nonzero(input) if as_tuple else jnp.argwhere(input)"
    ),
    "tensor_split": (
        "lambda input, indices_or_sections, dim=0: "
        "jnp.array_split(input, indices_or_sections, axis=dim)"
    ),
    "unique": (
        "lambda input, sorted=True, return_inverse=False, return_counts=False, dim=None: "
        "jnp.unique(input, return_inverse=return_inverse, return_counts=return_counts, axis=dim)"
    ),
}
"""By the name in PyTorch's operator database."""
