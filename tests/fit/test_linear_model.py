import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad.fit import least_squares, linear
from jaxgrad.functional import mse_loss

HEIGHTS = np.arange(58.0, 73.0)
WEIGHTS = np.array([115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164.0])
SLOPE, INTERCEPT, ERROR = 0.28724923, 25.72345571, 0.1678


class TestLinear:
    @pytest.mark.parametrize(
        ("weight", "bias", "x", "shape"),
        [
            ((), (), (15,), (15,)),
            ((), (), (), ()),
            ((3,), (), (15, 3), (15,)),
            ((2, 3), (2,), (15, 3), (15, 2)),
            ((2, 3), (), (4, 5, 3), (4, 5, 2)),
            ((2, 3), (2,), (3,), (2,)),
            ((2, 3), (2,), (0, 3), (0, 2)),
        ],
    )
    def test_shapes(self, weight, bias, x, shape, dtype):
        rng = np.random.default_rng(0)
        w, b, x = (jnp.array(rng.normal(size=size), dtype) for size in (weight, bias, x))
        y = linear({"weight": w, "bias": b}, x)
        expected = np.asarray(x, float) @ np.asarray(w.T, float) if weight else x * w
        assert y.shape == shape
        assert_same(y, jnp.array(np.asarray(expected, float) + np.asarray(b, float), dtype))

    @pytest.mark.parametrize(
        ("params", "x", "error", "match"),
        [
            ((1.0, 2.0), 1.0, TypeError, 'params must be a {"weight": …, "bias": …}, got tuple'),
            ({"weight": 1.0}, 1.0, TypeError, "params must be .* got .'weight'."),
            ({"weight": 1, "bias": 1.0}, 1.0, TypeError, "weight must be floating point"),
            ({"weight": 1.0, "bias": 1.0}, 1, TypeError, "x must be floating point"),
            ({"weight": jnp.ones((2, 3)), "bias": 0.0}, jnp.ones(2), ValueError, "x must be"),
            ({"weight": jnp.ones(3), "bias": 0.0}, 1.0, ValueError, r"x must be \(..., in\)"),
            ({"weight": jnp.ones(3), "bias": jnp.ones(3)}, jnp.ones(3), ValueError, "bias must"),
            ({"weight": jnp.ones((1, 1, 1)), "bias": 0.0}, jnp.ones(1), ValueError, "weight must"),
        ],
    )
    def test_refusals(self, params, x, error, match):
        with pytest.raises(error, match=f"linear: {match}"):
            linear(params, x)


class TestLeastSquares:
    def test_the_described_line(self, dtype):
        line = least_squares(jnp.array(WEIGHTS, dtype), jnp.array(HEIGHTS, dtype))
        rtol = {"float32": 1e-6, "float64": 1e-8}[dtype]
        expected = {"weight": jnp.array(SLOPE, dtype), "bias": jnp.array(INTERCEPT, dtype)}
        assert_same(line, expected, rtol)
        loss = mse_loss(linear(line, jnp.array(WEIGHTS, dtype)), jnp.array(HEIGHTS, dtype))
        np.testing.assert_allclose(loss, ERROR, atol=5e-5)

    @pytest.mark.parametrize(
        ("inputs", "outputs"), [((), ()), ((3,), ()), ((3,), (2,)), ((), (2,))]
    )
    def test_recovers_what_made_the_data(self, inputs, outputs, dtype):
        rng = np.random.default_rng(0)
        params = {"weight": rng.normal(size=outputs + inputs), "bias": rng.normal(size=outputs)}
        params = jax.tree.map(lambda leaf: jnp.array(leaf, dtype), params)
        x = jnp.array(rng.normal(5, 1, size=(40, *inputs)), dtype)
        columns = x if inputs else x[:, None]
        weight = params["weight"] if inputs else params["weight"][..., None]
        y = columns @ weight.T + jnp.broadcast_to(params["bias"], (40, *outputs))
        assert_same(least_squares(x, y), params, {"float32": 1e-5, "float64": 1e-12}[dtype])

    def test_narrow(self):
        x = jnp.arange(8, dtype=jnp.bfloat16)
        line = least_squares(x, 2 * x + 1)
        assert_same(line, {"weight": jnp.bfloat16(2), "bias": jnp.bfloat16(1)})

    def test_vmap_and_jit(self):
        x = jnp.array([[0.0, 1.0, 2.0], [1.0, 2.0, 4.0]])
        y = jnp.array([[1.0, 3.0, 5.0], [1.0, 2.0, 4.0]])
        expected = {"weight": jnp.array([2.0, 1.0]), "bias": jnp.array([1.0, 0.0])}
        assert_same(jax.jit(jax.vmap(least_squares))(x, y), expected, rtol=1e-5)

    @pytest.mark.parametrize(
        ("x", "y", "error", "match"),
        [
            (jnp.ones(3), jnp.ones(3), ValueError, "of rank 1 once centred, got 0; drop constant"),
            (jnp.ones(1), jnp.ones(1), ValueError, "of rank 1 once centred, got 0"),
            (jnp.eye(2), jnp.ones(2), ValueError, "of rank 2 once centred, got 1"),
            (jnp.ones(0), jnp.ones(0), ValueError, r"x must be \(samples,\) or"),
            (jnp.ones((2, 0)), jnp.ones(2), ValueError, r"x must be \(samples,\) or"),
            (jnp.ones(()), jnp.ones(()), ValueError, r"x must be \(samples,\) or"),
            (jnp.ones(3), jnp.ones(2), ValueError, r"y must be \(3,\) or \(3, out\), got"),
            (jnp.ones(3), jnp.ones(()), ValueError, r"y must be \(3,\) or \(3, out\), got"),
            (jnp.arange(3), jnp.ones(3), TypeError, "x must be floating point, got int32"),
            (jnp.ones(3), None, TypeError, "y must be an array, got NoneType"),
            (jnp.array([1.0, jnp.nan]), jnp.ones(2), ValueError, "x and y must be finite"),
            (
                jnp.array([1.0, 2.0]),
                jnp.array([1.0, jnp.inf]),
                ValueError,
                "x and y must be finite",
            ),
        ],
    )
    def test_refusals(self, x, y, error, match):
        with pytest.raises(error, match=f"least_squares: .*{match}"):
            least_squares(x, y)

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("value", [0.1, 0.3, 0.7, 1.1, 3.3, 57.3])
    def test_a_constant_whose_mean_rounds_is_refused(self, value, dtype):
        for n in (2, 3, 5, 7, 10, 13, 29):
            with pytest.raises(ValueError, match="of rank 1 once centred, got 0"):
                least_squares(jnp.full(n, value, dtype), jnp.arange(n, dtype=dtype))

    def test_units_do_not_matter(self):
        x = np.random.default_rng(0).normal(size=(200, 2)) * [1e5, 1]
        line = least_squares(jnp.array(x, jnp.float32), jnp.array(x @ [2e-5, 3], jnp.float32))
        np.testing.assert_allclose(line["weight"], [2e-5, 3], rtol=1e-4)

    def test_no_unique_answer_under_jit_is_nan(self):
        line = jax.jit(least_squares)(jnp.ones(3), jnp.ones(3))
        assert np.isnan(line["weight"]) and np.isnan(line["bias"])


def test_gradient_of_least_squares_for_orthogonal_columns(dtype):
    x = jnp.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]], dtype)
    y = jnp.array([3.0, 1, 0, -2], dtype)

    def slope(x):
        return least_squares(x, y)["weight"][0]

    step = {"float32": 1e-2, "float64": 1e-5}[dtype]
    numeric = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        ends = [float(slope(x.at[place].add(sign * step))) for sign in (1, -1)]
        numeric[place] = (ends[0] - ends[1]) / (2 * step)
    tolerance = {"float32": 2e-3, "float64": 1e-8}[dtype]
    np.testing.assert_allclose(jax.grad(slope)(x), numeric, atol=tolerance)
