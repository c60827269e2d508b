"""A live PyTorch as the oracle: its operator database, its values and its derivatives."""

import functools
import warnings

import jax
import jax.numpy as jnp
import pytest
from oracles import assert_same


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


def assert_as_torch(ours, theirs, args, kwargs=None, *, rtol=None, second=False):
    """`ours` on the arguments against `theirs`: value, vector-Jacobian product, second derivative.

    Args:
        ours: a function of JAX arrays.
        theirs: the same function of tensors.
        args: tensors and plain values; the tensors that require a gradient are differentiated.
        kwargs: keyword arguments, tensors (not differentiated) and plain values.
        rtol: a relative tolerance instead of the dtype's own.
        second: whether PyTorch's double backward is compared as well.

    The first output is differentiated, with a cotangent drawn from PyTorch's generator; further
    outputs, such as indices, are compared by value.
    """
    import torch

    kwargs = kwargs or {}
    places = [i for i, a in enumerate(args) if isinstance(a, torch.Tensor) and a.requires_grad]
    tensors = [args[i].detach().clone().requires_grad_() for i in places]

    def filled(values):
        given = dict(zip(places, values, strict=True))
        return [given.get(i, a) for i, a in enumerate(args)]

    def of_ours(*arrays):
        value = ours(*map(to_jax, filled(arrays)), **{k: to_jax(v) for k, v in kwargs.items()})
        return value if isinstance(value, tuple) else (value,)

    def first(*arrays):
        out = of_ours(*arrays)
        return out[0], out[1:]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(*filled(tensors), **kwargs)
    expected = tuple(expected) if isinstance(expected, (tuple, list)) else (expected,)
    arrays = to_jax(tensors)
    assert_same(tuple(of_ours(*arrays)), to_jax(expected), rtol)
    if not tensors or not expected[0].requires_grad:
        return
    cotangent = torch.randn_like(expected[0])
    grads = torch.autograd.grad(
        expected[0], tensors, cotangent, create_graph=second, materialize_grads=True
    )
    _, pull, _ = jax.vjp(first, *arrays, has_aux=True)
    assert_same(list(pull(to_jax(cotangent))), to_jax(list(grads)), rtol)
    if not second:
        return
    directions = [torch.randn_like(g) for g in grads]
    if any(g.requires_grad for g in grads):
        paired = [(g, d) for g, d in zip(grads, directions, strict=True) if g.requires_grad]
        twice = torch.autograd.grad(
            [g for g, _ in paired], tensors, [d for _, d in paired], materialize_grads=True
        )
    else:
        twice = [torch.zeros_like(t) for t in tensors]
    of_grads = functools.partial(_pulled, first, to_jax(cotangent))
    _, pull = jax.vjp(of_grads, *arrays)
    assert_same(list(pull(to_jax(directions))), to_jax(list(twice)), rtol)


def _pulled(first, cotangent, *arrays):
    _, pull, _ = jax.vjp(first, *arrays, has_aux=True)
    return list(pull(cotangent))


def assert_refuses(ours, sample, match):
    """`ours` refuses an error input of the database with a `TypeError` or a `ValueError`."""
    with pytest.raises((TypeError, ValueError), match=match):
        ours(*map(to_jax, (sample.input, *sample.args)), **to_jax(dict(sample.kwargs)))
