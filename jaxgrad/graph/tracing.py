"""Traces a function and turns its equations into the nodes that PyTorch's graph would have."""

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
_WITHOUT_NODE = ("name", "gradient_hook", "pvary", "pcast", "sharding_constraint")
"""Primitives without a node in PyTorch."""
_CONVERSIONS = (
    "broadcast_in_dim",
    "reshape",
    "squeeze",
    "expand_dims",
    "convert_element_type",
    "copy",
)
"""Primitives that JAX adds by itself to convert the operands of another one."""


def trace(
    fn: Callable[..., Any],
    argnums: int | tuple[int, ...] | None = None,
    calls: str = "named",
) -> Callable[..., Graph]:
    """Makes the function that returns the computation graph of `fn`.

    Nothing is computed: `fn` is traced, as by `jax.make_jaxpr`, and its equations become nodes.
    As in PyTorch, constants have no node, and neither have the broadcasts and conversions of
    operands that JAX adds by itself. A sum divided by the number of its terms is a mean.

    Args:
        fn: a function of pytrees of arrays.
        argnums: the positional argument, or a tuple of those, that requires gradients; None for
            all floating point and complex leaves.
        calls: how to show the call of a function that is jitted or has its own derivative.
            "named": as one node if PyTorch has a node of that name, such as `relu`; otherwise as
            the nodes of its equations. "collapsed": as one node. "expanded": as the nodes of its
            equations, and every equation is a node.

    Returns:
        `(*args, **kwargs) -> Graph`. A loop or a branch (`scan`, `while`, `cond`) is one node.

    Raises:
        TypeError: `fn` is not callable.
        ValueError: bad `argnums` or `calls`; `fn` uses mutable references (`jax.new_ref`).

    Source: https://docs.pytorch.org/docs/stable/notes/autograd.html

    Differs from PyTorch: the graph exists before anything is computed, it may contain nodes without
    a gradient, and views are ordinary operations.

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
    check = _checks.of("trace")
    if not callable(fn):
        raise TypeError(check.wrong("fn", "callable", type(fn).__name__))
    if argnums is not None and argnums != ():
        numbers("trace", argnums)
    check.option("calls", calls, ("named", "collapsed", "expanded"))

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
        roots = builder.visit(traced.body, leaves, None)
        return Graph(
            tuple(builder.nodes),
            tuple(root.node for root in roots if root is not None),
            tuple(leaf.node for leaf in leaves),
        )

    del graph.__dict__["__wrapped__"]
    return graph


def _parameters(fn: Callable[..., Any], count: int) -> list[str]:
    """The names of the positional arguments."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[:count] + [f"args[{n}]" for n in range(len(names), count)]


def _chosen(argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    return () if argnums == () else selected("trace", argnums, args)


class _Value(NamedTuple):
    """A result of a node, and whether a gradient flows through it."""

    node: int
    result: int
    requires_grad: bool


class _Builder:
    """Collects nodes while the equations of a function are visited."""

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

    def visit(
        self, body: ClosedJaxpr, inputs: Sequence[_Value | None], source: _jaxpr.Source | None
    ) -> list[_Value | None]:
        """Adds nodes for the equations of a body; returns its results.

        A constant is None. `source` is the line of the call, if the body is a library's.
        """
        values: dict[Var, _Value | None] = dict(zip(body.jaxpr.invars, inputs, strict=True))
        users = _users(body)
        means: set[int] = set()

        def read(atom: Any) -> _Value | None:
            return None if isinstance(atom, Literal) else values.get(atom)

        for eqn in body.jaxpr.eqns:
            operands = [read(atom) for atom in eqn.invars]
            inner = self._body(eqn)
            if inner is not None:
                line = source or (_jaxpr.source(eqn) if _is_library(inner) else None)
                results = self.visit(inner, operands, line)
            elif id(eqn) in means:
                results = operands[:1]
            elif self._has_no_node(eqn, users):
                results = operands[len(operands) - len(eqn.outvars) :]
            else:
                divided = None if self.calls == "expanded" else _mean(eqn, users)
                means.add(id(divided))
                results = self._node(eqn, operands, source, "mean" if divided else None)
            values.update(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in body.jaxpr.outvars]

    def _body(self, eqn: JaxprEqn) -> ClosedJaxpr | None:
        """The body whose equations stand for a call; None if the call is a node itself."""
        body = _jaxpr.inlined(eqn)
        if body is None or self.calls == "collapsed":
            return None
        named = _is_library(body) and _called(eqn) in _torch_names.NAMES
        return None if named and self.calls == "named" else body

    def _has_no_node(self, eqn: JaxprEqn, users: _Users) -> bool:
        """Whether PyTorch's graph has no node for an equation."""
        if self.calls == "expanded":
            return False
        if eqn.primitive.name in _WITHOUT_NODE:
            return True
        user = _only_user(eqn, users) if eqn.primitive.name in _CONVERSIONS else None
        return user is not None and _jaxpr.position(user) == _jaxpr.position(eqn)

    def _node(
        self,
        eqn: JaxprEqn,
        operands: Sequence[_Value | None],
        source: _jaxpr.Source | None,
        operation: str | None,
    ) -> list[_Value]:
        """Adds a node for an equation; returns its results."""
        called = _jaxpr.inlined(eqn) is not None
        name = operation or (_called(eqn) if called else eqn.primitive.name)
        number, avals = len(self.nodes), [var.aval for var in eqn.outvars]
        grads = [
            any((v := operands[n]) is not None and v.requires_grad for n in indices)
            and jnp.issubdtype(getattr(aval, "dtype", jnp.int32), jnp.inexact)
            for indices, aval in zip(through(eqn), avals, strict=True)
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
    """The equations that use each variable; None stands for being an output."""
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
    """The only equation that uses a result; None if there are others or the result is an output."""
    using = users.get(eqn.outvars[0], [])
    return using[0] if len(using) == 1 else None


def _mean(eqn: JaxprEqn, users: _Users) -> JaxprEqn | None:
    """The division by the number of terms that makes a mean of a sum; None if there is none."""
    user = _only_user(eqn, users) if eqn.primitive.name == "reduce_sum" else None
    if user is None or user.primitive.name != "div":
        return None
    shape, by = _jaxpr.like(eqn.invars[0]).shape, user.invars[1]
    terms = math.prod(shape[axis] for axis in eqn.params["axes"])
    same_line = _jaxpr.position(user) == _jaxpr.position(eqn)
    return user if same_line and isinstance(by, Literal) and by.val == terms else None


def _is_library(body: ClosedJaxpr) -> bool:
    """Whether JAX or this package defines a function."""
    info = body.jaxpr.debug_info.func_src_info or ""
    return _jaxpr.is_inside(info.rpartition(" at ")[2].rpartition(":")[0])


def _called(eqn: JaxprEqn) -> str:
    """The name of the function that an equation calls."""
    (body,) = _jaxpr.bodies(eqn)
    name = eqn.params.get("name") or (body.jaxpr.debug_info.func_src_info or "").partition(" ")[0]
    return str(name).strip("_") or eqn.primitive.name


def _text(aval: Any) -> str:
    """Dtype and shape, such as "float32[2,3]"."""
    return f"{getattr(aval, 'dtype', aval)}[{','.join(map(str, getattr(aval, 'shape', ())))}]"
