"""At the limits of dtypes, of options and of what a slope is multiplied with."""

import functools

import numpy as np

from ..case import Case, f32, i32

_case = functools.partial(Case, family="kinks")
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_SPECIAL = "https://docs.pytorch.org/docs/stable/special.html#torch.special."
_BLOWN = """\
x = x.requires_grad_()
torch.autograd.grad({}, x, c)[0]"""
_OURS = "jax.vjp({}, x)[1](c)[0]"
_CLOSE = """\
near = {0}(26, dtype={1}) / 1024
x = {2}([near, {3}(near)], 1) + 100
y = {4}(x, x)
[y[0, 1], y[25, 24]]"""

CASES = (
    _case(
        name="powers of integers, exponents of 64 and more",
        inputs={"x": i32([3, 3, 2]), "y": i32([64, 65, 70])},
        torch="torch.pow(x, y)",
        jax="jnp.power(x, y)",
        jaxgrad="T.pow(x, y)",
        verdict_jax="value",
        why="Products that wrap around; JAX reads six bits of the exponent: 3 to the 64th is 1.",
        link=_DOCS + "pow.html",
    ),
    _case(
        name="powers of integers, negative exponents",
        inputs={"x": i32([2, 3, 1, -1, -1]), "y": i32([-1, -7, -3, -3, -2])},
        torch="torch.pow(x, y)",
        jax="jnp.power(x, y)",
        jaxgrad="T.pow(x, y)",
        verdict_jax="value",
        why="0, but for the bases 1 and -1; JAX takes the exponent's last bits for a large one.",
        link=_DOCS + "pow.html",
    ),
    _case(
        name="exp2 of large whole numbers",
        inputs={"x": f32([127, 100, -126])},
        torch="torch.exp2(x)",
        jax="jnp.exp2(x)",
        jaxgrad="T.exp2(x)",
        verdict_jax="value",
        why="Exact powers of two; XLA's exp(x log 2) loses two digits near the ends of the range.",
        link=_DOCS + "exp2.html",
    ),
    _case(
        name="a subnormal number doubled is above 0",
        inputs={"x": f32([1e-40])},
        torch="x * 2 > 0",
        jax="x * 2 > 0",
        jaxgrad="T.maximum(x, x) * 2 > 0",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="limit",
        why="XLA's CPU code flushes subnormal numbers to 0 everywhere; PyTorch's keeps them.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.set_flush_denormal.html",
    ),
    _case(
        name="pow(x, -0.5) at -0 and -inf",
        inputs={"x": f32([-0.0, -np.inf])},
        torch="torch.pow(x, -0.5)",
        jax="jnp.power(x, -0.5)",
        jaxgrad="T.pow(x, -0.5)",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch takes the exponent -0.5 for rsqrt, -∞ at -0, but for 1.5 and its slope pow.",
        link=_DOCS + "pow.html",
    ),
    _case(
        name="tanh, its cotangent infinite",
        inputs={"x": f32([-0.5, 0, 0.5]), "c": f32([np.inf] * 3)},
        torch=_BLOWN.format("torch.tanh(x)"),
        jax=_OURS.format("jnp.tanh"),
        jaxgrad=_OURS.format("F.tanh"),
        verdict_jax="value",
        why="A loss that overflowed: the slope is finite, and ∞ comes out; in JAX NaN, ∞ - ∞.",
        link=_DOCS + "tanh.html",
    ),
    _case(
        name="gelu, its cotangent infinite",
        inputs={"x": f32([-0.5, 0, 0.5]), "c": f32([np.inf] * 3)},
        torch=_BLOWN.format("F.gelu(x)"),
        jax=_OURS.format("lambda x: jax.nn.gelu(x, approximate=False)"),
        jaxgrad=_OURS.format("F.gelu"),
        verdict_jax="value",
        why="PyTorch multiplies once, with the whole slope; JAX with each part of it.",
        link=_DOCS + "nn.functional.gelu.html",
    ),
    _case(
        name="silu, its cotangent infinite",
        inputs={"x": f32([-5, 0, 0.5]), "c": f32([np.inf] * 3)},
        torch=_BLOWN.format("F.silu(x)"),
        jax=_OURS.format("jax.nn.silu"),
        jaxgrad=_OURS.format("F.silu"),
        verdict_jax="value",
        why="PyTorch multiplies once, with the whole slope; JAX with each part of it.",
        link=_DOCS + "nn.functional.silu.html",
    ),
    _case(
        name="var along an axis, more corrected than it has elements",
        inputs={"x": f32([1, 2])},
        torch="torch.var(x, 0, correction=3)",
        jax="jnp.var(x, 0, ddof=3)",
        jaxgrad="T.var(x, 0, correction=3)",
        grads=("x",),
        verdict_jax="value",
        why="∞, with the slope 2 (x - mean) / -1: along an axis PyTorch divides by what is left.",
        link=_DOCS + "var.html",
    ),
    _case(
        name="var along no axis",
        inputs={"x": f32([1, 2, 4])},
        torch="torch.var(x, ())",
        jax="jnp.var(x, ddof=1)",
        jaxgrad="T.var(x, ())",
        grads=("x",),
        verdict_jaxgrad="gradient",
        departs="right",
        oracle='{"x": 2 * (x - x.mean()) / (x.size - 1)}',
        verdict_jax="gradient",
        why="Over all elements; PyTorch's gradient counts one element, less one, and is infinite.",
        link=_DOCS + "var.html",
    ),
    _case(
        name="logit with eps above a half",
        inputs={"x": f32([0.3, 0.7])},
        torch="torch.logit(x, 0.6)",
        jax="jax.scipy.special.logit(jnp.clip(x, 0.6, 1 - 0.6))",
        jaxgrad="T.logit(x, 0.6)",
        grads=("x",),
        verdict_jax="value",
        why="The lower bound comes first in PyTorch, the upper one wins in jnp.clip.",
        link=_DOCS + "logit.html",
    ),
    _case(
        name="i1 at NaN",
        inputs={"x": f32([np.nan])},
        torch="torch.special.i1(x)",
        jax="jax.scipy.special.i1(x)",
        jaxgrad="T.i1(x)",
        grads=("x",),
        verdict_jax="gradient",
        verdict_jaxgrad="gradient",
        departs="right",
        oracle='{"x": scipy.special.ivp(1, x)}',
        why="PyTorch's slope at NaN is 1/2, that at 0; ours is NaN.",
        link=_SPECIAL + "i1",
    ),
    _case(
        name="polygamma(6) at -5.5",
        inputs={"x": f32([-5.5])},
        torch="torch.polygamma(6, x)",
        jax="jax.scipy.special.polygamma(6, x)",
        jaxgrad="T.polygamma(6, x)",
        verdict_jax="value",
        why="Halfway between two poles; JAX takes a series that is good for positive numbers.",
        link=_SPECIAL + "polygamma",
    ),
    _case(
        name="quantile of bfloat16",
        inputs={"x": f32([1, 2, 4])},
        torch="torch.quantile(x.to(torch.bfloat16), 0.5)",
        jax="jnp.quantile(x.astype(jnp.bfloat16), 0.5)",
        jaxgrad="T.quantile(x.astype(jnp.bfloat16), 0.5)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="np.quantile(x, 0.5)",
        why="PyTorch has quantiles of float32 and float64 only.",
        link=_DOCS + "quantile.html",
    ),
    _case(
        name="cdist of 26 close rows",
        torch=_CLOSE.format(
            "torch.arange", "torch.float32", "torch.stack", "torch.zeros_like", "torch.cdist"
        ),
        jax=_CLOSE.format(
            "jnp.arange",
            "jnp.float32",
            "jnp.stack",
            "jnp.zeros_like",
            "(lambda a, b: jnp.linalg.norm(a[:, None] - b[None], axis=-1))",
        ),
        jaxgrad=_CLOSE.format(
            "jnp.arange", "jnp.float32", "jnp.stack", "jnp.zeros_like", "T.cdist"
        ),
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
near = np.arange(26) / 1024
[near[1] - near[0], near[25] - near[24]]""",
        why="1/1024; beyond 25 rows PyTorch expands the square, which cancels: 0.",
        link=_DOCS + "cdist.html",
    ),
    _case(
        name="the gradient of a float16 softmax that is nearly certain",
        inputs={"x": np.array([8, 0], np.float16), "c": np.array([1, 0], np.float16)},
        torch=_BLOWN.format("F.softmax(x, 0)"),
        jax=_OURS.format("jax.nn.softmax"),
        jaxgrad=_OURS.format("lambda x: F.softmax(x, 0)"),
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
y = scipy.special.softmax(x.astype(float))
y * (c - y @ c)""",
        why="y (1 - y): PyTorch takes y as rounded to float16, off by half; jaxgrad before that.",
        link=_DOCS + "nn.functional.softmax.html",
    ),
)
