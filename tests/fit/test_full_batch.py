import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad.fit import fit, linear
from jaxgrad.functional import mse_loss

HEIGHTS = np.arange(58.0, 73.0)
WEIGHTS = np.array([115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164.0])
SCALED = (WEIGHTS - WEIGHTS.mean()) / WEIGHTS.std()
SLOPE, INTERCEPT, ERROR = 0.28724923, 25.72345571, 0.1678


def loss_fn(params, data):
    x, y = data
    return mse_loss(linear(params, x), y)


def start(dtype):
    return {"weight": jnp.zeros((), dtype), "bias": jnp.zeros((), dtype)}


def people(dtype, weights=SCALED):
    return jnp.array(weights, dtype), jnp.array(HEIGHTS, dtype)


def by_hand(dtype, rate, steps):
    """Gradient descent on the mean squared error, written out in NumPy."""
    x, y = SCALED.astype(dtype), HEIGHTS.astype(dtype)
    w, b, losses = dtype(0), dtype(0), []
    for _ in range(steps):
        error = w * x + b - y
        losses.append(np.mean(error**2))
        w, b = w - dtype(rate) * np.mean(2 * error * x), b - dtype(rate) * np.mean(2 * error)
    return {"weight": w, "bias": b}, losses


class TestFit:
    def test_follows_gradient_descent(self, dtype):
        result = fit(loss_fn, start(dtype), optax.sgd(0.1), people(dtype), steps=50)
        params, losses = by_hand(np.dtype(dtype).type, 0.1, 50)
        rtol = {"float32": 1e-5, "float64": 1e-12}[dtype]
        assert_same(result.params, jax.tree.map(jnp.asarray, params), rtol)
        assert_same(result.losses, jnp.array(losses, dtype), rtol)
        assert int(result.steps) == 50 and not result.converged

    def test_reaches_the_least_squares_line(self, dtype):
        result = fit(loss_fn, start(dtype), optax.sgd(0.1), people(dtype), steps=1000)
        slope = result.params["weight"] / WEIGHTS.std()
        intercept = result.params["bias"] - slope * WEIGHTS.mean()
        np.testing.assert_allclose(slope, SLOPE, rtol=1e-6)
        np.testing.assert_allclose(intercept, INTERCEPT, rtol=1e-5)
        np.testing.assert_allclose(result.losses[-1], ERROR, atol=5e-5)

    def test_stops_once_the_loss_settles(self):
        data = people("float32")
        result = fit(loss_fn, start("float32"), optax.sgd(0.1), data, steps=1000, tol=1e-3)
        taken = int(result.steps)
        changes = np.abs(np.diff(np.asarray(result.losses[:taken])))
        assert result.converged and 0 < taken < 1000
        assert changes[-1] < 1e-3 and (changes[:-1] >= 1e-3).all()
        assert np.isnan(result.losses[taken:]).all()
        full = fit(loss_fn, start("float32"), optax.sgd(0.1), data, steps=taken)
        assert_same(result.losses[:taken], full.losses)
        assert_same(result.params, full.params)

    @pytest.mark.parametrize("steps", [1, 5])
    def test_takes_all_steps_where_it_does_not_settle(self, steps):
        data = people("float32")
        result = fit(loss_fn, start("float32"), optax.sgd(0.1), data, steps=steps, tol=1e-9)
        assert int(result.steps) == steps and not result.converged

    @pytest.mark.parametrize("tol", [None, 1e-6])
    def test_divergence_is_an_error_with_its_step(self, tol):
        data = people("float32", WEIGHTS)
        match = r"finite at every step, got loss inf at step 7 \(4243.6.* at step 0\); lower the l"
        with pytest.raises(ValueError, match=match):
            fit(loss_fn, start("float32"), optax.sgd(0.01), data, steps=100, tol=tol)

    @pytest.mark.parametrize("tol", [None, 1e-6])
    def test_divergence_under_jit_is_nan_and_checkify_tells(self, tol):
        def run(data):
            return fit(loss_fn, start("float32"), optax.sgd(0.01), data, steps=9, tol=tol)

        data = people("float32", WEIGHTS)
        assert np.isnan(jax.jit(run)(data).params["weight"])
        error, _ = jax.jit(jaxgrad.checkify(run))(data)
        with pytest.raises(checkify.JaxRuntimeError, match="loss inf at step 7"):
            error.throw()

    def test_a_last_step_that_overflows_is_an_error(self):
        with pytest.raises(ValueError, match="finite at every step"):
            fit(lambda p, _: p, jnp.array(1.0), optax.sgd(jnp.inf), None, steps=1)

    def test_one_element_is_a_scalar_loss(self):
        result = fit(lambda p, x: (p - x) ** 2, jnp.zeros(1), optax.sgd(0.5), jnp.ones(1), steps=2)
        assert_same(result.losses, jnp.array([1.0, 0.0]))

    def test_integer_leaves_are_carried_along(self):
        params = {"w": jnp.array(0.0), "steps": jnp.array(7), "none": None}
        result = fit(lambda p, x: (p["w"] - x) ** 2, params, optax.sgd(0.5), 1.0, steps=1)
        assert_same(result.params, {"w": jnp.array(1.0), "steps": jnp.array(7), "none": None})

    def test_python_numbers_are_params_too(self):
        result = fit(lambda p, x: (p - x) ** 2, 0.0, optax.sgd(0.5), 1.0, steps=3)
        assert_same(result.params, jnp.array(1.0))

    def test_complex_params_descend(self):
        target = jnp.array(1 + 2j)
        result = fit(
            lambda z, target: jnp.abs(z - target) ** 2, 0j, optax.sgd(0.25), target, steps=60
        )
        assert_same(result.params, target)

    def test_narrow_params(self):
        data = people("bfloat16")
        result = fit(loss_fn, start("bfloat16"), optax.sgd(0.1), data, steps=200)
        assert result.params["bias"].dtype == jnp.bfloat16
        np.testing.assert_allclose(float(result.params["bias"]), 65, rtol=2e-2)

    OPTIMIZERS = {
        "momentum": lambda: optax.sgd(0.05, momentum=0.9),
        "adam": lambda: optax.adam(1.0),
        "adagrad": lambda: optax.adagrad(10.0),
        "lbfgs": lambda: optax.lbfgs(),
        "schedule": lambda: optax.sgd(optax.exponential_decay(0.2, 100, 0.9)),
        "chain": lambda: optax.chain(optax.clip_by_global_norm(100.0), optax.adamw(1.0)),
        "plateau": lambda: optax.chain(
            optax.sgd(0.1), optax.contrib.reduce_on_plateau(patience=5, atol=1e-3)
        ),
        "every two": lambda: optax.MultiSteps(optax.sgd(0.1), 2),
    }

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
    def test_any_optimizer(self, optimizer):
        # optax promotes dtypes implicitly in some of them.
        with jax.numpy_dtype_promotion("standard"):
            result = fit(loss_fn, start("float32"), optimizer(), people("float32"), steps=800)
        np.testing.assert_allclose(result.losses[-1], ERROR, atol=0.05)

    def test_jit_is_eager(self, dtype):
        def run(data):
            return fit(loss_fn, start(dtype), optax.sgd(0.1), data, steps=20)

        assert_same(jax.jit(run)(people(dtype)), run(people(dtype)))

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("tol", [None, 1e-2])
    def test_vmap_over_data_and_rates(self, tol):
        def run(rate, data):
            return fit(loss_fn, start("float32"), optax.sgd(rate), data, steps=30, tol=tol)

        rates = jnp.array([0.05, 0.1, 0.2])
        data = people("float32")
        together = jax.vmap(run, in_axes=(0, None))(rates, data)
        for index, rate in enumerate(rates):
            assert_same(jax.tree.map(lambda leaf, i=index: leaf[i], together), run(rate, data))

    @pytest.mark.nightly
    def test_gradients_pass_through_the_fit(self):
        with jax.enable_x64(True):
            x, y = people(float)

            def intercept(y):
                return fit(loss_fn, start(float), optax.sgd(0.1), (x, y), steps=300).params["bias"]

            # The fitted intercept is the mean of y.
            assert_same(jax.grad(intercept)(y), jnp.full(15, 1 / 15))
            assert_same(jax.jacfwd(intercept)(y), jnp.full(15, 1 / 15))

    def test_sharded_data(self, rows):
        with jax.enable_x64(True):
            x, y = jnp.linspace(-1, 1, 64), jnp.linspace(3, 4, 64)
            data = jax.device_put((x, y), rows)
            one = fit(loss_fn, start(float), optax.sgd(0.1), (x, y), steps=50)
            assert_same(fit(loss_fn, start(float), optax.sgd(0.1), data, steps=50), one)

    def test_a_second_call_compiles_nothing(self, caplog):
        optimizer = optax.sgd(0.1)
        fit(loss_fn, start("float32"), optimizer, people("float32"), steps=20)
        params, data = start("float32"), people("float32", SCALED + 1)
        with jax.log_compiles():
            caplog.clear()
            fit(loss_fn, params, optimizer, data, steps=20)
        assert not [r for r in caplog.records if "Compiling" in r.getMessage()]

    @pytest.mark.parametrize(
        ("changed", "error", "match"),
        [
            ({"loss_fn": 3}, TypeError, "loss_fn must be callable, got int"),
            ({"loss_fn": lambda p, d: d[0]}, ValueError, r"the loss must be a scalar, got shape"),
            ({"loss_fn": lambda p, d: 3}, TypeError, "the loss must be floating point, got int32"),
            ({"loss_fn": lambda p, d: 1j}, TypeError, "the loss must be floating point, got comp"),
            ({"optimizer": "sgd"}, TypeError, "optimizer must be an optax.GradientTransformation"),
            ({"params": {"w": 3}}, TypeError, "params must be floating .* in at least one leaf"),
            ({"params": "text"}, TypeError, "params must be an array, got str 'text'"),
            ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
            ({"steps": 1.5}, TypeError, "steps must be a concrete integer, got float 1.5"),
            ({"data": {"x": "text"}}, TypeError, "data must be an array, got str 'text'"),
            ({"tol": 0.0}, ValueError, "tol must be positive, got 0.0"),
            ({"tol": np.nan}, ValueError, "tol must be positive, got nan"),
            ({"tol": "small"}, TypeError, "tol must be an array, got str 'small'"),
            ({"tol": [0.1]}, TypeError, r"tol must be a real scalar, got float32\[1\]"),
        ],
    )
    def test_refusals(self, changed, error, match):
        arguments = {"loss_fn": loss_fn, "params": start("float32"), "optimizer": optax.sgd(0.1)}
        arguments |= {"data": people("float32"), "steps": 3, **changed}
        with pytest.raises(error, match=f"fit: {match}"):
            fit(**arguments)


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.sgd(optax.linear_schedule(0.0, 0.1, 5)),
        optax.MultiSteps(optax.sgd(0.1), every_k_schedule=4),
    ],
    ids=["warm-up from 0", "gathered gradients"],
)
@pytest.mark.filterwarnings("ignore")
def test_a_step_that_moves_nothing_is_no_convergence(optimizer):
    def loss_fn(mean, data):
        return ((data - mean) ** 2).mean()

    with jax.numpy_dtype_promotion("standard"):  # optax's counters and rates mix dtypes
        result = fit(loss_fn, jnp.array(0.0), optimizer, jnp.array([1.0, 3.0]), steps=500, tol=1e-6)
    assert bool(result.converged)
    np.testing.assert_allclose(float(result.params), 2, atol=1e-2)


def test_a_gradient_of_zero_is_convergence():
    def loss_fn(mean, data):
        return ((data - mean) ** 2).mean()

    result = fit(loss_fn, jnp.array(2.0), optax.sgd(0.1), jnp.array([1.0, 3.0]), steps=9, tol=1e-6)
    assert bool(result.converged) and int(result.steps) == 2
