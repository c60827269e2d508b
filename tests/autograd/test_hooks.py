import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec
from oracles import assert_same

from jaxgrad.autograd import backward, gradient_hook

X = jnp.array([0.25, -1.0, 3.0])


def clip(g):
    return jnp.clip(g, -1, 1)


def clipped(x):
    return (gradient_hook(x, clip) ** 2).sum()


class TestBackward:
    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
    def test_the_gradient_goes_through_fn(self, transform, any_dtype):
        x = jnp.array([0.25, -1.0, 3.0], any_dtype)
        value, grads = transform(backward(clipped))(x)
        assert_same(value, (x**2).sum())
        assert_same(grads, jnp.array([0.5, -1, 1], any_dtype))

    def test_none_leaves_it(self, capsys):
        def fn(x):
            return (gradient_hook(x, lambda g: jax.debug.print("seen {}", g)) ** 2).sum()

        assert_same(jax.grad(fn)(X), 2 * X)
        jax.effects_barrier()
        assert capsys.readouterr().out == "seen [ 0.5 -2.   6. ]\n"

    def test_pytrees(self):
        def halve(g):
            assert g["n"] is None
            return jax.tree.map(lambda leaf: leaf / 2, g)

        def fn(params):
            p = gradient_hook(params, halve)
            return (p["w"] * p["n"].astype("f4") ** 2).sum()

        n = jnp.array([1, 2, 3])
        grads = backward(fn)({"w": X, "b": 1.0, "n": n})[1]
        assert_same(grads, {"w": (n**2).astype("f4") / 2, "b": jnp.array(0.0), "n": None})

    def test_complex_gradients_are_pytorchs(self):
        seen = []

        def fn(z):
            return (gradient_hook(z, seen.append) * (1 + 2j)).real.sum()

        z = jnp.array([1 + 1j])
        grads = backward(fn)(z)[1]
        assert_same((seen[0], grads), (jnp.array([1 - 2j]),) * 2)

    def test_the_order_of_two(self):
        def fn(x):
            return (gradient_hook(gradient_hook(x, lambda g: g + 1), lambda g: g * 2) * X).sum()

        assert_same(jax.grad(fn)(X), 2 * X + 1)

    def test_in_scan_and_remat(self):
        def fn(x):
            def step(c, _):
                return gradient_hook(c * 2, clip), None

            return jax.lax.scan(jax.checkpoint(step), x, None, length=5)[0]

        assert_same(jax.grad(fn)(jnp.array(1.0)), jnp.array(2.0))

    def test_no_gradient_no_call(self):
        def never(g):
            raise AssertionError

        assert_same(jax.grad(lambda x: (gradient_hook(X, never) * x).sum())(1.0), X.sum())
        assert_same(gradient_hook(X, never), X)

    def test_empty(self):
        assert_same(jax.grad(clipped)(jnp.zeros(0)), jnp.zeros(0))
        assert gradient_hook((), clip) == ()


class TestClosures:
    """A hook may use other values of the function, wherever these are traced."""

    def hooked(self, x, s):
        return (gradient_hook(x, lambda g: g * s) ** 2).sum()

    def test_under_each_transformation(self):
        s = jnp.array([3.0, 2.0, 1.0])
        expected = 2 * X * s
        assert_same(jax.grad(self.hooked)(X, s), expected)
        assert_same(jax.jit(jax.grad(self.hooked))(X, s), expected)
        assert_same(jax.grad(jax.jit(self.hooked))(X, s), expected)
        assert_same(jax.grad(jax.checkpoint(self.hooked))(X, s), expected)
        assert_same(jax.jvp(self.hooked, (X, s), (X, s))[1], 2 * (X * X).sum())

    def test_vmap(self):
        s, xs = jnp.array([3.0, 2.0]), jnp.stack([X, 2 * X])
        mapped = jax.grad(lambda xs: jax.vmap(self.hooked)(xs, s).sum())
        assert_same(mapped(xs), 2 * xs * s[:, None])
        shared = jax.grad(lambda xs: jax.vmap(self.hooked, (1, None))(xs.T, s[0]).sum())
        assert_same(shared(xs), 6 * xs)

    def test_scan_and_a_function_of_a_function(self):
        def fn(x, s):
            def scaled(g):
                return g * s

            def step(c, k):
                return gradient_hook(c * 2, lambda g: scaled(g) * k), None

            return jax.lax.scan(step, x, jnp.array([1.0, 2.0]))[0]

        assert_same(jax.grad(fn)(jnp.array(1.0), 3.0), jnp.array(4 * 9 * 2.0))

    def test_its_own_argument_and_the_second_derivative(self):
        def fn(x):
            return gradient_hook(x, lambda g: g * x) ** 2

        assert_same(jax.grad(fn)(3.0), jnp.array(18.0))
        # The gradient is 2x · x; on its way back to the hooked x it is multiplied by x again.
        assert_same(jax.grad(jax.grad(fn))(3.0), jnp.array(2 * 3.0 * 3.0 + 2 * 3.0))


class TestTransformations:
    def test_forward_mode_is_the_identity(self):
        assert_same(jax.jvp(clipped, (X,), (jnp.ones(3),)), ((X**2).sum(), 2 * X.sum()))
        assert_same(jax.jacfwd(lambda x: gradient_hook(x, clip))(X), jnp.eye(3))

    def test_double_backward_goes_through_fn(self):
        """(x³)' = 3x², tanh of it is the gradient; its slope comes back through tanh again."""

        def fn(x):
            return (gradient_hook(x, jnp.tanh) ** 3).sum()

        first = jnp.tanh(3 * X**2)
        assert_same(jax.grad(fn)(X), first)
        back = (1 - first**2) * 6 * X
        assert_same(jax.grad(lambda x: jax.grad(fn)(x).sum())(X), jnp.tanh(back), rtol=1e-5)
        assert_same(jax.jvp(jax.grad(fn), (X,), (jnp.ones(3),)), (first, back), rtol=1e-5)

    def test_vmap_each_example_by_itself(self):
        def normed(g):
            return g / jnp.linalg.norm(g)

        def fn(x, y):
            return (gradient_hook((x, y), lambda g: (normed(g[0]), g[1]))[0] ** 2).sum() + y.sum()

        xs = jnp.stack([X, 3 * X + 1])
        expected = jnp.stack([normed(2 * x) for x in xs])
        for loss in (
            lambda xs: jax.vmap(fn, (0, None))(xs, X).sum(),
            lambda xs: jax.vmap(fn, (1, None))(xs.T, X).sum(),
        ):
            assert_same(jax.grad(loss)(xs), expected)
        assert_same(jax.vmap(jax.grad(fn), (0, None))(xs, X), expected)

    def test_shard_map(self):
        mesh = jax.make_mesh((8,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))
        spec = PartitionSpec("i")
        mapped = jax.shard_map(
            lambda x: jax.grad(clipped)(x), mesh=mesh, in_specs=spec, out_specs=spec
        )
        x = jnp.arange(16.0) / 16
        assert_same(jax.jit(mapped)(x), clip(2 * x))

    def test_compiled_nothing_but_fn_remains(self):
        def by_hand(x):
            value, pull = jax.vjp(lambda x: (x**2).sum(), x)
            return value, clip(pull(jnp.ones_like(value))[0])

        texts = [
            jax.jit(f).lower(X).compile().as_text()
            for f in (jax.value_and_grad(clipped), backward(clipped), by_hand)
        ]
        assert len({text.count(" = ") for text in texts}) == 1

    def test_no_retrace(self):
        traces = []

        @jax.jit
        def step(x):
            traces.append(1)
            return jax.grad(clipped)(x)

        step(X), step(X + 1)
        assert len(traces) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("fn", "error", "match"),
        [
            (
                lambda g: g[:1],
                ValueError,
                r"must be float32\[3\], got float32\[1\]; reduce or repeat it with jnp.broad",
            ),
            (lambda g: g.sum(), ValueError, r"must be float32\[3\], got float32\[\]; reduce"),
            (lambda g: 0, ValueError, r"must be float32\[3\], got int32\[\]; reduce"),
            (
                lambda g: g.astype("f2"),
                TypeError,
                r"must be float32\[3\], got float16\[3\]; cast it with .astype\('float32'\)",
            ),
            (lambda g: g.astype("c8"), TypeError, r".*got complex64\[3\]; cast it with"),
            (lambda g: g > 0, TypeError, r".*got bool\[3\]; cast it with"),
            (lambda g: jnp.ones((0,)), ValueError, r".*got float32\[0\]; reduce"),
            (
                lambda g: (g, g),
                ValueError,
                r"must be of structure PyTreeDef\(\*\), got PyTreeDef\(\(\*, \*\)\); return what",
            ),
            (lambda g: {"g": g}, ValueError, "must be of structure .*; return what fn is given"),
            (lambda g: "text", TypeError, "must be an array, got str"),
        ],
    )
    def test_what_fn_returns(self, fn, error, match):
        with pytest.raises(error, match=f"gradient_hook: the gradient that fn returns {match}"):
            jax.grad(lambda x: gradient_hook(x, fn).sum())(X)

    @pytest.mark.parametrize("transform", [jax.jit, jax.vmap], ids=["jit", "vmap"])
    def test_what_fn_returns_in_transformations(self, transform):
        fn = transform(lambda x: gradient_hook(x, lambda g: g[None]) ** 2)
        with pytest.raises(ValueError, match="gradient_hook: the gradient that fn returns must"):
            jax.grad(lambda x: fn(x).sum())(X)

    @pytest.mark.parametrize(
        ("fn", "match"),
        [
            (3, "callable, got int; give a function of the gradient, such as lambda g: 2"),
            (None, "callable, got NoneType; give a function"),
            (X, "callable, got ArrayImpl; give a function"),
            (lambda: None, r"callable with the gradient alone, got a function of \(\); fix"),
            (
                lambda g, s: g * s,
                r".* alone, got a function of \(g, s\); fix the others with functools",
            ),
            (lambda *, g: g, r".* alone, got a function of \(\*, g\)"),
            (functools.partial(jnp.clip, X, -1, 1), "callable with the gradient alone, got"),
        ],
    )
    def test_functions(self, fn, match):
        with pytest.raises(TypeError, match=f"gradient_hook: fn must be {match}"):
            gradient_hook(X, fn)

    def test_functions_that_tell_no_arguments(self):
        assert_same(jax.grad(lambda x: (gradient_hook(x, jnp.negative) * 2).sum())(X), -2 + 0 * X)
        assert_same(jax.grad(lambda x: (gradient_hook(x, [].append) * 2).sum())(X), 2 + 0 * X)

    def test_arguments(self):
        with pytest.raises(TypeError, match="gradient_hook: x must be an array, got str"):
            gradient_hook("text", clip)

    def test_numpy(self):
        assert_same(gradient_hook(np.float32(2), clip), jnp.float32(2))
