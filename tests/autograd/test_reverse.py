import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad.autograd import backward

X = jnp.array([1.0, 2.0, 3.0])


def square(x):
    return (x * x).sum()


class TestValues:
    def test_the_described_tensor(self, any_dtype):
        x = jnp.full((4, 4), 12.5, any_dtype)

        def fn(x):
            return 2 * (x * x) + 5 * x + 6

        value, grads = backward(fn)(x, cotangent=jnp.ones((4, 4), any_dtype))
        assert_same(grads, jnp.full((4, 4), 55, any_dtype))
        assert_same(value, jnp.full((4, 4), fn(12.5), any_dtype))

    def test_a_scalar_needs_no_cotangent(self, dtype):
        x = jnp.arange(3, dtype=dtype)
        assert_same(backward(square)(x), (square(x), 2 * x))

    @pytest.mark.parametrize("shape", [(1,), (1, 1)])
    def test_nor_does_one_element(self, shape):
        w = jnp.full(shape, 1.0)

        def loss(w):
            return (11.0 * w - 21.0) * (11.0 * w - 21.0)

        assert_same(backward(loss)(w), (jnp.full(shape, 100.0), jnp.full(shape, -220.0)))

    def test_pytrees_in_and_out(self):
        params = {"w": X, "layers": [X, (jnp.array(2.0), None)]}

        def fn(p):
            return {"a": p["w"] * p["layers"][1][0], "b": p["layers"][0].sum()}

        cotangent = {"a": jnp.ones(3), "b": jnp.array(3.0)}
        value, grads = backward(fn)(params, cotangent=cotangent)
        assert_same(value, {"a": 2 * X, "b": jnp.array(6.0)})
        expected = {"w": jnp.full(3, 2.0), "layers": [jnp.full(3, 3.0), (jnp.array(6.0), None)]}
        assert_same(grads, expected)

    def test_several_outputs_are_weighed_by_their_cotangents(self):
        value, grads = backward(lambda x: (x.sum(), 2 * x.sum()))(X, cotangent=(1.0, 10.0))
        assert_same(grads, jnp.full(3, 21.0))

    def test_python_numbers_take_the_values_dtype(self):
        y = jnp.ones(2, jnp.bfloat16)
        assert_same(backward(lambda y: y.sum())(y, cotangent=2.0)[1], jnp.full(2, 2, jnp.bfloat16))

    def test_argnums(self):
        def fn(x, y, scale):
            return (scale * x * y).sum()

        assert_same(backward(fn, argnums=1)(X, 2 * X, scale=2)[1], 2 * X)
        assert_same(backward(fn, argnums=-1)(X, X, 1.0)[1], (X * X).sum())
        assert_same(backward(fn, argnums=(1, 0))(X, 2 * X, scale=1)[1], (X, 2 * X))

    def test_aux(self):
        (value, aux), grads = backward(lambda x: (square(x), {"steps": 3}), has_aux=True)(X)
        assert_same((value, grads), (square(X), 2 * X))
        assert aux == {"steps": 3}

    def test_an_unused_input_gets_zeros(self):
        assert_same(backward(lambda x, y: square(x), (0, 1))(X, X)[1], (2 * X, jnp.zeros(3)))

    def test_complex_gradients_are_pytorchs(self):
        # PyTorch's page on complex autograd: grad = ∂L/∂Re + i ∂L/∂Im; of |z|² that is 2z.
        z = jnp.array([3 + 4j, 1 - 2j])
        assert_same(backward(lambda z: (z * z.conj()).real.sum())(z)[1], 2 * z)
        # and the vector-Jacobian product of z² is conj(2z) v.
        v = jnp.array([1 + 2j, 1j], z.dtype)
        assert_same(backward(lambda z: z * z)(z, cotangent=v)[1], (2 * z).conj() * v)

    def test_descending_a_complex_gradient_descends(self):
        def loss(z):
            return (jnp.abs(z - (1 + 2j)) ** 2).sum()

        z = jnp.array([3 - 1j])
        assert loss(z - 0.1 * backward(loss)(z)[1]) < loss(z)


class TestAccumulation:
    def test_twice(self):
        _, grads = backward(square)(X)
        _, grads = backward(square)(X, grads=grads)
        assert_same(grads, 4 * X)

    def test_none_is_no_gradient_yet(self):
        def fn(p):
            return (p["a"] * p["b"]).sum()

        grads = {"a": None, "b": X}
        assert_same(backward(fn)({"a": X, "b": X}, grads=grads)[1], {"a": X, "b": 2 * X})

    def test_tuples(self):
        def fn(x, y):
            return (x * y).sum()

        _, grads = backward(fn, (0, 1))(X, X)
        assert_same(backward(fn, (0, 1))(X, X, grads=grads)[1], (2 * X, 2 * X))

    def test_in_a_scan(self):
        def add(grads, x):
            return backward(square)(x, grads=grads)[1], None

        grads, _ = jax.lax.scan(add, jnp.zeros(3), jnp.stack([X, X, 2 * X]))
        assert_same(grads, 8 * X)

    @pytest.mark.parametrize(
        ("grads", "error", "match"),
        [
            (jnp.zeros(2), ValueError, r"grads must be of shape \(3,\), got shape \(2,\)"),
            (jnp.zeros(3, jnp.float16), TypeError, "grads must be float32, got float16"),
            ((jnp.zeros(3),), ValueError, r"grads must be of shape \(3,\), got shape \(1, 3\)"),
            ("text", TypeError, "grads must be an array, got str 'text'"),
        ],
    )
    def test_refusals(self, grads, error, match):
        with pytest.raises(error, match=f"backward: {match}"):
            backward(square)(X, grads=grads)

    def test_structure(self):
        with pytest.raises(ValueError, match="backward: grads must be of structure"):
            backward(lambda p: p["a"].sum())({"a": X}, grads={"b": X})


class TestIntegers:
    def test_an_integer_leaf_gets_none(self):
        params = {
            "w": X,
            "steps": jnp.array(3),
            "seen": jnp.array([True]),
            "key": jax.random.key(0),
        }
        _, grads = backward(lambda p: (p["w"] * p["steps"].astype(float)).sum())(params)
        assert_same(grads, {"w": jnp.full(3, 3.0), "steps": None, "seen": None, "key": None})

    def test_and_accumulates_as_none(self):
        def fn(p):
            return (p["w"] * p["steps"].astype(float)).sum()

        params = {"w": X, "steps": jnp.array(3)}
        _, grads = backward(fn)(params)
        assert_same(backward(fn)(params, grads=grads)[1], {"w": jnp.full(3, 6.0), "steps": None})
        with pytest.raises(ValueError, match="grads must be None for a leaf that requires no"):
            backward(fn)(params, grads={"w": X, "steps": X})

    @pytest.mark.parametrize("argument", [3, jnp.arange(3), {"a": jnp.array([True])}])
    def test_a_wholly_integer_argument_is_refused(self, argument):
        match = "argument 0 must be floating .*only floating point and complex can require grad"
        with pytest.raises(TypeError, match=match):
            backward(lambda x: 1.0)(argument)

    def test_an_empty_argument_is_not(self):
        assert backward(lambda p, x: square(x))({}, X)[1] == {}

    def test_an_integer_output_is_refused(self):
        with pytest.raises(TypeError, match="output must be floating .*has_aux=True"):
            backward(lambda x: 3)(X)

    def test_several_outputs_without_a_cotangent_are_refused(self):
        with pytest.raises(ValueError, match="cotangent must be given .* with has_aux=True"):
            backward(lambda x: (square(x), x.max()))(X)

    def test_a_forgotten_return_is_refused(self):
        with pytest.raises(TypeError, match="output must be floating .* got None; does the funct"):
            backward(lambda x: None)(X)


class TestRefusals:
    @pytest.mark.parametrize(
        ("cotangent", "error", "match"),
        [
            (None, ValueError, r"cotangent must be given .* got None for float32\[3\]"),
            (jnp.ones(2), ValueError, r"cotangent must be of shape \(3,\), got shape \(2,\)"),
            (jnp.ones(()), ValueError, r"cotangent must be of shape \(3,\), got shape \(\)"),
            (1.0, ValueError, r"cotangent must be of shape \(3,\), got shape \(\)"),
            (jnp.ones(3, jnp.float16), TypeError, "cotangent must be float32, got float16"),
            (jnp.ones(3, int), TypeError, "cotangent must be float32, got int32"),
            (jnp.ones(3, complex), TypeError, "cotangent must be float32, got complex64"),
            ("ones", TypeError, "cotangent must be an array, got str 'ones'"),
        ],
    )
    def test_cotangents(self, cotangent, error, match):
        with pytest.raises(error, match=f"backward: {match}"):
            backward(lambda x: x * x)(X, cotangent=cotangent)

    def test_cotangent_structure(self):
        with pytest.raises(ValueError, match="backward: cotangent must be of structure"):
            backward(lambda x: (x, x))(X, cotangent=[X])

    def test_a_complex_output_needs_a_cotangent(self):
        with pytest.raises(ValueError, match=r"cotangent must be given .* complex64\[\]"):
            backward(lambda z: z * z)(jnp.array(1j))

    @pytest.mark.parametrize(
        ("argnums", "error"),
        [(2, ValueError), (-3, ValueError), ((0, 0), ValueError), ((), ValueError)]
        + [("x", TypeError), (0.0, TypeError), (None, TypeError), ((0, -2), ValueError)],
    )
    def test_argnums(self, argnums, error):
        with pytest.raises(error, match="backward: argnums must be"):
            backward(lambda x, y: square(x), argnums)(X, X)

    @pytest.mark.parametrize("argnums", [X, {"w": X}, (), "x"])
    def test_argnums_are_seen_at_once(self, argnums):
        with pytest.raises((TypeError, ValueError), match="backward: argnums must be"):
            backward(square, argnums)

    def test_other_leaves(self):
        with pytest.raises(TypeError, match="argument 0 must be an array, got str 'text'"):
            backward(lambda p: 1.0)({"w": X, "name": "text"})

    def test_functions(self):
        with pytest.raises(TypeError, match="backward: fn must be callable, got int"):
            backward(3)


class TestTransformations:
    def test_jit(self):
        assert_same(jax.jit(backward(square))(X), backward(square)(X))
        assert_same(backward(jax.jit(square))(X), backward(square)(X))

    def test_vmap(self):
        xs = jnp.stack([X, 2 * X])
        value, grads = jax.vmap(backward(square))(xs)
        assert_same(grads, 2 * xs)

    def test_second_derivatives(self, dtype):
        x = jnp.arange(1, 4, dtype=dtype)

        def cube(x):
            return (x**3).sum()

        assert_same(jax.jacfwd(lambda x: backward(cube)(x)[1])(x), jnp.diag(6 * x))
        assert_same(jax.jacrev(lambda x: backward(cube)(x)[1])(x), jnp.diag(6 * x))
        assert_same(backward(lambda x: backward(cube)(x)[1].sum())(x)[1], 6 * x)

    def test_sharded(self, rows):
        x = jax.device_put(jnp.arange(16.0), rows)
        grads = backward(square)(x)[1]
        assert_same(grads, 2 * x)
        assert grads.sharding.is_equivalent_to(rows, 1)

    def test_empty_arrays(self, any_dtype):
        x = jnp.zeros((0, 3), any_dtype)
        assert_same(backward(square)(x), (jnp.zeros((), any_dtype), x))

    def test_the_name_is_kept(self):
        assert backward(square).__name__ == "square"

    def test_numpy_arguments(self):
        assert_same(backward(square)(np.array([1.0, 2.0], np.float32))[1], jnp.array([2.0, 4.0]))


def test_grads_can_be_donated():
    step = jax.jit(backward(jnp.sum), donate_argnames="grads")
    _, grads = step(jnp.ones(3), grads=jnp.ones(3))
    assert_same(grads, jnp.full(3, 2.0))


class TestUnused:
    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
    def test_none_where_pytorch_leaves_none(self, transform):
        def fn(params, x):
            return (params["w"] * x).sum() + jax.lax.stop_gradient(params["dead"]).sum()

        params = {"w": X, "dead": X, "n": jnp.arange(3)}
        grads = transform(backward(fn, unused="none"))(params, X)[1]
        assert_same(grads, {"w": X, "dead": None, "n": None})
        assert_same(backward(fn)(params, X)[1], {"w": X, "dead": jnp.zeros(3), "n": None})

    def test_what_was_there_stays(self):
        two = backward(lambda x, y: x.sum(), (0, 1), unused="none")
        assert_same(two(X, X)[1], (jnp.ones(3), None))
        assert_same(two(X, X, grads=(None, X))[1], (jnp.ones(3), X))
        assert_same(two(X, X, grads=(X, None))[1], (X + 1, None))

    def test_only_the_value_counts(self):
        fn = backward(lambda x, y: (x.sum(), y), (0, 1), has_aux=True, unused="none")
        assert_same(fn(X, X), ((X.sum(), X), (jnp.ones(3), None)))

    def test_options(self):
        with pytest.raises(ValueError, match="backward: unused must be one of 'zeros', 'none'"):
            backward(square, unused="None")
