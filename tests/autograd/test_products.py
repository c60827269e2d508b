import jax
import jax.numpy as jnp
import pytest
from oracles import assert_same

from jaxgrad.autograd import backward, conjugate, hvp

X, V = jnp.array([0.5, -1.0, 2.0]), jnp.array([1.0, 0.5, -2.0])


def cubic(x):
    return (x**3).sum() + x[0] * x[1]


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_the_hessian_times_a_direction(transform, dtype):
    x, v = X.astype(dtype), V.astype(dtype)
    value, product = transform(hvp(cubic))(x, v=v)
    assert_same((value, product), (cubic(x), jax.hessian(cubic)(x) @ v))


def test_several_arguments_and_pytrees():
    def fn(p, y, scale=1.0):
        return (p["w"] ** 2 * y * scale).sum() * p["n"].sum().astype("f4")

    p = {"w": X, "n": jnp.arange(3)}
    value, product = hvp(fn, (0, 1))(p, V, v=({"w": V, "n": None}, X), scale=2.0)
    expected = {"w": 12 * (V * V + X * X), "n": None}, 12 * X * V
    assert_same(product, expected)


def test_vmap_and_third_derivative():
    directions = jnp.eye(3)
    products = jax.vmap(lambda v: hvp(cubic)(X, v=v)[1])(directions)
    assert_same(products, jax.hessian(cubic)(X))
    third = jax.grad(lambda x: hvp(lambda x: (x**3).sum())(x, v=V)[1].sum())(X)
    assert_same(third, 6 * V)


def test_refusals():
    with pytest.raises(TypeError, match="hvp: fn must be callable, got int"):
        hvp(3)
    with pytest.raises(ValueError, match=r"hvp: v must be of shape \(3,\), got shape \(1,\)"):
        hvp(cubic)(X, v=V[:1])
    with pytest.raises(TypeError, match="hvp: v must be float32, got float16"):
        hvp(cubic)(X, v=V.astype("f2"))
    with pytest.raises(ValueError, match="hvp: v must be of structure"):
        hvp(lambda p: cubic(p["x"]))({"x": X}, v={"y": V})
    with pytest.raises(ValueError, match="cotangent must be given"):
        hvp(lambda x: x)(X, v=V)


def test_conjugate():
    def fn(z):
        return jnp.abs(z * (1 + 2j)).sum()

    z = jnp.array([1 + 1j, -2j])
    assert_same(conjugate(jax.grad(fn)(z)), backward(fn)(z)[1])
    assert_same(conjugate({"a": X, "b": None}), {"a": X, "b": None})
    with pytest.raises(TypeError, match="conjugate: grads must be an array"):
        conjugate("text")
