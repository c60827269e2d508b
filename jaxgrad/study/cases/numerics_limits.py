"""Subnormal numbers, signed zeros, sums in few bits and other limits of the numbers."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_FLUSH = _DOCS + "set_flush_denormal.html"
_ACCURACY = "https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html"
_TINY = f32([1e-40])

CASES = (
    Case(
        family="numerics",
        name="a subnormal number over itself",
        inputs={"x": _TINY},
        torch="x / x",
        jax="x / x",
        verdict_jax="value",
        why="XLA's CPU code takes subnormal numbers for 0, so that 0 / 0 gives NaN; there is "
        "no remedy but to scale before.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="the logarithm of a subnormal number",
        inputs={"x": _TINY},
        torch="torch.log(x)",
        jax="jnp.log(x)",
        verdict_jax="value",
        why="XLA's CPU code takes subnormal numbers for 0, and its logarithm for -inf; there "
        "is no remedy but to keep logarithms.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="the exponential of -100",
        inputs={"x": f32([-100])},
        torch="torch.exp(x) > 0",
        jax="jnp.exp(x) > 0",
        verdict_jax="value",
        why="3.8e-44 is subnormal, which XLA's CPU code flushes to 0; there is no remedy but "
        "to keep the logarithm.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="gradual underflow, 1e-38 / 10",
        inputs={"x": f32([1e-38])},
        torch="x / 10 > 0",
        jax="x / 10 > 0",
        verdict_jax="value",
        why="The quotient is subnormal, which XLA's CPU code flushes to 0; there is no remedy"
        " but to scale.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="the difference of two unequal small numbers",
        inputs={"x": f32([1.5e-38]), "y": f32([1.2e-38])},
        torch="(x - y == 0) == (x == y)",
        jax="(x - y == 0) == (x == y)",
        verdict_jax="value",
        why="x - y is subnormal and flushed to 0 by XLA's CPU code although x and y differ; "
        "there is no remedy but to compare x and y.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="float16 subnormals",
        inputs={"x": np.array([6e-8, 3e-6], np.float16)},
        torch="x * 2 > x",
        jax="x * 2 > x",
        why="In float16 nothing is flushed: the arithmetic runs in float32.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="float64 subnormals",
        inputs={"x": np.array([1e-310])},
        torch="x / x",
        jax="x / x",
        verdict_jax="value",
        x64=True,
        why="XLA's CPU code takes subnormal numbers for 0, in float64 too; there is no remedy"
        " but to scale before.",
        link=_FLUSH,
    ),
    Case(
        family="numerics",
        name="maximum and minimum of -0 and 0",
        inputs={"x": f32([-0.0]), "y": f32([0.0])},
        torch="[1 / torch.maximum(x, y), 1 / torch.minimum(y, x)]",
        jax="[1 / jnp.maximum(x, y), 1 / jnp.minimum(y, x)]",
        jaxgrad="[1 / T.maximum(x, y), 1 / T.minimum(y, x)]",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="[1 / np.where(np.signbit(x), y, x), 1 / np.where(np.signbit(x), x, y)]",
        why="PyTorch takes them for equal and gives one or the other by the length of the array; "
        "JAX and jaxgrad order -0 before 0, as IEEE 754-2019 does.",
        link=_DOCS + "maximum.html",
    ),
    Case(
        family="numerics",
        name="the sign of -0",
        inputs={"x": f32([-0.0])},
        torch="1 / torch.sign(x)",
        jax="1 / jnp.sign(x)",
        jaxgrad="1 / T.sign(x)",
        verdict_jax="value",
        why="0 in PyTorch, -0 in JAX; 1 over it tells them apart.",
        link=_DOCS + "sign.html",
    ),
    Case(
        family="numerics",
        name="the absolute value and the rounding of -0",
        inputs={"x": f32([-0.0])},
        torch="[1 / x.abs(), 1 / (x + 0.0), 1 / torch.round(x)]",
        jax="[1 / jnp.abs(x), 1 / (x + 0.0), 1 / jnp.round(x)]",
        why="0, 0 and -0 on both sides.",
        link=_DOCS + "abs.html",
    ),
    Case(
        family="numerics",
        name="the sum of -0",
        inputs={"x": f32([-0.0])},
        torch="1 / x.sum()",
        jax="1 / x.sum()",
        remedy="1 / (x.sum() + 0.0)",
        verdict_jax="value",
        why="PyTorch's sum starts from 0 and ends there, JAX's is -0.",
        link=_DOCS + "sum.html",
    ),
    Case(
        family="numerics",
        name="infinity times 0 under jit",
        inputs={"x": f32([np.inf, -np.inf, np.nan])},
        torch="x * 0",
        jax="jax.jit(lambda x: x * 0)(x)",
        why="The compiler leaves it alone as well.",
        link=_DOCS + "mul.html",
    ),
    Case(
        family="numerics",
        name="sqrt(x x) at 0, its gradient",
        inputs={"x": f32([0.0])},
        torch="torch.sqrt(x * x)",
        jax="jnp.sqrt(x * x)",
        grads=("x",),
        why="Infinity times 0: NaN on both sides.",
        link=_DOCS + "sqrt.html",
    ),
    Case(
        family="numerics",
        name="sums of float16",
        inputs={"x": np.array([2048] + [1] * 2048, np.float16)},
        torch="[x.sum(), x.mean()]",
        jax="[x.sum(), x.mean()]",
        why="Summed in float32 and rounded once, on both sides; one by one in float16 the "
        "ones would be lost.",
        link=_DOCS + "sum.html",
    ),
    Case(
        family="numerics",
        name="a running sum of float16",
        inputs={"x": np.array([2048, 1, 1, 1, 1], np.float16)},
        torch="x.cumsum(0)",
        jax="x.cumsum(0)",
        remedy="x.astype(jnp.float32).cumsum(0).astype(x.dtype)",
        verdict_jax="value",
        why="PyTorch sums in float32 and rounds every step; JAX adds in float16 and stays at 2048.",
        link=_DOCS + "cumsum.html",
    ),
    Case(
        family="numerics",
        name="a million tenths",
        inputs={"n": 1000000},
        torch="""\
x = torch.full((n,), 0.1)
[x.sum(), x.cumsum(0)[-1]]""",
        jax="""\
x = jnp.full(n, 0.1)
[x.sum(), x.cumsum(0)[-1]]""",
        why="Neither adds one by one, which would be off by a percent; the two trees differ "
        "in the last digits.",
        link=_ACCURACY,
    ),
    Case(
        family="numerics",
        name="the variance far from 0",
        inputs={"x": f32(10000 + np.linspace(-1.5, 1.5, 1000))},
        torch="torch.var(x)",
        jax="jnp.var(x, ddof=1)",
        jaxgrad="T.var(x)",
        why="Neither subtracts squares, which float32 would not survive.",
        link=_DOCS + "var.html",
    ),
    Case(
        family="numerics",
        name="bucketize of a value equal to an edge",
        inputs={"x": f32([0, 0.5, 1]), "e": f32([0, 0.5, 1])},
        torch="torch.bucketize(x, e)",
        jax="jnp.digitize(x, e)",
        remedy="jnp.digitize(x, e, right=True)",
        verdict_jax="value",
        why="The two mean the opposite by right: PyTorch puts an edge into the bin that it "
        "ends, JAX into the one that it begins.",
        link=_DOCS + "bucketize.html",
    ),
    Case(
        family="numerics",
        name="histc with values outside, at the end and NaN",
        inputs={"x": f32([0, 0.5, 1, 2, np.nan])},
        torch="torch.histc(x, bins=2, min=0.0, max=1.0)",
        jax="jnp.histogram(x, 2, (0.0, 1.0))[0].astype(jnp.float32)",
        why="What lies outside is dropped; the last bin is closed.",
        link=_DOCS + "histc.html",
    ),
)
