"""One table of optimizers, many invariants, without PyTorch."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad import optim, schedules

TABLE = {
    "sgd": optim.sgd,
    "sgd momentum": functools.partial(optim.sgd, momentum=0.9, dampening=0.5),
    "adam": functools.partial(optim.adam, weight_decay=0.1, amsgrad=True),
    "adamw": optim.adamw,
    "adamax": optim.adamax,
    "nadam": optim.nadam,
    "radam": optim.radam,
    "adagrad": optim.adagrad,
    "adadelta": optim.adadelta,
    "rmsprop": functools.partial(optim.rmsprop, momentum=0.5, centered=True),
    "rprop": optim.rprop,
    "asgd": functools.partial(optim.asgd, t0=1),
    "adafactor": functools.partial(optim.adafactor, weight_decay=0.1),
    "muon": optim.muon,
    "sparse_adam": optim.sparse_adam,
}
RNG = np.random.default_rng(0)
PARAMS = {"a": RNG.normal(size=(4, 3)), "b": [RNG.normal(size=(2, 5))]}
GRADS = [{"a": RNG.normal(size=(4, 3)), "b": [RNG.normal(size=(2, 5))]} for _ in range(4)]


def as_dtype(tree, dtype):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), tree)


def run(optimizer, params, grads, jit=True):
    """The parameters after the gradients, and the state."""
    state = optimizer.init(params)
    update = jax.jit(optimizer.update) if jit else optimizer.update
    for grad in grads:
        updates, state = update(grad, state, params)
        params = optax.apply_updates(params, updates)
    return params, state


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", TABLE)
def test_dtypes_are_kept_and_jit_is_eager(name, any_dtype):
    params, grads = (as_dtype(tree, any_dtype) for tree in (PARAMS, GRADS))
    optimizer = TABLE[name]()
    compiled, state = run(optimizer, params, grads)
    eager, eager_state = run(optimizer, params, grads[:1], jit=False)
    once, once_state = run(optimizer, params, grads[:1])
    assert jax.tree.map(jnp.shape, compiled) == jax.tree.map(jnp.shape, params)
    assert {leaf.dtype for leaf in jax.tree.leaves(compiled)} == {jnp.dtype(any_dtype)}
    assert jax.tree.structure(state) == jax.tree.structure(optimizer.init(params))
    tolerance = {"bfloat16": 2e-2, "float16": 2e-3}.get(any_dtype)
    assert_same(eager, once, tolerance, tolerance)
    kinds = {leaf.dtype for leaf in jax.tree.leaves(state)}
    assert kinds <= {jnp.dtype(any_dtype), jnp.dtype("int32"), jnp.dtype("float32")}
    assert state.count == 4 and state.step.tolist() == [4, 4]


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", TABLE)
def test_a_leaf_without_a_gradient_is_left_alone(name):
    params, grads = as_dtype(PARAMS, "float32"), as_dtype(GRADS, "float32")
    half = [{"a": grad["a"], "b": [None]} for grad in grads[:2]]
    optimizer = TABLE[name]()
    together, state = run(optimizer, params, [*half, *grads[2:]])
    alone, _ = run(optimizer, params["b"], [grad["b"] for grad in grads[2:]])
    assert_same(together["b"], alone)
    assert_same(together["a"], run(optimizer, params["a"], [g["a"] for g in grads])[0])
    assert state.count == 4 and state.step.tolist() == [4, 2]


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", TABLE)
def test_a_schedule_an_injected_and_a_traced_rate(name):
    params, grads = as_dtype(PARAMS, "float32"), as_dtype(GRADS, "float32")
    factory = TABLE[name]
    expected, _ = run(factory(lr=0.25), params, grads)
    assert_same(run(factory(lr=lambda count: 0.25), params, grads)[0], expected)
    static = ("ns_steps", "amsgrad", "decoupled_weight_decay") if name == "muon" else ()
    injected = optax.inject_hyperparams(factory, static_args=static[:1])(lr=0.25)
    assert_same(run(injected, params, grads)[0], expected, 1e-4, 1e-5)

    @jax.jit
    def traced(lr):
        return run(factory(lr=lr), params, grads, jit=False)[0]

    assert_same(traced(0.25), expected, 1e-5, 1e-5)


def tree_of_floats(value):
    return isinstance(value, float) or (
        isinstance(value, tuple) and all(isinstance(each, float) for each in value)
    )


@pytest.mark.parametrize("name", TABLE)
def test_every_number_may_be_traced_in_float64(name):
    """Hyperparameters are rounded to the dtype of the leaves, float32 or narrower."""
    optimizer = TABLE[name]
    parameters = inspect.signature(optimizer).parameters.values()
    numbers = {p.name: p.default for p in parameters if tree_of_floats(p.default)} | {"lr": 0.25}
    with jax.enable_x64(True):
        for dtype in ("float32", "bfloat16"):
            grads = as_dtype(GRADS, dtype)[:2]

            def trained(numbers, params, grads=grads):
                return run(optimizer(**numbers), params, grads, jit=False)[0]

            params = as_dtype(PARAMS, dtype)
            wide = jax.tree.map(lambda x: jnp.asarray(x, "float64"), numbers)
            digits = 1e-5 if dtype == "float32" else None
            assert_same(jax.jit(trained)(wide, params), trained(numbers, params), digits, 1e-5)


def test_a_schedule_is_given_the_updates_so_far():
    optimizer = optim.sgd(lr=schedules.exponential_lr(1.0, 0.5))
    params, _ = run(optimizer, jnp.zeros(1), [jnp.ones(1)] * 3)
    assert_same(params, jnp.array([-1.75]))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", TABLE)
def test_scan_and_vmap(name):
    params, grads = as_dtype(PARAMS["a"], "float32"), jnp.stack([g["a"] for g in GRADS])
    grads = grads.astype("float32")
    optimizer = TABLE[name]()

    def train(params, grads):
        def step(carry, grad):
            params, state = carry
            updates, state = optimizer.update(grad, state, params)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, optimizer.init(params)), grads)[0][0]

    expected = run(optimizer, params, grads)[0]
    assert_same(jax.jit(train)(params, grads), expected, 1e-5, 1e-5)
    both = jax.jit(jax.vmap(train, (0, None)))(jnp.stack([params, -params]), grads)
    assert_same(both[0], expected, 1e-5, 1e-5)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", TABLE)
def test_sharded_parameters_keep_their_sharding(name, rows):
    params = jax.device_put(jnp.asarray(RNG.normal(size=(8, 3)), jnp.float32), rows)
    grads = [jax.device_put(jnp.asarray(RNG.normal(size=(8, 3)), jnp.float32), rows)] * 2
    optimizer = TABLE[name]()
    state = optimizer.init(params)
    for slot in jax.tree.leaves(state):
        if slot.shape == params.shape:
            assert slot.sharding.is_equivalent_to(rows, 2)
    got, _ = run(optimizer, params, grads)
    assert got.sharding.is_equivalent_to(rows, 2)
    plain = [jnp.asarray(np.asarray(grad)) for grad in grads]
    expected = run(optimizer, jnp.asarray(np.asarray(params)), plain)[0]
    assert_same(jnp.asarray(np.asarray(got)), expected, 2e-3 if name == "muon" else 1e-5, 1e-5)


@pytest.mark.parametrize("name", [name for name in TABLE if name != "muon"])
def test_scalars_nothing_and_a_nan(name):
    params = {"scalar": jnp.ones(()), "nothing": jnp.zeros((0, 3)), "nan": jnp.ones(2)}
    grads = {**params, "nan": jnp.array([jnp.nan, 1.0])}
    got, _ = run(TABLE[name](), params, [grads, grads])
    assert jnp.isfinite(got["scalar"]) and got["nothing"].shape == (0, 3)
    assert jnp.isfinite(got["nan"]).tolist() == [name == "rprop", True]  # a sign of NaN is 0
    run(TABLE[name](), {}, [{}])


@pytest.mark.thinned(8)
@pytest.mark.parametrize(
    "name", [n for n in TABLE if n not in ("adafactor", "muon", "sparse_adam")]
)
def test_complex_leaves_are_pairs(name):
    pairs = jnp.asarray(RNG.normal(size=(5, 2)), jnp.float32)
    grads = jnp.asarray(RNG.normal(size=(3, 5, 2)), jnp.float32)
    as_complex = jax.vmap(lambda x: jax.lax.complex(x[..., 0], x[..., 1]))
    got, _ = run(TABLE[name](), as_complex(pairs), list(as_complex(grads)))
    expected, _ = run(TABLE[name](), pairs, list(grads))
    assert_same(jnp.stack([got.real, got.imag], -1), expected)


def test_the_exact_pieces_of_optax_agree():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        params, grads = as_dtype(PARAMS, "float64"), as_dtype(GRADS, "float64")
        for ours, theirs in (
            (optim.sgd(0.1, momentum=0.9, nesterov=True), optax.sgd(0.1, 0.9, nesterov=True)),
            (optim.adam(0.1), optax.adam(0.1)),
            (optim.adamw(0.1), optax.adamw(0.1, weight_decay=1e-2)),
            (optim.adamax(0.1), optax.adamax(0.1)),
            (optim.adadelta(), optax.adadelta(1.0)),
            (optim.rmsprop(0.1), optax.rmsprop(0.1, 0.99, eps_in_sqrt=False)),
        ):
            assert_same(run(ours, params, grads)[0], run(theirs, params, grads)[0], 1e-12, 1e-12)


def test_chained_masked_and_in_groups():
    params, grads = as_dtype(PARAMS, "float32"), as_dtype(GRADS, "float32")
    labels = {"a": "slow", "b": ["fast"]}
    groups = optax.multi_transform({"slow": optim.sgd(0.1), "fast": optim.adamw(0.5)}, labels)
    got, _ = run(optax.chain(optim.clip_grad_value(0.5), groups), params, grads)
    clipped = jax.tree.map(lambda g: jnp.clip(g, -0.5, 0.5), grads)
    slow = run(optim.sgd(0.1), params["a"], [g["a"] for g in clipped])[0]
    fast = run(optim.adamw(0.5), params["b"], [g["b"] for g in clipped])[0]
    assert_same(got, {"a": slow, "b": fast})
    masked = optax.masked(optim.adam(0.5), {"a": True, "b": [False]})
    assert_same(run(masked, params, grads)[0]["b"], run(optax.identity(), params, grads)[0]["b"])


@pytest.mark.parametrize("rounds", [10_000])
def test_ten_thousand_steps_stay_finite(rounds):
    optimizer = optim.nadam(lr=0.01)

    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(2 * params, state, params)
        return (optax.apply_updates(params, updates), state), None

    params = jnp.array([1.0, -3.0])
    (params, state), _ = jax.lax.scan(step, (params, optimizer.init(params)), length=rounds)
    assert state.count == rounds and jnp.all(jnp.abs(params) < 1e-3)


REFUSALS = [
    (lambda: optim.sgd(lr=-1.0), ValueError, "sgd: lr must be at least 0, got -1.0"),
    (lambda: optim.sgd(lr=jnp.ones(2)), ValueError, "sgd: lr must be one number, got shape"),
    (lambda: optim.sgd(lr="fast"), TypeError, "sgd: lr must be"),
    (lambda: optim.sgd(momentum=-0.5), ValueError, "sgd: momentum must be at least 0"),
    (lambda: optim.sgd(nesterov=True), ValueError, "sgd: nesterov must come with a momentum"),
    (
        lambda: optim.sgd(momentum=0.9, dampening=0.1, nesterov=True),
        ValueError,
        "sgd: nesterov must come with a momentum and without dampening, got",
    ),
    (lambda: optim.adam(betas=(1.0, 0.9)), ValueError, r"adam: betas\[0\] must be in \[0, 1\)"),
    (lambda: optim.adam(betas=(0.9,)), ValueError, "adam: betas must be a pair"),
    (lambda: optim.adam(betas=(0.9, jnp.ones(()))), ValueError, "both floats or both arrays"),
    (lambda: optim.adam(amsgrad=1), TypeError, "adam: amsgrad must be True or False"),
    (lambda: optim.adadelta(rho=1.1), ValueError, r"adadelta: rho must be in \[0, 1\]"),
    (lambda: optim.rprop(etas=(1.0, 0.5)), ValueError, r"rprop: etas\[0\] must be in \(0, 1\)"),
    (lambda: optim.adafactor(d=0.5), ValueError, "adafactor: d must be at least 1"),
    (lambda: optim.adafactor(beta2_decay=0.8), ValueError, "beta2_decay must be at most 0"),
    (lambda: optim.muon(adjust_lr_fn="best"), ValueError, "muon: adjust_lr_fn must be one of"),
    (lambda: optim.muon(ns_steps=100), ValueError, "muon: ns_steps must be below 100"),
    (lambda: optim.muon(ns_coefficients=(1.0,)), ValueError, "ns_coefficients must be three"),
    (lambda: optim.muon().init(jnp.ones(3)), ValueError, "muon: params must be of 2 axes"),
    (lambda: optim.muon().init(jnp.ones((2, 2), complex)), TypeError, "muon: params must be real"),
    (lambda: optim.sparse_adam(lr=0.0), ValueError, "sparse_adam: lr must be above 0"),
    (lambda: optim.lbfgs(line_search_fn="best"), ValueError, "line_search_fn must be one of"),
    (lambda: optim.averaged_model(decay=2.0), ValueError, r"decay must be in \[0, 1\]"),
    (lambda: optim.adam().init(["a"]), TypeError, "adam: params must be an array"),
]


@pytest.mark.parametrize(("call", "error", "match"), REFUSALS)
def test_refusals(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_refused_updates():
    params, optimizer = jnp.ones(2), optim.adamw()
    state = optimizer.init(params)
    for grads, given, error, match in (
        (params, None, ValueError, "adamw: params must be given to update"),
        (jnp.ones(3), params, ValueError, r"updates must be of the parameters' shape \(2,\)"),
        (jnp.ones(2, complex), params, TypeError, "parameters' float32, got complex64; cast"),
        (params, jnp.ones(2, int), TypeError, "the parameters' int32, got float32; cast"),
        (jnp.ones(2, int), params, TypeError, "adamw: updates must be gradients, got int32"),
    ):
        with pytest.raises(error, match=match):
            optimizer.update(grads, state, given)


def test_a_traced_rate_below_0_is_told_by_checkify():
    def step(lr):
        return run(optim.sgd(lr=lr), jnp.ones(2), [jnp.ones(2)], jit=False)[0]

    error, _ = jaxgrad.checkify(jax.jit(step))(-1.0)
    with pytest.raises(checkify.JaxRuntimeError, match="sgd: lr must be at least 0, got -1"):
        error.throw()


def test_integers_have_no_gradient():
    params = {"w": jnp.ones(2), "n": jnp.arange(3)}
    grads = jax.grad(lambda p: jnp.sum(p["w"] ** 2), allow_int=True)(params)
    updates, state = optim.adamw().update(grads, optim.adamw().init(params), params)
    assert updates["n"].tolist() == [0, 0, 0] and state.step.tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_nan_stays_in_its_element_of_adafactor(wrong):
    params, grads = jnp.array([1.0, 2.0, 0.0]), jnp.array([wrong, 0.0, 0.5])
    optimizer = optim.adafactor()
    updates, _ = jax.jit(optimizer.update)(grads, optimizer.init(params), params)
    expected = optimizer.update(grads.at[0].set(0), optimizer.init(params), params)[0]
    assert np.isnan(updates[0]) and np.isfinite(expected).all()
    np.testing.assert_array_equal(np.isfinite(updates), [False, True, True])
