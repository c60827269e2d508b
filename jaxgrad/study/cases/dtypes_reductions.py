"""The dtypes of sums, means and functions of narrow integers, and what is refused."""

import numpy as np

from ..case import Case, f32, i32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_ATTRIBUTES = "https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype"
_GRADS = "https://docs.pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad"

CASES = (
    Case(
        family="dtypes",
        name="the sign of a mask",
        inputs={"x": np.array([True, False])},
        torch="torch.sign(x)",
        jax="jnp.sign(x)",
        jaxgrad="T.sign(x)",
        verdict_jax="error",
        why="PyTorch gives the mask again; JAX refuses.",
        link=_DOCS + "sign.html",
    ),
    Case(
        family="dtypes",
        name="the accuracy as the mean of a comparison",
        inputs={"p": i32([1, 0, 2]), "t": i32([1, 0, 0])},
        torch="(p == t).mean()",
        jax="(p == t).mean()",
        verdict_jax="error",
        why="PyTorch refuses means of truth values and of integers, JAX gives float32; no "
        "remedy is called for, and with (p == t).float().mean() the two agree.",
        link=_DOCS + "mean.html",
    ),
    Case(
        family="dtypes",
        name="the standard deviation of integers",
        inputs={"x": i32([1, 2, 4])},
        torch="torch.std(x)",
        jax="jnp.std(x, ddof=1)",
        jaxgrad="T.std(x)",
        verdict_jax="error",
        why="PyTorch refuses, JAX gives float32.",
        link=_DOCS + "std.html",
    ),
    Case(
        family="dtypes",
        name="the median of integers",
        inputs={"x": i32([1, 2, 4, 8])},
        torch="torch.median(x)",
        jax="jnp.median(x)",
        jaxgrad="T.median(x)",
        verdict_jax="dtype",
        why="PyTorch gives the lower of the middle two, an integer; JAX their mean, a float.",
        link=_DOCS + "median.html",
    ),
    Case(
        family="dtypes",
        name="uint8 summed",
        inputs={"x": np.array([200, 100], np.uint8)},
        torch="x.sum()",
        jax="x.sum()",
        remedy="x.sum(dtype=jnp.int32)",
        verdict_jax="dtype",
        why="PyTorch sums in int64, JAX in uint32.",
        link=_DOCS + "sum.html",
    ),
    Case(
        family="dtypes",
        name="int32 summed beyond its range",
        inputs={"x": i32([2**31 - 1, 1])},
        torch="x.sum()",
        jax="x.sum()",
        remedy="""\
with jax.enable_x64(True):
    y = x.sum(dtype=jnp.int64)
y""",
        verdict_jax="value",
        why="PyTorch sums in int64; JAX wraps.",
        link=_DOCS + "sum.html",
    ),
    Case(
        family="dtypes",
        name="int8 accumulated beyond 127",
        inputs={"x": np.array([100, 100], np.int8)},
        torch="x.cumsum(0)",
        jax="x.cumsum(0)",
        remedy="x.cumsum(0, dtype=jnp.int32)",
        verdict_jax="dtype",
        why="PyTorch accumulates in int64, JAX in int8.",
        link=_DOCS + "cumsum.html",
    ),
    Case(
        family="dtypes",
        name="the sigmoid of integers",
        inputs={"x": i32([0, 1])},
        torch="torch.sigmoid(x)",
        jax="jax.nn.sigmoid(x)",
        jaxgrad="F.sigmoid(x)",
        verdict_jax="error",
        why="PyTorch gives float32, JAX refuses integers.",
        link=_DOCS + "sigmoid.html",
    ),
    Case(
        family="dtypes",
        name="softmax of integers",
        inputs={"x": i32([0, 1])},
        torch="torch.softmax(x, 0)",
        jax="jax.nn.softmax(x)",
        jaxgrad="F.softmax(x, 0)",
        verdict_jax="error",
        why="PyTorch has no softmax of integers and refuses; JAX gives float32.",
        link=_DOCS + "softmax.html",
    ),
    Case(
        family="dtypes",
        name="integers clamped at a float",
        inputs={"x": i32([-2, 0, 2])},
        torch="torch.clamp(x, -0.5, 1.5)",
        jax="jnp.clip(x, -0.5, 1.5)",
        jaxgrad="T.clamp(x, -0.5, 1.5)",
        why="The bounds promote on both sides.",
        link=_DOCS + "clamp.html",
    ),
    Case(
        family="dtypes",
        name="a product of an integer and a float matrix",
        inputs={"x": i32([[1, 2], [3, 4]]), "y": f32([[1, 0], [0, 1]])},
        torch="x @ y",
        jax="x @ y",
        remedy="""\
with jax.numpy_dtype_promotion('strict'):
    y = x @ y
y""",
        verdict_jax="error",
        why="PyTorch refuses mixed dtypes in a matrix product, JAX promotes unless told to be"
        " strict.",
        link=_DOCS + "matmul.html",
    ),
    Case(
        family="dtypes",
        name="a layer in bfloat16 on an input in float32",
        inputs={"x": f32([[1, 2]]), "w": f32([[1, 1]])},
        torch="F.linear(x, w.bfloat16())",
        jax="x @ w.astype(jnp.bfloat16).T",
        remedy="""\
with jax.numpy_dtype_promotion('strict'):
    y = x @ w.astype(jnp.bfloat16).T
y""",
        verdict_jax="error",
        why="PyTorch refuses; JAX promotes, and the layer runs in float32 unless promotion is"
        " strict.",
        link=_DOCS + "nn.functional.linear.html",
    ),
    Case(
        family="dtypes",
        name="a float written into integers",
        inputs={"x": i32([1, 2])},
        torch="""\
x[0] = 2.7
x""",
        jax="x.at[0].set(2.7)",
        why="Cut to 2 on both sides; JAX warns that it will refuse.",
        link=_ATTRIBUTES,
    ),
    Case(
        family="dtypes",
        name="a float added in place to integers",
        inputs={"x": i32([1, 2])},
        torch="""\
x += 0.5
x""",
        jax="""\
x += 0.5
x""",
        verdict_jax="error",
        why="PyTorch cannot keep the result in the integers and refuses; in JAX the name is "
        "bound to a new float array, and there is no remedy: nothing is in place that "
        "could refuse.",
        link=_ATTRIBUTES,
    ),
    Case(
        family="dtypes",
        name="the mean of float16 beyond 65504 in sum",
        inputs={"x": np.full(4096, 100.0, np.float16)},
        torch="[x.mean(), x.sum()]",
        jax="[x.mean(), x.sum()]",
        why="Both sum in float32 and round at the end, so that only the sum itself is infinite.",
        link=_DOCS + "mean.html",
    ),
    Case(
        family="dtypes",
        name="the gradient with respect to integers",
        inputs={"i": i32([1, 2])},
        torch="i.requires_grad_()",
        jax="jax.grad(lambda i: (i * 2.0).sum())(i)",
        jaxgrad="backward(lambda i: (i * 2.0).sum())(i)[1]",
        why="Both refuse: only floats have gradients.",
        link=_GRADS,
    ),
)
