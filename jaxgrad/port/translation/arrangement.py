"""The table of operations: stacks, splits, diagonals and further views and their copies."""

from .bound import Bound, Rule, dtype_text
from .shapes import SHAPES


def _at_least(dims: int) -> Rule:
    def rule(step: Bound) -> str:
        if "tensors" not in step.values:
            return f"jnp.atleast_{dims}d(self)"
        several = len(step["tensors"]) > 1
        return f"jnp.atleast_{dims}d(*tensors)" if several else f"(jnp.atleast_{dims}d(*tensors),)"

    return rule


def _diag_embed(step: Bound) -> str:
    rank, offset = step.ndim("self"), step["offset"] or 0
    dims = sorted(dim % (rank + 1) for dim in (step["dim1"], step["dim2"]))
    flipped = dims != [dim % (rank + 1) for dim in (step["dim1"], step["dim2"])]
    offset = -offset if flipped else offset
    size = f"self.shape[-1] + {abs(offset)}" if offset else "self.shape[-1]"
    own = "self"
    if offset:
        pads = "(0, 0), " * (rank - 1)
        own = f"jnp.pad(self, ({pads}(0, {abs(offset)})))"
    place = f"jnp.eye({size}, k={offset}, dtype=bool)" if offset else f"jnp.eye({size}, dtype=bool)"
    axes = "[..., None]" if offset >= 0 else "[..., None, :]"
    zero = "False" if step.dtype() == "bool" else "0"
    text = f"jnp.where({place}, {own}{axes}, {zero})"
    if dims != [rank - 1, rank]:
        text = f"jnp.moveaxis({text}, (-2, -1), {tuple(dims)})"
    return text


def _diagonal_scatter(step: Bound) -> str:
    shape, offset = step.shape("self"), step["offset"] or 0
    dims = tuple(step.axis(step[name] or 0) for name in ("dim1", "dim2"))
    step.read.update(("dim1", "dim2"))
    rows, columns = ("jnp.arange(src.shape[-1])" for _ in dims)
    if offset > 0:
        columns += f" + {offset}"
    if offset < 0:
        rows += f" + {-offset}"
    last = (len(shape) - 2, len(shape) - 1)
    if dims == last:
        return f"self.at[..., {rows}, {columns}].set(src)"
    moved = f"jnp.moveaxis(self, {dims}, (-2, -1)).at[..., {rows}, {columns}].set(src)"
    return f"jnp.moveaxis({moved}, (-2, -1), {dims})"


def _windows(step: Bound) -> str | None:
    """Windows along an axis, which come last."""
    if not step.ndim("self"):
        step.read.update(("dimension", "size", "step"))
        return "self.reshape(1)" if step["size"] == 1 else "self.reshape(1)[:0]"
    axis = step.axis(step["dimension"])
    count = f"jnp.arange(0, self.shape[{axis}] - {step['size'] - 1}, {step['step']})"
    text = f"self[{':, ' * axis}{count}[:, None] + jnp.arange(size)]"
    return text if axis == step.ndim("self") - 1 else f"jnp.moveaxis({text}, {axis + 1}, -1)"


def _unwindowed(step: Bound) -> str:
    """Windows along an axis added up where they overlap."""
    axis = step["dim"] % len(step["input_sizes"])
    starts = f"jnp.arange(grad_in.shape[{axis}]) * step"
    places = f"{':, ' * axis}({starts})[:, None] + jnp.arange(size)"
    last = axis == len(step["input_sizes"]) - 1
    windows = "grad_in" if last else f"jnp.moveaxis(grad_in, -1, {axis + 1})"
    return f"jnp.zeros(input_sizes, grad_in.dtype).at[{places}].add({windows})"


def _triangle(function: str) -> Rule:
    def rule(step: Bound) -> str:
        dtype = dtype_text(step.dtype())
        return f"jnp.stack(jnp.{function}(row, offset, col)).astype({dtype})"

    return rule


def _eye(step: Bound) -> str:
    size = "n, m" if "m" in step.values else "n"
    return f"jnp.eye({size}, dtype={dtype_text(step.dtype())})"


def _spaced(function: str) -> Rule:
    def rule(step: Bound) -> str | None:
        dtype = step.dtype()
        if not dtype.startswith(("float", "bfloat")):
            return None  # PyTorch rounds whole numbers otherwise
        base = ", base=base" if function == "logspace" else ""
        return f"jnp.{function}(start, end, steps{base}, dtype={dtype_text(dtype)})"

    return rule


def _repeats(step: Bound) -> str:
    """The total is told, where it is known: JAX needs it under `jit`."""
    several = hasattr(step["repeats"], "op") and step["output_size"] is not None
    step.read.add("output_size")
    total = ", total_repeat_length=output_size" if several else ""
    if "self" not in step.values:
        return f"jnp.repeat(jnp.arange(repeats.shape[0]), repeats{total})"
    return f"jnp.repeat(self, repeats, axis=dim{total})"


def _meshgrid(step: Bound) -> str:
    single = [not shape.meta["val"].shape for shape in step["tensors"]]
    names = [f"tensors_{i}" + ("[None]" if one else "") for i, one in enumerate(single)]
    given = ", ".join(names) if any(single) else "*tensors"
    return f"jnp.meshgrid({given}, indexing='{step['indexing'] or 'ij'}')"


def _empty(step: Bound) -> str:
    """Numbers that PyTorch leaves open, here 0; an array has no strides."""
    step.read.update(("self", "stride", "physical_layout"))
    return f"jnp.zeros(size, {dtype_text(step.dtype())})"


_COPIES = "expand diagonal permute view squeeze unsqueeze t transpose split_with_sizes".split()

ARRANGEMENT: dict[str, Rule] = {
    **{f"{name}_copy": SHAPES[name] for name in (*_COPIES, "alias", "unbind", "select", "slice")},
    **{f"atleast_{dims}d": _at_least(dims) for dims in (1, 2, 3)},
    **{name: f"jnp.{name}(tensors)" for name in ("hstack", "vstack", "dstack", "column_stack")},
    **dict.fromkeys(("unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk"), SHAPES["split"]),
    **dict.fromkeys(("resolve_conj", "resolve_neg"), SHAPES["alias"]),
    "narrow_copy": SHAPES["narrow"],
    "mH": "self.mT.conj()",
    "matrix_H": "self.mT.conj()",
    "fliplr": "jnp.fliplr(self)",
    "flipud": "jnp.flipud(self)",
    "rot90": "jnp.rot90(self, k, dims)",
    "ravel": "self.reshape(-1)",
    "diag": "jnp.diag(self, diagonal)",
    "diagflat": "jnp.diagflat(self, offset)",
    "diag_embed": _diag_embed,
    "diagonal_scatter": _diagonal_scatter,
    "unfold": _windows,
    "unfold_backward": _unwindowed,
    "unfold_copy": _windows,
    "triu_indices": _triangle("triu_indices"),
    "tril_indices": _triangle("tril_indices"),
    "eye": _eye,
    "linspace": _spaced("linspace"),
    "logspace": _spaced("logspace"),
    "repeat_interleave": _repeats,
    "meshgrid": _meshgrid,
    **dict.fromkeys(("new_empty", "new_empty_strided"), _empty),
    **dict.fromkeys(("empty_strided", "empty_permuted"), _empty),
    "empty_like": SHAPES["zeros_like"],
    "zero": "jnp.zeros_like(self)",
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
