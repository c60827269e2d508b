"""The table of operations: reading and writing at places that an array of indices tells."""

from typing import Any

from .bound import Bound, Rule, dtype_of, is_floating, shape_of

_METHODS = {"sum": "add", "add": "add", "prod": "multiply", "multiply": "multiply"}
_METHODS |= {"amax": "max", "amin": "min", "mean": "add"}
_TRUTHS = {"add": "max", "multiply": "min"}
"""How truth values are added up and multiplied."""


def _neutral(method: str, dtype: str) -> str:
    """The number from which a reduction starts where the array itself does not count."""
    if method in ("add", "multiply"):
        return "01"[method == "multiply"]
    if dtype == "bool":
        return str(method == "min")
    if dtype.startswith(("int", "uint")):
        return f"jnp.iinfo(self.dtype).{'min' if method == 'max' else 'max'}"
    return "-jnp.inf" if method == "max" else "jnp.inf"


def _mean(step: Bound, array: str, places: str, total: str) -> str:
    """A mean of a total at places, of integers rounded down."""
    sign = "/" if is_floating(step["self"]) else "//"
    if step["include_self"] is False:
        return f"{total} {sign} jnp.maximum(jnp.zeros_like({array}).at[{places}].add(1), 1)"
    return f"{total} {sign} jnp.ones_like({array}).at[{places}].add(1)"


def _index(step: Bound) -> str:
    parts = [":" if part is None else f"indices_{i}" for i, part in enumerate(step["indices"])]
    return f"self[{', '.join(parts)}]"


def _index_put(step: Bound) -> str:
    if is_masked_fill(step):
        return _fill_under_mask(step)
    place = _index(step).replace("self", "self.at", 1)
    add = "max" if dtype_of(step["self"]) == "bool" else "add"
    return f"{place}.{add if step['accumulate'] else 'set'}(values)"


def is_masked_fill(step: Bound) -> bool:
    """Whether places are chosen by one mask, and the values are the same in all of them."""
    given = [part for part in step["indices"] if part is not None]
    if len(given) != 1 or dtype_of(given[0]) != "bool":
        return False
    free = step.ndim("self") - step["indices"].index(given[0]) - len(shape_of(given[0]))
    alone = all(isinstance(size, int) and size == 1 for size in step.shape("values"))
    return alone or step.ndim("values") <= free


def _fill_under_mask(step: Bound) -> str:
    place = next(i for i, part in enumerate(step["indices"]) if part is not None)
    free = step.ndim("self") - place - len(shape_of(step["indices"][place]))
    mask = f"indices_{place}" + ("[..., " + ", ".join(["None"] * free) + "]" if free else "")
    values = "jnp.squeeze(values)" if step.ndim("values") > free else "values"
    if step["accumulate"]:
        added = "self | {}" if dtype_of(step["self"]) == "bool" else "self + {}"
        values = added.format(values)
    return f"jnp.where({mask}, {values}, self)"


def _grid(rank: int, axis: int) -> str:
    """The places of all elements of `index`, which holds those along one axis."""
    parts = []
    for i in range(rank):
        after = ", None" * (rank - 1 - i)
        along = f"jnp.arange(index.shape[{i}])" + (f"[:{after}]" if after else "")
        parts.append("index" if i == axis else along)
    return ", ".join(parts)


def _cut(source: tuple[Any, ...], index: tuple[Any, ...]) -> str:
    """The part of the source that has the shape of the index."""
    if source == index:
        return "src"
    return f"src[{', '.join(f':index.shape[{i}]' for i in range(len(index)))}]"


def _scatter(step: Bound) -> str | None:
    index, whole = step.shape("index"), step.shape("self")
    dim = step.axis(step["dim"])
    value = "value" if "value" in step.values else "src"
    method = _METHODS.get(step["reduce"] or "", "set")
    method = "add" if step.name == "scatter_add" else method
    dtype = dtype_of(step["self"])
    method = _TRUTHS.get(method, method) if dtype == "bool" else method
    if (step["reduce"] and method == "set") or len(index) != len(whole):
        return None
    if value == "src":
        value = _cut(step.shape("src"), index)
    array, places = "self", _grid(len(whole), dim)
    if not whole:
        array, places = "self.reshape(1)", "index[None]"
    found = _reduced(step, array, places, method, value)
    return found if whole else f"({found}).reshape(())"


def _reduced(step: Bound, array: str, places: str, method: str, value: str) -> str:
    """A write at places that reduces what comes together, with the array itself or without."""
    emptied = ""
    if step["include_self"] is False and method != "set":
        emptied = f".at[{places}].set({_neutral(method, dtype_of(step['self']))})"
    found = f"{array}{emptied}.at[{places}].{method}({value})"
    return _mean(step, array, places, found) if step["reduce"] == "mean" else found


def _add(step: Bound) -> str:
    """How a write adds: truth values by "or"."""
    return "max" if dtype_of(step["self"]) == "bool" else "add"


def _along(step: Bound, method: str, value: str) -> str:
    """A write at indices along an axis."""
    index = "index" if step.ndim("index") else "index[None]"
    step.read.add("dim")
    if not step.ndim("self"):
        return f"self.reshape(1).at[{index}].{method}({value}).reshape(())"
    before = ":, " * step.axis(step["dim"])
    return f"self.at[{before}{index}].{method}({value})"


def _index_add(step: Bound) -> str:
    return _along(step, _add(step), "source" if step["alpha"] in (1, None) else "alpha * source")


def _index_reduce(step: Bound) -> str:
    index = "index" if step.ndim("index") else "index[None]"
    method = _METHODS[step["reduce"]]
    step.read.add("dim")
    if not step.ndim("self"):
        return f"({_reduced(step, 'self.reshape(1)', index, method, 'source')}).reshape(())"
    return _reduced(step, "self", ":, " * step.axis(step["dim"]) + index, method, "source")


def _index_fill(step: Bound) -> str:
    return _along(step, "set", "value")


def _put(step: Bound) -> str:
    method = _add(step) if step["accumulate"] else "set"
    flat = "self.reshape(-1).at[index.reshape(-1)]"
    return f"{flat}.{method}(source.reshape(-1)).reshape(self.shape)"


def _masked_scatter(step: Bound) -> str:
    mask, shape = "mask", "mask.shape"
    if step.shape("mask") != shape_of(step.node):
        shape = "jnp.broadcast_shapes(mask.shape, self.shape)"
        mask = f"jnp.broadcast_to(mask, {shape})"
    count = f"jnp.cumsum({mask}).reshape({shape}) - 1"
    return f"jnp.where(mask, source.reshape(-1)[{count}], self)"


def _gather(step: Bound) -> str:
    index, source = step.shape("index"), step.shape("self")
    axis = step.axis(step["dim"])
    if not source:
        return "jnp.broadcast_to(self, index.shape)"
    if len(index) not in (0, len(source)):  # PyTorch takes an empty one of any rank
        return "jnp.zeros(index.shape, self.dtype)"
    if not index:
        return "self[index]"
    cut = [
        ":" if i == axis or a is b or a == b else f":index.shape[{i}]"
        for i, (a, b) in enumerate(zip(index, source, strict=True))
    ]
    whole = "self" if all(part == ":" for part in cut) else f"self[{', '.join(cut)}]"
    return f"jnp.take_along_axis({whole}, index, axis=dim)"


def _index_select(step: Bound) -> str:
    index = "index" if step.ndim("index") else "index[None]"
    if not step.ndim("self"):
        step.read.update(("dim", "index"))
        return "self"
    return f"jnp.take(self, {index}, axis=dim)"


def _masked_index(step: Bound) -> str:
    parts = [":" if part is None else f"indices_{i}" for i, part in enumerate(step["indices"])]
    return f"jnp.where(mask, self[{', '.join(parts)}], fill)"


def _masked_put(step: Bound) -> str:
    parts = [":" if part is None else f"indices_{i}" for i, part in enumerate(step["indices"])]
    return f"self.at[{', '.join(parts)}].add(jnp.where(mask, values, 0))"


def _unpool(dims: int) -> Rule:
    """The windows that give an output of this size: those of the pooling, or others as good."""

    def rule(step: Bound) -> str | None:
        sizes, output = step.shape("self")[-dims:], step["output_size"]
        if not all(isinstance(size, int) for size in (*sizes, *output)):
            return None
        step.read.update(("stride", "padding"))
        pairs = list(zip(sizes, output, strict=True))
        if all(size and out % size == 0 for size, out in pairs):
            kernel = tuple(out // size for size, out in pairs)
            return f"F.max_unpool{dims}d(self, indices, {kernel})"
        kernel = tuple(out - size + 1 for size, out in pairs)
        return f"F.max_unpool{dims}d(self, indices, {kernel}, stride=1)"

    return rule


INDEXING: dict[str, Rule] = {
    "index": _index,
    "index_put": _index_put,
    "scatter": _scatter,
    "scatter_add": _scatter,
    "scatter_reduce": _scatter,
    "index_add": _index_add,
    "index_reduce": _index_reduce,
    "index_copy": lambda step: _along(step, "set", "source"),
    "index_fill": _index_fill,
    "take": "self.reshape(-1)[index]",
    "take_along_dim": "jnp.take_along_axis(self, indices, axis=dim)",
    "put": _put,
    "masked_scatter": _masked_scatter,
    "gather": _gather,
    "index_select": _index_select,
    "_unsafe_masked_index": _masked_index,
    "_unsafe_masked_index_put_accumulate": _masked_put,
    "max_unpool2d": _unpool(2),
    "max_unpool3d": _unpool(3),
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
