"""The dtypes that constructors, indices and counts come in, and what 64-bit types change."""

import numpy as np

from ..case import Case, f32, i32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_X64 = "https://docs.jax.dev/en/latest/default_dtypes.html"
_FINFO = "https://docs.pytorch.org/docs/stable/type_info.html"
_PROMOTION = "https://docs.jax.dev/en/latest/type_promotion.html"

CASES = (
    Case(
        family="dtypes",
        name="a tensor from a whole number",
        torch="torch.tensor(1)",
        jax="jnp.array(1)",
        why="PyTorch gives int64, JAX int32 unless 64-bit types are on; the study takes the "
        "two for the same.",
        link=_DOCS + "tensor.html",
    ),
    Case(
        family="dtypes",
        name="tensors from floats, mixed lists and complex numbers",
        torch="[torch.tensor(1.5), torch.tensor([1, 2.5]), torch.tensor(1 + 2j)]",
        jax="[jnp.array(1.5), jnp.array([1, 2.5]), jnp.array(1 + 2j)]",
        why="float32 and complex64: PyTorch by its default dtype, JAX for want of 64-bit types.",
        link=_DOCS + "tensor.html",
    ),
    Case(
        family="dtypes",
        name="a tensor from a NumPy array of float64",
        inputs={"x": np.array([0.1, 1e300])},
        torch="torch.as_tensor(x)",
        jax="jnp.asarray(x)",
        remedy="""\
with jax.enable_x64(True):
    y = jnp.asarray(np.array([0.1, 1e300]))
y""",
        verdict_jax="dtype",
        why="JAX narrows float64 to float32 without a word, and 1e300 to infinity.",
        link=_DOCS + "as_tensor.html",
    ),
    Case(
        family="dtypes",
        name="a tensor from a NumPy array beyond int32",
        torch="torch.as_tensor(np.array([2**40, 7]))",
        jax="jnp.asarray(np.array([2**40, 7]))",
        remedy="""\
with jax.enable_x64(True):
    y = jnp.asarray(np.array([2**40, 7]))
y""",
        verdict_jax="value",
        why="JAX keeps the low 32 bits without a word, and those of 2 to the power 40 are 0.",
        link=_DOCS + "as_tensor.html",
    ),
    Case(
        family="dtypes",
        name="a tensor from a Python number beyond int32",
        torch="torch.tensor(2**40)",
        jax="jnp.array(2**40)",
        remedy="""\
with jax.enable_x64(True):
    y = jnp.array(2**40)
y""",
        verdict_jax="error",
        why="A Python number that does not fit raises in JAX, where a NumPy array wraps.",
        link=_DOCS + "tensor.html",
    ),
    Case(
        family="dtypes",
        name="a tensor from a NumPy scalar of float64",
        torch="torch.tensor(np.float64(0.1))",
        jax="jnp.array(np.float64(0.1))",
        remedy="""\
with jax.enable_x64(True):
    y = jnp.array(np.float64(0.1))
y""",
        verdict_jax="dtype",
        why="A NumPy scalar carries its dtype into PyTorch; a Python float would give float32.",
        link=_DOCS + "tensor.html",
    ),
    Case(
        family="dtypes",
        name="float64 asked for by name",
        torch="torch.zeros(2, dtype=torch.float64)",
        jax="jnp.zeros(2, dtype=jnp.float64)",
        remedy="""\
with jax.enable_x64(True):
    y = jnp.zeros(2, dtype=jnp.float64)
y""",
        verdict_jax="dtype",
        why="JAX warns and gives float32 unless 64-bit types are on.",
        link=_DOCS + "zeros.html",
    ),
    Case(
        family="dtypes",
        name="a loss summed in float64 for precision",
        inputs={"x": f32([1e8, 1.0, -1e8])},
        torch="x.double().sum().float()",
        jax="x.astype(jnp.float64).sum().astype(jnp.float32)",
        remedy="""\
with jax.enable_x64(True):
    y = x.astype(jnp.float64).sum().astype(jnp.float32)
y""",
        verdict_jax="value",
        why="The cast to float64 does nothing in JAX, and the 1 is lost.",
        link=_X64,
    ),
    Case(
        family="dtypes",
        name="full_like of half on integers",
        inputs={"x": i32([3])},
        torch="torch.full_like(x, 0.5)",
        jax="jnp.full_like(x, 0.5)",
        why="The fill value is cut to the array's integers: 0 on both sides.",
        link=_DOCS + "full_like.html",
    ),
    Case(
        family="dtypes",
        name="arange that would end just at 1.3",
        torch="torch.arange(1., 1.3, 0.1)",
        jax="jnp.arange(1., 1.3, 0.1)",
        why="The length is computed in float64 and rounded up, so that 1.3 is in on both sides.",
        link=_DOCS + "arange.html",
    ),
    Case(
        family="dtypes",
        name="linspace to 100 million",
        torch="torch.linspace(0, 1e8, 7)",
        jax="jnp.linspace(0, 1e8, 7)",
        why="PyTorch counts the second half back from the end; the two differ in a last bit.",
        link=_DOCS + "linspace.html",
    ),
    Case(
        family="dtypes",
        name="linspace in whole numbers",
        torch="torch.linspace(-1, 1, 4, dtype=torch.int32)",
        jax="jnp.linspace(-1, 1, 4, dtype=jnp.int32)",
        remedy="jnp.linspace(-1, 1, 4).astype(jnp.int32)",
        verdict_jax="value",
        why="PyTorch cuts towards 0, JAX rounds down.",
        link=_DOCS + "linspace.html",
    ),
    Case(
        family="dtypes",
        name="one_hot",
        inputs={"i": i32([0, 2])},
        torch="F.one_hot(i.long(), 3)",
        jax="jax.nn.one_hot(i, 3)",
        remedy="jax.nn.one_hot(i, 3, dtype=jnp.int32)",
        verdict_jax="dtype",
        why="PyTorch gives integers, JAX float32.",
        link=_DOCS + "nn.functional.one_hot.html",
    ),
    Case(
        family="dtypes",
        name="one_hot of a class that does not exist",
        inputs={"i": i32([0, 3])},
        torch="F.one_hot(i.long(), 3)",
        jax="jax.nn.one_hot(i, 3, dtype=jnp.int32)",
        verdict_jax="error",
        why="PyTorch raises, JAX gives a row of zeros. No remedy in a traced function short "
        "of checkify: the class is a value.",
        link=_DOCS + "nn.functional.one_hot.html",
    ),
    Case(
        family="dtypes",
        name="unique with counts",
        inputs={"x": f32([2, 1, 2])},
        torch="torch.unique(x, return_counts=True)",
        jax="jnp.unique(x, return_counts=True)",
        why="The counts are int64 in PyTorch and int32 in JAX.",
        link=_DOCS + "unique.html",
    ),
    Case(
        family="dtypes",
        name="with 64-bit types on, zeros without a dtype",
        torch="torch.zeros(2)",
        jax="jnp.zeros(2)",
        remedy="jnp.zeros(2, jnp.float32)",
        verdict_jax="dtype",
        x64=True,
        why="Switching on 64-bit types makes float64 the default in JAX; PyTorch's stays float32.",
        link=_X64,
    ),
    Case(
        family="dtypes",
        name="with 64-bit types on, a tensor from a Python float",
        torch="torch.tensor([0.1, 0.2])",
        jax="jnp.array([0.1, 0.2])",
        remedy="jnp.array([0.1, 0.2], jnp.float32)",
        verdict_jax="dtype",
        x64=True,
        why="Switching on 64-bit types makes lists of floats float64 in JAX.",
        link=_X64,
    ),
    Case(
        family="dtypes",
        name="with 64-bit types on, int64 divided",
        inputs={"x": i32([1, 2])},
        torch="x.long() / 3",
        jax="x.astype(jnp.int64) / 3",
        remedy="x.astype(jnp.float32) / 3",
        verdict_jax="dtype",
        x64=True,
        why="JAX divides int64 in float64, PyTorch in its default dtype.",
        link=_DOCS + "true_divide.html",
    ),
    Case(
        family="dtypes",
        name="with 64-bit types on, integers times a Python float",
        inputs={"x": i32([1, 2])},
        torch="x * 0.5",
        jax="x * 0.5",
        remedy="x * jnp.float32(0.5)",
        verdict_jax="dtype",
        x64=True,
        why="A Python float meets integers as float64 in JAX, as float32 in PyTorch.",
        link=_PROMOTION,
    ),
    Case(
        family="dtypes",
        name="with 64-bit types on, float32 times a Python float",
        inputs={"x": f32([1, 2])},
        torch="x * 0.1",
        jax="x * 0.1",
        x64=True,
        why="A Python number never widens an array, in either.",
        link=_PROMOTION,
    ),
    Case(
        family="dtypes",
        name="with 64-bit types on, float32 and integers",
        inputs={"x": f32([1, 2]), "i": i32([3, 4])},
        torch="x + i.long()",
        jax="x + i.astype(jnp.int64)",
        x64=True,
        why="Any float beats any integer on both sides.",
        link=_PROMOTION,
    ),
)
