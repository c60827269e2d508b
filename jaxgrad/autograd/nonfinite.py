"""Anomaly mode: the equation that made the first infinity or NaN, forward or backward."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import eval_jaxpr
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal

from jaxgrad import _checks, _jaxpr, _torch_names
from jaxgrad._leaves import numbers, selected

from ._origin import origin, within
from ._rules import explained
from ._search import Born, are_finite, first_born

_NAME = "first_nonfinite"
_CHECK = _checks.of(_NAME)


@dataclass(frozen=True)
class Operand:
    """A summary of an array.

    Attributes:
        shape: its shape.
        dtype: its dtype.
        least: the least finite element; None if no element is finite.
        most: the largest finite element, or None.
        nans: the number of elements that are NaN.
        infinities: the number of infinite elements.
        at: the element at the index of the bad result; None if the shapes differ.
    """

    shape: tuple[int, ...]
    dtype: str
    least: float | None
    most: float | None
    nans: int
    infinities: int
    at: str | None

    def __str__(self) -> str:
        """One line."""
        size = int(np.prod(self.shape))
        parts = [f"{self.dtype}[{','.join(map(str, self.shape))}]"]
        if self.least is not None and self.least == self.most:
            parts.append(f"all {self.least:.6g}" if size > 1 else f"{self.least:.6g}")
        elif self.least is not None:
            parts.append(f"{self.least:.6g} to {self.most:.6g}")
        counts = ((self.nans, "NaN"), (self.infinities, "infinite"))
        parts += [f"{count} of {size} {what}" for count, what in counts if count]
        if self.at is not None and size > 1:
            parts.append(f"{self.at} there")
        return parts[0] + " " + ", ".join(parts[1:])


@dataclass(frozen=True)
class NonFinite:
    """The first equation with finite inputs and an output that is not; `str` is readable.

    Attributes:
        phase: "forward", or "backward" for the derivative.
        operation: the JAX primitive, such as "div"; "given" if an argument or a constant of `fn`
            was not finite to begin with and made the result so.
        derivative_of: in the backward phase, the primitive of `fn` that it is a derivative of.
        torch: PyTorch's name for that node, such as "SqrtBackward0"; empty if PyTorch has none.
        source: the line of code of the operation, or of the one it is a derivative of; for a
            constant, the line that reads it.
        within: the calls and loop iterations around it, outermost first; for "given" the name, such
            as "args[0]['w']" or "a constant of fn".
        path: the operations from the output, or the gradient, back to this one; empty if there is
            no such path, and for an argument.
        index: the first element that is not finite.
        inputs: summaries of the operands.
        outputs: summaries of the results.
    """

    phase: str
    operation: str
    derivative_of: str
    torch: str
    source: _jaxpr.Source
    within: tuple[str, ...]
    path: tuple[str, ...]
    index: tuple[int, ...]
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]

    def __str__(self) -> str:
        """A few lines: what happened, where, to which numbers."""
        of = f", in the derivative of {self.derivative_of}" if self.derivative_of else ""
        lines = [f"first non-finite value: {self.phase}, {self.operation}{of}, at {self.source}"]
        lines += [f"  inside  {where}" for where in self.within]
        lines += [f"  input   {operand}" for operand in self.inputs]
        where = f", the first at {list(self.index)}" if self.index else ""
        lines += [f"  output  {operand}{where}" for operand in self.outputs]
        if self.operation != "given" or self.path:
            lines.append(f"  path    {' <- '.join(self.path) or 'it does not reach the output'}")
        return "\n".join(lines)


def first_nonfinite(
    fn: Callable[..., Any], argnums: int | tuple[int, ...] | None = None, nan_only: bool = False
) -> Callable[..., NonFinite | None]:
    """Makes the function that finds where `fn` or its gradient makes the first NaN or infinity.

    The equations of `fn`, then those of its vector-Jacobian product, are computed one by one, until
    one has finite inputs and an output that is not finite. Loops run compiled, except for the
    iteration where this happens. A `while_loop` under `vmap`, whose examples may end at different
    iterations, is searched backwards from its result. A loop inside a `shard_map` is one equation.

    If there is no such equation and the value or the gradient is still not finite, it is followed
    back from equation to equation to an argument or a constant that was not finite to begin with,
    such as the -inf of a mask. No constant is reported for a finite result. `nan_only` finds where
    such an infinity turns into NaN, as inf - inf does in the softmax of a fully masked row.

    Args:
        fn: a function of pytrees of arrays; it may be jitted.
        argnums: which positional argument, or tuple of them, the gradient is taken of; None for
            all that have floating point leaves. () searches no gradient, for functions without a
            reverse mode, such as a `while_loop`.
        nan_only: whether infinities are accepted, as in PyTorch's anomaly mode.

    Returns:
        `(*args, cotangent=None, **kwargs) -> NonFinite | None`; None if there is no such equation
        and the value and the gradient are finite.
        `cotangent` has the structure of `fn`'s result; it is 1 everywhere by default. Values run
        on the host: call it outside of `jit`. Python floats among the positional arguments
        become arrays; callbacks of `jax.debug` run more than once.

    Raises:
        TypeError: `fn` is not callable; an argument, or what `fn` closes over, is traced; no
            argument at `argnums` has floating point leaves.
        ValueError: bad `argnums`; a cotangent of another structure or shape; `fn` works on mutable
            references (`jax.new_ref`).

    Source: https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection

    Differs from PyTorch: the forward pass is searched too; infinities are found too, where they
    are made; the report is returned, not raised.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import first_nonfinite
    >>> def loss(x):
    ...     return jnp.where(x > 0, jnp.sqrt(x), 0.0).sum()
    >>> found = first_nonfinite(loss)(jnp.array([4.0, 0.0]))
    >>> found.phase, found.operation, found.derivative_of, found.index
    ('backward', 'div', 'sqrt', (1,))
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))
    given = None if argnums is None or argnums == () else numbers(_NAME, argnums)
    _CHECK.truth("nan_only", nan_only)

    def search(*args: Any, cotangent: Any = None, **kwargs: Any) -> NonFinite | None:
        _CHECK.concrete("arguments", (args, kwargs, cotangent))
        positions = range(len(args)) if given is None else selected(_NAME, given, args)
        args = _jaxpr.numbers_as_arrays(args)
        traced = _jaxpr.traced(_NAME, fn, args, kwargs)
        _CHECK.concrete("what fn closes over", traced.body.consts)
        arrays = [_CHECK.array("arguments", x) for x in traced.arrays]
        places = [*zip(_places(args, kwargs), arrays, strict=True)]
        found = _found(traced.body, places, "forward", {}, nan_only) or _returned(traced, nan_only)
        if found is not None or argnums == ():
            return found
        cotangents = _cotangents(traced, cotangent)
        wanted = _chosen(args, positions, arrays)
        if given is not None and not wanted:
            expected = "positions of floating point or complex arguments"
            raise TypeError(_CHECK.wrong("argnums", expected, argnums))
        if not wanted or not cotangents:
            return None
        body = _pullback(traced.body, arrays, wanted, cotangents)
        places += [("the cotangent", x) for x in cotangents]
        return _found(body, places, "backward", dict(_equations(traced.body)), nan_only)

    @functools.wraps(fn)
    def explaining(*args: Any, cotangent: Any = None, **kwargs: Any) -> NonFinite | None:
        with explained(_NAME, "or search the value alone, with argnums=()"):
            return search(*args, cotangent=cotangent, **kwargs)

    del explaining.__dict__["__wrapped__"]
    return explaining


def _cotangents(traced: _jaxpr.Traced, cotangent: Any) -> list[jax.Array]:
    """The cotangents, one for each floating point output."""
    avals = traced.body.out_avals
    if cotangent is None:
        given = [jnp.ones(aval.shape, aval.dtype) for aval in avals]
    else:
        try:
            leaves = traced.flat(cotangent)
        except ValueError as error:
            expected, got = f"of structure {traced.structure}", jax.tree.structure(cotangent)
            raise ValueError(_CHECK.wrong("cotangent", expected, got)) from error
        given = [_CHECK.array("cotangent", leaf) for leaf in leaves]
    for leaf, aval in zip(given, avals, strict=True):
        if leaf.shape != aval.shape:
            expected, got = f"of shape {aval.shape}", f"shape {leaf.shape}"
            raise ValueError(_CHECK.wrong("cotangent", expected, got))
        if jnp.iscomplexobj(leaf) and not jnp.issubdtype(aval.dtype, jnp.complexfloating):
            raise TypeError(_CHECK.wrong("cotangent", aval.dtype, leaf.dtype))
    return [
        leaf.astype(aval.dtype)
        for leaf, aval in zip(given, avals, strict=True)
        if jnp.issubdtype(aval.dtype, jnp.inexact)
    ]


def _places(args: Any, kwargs: Any) -> list[str]:
    """The names of the arrays in the arguments, such as "args[0]['w']"."""
    paths = jax.tree.flatten_with_path({"args": args, "kwargs": kwargs})[0]
    return [
        f"{path[0].key}{jax.tree_util.keystr(path[1:])}"
        for path, leaf in paths
        if _jaxpr.is_array(leaf)
    ]


def _pullback(
    body: ClosedJaxpr, arrays: Sequence[Any], wanted: Sequence[int], cotangents: Sequence[Any]
) -> ClosedJaxpr:
    """The equations of the vector-Jacobian product; each has the line of its original."""

    def pulled(*given: Any) -> Any:
        arrays, cotangents = list(given[: len(body.in_avals)]), list(given[len(body.in_avals) :])

        def outputs(*chosen: Any) -> Any:
            for n, x in zip(wanted, chosen, strict=True):
                arrays[n] = x
            values = eval_jaxpr(body.jaxpr, body.consts, *arrays)
            return [x for x in values if jnp.issubdtype(jnp.result_type(x), jnp.inexact)]

        return jax.vjp(outputs, *(arrays[n] for n in wanted))[1](cotangents)

    return jax.make_jaxpr(pulled)(*arrays, *cotangents)


def _chosen(args: Any, positions: Sequence[int], arrays: Sequence[jax.Array]) -> list[int]:
    """The indices, among all arrays, of the floating point leaves of arguments at `positions`."""
    owners = [
        position
        for position, arg in enumerate(args)
        for leaf in jax.tree.leaves(arg)
        if _jaxpr.is_array(leaf)
    ]
    return [
        n
        for n, owner in enumerate(owners)
        if owner in positions and jnp.issubdtype(arrays[n].dtype, jnp.inexact)
    ]


def _equations(body: ClosedJaxpr) -> Iterator[tuple[int, JaxprEqn]]:
    """The equations of `fn`, by the identity of the traceback that their derivatives share."""
    for eqn in body.jaxpr.eqns:
        inner = _jaxpr.bodies(eqn)
        for one in inner:
            yield from _equations(one)
        if not inner:
            yield id(eqn.source_info.traceback), eqn


def _torch_name(eqn: JaxprEqn) -> str:
    shapes = [_jaxpr.like(atom).shape for atom in eqn.invars]
    literals = tuple(isinstance(atom, Literal) for atom in eqn.invars)
    out = len(_jaxpr.like(eqn.outvars[0]).shape)
    return _torch_names.backward_name(eqn.primitive.name, literals, tuple(map(len, shapes)), out)


def _returned(traced: _jaxpr.Traced, nan_only: bool) -> NonFinite | None:
    """The report of the first returned Python number that is not finite."""
    numbers = [x for x in traced.fixed.values() if isinstance(x, (float, complex))]
    bad = [np.asarray(x) for x in numbers if not are_finite([x], nan_only)]
    return _report(Born((), (), bad[:1], True), "forward", {}, nan_only) if bad else None


def _found(
    body: ClosedJaxpr,
    given: Sequence[tuple[str, Any]],
    phase: str,
    derived: dict[int, JaxprEqn],
    nan_only: bool,
) -> NonFinite | None:
    """The report of what is found: an equation, a constant, or an input by its name."""
    arrays = [x for _, x in given]
    born, outputs = first_born(body, arrays, nan_only)
    found = origin(body, arrays, outputs, nan_only) if born is None else within(born, nan_only)
    if isinstance(found, int):
        return _given(*given[found], phase, nan_only)
    return None if found is None else _report(found, phase, derived, nan_only)


def _given(name: str, array: Any, phase: str, nan_only: bool) -> NonFinite:
    """The report of an input that was not finite to begin with: a NaN before an infinity."""
    place, operand = _first_bad(array, nan_only)
    nowhere, index = _jaxpr.Source("", 0, ""), () if place is None else place[1]
    return NonFinite(phase, "given", "", "", nowhere, (name,), (), index, (), (operand,))


def _first_bad(array: Any, nan_only: bool) -> tuple[Any, Operand]:
    """The place of an array's first NaN, or else of its first infinity, and the operand."""
    values = np.asarray(array)
    index = _index(values, True)
    index = _index(values, nan_only) if index is None else index
    place = None if index is None else (values.shape, index)
    return place, _operand(values, place)


def _index(values: np.ndarray, nan_only: bool) -> tuple[int, ...] | None:
    """The index of the first NaN, or without `nan_only` the first non-finite element, or None."""
    bad = np.isnan(values) if nan_only else ~np.isfinite(values)
    return tuple(map(int, np.argwhere(bad)[0])) if bad.any() else None


def _report(born: Born, phase: str, equations: dict[int, JaxprEqn], nan_only: bool) -> NonFinite:
    """The report of an equation, or of a constant that an equation reads."""
    sources = [_jaxpr.source(level.eqn) for level in reversed(born.levels)]
    sources = [*(source for source in sources if source.file), _jaxpr.Source("", 0, "")]
    within = tuple(level.within for level in born.levels if level.within)
    path = _path(born, "output" if phase == "forward" else "gradient")
    eqn = born.levels[-1].eqn if born.levels else None
    derived = None if eqn is None else equations.get(id(eqn.source_info.traceback))
    of = "" if derived is None else derived.primitive.name
    torch = "" if eqn is None else _torch_name(derived or eqn)
    if eqn is None or born.is_constant:
        place, operand = _first_bad(born.outputs[0], nan_only)
        within, index = (*within, "a constant of fn"), () if place is None else place[1]
        return NonFinite(phase, "given", of, torch, sources[0], within, path, index, (), (operand,))
    inexact = (x for x in born.outputs if jnp.issubdtype(x.dtype, jnp.inexact))
    places = ((x.shape, _index(np.asarray(x), nan_only)) for x in inexact)
    place = next(((shape, index) for shape, index in places if index is not None), None)
    return NonFinite(
        phase=phase,
        operation=eqn.primitive.name,
        derivative_of=of,
        torch=torch,
        source=sources[0],
        within=within,
        path=path,
        index=() if place is None else place[1],
        inputs=tuple(_operand(x, place) for x in born.inputs),
        outputs=tuple(_operand(x, place) for x in born.outputs),
    )


def _operand(array: Any, place: tuple[tuple[int, ...], tuple[int, ...]] | None) -> Operand:
    name = str(array.dtype)
    if jnp.issubdtype(array.dtype, jax.dtypes.extended):
        return Operand(array.shape, name, None, None, 0, 0, None)
    values = np.asarray(array)
    at = str(values[place[1]]) if place is not None and values.shape == place[0] else None
    wide = values.astype(complex if np.iscomplexobj(values) else float)
    finite = np.abs(wide[np.isfinite(wide)]) if np.iscomplexobj(wide) else wide[np.isfinite(wide)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    nans, infinities = int(np.isnan(wide).sum()), int(np.isinf(wide).sum())
    return Operand(values.shape, name, least, most, nans, infinities, at)


def _path(born: Born, root: str) -> tuple[str, ...]:
    """The operations from the outermost output to the one that was found, through each call."""
    names = [root]
    for level in born.levels:
        steps = _steps(level.body, level.eqn)
        if steps is None:
            return ()
        names += steps
    return tuple(names)


def _steps(body: ClosedJaxpr, target: JaxprEqn) -> list[str] | None:
    """The shortest path from the outputs of a body to one of its equations."""
    makers = {var: eqn for eqn in body.jaxpr.eqns for var in eqn.outvars}
    paths = {
        id(makers[v]): (makers[v], [makers[v].primitive.name])
        for v in body.jaxpr.outvars
        if not isinstance(v, Literal) and v in makers
    }
    queue = list(paths.values())
    for eqn, path in queue:
        if eqn is target:
            return path
        for atom in eqn.invars:
            maker = None if isinstance(atom, Literal) else makers.get(atom)
            if maker is not None and id(maker) not in paths:
                paths[id(maker)] = (maker, [*path, maker.primitive.name])
                queue.append(paths[id(maker)])
    return None
