"""What torch.nn.functional takes of complex numbers, with the gradients of PyTorch's convention."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

import jaxgrad.functional as F
from jaxgrad.autograd import backward, gradcheck

Z = np.array([[1 + 2j, -0.5j, 3.0], [0.25, -1 - 1j, 2j]])


def softsign(z):
    return z / (1 + np.abs(z))


def normalize(z):
    return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("silu", lambda z: z / (1 + np.exp(-z))),
        ("softsign", softsign),
        ("tanhshrink", lambda z: z - np.tanh(z)),
        ("normalize", normalize),
    ],
)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_values_and_gradients(name, expected, dtype):
    with jax.enable_x64(dtype == "complex128"):
        fn, z = getattr(F, name), jnp.array(Z, dtype)
        rtol = {"complex64": 1e-5, "complex128": 1e-12}[dtype]
        assert_same(fn(z), jnp.array(expected(Z), dtype), rtol)
        assert_same(jax.vmap(jax.jit(fn))(z[:, None])[:, 0], fn(z), rtol)
    assert gradcheck(fn, Z)


def test_zero_vectors_and_zeros():
    _, grads = backward(lambda z: F.normalize(z).real.sum())(jnp.zeros((1, 3), jnp.complex64))
    assert_same(grads, jnp.full((1, 3), 1e12, jnp.complex64), 1e-6)
    _, grads = backward(lambda z: F.softsign(z).real.sum())(jnp.zeros(2, jnp.complex64))
    assert_same(grads, jnp.ones(2, jnp.complex64), 1e-6)


def test_l1_loss():
    x, y = jnp.array(Z, jnp.complex64), jnp.zeros(Z.shape, jnp.complex64)
    loss, grads = backward(F.l1_loss)(x, y)
    assert_same(loss, jnp.float32(np.abs(Z).mean()), 1e-6)
    assert_same(grads, jnp.array(Z / np.abs(Z) / Z.size, jnp.complex64), 1e-6)
    assert float(F.l1_loss(x, x, reduction="sum")) == 0
    assert_same(backward(F.l1_loss)(x, x)[1], jnp.zeros_like(x), 0)
    with pytest.raises(ValueError, match="l1_loss: target must be of input's shape"):
        F.l1_loss(x, y[0])
