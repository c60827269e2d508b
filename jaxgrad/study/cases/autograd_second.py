"""Second derivatives, Hessians and products in forward mode."""

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_HESSIAN = _DOCS + "torch.autograd.functional.hessian.html"

CASES = (
    Case(
        family="autograd",
        name="the second derivative with create_graph",
        inputs={"x": f32(2.0)},
        torch="""\
x.requires_grad_()
(first,) = torch.autograd.grad(x**3, x, create_graph=True)
torch.autograd.grad(first, x)[0]""",
        jax="jax.grad(jax.grad(lambda x: x**3))(x)",
        why=(
            "PyTorch has to be told to record the backward pass; a gradient in JAX is a function "
            "like any other."
        ),
        link=_DOCS + "torch.autograd.grad.html",
    ),
    Case(
        family="autograd",
        name="the second derivative without create_graph",
        inputs={"x": f32(2.0)},
        torch="""\
x.requires_grad_()
(first,) = torch.autograd.grad(x**3, x)
torch.autograd.grad(first, x)[0]""",
        jax="jax.grad(jax.grad(lambda x: x**3))(x)",
        verdict_jax="error",
        why="The first gradient has no graph; no remedy is needed, JAX needs no flag.",
        link=_DOCS + "torch.autograd.grad.html",
    ),
    Case(
        family="autograd",
        name="the third derivative of x³",
        inputs={"x": f32(2.0)},
        torch="torch.func.grad(torch.func.grad(torch.func.grad(lambda x: x**3)))(x)",
        jax="jax.grad(jax.grad(jax.grad(lambda x: x**3)))(x)",
        why="torch.func nests as JAX does.",
        link=_DOCS + "torch.func.grad.html",
    ),
    Case(
        family="autograd",
        name="the gradient of a constant",
        inputs={"x": f32(2.0)},
        torch="""\
x.requires_grad_()
(x * 0 + 3).backward()
x.grad""",
        jax="jax.grad(lambda x: x * 0 + 3)(x)",
        why="0 on both sides, as the constant depends on x by name.",
        link=_DOCS + "torch.Tensor.backward.html",
    ),
    Case(
        family="autograd",
        name="the gradient of a step function",
        inputs={"x": f32([0.5, -1.5])},
        torch="""\
x.requires_grad_()
torch.round(x).sum().backward()
x.grad""",
        jax="jax.grad(lambda x: jnp.round(x).sum())(x)",
        why="0 almost everywhere on both sides, and no error.",
        link=_DOCS + "torch.round.html",
    ),
    Case(
        family="autograd",
        name="the second derivative of |x| at 1",
        inputs={"x": f32(1.0)},
        torch="torch.autograd.functional.hessian(torch.abs, x)",
        jax="jax.hessian(jnp.abs)(x)",
        jaxgrad="jax.hessian(T.abs)(x)",
        why="The sign does not change there.",
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="the second derivative of x² at 0",
        inputs={"x": f32(0.0)},
        torch="torch.autograd.functional.hessian(lambda x: x**2, x)",
        jax="jax.hessian(lambda x: x**2)(x)",
        jaxgrad="jax.hessian(lambda x: T.pow(x, 2))(x)",
        why="2, without a 0 to a negative power on the way.",
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="the second derivative of x to the power 1.0 at 0",
        inputs={"x": f32(0.0)},
        torch="torch.autograd.functional.hessian(lambda x: x**1.0, x)",
        jax="jax.hessian(lambda x: x**1.0)(x)",
        jaxgrad="jax.hessian(lambda x: T.pow(x, 1.0))(x)",
        verdict_jax="value",
        why=(
            "Written out it is 0 times 0 to the power -1, and NaN in JAX; PyTorch has a rule of "
            "its own for the exponent 0 that the first derivative has."
        ),
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="the second derivative of tanh at 0.5",
        inputs={"x": f32(0.5)},
        torch="torch.autograd.functional.hessian(torch.tanh, x)",
        jax="jax.hessian(jnp.tanh)(x)",
        jaxgrad="jax.hessian(F.tanh)(x)",
        why="The same.",
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="the second derivative of leaky_relu at 0",
        inputs={"x": f32(0.0)},
        torch="torch.autograd.functional.hessian(F.leaky_relu, x)",
        jax="jax.hessian(jax.nn.leaky_relu)(x)",
        jaxgrad="jax.hessian(F.leaky_relu)(x)",
        why="The slope is constant on either side, and its derivative 0 at the kink as well.",
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="the second derivative of the maximum's square at 0",
        inputs={"x": f32(0.0)},
        torch="""\
torch.autograd.functional.hessian(lambda x: torch.maximum(x, torch.zeros(())) ** 2, x)""",
        jax="jax.hessian(lambda x: jnp.maximum(x, 0.0) ** 2)(x)",
        jaxgrad="jax.hessian(lambda x: T.maximum(x, 0.0) ** 2)(x)",
        why="The tie halves the derivative of the maximum twice: 2 times a half times a half.",
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="the second derivative of erfinv at 0.9",
        inputs={"x": f32(0.9)},
        torch="torch.autograd.functional.hessian(torch.erfinv, x)",
        jax="jax.hessian(jax.scipy.special.erfinv)(x)",
        why="The same rule.",
        link=_DOCS + "torch.erfinv.html",
    ),
    Case(
        family="autograd",
        name="the second derivative of lgamma at 2",
        inputs={"x": f32(2.0)},
        torch="torch.autograd.functional.hessian(torch.lgamma, x)",
        jax="jax.hessian(jax.scipy.special.gammaln)(x)",
        jaxgrad="jax.hessian(T.lgamma)(x)",
        why="The trigamma function.",
        link=_DOCS + "torch.lgamma.html",
    ),
    Case(
        family="autograd",
        name="the second derivative of i0 at 0",
        inputs={"x": f32(0.0)},
        torch="torch.autograd.functional.hessian(torch.special.i0, x)",
        jax="jax.hessian(jax.scipy.special.i0)(x)",
        jaxgrad="jax.hessian(T.i0)(x)",
        verdict_jax="value",
        why=(
            "A half; JAX's i0 is exp(|x|) times another function, and the derivative of |x| at 0 "
            "spoils the second one."
        ),
        link=_DOCS + "torch.special.i0.html",
    ),
    Case(
        family="autograd",
        name="the Hessian of a quadratic",
        inputs={"x": f32([1.0, 2.0])},
        torch="torch.autograd.functional.hessian(lambda x: (x**2).sum(), x)",
        jax="jax.hessian(lambda x: (x**2).sum())(x)",
        why="The same.",
        link=_HESSIAN,
    ),
    Case(
        family="autograd",
        name="a Jacobian–vector product of the norm at the origin",
        inputs={"x": f32([0.0, 0.0]), "v": f32([1.0, 0.0])},
        torch="torch.func.jvp(torch.linalg.norm, (x,), (v,))[1]",
        jax="jax.jvp(jnp.linalg.norm, (x,), (v,))[1]",
        jaxgrad="jax.jvp(T.vector_norm, (x,), (v,))[1]",
        verdict_jax="value",
        why="PyTorch's subgradient at the origin is 0, in forward mode too; JAX divides 0 by 0.",
        link=_DOCS + "torch.func.jvp.html",
    ),
    Case(
        family="autograd",
        name="torch.func.grad of an argument that is not used",
        inputs={"x": f32(1.0), "y": f32(2.0)},
        torch="torch.func.grad(lambda x, y: x * 3, argnums=1)(x, y)",
        jax="jax.grad(lambda x, y: x * 3, argnums=1)(x, y)",
        why="0, where torch.autograd.grad raises or gives None.",
        link=_DOCS + "torch.func.grad.html",
    ),
)
