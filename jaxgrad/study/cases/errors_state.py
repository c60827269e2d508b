"""What raises where something is changed, or has no derivative, or is one of a batch."""

import numpy as np

from ..case import Case, f32, i32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_AUTOGRAD = (
    "https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd"
)
_FUNC = "https://docs.pytorch.org/docs/stable/generated/torch.func."
_X = f32([1.0, 2.0])

CASES = (
    Case(
        family="errors",
        name="an in-place change of a leaf",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
x.add_(1)
(x**2).sum().backward()
x.grad""",
        jax="jax.grad(lambda x: ((x + 1) ** 2).sum())(x)",
        verdict_jax="error",
        why=(
            "A leaf that requires a gradient must not change under it; no remedy is needed, "
            "nothing changes in JAX."
        ),
        link=_AUTOGRAD,
    ),
    Case(
        family="errors",
        name="an in-place change of a leaf's view",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
x[0] = 5.0
x.sum().backward()
x.grad""",
        jax="jax.grad(lambda x: x.at[0].set(5.0).sum())(x)",
        verdict_jax="error",
        why=(
            "An element of a leaf is its view; no remedy is needed, in JAX the element is "
            "replaced in a new array."
        ),
        link=_AUTOGRAD,
    ),
    Case(
        family="errors",
        name="an in-place change of a value that the derivative needs",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
y = x * 2
z = (y * y).sum()
y.add_(1)
z.backward()
x.grad""",
        jax="""\
def loss(x):
    y = x * 2
    z = (y * y).sum()
    y = y + 1
    return z

jax.grad(loss)(x)""",
        verdict_jax="error",
        why=(
            "PyTorch finds out by a version number and raises; no remedy is needed, the old y is "
            "still there in JAX."
        ),
        link=_AUTOGRAD,
    ),
    Case(
        family="errors",
        name="an in-place change of a value that the derivative does not need",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
y = x * 2
y.add_(1)
y.sum().backward()
x.grad""",
        jax="jax.grad(lambda x: (x * 2 + 1).sum())(x)",
        why="A sum needs no values for its derivative, so the change is allowed.",
        link=_AUTOGRAD,
    ),
    Case(
        family="errors",
        name="an in-place update under no_grad",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
with torch.no_grad():
    x.mul_(2)
(x**2).sum().backward()
x.grad""",
        jax="""\
x = x * 2
jax.grad(lambda x: (x**2).sum())(x)""",
        why="How PyTorch's optimizers write their updates; in JAX the name gets the new array.",
        link=_DOCS + "torch.no_grad.html",
    ),
    Case(
        family="errors",
        name="adding a float in place to integers",
        inputs={"n": i32([1, 2])},
        torch="""\
n += 0.5
n""",
        jax="""\
n += 0.5
n""",
        remedy="""\
if not jnp.can_cast(jnp.result_type(n, 0.5), n.dtype, "same_kind"):
    raise TypeError("the result is not of the same kind")
n + 0.5""",
        verdict_jax="error",
        why="In place the dtype has to stay; in JAX n becomes a float array.",
        link=_DOCS + "torch.Tensor.add_.html",
    ),
    Case(
        family="errors",
        name="dividing integers in place",
        inputs={"n": i32([1, 2])},
        torch="""\
n /= 2
n""",
        jax="""\
n /= 2
n""",
        remedy="""\
if jnp.issubdtype(n.dtype, jnp.integer):
    raise TypeError("the result is no longer an integer")
n / 2""",
        verdict_jax="error",
        why="In place the dtype has to stay; in JAX n becomes a float array.",
        link=_DOCS + "torch.Tensor.div_.html",
    ),
    Case(
        family="errors",
        name="an integer tensor that is to require a gradient",
        torch="torch.tensor([1, 2], requires_grad=True)",
        jax="jax.grad(lambda n: (n * 1.0).sum())(jnp.array([1, 2]))",
        why="Both refuse: PyTorch when the tensor is made, JAX when the gradient is asked for.",
        link=_DOCS + "torch.Tensor.requires_grad_.html",
    ),
    Case(
        family="errors",
        name="the gradient of a loss that is an integer",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
(x > 1).sum().backward()
x.grad""",
        jax="jax.grad(lambda x: (x > 1).sum())(x)",
        why="Both refuse: a count has no derivative.",
        link=_DOCS + "torch.Tensor.backward.html",
    ),
    Case(
        family="errors",
        name="the gradient of an accuracy made a float",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
(x > 1).float().mean().backward()
x.grad""",
        jax="jax.grad(lambda x: (x > 1).astype(float).mean())(x)",
        remedy="""\
grad = jax.grad(lambda x: (x > 1).astype(float).mean())(x)
if not grad.any():
    raise ValueError("the loss does not depend on x")
grad""",
        verdict_jax="error",
        why=(
            "The comparison cuts the graph, and PyTorch raises; JAX trains on zeros without a word."
        ),
        link=_DOCS + "torch.Tensor.backward.html",
    ),
    Case(
        family="errors",
        name="backward under no_grad",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
with torch.no_grad():
    y = (x**2).sum()
y.backward()
x.grad""",
        jax="jax.grad(lambda x: jax.lax.stop_gradient((x**2).sum()))(x)",
        remedy="""\
grad = jax.grad(lambda x: jax.lax.stop_gradient((x**2).sum()))(x)
if not grad.any():
    raise ValueError("the loss does not depend on x")
grad""",
        verdict_jax="error",
        why="Nothing was recorded, and PyTorch raises; in JAX the gradient is 0.",
        link=_DOCS + "torch.no_grad.html",
    ),
    Case(
        family="errors",
        name="numpy of a tensor that requires a gradient",
        inputs={"x": _X},
        torch="x.requires_grad_().numpy()",
        jax="np.asarray(x)",
        verdict_jax="error",
        why=(
            "PyTorch wants detach to be said; no remedy is needed, an array of JAX has no "
            "gradient to lose."
        ),
        link=_DOCS + "torch.Tensor.numpy.html",
    ),
    Case(
        family="errors",
        name="requires_grad = False on a result",
        inputs={"x": _X},
        torch="""\
y = x.requires_grad_() * 2
y.requires_grad = False
y""",
        jax="jax.lax.stop_gradient(x * 2)",
        verdict_jax="error",
        why=(
            "Only leaves can be told so, a result is detached; no remedy is needed, stop_gradient "
            "is for either."
        ),
        link=_DOCS + "torch.Tensor.detach.html",
    ),
    Case(
        family="errors",
        name="calling a function of parameters without one of them",
        inputs={"x": _X, "w": np.ones((1, 2), np.float32)},
        torch="""\
layer = nn.Linear(2, 1)
list(torch.func.functional_call(layer, {"weight": w}, (x,)).shape)""",
        jax="""\
params = {"weight": w}
list((x @ params["weight"].T + params["bias"]).shape)""",
        verdict_jax="error",
        why=(
            "What is left out is the module's own in PyTorch; no remedy is wanted, a KeyError is "
            "what finds the mistake."
        ),
        link=_FUNC + "functional_call.html",
    ),
    Case(
        family="errors",
        name="vmap over two batches of different sizes",
        inputs={"x": _X, "y": f32([1.0, 2.0, 3.0])},
        torch="torch.vmap(torch.add)(x, y)",
        jax="jax.vmap(jnp.add)(x, y)",
        why="A ValueError on both sides.",
        link=_FUNC + "vmap.html",
    ),
    Case(
        family="errors",
        name="item under vmap",
        inputs={"x": _X},
        torch="torch.vmap(lambda x: x * x.item())(x)",
        jax="jax.vmap(lambda x: x * x.item())(x)",
        why="Under vmap there is no one number, on either side.",
        link=_FUNC + "vmap.html",
    ),
    Case(
        family="errors",
        name="if under vmap",
        inputs={"x": _X},
        torch="torch.vmap(lambda x: x if x > 1 else -x)(x)",
        jax="jax.vmap(lambda x: x if x > 1 else -x)(x)",
        why="Both refuse to decide once for a whole batch: where decides for each.",
        link=_FUNC + "vmap.html",
    ),
    Case(
        family="errors",
        name="an in-place change under vmap",
        inputs={"x": _X},
        torch="torch.vmap(lambda x: torch.zeros(()).add_(x))(x)",
        jax="jax.vmap(lambda x: jnp.zeros(()) + x)(x)",
        verdict_jax="error",
        why=(
            "What is not batched has no room for a batch; no remedy is needed, JAX makes a new "
            "array."
        ),
        link=_FUNC + "vmap.html",
    ),
    Case(
        family="errors",
        name="torch.func.grad of several outputs",
        inputs={"x": _X},
        torch="torch.func.grad(lambda x: x * 2)(x)",
        jax="jax.grad(lambda x: x * 2)(x)",
        why="Both want a scalar.",
        link=_FUNC + "grad.html",
    ),
)
