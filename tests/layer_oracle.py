"""The layers of `torch.nn.functional` against a live PyTorch, which is judged itself in float64.

A layer adds up many products, and both sides round each of them. PyTorch's answer in float64 is
then taken for the exact one, and ours may be no more than twice as far from it as PyTorch's own.
"""

import functools
import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import torch_oracle
from torch_oracle import to_jax

from jaxgrad import functional

ROUNDING = {"float64": 2.0**-53, "float32": 2.0**-24, "bfloat16": 2.0**-8, "float16": 2.0**-11}
"""Half a unit in the last place of a number between 1 and 2."""
ALLOWED = {"float64": 2.0**12}
"""In float64 there is no wider answer: 4,096 roundings of the largest element are 4.5e-13 of it."""
OTHERS = 2
"""How many roundings of the largest element pass where PyTorch's answer happens to be exact."""


def assert_no_worse(actual, theirs, exact, factor=2.0, terms=0.0):
    """Shape, dtype, then value: `factor` times PyTorch's largest error, and some roundings.

    Where PyTorch's exact answer is no number, or infinite, ours is the same. Integers are equal.
    The roundings are those of the largest element, or of `terms`, where these cancel.
    """
    actual, theirs, exact = (
        list(map(np.asarray, jax.tree.leaves(v))) for v in (actual, theirs, exact)
    )
    assert len(actual) == len(theirs)
    for a, b, c in zip(actual, theirs, exact, strict=True):
        assert a.shape == b.shape, f"shape {a.shape}, expected {b.shape}"
        assert a.dtype == b.dtype, f"dtype {a.dtype}, expected {b.dtype}"
        if a.dtype.kind in "biu":
            np.testing.assert_array_equal(a, b)
            continue
        name = str(a.dtype)
        a, b, c = (v.astype(np.float64) for v in (a, b, c))
        with np.errstate(over="ignore"):  # what is infinite once it is rounded
            finite = np.isfinite(c) & np.isfinite(c.astype(jnp.dtype(name)).astype(float))
        np.testing.assert_array_equal(a[~finite], b[~finite])
        if not finite.any():
            continue
        error, allowed = np.abs(a - c)[finite], np.abs(b - c)[finite]
        largest = max(np.abs(c[finite]).max(), terms)
        limit = factor * allowed.max() + ALLOWED.get(name, OTHERS) * ROUNDING[name] * largest
        tiny = float(jnp.finfo(name).tiny) * (name != "float64")
        assert error.max() <= limit + tiny, (
            f"off by {error.max():.3g}, PyTorch by {allowed.max():.3g}, largest {largest:.3g}"
        )


def assert_as_torch(ours, theirs, args, kwargs=None, *, second=False, factor=2.0, cancel=0.0):
    """`ours` against `theirs` and `theirs` in float64, by `assert_no_worse`.

    Args:
        ours: a function of JAX arrays.
        theirs: the same function of tensors. It gets tensors of its own at each call.
        args: tensors and plain values; the tensors that require a gradient are differentiated.
        kwargs: keyword arguments, likewise.
        second: whether PyTorch's double backward is compared as well.
        factor: how many times PyTorch's error ours may be.
        cancel: how many times the largest cotangent the terms of a derivative add up to, before
            they cancel.

    The first output is differentiated, with a cotangent drawn from PyTorch's generator; further
    outputs are compared by value.
    """
    import torch

    names, kwargs = tuple(kwargs or {}), kwargs or {}
    values = [*args, *kwargs.values()]
    moving = [i for i, v in enumerate(values) if isinstance(v, torch.Tensor) and v.requires_grad]

    def called(fn, values):
        given = dict(zip(names, values[len(args) :], strict=True))
        value = fn(*values[: len(args)], **given)
        return tuple(value) if isinstance(value, (tuple, list)) else (value,)

    generator = torch.Generator().manual_seed(0)

    def random_like(tensor):
        return torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(tensor.dtype)

    answers, cotangent, directions = [], None, [random_like(values[i]) for i in moving]
    for wide in (False, True):
        copies = [_copy(value, wide) for value in values]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = called(theirs, copies)
        answer = [to_jax(outputs), None, None]
        if moving and outputs[0].requires_grad:
            cotangent = random_like(outputs[0]) if cotangent is None else cotangent
            tensors = [copies[i] for i in moving]
            grads = torch.autograd.grad(
                outputs[0],
                tensors,
                cotangent.to(outputs[0].dtype),
                create_graph=second,
                materialize_grads=True,
            )
            answer[1] = to_jax([grad.detach() for grad in grads])
            if second:
                along = [d.to(g.dtype) for d, g in zip(directions, grads, strict=True)]
                answer[2] = to_jax(torch_oracle.double_backward(grads, tensors, along))
        answers.append(answer)

    fixed = [to_jax(value) for value in values]

    def of_ours(*arrays):
        whole = list(fixed)
        for place, array in zip(moving, arrays, strict=True):
            whole[place] = array
        return called(ours, whole)

    def check(value, grads, twice):
        known = cotangent is not None and cotangent.numel()
        size = cancel * float(cotangent.abs().amax()) if known else 0.0
        for got, own, exact in zip((tuple(value), grads, twice), *answers, strict=True):
            if own is not None:
                assert_no_worse(got, own, exact, factor, 0.0 if got[0] is value[0] else size)

    torch_oracle.ask(
        torch_oracle.Question(
            of_ours,
            [fixed[i] for i in moving],
            to_jax(cotangent),
            to_jax(directions),
            second and cotangent is not None,
            check,
        )
    )


def _copy(value, wide):
    """A tensor of its own, in float64 where that is asked for and it is floating point."""
    import torch

    if isinstance(value, (list, tuple)):
        return type(value)(_copy(part, wide) for part in value)
    if not isinstance(value, torch.Tensor):
        return value
    copy = value.detach().clone()
    if wide and copy.is_floating_point():
        copy = copy.double()
    return copy.requires_grad_(value.requires_grad)


def hold_samples(name, dtype, share=None, *, ours=None, theirs=None, factor=2.0, cancel=0.0):
    """The samples of PyTorch's database with that name and dtype, about `share` of each entry.

    Args:
        name: as in the database, such as `nn.functional.conv2d`.
        dtype: by its name.
        share: how many samples of each entry; None is all.
        ours: `jaxgrad.functional`'s function of that name, by default.
        theirs: `(sample, PyTorch's function)`, the function that is called instead.
        factor: how many times PyTorch's error ours may be.
        cancel: how many times the largest cotangent the terms of a derivative add up to, before
            they cancel.

    Returns:
        How many samples were held.
    """
    import torch

    torch.manual_seed(0)
    ours, count = ours or getattr(functional, name.split(".")[-1]), 0
    for entry in torch_oracle.entries(name):
        of = getattr(torch, dtype)
        if of not in entry.dtypes:
            continue
        floating = of.is_floating_point or of.is_complex  # the database lists integers too
        backward = floating and entry.supports_autograd and of in entry.backward_dtypes
        found = list(entry.sample_inputs("cpu", of, requires_grad=backward))
        for sample in found[:: max(1, len(found) // share) if share else 1]:
            fn = functools.partial(theirs, sample, entry.op) if theirs else entry.op
            args, kwargs = (sample.input, *sample.args), sample.kwargs
            second = dtype == "float64" and entry.supports_gradgrad
            options = {"second": second, "factor": factor, "cancel": cancel}
            assert_as_torch(ours, fn, args, kwargs, **options)
            count += 1
    return count


class Call(NamedTuple):
    """A call of a function of `torch.nn.functional` that a module made."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def calls_of(run, names):
    """The calls of these functions of `torch.nn.functional` that `run()` makes, with their tensors.

    A pooling function that PyTorch dispatches on `return_indices` has the name of the whole one.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    found = []

    class Noting(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            name = func.__name__.removeprefix("_")
            if name.endswith("_with_indices"):
                name, kwargs = name.removesuffix("_with_indices"), kwargs | {"return_indices": True}
            if name in names:
                parts = (_copied(args), _copied(kwargs))
                found.append(Call(name, *parts))
            kwargs.pop("return_indices", None) if name != func.__name__.removeprefix("_") else None
            return func(*args, **kwargs)

    def _copied(tree):
        return torch.utils._pytree.tree_map(lambda leaf: _copy(leaf, wide=False), tree)

    with Noting():
        run()
    return found


def module_calls(module, dtype, names):
    """The calls that the samples of a module of PyTorch's database make, in training and without.

    Args:
        module: the module's name, such as "Conv2d".
        dtype: by its name.
        names: the functions whose calls are taken.
    """
    import torch
    from torch.testing._internal.common_modules import module_db

    of, found = getattr(torch, dtype), []
    (info,) = [one for one in module_db if one.module_cls.__name__ == module]
    for training in (True, False):
        torch.manual_seed(0)
        inputs = info.module_inputs_func(
            info, device="cpu", dtype=of, requires_grad=True, training=training
        )
        for one in inputs:
            made, given = one.constructor_input, one.forward_input
            net = info.module_cls(*made.args, **made.kwargs).to(of).train(training)
            found += calls_of(functools.partial(net, *given.args, **given.kwargs), names)
    assert found, f"{module} calls none of {names}"
    return found


def hold_call(call, **options):
    """A call of PyTorch's function against ours of that name, by `assert_as_torch`."""
    import torch

    ours, theirs = getattr(functional, call.name), getattr(torch.nn.functional, call.name)
    assert_as_torch(ours, theirs, call.args, call.kwargs, **options)
