"""Activations at single points: zero vectors, tails, and second derivatives at kinks."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional."

CASES = (
    Case(
        family="kinks",
        name="the weight of prelu at 0",
        inputs={"x": f32([[0, 1], [-2, np.inf]]), "a": f32([0.25])},
        torch="F.prelu(x, a)",
        jax="jnp.where(x > 0, x, a * x)",
        jaxgrad="F.prelu(x, a)",
        grads=("x", "a"),
        verdict_jax="gradient",
        why=(
            "The weight learns from what is below 0 only; where JAX multiplies what was"
            " not selected, infinity times 0 is NaN."
        ),
        link=_DOCS + "prelu.html",
    ),
    Case(
        family="kinks",
        name="hardsigmoid just below 3",
        inputs={"x": np.nextafter(f32([-3, 3]), f32(0))},
        torch="F.hardsigmoid(x)",
        jax="jax.nn.hard_sigmoid(x)",
        jaxgrad="F.hardsigmoid(x)",
        grads=("x",),
        verdict_jax="gradient",
        why=(
            "JAX asks whether x + 3, as rounded, is below 6; PyTorch and jaxgrad compare x with 3."
        ),
        link=_DOCS + "hardsigmoid.html",
    ),
    Case(
        family="kinks",
        name="tanh where it saturates",
        inputs={"x": f32([20, -20, 0])},
        torch="torch.tanh(x)",
        jax="jnp.tanh(x)",
        jaxgrad="F.tanh(x)",
        grads=("x",),
        why="The derivative underflows.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.tanh.html",
    ),
    Case(
        family="kinks",
        name="sigmoid where it saturates",
        inputs={"x": f32([200, -200, -90])},
        torch="torch.sigmoid(x)",
        jax="jax.nn.sigmoid(x)",
        jaxgrad="F.sigmoid(x)",
        grads=("x",),
        why="The derivative underflows.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html",
    ),
    Case(
        family="kinks",
        name="a softcap, 30 tanh(x / 30)",
        inputs={"x": f32([0, 50])},
        torch="30 * torch.tanh(x / 30)",
        jax="30 * jnp.tanh(x / 30)",
        jaxgrad="30 * F.tanh(x / 30)",
        grads=("x",),
        why="Smooth.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.tanh.html",
    ),
    Case(
        family="kinks",
        name="log_softmax of -inf only",
        inputs={"x": f32([-np.inf, -np.inf])},
        torch="F.log_softmax(x, 0)",
        jax="jax.nn.log_softmax(x)",
        jaxgrad="F.log_softmax(x, 0)",
        grads=("x",),
        why="-infinity less itself is NaN.",
        link=_DOCS + "log_softmax.html",
    ),
    Case(
        family="kinks",
        name="log_softmax with one -inf",
        inputs={"x": f32([-np.inf, 0, 1])},
        torch="F.log_softmax(x, 0)",
        jax="jax.nn.log_softmax(x)",
        jaxgrad="F.log_softmax(x, 0)",
        grads=("x",),
        why="A masked logit has probability 0 and takes no part.",
        link=_DOCS + "log_softmax.html",
    ),
    Case(
        family="kinks",
        name="softmax with one inf",
        inputs={"x": f32([np.inf, 0])},
        torch="F.softmax(x, 0)",
        jax="jax.nn.softmax(x)",
        jaxgrad="F.softmax(x, 0)",
        grads=("x",),
        why="Infinity less itself is NaN.",
        link=_DOCS + "softmax.html",
    ),
    Case(
        family="kinks",
        name="normalize of a zero vector",
        inputs={"x": f32([[0, 0]])},
        torch="F.normalize(x, dim=1)",
        jax="x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)",
        jaxgrad="F.normalize(x, dim=1)",
        grads=("x",),
        verdict_jax="gradient",
        why=(
            "The derivative of the norm at 0 is 0 in PyTorch and NaN in JAX, which poisons the row."
        ),
        link=_DOCS + "normalize.html",
    ),
    Case(
        family="kinks",
        name="normalize with p = 1 of a vector with a zero",
        inputs={"x": f32([[0, 3, -4]])},
        torch="F.normalize(x, p=1.0, dim=1)",
        jax="x / jnp.maximum(jnp.abs(x).sum(1, keepdims=True), 1e-12)",
        jaxgrad="F.normalize(x, p=1.0, dim=1)",
        grads=("x",),
        verdict_jax="gradient",
        why="The derivative of the absolute value at 0 is 0 in PyTorch, 1 in JAX.",
        link=_DOCS + "normalize.html",
    ),
    Case(
        family="kinks",
        name="normalize with p = infinity and a tie",
        inputs={"x": f32([[2, -2, 1]])},
        torch="F.normalize(x, p=float('inf'), dim=1)",
        jax="x / jnp.maximum(jnp.abs(x).max(1, keepdims=True), 1e-12)",
        jaxgrad="F.normalize(x, p=float('inf'), dim=1)",
        grads=("x",),
        why="Each of those that tie has its share, on each side.",
        link=_DOCS + "normalize.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of elu at 0",
        inputs={"x": f32([-1, 0, 1])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.elu(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.elu)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.elu)))(x)",
        verdict_jax="value",
        why=(
            "PyTorch takes the first derivative at 0 from the negative side and the "
            "second from the positive one."
        ),
        link=_DOCS + "elu.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of selu at 0",
        inputs={"x": f32([-1, 0, 1])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.selu(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.selu)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.selu)))(x)",
        verdict_jax="value",
        why=(
            "PyTorch takes the first derivative at 0 from the negative side and the "
            "second from the positive one."
        ),
        link=_DOCS + "selu.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of celu at 0",
        inputs={"x": f32([-1, 0, 1])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.celu(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.celu)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.celu)))(x)",
        verdict_jax="value",
        why="PyTorch takes the second derivative at 0 from the positive side.",
        link=_DOCS + "celu.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of softsign at 0",
        inputs={"x": f32([-1, 0, 1])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.softsign(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.soft_sign)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.softsign)))(x)",
        verdict_jax="value",
        why="The derivative of the absolute value at 0 is 0 in PyTorch, 1 in JAX.",
        link=_DOCS + "softsign.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of hardswish at -3 and 3",
        inputs={"x": f32([-3, 0, 3])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.hardswish(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.hard_swish)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.hardswish)))(x)",
        why="1 / 3 strictly between them, else 0.",
        link=_DOCS + "hardswish.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of softplus at its threshold",
        inputs={"x": f32([0.5, 1, 1.5])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.softplus(x, beta=2.0, threshold=2.0)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax=(
            "jax.vmap(jax.grad(jax.grad(lambda x: jnp.where(2 * x > 2, x, "
            "jax.nn.softplus(2 * x) / 2))))(x)"
        ),
        jaxgrad="jax.vmap(jax.grad(jax.grad(lambda x: F.softplus(x, 2.0, 2.0))))(x)",
        verdict_jax="value",
        why=("At the threshold the first derivative is that of the curve, and the second one 0."),
        link=_DOCS + "softplus.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of hardsigmoid",
        inputs={"x": f32([-1, 0, 1])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.hardsigmoid(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.hard_sigmoid)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.hardsigmoid)))(x)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
f = lambda x: np.clip(x / 6 + 0.5, 0, 1)
x, h = x.astype(float), 1e-2
(f(x + h) - 2 * f(x) + f(x - h)) / h**2""",
        why="PyTorch has none; it is 0.",
        link=_DOCS + "hardsigmoid.html",
    ),
    Case(
        family="kinks",
        name="the second derivative of logsigmoid in the tails",
        inputs={"x": f32([-50, -5, 0, 5, 50])},
        torch=(
            "x.requires_grad_()\n"
            "y = F.logsigmoid(x)\n"
            "(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
            "torch.autograd.grad(g.sum(), x)[0]"
        ),
        jax="jax.vmap(jax.grad(jax.grad(jax.nn.log_sigmoid)))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(F.logsigmoid)))(x)",
        why="Smooth.",
        link=_DOCS + "logsigmoid.html",
    ),
)
