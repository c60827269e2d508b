"""The table of operations: shapes, indices, joining and splitting, and new arrays."""

import itertools

from .bound import Bound, Rule, dtype_of, dtype_text, is_floating, shape_of
from .promotion import together


def _flatten(step: Bound) -> str:
    start, end = step.axis(step["start_dim"] or 0), step.axis(step["end_dim"])
    last = step.ndim("self") - 1
    if step.ndim("self") == 0:
        return "self.reshape(1)"
    if (start, end) == (0, last):
        return "self.reshape(-1)"
    if start == end:
        return "self"
    kept = [f"self.shape[{axis}]" for axis in range(start)]
    if len(kept) == 1 and end == last:
        return f"self.reshape({kept[0]}, -1)"
    return "jax.lax.collapse(self, {}{})".format(start, "" if end == last else f", {end + 1}")


def _expand(step: Bound) -> str:
    """-1 keeps a size."""
    sizes, shape = list(step["size"]), step.shape("self")
    new = len(sizes) - len(shape)
    if [None if size == -1 else size for size in sizes[new:]] == [None] * len(shape) and not new:
        return "self"
    parts = [
        f"self.shape[{axis - new}]" if isinstance(size, int) and size == -1 else f"size_{axis}"
        for axis, size in enumerate(sizes)
    ]
    return f"jnp.broadcast_to(self, ({', '.join(parts)},))"


def _subscript(step: Bound, name: str, part: str, more: int = 0) -> str:
    """`self[:, part]`, at the axis that an argument tells."""
    axis = step.axis(step[name], more=more)
    return f"self[{', '.join([*[':'] * axis, part])}]"


def _select(step: Bound) -> str:
    return _subscript(step, "dim", "index")


def _slice(step: Bound) -> str:
    start, end, stride = step["start"], step["end"], step["step"]
    low = "" if start in (None, 0) else "start"
    high = "" if end is None or (isinstance(end, int) and end > 2**62) else "end"
    by = "" if stride in (None, 1) else ":step"
    if not (low or high or by):
        step.read.add("dim")
        return "self"
    return _subscript(step, "dim", f"{low}:{high}{by}")


def _narrow(step: Bound) -> str | None:
    """A negative start counts from the end."""
    start, axis = step["start"], step.axis(step["dim"])
    if not isinstance(start, int):
        return None
    step.read.add("dim")
    first = "start" if start >= 0 else f"self.shape[{axis}] - {-start}"
    return f"self[{':, ' * axis}{first}:{first} + length]"


def _unsqueeze(step: Bound) -> str:
    if step["dim"] == -1:
        return "self[..., None]"
    return _subscript(step, "dim", "None", more=1)


def _squeeze(step: Bound) -> str:
    if step["dim"] is None:
        return "self.squeeze()"
    dims = [step["dim"]] if isinstance(step["dim"], int) else step["dim"]
    ones = [dim for dim in dims if step.ndim("self") and step.shape("self")[dim] == 1]
    if not ones:
        return "self"
    return f"self.squeeze({ones[0] if len(ones) == 1 else tuple(ones)})"


def _transpose(step: Bound) -> str:
    first, second = (step.axis(step[name]) for name in ("dim0", "dim1"))
    if first == second:
        return "self"
    return "self.T" if step.ndim("self") == 2 else "self.swapaxes(dim0, dim1)"


def _offsets(step: Bound, dim: int) -> list[int]:
    """Where the parts of a split begin, but for the first."""
    sizes = [part.shape[dim] for part in step.node.meta["val"]]
    return list(itertools.accumulate(sizes[:-1]))


def _split(step: Bound) -> str | None:
    dim = step["dim"] or 0
    parts = step.node.meta["val"]
    axis = "" if dim == 0 else ", axis=dim"
    step.read.update(("split_size", "split_sizes", "chunks"))  # the parts have these sizes
    sizes = [part.shape[dim] for part in parts]
    if len({str(size) for size in sizes}) == 1:
        return f"jnp.split(self, {len(parts)}{axis})"
    if not all(isinstance(size, int) for size in sizes):
        return None
    return f"jnp.split(self, {_offsets(step, dim)}{axis})"


def _unbind(step: Bound) -> str:
    return "self" if step.axis(step["dim"] or 0) == 0 else "jnp.unstack(self, axis=dim)"


def _reshape(sizes: str) -> Rule:
    """To sizes by this name; NumPy's `reshape` takes no fewer than one."""
    return lambda step: f"self.reshape(*{sizes})" if step[sizes] else "self.reshape(())"


def _scatter_into(part: str) -> Rule:
    def rule(step: Bound) -> str:
        index = _select(step) if part == "index" else _slice(step)
        step.read.add("self")  # of which nothing is left where all is written
        return "src" if index == "self" else f"{index.replace('self', 'self.at', 1)}.set(src)"

    return rule


def _copy(step: Bound) -> str:
    if step.shape("self") != step.shape("src"):
        return "jnp.broadcast_to(src, self.shape)"
    same = dtype_of(step["self"]) == dtype_of(step["src"])
    return "src" if same else "src.astype(self.dtype)"


def _fill(step: Bound) -> str:
    return "jnp.full_like(self, value)"


def _masked_fill(step: Bound) -> str:
    dtype = dtype_of(step["self"])
    same = together([step["self"], step["value"]]) == dtype
    return (
        f"jnp.where(mask, {'value' if same else f'jnp.asarray(value, {dtype_text(dtype)})'}, self)"
    )


def _new(function: str, value: str = "") -> Rule:
    """An array of a shape; PyTorch's default dtype is float32."""

    def rule(step: Bound) -> str:
        dtype = step.dtype()
        step.read.add("self")  # it gives its dtype and device
        size = "size" if "size" in step.values else "self.shape"
        return f"jnp.{function}({size}{value}, {dtype_text(dtype)})"

    return rule


def _full(step: Bound) -> str:
    step.read.add("self")  # it gives its dtype and device
    return f"jnp.full(size, fill_value, {dtype_text(step.dtype())})"


def _like(function: str, value: str = "") -> Rule:
    def rule(step: Bound) -> str:
        given = step.dtype()
        dtype = "" if given == dtype_of(step["self"]) else f", {dtype_text(given)}"
        return f"jnp.{function}_like(self{value}{dtype})"

    return rule


def _arange(step: Bound) -> str:
    names = [name for name in ("start", "end", "step") if step[name] is not None]
    if step["start"] == 0 and step["step"] in (None, 1):
        names = ["end"]
    whole = all(not isinstance(step[name], float) for name in names)
    dtype = step.dtype()
    kind = "" if whole and dtype == "int64" else f", dtype={dtype_text(dtype)}"
    rounded = not whole and dtype == "int64"  # PyTorch rounds the bounds first
    if not whole and not rounded and dtype.startswith(("int", "uint")):  # here once it has counted
        first, by = int(step["start"] or 0), int(1 if step["step"] is None else step["step"])
        return f"{first} + {by} * jnp.arange({shape_of(step.node)[0]}{kind})"
    numbers = [rounded or isinstance(step[name], bool) for name in names]  # True is not 1 to JAX
    words = [str(int(step[name])) if n else name for name, n in zip(names, numbers, strict=True)]
    return f"jnp.arange({', '.join(words)}{kind})"


def _as_type(step: Bound) -> str | None:
    given = step.dtype()
    if given == "complex32":
        return None  # JAX has no such numbers
    if given == dtype_of(step["self"]):
        return "self"
    return f"self.astype({dtype_text(given)})"


def _pad(step: Bound) -> str:
    mode = step["mode"] or "constant"
    if mode != "constant":
        return "F.pad(self, pad, mode)"
    return "F.pad(self, pad)" if step["value"] in (None, 0) else "F.pad(self, pad, value=value)"


def _detach(step: Bound) -> str:
    return "jax.lax.stop_gradient(self)" if is_floating(step["self"]) else "self"


def _repeat(step: Bound) -> str:
    return "jnp.tile(self, repeats)" if "repeats" in step.values else "jnp.tile(self, dims)"


def _diff(step: Bound) -> str:
    words = "".join(f", {name}={name}" for name in ("prepend", "append") if step[name] is not None)
    return f"jnp.diff(self, {'' if step['n'] == 1 else 'n, '}axis=dim{words})"


def _roll(step: Bound) -> str:
    return "jnp.roll(self, shifts, dims)" if step["dims"] else "jnp.roll(self, shifts)"


def _sum_to(step: Bound) -> str:
    return "self.reshape(other.shape)"


def _cat(step: Bound) -> str:
    axis = "" if step["dim"] in (None, 0) else ", axis=dim"
    shapes = list(map(shape_of, step["tensors"]))
    kept = [i for i, shape in enumerate(shapes) if shape != (0,)]
    if len(kept) == len(shapes) or all(len(shapes[i]) == 1 for i in kept):
        return f"jnp.concatenate(tensors{axis})"
    # PyTorch leaves out arrays of shape (0,), but for their dtypes.
    parts = [f"tensors_{i}" for i in kept]
    joined = f"jnp.concatenate(({', '.join(parts)}){axis})" if len(parts) > 1 else parts[0]
    dtype = dtype_of(step.node)
    same = all(dtype_of(step["tensors"][i]) == dtype for i in kept)
    return joined if same else f"{joined}.astype({dtype_text(dtype)})"


def _where(step: Bound) -> str:
    return "jnp.where(condition, self, other)"


def _expand_as(step: Bound) -> str:
    return "jnp.broadcast_to(self, other.shape)"


def _unflatten(step: Bound) -> str:
    axis, sizes = step.axis(step["dim"]), step["sizes"]
    before = [f"self.shape[{i}]" for i in range(axis)]
    after = [f"self.shape[{i}]" for i in range(axis + 1, step.ndim("self"))]
    middle = [f"sizes_{i}" for i in range(len(sizes))]
    return f"self.reshape({', '.join([*before, *middle, *after])})"


def _alias(step: Bound) -> str:
    return "self"


SHAPES: dict[str, Rule] = {
    **dict.fromkeys(("alias", "clone", "contiguous", "lift_fresh_copy", "detach_"), _alias),
    "detach": _detach,
    **dict.fromkeys(("view", "_unsafe_view"), _reshape("size")),
    "reshape": _reshape("shape"),
    "view_as": _sum_to,
    "reshape_as": _sum_to,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "transpose": _transpose,
    "swapaxes": "self.swapaxes(axis0, axis1)",
    "swapdims": "self.swapaxes(dim0, dim1)",
    "t": lambda step: "self.T" if step.ndim("self") == 2 else "self",
    "numpy_T": "self.T",
    "mT": "self.mT",
    "permute": "self.transpose(*dims)",
    "movedim": "jnp.moveaxis(self, source, destination)",
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "expand": _expand,
    "expand_as": _expand_as,
    "broadcast_to": _expand,
    "repeat": _repeat,
    "tile": _repeat,
    "diff": _diff,
    "select": _select,
    "slice": _slice,
    "narrow": _narrow,
    "slice_scatter": _scatter_into("slice"),
    "select_scatter": _scatter_into("index"),
    "copy": _copy,
    "fill": _fill,
    "masked_fill": _masked_fill,
    "where": _where,
    "cat": _cat,
    "concat": _cat,
    "stack": "jnp.stack(tensors, axis=dim)",
    "split": _split,
    "split_with_sizes": _split,
    "chunk": _split,
    "unbind": _unbind,
    "triu": "jnp.triu(self, diagonal)",
    "tril": "jnp.tril(self, diagonal)",
    "diagonal": "jnp.diagonal(self, offset, dim1, dim2)",
    "roll": _roll,
    "flip": "jnp.flip(self, dims)",
    "pad": _pad,
    "constant_pad_nd": _pad,
    "zeros": _new("zeros"),
    "ones": _new("ones"),
    "empty": _new("zeros"),
    "full": _full,
    "new_zeros": _new("zeros"),
    "new_ones": _new("ones"),
    "new_full": _full,
    "zeros_like": _like("zeros"),
    "ones_like": _like("ones"),
    "full_like": _like("full", ", fill_value"),
    "arange": _arange,
    "scalar_tensor": lambda step: f"jnp.array(s, {dtype_text(step.dtype())})",
    "to": _as_type,
    "_to_copy": _as_type,
    "type_as": _as_type,
    "topk": "T.topk(self, k, dim, largest=largest, sorted=sorted)",
    "sort": "T.sort(self, dim, descending=descending)",
    "argsort": "T.sort(self, dim, descending=descending)[1]",
    "sym_size": "self.shape[dim]",
}
"""By PyTorch's name; a view and its copy are the same expression."""

SILENT = (
    "_assert_tensor_metadata",
    "_assert_async",
    "_assert_scalar",
    "sym_constrain_range",
    "sym_constrain_range_for_size",
)
"""Operations that give nothing."""
