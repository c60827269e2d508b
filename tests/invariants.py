"""What holds for every pure function: jit = eager, vmap = loop, nothing compiled twice, slopes.

What is compared is prepared in NumPy: an operation on JAX's arrays is a program to compile.
"""

import jax
import jax.numpy as jnp
import numpy as np
from oracles import assert_same


def assert_jit(fn, *arrays):
    """Under jit the same as eager."""
    assert_same(jax.jit(fn)(*arrays), fn(*arrays))


def assert_vmap(fn, *arrays):
    """Mapped over a leading axis the same as one by one."""
    arrays = [np.asarray(a) for a in arrays]
    rows = [fn(*map(jnp.asarray, row)) for row in zip(*arrays, strict=True)]
    loop = jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
    assert_same(jax.vmap(fn)(*map(jnp.asarray, arrays)), loop)


def assert_compiled_once(fn, caplog, *arrays):
    """A second eager call, with other values, compiles nothing."""
    jax.block_until_ready(fn(*arrays))
    others = [jnp.asarray(np.array(a)) for a in arrays]
    with jax.log_compiles():
        caplog.clear()
        fn(*others)
    assert not [r for r in caplog.records if "Compiling" in r.getMessage()]


def assert_slopes(fn, *arrays, step=1e-6, rtol=1e-6):
    """Forward and reverse mode against a central difference along a direction, in float64."""
    rng = np.random.default_rng(0)
    directions = tuple(rng.normal(size=a.shape) for a in arrays)
    cotangent = rng.normal(size=jax.eval_shape(fn, *arrays).shape)
    assert all(a.dtype == jnp.float64 for a in arrays), "differences need float64"

    @jax.jit
    def measured(arrays, directions, cotangent):
        def along(sign):
            return fn(*(a + sign * step * d for a, d in zip(arrays, directions, strict=True)))

        slope = (along(1) - along(-1)) / (2 * step)
        forward = jax.jvp(fn, arrays, directions)[1]
        grads = jax.vjp(fn, *arrays)[1](cotangent)
        inner = sum(jnp.vdot(g, d) for g, d in zip(grads, directions, strict=True))
        return slope, forward, inner, jnp.vdot(cotangent, forward)

    slope, forward, inner, expected = measured(arrays, directions, cotangent)
    assert_same(forward, slope, rtol=rtol)
    assert_same(inner, expected, rtol=1e-10)


def assert_invariants(fn, caplog, *arrays):
    """jit = eager, vmap = loop and nothing compiled twice, on float32 arrays of any shape."""
    assert_jit(fn, *arrays)
    arrays = [np.asarray(a) for a in arrays]
    assert_vmap(fn, *(np.stack([a, a * a.dtype.type(0.5)]) for a in arrays))
    assert_compiled_once(fn, caplog, *map(jnp.asarray, arrays))
