"""Powers, lengths and logarithms of sums."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."

CASES = (
    Case(
        family="kinks",
        name="pow(0,0)",
        inputs={"x": f32([0.0]), "y": f32([0.0])},
        torch="torch.pow(x, y)",
        jax="jnp.power(x, y)",
        jaxgrad="T.pow(x, y)",
        verdict_jax="gradient",
        grads=(
            "x",
            "y",
        ),
        why="D/dx: torch 0, jax NaN (0 * 0^-1).",
        link=_DOCS + "pow.html",
    ),
    Case(
        family="kinks",
        name="pow(0,-1)",
        inputs={"x": f32([0.0]), "y": f32([-1.0])},
        torch="torch.pow(x, y)",
        jax="jnp.power(x, y)",
        jaxgrad="T.pow(x, y)",
        verdict_jax="gradient",
        grads=(
            "x",
            "y",
        ),
        why="D/dy: torch -inf, jax NaN.",
        link=_DOCS + "pow.html",
    ),
    Case(
        family="kinks",
        name="pow(0,0.5) wrt base",
        inputs={"x": f32([0.0]), "y": f32([0.5])},
        torch="torch.pow(x, y)",
        jax="jnp.power(x, y)",
        jaxgrad="T.pow(x, y)",
        grads=(
            "x",
            "y",
        ),
        why="Inf slope.",
        link=_DOCS + "pow.html",
    ),
    Case(
        family="kinks",
        name="pow(-2,3.0) wrt exponent",
        inputs={"x": f32([-2.0]), "y": f32([3.0])},
        torch="torch.pow(x, y)",
        jax="jnp.power(x, y)",
        jaxgrad="T.pow(x, y)",
        grads=(
            "x",
            "y",
        ),
        why="log of a negative base: NaN gradient wrt y.",
        link=_DOCS + "pow.html",
    ),
    Case(
        family="kinks",
        name="x**0.0 at 0 (python float exponent)",
        inputs={"x": f32([0.0, 2.0])},
        torch="x ** 0.0",
        jax="x ** 0.0",
        jaxgrad="T.pow(x, 0.0)",
        verdict_jax="gradient",
        grads=("x",),
        why="torch returns gradient 0 for a zero exponent; jax treats a python float 0.0 "
        "as a runtime power: NaN at 0 (an int 0 is fine).",
        link="https://docs.pytorch.org/docs/stable/notes/autograd.html",
    ),
    Case(
        family="kinks",
        name="0**x at x=0 and 1",
        inputs={"x": f32([0.0, 1.0])},
        torch="0.0 ** x",
        jax="0.0 ** x",
        jaxgrad="T.pow(0.0, x)",
        grads=("x",),
        why="Rpow with base 0.",
        link="https://docs.pytorch.org/docs/stable/notes/autograd.html",
    ),
    Case(
        family="kinks",
        name="logaddexp(-inf,-inf)",
        inputs={"x": f32([-np.inf]), "y": f32([-np.inf])},
        torch="torch.logaddexp(x, y)",
        jax="jnp.logaddexp(x, y)",
        jaxgrad="T.logaddexp(x, y)",
        grads=(
            "x",
            "y",
        ),
        why="Value -inf; gradient NaN on both.",
        link=_DOCS + "logaddexp.html",
    ),
    Case(
        family="kinks",
        name="logaddexp2(-inf,-inf)",
        inputs={"x": f32([-np.inf]), "y": f32([-np.inf])},
        torch="torch.logaddexp2(x, y)",
        jax="jnp.logaddexp2(x, y)",
        jaxgrad="T.logaddexp2(x, y)",
        grads=(
            "x",
            "y",
        ),
        why="Value -inf.",
        link=_DOCS + "logaddexp2.html",
    ),
    Case(
        family="kinks",
        name="x to the power 0.0",
        inputs={"x": np.linspace(-2, 2, 41, dtype=np.float32)},
        torch="torch.pow(x, 0.0)",
        jax="x ** 0.0",
        jaxgrad="T.pow(x, 0.0)",
        verdict_jax="gradient",
        grads=("x",),
        picture="kink",
        why="JAX multiplies 0 by 1/0 at 0.",
        link=_DOCS + "pow.html",
    ),
    Case(
        family="kinks",
        name="hypot at ordinary points",
        inputs={"x": f32([3.0, 1.0]), "y": f32([4.0, 2.0])},
        torch="torch.hypot(x, y)",
        jax="jnp.hypot(x, y)",
        jaxgrad="T.hypot(x, y)",
        grads=(
            "x",
            "y",
        ),
        why="The same.",
        link=_DOCS + "hypot.html",
    ),
    Case(
        family="kinks",
        name="hypot at the origin",
        inputs={"x": f32([0.0]), "y": f32([0.0])},
        torch="torch.hypot(x, y)",
        jax="jnp.hypot(x, y)",
        jaxgrad="T.hypot(x, y)",
        verdict_jax="gradient",
        grads=(
            "x",
            "y",
        ),
        why="NaN in PyTorch, 0.5 in JAX; neither has a derivative.",
        link=_DOCS + "hypot.html",
    ),
    Case(
        family="kinks",
        name="second derivative of hypot(x, 1) at 1",
        torch=(
            "x = torch.tensor(1.0, requires_grad=True)\n"
            "g, = torch.autograd.grad(torch.hypot(x, torch.tensor(1.0)), x, create_graph=True)\n"
            "torch.autograd.grad(g, x)[0]"
        ),
        jax="jax.grad(jax.grad(jnp.hypot))(1.0, 1.0)",
        jaxgrad="jax.grad(jax.grad(T.hypot))(1.0, 1.0)",
        verdict_jax="value",
        why="1/√8. JAX divides by the larger of the two, and where they are equal its "
        "second derivative is 0.",
        link=_DOCS + "hypot.html",
    ),
    Case(
        family="kinks",
        name="mixed second derivative of x^y at y = 0",
        torch=(
            "x = torch.tensor(2.0, requires_grad=True)\n"
            "y = torch.tensor(0.0, requires_grad=True)\n"
            "g, = torch.autograd.grad(torch.pow(x, y), x, create_graph=True)\n"
            "torch.autograd.grad(g, y)[0]"
        ),
        jax="jax.grad(jax.grad(jnp.power), 1)(2.0, 0.0)",
        jaxgrad="jax.grad(jax.grad(T.pow), 1)(2.0, 0.0)",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
a, b, h = 2 + 1e-4, 2 - 1e-4, 1e-4
(a**h - b**h - a**-h + b**-h) / (4 * h * h)""",
        why="It is 1/x. PyTorch masks the exponent 0 and has 0; jaxgrad keeps the right "
        "one, as JAX does.",
        link=_DOCS + "pow.html",
    ),
    Case(
        family="kinks",
        name="second derivative of logaddexp(x, -inf)",
        torch=(
            "x = torch.tensor(0.0, requires_grad=True)\n"
            'y = torch.tensor(-float("inf"), requires_grad=True)\n'
            "g, = torch.autograd.grad(torch.logaddexp(x, y), y, create_graph=True)\n"
            "torch.autograd.grad(g, x)[0]"
        ),
        jax="jax.grad(jax.grad(jnp.logaddexp, 1))(0.0, -jnp.inf)",
        jaxgrad="jax.grad(jax.grad(T.logaddexp, 1))(0.0, -jnp.inf)",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
share = scipy.special.expit(-np.inf - 0.0)
-share * (1 - share)""",
        why="0, as in JAX. PyTorch multiplies 0 by infinity and has NaN; jaxgrad does not.",
        link=_DOCS + "logaddexp.html",
    ),
    Case(
        family="kinks",
        name="logaddexp where one is inf",
        inputs={"x": f32([1.0, np.inf]), "y": f32([np.inf, 2.0])},
        torch="torch.logaddexp(x, y)",
        jax="jnp.logaddexp(x, y)",
        jaxgrad="T.logaddexp(x, y)",
        verdict_jax="gradient",
        grads=(
            "x",
            "y",
        ),
        why="The derivative with respect to the smaller one is 0; JAX has e to its power.",
        link=_DOCS + "logaddexp.html",
    ),
    Case(
        family="kinks",
        name="logaddexp2 where one is inf",
        inputs={"x": f32([1.0, np.inf]), "y": f32([np.inf, 2.0])},
        torch="torch.logaddexp2(x, y)",
        jax="jnp.logaddexp2(x, y)",
        jaxgrad="T.logaddexp2(x, y)",
        verdict_jax="gradient",
        grads=(
            "x",
            "y",
        ),
        why="The derivative with respect to the smaller one is 0; JAX has 2 to its power.",
        link=_DOCS + "logaddexp2.html",
    ),
    Case(
        family="kinks",
        name="rsqrt at 0 and -0",
        inputs={"x": f32([0.0, -0.0, 4.0])},
        torch="torch.rsqrt(x)",
        jax="jax.lax.rsqrt(x)",
        jaxgrad="T.rsqrt(x)",
        verdict_jax="gradient",
        grads=("x",),
        why="At -0 the slope is inf in PyTorch, which cubes the value, and -inf in JAX.",
        link=_DOCS + "rsqrt.html",
    ),
    Case(
        family="kinks",
        name="exp2 in bfloat16",
        torch="torch.exp2(torch.tensor([50.0], dtype=torch.bfloat16))",
        jax="jnp.exp2(jnp.array([50.0], jnp.bfloat16))",
        jaxgrad="T.exp2(jnp.array([50.0], jnp.bfloat16))",
        verdict_jax="value",
        why="PyTorch rounds once; JAX multiplies by log 2 in bfloat16 first, and is off "
        "by 14 percent.",
        link=_DOCS + "exp2.html",
    ),
)
