"""A live PyTorch as the oracle: its operator database, its values and its derivatives."""

import contextlib
import contextvars
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest
from oracles import assert_same
from tiers import each


def entries(name):
    """The entries of PyTorch's operator database with that name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    found = [entry for entry in op_db if entry.name == name]
    assert found, f"op_db has no {name}"
    return found


def samples(name, dtype):
    """Every sample of those entries, in a dtype that is given by name."""
    import torch

    for entry in entries(name):
        if entry.variant_test_name != "in_place":
            yield from entry.sample_inputs("cpu", getattr(torch, dtype), requires_grad=True)


def to_jax(value):
    """A tensor, or a pytree of them, as JAX arrays; other leaves as they are."""
    import torch

    def convert(leaf):
        if not isinstance(leaf, torch.Tensor):
            return leaf
        leaf = leaf.detach().resolve_conj()
        if leaf.dtype == torch.bfloat16:
            return jnp.asarray(leaf.float().numpy()).astype(jnp.bfloat16)
        return jnp.asarray(leaf.numpy(force=True))  # a derivative may be a tensor without memory

    return jax.tree.map(convert, value)


class Question(NamedTuple):
    """What jaxgrad is asked, and what its answer is held against."""

    of_ours: Callable[..., Any]
    arrays: list[jax.Array]
    cotangent: jax.Array | None
    directions: list[jax.Array]
    second: bool
    check: Callable[..., None]


_asked: contextvars.ContextVar[list[Question] | None] = contextvars.ContextVar("asked")
MANY = 12
"""So many questions are one program: compiling takes the time, most of it for the first."""


@contextlib.contextmanager
def one_program():
    """A context, or a decorator of a test, at whose end all that was asked within is answered."""
    questions: list[Question] = []
    token = _asked.set(questions)
    try:
        yield
    finally:
        _asked.reset(token)
    for first in range(0, len(questions), MANY):
        _answer(questions[first : first + MANY])


def assert_as_torch(ours, theirs, args, kwargs=None, **options):
    """`ours` on the arguments against `theirs`, with the options of `question`."""
    ask(question(ours, theirs, args, kwargs, **options))


def ask(asked):
    """Answers a question, or leaves it to the end of `one_program`."""
    others = _asked.get(None)
    if others is None:
        _answer([asked])
    else:
        others.append(asked)


def _answer(questions):
    """Every answer against PyTorch's; ours are compiled together."""

    @jax.jit
    def answers(given):
        asked = zip(questions, given, strict=True)
        return [_measured(one.of_ours, *arrays, one.second) for one, arrays in asked]

    given = [(one.arrays, one.cotangent, one.directions) for one in questions]
    pairs = enumerate(zip(questions, answers(given), strict=True))
    each({f"question {i}": pair for i, pair in pairs}, lambda pair: pair[0].check(*pair[1]))


def question(ours, theirs, args, kwargs=None, *, rtol=None, atol=None, second=False, once=False):
    """`ours` on the arguments against `theirs`: value, vector-Jacobian product, second derivative.

    Args:
        ours: a function of JAX arrays.
        theirs: the same function of tensors.
        args: tensors and plain values; the tensors that require a gradient are differentiated.
        kwargs: keyword arguments, tensors (not differentiated) and plain values.
        rtol: a relative tolerance instead of the dtype's own.
        atol: an absolute one.
        second: whether PyTorch's double backward is compared as well.
        once: whether PyTorch computes in float64 and its answer is rounded to the dtype that it
            has by itself: of narrow types it rounds every step.

    The first output is differentiated, with a cotangent drawn from PyTorch's generator; further
    outputs, such as indices, are compared by value.
    """
    import torch

    kwargs = kwargs or {}
    places = [i for i, a in enumerate(args) if isinstance(a, torch.Tensor) and a.requires_grad]
    wide = _doubled if once else list
    tensors = [a.detach().clone().requires_grad_() for a in wide([args[i] for i in places])]
    given = wide([a for i, a in enumerate(args) if i not in places])
    for place, tensor in zip(places, tensors, strict=True):
        given.insert(place, tensor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = _outputs(theirs(*given, **dict(zip(kwargs, wide(kwargs.values()), strict=True))))
        dtypes = [o.dtype for o in (_outputs(theirs(*args, **kwargs)) if once else expected)]
    differentiable = bool(tensors) and expected[0].requires_grad
    cotangent = torch.randn_like(expected[0], dtype=dtypes[0]) if differentiable else None
    directions = [torch.randn_like(t) for t in tensors]

    fixed, options = to_jax(list(args)), to_jax(dict(kwargs))

    def of_ours(*arrays):
        whole = list(fixed)
        for place, array in zip(places, arrays, strict=True):
            whole[place] = array
        value = ours(*whole, **options)
        return value if isinstance(value, tuple) else (value,)

    def check(value, grads, twice):
        answer = tuple(o.detach().to(dtype) for o, dtype in zip(expected, dtypes, strict=True))
        assert_same(tuple(value), to_jax(answer), rtol, atol)
        if not differentiable:
            return
        wanted = torch.autograd.grad(
            expected[0],
            tensors,
            cotangent.to(expected[0].dtype),
            create_graph=second,
            materialize_grads=True,
        )
        slopes = [g.detach().to(args[i].dtype) for i, g in zip(places, wanted, strict=True)]
        assert_same(grads, to_jax(slopes), rtol, atol)
        if second:
            assert_same(twice, to_jax(double_backward(wanted, tensors, directions)), rtol, atol)

    arrays = [fixed[i] for i in places]
    return Question(of_ours, arrays, to_jax(cotangent), to_jax(directions), second, check)


def _doubled(values):
    """Floating point tensors in float64, complex ones in complex128, other values as they are."""
    import torch

    wide = {True: torch.complex128, False: torch.float64}
    return [
        v.to(wide[v.is_complex()])
        if isinstance(v, torch.Tensor) and (v.is_floating_point() or v.is_complex())
        else v
        for v in values
    ]


def _outputs(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _measured(of_ours, arrays, cotangent, directions, second):
    """All outputs, the first one's vector-Jacobian products, and those of these."""

    def pulled(*arrays):
        value, pull, others = jax.vjp(lambda *a: _parted(of_ours(*a)), *arrays, has_aux=True)
        return conjugate(pull(jnp.conj(cotangent))), (value, *others)

    if cotangent is None:
        return of_ours(*arrays), None, None
    if not second:
        grads, value = pulled(*arrays)
        return value, grads, None
    grads, pull, value = jax.vjp(pulled, *arrays, has_aux=True)
    return value, grads, conjugate(pull(conjugate(directions)))


def conjugate(arrays):
    """Of complex numbers PyTorch's gradients are the conjugates of JAX's."""
    return [jnp.conj(array) for array in arrays]


def _parted(outputs):
    return outputs[0], outputs[1:]


def double_backward(grads, tensors, directions):
    """PyTorch's vector-Jacobian products of gradients; of constant ones they are 0."""
    import torch

    moving = [(g, d) for g, d in zip(grads, directions, strict=True) if g.requires_grad]
    if not moving:
        return [torch.zeros_like(t) for t in tensors]
    of, along = zip(*moving, strict=True)
    return list(torch.autograd.grad(of, tensors, along, materialize_grads=True))


def assert_refuses(ours, sample, match):
    """`ours` refuses an error input of the database with a `TypeError` or a `ValueError`."""
    with pytest.raises((TypeError, ValueError), match=match):
        ours(*map(to_jax, (sample.input, *sample.args)), **to_jax(dict(sample.kwargs)))
