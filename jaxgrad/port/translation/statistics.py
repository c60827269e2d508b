"""The table of operations: order, counts and sums that leave numbers out."""

from .bound import Bound, Rule, dtype_of, dtype_text
from .promotion import floating


def _without_nan(function: str) -> Rule:
    def rule(step: Bound) -> str:
        axis = "" if step["dim"] in (None, []) or not step.ndim("self") else ", dim"
        dtype = "" if step["dtype"] is None else ", dtype=dtype"
        return f"jnp.{function}(self{axis}{dtype}, keepdims=keepdim)"

    return rule


def _middle(function: str) -> Rule:
    def rule(step: Bound) -> str:
        if "dim" not in step.values:
            return f"T.{function}(self)"
        return f"T.{function}(self, dim, keepdim=keepdim)"

    return rule


def _quantile(function: str) -> Rule:
    return f"T.{function}(self, q, dim, keepdim=keepdim, interpolation=interpolation)"


def _counted(step: Bound) -> str:
    axis = "" if step["dim"] in (None, []) or not step.ndim("self") else ", dim"
    return f"jnp.count_nonzero(self{axis})"


def _extremes(step: Bound) -> str:
    axis = "" if step["dim"] is None else ", dim"
    words = f"self{axis}, keepdim=keepdim"
    return f"(T.amin({words}), T.amax({words}))"


def _bins(step: Bound) -> str:
    side = ", side='right'" if step["right"] else ""
    return f"jnp.searchsorted(boundaries, self{side}){_indices(step)}"


def _places(step: Bound) -> str:
    right = step["right"] or step["side"] == "right"
    side = ", side='right'" if right else ""
    ordered = "sorted_sequence"
    if step["sorter"] is not None:
        ordered = "jnp.take_along_axis(sorted_sequence, sorter, axis=-1)"
    if step.ndim("sorted_sequence") == 1:
        return f"jnp.searchsorted({ordered}, self{side}){_indices(step)}"
    one = f"functools.partial(jnp.searchsorted{side})" if side else "jnp.searchsorted"
    return f"jnp.vectorize({one}, signature='(m),(n)->(n)')({ordered}, self){_indices(step)}"


def _indices(step: Bound) -> str:
    step.read.add("out_int32")
    return f".astype({dtype_text(dtype_of(step.node))})"


def _smallest(step: Bound) -> str:
    """The k-th smallest number along an axis, and its place."""
    axis = step.axis(step["dim"])
    place = f"{step['k'] - 1}:{step['k']}" if step["keepdim"] else f"{step['k'] - 1}"
    step.read.update(("dim", "keepdim"))
    if not step.ndim("self"):
        return "T.sort(self, dim)"
    index = ", ".join([*":" * axis, place])
    return f"jax.tree.map(lambda part: part[{index}], T.sort(self, dim))"


def _cdist(step: Bound) -> str:
    step.read.add("compute_mode")  # it says how, not what
    return "T.cdist(x1, x2, p=p)"


def _histogram(step: Bound) -> str:
    """Between two numbers; between the smallest and the largest element where these are equal."""
    step.read.update(("min", "max"))
    return f"jnp.histogram(self, bins{'' if step['min'] == step['max'] else ', (min, max)'})[0]"


def _renorm(step: Bound) -> str:
    axes = tuple(i for i in range(step.ndim("self")) if i != step.axis(step["dim"]))
    norms = f"T.vector_norm(self, p, dim={axes}, keepdim=True)"
    return f"self * jnp.where({norms} > maxnorm, maxnorm / ({norms} + 1e-7), 1)"


STATISTICS: dict[str, Rule] = {
    "nansum": _without_nan("nansum"),
    "nanmean": _without_nan("nanmean"),
    "median": _middle("median"),
    "nanmedian": _middle("nanmedian"),
    "quantile": _quantile("quantile"),
    "nanquantile": _quantile("nanquantile"),
    "count_nonzero": _counted,
    "aminmax": _extremes,
    "cummax": "T.cummax(self, dim)",
    "cummin": "T.cummin(self, dim)",
    "logcumsumexp": "T.logcumsumexp(self, dim)",
    "cdist": _cdist,
    "dist": "T.vector_norm(self - other, p)",
    "renorm": _renorm,
    "bucketize": _bins,
    "searchsorted": _places,
    "isin": "jnp.isin(elements, test_elements, assume_unique=assume_unique, invert=invert)",
    "kthvalue": _smallest,
    "trace": "jnp.trace(self)",
    "histc": floating(_histogram),
    "nonzero_static": "jnp.argwhere(self, size=size, fill_value=fill_value)",
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
