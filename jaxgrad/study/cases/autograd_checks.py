"""Gradient checks, anomaly mode and the computation graph: what told where things go wrong."""

from typing import Any

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable"
_CHECK = f"{_DOCS}/generated/torch.autograd.gradcheck.gradcheck.html"
_ANOMALY = f"{_DOCS}/autograd.html#anomaly-detection"
_GRAPH = f"{_DOCS}/notes/autograd.html#how-autograd-encodes-the-history"
_CHECKED = """\
from jax.test_util import check_grads
def verdict(fn, *inputs):
    try:
        check_grads(fn, inputs, order={order}, modes=["rev"])
    except AssertionError:
        return False
    return True

"""
_OWN_TORCH = """\
class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return {rule}

"""
_OWN_JAX = """\
own = jax.custom_vjp(lambda x: x**2)
own.defvjp(lambda x: (x**2, x), lambda x, g: ({rule},))
"""
_X = np.array([0.5, -1.0, 2.0])


def _checked(
    name: str,
    torch: str,
    jax: str,
    why: str,
    x: np.ndarray = _X,
    order: int = 1,
    options: str = "",
    ours: str = "",
    **declared: Any,
) -> Case:
    """Whether a function of x passes; `ours` is jaxgrad's where that is another than JAX's."""
    check = "gradcheck" if order == 1 else "gradgradcheck"
    *torch_before, torch_fn = torch.rsplit("\n", 1)
    *jax_before, jax_fn = jax.rsplit("\n", 1)
    before, jax_before = (
        "".join(f"{t}\n" for t in torch_before),
        "".join(f"{t}\n" for t in jax_before),
    )
    return Case(
        family="autograd",
        name=f"{check} of {name}",
        inputs={"x": x},
        x64=True,
        torch=f"{before}torch.autograd.{check}({torch_fn}, x.requires_grad_(), "
        f"raise_exception=False{options})",
        jax=f"{_CHECKED.format(order=order)}{jax_before}verdict({jax_fn}, x)",
        jaxgrad=f"{jax_before}bool(autograd.{check}({ours or jax_fn}, x, "
        f"raise_exception=False{options}))",
        **declared,
        why=why,
        link=_CHECK,
    )


def _own(name: str, rule_torch: str, rule_jax: str, why: str, **options: Any) -> Case:
    """A square with a derivative of its own."""
    return _checked(
        name,
        _OWN_TORCH.format(rule=rule_torch) + "Own.apply",
        _OWN_JAX.format(rule=rule_jax) + "own",
        why,
        **options,
    )


_CHECKS = (
    _checked("sin", "torch.sin", "jnp.sin", "It agrees with its differences."),
    _checked(
        "a function of complex numbers that is not holomorphic",
        "lambda z: z * z.conj() + z.real",
        "lambda z: z * z.conj() + z.real",
        "Complex numbers count as two real ones.",
        x=np.array([1 + 2j, -0.5 + 1j]),
    ),
    _checked(
        "sin in float32",
        "torch.sin",
        "jnp.sin",
        "A step of 1e-6 vanishes in float32. PyTorch warns and finds sin wrong; check_grads takes "
        "a larger step; jaxgrad takes the inputs to float64.",
        x=f32([0.5, -1.0, 20.0]),
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="x, h = x.astype(float), 1e-5\n"
        "np.allclose((np.sin(x + h) - np.sin(x - h)) / (2 * h), np.cos(x))",
    ),
    _checked(
        "relu at its kink",
        "torch.relu",
        "jax.nn.relu",
        "A central difference gives 0.5 there.",
        x=np.array([1.0, 0.0]),
    ),
    _checked(
        "abs at its kink",
        "torch.abs",
        "jnp.abs",
        "The derivative of PyTorch and of T.abs is 0, as the central difference; that of jnp.abs "
        "is 1, and jaxgrad's report says of it that it is a kink.",
        x=np.array([1.0, 0.0]),
        ours="T.abs",
        verdict_jax="value",
    ),
    _own("a right derivative", "g * 2 * x", "g * 2 * x", "It agrees with its differences."),
    _own(
        "a derivative that is wrong in one element",
        "g * (2 * x + 0.1 * (x > 1))",
        "g * (2 * x + 0.1 * (x > 1))",
        "All three find it; jaxgrad's report names the element.",
    ),
    _own(
        "a derivative that is wrong by a hundredth",
        "g * 2.02 * x",
        "g * 2.02 * x",
        "Beyond the relative tolerance of 1e-3.",
    ),
    _own(
        "a wrong derivative, along one projection",
        "g * (2 * x + 0.1 * (x > 1))",
        "g * (2 * x + 0.1 * (x > 1))",
        "One projection of the Jacobian finds it too.",
        options=", fast_mode=True",
    ),
    _own(
        "a derivative of a zero cotangent that is not zero",
        "g * 2 * x + 1e-9",
        "g * 2 * x + 1e-9",
        "A gradient that is not linear in the cotangent; check_grads does not look for it.",
        verdict_jax="value",
    ),
    _own(
        "a backward pass that is not deterministic",
        "g * 2 * x + g * 1e-7 * torch.rand(3, dtype=x.dtype)",
        "g * 2 * x + g * 1e-7 * np.random.rand(3)",
        "Two backward passes give different gradients; check_grads does one.",
        verdict_jax="value",
    ),
    _checked(
        "x³, second derivative",
        "lambda x: (x**3).sum()",
        "lambda x: (x**3).sum()",
        "It agrees with the differences of the first.",
        order=2,
    ),
    _own(
        "a right first derivative with a wrong second one",
        "g * (2 * x + x.detach() - x)",
        "g * (2 * x + jax.lax.stop_gradient(x) - x)",
        "A forgotten detach shows in the second derivative only.",
        order=2,
    ),
)


def _born(name: str, torch: str, jax: str, why: str, x: np.ndarray) -> Case:
    """The operation that anomaly mode blames for the first NaN of a gradient."""
    return Case(
        family="autograd",
        name=f"the first NaN of a gradient: {name}",
        inputs={"x": x},
        torch=f"""\
x.requires_grad_()
with torch.autograd.detect_anomaly():
    try:
        {torch}.sum().backward()
    except RuntimeError as error:
        blamed = str(error).split("'")[1]

blamed""",
        jax=f"""\
with jax.debug_nans(True):
    try:
        jax.grad(lambda x: {jax}.sum())(x)
    except FloatingPointError as error:
        blamed = str(error).split(" encountered in ")[1].split(".")[0]

blamed""",
        jaxgrad=f"autograd.first_nonfinite(lambda x: {jax}.sum(), nan_only=True)(x).torch",
        verdict_jax="value",
        eager=True,
        why=why,
        link=_ANOMALY,
    )


_NANS = (
    _born(
        "sqrt at 0 under where",
        "torch.where(x > 0, x.sqrt(), 0.0)",
        "jnp.where(x > 0, jnp.sqrt(x), 0.0)",
        "The cotangent 0 meets the slope inf. JAX names a multiplication, jaxgrad what it is the "
        "derivative of, and the line.",
        f32([4.0, 0.0]),
    ),
    _born(
        "log at 0 times 0",
        "torch.where(x > 0, x.log(), 0.0)",
        "jnp.where(x > 0, jnp.log(x), 0.0)",
        "The cotangent 0 is divided by 0 in the derivative of the logarithm.",
        f32([4.0, 0.0]),
    ),
    _born(
        "a power of 0 below 1",
        "torch.where(x > 0, x**0.3, 0.0)",
        "jnp.where(x > 0, x**0.3, 0.0)",
        "The cotangent 0 meets the slope 0.3 * 0 ** -0.7 = inf.",
        f32([4.0, 0.0]),
    ),
    Case(
        family="autograd",
        name="the step at which a loop that diverges is no longer finite",
        source="prose around In [16]",
        inputs={
            "t_u": np.array(
                [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164],
                np.float32,
            ),
            "t_c": np.arange(58.0, 73.0, dtype=np.float32),
        },
        torch="""\
w, b = torch.ones(1, requires_grad=True), torch.zeros(1, requires_grad=True)
for step in range(100):
    squares = (w * t_u + b - t_c) ** 2
    if not squares.isfinite().all():
        break
    gw, gb = torch.autograd.grad(squares.mean(), (w, b))
    w, b = (p.detach().requires_grad_() for p in (w - 1e-2 * gw, b - 1e-2 * gb))

step""",
        jax="""\
def step(params, _):
    w, b = params
    loss = lambda w, b: ((w * t_u + b - t_c) ** 2).mean()
    value, (gw, gb) = jax.value_and_grad(loss, (0, 1))(w, b)
    return (w - 1e-2 * gw, b - 1e-2 * gb), value

_, losses = jax.lax.scan(step, (jnp.ones(1)[0], jnp.zeros(1)[0]), None, length=100)
int(jnp.argmax(~jnp.isfinite(losses)))""",
        jaxgrad="""\
def descend(w, b):
    def step(params, _):
        w, b = params
        loss = lambda w, b: ((w * t_u + b - t_c) ** 2).mean()
        value, (gw, gb) = jax.value_and_grad(loss, (0, 1))(w, b)
        return (w - 1e-2 * gw, b - 1e-2 * gb), value

    return jax.lax.scan(step, (w, b), None, length=100)

found = autograd.first_nonfinite(descend, argnums=())(1.0, 0.0)
int(found.within[0].split()[2])""",
        why="Inside a compiled loop JAX shows what came out; the report names the step, the square "
        "that overflows, its line and its operands.",
        link=_ANOMALY,
    ),
)

_WALK = """\
order, pending = {}, [out.grad_fn]
while pending:
    node = pending.pop()
    if node not in order:
        order[node] = len(order)
        pending += [n for n, _ in node.next_functions if n][::-1]

after = {n: [order[m] for m, _ in n.next_functions if m] for n in order}
[[n.name().split("::")[-1], after[n]] for n in order]"""


def _graph(
    name: str, inputs: dict, before: str, torch: str, jax: str, call: str, source: str
) -> Case:
    """The nodes that a derivative goes through, in the order of a walk from the output."""
    return Case(
        family="autograd",
        name=f"the graph of {name}",
        source=source,
        inputs=inputs,
        torch=f"{before}\nout = {torch}\n{_WALK}",
        jax=f"fn = {jax}\n[str(eqn.primitive) for eqn in jax.make_jaxpr(fn)({call}).eqns]",
        jaxgrad=f"fn = {jax}\ntrace(fn)({call}).next_functions",
        verdict_jax="structure",
        why="The equations of JAX are a list; the graph joins them as next_functions does, and "
        "names the nodes as PyTorch.",
        link=_GRAPH,
    )


_TWO = np.full((2, 2), 12.5, np.float32)
_GRAPHS = (
    _graph(
        "2 * (x * x) + 5 * x + 6",
        {"x": _TWO},
        "x.requires_grad_()",
        "2 * (x * x) + 5 * x + 6",
        "lambda x: 2 * (x * x) + 5 * x + 6",
        "x",
        "In [12] to In [14]",
    ),
    _graph(
        "sum(a + x3)",
        {"a": _TWO, "x3": _TWO},
        "a.requires_grad_(), x3.requires_grad_()",
        "torch.sum(a + x3)",
        "lambda a, x3: jnp.sum(a + x3)",
        "a, x3",
        "In [15]",
    ),
    _graph(
        "the linear model with its squared error",
        {"w": f32([1.0]), "b": f32([0.0])},
        "w.requires_grad_(), b.requires_grad_()\nu, c = torch.arange(15.0), torch.ones(15)",
        "((w * u + b - c) ** 2).mean()",
        "lambda w, b: ((w * jnp.arange(15.0) + b - jnp.ones(15)) ** 2).mean()",
        "w, b",
        "prose around In [16]",
    ),
    _graph(
        "a layer, an activation and a loss",
        {"x": np.ones((5, 3), np.float32), "w": np.ones((3, 4), np.float32)},
        "x.requires_grad_(), w.requires_grad_()",
        "torch.relu(x @ w).mean(0).exp().sum()",
        "lambda x, w: jnp.exp(jax.nn.relu(x @ w).mean(0)).sum()",
        "x, w",
        "",
    ),
    _graph(
        "a value that is chosen and cut off",
        {"x": f32([1.0, -2.0])},
        "x.requires_grad_()",
        "torch.where(x > 0, x.tanh(), -x).clamp(0, 1).sqrt().sum()",
        "lambda x: jnp.sqrt(jnp.clip(jnp.where(x > 0, jnp.tanh(x), -x), 0, 1)).sum()",
        "x",
        "",
    ),
)

CASES = _CHECKS + _NANS + _GRAPHS
