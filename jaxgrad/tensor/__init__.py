"""`torch.*`, `torch.linalg.*` and `torch.special.*` as pure functions, where JAX's own differ.

The names, argument order and defaults are PyTorch's. What is not here agrees with `jax.numpy` in
value and in every derivative, or has no name of its own in PyTorch. `norm` is `torch.norm`, and
`vector_norm` is from `torch.linalg`; `i1`, `ndtri` and `xlog1py` are from `torch.special`.
`sigmoid`, `tanh`, `softmax` and the other names that `torch.nn.functional` has too are in
`jaxgrad.functional`.

An eager call is one compiled program.
"""

from .bounds import clamp, clamp_max, clamp_min, fmax, fmin, maximum, minimum
from .division import floor_divide, fmod, remainder
from .extremes import amax, amin, max, min
from .gamma import digamma, i0, i1, lgamma, ndtri, polygamma
from .norms import cdist, norm, vector_norm
from .ordering import cummax, cummin, sort, topk
from .pointwise import abs, angle, atan2, copysign, sgn, sign
from .powers import exp2, float_power, hypot, pow, rsqrt
from .quantiles import median, nanmedian, nanquantile, quantile
from .special import logaddexp, logaddexp2, logcumsumexp, logit, xlog1py, xlogy
from .spread import std, std_mean, var, var_mean

__all__ = [
    "abs",
    "amax",
    "amin",
    "angle",
    "atan2",
    "cdist",
    "clamp",
    "clamp_max",
    "clamp_min",
    "copysign",
    "cummax",
    "cummin",
    "digamma",
    "exp2",
    "float_power",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "hypot",
    "i0",
    "i1",
    "lgamma",
    "logaddexp",
    "logaddexp2",
    "logcumsumexp",
    "logit",
    "max",
    "maximum",
    "median",
    "min",
    "minimum",
    "nanmedian",
    "nanquantile",
    "ndtri",
    "norm",
    "polygamma",
    "pow",
    "quantile",
    "remainder",
    "rsqrt",
    "sgn",
    "sign",
    "sort",
    "std",
    "std_mean",
    "topk",
    "var",
    "var_mean",
    "vector_norm",
    "xlog1py",
    "xlogy",
]
