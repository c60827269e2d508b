"""What raises where a dtype, an argument or a value cannot be."""

import numpy as np

from ..case import Case, c64, f32, i32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_JAX = "https://docs.jax.dev/en/latest/"
_DTYPES = "https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype"
_LINALG = _DOCS + "torch.linalg."
_X = f32([1.0, 2.0, 3.0])
_N = i32([7, -7])
_SQUARE = f32([[1.0, 2.0], [2.0, 4.0]])

CASES = (
    Case(
        family="errors",
        name="the matrix product of float32 and float64",
        inputs={"x": f32([[1.0]]), "y": np.array([[2.0]])},
        torch="x @ y",
        jax="x @ y",
        verdict_jax="error",
        x64=True,
        why=(
            "PyTorch refuses to mix dtypes in a product of matrices; no remedy is needed, JAX "
            "promotes as for a sum."
        ),
        link=_DOCS + "torch.matmul.html",
    ),
    Case(
        family="errors",
        name="the mean of integers",
        inputs={"x": _N},
        torch="x.mean()",
        jax="x.mean()",
        remedy="""\
if not jnp.issubdtype(x.dtype, jnp.inexact):
    raise TypeError("mean of integers")
x.mean()""",
        verdict_jax="error",
        why="PyTorch refuses, JAX gives a float.",
        link=_DOCS + "torch.mean.html",
    ),
    Case(
        family="errors",
        name="the standard deviation of integers",
        inputs={"x": _N},
        torch="x.std()",
        jax="x.std(ddof=1)",
        jaxgrad="T.std(x)",
        verdict_jax="error",
        why="PyTorch refuses, JAX gives a float.",
        link=_DOCS + "torch.std.html",
    ),
    Case(
        family="errors",
        name="integers truly divided by 0",
        inputs={"x": _N},
        torch="x / 0",
        jax="x / 0",
        why="A true division is one of floats: inf and -inf on both sides.",
        link=_DOCS + "torch.div.html",
    ),
    Case(
        family="errors",
        name="an integer to a negative power",
        inputs={"x": _N},
        torch="x ** -1",
        jax="x ** -1",
        why="Both refuse, as the result would not be an integer.",
        link=_DOCS + "torch.pow.html",
    ),
    Case(
        family="errors",
        name="negative booleans",
        inputs={"m": np.array([True, False])},
        torch="-m",
        jax="-m",
        why="Both refuse: ~ is what is meant.",
        link=_DOCS + "torch.neg.html",
    ),
    Case(
        family="errors",
        name="bitwise and of floats",
        inputs={"x": _X},
        torch="x & x",
        jax="x & x",
        why="Both refuse: bits of floats are reached by a view.",
        link=_DOCS + "torch.bitwise_and.html",
    ),
    Case(
        family="errors",
        name="shifting by a negative number",
        inputs={"x": i32([8])},
        torch="x << -1",
        jax="x << -1",
        why="Neither refuses: the result is 0 on both sides, where Python raises.",
        link=_DOCS + "torch.bitwise_left_shift.html",
    ),
    Case(
        family="errors",
        name="comparing complex numbers",
        inputs={"z": c64([1 + 1j, 2])},
        torch="z > 1",
        jax="z > 1",
        remedy="""\
if jnp.iscomplexobj(z):
    raise TypeError("complex numbers have no order")
z > 1""",
        verdict_jax="error",
        why="PyTorch refuses, JAX orders by the real part as NumPy does.",
        link=_DOCS + "torch.gt.html",
    ),
    Case(
        family="errors",
        name="the largest of complex numbers",
        inputs={"z": c64([1 + 1j, 2])},
        torch="z.max()",
        jax="z.max()",
        remedy="""\
if jnp.iscomplexobj(z):
    raise TypeError("complex numbers have no order")
z.max()""",
        verdict_jax="error",
        why="PyTorch refuses, JAX orders by the real part as NumPy does.",
        link=_DOCS + "torch.max.html",
    ),
    Case(
        family="errors",
        name="a complex number made a float",
        inputs={"z": c64([1 + 2j])},
        torch="z.float()",
        jax="z.astype(jnp.float32)",
        why="Both drop the imaginary part and warn.",
        link=_DOCS + "torch.Tensor.to.html",
    ),
    Case(
        family="errors",
        name="a number too large for uint8",
        torch="torch.tensor(300, dtype=torch.uint8)",
        jax="jnp.array(300, dtype=jnp.uint8)",
        why="Both refuse a Python number that does not fit, where it makes the array.",
        link=_DOCS + "torch.tensor.html",
    ),
    Case(
        family="errors",
        name="adding a Python number too large for uint8",
        inputs={"x": np.array([200], np.uint8)},
        torch="x + 300",
        jax="x + 300",
        why=(
            "A Python number takes the dtype of the array: 300 becomes 44 on both sides, without "
            "an error."
        ),
        link=_JAX + "type_promotion.html",
    ),
    Case(
        family="errors",
        name="arange with a step of 0",
        torch="torch.arange(0, 3, 0)",
        jax="jnp.arange(0, 3, 0)",
        why="Both refuse: a RuntimeError in PyTorch, a ZeroDivisionError in JAX.",
        link=_DOCS + "torch.arange.html",
    ),
    Case(
        family="errors",
        name="arange with a step in the wrong direction",
        torch="torch.arange(3, 0)",
        jax="jnp.arange(3, 0)",
        remedy="""\
start, end = 3, 0
if end < start:
    raise ValueError("the end lies before the start")
jnp.arange(start, end)""",
        verdict_jax="error",
        why="PyTorch refuses, JAX gives no elements as Python's range does.",
        link=_DOCS + "torch.arange.html",
    ),
    Case(
        family="errors",
        name="topk of more than there are",
        inputs={"x": _X},
        torch="torch.topk(x, 5)",
        jax="jax.lax.top_k(x, 5)",
        jaxgrad="T.topk(x, 5)",
        why="All three refuse.",
        link=_DOCS + "torch.topk.html",
    ),
    Case(
        family="errors",
        name="kthvalue of 0",
        inputs={"x": _X},
        torch="torch.kthvalue(x, 0).values",
        jax="""\
k = 0
jnp.sort(x)[k - 1]""",
        remedy="""\
k = 0
if not 1 <= k <= len(x):
    raise ValueError("k is out of range")
jnp.sort(x)[k - 1]""",
        verdict_jax="error",
        why="PyTorch counts from 1; by the index k - 1 JAX reads the last element.",
        link=_DOCS + "torch.kthvalue.html",
    ),
    Case(
        family="errors",
        name="quantile of 1.5",
        inputs={"x": _X},
        torch="torch.quantile(x, 1.5)",
        jax="jnp.quantile(x, 1.5)",
        jaxgrad="T.quantile(x, 1.5)",
        verdict_jax="error",
        why="PyTorch refuses; JAX gives the largest.",
        link=_DOCS + "torch.quantile.html",
    ),
    Case(
        family="errors",
        name="clamp without bounds",
        inputs={"x": _X},
        torch="torch.clamp(x)",
        jax="jnp.clip(x)",
        jaxgrad="T.clamp(x)",
        verdict_jax="error",
        why="PyTorch wants one bound at least; JAX gives back x.",
        link=_DOCS + "torch.clamp.html",
    ),
    Case(
        family="errors",
        name="the inverse of a singular matrix",
        inputs={"x": _SQUARE},
        torch="torch.linalg.inv(x)",
        jax="jnp.linalg.inv(x)",
        remedy="""\
inverse = jnp.linalg.inv(x)
if not jnp.isfinite(inverse).all():
    raise ValueError("the matrix is singular")
inverse""",
        verdict_jax="error",
        why="PyTorch raises, JAX gives infinities.",
        link=_LINALG + "inv.html",
    ),
    Case(
        family="errors",
        name="solving with a singular matrix",
        inputs={"x": _SQUARE, "y": f32([1.0, 1.0])},
        torch="torch.linalg.solve(x, y)",
        jax="jnp.linalg.solve(x, y)",
        remedy="""\
solution = jnp.linalg.solve(x, y)
if not jnp.isfinite(solution).all():
    raise ValueError("the matrix is singular")
solution""",
        verdict_jax="error",
        why="PyTorch raises, JAX gives infinities or NaN.",
        link=_LINALG + "solve.html",
    ),
    Case(
        family="errors",
        name="the Cholesky factor of a matrix that has none",
        inputs={"x": f32([[1.0, 2.0], [2.0, 1.0]])},
        torch="torch.linalg.cholesky(x)",
        jax="jnp.linalg.cholesky(x)",
        remedy="""\
factor = jnp.linalg.cholesky(x)
if jnp.isnan(factor).any():
    raise ValueError("the matrix is not positive definite")
factor""",
        verdict_jax="error",
        why="PyTorch raises, JAX gives NaN.",
        link=_LINALG + "cholesky.html",
    ),
    Case(
        family="errors",
        name="an unknown dtype",
        inputs={"x": _X},
        torch='x.to("float31")',
        jax='x.astype("float31")',
        why="Both refuse; PyTorch takes the string for a device.",
        link=_DTYPES,
    ),
    Case(
        family="errors",
        name="an argument that there is not",
        inputs={"x": _X},
        torch="torch.softmax(x, dim=0, temperature=2.0)",
        jax="jax.nn.softmax(x, axis=0, temperature=2.0)",
        why="A TypeError on both sides.",
        link=_DOCS + "torch.nn.functional.softmax.html",
    ),
    Case(
        family="errors",
        name="a list where a tensor is wanted",
        torch="torch.sum([1.0, 2.0])",
        jax="jnp.sum([1.0, 2.0])",
        why="Both refuse lists; NumPy would convert them.",
        link=_JAX + "errors.html",
    ),
    Case(
        family="errors",
        name="a NumPy array where a tensor is wanted",
        torch="torch.sum(np.array([1.0, 2.0], np.float32))",
        jax="jnp.sum(np.array([1.0, 2.0], np.float32))",
        verdict_jax="error",
        why="PyTorch refuses; no remedy is needed, JAX takes NumPy's arrays.",
        link=_DOCS + "torch.from_numpy.html",
    ),
    Case(
        family="errors",
        name="a NumPy array times a tensor",
        inputs={"x": _X},
        torch="np.array([1.0, 2.0, 3.0], np.float32) * x",
        jax="np.array([1.0, 2.0, 3.0], np.float32) * x",
        verdict_jax="error",
        why=(
            "NumPy leaves the product to the tensor, which does not know NumPy's arrays; no "
            "remedy is needed, JAX does."
        ),
        link=_DOCS + "torch.from_numpy.html",
    ),
    Case(
        family="errors",
        name="a condition of floats",
        inputs={"x": _X, "m": f32([1.0, 0.0, 1.0])},
        torch="torch.where(m, x, 0.0)",
        jax="jnp.where(m, x, 0.0)",
        remedy="""\
if m.dtype != bool:
    raise TypeError("the condition must be boolean")
jnp.where(m, x, 0.0)""",
        verdict_jax="error",
        why="PyTorch wants booleans; JAX takes all but 0 for true.",
        link=_DOCS + "torch.where.html",
    ),
    Case(
        family="errors",
        name="one_hot of floats",
        inputs={"x": f32([0.0, 1.0])},
        torch="F.one_hot(x, 2)",
        jax="jax.nn.one_hot(x, 2)",
        remedy="""\
if not jnp.issubdtype(x.dtype, jnp.integer):
    raise TypeError("classes must be integers")
jax.nn.one_hot(x, 2)""",
        verdict_jax="error",
        why="PyTorch wants integers; JAX compares the floats with the classes.",
        link=_DOCS + "torch.nn.functional.one_hot.html",
    ),
    Case(
        family="errors",
        name="searchsorted of integers among floats",
        inputs={"x": _X, "v": i32([2])},
        torch="torch.searchsorted(x, v)",
        jax="jnp.searchsorted(x, v)",
        why="Both compare them as floats.",
        link=_DOCS + "torch.searchsorted.html",
    ),
    Case(
        family="errors",
        name="gather with an index of int16",
        inputs={"x": _X, "i": np.array([0, 2], np.int16)},
        torch="torch.gather(x, 0, i)",
        jax="jnp.take_along_axis(x, i, 0)",
        verdict_jax="error",
        why="PyTorch wants int64 or int32; no remedy is needed, JAX takes any integers.",
        link=_DOCS + "torch.gather.html",
    ),
    Case(
        family="errors",
        name="scatter of another dtype",
        inputs={"x": _X, "i": np.array([0]), "u": np.array([5], np.int32)},
        torch="x.scatter(0, i, u)",
        jax="x.at[i].set(u)",
        verdict_jax="error",
        why="PyTorch wants one dtype; no remedy is needed, JAX converts what fits.",
        link=_DOCS + "torch.Tensor.scatter_.html",
    ),
    Case(
        family="errors",
        name="both a size and a scale",
        inputs={"x": np.ones((1, 1, 2, 2), np.float32)},
        torch="F.interpolate(x, size=4, scale_factor=2)",
        jax='jax.image.resize(x, (1, 1, 4, 4), "nearest")',
        verdict_jax="error",
        why="PyTorch refuses to be told twice; no remedy is needed, JAX has the shape only.",
        link=_DOCS + "torch.nn.functional.interpolate.html",
    ),
)
