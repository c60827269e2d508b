"""From the equations of a function to the nodes that PyTorch would have."""

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal, Var

from jaxgrad import _checks, _jaxpr, _torch_names
from jaxgrad._leaves import numbers, selected
from jaxgrad.autograd.used import through

from .nodes import Graph, Node

_Users = dict[Var, list[JaxprEqn | None]]
_UNSEEN = ("name", "gradient_hook", "pvary", "pcast", "sharding_constraint")
"""Equations that PyTorch has no node for."""
_GLUE = ("broadcast_in_dim", "reshape", "squeeze", "expand_dims", "convert_element_type", "copy")
"""Equations that JAX adds to the operands of another one."""


def trace(
    fn: Callable[..., Any],
    argnums: int | tuple[int, ...] | None = None,
    calls: str = "named",
) -> Callable[..., Graph]:
    """Makes the function that returns the computation graph of `fn`.

    Nothing is computed: `fn` is traced, as by `jax.make_jaxpr`, and its equations become nodes.
    What JAX adds to an operation by itself, such as a broadcast or a conversion of an operand, is
    no node of its own, and a sum divided by the number of its terms is a mean; constants are no
    nodes either, as in PyTorch.

    Args:
        fn: a function of pytrees of arrays.
        argnums: which positional argument, or tuple of them, requires gradients; None for all
            floating point and complex leaves.
        calls: "named" for one node where PyTorch has a node of that name for a called function,
            such as `relu`, and the equations of all others; "collapsed" for one node for each call
            of a jitted function or one with rules of its own; "expanded" for every equation there
            is.

    Returns:
        `(*args, **kwargs) -> Graph`. Loops and branches (`scan`, `while`, `cond`) are one node.

    Raises:
        TypeError: `fn` is not callable.
        ValueError: bad `argnums` or `calls`; `fn` works on mutable references (`jax.new_ref`).

    Source: https://docs.pytorch.org/docs/stable/notes/autograd.html

    Differs from PyTorch: the graph is there before anything ran, and can have no gradient in it;
    views are operations as others.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.graph import trace
    >>> graph = trace(lambda x: 2 * (x * x) + 5 * x + 6)(jnp.ones((2, 2)))
    >>> for name, operands in graph.next_functions:
    ...     print(name, operands)
    AddBackward0 (1,)
    AddBackward0 (2, 5)
    MulBackward0 (3,)
    MulBackward0 (4, 4)
    AccumulateGrad ()
    MulBackward0 (4,)
    """
    if not callable(fn):
        raise TypeError(_checks.wrong("trace", "fn", "callable", type(fn).__name__))
    if argnums is not None and argnums != ():
        numbers("trace", argnums)
    _checks.option("trace", "calls", calls, ("named", "collapsed", "expanded"))

    @functools.wraps(fn)
    def graph(*args: Any, **kwargs: Any) -> Graph:
        positions = range(len(args)) if argnums is None else _chosen(argnums, args)
        args = _jaxpr.numbers_as_arrays(args)
        traced = _jaxpr.traced("trace", fn, args, kwargs)
        paths = jax.tree.flatten_with_path((args, kwargs))[0]
        arrays = [path for path, leaf in paths if _jaxpr.is_array(leaf)]
        builder = _Builder(calls)
        names = _parameters(fn, len(args))
        leaves: list[_Value] = []
        for var, (kind, place, *inner) in zip(traced.body.jaxpr.invars, arrays, strict=True):
            positional = kind.idx == 0
            name = names[place.idx] if positional else place.key
            chosen = positional and place.idx in positions
            leaves.append(builder.leaf(name + jax.tree_util.keystr(tuple(inner)), var.aval, chosen))
        roots = builder.walk(traced.body, leaves, None)
        return Graph(
            tuple(builder.nodes),
            tuple(root.node for root in roots if root is not None),
            tuple(leaf.node for leaf in leaves),
        )

    del graph.__dict__["__wrapped__"]
    return graph


def _parameters(fn: Callable[..., Any], count: int) -> list[str]:
    """What `fn` calls its positional arguments."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[:count] + [f"args[{n}]" for n in range(len(names), count)]


def _chosen(argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    return () if argnums == () else selected("trace", argnums, args)


class _Value(NamedTuple):
    """A result of a node, and whether a derivative goes through it."""

    node: int
    result: int
    requires_grad: bool


class _Builder:
    """Nodes, as the equations of a function are walked through."""

    def __init__(self, calls: str):
        self.calls = calls
        self.nodes: list[Node] = []

    def leaf(self, name: str, aval: Any, requires_grad: bool) -> _Value:
        """A node for an argument."""
        grad = requires_grad and jnp.issubdtype(aval.dtype, jnp.inexact)
        torch = "AccumulateGrad" if grad else ""
        number, nowhere = len(self.nodes), _jaxpr.Source("", 0, "")
        self.nodes.append(Node(number, "leaf", torch, name, (_text(aval),), nowhere, grad, ()))
        return _Value(number, 0, grad)

    def walk(
        self, body: ClosedJaxpr, inputs: Sequence[_Value | None], source: _jaxpr.Source | None
    ) -> list[_Value | None]:
        """Nodes for the equations of a body; None is a constant. `source` is a caller's line."""
        values: dict[Var, _Value | None] = dict(zip(body.jaxpr.invars, inputs, strict=True))
        users = _users(body)
        means: set[int] = set()

        def read(atom: Any) -> _Value | None:
            return None if isinstance(atom, Literal) else values.get(atom)

        for eqn in body.jaxpr.eqns:
            operands = [read(atom) for atom in eqn.invars]
            inner = self._opened(eqn)
            if inner is not None:
                line = source or (_jaxpr.source(eqn) if _is_library(inner) else None)
                results = self.walk(inner, operands, line)
            elif id(eqn) in means:
                results = operands[:1]
            elif self._is_unseen(eqn, users):
                results = operands[len(operands) - len(eqn.outvars) :]
            else:
                divided = None if self.calls == "expanded" else _mean(eqn, users)
                means.add(id(divided))
                results = self._node(eqn, operands, source, "mean" if divided else None)
            values.update(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in body.jaxpr.outvars]

    def _opened(self, eqn: JaxprEqn) -> ClosedJaxpr | None:
        """The body to walk through in place of a call."""
        body = _jaxpr.inlined(eqn)
        if body is None or self.calls == "collapsed":
            return None
        named = _is_library(body) and _called(eqn) in _torch_names.NAMES
        return None if named and self.calls == "named" else body

    def _is_unseen(self, eqn: JaxprEqn, users: _Users) -> bool:
        """Whether an equation is only the way in which JAX says something."""
        if self.calls == "expanded":
            return False
        if eqn.primitive.name in _UNSEEN:
            return True
        user = _only_user(eqn, users) if eqn.primitive.name in _GLUE else None
        return user is not None and _jaxpr.position(user) == _jaxpr.position(eqn)

    def _node(
        self,
        eqn: JaxprEqn,
        operands: Sequence[_Value | None],
        source: _jaxpr.Source | None,
        operation: str | None,
    ) -> list[_Value]:
        """A node for an equation, and its results."""
        called = _jaxpr.inlined(eqn) is not None
        name = operation or (_called(eqn) if called else eqn.primitive.name)
        number, avals = len(self.nodes), [var.aval for var in eqn.outvars]
        grads = [
            any(value is not None and value.requires_grad for value in (operands[n] for n in ways))
            and jnp.issubdtype(getattr(aval, "dtype", jnp.int32), jnp.inexact)
            for ways, aval in zip(through(eqn), avals, strict=True)
        ]
        ndims = tuple(len(getattr(atom.aval, "shape", ())) for atom in eqn.invars)
        numbers = tuple(v is None and not n for v, n in zip(operands, ndims, strict=True))
        out = len(getattr(avals[0], "shape", ())) if avals else 0
        self.nodes.append(
            Node(
                number,
                name,
                _torch_names.backward_name(name, numbers, ndims, out) if any(grads) else "",
                "",
                tuple(map(_text, avals)),
                source or _jaxpr.source(eqn),
                any(grads),
                tuple((v.node, v.result) for v in operands if v is not None),
            )
        )
        return [_Value(number, n, grad) for n, grad in enumerate(grads)]


def _users(body: ClosedJaxpr) -> _Users:
    """The equations that use a variable; None for being an output."""
    users: _Users = {}
    for eqn in body.jaxpr.eqns:
        for atom in eqn.invars:
            if not isinstance(atom, Literal):
                users.setdefault(atom, []).append(eqn)
    for atom in body.jaxpr.outvars:
        if not isinstance(atom, Literal):
            users.setdefault(atom, []).append(None)
    return users


def _only_user(eqn: JaxprEqn, users: _Users) -> JaxprEqn | None:
    """The one equation that uses a result, if it is not used elsewhere."""
    using = users.get(eqn.outvars[0], [])
    return using[0] if len(using) == 1 else None


def _mean(eqn: JaxprEqn, users: _Users) -> JaxprEqn | None:
    """The division of a sum by the number of its terms, by the same line of code."""
    user = _only_user(eqn, users) if eqn.primitive.name == "reduce_sum" else None
    if user is None or user.primitive.name != "div":
        return None
    shape, by = _jaxpr.like(eqn.invars[0]).shape, user.invars[1]
    terms = math.prod(shape[axis] for axis in eqn.params["axes"])
    same = _jaxpr.position(user) == _jaxpr.position(eqn)
    return user if same and isinstance(by, Literal) and by.val == terms else None


def _is_library(body: ClosedJaxpr) -> bool:
    """Whether a function is JAX's or this package's own."""
    info = body.jaxpr.debug_info.func_src_info or ""
    return _jaxpr.is_inside(info.rpartition(" at ")[2].rpartition(":")[0])


def _called(eqn: JaxprEqn) -> str:
    """The name of the function that an equation calls."""
    (body,) = _jaxpr.bodies(eqn)
    name = eqn.params.get("name") or (body.jaxpr.debug_info.func_src_info or "").partition(" ")[0]
    return str(name).strip("_") or eqn.primitive.name


def _text(aval: Any) -> str:
    """Such as "float32[2,3]"."""
    return f"{getattr(aval, 'dtype', aval)}[{','.join(map(str, getattr(aval, 'shape', ())))}]"
