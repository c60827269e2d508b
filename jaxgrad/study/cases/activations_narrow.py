"""Activations in float16, bfloat16 and float64."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional."
_HALF = np.array([-3.0, -0.7, 0.1, 1.7, 5.0], np.float16)

CASES = (
    Case(
        family="activations",
        name="gelu of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.gelu(x).view(torch.int16)",
        jax="jax.nn.gelu(x, approximate=False).view(jnp.int16)",
        jaxgrad="F.gelu(x).view(jnp.int16)",
        verdict_jax="value",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "gelu.html",
    ),
    Case(
        family="activations",
        name="softmax of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.softmax(x, 0).view(torch.int16)",
        jax="jax.nn.softmax(x).view(jnp.int16)",
        jaxgrad="F.softmax(x, 0).view(jnp.int16)",
        verdict_jax="value",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "softmax.html",
    ),
    Case(
        family="activations",
        name="logsigmoid of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.logsigmoid(x).view(torch.int16)",
        jax="jax.nn.log_sigmoid(x).view(jnp.int16)",
        jaxgrad="F.logsigmoid(x).view(jnp.int16)",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "logsigmoid.html",
    ),
    Case(
        family="activations",
        name="selu of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.selu(x).view(torch.int16)",
        jax="jax.nn.selu(x).view(jnp.int16)",
        jaxgrad="F.selu(x).view(jnp.int16)",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "selu.html",
    ),
    Case(
        family="activations",
        name="mish of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.mish(x).view(torch.int16)",
        jax="jax.nn.mish(x).view(jnp.int16)",
        jaxgrad="F.mish(x).view(jnp.int16)",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "mish.html",
    ),
    Case(
        family="activations",
        name="softplus of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.softplus(x).view(torch.int16)",
        jax="jax.nn.softplus(x).view(jnp.int16)",
        jaxgrad="F.softplus(x).view(jnp.int16)",
        verdict_jax="value",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "softplus.html",
    ),
    Case(
        family="activations",
        name="silu of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.silu(x).view(torch.int16)",
        jax="jax.nn.silu(x).view(jnp.int16)",
        jaxgrad="F.silu(x).view(jnp.int16)",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "silu.html",
    ),
    Case(
        family="activations",
        name="hardswish of float16, bit for bit",
        inputs={"x": _HALF},
        torch="F.hardswish(x).view(torch.int16)",
        jax="jax.nn.hard_swish(x).view(jnp.int16)",
        jaxgrad="F.hardswish(x).view(jnp.int16)",
        verdict_jax="value",
        why=(
            "PyTorch and jaxgrad compute in float32 and round once; JAX rounds after "
            "each step where XLA does not fuse."
        ),
        link=_DOCS + "hardswish.html",
    ),
    Case(
        family="activations",
        name="softmax of float16 into float32",
        inputs={"x": _HALF},
        torch="F.softmax(x, 0, dtype=torch.float32)",
        jax="jax.nn.softmax(x.astype(jnp.float32))",
        jaxgrad="F.softmax(x, 0, dtype=jnp.float32)",
        why="Cast first.",
        link=_DOCS + "softmax.html",
    ),
    Case(
        family="activations",
        name="normalize with p = 0.5 along an axis of size 1, in bfloat16",
        inputs={"x": f32([[0.3], [0.07], [0.011], [-1.7], [0.9], [-0.003]])},
        torch="F.normalize(x.bfloat16(), p=0.5).float()",
        jax=(
            "y = x.astype(jnp.bfloat16)\n(y / jnp.linalg.norm(y, 0.5, 1, True)).astype(jnp.float32)"
        ),
        jaxgrad="F.normalize(x.astype(jnp.bfloat16), p=0.5).astype(jnp.float32)",
        grads=("x",),
        verdict_jax="value",
        verdict_jaxgrad="gradient",
        departs="right",
        oracle='x = x.astype(float)\n{"x": 1 / np.abs(x) - x * np.sign(x) / x**2}',
        why=(
            "The exact gradient is 0, the difference of two terms of size 1 / |x|. "
            "PyTorch rounds each of them to bfloat16; jaxgrad computes them in float32."
        ),
        link=_DOCS + "normalize.html",
    ),
    Case(
        family="activations",
        name="hardsigmoid in float64",
        inputs={"x": np.array([-1.0, 0.0, 2.0])},
        torch="F.hardsigmoid(x)",
        jax="jax.nn.hard_sigmoid(x)",
        jaxgrad="F.hardsigmoid(x)",
        grads=("x",),
        verdict_jax="gradient",
        verdict_jaxgrad="gradient",
        departs="right",
        oracle='{"x": np.where(np.abs(x) < 3, 1 / 6, 0)}',
        x64=True,
        why=(
            "The kernel of PyTorch for the derivative multiplies by 1 / 6 as a float32 "
            "number, 0.1666666716, in float64 too."
        ),
        link=_DOCS + "hardsigmoid.html",
    ),
)
