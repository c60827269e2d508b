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


def assert_as_torch(
    ours, theirs, args, kwargs=None, *, rtol=None, atol=None, second=False, once=False
):
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
    outputs, such as indices, are compared by value. Ours is compiled, as one program.
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

    value, grads, twice = _measured(
        of_ours, [fixed[i] for i in places], to_jax(cotangent), to_jax(directions), second
    )
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
        assert_same(twice, to_jax(_double_backward(wanted, tensors, directions)), rtol, atol)


def _doubled(values):
    """Floating point tensors in float64, other values as they are."""
    import torch

    return [
        v.double() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for v in values
    ]


def _outputs(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


@functools.partial(jax.jit, static_argnums=(0, 4))
def _measured(of_ours, arrays, cotangent, directions, second):
    """All outputs, the first one's vector-Jacobian products, and those of these."""

    def pulled(*arrays):
        value, pull, others = jax.vjp(lambda *a: _parted(of_ours(*a)), *arrays, has_aux=True)
        return list(pull(cotangent)), (value, *others)

    if cotangent is None:
        return of_ours(*arrays), None, None
    if not second:
        grads, value = pulled(*arrays)
        return value, grads, None
    grads, pull, value = jax.vjp(pulled, *arrays, has_aux=True)
    return value, grads, list(pull(directions))


def _parted(outputs):
    return outputs[0], outputs[1:]


def _double_backward(grads, tensors, directions):
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
