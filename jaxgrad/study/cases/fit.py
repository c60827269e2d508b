"""The linear fit by gradient descent, to the least-squares answer (prose around In [16])."""

import numpy as np

from ..case import Case, Snippets

_SGD = "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html"
_ADAM = "https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html"
_HEIGHT = np.arange(58.0, 73.0)
_WEIGHT = np.array(
    [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164], np.float64
)
_RAW = {"t_u": _WEIGHT, "t_c": _HEIGHT}
_SCALED = {"z": (_WEIGHT - _WEIGHT.mean()) / _WEIGHT.std(), "t_c": _HEIGHT}
_SCALED32 = {name: value.astype(np.float32) for name, value in _SCALED.items()}
_RAW32 = {name: value.astype(np.float32) for name, value in _RAW.items()}

_TORCH = """\
w = torch.zeros((), dtype=t_c.dtype, requires_grad=True)
b = torch.zeros((), dtype=t_c.dtype, requires_grad=True)
optimizer = torch.optim.{optimizer}
losses = []
for step in range({steps}):
    optimizer.zero_grad()
    loss = F.mse_loss(w * {x} + b, t_c)
    loss.backward()
    optimizer.step()
    losses.append(loss.detach())
losses = torch.stack(losses)
"""
_JAX = """\
def loss_fn(params):
    w, b = params
    return jnp.mean((w * {x} + b - t_c) ** 2)

params = (jnp.zeros((), t_c.dtype), jnp.zeros((), t_c.dtype))
optimizer = optax.{optimizer}
state = optimizer.init(params)

@jax.jit
def step(params, state):
    loss, grads = jax.value_and_grad(loss_fn)(params)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss

losses = []
for _ in range({steps}):
    params, state, loss = step(params, state)
    losses.append(loss)
(w, b), losses = params, jnp.stack(losses)
"""
_JAXGRAD = """\
def loss_fn(params, data):
    x, y = data
    return F.mse_loss(linear(params, x), y)

params = {{"weight": jnp.zeros((), t_c.dtype), "bias": jnp.zeros((), t_c.dtype)}}
result = fit(loss_fn, params, optax.{optimizer}, ({x}, t_c), steps={steps})
w, b, losses = result.params["weight"], result.params["bias"], result.losses
"""


def _descent(steps: int, x: str, torch: str, optax: str, last: str) -> Snippets:
    return {
        "torch": _TORCH.format(steps=steps, x=x, optimizer=torch) + last,
        "jax": _JAX.format(steps=steps, x=x, optimizer=optax) + last,
        "jaxgrad": _JAXGRAD.format(steps=steps, x=x, optimizer=optax) + last,
    }


CASES = (
    Case(
        family="fit",
        name="the least-squares line",
        source="prose after In [20]",
        inputs=_RAW,
        torch="""\
ones = torch.ones_like(t_u)
w, b = torch.linalg.lstsq(torch.stack([t_u, ones], 1), t_c[:, None]).solution[:, 0]
[w, b, ((w * t_u + b - t_c) ** 2).mean()]""",
        jax="""\
w, b = jnp.linalg.lstsq(jnp.stack([t_u, jnp.ones_like(t_u)], 1), t_c)[0]
[w, b, jnp.mean((w * t_u + b - t_c) ** 2)]""",
        jaxgrad="""\
line = least_squares(t_u, t_c)
[line["weight"], line["bias"], F.mse_loss(linear(line, t_u), t_c)]""",
        x64=True,
        rtol=1e-10,
        why="Slope 0.28724923, intercept 25.72345571, mean squared error 0.1678. The system has "
        "condition number 1300 before it is centred, which costs three digits of sixteen.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html",
    ),
    Case(
        family="fit",
        name="SGD on standardised weights: the losses of 60 steps",
        source="prose after In [20]",
        inputs=_SCALED32,
        **_descent(60, "z", "SGD([w, b], lr=0.1)", "sgd(0.1)", "losses"),
        picture="curve",
        why="Standardised, both curvatures are 2, and each step at 0.1 leaves 0.8 of the error.",
        link=_SGD,
    ),
    Case(
        family="fit",
        name="SGD on standardised weights: the losses of 60 steps, float64",
        source="prose after In [20]",
        inputs=_SCALED,
        **_descent(60, "z", "SGD([w, b], lr=0.1)", "sgd(0.1)", "losses"),
        x64=True,
        why="The same steps to the last digits.",
        link=_SGD,
    ),
    Case(
        family="fit",
        name="SGD on standardised weights: 500 steps reach the least-squares line",
        source="prose after In [20]",
        inputs=_SCALED | {"scale": float(_WEIGHT.std()), "centre": float(_WEIGHT.mean())},
        **_descent(
            500,
            "z",
            "SGD([w, b], lr=0.1)",
            "sgd(0.1)",
            "[w / scale, b - w * centre / scale, losses[-1]]",
        ),
        x64=True,
        why="In the original units: slope 0.28724923, intercept 25.72345571, error 0.1678.",
        link=_SGD,
    ),
    Case(
        family="fit",
        name="SGD with momentum 0.9: the losses of 60 steps",
        source="prose after In [20]",
        inputs=_SCALED,
        **_descent(
            60, "z", "SGD([w, b], lr=0.05, momentum=0.9)", "sgd(0.05, momentum=0.9)", "losses"
        ),
        x64=True,
        picture="curve",
        why="Without dampening, PyTorch's momentum is optax's trace.",
        link=_SGD,
    ),
    Case(
        family="fit",
        name="Adam: the losses of 60 steps",
        source="prose after In [20]",
        inputs=_SCALED,
        **_descent(60, "z", "Adam([w, b], lr=1.0)", "adam(1.0)", "losses"),
        x64=True,
        picture="curve",
        why="The same defaults (0.9, 0.999, 1e-8) and the same formula.",
        link=_ADAM,
    ),
    Case(
        family="fit",
        name="SGD on the raw weights at 0.01 diverges",
        source="prose after In [20]",
        inputs=_RAW32,
        **_descent(40, "t_u", "SGD([w, b], lr=0.01)", "sgd(0.01)", "[w, b]"),
        verdict_jaxgrad="error",
        departs="refuses",
        why="The curvature along the slope is 2 mean(t_u²) = 37,840, and 0.01 is 190 times the "
        "largest rate that converges. PyTorch and plain JAX run on to NaN; fit raises, and names "
        "the step.",
        link=_SGD,
    ),
    Case(
        family="fit",
        name="the curvatures of the raw and of the standardised loss",
        source="prose after In [20]",
        inputs=_RAW | _SCALED,
        torch="""\
def curvatures(x):
    loss = lambda p: F.mse_loss(p[0] * x + p[1], t_c)
    hessian = torch.autograd.functional.hessian(loss, torch.zeros(2, dtype=x.dtype))
    return torch.linalg.eigvalsh(hessian)

[curvatures(t_u), curvatures(z)]""",
        jax="""\
def curvatures(x):
    loss = lambda p: jnp.mean((p[0] * x + p[1] - t_c) ** 2)
    return jnp.linalg.eigvalsh(jax.hessian(loss)(jnp.zeros(2)))

[curvatures(t_u), curvatures(z)]""",
        jaxgrad="""\
def curvatures(x):
    loss = lambda p: F.mse_loss(p[0] * x + p[1], t_c)
    return jnp.linalg.eigvalsh(jax.hessian(loss)(jnp.zeros(2)))

[curvatures(t_u), curvatures(z)]""",
        x64=True,
        rtol=1e-9,
        why="Descent converges below 2 / the largest and slows with the ratio of the two: 0.024 "
        "and 37,842 on the raw data, 2 and 2 once standardised. The smallest is found to within "
        "the rounding of the largest.",
    ),
)
