import importlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from oracles import assert_same

from jaxgrad.fit import LinearMoments, fit, linear, linear_moments, linear_mse
from jaxgrad.fit._row_means import row_sharding
from jaxgrad.functional import mse_loss

SHAPES = [((), ()), ((3,), ()), ((3,), (2,)), ((1,), (1,))]


def drawn(inputs, outputs, dtype, samples=50, level=0.0):
    """Data about a line, and parameters that are not the line's, in NumPy's float64."""
    rng = np.random.default_rng(0)
    x = rng.normal(level, 1, size=(samples, *inputs))
    y = rng.normal(size=(samples, *outputs))
    params = {"weight": rng.normal(size=outputs + inputs), "bias": rng.normal(size=outputs)}
    return jax.tree.map(lambda leaf: np.array(jnp.array(leaf, dtype), float), (x, y, params))


def by_hand(x, y, params):
    """The loss and its gradients in NumPy's float64, row by row."""
    weight, columns = params["weight"].reshape(*y.shape[1:], -1), x.reshape(len(x), -1)
    r = columns @ weight.T + params["bias"] - y
    slope = 2 * (r[:, None] if r.ndim == 1 else r).T @ columns / r.size
    grads = {"weight": slope.reshape(params["weight"].shape), "bias": 2 * r.sum(0) / r.size}
    return np.mean(r**2), grads


class TestTheLossOfTheData:
    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("samples", [1, 7, 50])
    @pytest.mark.parametrize(("inputs", "outputs"), SHAPES)
    def test_value_and_gradient(self, inputs, outputs, samples, dtype, monkeypatch):
        monkeypatch.setattr(
            "jaxgrad.fit._row_means.ROWS", 7
        )  # 1, 7 and 50 rows: less than a chunk, one, several
        jax.clear_caches()
        x, y, params = drawn(inputs, outputs, dtype, samples)
        data = linear_moments(jnp.array(x, dtype), jnp.array(y, dtype))
        got = jax.value_and_grad(linear_mse)(
            jax.tree.map(lambda p: jnp.array(p, dtype), params), data
        )
        expected = jax.tree.map(lambda leaf: jnp.array(leaf, dtype), by_hand(x, y, params))
        tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
        assert jax.tree.map(jnp.shape, got) == jax.tree.map(jnp.shape, expected)
        for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)

    def test_it_is_mse_loss_of_linear(self):
        x, y, params = drawn((3,), (2,), "float32")
        x, y, params = jax.tree.map(lambda leaf: jnp.array(leaf, "float32"), (x, y, params))
        assert_same(
            linear_mse(params, linear_moments(x, y)), mse_loss(linear(params, x), y), rtol=1e-6
        )

    def test_near_the_optimum_nothing_cancels(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(100_000, 4)).astype("float32")
        y = (x @ np.arange(4.0) + 1000 + 1e-2 * rng.normal(size=100_000)).astype("float32")
        data = linear_moments(jnp.array(x), jnp.array(y))
        params = {"weight": jnp.arange(4.0), "bias": jnp.array(1000.0)}
        exact, _ = by_hand(x.astype(float), y.astype(float), jax.tree.map(np.asarray, params))
        np.testing.assert_allclose(linear_mse(params, data), exact, rtol=1e-3)

    def test_inputs_far_from_zero(self):
        x, y, params = drawn((3,), (), "float32", samples=1000, level=1e4)
        data = linear_moments(jnp.array(x, "float32"), jnp.array(y, "float32"))
        centred = x - x.mean(0)
        np.testing.assert_allclose(
            data.covariance, centred.T @ centred / 1000, rtol=1e-3, atol=1e-3
        )
        loss, _ = by_hand(x, y, params)
        params = jax.tree.map(lambda p: jnp.array(p, "float32"), params)
        np.testing.assert_allclose(linear_mse(params, data), loss, rtol=1e-5)

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow_data_are_added_up_in_float32(self, narrow):
        x, y, params = drawn((3,), (), narrow, samples=3000)
        data = linear_moments(jnp.array(x, narrow), jnp.array(y, narrow))
        assert {leaf.dtype for leaf in data} == {jnp.dtype("float32")}
        loss, _ = by_hand(x, y, params)
        got = linear_mse(jax.tree.map(lambda p: jnp.array(p, "float32"), params), data)
        np.testing.assert_allclose(got, loss, rtol=1e-5)

    @pytest.mark.parametrize("columns", ["constant", "repeated", "more than rows"])
    def test_columns_without_a_unique_answer(self, columns, dtype):
        x, y, params = drawn((3,), (), dtype, samples=2 if columns == "more than rows" else 50)
        if columns != "more than rows":
            x[:, 0] = 5 if columns == "constant" else x[:, 1]
        data = linear_moments(jnp.array(x, dtype), jnp.array(y, dtype))
        got = linear_mse(jax.tree.map(lambda p: jnp.array(p, dtype), params), data)
        np.testing.assert_allclose(
            got, by_hand(x, y, params)[0], rtol={"float32": 1e-4, "float64": 1e-11}[dtype]
        )

    def test_data_that_are_not_finite_are_nan(self):
        data = linear_moments(jnp.array([1.0, jnp.nan, 2.0]), jnp.ones(3))
        params = {"weight": jnp.array(0.0), "bias": jnp.array(0.0)}
        assert np.isnan(linear_mse(params, data))


class TestFits:
    def test_the_same_fit(self, dtype):
        x, y, params = drawn((3,), (), dtype)
        x, y, params = jax.tree.map(lambda leaf: jnp.array(leaf, dtype), (x, y, params))

        def loss_fn(params, data):
            return mse_loss(linear(params, data[0]), data[1])

        optimizer = optax.sgd(0.1)
        whole = fit(loss_fn, params, optimizer, (x, y), steps=50)
        result = fit(linear_mse, params, optimizer, linear_moments(x, y), steps=50)
        tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
        assert_same(result.losses, whole.losses, tolerance)
        assert_same(result.params, whole.params, tolerance)

    @pytest.mark.nightly
    def test_the_second_derivative_is_the_covariance(self):
        with jax.enable_x64(True):
            x, y, params = jax.tree.map(jnp.array, drawn((3,), (), "float64"))
            data = linear_moments(x, y)
            curvature = jax.hessian(linear_mse)(params, data)["weight"]["weight"]
            np.testing.assert_allclose(curvature, 2 * x.T @ x / 50, rtol=1e-12, atol=1e-12)

    @pytest.mark.nightly
    def test_gradients_pass_to_the_data(self):
        with jax.enable_x64(True):
            x, y, params = jax.tree.map(jnp.array, drawn((3,), (2,), "float64"))
            through = jax.grad(lambda x, y: linear_mse(params, linear_moments(x, y)), (0, 1))(x, y)
            whole = jax.grad(lambda x, y: mse_loss(linear(params, x), y), (0, 1))(x, y)
            for one, other in zip(through, whole, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)

    def test_vmap_and_jit(self):
        x, y = jnp.array([[0.0, 1.0, 2.0], [1.0, 2.0, 4.0]]), jnp.array([[1.0, 3, 5], [1, 2, 4]])
        together = jax.jit(jax.vmap(linear_moments))(x, y)
        for index in range(2):
            one = linear_moments(x[index], y[index])
            np.testing.assert_allclose(together.covariance[index], one.covariance, rtol=1e-6)

    @pytest.mark.thinned(8)
    @pytest.mark.nightly
    def test_sharded_rows(self, rows):
        with jax.enable_x64(True):
            x, y, params = jax.tree.map(jnp.array, drawn((3,), (), "float64", samples=64))

            def loss(x, y):
                return linear_mse(params, linear_moments(x, y))

            one, grads = linear_moments(x, y), jax.grad(loss, (0, 1))(x, y)
            x, y = jax.device_put((x, y), rows)
            several = [linear_moments(x, y)]
            with jax.set_mesh(rows.mesh):
                several += jax.grad(loss, (0, 1))(x, y)
            one = [one, *grads]
            for leaf, other in zip(*map(jax.tree.leaves, (several, one)), strict=True):
                np.testing.assert_allclose(leaf, other, rtol=1e-12, atol=1e-14)

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
    @pytest.mark.parametrize("spec", [(("a", "b"),), ("a", "b"), (None, "b"), ("b", None)])
    def test_rows_and_columns_of_a_mesh(self, spec, kind):
        mesh = jax.make_mesh((4, 2), ("a", "b"), axis_types=(kind, kind))
        with jax.enable_x64(True):
            x, y, _ = jax.tree.map(jnp.array, drawn((4,), (2,), "float64", samples=64))
            one = linear_moments(x, y)
            x = jax.device_put(x, NamedSharding(mesh, PartitionSpec(*spec)))
            y = jax.device_put(y, NamedSharding(mesh, PartitionSpec()))
            for leaf, other in zip(linear_moments(x, y), one, strict=True):
                np.testing.assert_allclose(leaf, other, rtol=1e-12, atol=1e-14)

    def test_each_device_takes_its_own_rows(self, rows):
        x, y, _ = jax.tree.map(jnp.float32, drawn((3,), (), "float32", samples=64))
        x, y = jax.device_put((x, y), rows)
        moments_of = importlib.import_module("jaxgrad.fit.linear_mse")._moments
        program = moments_of.lower(x, y, over=row_sharding(x)).compile().as_text()
        assert "all-reduce" in program and "all-gather" not in program
        assert "f32[8,3]" in program and "f32[64,3]" not in program


@pytest.mark.parametrize(
    ("x", "y", "error", "match"),
    [
        (jnp.ones(0), jnp.ones(0), ValueError, r"x must be \(samples,\) or \(samples, in\), not"),
        (jnp.ones((2, 2, 2)), jnp.ones(2), ValueError, r"x must be \(samples,\) or"),
        (jnp.ones(3), jnp.ones(2), ValueError, r"y must be \(3,\), got shape \(2,\)"),
        (jnp.ones(3), jnp.ones((3, 1)), ValueError, r"y must be \(3,\), got"),
        (jnp.ones((3, 1)), jnp.ones(2), ValueError, r"y must be \(3,\) or \(3, out\), got"),
        (jnp.arange(3), jnp.ones(3), TypeError, "x must be floating point, got int32"),
        (jnp.ones(3), None, TypeError, "y must be an array, got NoneType"),
    ],
)
def test_refusals_of_moments(x, y, error, match):
    with pytest.raises(error, match=f"linear_moments: {match}"):
        linear_moments(x, y)


DATA = LinearMoments(*map(jnp.ones, [(2, 3), (2,), (2,), (2, 3), (2,), (3,), (3, 3)]))


@pytest.mark.parametrize(
    ("params", "data", "error", "match"),
    [
        ((1.0, 2.0), DATA, TypeError, 'params must be a {"weight": …, "bias": …}, got tuple'),
        ({"weight": 1.0}, DATA, TypeError, "params must be .* got .'weight'."),
        ({"weight": 1, "bias": 1.0}, DATA, TypeError, "weight must be floating point"),
        (
            {"weight": 1.0, "bias": 1.0},
            (1, 2),
            TypeError,
            "data must be what linear_mom",
        ),
        ({"weight": jnp.ones(3), "bias": 1.0}, DATA, ValueError, r"weight must be of shape \(2, 3"),
        ({"weight": jnp.ones((2, 3)), "bias": jnp.ones(3)}, DATA, ValueError, "bias must be of sh"),
    ],
)
def test_refusals_of_linear_mse(params, data, error, match):
    with pytest.raises(error, match=f"linear_mse: {match}"):
        linear_mse(params, data)
