"""The optimizers with options drawn at random, against a live PyTorch."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from fuzz import FEW_SETS, FLOATS, SLOW, floats, searching_few
from fuzz_options import numbers_of, options_of, taken
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_calls import AROUND, AVERAGED, LBFGS, OPTIONS, is_rounding_alone
from outcomes import outcome
from rooms import public

from jaxgrad import optim

pytestmark = [pytest.mark.torch, pytest.mark.nightly, pytest.mark.thinned(1)]  # all, each night
STEPS = 4
DIGITS = {"float64": 1e-11, "float32": 2e-5}
seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from(FLOATS[:2])
SHAPES = ((3,), (2, 1), (), (0,))
OF = {"Adafactor": SHAPES[:-1], "Muon": ((2, 1), (5, 2), (1, 3))}
"""PyTorch's Adafactor divides by the size of a leaf, and Muon is of matrices."""
NAMES = {"SparseAdam": "sparse_adam"}


def theirs(name, options, params, grads):
    """PyTorch's parameters after each step; it refuses options by an error."""
    import torch

    tensors = [torch.tensor(p).requires_grad_() for p in params]
    optimizer = getattr(torch.optim, name)(tensors, **options)
    for each in grads:
        for tensor, grad in zip(tensors, each, strict=True):
            tensor.grad = None if grad is None else torch.tensor(grad)
            if name == "SparseAdam" and grad is not None:
                tensor.grad = tensor.grad.to_sparse()
        optimizer.step()
    return [tensor.detach().numpy() for tensor in tensors]


def made(name, options):
    return getattr(optim, NAMES.get(name, name.lower()))(**options)


def step_of(name, drawn, names):
    """A step of our optimizer, compiled for all numbers."""

    @jax.jit
    def step(numbers, grads, state, params):
        optimizer = made(name, {**drawn, **dict(zip(names, numbers, strict=True))})
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    return step


@pytest.mark.parametrize("name", OPTIONS)
@searching_few
@given(data=st.data())
def test_as_pytorch(name, data):
    drawn = data.draw(options_of(OPTIONS[name], ("lr",)), "options")
    # A last bit of float32 may move what Muon rounds to bfloat16, and small singular values grow.
    dtype = "float64" if name == "Muon" else data.draw(dtypes, "dtype")
    traced = data.draw(st.booleans(), "traced")
    shapes, rng = OF.get(name, SHAPES), np.random.default_rng(data.draw(seeds, "seed"))
    absent = data.draw(st.sampled_from([None, None, 0, 1, 2]), "absent")
    if not traced:
        drawn = taken(drawn, rng)
    names = numbers_of(drawn)
    step = step_of(name, drawn, names)
    kind = "some" if name == "Muon" else "any"
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(FEW_SETS):
            options = taken(drawn, rng)
            if is_rounding_alone(name, options):
                continue
            params = [floats(rng, shape, "some").astype(dtype) for shape in shapes]
            grads = [
                [floats(rng, shape, kind).astype(dtype) for shape in shapes] for _ in range(STEPS)
            ]
            if absent is not None:
                for each in grads[: 1 + absent]:
                    each[absent] = None
            expected = outcome(lambda a=(name, options, params, grads): theirs(*a))
            optimizer = outcome(lambda given=options: made(name, given))
            told = f"{options}\n{params}\n{grads}"
            if agreed(optimizer, expected, told):
                numbers = {each: jax.tree.map(jnp.asarray, options[each]) for each in names}
                state = made(name, {**options, **numbers}).init(params)  # an array is never off
                found = list(map(jnp.asarray, params))
                for each in grads:
                    found, state = step(list(numbers.values()), each, state, found)
                size = options["lr"] * STEPS if name == "Muon" else 0.0
                same(found, expected, told, 0.05 * size, params)


def agreed(got, expected, told):
    """Whether neither is a refusal."""
    refused = [isinstance(each, Exception) for each in (got, expected)]
    assert refused[0] == refused[1], f"{told}\nours: {got}\nPyTorch: {expected}"
    return not any(refused)


def same(found, expected, told, more=0.0, start=None):
    """What is finite is as near as the dtype's digits, or `more`; the rest is not finite.

    Where parameters began at `start`, their digits are those of the larger of both.
    """
    for one, other, first in zip(found, expected, start or expected, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        digits, finite = DIGITS[str(other.dtype)], np.isfinite(other)
        scale = max(np.abs(x[np.isfinite(x)]).max(initial=1.0) for x in (other, first))
        # A parameter that is infinite is NaN after the next update, which is added to it.
        np.testing.assert_array_equal(np.isfinite(one), finite, err_msg=told)
        np.testing.assert_allclose(
            np.asarray(one)[finite], other[finite], digits, digits * scale + more, err_msg=told
        )


def bowl(x, backend):
    """A loss with a curvature that changes."""
    return backend.sum((x - 1) ** 2 * (1 + x**2) + backend.cos(3 * x))


@settings(max_examples=3, suppress_health_check=SLOW)
@given(data=st.data())
def test_lbfgs(data):
    """In float64, as a search stops where a rounding has it stop."""
    drawn = data.draw(options_of(LBFGS), "options")
    rng, names = np.random.default_rng(data.draw(seeds, "seed")), numbers_of(drawn)

    @jax.jit
    def step(numbers, state, x):
        optimizer = optim.lbfgs(**{**drawn, **dict(zip(names, numbers, strict=True))})
        grads = jax.grad(bowl)(x, jnp)
        updates, state = optimizer.update(grads, state, x, value_fn=lambda x: bowl(x, jnp))
        return optax.apply_updates(x, updates), state

    with jax.enable_x64(True):
        for _ in range(67):
            options, x = taken(drawn, rng), rng.normal(size=3)
            expected = outcome(lambda a=(options, x): of_lbfgs(*a))
            optimizer = outcome(lambda given=options: optim.lbfgs(**given))
            if agreed(optimizer, expected, options):
                state, found = optimizer.init(x), jnp.asarray(x)
                for _ in range(2):
                    found, state = step([options[each] for each in names], state, found)
                np.testing.assert_allclose(found, expected, 1e-6, 1e-6, err_msg=f"{options} {x}")


def of_lbfgs(options, x):
    import torch

    tensor = torch.tensor(x).requires_grad_()
    optimizer = torch.optim.LBFGS([tensor], **options)

    def closure():
        optimizer.zero_grad()
        loss = bowl(tensor, torch)
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    return tensor.detach().numpy()


@pytest.mark.parametrize("name", AROUND)
@settings(max_examples=50, suppress_health_check=SLOW)
@given(data=st.data())
def test_clipping(name, data):
    import torch

    options = data.draw(st.fixed_dictionaries(AROUND[name]), "options")
    dtype, rng = data.draw(dtypes), np.random.default_rng(data.draw(seeds, "seed"))
    with jax.enable_x64(True):
        for _ in range(4):
            grads = [floats(rng, shape).astype(dtype) for shape in SHAPES[:-1]]
            tensors = [torch.zeros(g.shape, dtype=getattr(torch, dtype)) for g in grads]
            for tensor, grad in zip(tensors, grads, strict=True):
                tensor.grad = torch.tensor(grad)
            clip = getattr(torch.nn.utils, f"{name}_")
            norm = outcome(lambda clip=clip, tensors=tensors: clip(tensors, **options))
            found = outcome(lambda grads=grads: clipped(name, options, grads))
            told = f"{options} {grads}"
            if agreed(found, norm, told):
                expected = [tensor.grad.numpy() for tensor in tensors]
                same(found[0], expected, told)
                if norm is not None:
                    same([found[1].total_norm], [norm.numpy()], told)


def clipped(name, options, grads):
    clip = getattr(optim, name)(**options)
    return clip.update(list(map(jnp.asarray, grads)), clip.init(grads))


@settings(max_examples=20, suppress_health_check=SLOW)
@given(data=st.data())
def test_averaged_model(data):
    """Beside steps that are given, of both averages, and of averages that begin later."""
    options = data.draw(st.fixed_dictionaries({}, optional=AVERAGED), "options")
    dtype, rng = data.draw(dtypes), np.random.default_rng(data.draw(seeds, "seed"))
    begin, stride = options.get("start", 0), options.get("every", 1)
    with jax.enable_x64(True):
        average = outcome(lambda: optim.averaged_model(**options))
        for _ in range(10):
            ways = floats(rng, (6, 3), "some").astype(dtype)
            expected = outcome(
                lambda ways=ways: averages(options.get("decay"), ways, begin, stride)
            )
            if not agreed(average, expected, options):
                return
            update, params = jax.jit(average.update), jnp.zeros(3, dtype)
            state = average.init(params)
            for way in ways:
                _, state = update(jnp.asarray(way) - params, state, params)
                params = params + (jnp.asarray(way) - params)
            same([state.average], [expected], f"{options} {ways}")


def averages(decay, ways, begin, stride):
    import torch
    from torch.optim import swa_utils

    model = torch.nn.Linear(3, 1, bias=False, dtype=torch.tensor(ways).dtype)
    make = {} if decay is None else {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(decay)}
    model.weight.data.zero_()
    average = swa_utils.AveragedModel(model, **make)
    for count, way in enumerate(ways):
        new = model.weight.data + (torch.tensor(way) - model.weight.data)
        model.weight.data.copy_(new)
        if count >= begin and (count - begin) % stride == 0:
            average.update_parameters(model)
    return average.module.weight.detach().numpy()[0]


def test_every_optimizer_is_searched():
    elsewhere = {"lbfgs", "averaged_model", "grad_scaler", *AROUND}
    # Not of numbers: whatever they carry over is compared in `test_optim_live.py`.
    carried = {"from_torch_state", "to_torch_state"}
    ours = {NAMES.get(name, name.lower()) for name in OPTIONS}
    assert ours | elsewhere | carried == public(optim)
