"""Dtypes, complex numbers, rules of one's own and the search for NaN."""

import numpy as np

from ..case import Case, c64, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_COMPLEX = "https://docs.pytorch.org/docs/stable/notes/autograd.html#autograd-for-complex-numbers"
_FUNCTION = "https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function"
_ANOMALY = "https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection"
_CUSTOM = "https://docs.jax.dev/en/latest/notebooks/Custom_derivative_rules_for_Python_code.html"
_Z = {"z": c64([3 + 4j])}

CASES = (
    Case(
        family="autograd",
        name="the dtype of a float16 loss's gradient",
        inputs={"x": np.array([1.0, 2.0], np.float16)},
        torch="""\
x.requires_grad_()
x.sum().backward()
x.grad""",
        jax="jax.grad(lambda x: x.sum())(x)",
        why="Ones of float16 on both sides.",
        link=_DOCS + "torch.Tensor.backward.html",
    ),
    Case(
        family="autograd",
        name="the dtype of a float16 parameter's gradient in a float32 loss",
        inputs={"x": np.array([1.0, 2.0], np.float16), "y": f32([0.1, 0.2])},
        torch="""\
x.requires_grad_()
(x * y).sum().backward()
x.grad""",
        jax="jax.grad(lambda x: (x * y).sum())(x)",
        why="The gradient has the parameter's dtype, rounded at the end.",
        link=_DOCS + "torch.Tensor.backward.html",
    ),
    Case(
        family="autograd",
        name="the gradients of what was broadcast",
        inputs={"x": f32([[1.0], [2.0]]), "y": f32([1.0, 2.0, 3.0])},
        torch="x * y",
        jax="x * y",
        grads=(
            "x",
            "y",
        ),
        why="What was repeated on the way in is added up on the way back.",
        link="https://docs.pytorch.org/docs/stable/notes/broadcasting.html",
    ),
    Case(
        family="autograd",
        name="the gradient of the imaginary part's square",
        inputs=_Z,
        torch="""\
z.requires_grad_()
(z.imag**2).sum().backward()
z.grad""",
        jax="jax.grad(lambda z: (z.imag**2).sum())(z)",
        jaxgrad="backward(lambda z: (z.imag**2).sum())(z)[1]",
        verdict_jax="value",
        why="The way up is along 8i, where PyTorch's gradient points; JAX's is the conjugate.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="the gradient of the real part of z²",
        inputs=_Z,
        torch="""\
z.requires_grad_()
(z * z).real.sum().backward()
z.grad""",
        jax="jax.grad(lambda z: (z * z).real.sum())(z)",
        jaxgrad="backward(lambda z: (z * z).real.sum())(z)[1]",
        verdict_jax="value",
        why="JAX gives the derivative 2z of the holomorphic function, PyTorch its conjugate.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="the gradient of the angle",
        inputs=_Z,
        torch="""\
z.requires_grad_()
z.angle().sum().backward()
z.grad""",
        jax="jax.grad(lambda z: jnp.angle(z).sum())(z)",
        jaxgrad="backward(lambda z: T.angle(z).sum())(z)[1]",
        verdict_jax="value",
        why="The conjugates of each other again.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="the gradient of |z| at 0",
        inputs={"z": c64([0])},
        torch="""\
z.requires_grad_()
z.abs().sum().backward()
z.grad""",
        jax="jax.grad(lambda z: jnp.abs(z).sum())(z)",
        jaxgrad="backward(lambda z: T.abs(z).sum())(z)[1]",
        why="0 on both sides.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="a real gradient through complex numbers",
        inputs={"x": f32(0.7)},
        torch="""\
x.requires_grad_()
(torch.exp(1j * x) + 1).abs().backward()
x.grad""",
        jax="jax.grad(lambda x: jnp.abs(jnp.exp(1j * x) + 1))(x)",
        why="Where the parameters and the loss are real the two conventions cancel.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="a real gradient through a Fourier transform",
        inputs={"x": f32([1.0, 2.0, 3.0, 4.0])},
        torch="""\
x.requires_grad_()
(torch.fft.rfft(x).abs() ** 2).sum().backward()
x.grad""",
        jax="jax.grad(lambda x: (jnp.abs(jnp.fft.rfft(x)) ** 2).sum())(x)",
        why="Real on both sides, with the half spectrum counted once.",
        link=_DOCS + "torch.fft.rfft.html",
    ),
    Case(
        family="autograd",
        name="a rule of one's own that gives no gradient for one argument",
        inputs={"x": f32(2.0), "n": f32(3.0)},
        torch="""\
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, n):
        return x * n

    @staticmethod
    def backward(ctx, g):
        return g * 2, None

x.requires_grad_()
Scale.apply(x, n).backward()
x.grad""",
        jax="""\
scale = jax.custom_vjp(lambda x, n: x * n)
scale.defvjp(lambda x, n: (x * n, None), lambda _, g: (g * 2, None))
jax.grad(scale)(x, n)""",
        why="None stands for no gradient on both sides.",
        link=_FUNCTION,
    ),
    Case(
        family="autograd",
        name="a rule of one's own that gives a gradient of another shape",
        inputs={"x": f32([1.0, 2.0])},
        torch="""\
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return torch.ones(3)

x.requires_grad_()
Bad.apply(x).sum().backward()
x.grad""",
        jax="""\
bad = jax.custom_vjp(lambda x: x * 1)
bad.defvjp(lambda x: (x * 1, None), lambda _, g: (jnp.ones(3),))
jax.grad(lambda x: bad(x).sum())(x)""",
        why="Both compare the shape with the argument's.",
        link=_FUNCTION,
    ),
    Case(
        family="autograd",
        name="a straight-through estimator",
        inputs={"x": f32([0.2, 0.7])},
        torch="""\
x.requires_grad_()
y = x + (torch.round(x) - x).detach()
(y * torch.tensor([1.0, 3.0])).sum().backward()
x.grad""",
        jax="""\
def loss(x):
    y = x + jax.lax.stop_gradient(jnp.round(x) - x)
    return (y * jnp.array([1.0, 3.0])).sum()

jax.grad(loss)(x)""",
        why="The value is rounded, the derivative the identity's; detach is stop_gradient.",
        link=_CUSTOM,
    ),
    Case(
        family="autograd",
        name="reversing a gradient",
        inputs={"x": f32([0.2, 0.7])},
        torch="""\
class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return -g

x.requires_grad_()
(Reverse.apply(x) ** 2).sum().backward()
x.grad""",
        jax="""\
reverse = jax.custom_vjp(lambda x: x)
reverse.defvjp(lambda x: (x, None), lambda _, g: (-g,))
jax.grad(lambda x: (reverse(x) ** 2).sum())(x)""",
        jaxgrad="backward(lambda x: (autograd.gradient_hook(x, jnp.negative) ** 2).sum())(x)[1]",
        why=(
            "A rule that turns round what comes back, as adversarial training on domains wants it."
        ),
        link=_CUSTOM,
    ),
    Case(
        family="autograd",
        name="anomaly mode where a NaN arises on the way back",
        inputs={"x": f32(0.0)},
        torch="""\
x.requires_grad_()
with torch.autograd.detect_anomaly():
    (torch.sqrt(x) * 0).backward()
x.grad""",
        jax="""\
with jax.debug_nans(True):
    grad = jax.grad(lambda x: jnp.sqrt(x) * 0)(x)
grad""",
        eager=True,
        why="Both raise: 0 times infinity.",
        link=_ANOMALY,
    ),
    Case(
        family="autograd",
        name="anomaly mode where the gradient is infinite",
        inputs={"x": f32(0.0)},
        torch="""\
x.requires_grad_()
with torch.autograd.detect_anomaly():
    torch.sqrt(x).backward()
x.grad""",
        jax="""\
with jax.debug_nans(True):
    grad = jax.grad(jnp.sqrt)(x)
grad""",
        jaxgrad="backward(jnp.sqrt)(x)[1]",
        eager=True,
        why="Neither asks for infinities; JAX has debug_infs for them.",
        link=_ANOMALY,
    ),
    Case(
        family="autograd",
        name="anomaly mode and a NaN that where does not choose",
        inputs={"x": f32([1.0, -1.0])},
        torch="""\
x.requires_grad_()
with torch.autograd.detect_anomaly():
    torch.where(x > 0, x, torch.log(x).detach()).sum().backward()
x.grad""",
        jax="""\
with jax.debug_nans(True):
    grad = jax.grad(lambda x: jnp.where(x > 0, x, jax.lax.stop_gradient(jax.lax.log(x))).sum())(x)
grad""",
        remedy="""\
def loss(x):
    safe = jnp.where(x > 0, x, 1.0)
    return jnp.where(x > 0, x, jax.lax.stop_gradient(jnp.log(safe))).sum()

with jax.debug_nans(True):
    grad = jax.grad(loss)(x)
grad""",
        verdict_jax="error",
        eager=True,
        why=(
            "Anomaly mode looks at gradients only; debug_nans raises for every NaN, of the way "
            "there too."
        ),
        link="https://docs.jax.dev/en/latest/debugging/flags.html",
    ),
    Case(
        family="autograd",
        name="gradcheck of clamp at its bound",
        inputs={"x": np.array([1.0])},
        torch="""\
torch.autograd.gradcheck(lambda x: x.clamp(max=1.0), x.requires_grad_(), raise_exception=False)""",
        jax="""\
from jax.test_util import check_grads
check_grads(lambda x: jnp.clip(x, max=1.0), (x,), order=1, modes=["rev"])
True""",
        jaxgrad="""\
bool(autograd.gradcheck(lambda x: T.clamp(x, max=1.0), x, raise_exception=False))""",
        verdict_jax="value",
        x64=True,
        why=(
            "The difference quotient is a half there, which jnp.clip has and PyTorch's derivative "
            "of 1 has not."
        ),
        link=_DOCS + "torch.autograd.gradcheck.gradcheck.html",
    ),
    Case(
        family="autograd",
        name="gradcheck of a maximum at its tie",
        inputs={"x": np.array([0.0])},
        torch="""\
torch.autograd.gradcheck(
    lambda x: torch.maximum(x, torch.zeros_like(x)), x.requires_grad_(), raise_exception=False
)""",
        jax="""\
from jax.test_util import check_grads
check_grads(lambda x: jnp.maximum(x, 0.0), (x,), order=1, modes=["rev"])
True""",
        jaxgrad="""\
bool(autograd.gradcheck(lambda x: T.maximum(x, 0.0), x, raise_exception=False))""",
        x64=True,
        why="A half of either side is what the difference quotient is.",
        link=_DOCS + "torch.autograd.gradcheck.gradcheck.html",
    ),
    Case(
        family="autograd",
        name="a value kept in a list outside the function",
        inputs={"x": f32(1.0)},
        torch="""\
kept = []
def fn(x):
    kept.append(x * 2)
    return x * 3

fn(x)
kept[0] + 1""",
        jax="""\
kept = []
@jax.jit
def fn(x):
    kept.append(x * 2)
    return x * 3

fn(x)
kept[0] + 1""",
        remedy="""\
@jax.jit
def fn(x):
    return x * 3, x * 2

_, kept = fn(x)
kept + 1""",
        verdict_jax="error",
        why=(
            "Within jit x * 2 is a symbol, which means nothing outside: what is wanted has to be "
            "returned."
        ),
        link="https://docs.jax.dev/en/latest/errors.html#jax.errors.UnexpectedTracerError",
    ),
)
