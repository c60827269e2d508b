"""The derivatives of recurrent layers: against differences, and what they cost."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_slopes
from jax.extend.core import jaxprs_in_params
from recurrent_definition import COUNTS, NAMES, first_states, normal, parameters

from jaxgrad.functional import lstm

KINDS = pytest.mark.parametrize("fn", COUNTS, ids=NAMES)


def loss(fn, lengths=None):
    """A number of the outputs and last states, whose weights are all different."""

    def call(x, hx, params):
        leaves = jax.tree.leaves(fn(x, hx, params, lengths=lengths))
        return sum(
            jnp.sum(jnp.sin(1 + jnp.arange(a.size, dtype=a.dtype)) * a.ravel()) for a in leaves
        )

    return call


@pytest.mark.parametrize("order", [1, 2])
@KINDS
def test_slopes(fn, order):
    """Each derivative against differences, forward and in reverse mode."""
    with jax.enable_x64(True):
        form = {"projection": 2} if fn is lstm else {}
        form["directions"] = 3 - order  # the second derivative takes long to compile
        params = parameters(COUNTS[fn], **form, dtype=np.float64)
        x, hx = normal(4, 2, 3, dtype=np.float64), first_states(fn, params, 2, np.float64)
        given, structure = jax.tree.flatten((jnp.asarray(x), hx, params))
        number = loss(fn, jnp.array([4, 2]))

        def call(*leaves):
            return number(*jax.tree.unflatten(structure, leaves))

        def gradient(*leaves):
            grads = jax.grad(call, tuple(range(len(leaves))))(*leaves)
            return sum(jnp.sum(grad**2) for grad in grads)

        assert_slopes(call if order == 1 else gradient, *map(jnp.asarray, given), rtol=1e-6)


def carried(jaxpr):
    """The shapes of what the loops of a program carry from step to step."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            carry = equation.outvars[: equation.params["num_carry"]]
            yield from (variable.aval.shape for variable in carry)
        for inner in jaxprs_in_params(equation.params):
            yield from carried(inner)


@KINDS
def test_no_step_adds_to_the_gradient_of_a_weight(fn):
    params, x = parameters(COUNTS[fn], layers=2, directions=2), normal(5, 2, 3)
    program = jax.make_jaxpr(jax.grad(loss(fn), 2))(x, None, params)
    shapes = set(carried(program.jaxpr))
    assert shapes == {(2, 4)}, "a state, or its cotangent"


def test_frozen_weights_have_no_product_of_their_own():
    """The derivative in the state alone has as many products as the steps need."""
    params, x = parameters(4), normal(5, 2, 3)
    state = jnp.ones((1, 2, 4)), jnp.ones((1, 2, 4))
    programs = [str(jax.make_jaxpr(jax.grad(loss(lstm), n))(x, state, params)) for n in (1, 2)]
    frozen, whole = (program.count("dot_general") for program in programs)
    assert frozen < whole
