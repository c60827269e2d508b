"""The table of operations: random numbers, by functions of `jaxgrad.random` and a key."""

from collections.abc import Callable
from typing import Any

from .bound import Bound, Rule, dtype_of, dtype_text, name_of, shape_of


def _shape(step: Bound) -> str:
    """The shape of the numbers: an argument, or that of the array that they are like."""
    if "size" in step.values:
        return "size"
    step.read.add("self")
    shape = shape_of(step.node)
    return "self.shape" if any(not isinstance(size, int) for size in shape) else str(tuple(shape))


def _dtype(step: Bound) -> str:
    """The dtype of the numbers: that of the array that they are like, if it has numbers itself."""
    own = step["self"]
    if own is not None and dtype_of(own) == step.dtype() and name_of(own) not in _EMPTY:
        return "dtype=self.dtype"
    return f"dtype={dtype_text(step.dtype())}"


_EMPTY = ("empty", "empty_like", "new_empty", "zeros", "zeros_like", "new_zeros")


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
    return "R.bernoulli(key_, self)"


def _randint(step: Bound) -> str | None:
    if hasattr(step["high"], "op") and hasattr(step["high"].meta.get("val"), "shape"):
        return None
    low = "low" if "low" in step.values else "0"
    return f"R.randint(key_, {low}, high, {_shape(step)}, {_dtype(step)})"


def without_empty(torch: Any, program: Any) -> Any:
    """An exported program in which numbers like an array are drawn like it.

    PyTorch makes an empty array like it, as in `gumbel_softmax`, and fills that.
    """
    for node in list(program.graph.nodes):
        empty: Any = node.args[0] if name_of(node) in _FILLED else None
        if name_of(empty) not in ("empty_like", "zeros_like") or len(empty.users) != 1:
            continue
        if dtype_of(empty) == dtype_of(empty.args[0]):
            node.target = _FILLED[name_of(node)](torch.ops.aten)
            node.args = (empty.args[0], *node.args[1:])
            program.graph.erase_node(empty)
    return program


_FILLED: dict[str, Callable[[Any], Any]] = {
    "normal_": lambda ops: ops.normal_functional.default,
    "uniform_": lambda ops: ops.uniform.default,
    "exponential_": lambda ops: ops.exponential.default,
    "cauchy_": lambda ops: ops.cauchy.default,
    "log_normal_": lambda ops: ops.log_normal.default,
    "geometric_": lambda ops: ops.geometric.default,
}
"""Operations that fill an array, and those that give another."""


DRAWS: dict[str, Rule] = {
    **dict.fromkeys(("rand", "rand_like"), _of_shape("rand")),
    **dict.fromkeys(("randn", "randn_like"), _of_shape("randn")),
    **dict.fromkeys(("randint", "randint_like"), _randint),
    "randperm": lambda step: f"R.randperm(key_, n, {_dtype(step)})",
    **dict.fromkeys(("normal", "normal_functional"), _normal),
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
