"""Gradients of intermediates, hooks, parts of a batch and complex numbers: what `.grad` told."""

import numpy as np

from ..case import Case, c64, f32, i32

_DOCS = "https://docs.pytorch.org/docs/stable"
_RETAIN = f"{_DOCS}/generated/torch.Tensor.retain_grad.html"
_HOOK = f"{_DOCS}/generated/torch.Tensor.register_hook.html"
_COMPLEX = f"{_DOCS}/notes/autograd.html#autograd-for-complex-numbers"
_AMP = f"{_DOCS}/notes/amp_examples.html#gradient-accumulation"
_IMPORT = "from jax.ad_checkpoint import checkpoint_name\n"
_X = {"x": f32([0.5, -1.0, 2.0])}
_RNG = np.random.RandomState(0)
_NET = {
    "x": _RNG.randn(5, 3).astype(np.float32),
    "w1": _RNG.randn(3, 4).astype(np.float32),
    "w2": _RNG.randn(4, 2).astype(np.float32),
}
_RNN = {"xs": f32([1.0, 2.0, -0.5, 0.3]), "c": f32(0.7)}
_BATCH = {
    "x": _RNG.randn(12, 3).astype(np.float32),
    "w": _RNG.randn(3, 4).astype(np.float32),
    "t": i32([0, 1, 2, 3, -100, -100, -100, 1, 2, 0, -100, 3]),
}

_INTERMEDIATES = (
    Case(
        family="autograd",
        name="the gradient of an intermediate value",
        inputs=_X,
        torch="x.requires_grad_()\nh = x * x\nh.retain_grad()\n(h**3).sum().backward()\nh.grad",
        jax="jax.grad(lambda h: (h**3).sum())(x * x)",
        jaxgrad=f"""\
{_IMPORT}
def loss(x):
    return (checkpoint_name(x * x, "h") ** 3).sum()

autograd.intermediate_grads(loss, "h")(x)[2]["h"]""",
        why="Plain JAX has to write the function anew from the intermediate value on.",
        link=_RETAIN,
    ),
    Case(
        family="autograd",
        name="the gradients of two hidden layers, beside those of the weights",
        inputs=_NET,
        torch="""\
w1.requires_grad_(), w2.requires_grad_()
h1 = torch.tanh(x @ w1)
h2 = h1 @ w2
h1.retain_grad(), h2.retain_grad()
(h2**2).mean().backward()
[h1.grad, h2.grad, w1.grad, w2.grad]""",
        jax="""\
def loss(zeros, w1, w2):
    h1 = jnp.tanh(x @ w1) + zeros[0]
    h2 = h1 @ w2 + zeros[1]
    return (h2**2).mean()

zeros = [jnp.zeros((5, 4)), jnp.zeros((5, 2))]
(g1, g2), d1, d2 = jax.grad(loss, (0, 1, 2))(zeros, w1, w2)
[g1, g2, d1, d2]""",
        jaxgrad=f"""\
{_IMPORT}
def loss(w1, w2):
    h1 = checkpoint_name(jnp.tanh(x @ w1), "h1")
    h2 = checkpoint_name(h1 @ w2, "h2")
    return (h2**2).mean()

_, (d1, d2), h = autograd.intermediate_grads(loss, ["h1", "h2"], (0, 1))(w1, w2)
[h["h1"], h["h2"], d1, d2]""",
        why="In plain JAX zeros are added to each value, and handed through every layer.",
        link=_RETAIN,
    ),
    Case(
        family="autograd",
        name="the gradient of the hidden state at every step of a loop",
        inputs=_RNN,
        torch="""\
h, hs = c.requires_grad_(), []
for x in xs:
    h = torch.sin(h * x)
    h.retain_grad()
    hs.append(h)
h.backward()
torch.stack([h.grad for h in hs])""",
        jax="""\
def loss(zeros):
    def step(h, inputs):
        x, zero = inputs
        h = jnp.sin(h * x) + zero
        return h, None

    return jax.lax.scan(step, c, (xs, zeros))[0]

jax.grad(loss)(jnp.zeros_like(xs))""",
        jaxgrad=f"""\
{_IMPORT}
def loss(c):
    def step(h, x):
        return checkpoint_name(jnp.sin(h * x), "h"), None

    return jax.lax.scan(step, c, xs)[0]

autograd.intermediate_grads(loss, "h")(c)[2]["h"]""",
        why="A name inside a scan has one gradient for each iteration, stacked.",
        link=_RETAIN,
    ),
    Case(
        family="autograd",
        name="the gradient of an intermediate value that was not retained",
        inputs=_X,
        torch="x.requires_grad_()\nh = x * x\n(h**3).sum().backward()\nh.grad",
        jax='jax.grad(lambda x: (x * x) ** 3, "h")(x)',
        jaxgrad='autograd.intermediate_grads(lambda x: ((x * x) ** 3).sum(), "h")(x)',
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch warns and gives None; asking for a name that is not there raises here.",
        link=_RETAIN,
    ),
)

_HOOKS = (
    Case(
        family="autograd",
        name="a hook that clips the gradient of an intermediate value",
        inputs=_X,
        torch="""\
x.requires_grad_()
h = x * x
h.register_hook(lambda g: g.clamp(-1, 1))
(h**2).sum().backward()
x.grad""",
        jax="""\
@jax.custom_vjp
def clipped(h):
    return h

clipped.defvjp(lambda h: (h, None), lambda _, g: (jnp.clip(g, -1, 1),))
jax.grad(lambda x: (clipped(x * x) ** 2).sum())(x)""",
        jaxgrad="""\
def loss(x):
    h = autograd.gradient_hook(x * x, lambda g: jnp.clip(g, -1, 1))
    return (h**2).sum()

backward(loss)(x)[1]""",
        why="An identity whose derivative is the hook; a custom_vjp of one's own does it too.",
        link=_HOOK,
    ),
    Case(
        family="autograd",
        name="a hook and forward mode",
        inputs=_X,
        torch="""\
def fn(x):
    h = x * 1
    if h.requires_grad:
        h.register_hook(lambda g: g.clamp(-1, 1))
    return h**2

torch.func.jvp(fn, (x,), (torch.ones(3),))[1]""",
        jax="""\
@jax.custom_vjp
def clipped(h):
    return h

clipped.defvjp(lambda h: (h, None), lambda _, g: (jnp.clip(g, -1, 1),))
jax.jvp(lambda x: clipped(x) ** 2, (x,), (jnp.ones(3),))[1]""",
        jaxgrad="""\
def fn(x):
    return autograd.gradient_hook(x, lambda g: jnp.clip(g, -1, 1)) ** 2

jax.jvp(fn, (x,), (jnp.ones(3),))[1]""",
        verdict_jax="error",
        why="A hook has no say in forward mode; a custom_vjp has none at all.",
        link=_HOOK,
    ),
    Case(
        family="autograd",
        name="a hook and the second derivative",
        inputs=_X,
        torch="""\
x.requires_grad_()
h = x * 1
h.register_hook(torch.tanh)
(g,) = torch.autograd.grad((h**3).sum(), x, create_graph=True)
torch.autograd.grad(g.sum(), x)[0]""",
        jax="""\
@jax.custom_vjp
def hooked(h):
    return h

hooked.defvjp(lambda h: (h, None), lambda _, g: (jnp.tanh(g),))
first = jax.grad(lambda x: (hooked(x) ** 3).sum())
jax.grad(lambda x: first(x).sum())(x)""",
        jaxgrad="""\
first = jax.grad(lambda x: (autograd.gradient_hook(x, jnp.tanh) ** 3).sum())
jax.grad(lambda x: first(x).sum())(x)""",
        verdict_jax="value",
        why="The hook is differentiated as it was called, and called again on the way back; the "
        "rule of a custom_vjp is gone once it was used.",
        link=_HOOK,
    ),
    Case(
        family="autograd",
        name="two hooks on one value, one after the other",
        inputs=_X,
        torch="""\
x.requires_grad_()
h = x * 1
h.register_hook(lambda g: g + 1)
h.register_hook(lambda g: g * 10)
(h * 2).sum().backward()
x.grad""",
        jax="(jax.grad(lambda x: (x * 2).sum())(x) + 1) * 10",
        jaxgrad="""\
def loss(x):
    h = autograd.gradient_hook(x, lambda g: g * 10)
    h = autograd.gradient_hook(h, lambda g: g + 1)
    return (h * 2).sum()

backward(loss)(x)[1]""",
        why="PyTorch calls hooks in the order they came; here the innermost call comes last.",
        link=_HOOK,
    ),
    Case(
        family="autograd",
        name="what a hook sees of a complex value",
        inputs={"z": c64([1 + 1j, 2 - 1j])},
        torch="""\
z.requires_grad_()
h, seen = z * 1, []
h.register_hook(seen.append)
(h * (1 + 2j)).real.sum().backward()
seen[0]""",
        jax="""\
@jax.custom_vjp
def hooked(h):
    return h

seen = []
hooked.defvjp(lambda h: (h, None), lambda _, g: (seen.append(g), (g,))[1])
jax.grad(lambda z: (hooked(z) * (1 + 2j)).real.sum())(z)
seen[0]""",
        jaxgrad="""\
seen = []
def loss(z):
    return (autograd.gradient_hook(z, seen.append) * (1 + 2j)).real.sum()

backward(loss)(z)
seen[0]""",
        verdict_jax="value",
        why="JAX's cotangents of complex values are the conjugates of PyTorch's gradients.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="a hook that returns another shape",
        inputs=_X,
        torch="""\
x.requires_grad_()
h = x * 1
h.register_hook(lambda g: g[:1])
(h * 2).sum().backward()
x.grad""",
        jax="""\
@jax.custom_vjp
def hooked(h):
    return h

hooked.defvjp(lambda h: (h, None), lambda _, g: (g[:1],))
jax.grad(lambda x: (hooked(x) * 2).sum())(x)""",
        jaxgrad="backward(lambda x: (autograd.gradient_hook(x, lambda g: g[:1]) * 2).sum())(x)[1]",
        why="All three refuse it.",
        link=_HOOK,
    ),
)


_ACCUMULATED = (
    Case(
        family="autograd",
        name="gradients of a batch in four parts, as a mean",
        inputs={"x": _BATCH["x"], "w": _BATCH["w"]},
        torch="""\
w.requires_grad_()
for part in x.chunk(4):
    (torch.tanh(part @ w).pow(2).mean() / 4).backward()
w.grad""",
        jax="""\
def loss(w, x):
    return (jnp.tanh(x @ w) ** 2).mean()

sum(jax.grad(loss)(w, part) for part in jnp.split(x, 4)) / 4""",
        jaxgrad="autograd.accumulate(lambda w, x: (jnp.tanh(x @ w) ** 2).mean(), 4)(w, x)[1]",
        why="The mean of equal parts' means is the mean; one compiled scan has one part's memory.",
        link=_AMP,
    ),
    Case(
        family="autograd",
        name="gradients of a batch in three parts, of which some elements do not count",
        inputs=_BATCH,
        torch="F.cross_entropy(x @ w.requires_grad_(), t.long()).backward()\nw.grad",
        jax="""\
def loss(w, x, t):
    each = optax.softmax_cross_entropy_with_integer_labels(x @ w, jnp.maximum(t, 0))
    return (each * (t != -100)).sum() / (t != -100).sum()

parts = zip(jnp.split(x, 3), jnp.split(t, 3))
sum(jax.grad(loss)(w, *part) for part in parts) / 3""",
        jaxgrad="""\
def loss(w, x, t):
    return F.cross_entropy(x @ w, t, reduction="sum"), (t != -100).sum().astype(x.dtype)

autograd.accumulate(loss, 3, "ratio", batch_argnums=(1, 2))(w, x, t)[1]""",
        verdict_jax="value",
        why="The mean of the parts' means counts an element more where fewer count beside it.",
        link=_AMP,
    ),
)

_COMPLEX_GRADIENTS = (
    Case(
        family="autograd",
        name="the gradient of |z|²",
        inputs={"z": c64([1 + 2j, -0.5 + 1j])},
        torch="z.requires_grad_()\n(z.abs() ** 2).sum().backward()\nz.grad",
        jax="jax.grad(lambda z: (jnp.abs(z) ** 2).sum())(z)",
        jaxgrad="autograd.conjugate(jax.grad(lambda z: (jnp.abs(z) ** 2).sum())(z))",
        verdict_jax="value",
        why="PyTorch's gradient points uphill, JAX's is its conjugate; one function turns them.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="the gradient of a function that is not holomorphic",
        inputs={"z": c64([1 + 2j, -0.5 + 1j])},
        torch="z.requires_grad_()\n(z.real * z.imag**2).sum().backward()\nz.grad",
        jax="jax.grad(lambda z: (z.real * z.imag**2).sum())(z)",
        jaxgrad="backward(lambda z: (z.real * z.imag**2).sum())(z)[1]",
        verdict_jax="value",
        why="backward has PyTorch's convention: the derivative by the real part, plus i times the "
        "one by the imaginary part.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="a vector-Jacobian product of a complex function",
        inputs={"z": c64([1 + 2j]), "v": c64([0.5 - 1j])},
        torch="torch.autograd.functional.vjp(lambda z: z * z * (1 + 1j), z, v)[1]",
        jax="jax.vjp(lambda z: z * z * (1 + 1j), z)[1](v)[0]",
        jaxgrad="backward(lambda z: z * z * (1 + 1j))(z, cotangent=v)[1]",
        verdict_jax="value",
        why="Both the cotangent and what comes back are conjugated between the two.",
        link=_COMPLEX,
    ),
    Case(
        family="autograd",
        name="the Hessian times a direction",
        inputs={"x": f32([0.5, -1.0, 2.0]), "v": f32([1.0, 0.5, -2.0])},
        torch="torch.autograd.functional.hvp(lambda x: (x**3).sum() + x[0] * x[1], x, v)",
        jax="""\
def fn(x):
    return (x**3).sum() + x[0] * x[1]

fn(x), jax.hessian(fn)(x) @ v""",
        jaxgrad="autograd.hvp(lambda x: (x**3).sum() + x[0] * x[1])(x, v=v)",
        why="The same numbers; the product alone costs a few gradients, the Hessian one for each "
        "element.",
        link=f"{_DOCS}/generated/torch.autograd.functional.hvp.html",
    ),
)

CASES = _INTERMEDIATES + _HOOKS + _ACCUMULATED + _COMPLEX_GRADIENTS
