"""Every tool on functions with rules of their own, callbacks and loops: the answer or a remedy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name
from jax.experimental import io_callback
from oracles import assert_same

from jaxgrad.autograd import (
    accumulate,
    backward,
    central_difference,
    first_nonfinite,
    gradcheck,
    gradgradcheck,
    hvp,
    intermediate_grads,
    used_inputs,
)

X, V = jnp.array([1.0, 2.0, -3.0]), jnp.array([1.0, 0.5, 2.0])
GRAD, PRODUCT = 3 * X**2, 6 * X * V


def on_the_host(x):
    return np.asarray(x) ** 3


def called(x):
    like = jax.ShapeDtypeStruct(x.shape, x.dtype)
    return jax.pure_callback(on_the_host, like, x, vmap_method="expand_dims")


def looped(x):
    return jax.lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] * x), (0, x))[1]


def with_vjp(inner, again=True, backward=lambda x, g: (3 * x**2 * g,)):
    """x³ by `inner` with a backward rule, whose forward calls the function again, or `inner`."""
    fn = jax.custom_vjp(inner)
    fn.defvjp(lambda x: ((fn if again else inner)(x), x), backward)
    return fn


def with_jvp(inner):
    fn = jax.custom_jvp(inner)
    fn.defjvp(lambda x, dot: (fn(x[0]), 3 * x[0] ** 2 * dot[0]))
    return fn


def cube(x):
    return x**3


KINDS = {
    "custom_vjp": with_vjp(cube),
    "custom_vjp of its body": with_vjp(cube, again=False),
    "custom_jvp": with_jvp(cube),
    "custom_vjp of a callback": with_vjp(called),
    "custom_jvp of a callback": with_jvp(called),
    "custom_vjp of a while_loop": with_vjp(looped),
    "custom_jvp of a while_loop": with_jvp(looped),
    "a loop of fixed bounds": lambda x: jax.lax.fori_loop(0, 2, lambda _, c: c * x, x),
    "a while_loop beside it": lambda x: (
        x**3 + jax.lax.while_loop(lambda n: n < 3, lambda n: n + 1, 0).astype(x.dtype) * 0
    ),
    "pure_callback": called,
    "io_callback": lambda x: io_callback(on_the_host, jax.ShapeDtypeStruct(x.shape, x.dtype), x),
    "while_loop": looped,
    "custom_vjp of its callback": with_vjp(called, again=False),
    "custom_vjp with a callback in its rule": with_vjp(
        cube, backward=lambda x, g: (called(x) / x * 3 * g,)
    ),
    "custom_vjp without a rule": jax.custom_vjp(cube),
    "custom_jvp without a rule": jax.custom_jvp(cube),
}


def total(fn):
    return lambda x: fn(x).sum()


def agrees(check, fn, **options):
    assert check(fn, X, **options)
    return True


FORWARD = {"check_forward_ad": True, "check_backward_ad": False}
FORWARD_OF_BACKWARD = {"check_fwd_over_rev": True, "check_rev_over_rev": False}
TOOLS = {
    "backward": (lambda fn: backward(total(fn))(X)[1], GRAD),
    "hvp": (lambda fn: hvp(total(fn))(X, v=V)[1], PRODUCT),
    "intermediate_grads": (
        lambda fn: intermediate_grads(lambda x: fn(checkpoint_name(fn(x) / x**2, "h")).sum(), "h")(
            X
        )[2]["h"],
        GRAD,
    ),
    "accumulate": (
        lambda fn: accumulate(lambda w, x: (fn(w)[None] * x).mean(), 2)(X, jnp.ones((4, 3)))[1],
        X**2,
    ),
    "gradcheck": (lambda fn: agrees(gradcheck, fn), True),
    "gradcheck forward": (lambda fn: agrees(gradcheck, fn, **FORWARD), True),
    "gradgradcheck": (lambda fn: agrees(gradgradcheck, fn), True),
    "gradgradcheck forward": (lambda fn: agrees(gradgradcheck, fn, **FORWARD_OF_BACKWARD), True),
    "first_nonfinite": (lambda fn: first_nonfinite(total(fn))(X) is None, True),
    "first_nonfinite of the value": (
        lambda fn: first_nonfinite(lambda x: jnp.log(fn(x)), ())(X).operation,
        "log",
    ),
    "used_inputs": (lambda fn: used_inputs(fn)(X), True),
    "central_difference": (
        lambda fn: jnp.round(central_difference(total(fn), 1 / 64)(X), 2),
        GRAD,
    ),
}
NOT_BACKWARD = {
    "pure_callback": (ValueError, "differentiable, got a callback"),
    "io_callback": (ValueError, "differentiable, got a callback"),
    "while_loop": (ValueError, "differentiable in reverse mode, got a while_loop"),
}
INCOMPLETE = {
    "custom_vjp without a rule": (TypeError, "complete, got a jax.custom_vjp.* with defvjp"),
    "custom_jvp without a rule": (TypeError, "complete, got a jax.custom_jvp.* with defjvp"),
}
NOT_TWICE = {
    "custom_vjp of its callback": (ValueError, "differentiable, got a callback"),
    "custom_vjp with a callback in its rule": (ValueError, "differentiable, got a callback"),
}
NO_FORWARD = (TypeError, "differentiable in forward mode, got .* custom_vjp")
NOT_FORWARD = {
    **{name: NO_FORWARD for name in KINDS if name.startswith("custom_vjp")},
    **{name: NOT_BACKWARD[name] for name in ("pure_callback", "io_callback")},
    **INCOMPLETE,
}
NOT_FORWARD_OF_BACKWARD = {
    **NOT_BACKWARD,
    **{name: NO_FORWARD for name in KINDS if name.startswith("custom_vjp")},
    "custom_vjp of its callback": NOT_TWICE["custom_vjp of its callback"],
    **INCOMPLETE,
}
del NOT_FORWARD_OF_BACKWARD["custom_vjp of its body"]
REFUSED = {
    "gradcheck forward": NOT_FORWARD,
    "gradgradcheck forward": NOT_FORWARD_OF_BACKWARD,
    "hvp": {**NOT_BACKWARD, **NOT_TWICE, **INCOMPLETE},
    "gradgradcheck": {**NOT_BACKWARD, **NOT_TWICE, **INCOMPLETE},
    "first_nonfinite of the value": INCOMPLETE,
    "used_inputs": INCOMPLETE,
    "central_difference": INCOMPLETE,
}


@pytest.mark.parametrize("transform", [lambda fn: fn, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tool", TOOLS)
def test_the_answer_or_what_to_do(tool, kind, transform):
    use, expected = TOOLS[tool]
    refused = REFUSED.get(tool, {**NOT_BACKWARD, **INCOMPLETE}).get(kind)
    if refused is None:
        got = use(transform(KINDS[kind]))
        assert_same(got, expected) if isinstance(expected, jax.Array) else _equal(got, expected)
    else:
        error, text = refused
        with pytest.raises(error, match=f"^{tool.split()[0]}: fn must be {text}") as raised:
            use(transform(KINDS[kind]))
        assert "; " in str(raised.value) and "(JAX: " in str(raised.value)


def _equal(got, expected):
    assert got == expected


class TestHvpByReverseMode:
    def test_as_of_the_function_without_a_rule(self, dtype):
        def loss(cube):
            return lambda p, y: (cube(p["w"]) * jnp.sin(y)).sum() + (cube(y) ** 2).sum()

        w, y = X.astype(dtype), V.astype(dtype)
        args, v = ({"w": w, "n": jnp.arange(3)}, y), ({"w": y, "n": None}, w)
        expected = hvp(loss(cube), (0, 1))(*args, v=v)
        for transform in (lambda f: f, jax.jit):
            assert_same(transform(hvp(loss(KINDS["custom_vjp"]), (0, 1)))(*args, v=v), expected)

    def test_a_rule_that_is_no_true_gradient(self):
        """Its derivative is no symmetric matrix: Jᵀ v would be another vector."""
        fn = with_vjp(cube, backward=lambda x, g: (g * jnp.roll(x, 1) ** 2,))
        _, product = hvp(total(fn))(X, v=V)
        assert_same(product, jax.jacrev(jax.grad(total(fn)))(X) @ V)
        assert_same(product, 2 * jnp.roll(X * V, 1))

    def test_complex_vmap_and_a_third_derivative(self):
        def loss(cube):
            return lambda z: (jnp.abs(cube(z)) ** 2).sum()

        z, v = jax.lax.complex(X, V), jax.lax.complex(V, -2 * X)
        expected = hvp(loss(cube))(z, v=v)
        assert_same(hvp(loss(KINDS["custom_vjp"]))(z, v=v), expected, rtol=1e-5)
        columns = jax.vmap(lambda v: hvp(total(KINDS["custom_vjp"]))(X, v=v)[1])(jnp.eye(3))
        assert_same(columns, jnp.diag(6 * X))
        third = jax.grad(lambda x: hvp(total(KINDS["custom_vjp"]))(x, v=V)[1].sum())(X)
        assert_same(third, 6 * V)

    def test_forward_mode_where_there_is_one(self):
        seen = []

        def fn(x):
            seen.append(x)
            return (x**3).sum()

        hvp(fn)(X, v=V)
        jax.jit(hvp(fn))(X, v=V)
        assert len(seen) == 2

    @pytest.mark.parametrize("inner", [lambda f: f, jax.jit, jax.checkpoint])
    def test_under_transformations(self, inner):
        """Under tracing JAX tells no sooner than it compiles that there is no forward mode."""

        def loss(x):
            def step(c, x):
                return c + inner(KINDS["custom_vjp"])(x) ** 2, None

            return jax.lax.scan(step, jnp.zeros(()), x)[0] + inner(KINDS["custom_vjp"])(x).sum()

        expected = 30 * X**4 * V + PRODUCT
        for fn in (loss, jax.jit(loss)):
            assert_same(hvp(fn)(X, v=V)[1], expected, rtol=1e-5)
            assert_same(jax.jit(hvp(fn))(X, v=V)[1], expected, rtol=1e-5)
            each = jax.vmap(lambda v, fn=fn: hvp(fn)(X, v=v)[1])(V[None])
            assert_same(each, expected[None], rtol=1e-5)

    def test_what_it_closes_over_is_traced(self):
        def product(scale):
            return hvp(lambda x: (KINDS["custom_vjp"](x) ** 2 * scale).sum())(X, v=V)[1]

        assert_same(jax.jit(product)(2.0), 60 * X**4 * V)

    def test_a_tangent_that_nobody_needs(self):
        """The value of a rule's forward pass has no part in the derivative of its backward one."""
        fn = total(KINDS["custom_vjp"])
        program = str(jax.make_jaxpr(hvp(fn))(X, v=V))
        assert program.count("custom_lin") == 1
        assert_same(jax.jit(hvp(fn))(X, v=V)[1], PRODUCT)

    def test_the_functions_own_errors_are_its_own(self):
        def fn(x):
            raise TypeError("mine")

        for tool in (backward, hvp, first_nonfinite, used_inputs):
            with pytest.raises(TypeError, match="^mine"):
                tool(fn)(X, **({"v": V} if tool is hvp else {}))
