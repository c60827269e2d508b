"""Leaves without a gradient, and what a leaf costs: arguments, equations and kernels."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from oracles import assert_same

from jaxgrad import optim

TABLE = {
    "sgd": optim.sgd,
    "sgd momentum": lambda: optim.sgd(momentum=0.9, dampening=0.5),
    "adam": optim.adam,
    "adamw": lambda: optim.adamw(amsgrad=True),
    "adamax": optim.adamax,
    "nadam": optim.nadam,
    "radam": optim.radam,
    "adagrad": lambda: optim.adagrad(lr_decay=0.1),
    "adadelta": optim.adadelta,
    "rmsprop": lambda: optim.rmsprop(momentum=0.5, centered=True),
    "rprop": optim.rprop,
    "asgd": lambda: optim.asgd(t0=1),
    "adafactor": optim.adafactor,
    "muon": optim.muon,
    "sparse_adam": optim.sparse_adam,
}
SCALARS = {"nadam": 1, "asgd": 2}
"""The optimizers that keep vectors besides the steps, and how many."""
RNG = np.random.default_rng(0)
PARAMS, GRADS = (
    {name: RNG.normal(size=(8, 3)).astype("float32") for name in "abc"} for _ in range(2)
)
PHASES = ("a", 2), ("ac", 3), ("abc", 1), ("b", 2)
"""Which leaves have gradients, and for how many updates."""
STEPS = {"a": 6, "b": 3, "c": 4}


def walked(optimizer, params, grads, phases):
    """The parameters and the state, after a compiled loop for each of the phases."""

    def step(carry, here):
        params, state = carry
        updates, state = optimizer.update(here, state, params)
        return (optax.apply_updates(params, updates), state)

    @jax.jit
    def loop(carry, here, steps):
        return jax.lax.fori_loop(0, steps, lambda _, carry: step(carry, here), carry)

    carry = params, optimizer.init(params)
    for names, steps in phases:
        here = {name: grads[name] if name in names else None for name in params}
        carry = loop(carry, here, steps)
    return carry


def assert_each_as_alone(name, got, state):
    """Each leaf is where its own gradients alone would have brought it."""
    assert state.step.tolist() == list(STEPS.values()) and state.count == 8
    for leaf, steps in STEPS.items():
        start, grad = ({leaf: jnp.asarray(tree[leaf])} for tree in (PARAMS, GRADS))
        expected, _ = walked(TABLE[name](), start, grad, ((leaf, steps),))
        plain = jnp.asarray(np.asarray(got[leaf]))
        assert_same(plain, expected[leaf], 2e-3 if name == "muon" else 1e-5, 1e-5)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", TABLE)
@pytest.mark.nightly
def test_a_leaf_counts_the_gradients_of_its_own_in_loops(name):
    params, grads = jax.tree.map(jnp.asarray, (PARAMS, GRADS))
    assert_each_as_alone(name, *walked(TABLE[name](), params, grads, PHASES))


@pytest.mark.parametrize("name", ["adam", "asgd", "rprop"])
def test_a_leaf_counts_the_gradients_of_its_own_in_shards(name, rows):
    params, grads = jax.device_put((PARAMS, GRADS), rows)
    got, state = walked(TABLE[name](), params, grads, PHASES)
    assert all(leaf.sharding.is_equivalent_to(rows, 2) for leaf in got.values())
    assert_each_as_alone(name, got, state)


@pytest.mark.parametrize("name", ["adam", "nadam", "asgd"])
def test_each_member_of_a_batch_counts_by_itself(name):
    optimizer = TABLE[name]()
    both = jax.tree.map(lambda x: jnp.stack([x, -x]), PARAMS)
    states = jax.vmap(optimizer.init)(both)
    ahead = states.step.at[1].add(jnp.array([4, 0, 9], "int32"))
    states = states._replace(step=ahead)
    grads = {**GRADS, "b": None}
    got, after = jax.jit(jax.vmap(optimizer.update, (None, 0, 0)))(grads, states, both)
    assert after.step.tolist() == [[1, 0, 1], [5, 0, 10]]
    for i in range(2):
        state, params = jax.tree.map(lambda x, i=i: x[i], (states, both))
        expected, _ = optimizer.update(grads, state, params)
        assert_same(jax.tree.map(lambda x, i=i: x[i], got), expected, 1e-5, 1e-6)


def many(leaves):
    """Parameters of that many leaves of one shape."""
    return [jnp.full((4, 3), float(i)) for i in range(leaves)]


@pytest.mark.parametrize("name", TABLE)
def test_a_leaf_costs_its_slots_and_one_equation(name):
    optimizer = TABLE[name]()
    shapes, equations = [], []
    for leaves in (5, 9):
        params = many(leaves)
        shapes.append(jax.eval_shape(optimizer.init, params))
        jaxpr = jax.make_jaxpr(optimizer.update)(params, shapes[-1], params).jaxpr
        equations.append(len(jaxpr.eqns))
        programs = [eqn.params["jaxpr"] for eqn in jaxpr.eqns if eqn.params.get("name") == name]
        if " " not in name:
            assert len(programs) == leaves and len({id(program) for program in programs}) == 1
    assert equations[1] - equations[0] == 4
    for leaves, state in zip((5, 9), shapes, strict=True):
        vectors = [leaf for leaf in jax.tree.leaves(state) if leaf.shape == (leaves,)]
        numbers = [leaf for leaf in jax.tree.leaves(state) if not leaf.shape]
        assert len(numbers) == 1 and len(vectors) == 1 + SCALARS.get(name, 0)


@pytest.mark.parametrize("name", ["adam", "nadam", "radam", "asgd", "sgd momentum"])
def test_more_leaves_are_no_other_kernels(name):
    """A slice at the leaf's number would be a kernel of its own, to be compiled by itself."""
    optimizer, slices = TABLE[name](), []
    for leaves in (5, 9):
        params = many(leaves)
        step = jax.jit(optimizer.update).lower(params, optimizer.init(params), params).compile()
        slices.append(set(re.findall(r" slice=\{[^}]*\}", step.as_text())))
    assert slices[0] == slices[1]


@pytest.mark.parametrize("name", TABLE)
def test_tree_map_params_tells_slots_from_counters(name):
    optimizer = TABLE[name]()
    params = {"a": jnp.ones((4, 3)), "b": [jnp.ones((2, 5))]}
    state = optimizer.init(params)
    marked = optax.tree_utils.tree_map_params(
        optimizer, lambda slot: "slot", state, transform_non_params=lambda leaf: "count"
    )
    vectors = ("count", "step", "mu_product", "eta", "mu")
    for field in state._fields:
        kind = "count" if field in vectors else "slot"
        assert set(jax.tree.leaves(getattr(marked, field))) <= {kind}
    assert marked.count == marked.step == "count"


class TestTheStructureOfTheParameters:
    """Only `sgd` without a momentum keeps nothing like the parameters, and can do without them."""

    def test_none_is_a_leaf_without_a_gradient(self):
        optimizer, params = optim.sgd(lr=1.0), {"a": jnp.ones(2), "b": jnp.ones(3)}
        state, grads = optimizer.init(params), {"a": None, "b": jnp.ones(3)}
        updates, state = optimizer.update(grads, state)
        assert updates["a"] is None and state.step.tolist() == [0, 1]
        assert_same(updates["b"], -jnp.ones(3))

    def test_none_is_no_leaf_of_the_parameters(self):
        params = {"a": None, "b": jnp.ones(3)}
        for optimizer in (optim.sgd(lr=1.0), optim.adam(lr=1.0)):
            updates, state = optimizer.update(params, optimizer.init(params))
            assert updates["a"] is None and state.step.tolist() == [1]
            assert_same(updates["b"], -jnp.ones(3), 1e-5)
            assert_same(optimizer.update(params, optimizer.init(params), params)[0], updates)

    def test_gradients_of_other_parameters(self):
        optimizer = optim.sgd()
        state = optimizer.init([jnp.ones(2), jnp.ones(2)])
        with pytest.raises(ValueError, match="sgd: updates must be of 2 leaves, as the param"):
            optimizer.update([jnp.ones(2)], state)


def test_around_the_vectors_of_optax():
    params = {"a": jnp.ones((4, 3)), "b": [jnp.ones((2, 5))]}
    grads = {"a": jnp.ones((4, 3)), "b": [None]}
    masked = optax.masked(optim.nadam(), {"a": False, "b": [True]})
    assert masked.init(params).inner_state.step.shape == (1,)
    groups = optax.multi_transform(
        {"slow": optim.adam(0.1), "fast": optim.asgd(0.5)}, {"a": "slow", "b": ["fast"]}
    )
    _, state = jax.jit(groups.update)(grads, groups.init(params), params)
    inner = state.inner_states
    assert inner["slow"].inner_state.step.tolist() == [1]
    assert inner["fast"].inner_state.step.tolist() == [0]
    finite = optax.apply_if_finite(optim.radam(), 3)
    nans = jax.tree.map(lambda g: g * jnp.nan, params)
    state = finite.init(params)
    for each, steps in ((params, [1, 1]), (nans, [1, 1]), (params, [2, 2])):
        updates, state = jax.jit(finite.update)(each, state, params)
        assert state.inner_state.step.tolist() == steps
        assert jnp.all(jnp.isfinite(updates["a"]))


def test_a_schedule_of_plain_numbers_is_another_one_each_time():
    optimizer, params = optim.sgd(lr=lambda count: 0.5 ** int(count)), jnp.zeros(1)
    state = optimizer.init(params)
    for _ in range(3):
        updates, state = optimizer.update(jnp.ones(1), state, params)
        params = params + updates
    assert_same(params, jnp.array([-1.75]))
