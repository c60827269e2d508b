"""Against a live PyTorch: dtypes, supports and refusals of the samplers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import random

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
KINDS = ["float64", "float32", "bfloat16", "float16", "int64", "int32", "int16", "int8", "uint8"]
KINDS += ["bool", "complex64"]
DECLARED = {  # what ours gives where PyTorch gives something else
    ("uniform", "complex64"): "raises",
    ("binomial", "bfloat16"): "bfloat16",
    ("binomial", "float16"): "float16",
}


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True):
        yield


def outcome(call):
    """The result's dtype by name, or "raises"."""
    try:
        return str(call().dtype).removeprefix("torch.")
    except (RuntimeError, TypeError, ValueError):
        return "raises"


def assert_declared(name, kind, ours, theirs):
    """As PyTorch, or otherwise where that is declared, and only there."""
    assert ours == DECLARED.get((name, kind), theirs)
    assert (ours != theirs) == ((name, kind) in DECLARED)


IN_PLACE = {
    "exponential": ((1.0,), lambda key, kind: random.exponential(key, 4, dtype=kind)),
    "cauchy": ((), lambda key, kind: random.cauchy(key, 4, dtype=kind)),
    "log_normal": ((), lambda key, kind: random.log_normal(key, 4, dtype=kind)),
    "geometric": ((0.5,), lambda key, kind: random.geometric(key, 4, 0.5, dtype=kind)),
    "uniform": ((), lambda key, kind: random.uniform(key, 4, dtype=kind)),
    "bernoulli": ((0.5,), lambda key, kind: random.bernoulli(key, 0.5, 4, dtype=kind)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", IN_PLACE)
def test_dtypes_in_place(name, kind):
    import torch

    arguments, ours = IN_PLACE[name]
    tensor = torch.zeros(4, dtype=getattr(torch, kind))
    theirs = outcome(lambda: getattr(tensor, f"{name}_")(*arguments))
    assert_declared(name, kind, outcome(lambda: ours(jax.random.key(0), kind)), theirs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["poisson", "bernoulli", "binomial"])
def test_dtypes_of_inputs(name, kind):
    import torch

    def ones(library):
        size = {"poisson": 1, "bernoulli": 1, "binomial": 2}[name]
        return [library.ones(3, dtype=getattr(library, kind, kind))] * size

    theirs = outcome(lambda: getattr(torch, name)(*ones(torch)))
    ours = outcome(lambda: getattr(random, name)(jax.random.key(0), *ones(jnp)))
    assert_declared(name, kind, ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_of_integers(kind):
    import torch

    pytorch = getattr(torch, kind)
    key = jax.random.key
    theirs = outcome(lambda: torch.randint(0, 2, (3,), dtype=pytorch))
    assert outcome(lambda: random.randint(key(0), 0, 2, (3,), dtype=kind)) == theirs


@pytest.mark.parametrize("kind", ["uint8", "int8", "int16", "int32", "int64", "float16", "bool"])
def test_ranges_of_integers(kind):
    import torch

    for low, high in ((0, 0), (3, 2), (0, 2), (-1, 1), (0, 128), (0, 256), (0, 257), (-129, 0)):
        pytorch = getattr(torch, kind)
        theirs = outcome(lambda a=low, b=high, t=pytorch: torch.randint(a, b, (3,), dtype=t))
        ours = outcome(
            lambda a=low, b=high: random.randint(jax.random.key(0), a, b, (3,), dtype=kind)
        )
        assert ours == theirs, (low, high)


PARAMETERS = {
    "exponential": [(0.0,), (-1.0,), (0.5,), (np.inf,)],
    "cauchy": [(0.0, 0.0), (0.0, -1.0), (1.0, 2.0)],
    "log_normal": [(0.0, 0.0), (0.0, -1.0), (1.0, 2.0)],
    "geometric": [(0.0,), (1.0,), (-0.1,), (1.1,), (0.5,)],
    "uniform": [(1.0, 0.0), (0.0, np.inf), (0.0, 1.0), (1.0, 1.0)],
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_refused_parameters(name):
    import torch

    for arguments in PARAMETERS[name]:
        tensor = torch.zeros(4)
        theirs = outcome(lambda t=tensor, a=arguments: getattr(t, f"{name}_")(*a))
        draw = getattr(random, name)
        ours = outcome(lambda d=draw, a=arguments: d(jax.random.key(0), 4, *a, dtype="float32"))
        assert ours == theirs, arguments


@pytest.mark.parametrize("name", ["exponential", "cauchy", "log_normal", "geometric", "uniform"])
def test_supports(name):
    import torch

    arguments, ours = IN_PLACE[name]
    torch.manual_seed(0)
    theirs = getattr(torch.empty(10_000), f"{name}_")(*arguments).numpy()
    shape = {"p": 0.5} if name == "geometric" else {}
    drawn = np.asarray(getattr(random, name)(jax.random.key(0), 10_000, **shape))
    for support in (lambda x: x.min() > 0, lambda x: x.max() < 1, lambda x: (x % 1 == 0).all()):
        assert support(drawn) == support(theirs) or (name == "uniform" and theirs.min() == 0)


@pytest.mark.parametrize("kind", ["float64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize(
    "name", ["exponential", "cauchy", "log_normal", "geometric", "bernoulli", "multinomial"]
)
def test_the_operator_database(name, kind):
    import torch
    from torch.testing._internal.common_methods_invocations import op_db

    entries = [entry for entry in op_db if entry.name == name]
    assert entries
    for entry in entries:
        for sample in entry.sample_inputs("cpu", getattr(torch, kind)):
            theirs = entry.op(sample.input.clone(), *sample.args, **sample.kwargs)
            given = jnp.asarray(sample.input.double().numpy()).astype(kind)
            key = jax.random.key(0)
            if name == "multinomial":
                ours = random.multinomial(key, given, *sample.args, **sample.kwargs)
            elif name == "bernoulli":
                ours = random.bernoulli(key, given, *sample.args, **sample.kwargs)
            else:
                draw = getattr(random, name)
                ours = draw(key, given.shape, *sample.args, dtype=kind, **sample.kwargs)
            assert ours.shape == tuple(theirs.shape)
            assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
