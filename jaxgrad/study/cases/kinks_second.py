"""Second derivatives at kinks, and where only one side has any."""

import functools

from ..case import Case, f32

_case = functools.partial(Case, family="kinks")
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_HESSIAN = "torch.autograd.functional.hessian({}, x)"
_TWICE = """\
x = x.requires_grad_()
g, = torch.autograd.grad({}.sum(), x, create_graph=True)
torch.autograd.grad(g.sum(), x, materialize_grads=True)[0]"""
_EACH = "jax.vmap(jax.grad(jax.grad({})))(x)"

CASES = (
    _case(
        name="second derivative of the norm at the zero vector",
        inputs={"x": f32([0, 0])},
        torch=_HESSIAN.format("torch.linalg.vector_norm"),
        jax="jax.hessian(jnp.linalg.norm)(x)",
        jaxgrad="jax.hessian(T.vector_norm)(x)",
        verdict_jaxgrad="value",
        departs="limit",
        why="The norm bends infinitely there, and PyTorch says NaN. jaxgrad keeps the slope's"
        " 0, which poisons no sum but is no derivative.",
        link=_DOCS + "linalg.vector_norm.html",
    ),
    _case(
        name="second derivative of the norm p=1.5 with one zero entry",
        inputs={"x": f32([1, 0, -2])},
        torch=_HESSIAN.format("lambda x: torch.linalg.vector_norm(x, 1.5)"),
        jax="jax.hessian(lambda x: jnp.linalg.norm(x, 1.5))(x)",
        jaxgrad="jax.hessian(lambda x: T.vector_norm(x, 1.5))(x)",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="limit",
        why="|x|^1.5 bends infinitely at 0. PyTorch has NaN in the whole column; jaxgrad "
        "holds that entry fixed, which is right beside the diagonal and hides the "
        "infinity on it.",
        link=_DOCS + "linalg.vector_norm.html",
    ),
    _case(
        name="second derivative of the distance of equal points",
        inputs={"x": f32([[1, 2]])},
        torch="y = torch.tensor([[1.0, 2.0]])\n"
        + _HESSIAN.format("lambda x: F.pairwise_distance(x, y, eps=0.0).sum()"),
        jax="jax.hessian(lambda x: jnp.linalg.norm(x - jnp.array([[1.0, 2.0]]), axis=1).sum())(x)",
        jaxgrad="y = jnp.array([[1.0, 2.0]])\n"
        "jax.hessian(lambda x: F.pairwise_distance(x, y, eps=0.0).sum())(x)",
        verdict_jaxgrad="value",
        departs="limit",
        why="As of any norm of 0 there is none: NaN in PyTorch; jaxgrad's 0 poisons no sum "
        "but is no derivative.",
        link=_DOCS + "nn.functional.pairwise_distance.html",
    ),
    _case(
        name="second derivative of cdist",
        inputs={"x": f32([[1, 2]])},
        torch=_HESSIAN.format("lambda x: torch.cdist(x, torch.zeros(1, 2)).sum()"),
        jax="jax.hessian(lambda x: jnp.linalg.norm(x[:, None] - jnp.zeros((1, 2)), axis=-1).sum())"
        "(x)",
        jaxgrad="jax.hessian(lambda x: T.cdist(x, jnp.zeros((1, 2))).sum())(x)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
r = np.linalg.norm(x)
((np.eye(2) - x.T @ x / r**2) / r).reshape(1, 2, 1, 2)""",
        why="PyTorch has none: _cdist_backward is not differentiable.",
        link=_DOCS + "cdist.html",
    ),
    _case(
        name="second derivative of hardsigmoid",
        inputs={"x": f32([-1, 0, 1])},
        torch=_TWICE.format("F.hardsigmoid(x)"),
        jax=_EACH.format("jax.nn.hard_sigmoid"),
        jaxgrad=_EACH.format("F.hardsigmoid"),
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
f = lambda x: np.clip(x / 6 + 0.5, 0, 1)
x, h = x.astype(float), 1e-2
(f(x + h) - 2 * f(x) + f(x - h)) / h**2""",
        why="PyTorch has none, though it is 0.",
        link=_DOCS + "nn.functional.hardsigmoid.html",
    ),
    _case(
        name="second derivative of multi_margin_loss",
        inputs={"x": f32([0.1, 0.9, -0.4])},
        torch=_HESSIAN.format("lambda x: F.multi_margin_loss(x, torch.tensor(0), p=2)"),
        jax="jax.hessian(lambda x: jnp.sum(jnp.maximum(1 - x[0] + x[1:], 0) ** 2) / 3)(x)",
        jaxgrad="jax.hessian(lambda x: F.multi_margin_loss(x, jnp.array(0), p=2))(x)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
f = lambda x: np.sum(np.maximum(1 - x[0] + x[1:], 0) ** 2) / 3
x, steps = x.astype(float), np.eye(3) * 1e-3
four = lambda a, b: f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)
np.array([[four(a, b) / 4e-6 for b in steps] for a in steps])""",
        why="PyTorch's backward of it is not differentiable.",
        link=_DOCS + "nn.functional.multi_margin_loss.html",
    ),
    _case(
        name="second derivative of softplus at its threshold",
        inputs={"x": f32([0.5, 1, 1.5])},
        torch=_TWICE.format("F.softplus(x, 2.0, 2.0)"),
        jax=_EACH.format("lambda x: jnp.where(2 * x > 2, x, jax.nn.softplus(2 * x) / 2)"),
        jaxgrad=_EACH.format("lambda x: F.softplus(x, 2.0, 2.0)"),
        verdict_jax="value",
        why="At the threshold PyTorch takes the curve's slope, but the line's second derivative.",
        link=_DOCS + "nn.functional.softplus.html",
    ),
    _case(
        name="second derivative of elu at 0",
        inputs={"x": f32([-1, 0, 1])},
        torch=_TWICE.format("F.elu(x)"),
        jax=_EACH.format("jax.nn.elu"),
        jaxgrad=_EACH.format("F.elu"),
        verdict_jax="value",
        why="0 at 0: that of the line, while the slope there is the curve's.",
        link=_DOCS + "nn.functional.elu.html",
    ),
    _case(
        name="second derivative of silu, gelu and mish at 0",
        inputs={"x": f32([0])},
        torch="twice = lambda f: torch.func.vmap(torch.func.grad(torch.func.grad(f)))(x)\n"
        "[twice(F.silu), twice(F.gelu), twice(F.mish)]",
        jax="twice = lambda f: jax.vmap(jax.grad(jax.grad(f)))(x)\n"
        "[twice(jax.nn.silu), twice(lambda x: jax.nn.gelu(x, approximate=False)), "
        "twice(jax.nn.mish)]",
        jaxgrad="twice = lambda f: jax.vmap(jax.grad(jax.grad(f)))(x)\n"
        "[twice(F.silu), twice(F.gelu), twice(F.mish)]",
        why="1/2, √(2/π) and 0.64: smooth, and the same everywhere.",
        link=_DOCS + "nn.functional.silu.html",
    ),
    _case(
        name="second derivative of mish where eˣ overflows",
        inputs={"x": f32([100])},
        torch=_TWICE.format("F.mish(x)"),
        jax=_EACH.format("jax.nn.mish"),
        jaxgrad=_EACH.format("F.mish"),
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
f = lambda x: x * np.tanh(np.logaddexp(0, x))
x, h = x.astype(np.longdouble), 1e-2
(f(x + h) - 2 * f(x) + f(x - h)) / h**2""",
        why="0; PyTorch's formula has eˣ in it, and gives NaN.",
        link=_DOCS + "nn.functional.mish.html",
    ),
    _case(
        name="second derivative of cross_entropy",
        inputs={"x": f32([2, 1, 0])},
        torch=_HESSIAN.format("lambda x: F.cross_entropy(x, torch.tensor(0))"),
        jax="jax.hessian(lambda x: -jax.nn.log_softmax(x)[0])(x)",
        jaxgrad="jax.hessian(lambda x: F.cross_entropy(x, jnp.array(0)))(x)",
        why="diag(p) - p pᵀ of the softmax p on all sides.",
        link=_DOCS + "nn.functional.cross_entropy.html",
    ),
)
