import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name
from jax.sharding import PartitionSpec
from oracles import assert_same

from jaxgrad.autograd import backward, intermediate_grads

X = jnp.array([0.5, -1.0, 2.0])


def pushed(fn, h):
    """The gradient of `fn`, written as a function of the intermediate value itself."""
    return jax.grad(fn)(h)


class TestWhere:
    """Each place a name can stand in, against the gradient of the rest of the function."""

    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
    def test_in_the_open(self, transform, any_dtype):
        def fn(x):
            return (checkpoint_name(x * x, "square") ** 3).sum()

        x = jnp.array([0.5, -1.0, 2.0], any_dtype)
        value, grads, cotangents = transform(intermediate_grads(fn, "square"))(x)
        assert_same((value, grads), jax.value_and_grad(fn)(x))
        assert_same(cotangents, {"square": 3 * x**4})

    @pytest.mark.parametrize("wrap", [jax.jit, jax.checkpoint], ids=["jit", "remat"])
    def test_in_a_call_in_a_call(self, wrap):
        @wrap
        def inner(x):
            return jnp.sin(checkpoint_name(x * x, "square"))

        def fn(x):
            return wrap(lambda x: inner(x) * 2)(x).sum()

        value, grads, cotangents = intermediate_grads(fn, "square")(X)
        assert_same((value, grads), jax.value_and_grad(fn)(X))
        assert_same(cotangents, {"square": pushed(lambda h: (2 * jnp.sin(h)).sum(), X * X)})

    def test_saved_by_name(self):
        policy = jax.checkpoint_policies.save_only_these_names("square")

        def fn(x):
            inner = jax.checkpoint(
                lambda x: jnp.sin(checkpoint_name(x * x, "square")), policy=policy
            )
            return inner(x).sum()

        assert_same(intermediate_grads(fn, "square")(X)[2], {"square": jnp.cos(X * X)})

    def test_in_vmap_and_under_it(self):
        def one(x):
            return checkpoint_name(x * x, "square").sum() ** 2

        xs = jnp.stack([X, 2 * X])
        expected = {"square": jax.vmap(lambda x: jnp.full(3, 2 * (x @ x)))(xs)}
        assert_same(
            intermediate_grads(lambda xs: jax.vmap(one)(xs).sum(), "square")(xs)[2], expected
        )
        assert_same(jax.vmap(intermediate_grads(one, "square"))(xs)[2], expected)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_in_scan_each_iteration(self, reverse):
        def fn(c, xs):
            def step(c, x):
                h = checkpoint_name(c * x, "h")
                return jnp.sin(h), h**2

            c, ys = jax.lax.scan(step, c, xs, reverse=reverse)
            return c + ys.sum()

        def unrolled(taps, c, xs):
            total = 0.0
            for i in range(4)[:: -1 if reverse else 1]:
                h = c * xs[i] + taps[i]
                c, total = jnp.sin(h), total + h**2
            return c + total

        c, xs = jnp.array(0.7), jnp.array([1.0, 2.0, -0.5, 0.3])
        value, grads, cotangents = intermediate_grads(fn, "h", (0, 1))(c, xs)
        expected = jax.grad(unrolled, (0, 1, 2))(jnp.zeros(4), c, xs)
        assert_same(cotangents["h"], expected[0], rtol=1e-5)
        assert_same(grads, expected[1:], rtol=1e-5)

    def test_in_scan_in_scan(self):
        def fn(c):
            def inner(c, _):
                return checkpoint_name(c * 2.0, "h"), None

            def outer(c, _):
                return jax.lax.scan(inner, c, None, length=2)[0], None

            return jax.lax.scan(outer, c, None, length=3)[0]

        cotangents = intermediate_grads(fn, "h")(jnp.array(1.0))[2]
        assert_same(cotangents, {"h": jnp.array([[32.0, 16], [8, 4], [2, 1]])})

    @pytest.mark.parametrize("x", [2.0, -2.0])
    def test_in_a_branch(self, x):
        def fn(x):
            taken = jax.lax.cond(
                x > 0, lambda x: checkpoint_name(x * x, "taken") * 3, lambda x: x, x
            )
            return taken * 2

        cotangents = intermediate_grads(fn, "taken")(jnp.array(x))[2]
        assert_same(cotangents, {"taken": jnp.array(6.0 if x > 0 else 0.0)})

    @pytest.mark.parametrize("kind", ["jvp", "vjp"])
    def test_in_a_function_with_its_own_rule(self, kind):
        def body(x, y):
            return jnp.exp(checkpoint_name(x * y, "h"))

        if kind == "jvp":
            own = jax.custom_jvp(body)
            own.defjvp(lambda p, t: (body(*p), 7.0 * t[0] + t[1]))
        else:
            own = jax.custom_vjp(body)
            own.defvjp(lambda x, y: (body(x, y), None), lambda _, ct: (7.0 * ct, ct))

        def fn(x, y):
            return (own(x, y) * 2).sum()

        value, grads, cotangents = intermediate_grads(fn, "h", (0, 1))(X, X)
        assert_same(grads, (jnp.full(3, 14.0), jnp.full(3, 2.0)))
        assert_same(cotangents, {"h": 2 * jnp.exp(X * X)})

    def test_in_a_function_whose_rule_closes_over_an_array(self):
        c = jnp.array([1.0, 2.0, 3.0])
        own = jax.custom_vjp(lambda x: checkpoint_name(x * c, "h"))
        own.defvjp(lambda x: (own(x), None), lambda _, ct: (ct * 7,))
        _, grads, cotangents = intermediate_grads(lambda x: own(x).sum(), "h")(X)
        assert_same((grads, cotangents["h"]), (jnp.full(3, 7.0), jnp.ones(3)))

    def test_in_a_function_with_an_integer_result(self):
        own = jax.custom_jvp(lambda x: (jnp.sin(checkpoint_name(x * 2, "h")), jnp.argmax(x)))
        zero = np.zeros((), jax.dtypes.float0)
        own.defjvp(lambda p, t: (own(p[0]), (t[0], zero)))
        cotangents = intermediate_grads(lambda x: own(x)[0].sum(), "h")(X)[2]
        assert_same(cotangents, {"h": jnp.cos(2 * X)})

    @pytest.mark.parametrize("check", [True, False])
    def test_on_shards(self, check):
        mesh = jax.make_mesh((8,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))

        def fn(x, w):
            def on_shard(x, w):
                h = checkpoint_name(x * w, "h")
                return jax.lax.psum((h**2).sum(), "i")

            specs = PartitionSpec("i"), PartitionSpec()
            return jax.shard_map(
                on_shard, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(), check_vma=check
            )(x, w)

        x, w = jnp.arange(16.0), jnp.array(3.0)
        value, grads, cotangents = jax.jit(intermediate_grads(fn, "h"))(x, w)
        assert_same(grads, 2 * 9 * x)
        if check:
            assert_same(cotangents, {"h": (2 * 3 * x).reshape(8, 2)})

    def test_under_shard_map(self):
        mesh = jax.make_mesh((8,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))

        def on_shard(x):
            fn = intermediate_grads(lambda x: (checkpoint_name(x * x, "h") ** 2).sum(), "h")
            return fn(x)[2]["h"]

        spec = PartitionSpec("i")
        x = jnp.arange(16.0)
        mapped = jax.shard_map(on_shard, mesh=mesh, in_specs=spec, out_specs=spec)
        assert_same(jax.jit(mapped)(x), 2 * x * x)


class TestAnswers:
    def test_pytrees_aux_and_flags(self):
        def fn(params, x, scale, train=False):
            h = checkpoint_name(params["w"] * x + params["b"], "hidden")
            assert train
            out = checkpoint_name(h**2, "out")
            return (out * scale).sum(), {"h": h, "n": params["n"]}

        params = {"w": X, "b": 1.0, "n": 3}
        (value, aux), grads, cotangents = intermediate_grads(fn, ["out", "hidden"], has_aux=True)(
            params, X, 2, train=True
        )
        h = X * X + 1
        assert_same(aux, {"h": h, "n": jnp.array(3)})
        assert_same(cotangents, {"out": jnp.full(3, 2.0), "hidden": 4 * h})
        assert_same(grads, {"w": 4 * h * X, "b": (4 * h).sum(), "n": None})

    def test_what_is_no_array_passes_through(self):
        def fn(x, p=0.0):
            if p > 0:
                x = x * p
            return checkpoint_name(x, "h").sum(), ("text", 3)

        (value, aux), grads, _ = intermediate_grads(fn, "h", has_aux=True)(X, p=0.5)
        assert aux == ("text", 3)
        assert_same(grads, jnp.full(3, 0.5))

    def test_cotangent_and_complex_as_backward(self):
        def fn(z):
            return checkpoint_name(z * z, "square") * (1 + 2j)

        z = jnp.array([1 + 1j, 2 - 1j])
        cotangent = jnp.array([1j, 2.0 + 0j])
        value, grads, cotangents = intermediate_grads(fn, "square")(z, cotangent=cotangent)
        assert_same((value, grads), backward(fn)(z, cotangent=cotangent))
        assert_same(cotangents, {"square": cotangent * jnp.conj(jnp.array(1 + 2j))})

    def test_the_second_derivative(self):
        def fn(x):
            return (checkpoint_name(x * x, "h") ** 2).sum()

        def of_h(x):
            return intermediate_grads(fn, "h")(x)[2]["h"].sum()

        assert_same(jax.grad(of_h)(X), 4 * X)
        assert_same(jax.jvp(of_h, (X,), (jnp.ones(3),))[1], (4 * X).sum())

    def test_no_name_no_cost(self):
        """Compiled, the function with taps is the one with a plain gradient of its parts."""

        def fn(w, x):
            return (jnp.tanh(checkpoint_name(x @ w, "h")) ** 2).sum()

        def by_hand(w, x):
            h, pull = jax.vjp(lambda w: x @ w, w)
            value, of_h = jax.value_and_grad(lambda h: (jnp.tanh(h) ** 2).sum())(h)
            return value, pull(of_h)[0], {"h": of_h}

        w, x = jnp.ones((4, 3)), jnp.ones((5, 4))
        ours = jax.jit(intermediate_grads(fn, "h")).lower(w, x).compile().as_text()
        theirs = jax.jit(by_hand).lower(w, x).compile().as_text()
        assert ours.count(" = ") == theirs.count(" = ")

    def test_empty(self):
        def fn(x):
            return checkpoint_name(x * 2, "h").sum()

        assert_same(intermediate_grads(fn, "h")(jnp.zeros(0))[2], {"h": jnp.ones(0)})

    def test_no_names_asked_for(self):
        value, grads, cotangents = intermediate_grads(lambda x: x.sum(), ())(X)
        assert_same((grads, cotangents), (jnp.ones(3), {}))


class TestRefusals:
    def named(self, x):
        a = checkpoint_name(x, "a")
        return (checkpoint_name(a, "b") + checkpoint_name(a, "b")).sum()

    @pytest.mark.parametrize("names", ["c", "b", ["a", "c"]])
    def test_a_name_must_stand_there_once(self, names):
        with pytest.raises(
            ValueError, match=r"must be names that stand in fn once, .* 'a', 'b' \(2 times\)"
        ):
            intermediate_grads(self.named, names)(X)

    def test_no_names(self):
        with pytest.raises(ValueError, match="got 'a'; there are no names; name a value with"):
            intermediate_grads(jnp.sum, "a")(X)

    def test_in_a_while_loop(self):
        def fn(x):
            return jax.lax.while_loop(lambda x: x < 9, lambda x: checkpoint_name(x * 2, "h"), x)

        with pytest.raises(ValueError, match="outside while_loop, got 'h' inside a while_loop"):
            intermediate_grads(fn, "h")(jnp.array(1.0))

    def test_integers(self):
        def fn(x):
            return x * checkpoint_name(jnp.arange(3), "n").astype(float)

        with pytest.raises(TypeError, match="floating point or complex values, got 'n' of int32"):
            intermediate_grads(fn, "n")(X, cotangent=X)

    def test_arguments(self):
        with pytest.raises(TypeError, match="fn must be callable, got int"):
            intermediate_grads(3, "h")
        for names in ([3], 3):
            with pytest.raises(TypeError, match="names must be strings, got 3"):
                intermediate_grads(jnp.sum, names)
        with pytest.raises(TypeError, match="has_aux must be True or False"):
            intermediate_grads(jnp.sum, "h", has_aux="no")(X)
        with pytest.raises(ValueError, match="argnums must be positions"):
            intermediate_grads(self.named, "a", 1)(X)
        with pytest.raises(ValueError, match="cotangent must be given"):
            intermediate_grads(lambda x: checkpoint_name(x, "a"), "a")(X)


def test_as_hand_made_perturbations():
    """A two-layer network, each layer's output against a perturbation added there by hand."""

    def net(params, x, taps):
        for i, (w, b) in enumerate(params):
            x = jnp.tanh(checkpoint_name(x @ w + b, f"h{i}") + taps[f"h{i}"])
        return (x**2).mean()

    rng = np.random.default_rng(0)
    params = [
        (jnp.array(rng.normal(size=(3, 4)), "f4"), jnp.zeros((5, 4))),
        (jnp.array(rng.normal(size=(4, 2)), "f4"), jnp.zeros((5, 2))),
    ]
    x = jnp.array(rng.normal(size=(5, 3)), "f4")
    zeros = {"h0": jnp.zeros((5, 4)), "h1": jnp.zeros((5, 2))}
    expected = jax.grad(net, 2)(params, x, zeros)
    assert_same(intermediate_grads(net, ["h0", "h1"])(params, x, zeros)[2], expected)
