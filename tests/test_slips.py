"""What a user of PyTorch or of JAX writes first, and what the refusal says to write instead."""

import inspect
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiers import each

from jaxgrad import functional, init, random, replay

pytestmark = pytest.mark.thinned(1)

KEY, STATE = jax.random.key(0), replay.manual_seed(0)
X, P = jnp.ones(3), jnp.full(3, 0.5)
NO_KEY = "key must be a typed key, got {}; make one with jax.random.key(seed), it comes first: "
NO_STATE = "state must be a State, got {}; make one with jaxgrad.replay.manual_seed(seed), it comes"
SIZES = "shape must be one argument, got 2, 3; write "
BEFORE = "shape must be given before {}, got {}; write "
SCALE = "; the sizes come first, as in (2, 3), and other numbers after them"
DTYPE = "dtype must be a floating point dtype, got {}; sizes are one argument, as in (2, 3), and ot"

SLIPS = {
    # the key is forgotten
    "dropout": (lambda: functional.dropout(X), NO_KEY.format("ArrayImpl ")[:36]),
    "dropout, p": (lambda: functional.dropout(X, 0.5), NO_KEY[-45:] + "dropout(key, …)"),
    "dropout, a key second": (lambda: functional.dropout(X, KEY), NO_KEY[-45:]),
    "dropout, training": (lambda: functional.dropout(X, training=False), NO_KEY[-45:]),
    "rrelu": (lambda: functional.rrelu(X), "rrelu: key must be a typed key"),
    "gumbel_softmax": (lambda: functional.gumbel_softmax(X, hard=True), "gumbel_softmax(key, …)"),
    "bernoulli": (lambda: random.bernoulli(P), NO_KEY[-45:] + "bernoulli(key, …)"),
    "poisson": (lambda: random.poisson(P), "poisson(key, …)"),
    "multinomial": (lambda: random.multinomial(P, 2), "multinomial(key, …)"),
    "rand without": (lambda: random.rand(3), "rand: " + NO_KEY.format("int 3") + "rand(key, …)"),
    "randperm": (lambda: random.randperm(5), "randperm: " + NO_KEY.format("int 5")),
    "geometric without": (lambda: random.geometric(0.5), NO_KEY.format("float 0.5")),
    "normal of a shape": (lambda: random.normal((2, 3)), NO_KEY.format("tuple (2, 3)")),
    "xavier": (lambda: init.xavier_uniform((3, 4)), NO_KEY.format("tuple (3, 4)")),
    "linear": (lambda: init.linear(3, 4), "linear: " + NO_KEY.format("int 3")),
    "linear, bias": (lambda: init.linear(8, 4, True), "linear: " + NO_KEY.format("int 8")),
    "nothing": (lambda: functional.dropout(), "key and input must be given, got nothing; write dr"),
    # a seed or a legacy key
    "seed": (lambda: random.bernoulli(0, P), NO_KEY.format("int 0") + "bernoulli(key, …)"),
    "legacy": (
        lambda: functional.dropout(np.zeros(2, np.uint32), X),
        "got ndarray array([0, 0], dtype=uint32); turn it into a typed key with jax.rand",
    ),
    "legacy, no input": (lambda: random.poisson(jnp.zeros(4, jnp.uint32)), "jax.random.wrap_key_"),
    # no state
    "replay.rand": (lambda: replay.rand(2), NO_STATE.format("int 2")),
    "replay.rand, seed": (lambda: replay.rand(2, 3), NO_STATE.format("int 2")[:60]),
    "replay.linear": (lambda: replay.linear(3, 4), "linear: " + NO_STATE.format("int 3")[:60]),
    "replay.linear()": (
        lambda: replay.linear(),
        "state must be given, got nothing; write line",
    ),
    "replay.xavier": (lambda: replay.xavier_normal((3, 4)), NO_STATE.format("tuple (3, 4)")),
    # the shape in parts, or left out, or elsewhere
    "rand": (lambda: random.rand(KEY, 2, 3), "rand: " + SIZES + "rand(key, (2, 3))"),
    "randn": (lambda: random.randn(KEY, 2, 3), SIZES + "randn(key, (2, 3))"),
    "randint": (lambda: random.randint(KEY, 0, 9, 2, 3), SIZES + "randint(key, low, high, (2, 3))"),
    "normal": (lambda: random.normal(KEY, 0, 1, 2, 3), SIZES + "normal(key, mean, std, (2, 3))"),
    "bernoulli, sizes": (lambda: random.bernoulli(KEY, 0.5, 2, 3), SIZES + "bernoulli(key, input,"),
    "replay.randn": (lambda: replay.randn(STATE, 2, 3), SIZES + "randn(state, (2, 3))"),
    "uniform": (
        lambda: random.uniform(KEY, 0, 1),
        BEFORE.format("a and b", "0, 1") + "uniform(key, shape, 0, 1), or shape=(0,) for an empty",
    ),
    "uniform, half": (lambda: random.uniform(KEY, 0, 0.5), BEFORE.format("a and b", "0, 0.5")),
    "uniform, sizes": (lambda: random.uniform(KEY, 3, 1), ", or shape=(3, 1)"),
    "uniform, range": (lambda: random.uniform(KEY, 2, 5), "write uniform(key, shape, 2, 5)"),
    "uniform, below": (lambda: random.uniform(KEY, -1, 1), BEFORE.format("a and b", "-1, 1")),
    "uniform, floats": (lambda: random.uniform(KEY, 0.0, 1.0), "got float 0.0" + SCALE),
    "cauchy": (lambda: random.cauchy(KEY, 0, 1), BEFORE.format("median and sigma", "0, 1")),
    "log_normal": (lambda: random.log_normal(KEY, 0, 1), BEFORE.format("mean and std", "0, 1")),
    "exponential": (lambda: random.exponential(KEY, 1.5), "got float 1.5" + SCALE),
    "geometric": (
        lambda: random.geometric(KEY, 0.5),
        "p must be given, got nothing; write geo",
    ),
    "replay.uniform": (lambda: replay.uniform(STATE, 0, 1), "write uniform(state, shape, 0, 1)"),
    "replay.trunc": (lambda: replay.trunc_normal(STATE, 0, 1), "trunc_normal: shape must be given"),
    "a shape of means": (
        lambda: random.normal(KEY, (2, 3)),
        "mean must be a number or an array, got (2, 3); give the shape by keyword: shape=(2, 3)",
    ),
    "means": (lambda: random.normal(KEY, (2.0, 3.0)), "make it one: jnp.array((2.0, 3.0))"),
    "deviations": (lambda: random.normal(KEY, 0.0, [2.0, 3.0]), "std must be a number or an array"),
    "replay, means": (lambda: replay.normal(STATE, [2, 3]), "by keyword: shape=[2, 3]"),
    "JAX's randint": (lambda: random.randint(KEY, (3,), 0, 9), "low must be an integer, got (3,)"),
    "torch.randint": (
        lambda: random.randint(KEY, 9, (3,)),
        "high must be an integer, got (3,)",
    ),
    "weight": (lambda: init.xavier_uniform(KEY, jnp.ones((3, 4))), "; pass its .shape"),
    "init, sizes": (lambda: init.xavier_uniform(KEY, 3, 4), DTYPE.format(4)),
    "init, slope": (lambda: init.kaiming_uniform(KEY, (3, 4), math.sqrt(5)), "given by keyword"),
    "init.uniform": (lambda: init.uniform(KEY, (3,), 0.0, 1.0), DTYPE.format(0.0)),
    "init.normal": (lambda: init.normal(KEY, 0.0, 1.0), "got float 0.0" + SCALE),
    "replay, sizes": (lambda: replay.kaiming_uniform(STATE, 3, 4), DTYPE.format(4)),
    # what is called otherwise or is not there
    "dtype": (lambda: random.uniform(KEY, 3, jnp.float32), "; give a dtype by keyword: dtype=…"),
    "minval": (
        lambda: random.uniform(KEY, 3, minval=0),
        "minval must be left out, got 0; it is",
    ),
    "size": (
        lambda: random.normal(KEY, size=3),
        "size must be left out, got 3; it is called",
    ),
    "inplace": (
        lambda: functional.dropout(KEY, X, inplace=True),
        "inplace must be left out",
    ),
    "inplace of relu": (lambda: functional.relu(X, inplace=True), "relu: inplace must be left out"),
    "size_average": (
        lambda: functional.mse_loss(X, X, size_average=False),
        "mse_loss: size_average must be left out, got False; write reduction='sum' in the place",
    ),
    "reduce": (
        lambda: functional.l1_loss(X, X, reduce=False),
        "l1_loss: reduce must be left out, got False; write reduction='none' in the place",
    ),
    "axis": (
        lambda: functional.softmax(X, axis=0),
        "softmax: axis must be left out, got 0; it is called dim here",
    ),
    "axis, where there is none": (
        lambda: functional.relu(X, axis=0),
        "relu: axis must be left out, got 0; write relu(input)",
    ),
    "embedding": (
        lambda: functional.embedding(jnp.ones((4, 3)), jnp.array([0, 2])),
        "input must be an array of integers, got float32; the indices come first, then the weig",
    ),
    "generator": (lambda: random.bernoulli(KEY, P, generator=None), "generator must be left out"),
    "device": (lambda: init.linear(KEY, 3, 4, device="cpu"), "move the result with jax."),
    "poisson, shape": (
        lambda: random.poisson(KEY, P, (3,)),
        "must be (key, input), got 3 by po",
    ),
    "categories": (
        lambda: random.multinomial(KEY, P),
        "num_samples must be given, got nothing",
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_what_to_write_is_said(name):
    call, said = SLIPS[name]
    with pytest.raises((TypeError, ValueError), match=re.escape(said)):
        call()


@pytest.mark.torch
def test_a_keyword_of_pytorchs_that_is_gone_is_told():
    import torch.nn.functional

    theirs = {
        name: getattr(torch.nn.functional, name)
        for name in functional.__all__
        if inspect.isfunction(getattr(torch.nn.functional, name, None))
    }
    gone = {(name, keyword) for name in theirs for keyword in keywords_gone(name, theirs[name])}
    assert {("relu", "inplace"), ("nll_loss", "reduce"), ("normalize", "out")} <= gone
    for name, keyword in gone:
        with pytest.raises(TypeError, match=f"^{name}: {keyword} must be left out, got None; "):
            getattr(functional, name)(**{keyword: None})


def keywords_gone(name, theirs):
    """The keywords of PyTorch's function that ours does not take."""
    parameters = inspect.signature(theirs).parameters.values()
    named = {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    ours = inspect.signature(getattr(functional, name)).parameters
    return {keyword for keyword in named - set(ours) if not keyword.startswith("_")}


@pytest.mark.torch
def test_what_is_pytorchs_is_told_what_it_is_here():
    import torch

    tensors = torch.ones(2, dtype=torch.bfloat16), torch.ones(2, requires_grad=True)
    for tensor in tensors:
        told = (
            "relu: input must be an array, got Tensor .*; turn a tensor into an array with jnp.fr"
        )
        with pytest.raises(TypeError, match=told):
            functional.relu(tensor)
        assert (jnp.from_dlpack(tensor.detach()) == 1).all()
    for call in (lambda of: functional.softmax(X, 0, of), lambda of: random.rand(KEY, 2, dtype=of)):
        with pytest.raises(TypeError, match="got torch.bfloat16; write jnp.bfloat16"):
            call(torch.bfloat16)


@pytest.mark.parametrize(
    "call",
    [
        lambda key: functional.softmax(X),
        lambda key: functional.softmax(jnp.ones(3, complex), 0, jnp.float32),
        lambda key: functional.gumbel_softmax(key, X, eps=0.1),
        lambda key: functional.dropout2d(key, X[None, None]),
    ],
)
def test_a_warning_is_of_the_line_that_calls(call):
    with pytest.warns(UserWarning) as warned:
        call(jax.random.key(0))
    assert warned[0].filename == __file__


def test_what_is_meant_is_taken():
    with jax.debug_key_reuse(False):
        assert_taken()


def assert_taken():
    assert random.uniform(KEY, 0).shape == (0,)
    assert random.uniform(KEY, 8, -1.0).shape == (8,)
    assert random.uniform(KEY, 0, -1.0, 1.0).shape == (0,)
    assert random.uniform(KEY, (0,), 0.5).shape == random.cauchy(KEY, (0,), 1.0).shape == (0,)
    assert random.uniform(KEY, 0, a=0.5).shape == random.log_normal(KEY, 0, mean=1.0).shape == (0,)
    assert random.normal(KEY, jnp.array([2.0, 3.0])).shape == (2,)


def first(function):
    return next(iter(inspect.signature(function).parameters), "")


KEYED = {
    f"{room.__name__}.{name}": getattr(room, name)
    for room in (functional, init, random, replay)
    for name in room.__all__
    if inspect.isfunction(getattr(room, name))
    and (first(getattr(room, name)), name) != ("state", "get_state")
    and first(getattr(room, name)) in ("key", "state")
}


def test_every_function_asks_for_its_key_or_state():
    assert {"dropout", "linear", "rand", "xavier_uniform"} <= {n.split(".")[-1] for n in KEYED}
    each(KEYED, assert_asks)


def assert_asks(function):
    expected = f"{function.__name__}: {first(function)} must be"
    for arguments in ((), (3,), (np.ones(3),)):
        with pytest.raises(TypeError, match=expected if arguments else first(function)):
            function(*arguments)
