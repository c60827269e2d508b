"""The table of operations: functions of `torch.special`, and those of whole arrays like them."""

from .bound import Bound, Rule, dtype_of
from .promotion import floating, promoting

_JAX = {
    "special_i0e": "i0e",
    "special_i1e": "i1e",
    "special_entr": "entr",
}
_T = {
    "i0": "i0",
    "special_i0": "i0",
    "special_i1": "i1",
    "special_ndtri": "ndtri",
}


def _softmax_backward(step: Bound) -> str | None:
    if step.dtype() != dtype_of(step["grad_output"]):
        return None
    step.read.add("input_dtype")
    return "output * (grad_output - (output * grad_output).sum(dim, keepdims=True))"


def _safe_softmax(step: Bound) -> str:
    """Where all are -inf it gives 0."""
    dtype = "" if step["dtype"] is None else ", dtype=dtype"
    empty = "(self == -jnp.inf).all(dim, keepdims=True)"
    return f"jnp.where({empty}, 0, F.softmax(jnp.where({empty}, 0, self), dim{dtype}))"


def _wide(function: str) -> Rule:
    """A function that JAX does not have of narrow floating point numbers."""

    def rule(step: Bound) -> str:
        if dtype_of(step["self"]) in ("bfloat16", "float16"):
            return f"{function}(self.astype(jnp.float32)).astype(self.dtype)"
        return f"{function}(self)"

    return floating(rule)


SPECIAL: dict[str, Rule] = {
    "special_ndtr": _wide("jax.scipy.special.ndtr"),
    "special_log_ndtr": _wide("jax.scipy.special.log_ndtr"),
    **{name: floating(f"jax.scipy.special.{ours}(self)") for name, ours in _JAX.items()},
    **{name: floating(f"T.{ours}(self)") for name, ours in _T.items()},
    **{
        name: promoting(f"jax.scipy.special.{ours}(self, other)", "self", "other", floats=True)
        for name, ours in {"igamma": "gammainc", "igammac": "gammaincc"}.items()
    },
    "special_zeta": promoting("jax.scipy.special.zeta(self, other)", "self", "other", floats=True),
    "special_xlog1py": promoting("T.xlog1py(self, other)", "self", "other"),
    "logaddexp2": promoting("T.logaddexp2(self, other)", "self", "other"),
    "copysign": promoting("T.copysign(self, other)", "self", "other"),
    "special_modified_bessel_i0": floating("T.i0(self)"),
    "special_modified_bessel_i1": floating("T.i1(self)"),
    "polygamma": floating("T.polygamma(n, self)"),
    "special_polygamma": floating("T.polygamma(n, self)"),
    "_softmax_backward_data": _softmax_backward,
    "native_dropout_backward": promoting("grad_output * mask * scale", "grad_output", "scale"),
    "mvlgamma": floating("jax.scipy.special.multigammaln(self, p)"),
    "_safe_softmax": _safe_softmax,
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
