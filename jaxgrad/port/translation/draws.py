"""The table of operations: random numbers, by functions of `jaxgrad.random` and a key."""

from .bound import Bound, Rule, dtype_text, shape_of


def _shape(step: Bound) -> str:
    """The shape of the numbers: an argument, or that of the array that they are like."""
    if "size" in step.values:
        return "size"
    step.read.add("self")
    shape = shape_of(step.node)
    return "self.shape" if any(not isinstance(size, int) for size in shape) else str(tuple(shape))


def _dtype(step: Bound) -> str:
    return f"dtype={dtype_text(step.dtype())}"


def _of_shape(function: str, *names: str) -> Rule:
    """Numbers of a shape, with these parameters."""

    def rule(step: Bound) -> str:
        step.read.update(names)
        given = [name for name in names if not step.is_default(name)]
        words = "".join(f", {_KEYWORDS.get(name, name)}={step.values[name]}" for name in given)
        return f"R.{function}(key_, {_shape(step)}{words}, {_dtype(step)})"

    return rule


_KEYWORDS = {"from": "a", "to": "b"}


def _normal(step: Bound) -> str:
    """Without a gradient of mean and deviation, as in PyTorch."""
    words = [
        f"jax.lax.stop_gradient({name})" if hasattr(step[name], "op") else name
        for name in ("mean", "std")
    ]
    shape = "" if any(hasattr(step[name], "op") for name in ("mean", "std")) else _shape(step)
    if shape and (step["mean"], step["std"]) == (0, 1):
        return f"R.randn(key_, {shape}, {_dtype(step)})"
    return f"R.normal(key_, {', '.join(words)}{shape and ', '}{shape}, {_dtype(step)})"


def _bernoulli(step: Bound) -> str:
    if "p" in step.values:
        return f"R.bernoulli(key_, p, {_shape(step)}, {_dtype(step)})"
    return f"R.bernoulli(key_, self, {_dtype(step)})"


def _randint(step: Bound) -> str | None:
    if hasattr(step["high"], "op") and hasattr(step["high"].meta.get("val"), "shape"):
        return None
    low = "low" if "low" in step.values else "0"
    return f"R.randint(key_, {low}, high, {_shape(step)}, {_dtype(step)})"


DRAWS: dict[str, Rule] = {
    **dict.fromkeys(("rand", "rand_like"), _of_shape("rand")),
    **dict.fromkeys(("randn", "randn_like"), _of_shape("randn")),
    **dict.fromkeys(("randint", "randint_like"), _randint),
    "randperm": lambda step: f"R.randperm(key_, n, {_dtype(step)})",
    "normal": _normal,
    "uniform": _of_shape("uniform", "from", "to"),
    "exponential": _of_shape("exponential", "lambd"),
    "cauchy": _of_shape("cauchy", "median", "sigma"),
    "log_normal": _of_shape("log_normal", "mean", "std"),
    "geometric": _of_shape("geometric", "p"),
    "bernoulli": _bernoulli,
    "multinomial": "R.multinomial(key_, self, num_samples, replacement=replacement)",
    "poisson": "R.poisson(key_, self)",
    "binomial": "R.binomial(key_, count, prob)",
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
