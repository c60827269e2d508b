"""Padding, and leaving the array: numbers, booleans, lists and NumPy."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_JAX = "https://docs.jax.dev/en/latest/"
_X = f32([10.0, 20.0, 30.0])
_ROW = f32([[[1.0, 2.0, 3.0]]])
_PAD = _DOCS + "torch.nn.functional.pad.html"

CASES = (
    Case(
        family="shapes",
        name="pad, the order of the axes",
        inputs={"x": f32([[1.0, 2.0]])},
        torch="F.pad(x, (1, 0, 0, 1))",
        jax="jnp.pad(x, ((1, 0), (0, 1)))",
        remedy="jnp.pad(x, ((0, 1), (1, 0)))",
        verdict_jax="value",
        grads=("x",),
        why="PyTorch's pairs begin at the last dimension, JAX's at the first.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad by a negative number",
        inputs={"x": f32([1.0, 2.0, 3.0])},
        torch="F.pad(x, (-1, 0))",
        jax="jnp.pad(x, ((-1, 0),))",
        remedy="jax.lax.pad(x, jnp.float32(0), ((-1, 0, 0),))",
        verdict_jax="error",
        grads=("x",),
        why="PyTorch cuts off; jnp.pad refuses and lax.pad does the same.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad of all dimensions by one pair",
        inputs={"x": f32([[1.0, 2.0]])},
        torch="F.pad(x, (1, 1))",
        jax="jnp.pad(x, (1, 1))",
        remedy="jnp.pad(x, ((0, 0), (1, 1)))",
        verdict_jax="shape",
        grads=("x",),
        why="PyTorch pads the last dimension; JAX takes the pair for every one.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad with a value",
        inputs={"x": f32([1.0, 2.0])},
        torch="F.pad(x, (1, 0), value=7.0)",
        jax="jnp.pad(x, (1, 0), constant_values=7.0)",
        grads=("x",),
        why="Another name for the argument.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad with reflect",
        inputs={"x": _ROW},
        torch='F.pad(x, (1, 1), mode="reflect")',
        jax='jnp.pad(x, ((0, 0), (0, 0), (1, 1)), mode="reflect")',
        grads=("x",),
        why="The edge itself is not repeated, on both sides.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad with reflect by more than there is",
        inputs={"x": _ROW},
        torch='F.pad(x, (3, 0), mode="reflect")',
        jax='jnp.pad(x, ((0, 0), (0, 0), (3, 0)), mode="reflect")',
        verdict_jax="error",
        why=(
            "PyTorch refuses; no remedy is needed, JAX goes on reflecting to and fro, as NumPy "
            "does."
        ),
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad with replicate",
        inputs={"x": _ROW},
        torch='F.pad(x, (1, 1), mode="replicate")',
        jax='jnp.pad(x, ((0, 0), (0, 0), (1, 1)), mode="edge")',
        grads=("x",),
        why="JAX's name is edge.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="pad with circular",
        inputs={"x": _ROW},
        torch='F.pad(x, (1, 1), mode="circular")',
        jax='jnp.pad(x, ((0, 0), (0, 0), (1, 1)), mode="wrap")',
        grads=("x",),
        why="JAX's name is wrap.",
        link=_PAD,
    ),
    Case(
        family="shapes",
        name="len of a scalar",
        inputs={"x": f32(3.0)},
        torch="len(x)",
        jax="len(x)",
        why="Both refuse.",
        link="https://docs.pytorch.org/docs/stable/tensors.html",
    ),
    Case(
        family="shapes",
        name="the truth of several numbers",
        inputs={"x": _X},
        torch="bool(x > 15)",
        jax="bool(x > 15)",
        why="Both refuse to say whether some are meant or all.",
        link=_DOCS + "torch.any.html",
    ),
    Case(
        family="shapes",
        name="the truth of no numbers",
        inputs={"x": f32([])},
        torch="bool(x > 15)",
        jax="bool(x > 15)",
        why="Both refuse.",
        link=_DOCS + "torch.any.html",
    ),
    Case(
        family="shapes",
        name="if on a value",
        inputs={"x": f32([1.0])},
        torch="x * 2 if x.sum() > 0 else x",
        jax="x * 2 if x.sum() > 0 else x",
        grads=("x",),
        why="The same eagerly and under grad.",
        link=_JAX + "control-flow.html",
    ),
    Case(
        family="shapes",
        name="if on a value, under jit",
        inputs={"x": f32([1.0])},
        torch="x * 2 if x.sum() > 0 else x",
        jax="jax.jit(lambda x: x * 2 if x.sum() > 0 else x)(x)",
        remedy="jax.jit(lambda x: jnp.where(x.sum() > 0, x * 2, x))(x)",
        verdict_jax="error",
        grads=("x",),
        why=(
            "Under jit the value is not there to decide by: where computes both, lax.cond one of "
            "them."
        ),
        link=_JAX + "errors.html#jax.errors.TracerBoolConversionError",
    ),
    Case(
        family="shapes",
        name="a loop whose length is a value, under jit",
        inputs={"x": f32([1.0, 2.0]), "n": np.array(3)},
        torch="""\
for _ in range(int(n)):
    x = x * 2
x""",
        jax="""\
@jax.jit
def double(x, n):
    for _ in range(n):
        x = x * 2
    return x

double(x, n)""",
        remedy="""\
@jax.jit
def double(x, n):
    return jax.lax.fori_loop(0, n, lambda _, x: x * 2, x)

double(x, n)""",
        verdict_jax="error",
        why="range wants a number; fori_loop takes a value.",
        link=_JAX + "control-flow.html",
    ),
    Case(
        family="shapes",
        name="item within the function",
        inputs={"x": f32([2.0])},
        torch="x * x.sum().item()",
        jax="x * x.sum().item()",
        grads=("x",),
        why=(
            "A number that does not know where it came from, on both sides as long as nothing is "
            "compiled."
        ),
        link=_DOCS + "torch.Tensor.item.html",
    ),
    Case(
        family="shapes",
        name="item within the function, under jit",
        inputs={"x": f32([2.0])},
        torch="x * x.sum().item()",
        jax="jax.jit(lambda x: x * x.sum().item())(x)",
        remedy="jax.jit(lambda x: x * jax.lax.stop_gradient(x.sum()))(x)",
        verdict_jax="error",
        grads=("x",),
        why="Under jit there is no number yet; stop_gradient says what item says of the gradient.",
        link=_JAX + "errors.html#jax.errors.ConcretizationTypeError",
    ),
    Case(
        family="shapes",
        name="item of several elements",
        inputs={"x": _X},
        torch="x.item()",
        jax="x.item()",
        why="Both refuse.",
        link=_DOCS + "torch.Tensor.item.html",
    ),
    Case(
        family="shapes",
        name="tolist",
        inputs={"x": f32([[1.0, 0.1]])},
        torch="x.tolist()",
        jax="x.tolist()",
        why="Python's floats, with the digits of float32's 0.1 in both.",
        link=_DOCS + "torch.Tensor.tolist.html",
    ),
    Case(
        family="shapes",
        name="NumPy's function of a tensor that requires a gradient",
        inputs={"x": f32([2.0])},
        torch="np.sin(x.requires_grad_())",
        jax="jax.grad(lambda x: np.sin(x).sum())(x)",
        why="Both refuse: what NumPy computes has no derivative.",
        link=_JAX + "errors.html#jax.errors.TracerArrayConversionError",
    ),
    Case(
        family="shapes",
        name="NumPy's function of a tensor",
        inputs={"x": f32([2.0])},
        torch="np.sin(x)",
        jax="jnp.asarray(np.sin(x))",
        why=(
            "NumPy calls the tensor back to wrap its result; of a JAX array it gives a NumPy array."
        ),
        link="https://docs.pytorch.org/docs/stable/tensors.html",
    ),
    Case(
        family="shapes",
        name="float32 times a NumPy float64",
        inputs={"x": f32([1.0, 2.0])},
        torch="x * np.float64(0.1)",
        jax="x * np.float64(0.1)",
        why=(
            "A NumPy scalar is no weak number for JAX, but without 64-bit types it is float32 all "
            "the same."
        ),
        link=_JAX + "type_promotion.html",
    ),
    Case(
        family="shapes",
        name="a NumPy float64 times float32",
        inputs={"x": f32([1.0, 2.0])},
        torch="np.float64(0.1) * x",
        jax="np.float64(0.1) * x",
        why="NumPy's scalar comes first and asks the array to take over.",
        link="https://docs.pytorch.org/docs/stable/tensors.html",
    ),
    Case(
        family="shapes",
        name="a tensor from a list of tensors",
        inputs={"x": f32(1.0), "y": f32(2.0)},
        torch="torch.tensor([x, y])",
        jax="jnp.array([x, y])",
        why="Numbers become a vector on both sides; PyTorch's has lost its graph.",
        link=_DOCS + "torch.tensor.html",
    ),
    Case(
        family="shapes",
        name="the gradient through a tensor from a list",
        inputs={"x": f32(1.0), "y": f32(2.0)},
        torch="(x * torch.tensor([x, y])).sum()",
        jax="(x * jnp.array([x, y])).sum()",
        remedy="(x * jax.lax.stop_gradient(jnp.array([x, y]))).sum()",
        verdict_jax="gradient",
        grads=("x",),
        why=(
            "torch.tensor copies the numbers and cuts the graph, which is mostly a mistake: stack "
            "would not. jnp.array keeps it."
        ),
        link=_DOCS + "torch.tensor.html",
    ),
    Case(
        family="shapes",
        name="a tensor from a ragged list",
        torch="torch.tensor([[1.0], [2.0, 3.0]])",
        jax="jnp.array([[1.0], [2.0, 3.0]])",
        why="Both refuse.",
        link=_DOCS + "torch.tensor.html",
    ),
    Case(
        family="shapes",
        name="a tensor from no numbers",
        torch="torch.tensor([])",
        jax="jnp.array([])",
        why="Of float32 on both sides.",
        link=_DOCS + "torch.tensor.html",
    ),
    Case(
        family="shapes",
        name="a Python integer beyond 32 bits",
        torch="torch.tensor(2**40)",
        jax="jnp.array(2**40)",
        remedy="""\
with jax.enable_x64(True):
    n = jnp.array(2**40)
n""",
        verdict_jax="error",
        why="An int64 in PyTorch; JAX has none unless it is switched on.",
        link=_JAX + "default_dtypes.html",
    ),
    Case(
        family="shapes",
        name="zeros of two sizes",
        torch="torch.zeros(2, 3)",
        jax="jnp.zeros(2, 3)",
        remedy="jnp.zeros((2, 3))",
        verdict_jax="error",
        why="The second argument of JAX's is the dtype.",
        link=_DOCS + "torch.zeros.html",
    ),
    Case(
        family="shapes",
        name="a shape as an array",
        torch="torch.zeros(torch.Size([2, 1]))",
        jax="jnp.zeros(jnp.array([2, 1]))",
        why="A shape is a tuple of Python's integers; a concrete array will do.",
        link=_DOCS + "torch.zeros.html",
    ),
)
