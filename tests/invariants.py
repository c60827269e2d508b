"""What holds for every pure function: jit = eager, vmap = loop, nothing compiled twice, slopes."""

import jax
import jax.numpy as jnp
import numpy as np
from oracles import assert_same


def assert_jit(fn, *arrays):
    """Under jit the same as eager."""
    assert_same(jax.jit(fn)(*arrays), fn(*arrays))


def assert_vmap(fn, *arrays):
    """Mapped over a leading axis the same as one by one."""
    rows = [fn(*row) for row in zip(*arrays, strict=True)]
    assert_same(jax.vmap(fn)(*arrays), jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows))


def assert_compiled_once(fn, caplog, *arrays):
    """A second eager call, with other values, compiles nothing."""
    jax.block_until_ready(fn(*arrays))
    others = [a + 0 for a in arrays]
    with jax.log_compiles():
        caplog.clear()
        fn(*others)
    assert not [r for r in caplog.records if "Compiling" in r.getMessage()]


def assert_slopes(fn, *arrays, step=1e-6, rtol=1e-6):
    """Forward and reverse mode against a central difference along a direction, in float64."""
    rng = np.random.default_rng(0)
    directions = [jnp.asarray(rng.normal(size=a.shape)) for a in arrays]
    assert all(a.dtype == jnp.float64 for a in arrays), "differences need float64"

    def along(sign):
        moved = [a + sign * step * d for a, d in zip(arrays, directions, strict=True)]
        return fn(*moved)

    slope = (along(1) - along(-1)) / (2 * step)
    value, forward = jax.jvp(fn, tuple(arrays), tuple(directions))
    assert_same(forward, slope, rtol=rtol)
    cotangent = jnp.asarray(rng.normal(size=value.shape))
    _, pull = jax.vjp(fn, *arrays)
    inner = sum(jnp.vdot(g, d) for g, d in zip(pull(cotangent), directions, strict=True))
    assert_same(inner, jnp.vdot(cotangent, forward), rtol=1e-10)


def assert_invariants(fn, caplog, *arrays):
    """jit = eager, vmap = loop and nothing compiled twice, on float32 arrays of any shape."""
    assert_jit(fn, *arrays)
    assert_vmap(fn, *(jnp.stack([a, a * a.dtype.type(0.5)]) for a in arrays))
    assert_compiled_once(fn, caplog, *arrays)
