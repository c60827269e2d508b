"""What the compiler changes: reassociation, excess precision, contraction; eager roundings."""

import numpy as np

from ..case import Case, f32

_X = np.random.RandomState(0).rand(32).astype(np.float32)
_BARRIER = "https://docs.jax.dev/en/latest/_autosummary/jax.lax.optimization_barrier.html"
_REDUCE = "https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce_precision.html"
_ACCURACY = "https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html"

CASES = (
    Case(
        family="numerics",
        name="(x + 1e8) - 1e8 under jit",
        inputs={"x": f32([0.5, 3.0, 5.0])},
        torch="(x + 1e8) - 1e8",
        jax="jax.jit(lambda x: (x + 1e8) - 1e8)(x)",
        remedy="jax.jit(lambda x: jax.lax.optimization_barrier(x + 1e8) - 1e8)(x)",
        verdict_jax="value",
        why="The compiler cancels the constants and gives x; PyTorch gives what the rounding left.",
        link=_BARRIER,
    ),
    Case(
        family="numerics",
        name="rounded by adding 1.5 times 2 to the power 23, under jit",
        inputs={"x": f32([0.4, 1.5, -2.7])},
        torch="(x + 12582912.0) - 12582912.0",
        jax="jax.jit(lambda x: (x + 12582912.0) - 12582912.0)(x)",
        remedy="jax.jit(jnp.round)(x)",
        verdict_jax="value",
        why="The old trick for rounding is cancelled by the compiler.",
        link=_BARRIER,
    ),
    Case(
        family="numerics",
        name="a compensated sum under jit",
        inputs={"x": f32([1e8, 1.0, 1.0, 1.0, 1.0, 1.0])},
        torch="""\
s, c = torch.zeros(()), torch.zeros(())
for v in x:
    y = v - c
    t = s + y
    c, s = (t - s) - y, t
s""",
        jax="""\
@jax.jit
def kahan(x):
    s, c = jnp.float32(0), jnp.float32(0)
    for v in x:
        y = v - c
        t = s + y
        c, s = (t - s) - y, t
    return s

kahan(x)""",
        why="Kahan's correction survives the compiler, which has no constants to cancel here.",
        link=_BARRIER,
    ),
    Case(
        family="numerics",
        name="a rounding to bfloat16 or float16 and back, under jit",
        inputs={"x": f32([1.001, 3.14159])},
        torch="[x.bfloat16().float(), x.half().float()]",
        jax="jax.jit(lambda x: [x.astype(d).astype(x.dtype) for d in (jnp.bfloat16, "
        "jnp.float16)])(x)",
        why="The compiler keeps the rounding; jax.lax.reduce_precision asks for it by name.",
        link=_REDUCE,
    ),
    Case(
        family="numerics",
        name="(x 3) / 3 under jit",
        inputs={"x": _X},
        torch="(x * 3) / 3",
        jax="jax.jit(lambda x: (x * 3) / 3)(x)",
        why="The compiler multiplies the constants up; a last bit in some elements.",
        link=_ACCURACY,
    ),
    Case(
        family="numerics",
        name="x / 3, a reciprocal",
        inputs={"x": _X},
        torch="x / 3",
        jax="x / 3",
        why="JAX divides by a constant through its reciprocal; a last bit in some elements.",
        link=_ACCURACY,
    ),
    Case(
        family="numerics",
        name="the rounding error of a product, contracted under jit",
        inputs={"a": _X, "b": _X[::-1].copy()},
        torch="""\
c = a * b
a * b - c""",
        jax="""\
c = a * b
jax.jit(lambda a, b, c: a * b - c)(a, b, c)""",
        why="0 in PyTorch; some 1e-9 where the compiler contracts a product and a difference "
        "to one rounding, which is within the tolerance and not the same bits.",
        link=_ACCURACY,
    ),
    Case(
        family="numerics",
        name="a a - b b under jit",
        inputs={"a": _X, "b": _X + np.float32(1e-4)},
        torch="a * a - b * b",
        jax="jax.jit(lambda a, b: a * a - b * b)(a, b)",
        why="One of the products is contracted into the difference: other digits, within "
        "tolerance.",
        link=_ACCURACY,
    ),
    Case(
        family="numerics",
        name="0 / x and x - x of NaN and infinity under jit",
        inputs={"x": f32([np.nan, np.inf, 0.0, 2.0])},
        torch="[0 / x, x - x, x / x]",
        jax="jax.jit(lambda x: [0 / x, x - x, x / x])(x)",
        why="The compiler leaves NaN where it belongs.",
        link=_ACCURACY,
    ),
)
