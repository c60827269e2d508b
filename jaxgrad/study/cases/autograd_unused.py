"""Inputs that a derivative does not depend on: what None in `.grad` told."""

from ..case import Case, f32

_GRAD = "https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html"
_X = {"x": f32([0.5, -1.0, 2.0])}


def _unused(name: str, torch: str, jax: str, why: str, verdict: str = "structure") -> Case:
    """A function of x and y that may not use y: both gradients."""
    return Case(
        family="autograd",
        name=name,
        inputs={"x": f32([0.5, -1.0, 2.0]), "y": f32([1.0, 2.0, 0.0])},
        torch=f"""\
x.requires_grad_(), y.requires_grad_()
out = {torch}
list(torch.autograd.grad(out.sum(), (x, y), allow_unused=True))""",
        jax=f"list(jax.grad(lambda x, y: ({jax}).sum(), (0, 1))(x, y))",
        jaxgrad=f"""\
out = lambda x, y: ({jax}).sum()
list(backward(out, (0, 1), unused="none")(x, y)[1])""",
        verdict_jax="structure" if verdict == "structure" else "same",
        why=why,
        link=_GRAD,
    )


CASES = (
    _unused("an input that is not used", "x * 2", "x * 2", "JAX gives zeros for it, not None."),
    _unused(
        "an input that is detached",
        "x * y.detach()",
        "x * jax.lax.stop_gradient(y)",
        "No derivative leads to what is detached: None, where JAX has zeros.",
    ),
    _unused(
        "an input that only decides",
        "torch.where(y > 0, x, 0.0)",
        "jnp.where(y > 0, x, 0.0)",
        "A comparison has no derivative: None, where JAX has zeros.",
    ),
    _unused(
        "an input that is taken for integers",
        "x * y.long()",
        "x * y.astype(int)",
        "Integers have no derivative: None, where JAX has zeros.",
    ),
    _unused(
        "an input whose derivative is 0 everywhere",
        "x + torch.floor(y)",
        "x + jnp.floor(y)",
        "The graph has a node for it, and its gradient is zeros.",
        "same",
    ),
    _unused(
        "an input that is multiplied by 0",
        "x + 0 * y",
        "x + 0 * y",
        "It is used, and its gradient is zeros.",
        "same",
    ),
    Case(
        family="autograd",
        name="an unused input that is not allowed",
        inputs=_X,
        torch="y = torch.ones(3, requires_grad=True)\n"
        "torch.autograd.grad((x.requires_grad_() * 2).sum(), y)",
        jax="jax.grad(lambda y: (x * 2).sum())(jnp.ones(3))",
        jaxgrad="backward(lambda y: (x * 2).sum())(jnp.ones(3))[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="limit",
        why="PyTorch raises unless it is allowed, which catches a mistake; the derivative "
        "here is 0, and used_inputs has to be asked.",
        link=_GRAD,
    ),
    Case(
        family="autograd",
        name="which inputs are used",
        inputs={"x": f32([1.0, 2.0]), "y": f32([1.0, 2.0]), "z": f32([1.0, 2.0])},
        torch="""\
x.requires_grad_(), y.requires_grad_(), z.requires_grad_()
out = (x * y.detach() + torch.round(z)).sum()
[g is not None for g in torch.autograd.grad(out, (x, y, z), allow_unused=True)]""",
        jax="""\
def out(x, y, z):
    return (x * jax.lax.stop_gradient(y) + jnp.round(z)).sum()

[bool((g != 0).any()) for g in jax.grad(out, (0, 1, 2))(x, y, z)]""",
        jaxgrad="""\
def out(x, y, z):
    return (x * jax.lax.stop_gradient(y) + jnp.round(z)).sum()

list(autograd.used_inputs(out)(x, y, z))""",
        verdict_jax="value",
        why="A gradient of zeros does not tell a detached input from one whose derivative is 0.",
        link=_GRAD,
    ),
)
