"""What optax's users expect of an optimizer: shapes alone, shardings, mixed dtypes, extra words."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from optimizers import OPTIMIZERS, bowl
from oracles import assert_same

from jaxgrad import optim, schedules

OTHERS = {
    "averaged": optim.averaged_model,
    "clip_grad_norm": lambda: optim.clip_grad_norm(1.0),
    "clip_grad_value": lambda: optim.clip_grad_value(1.0),
    "plateau": lambda: schedules.reduce_lr_on_plateau(1.0),
}
ALL = OPTIMIZERS | OTHERS
SLOTLESS = ("sgd",)


def given(name):
    """What the update takes besides."""
    return {"value_fn": bowl} if name == "lbfgs" else {}


@pytest.mark.parametrize("name", ALL)
def test_shapes_alone_begin_a_state(name, any_dtype):
    params = {"a": jnp.zeros((8, 3), any_dtype), "b": jnp.zeros((2, 4), any_dtype)}
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), params)
    assert_same(ALL[name]().init(shapes), ALL[name]().init(params))
    abstract = jax.eval_shape(ALL[name]().init, shapes)
    assert jax.tree.map(jnp.shape, abstract) == jax.tree.map(jnp.shape, ALL[name]().init(params))


def test_shapes_are_checked_too():
    with pytest.raises(ValueError, match=r"muon: params must be of 2 axes, got shape \(3,\)"):
        optim.muon().init(jax.ShapeDtypeStruct((3,), "float32"))
    with pytest.raises(TypeError, match="adafactor: params must be real, got complex64"):
        optim.adafactor().init(jax.ShapeDtypeStruct((3,), "complex64"))
    state = optim.lbfgs(history_size=2).init(jax.ShapeDtypeStruct((3,), "complex64"))
    assert state.d.shape == (3, 2) and state.old_dirs.shape == (2, 3, 2)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_shapes_with_a_sharding_begin_a_state_on_it(name, rows):
    shape = jax.ShapeDtypeStruct((8, 3), "float32", sharding=rows)
    found = [leaf for leaf in jax.tree.leaves(OPTIMIZERS[name]().init(shape))]
    alike = [leaf for leaf in found if leaf.shape == (8, 3)]
    assert bool(alike) != (name in ("adafactor", *SLOTLESS))
    assert all(leaf.sharding.is_equivalent_to(rows, 2) for leaf in alike)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n not in ("adafactor", "lbfgs")])
def test_a_tree_of_shardings_lands_on_slots_alone(name, rows):
    """What a state is placed by, as optax's documentation has it; and a step stays there."""
    whole = NamedSharding(rows.mesh, PartitionSpec())
    params = {"a": jnp.ones((8, 3)), "b": [jnp.ones((16, 2))]}
    places = {"a": rows, "b": [whole]}
    optimizer = optax.chain(optim.clip_grad_norm(1.0), OPTIMIZERS[name]())
    state = optimizer.init(params)
    wanted = optax.tree_map_params(
        optimizer,
        lambda slot, place: place,
        state,
        places,
        transform_non_params=lambda leaf: whole,
    )
    params, state = jax.device_put(params, places), jax.device_put(state, wanted)

    def check(leaf, place):
        assert leaf.sharding.is_equivalent_to(place, leaf.ndim)
        assert place is whole or leaf.shape == (8, 3)

    jax.tree.map(check, state, wanted)
    _, after = jax.jit(optimizer.update)(params, state, params)
    jax.tree.map(lambda leaf, old: check(leaf, old.sharding), after, state)


def test_slots_of_no_leaf_are_told_by_is_leaf():
    """Of a vector Adafactor has no rows: None there, as optax's masked leaves are no leaves."""
    params, optimizer = {"w": jnp.ones((4, 2)), "b": jnp.ones(4)}, optim.adafactor()
    marked = optax.tree_map_params(
        optimizer,
        lambda slot, mark: None if slot is None else mark,
        optimizer.init(params),
        {"w": "matrix", "b": "vector"},
        transform_non_params=lambda leaf: "number",
        is_leaf=lambda slot: slot is None,
    )
    assert marked.row_var == marked.col_var == {"w": "matrix", "b": None}
    assert marked.variance == {"w": None, "b": "vector"} and marked.step == "number"


@pytest.mark.parametrize("name", ALL)
def test_words_for_other_links_are_left_alone(name):
    params, optimizer = jnp.ones((4, 3)), ALL[name]()
    state = optimizer.init(params)
    expected = optimizer.update(params, state, params, **given(name))
    words = {"loss_fn": None, "grad": params} | (
        {} if name in ("plateau", "lbfgs") else {"value": 12.0}
    )
    got = optimizer.update(params, state, params, **{**words, **given(name)})
    assert_same(got, expected)
    assert isinstance(optimizer, optax.GradientTransformationExtraArgs)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("kinds", [("bfloat16", "float32"), ("float32", "bfloat16")])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_gradients_of_another_dtype_move_in_the_parameters(name, kinds, jit):
    narrow, wide = kinds
    grads = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)), narrow)
    params, optimizer = jnp.ones((4, 3), wide), OPTIMIZERS[name]()
    state = optimizer.init(params)

    def update(grads, state, params):
        return optimizer.update(grads, state, params, **given(name))

    update = jax.jit(update) if jit else update
    assert_same(update(grads, state, params), update(grads.astype(wide), state, params))
    assert update(grads, state, params)[0].dtype == wide


def test_the_state_tells_the_dtype_where_no_parameters_are_given():
    grads, optimizer = jnp.ones(3, "bfloat16"), optim.adam()
    updates, state = optimizer.update(grads, optimizer.init(jnp.ones(3)))
    assert updates.dtype == state.exp_avg.dtype == jnp.float32
    optimizer = optim.sgd()  # keeps nothing
    assert optimizer.update(grads, optimizer.init(jnp.ones(3)))[0].dtype == jnp.bfloat16


def test_accumulated_gradients_of_narrow_parameters():
    """optax accumulates them in float32, and both its branches give one dtype."""
    params, grads = jnp.ones(3, "bfloat16"), jnp.full(3, 0.5, "bfloat16")
    steps = optax.MultiSteps(optim.adam(0.5), 2)
    state, update = steps.init(params), jax.jit(steps.update)
    for expected in (0.0, -0.5):
        with jax.numpy_dtype_promotion("standard"):  # `MultiSteps` promotes its sums
            updates, state = update(grads, state, params)
        assert_same(updates, jnp.full(3, expected, "bfloat16"))


def test_complex_gradients_of_real_parameters():
    real, imaginary = jnp.ones(2), jnp.full(2, 1j)
    for grads, params in ((imaginary, real), (real, imaginary)):
        for optimizer in (optim.adam(), optim.lbfgs()):
            with pytest.raises(TypeError, match="updates must be of the parameters' "):
                optimizer.update(grads, optimizer.init(params), params, value_fn=bowl)


@pytest.mark.parametrize("nothing", [[], (), {}])
def test_a_tree_of_nothing(nothing):
    for optimizer in (optim.sgd(), optim.adam()):
        state = optimizer.init(nothing)
        assert optimizer.update(nothing, state)[0] == nothing
        assert optimizer.update(nothing, state, nothing)[0] == nothing


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.nightly
def test_lbfgs_of_shards(search):
    mesh = jax.make_mesh((8,), ("x",), axis_types=(AxisType.Explicit,))
    place = NamedSharding(mesh, PartitionSpec(None, "x"))
    optimizer = optim.lbfgs(line_search_fn=search, history_size=2)
    with jax.set_mesh(mesh):
        params = jax.device_put(jnp.zeros((2, 8)), place)
        state = optimizer.init(params)
        begun = jax.tree.map(jax.typeof, (state, jax.jit(optimizer.init)(params)))
        assert begun[0] == begun[1]
        grads = jax.grad(bowl)(params)
        updates, after = jax.jit(lambda *a: optimizer.update(*a, value_fn=bowl))(
            grads, state, params
        )
    kinds = [jax.tree.map(jax.typeof, one) for one in (state, after)]
    assert kinds[0] == kinds[1] and updates.sharding.is_equivalent_to(place, 2)
    assert_same(jnp.asarray(np.asarray(updates)), jnp.ones((2, 8)))
