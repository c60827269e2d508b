"""The scalar loop: one weight, three points, plain gradient descent by hand (In [1])."""

from ..case import Case, Snippets

_POINTS = {"x_data": [11.0, 22.0, 33.0], "y_data": [21.0, 14.0, 64.0]}

_TORCH = """\
w = torch.tensor([1.0], requires_grad=True)
gradients, losses = [], []
for epoch in range(10):
    for x_val, y_val in zip(x_data, y_data):
        y_pred = x_val * w
        l = (y_pred - y_val) * (y_pred - y_val)
        l.backward()
        gradients.append(w.grad[0].clone())
        losses.append(l.data[0])
        w.data = w.data - {lr} * w.grad
        w.grad.zero_()
"""

_JAX = """\
def loss_function(w, x, y):
    y_pred = x * w
    return (y_pred - y) * (y_pred - y)

w = jnp.array(1.0)
gradients, losses = [], []
for epoch in range(10):
    for x_val, y_val in zip(x_data, y_data):
        l, gradient = jax.value_and_grad(loss_function)(w, x_val, y_val)
        gradients.append(gradient)
        losses.append(l)
        w = w - {lr} * gradient
"""

_JAXGRAD = """\
def loss_function(w, x, y):
    y_pred = x * w
    return (y_pred - y) * (y_pred - y)

def step(w, point):
    l, gradient = backward(loss_function)(w, *point)
    return w - {lr} * gradient, (gradient, l)

points = jnp.tile(jnp.array(x_data), 10), jnp.tile(jnp.array(y_data), 10)
w, (gradients, losses) = jax.lax.scan(step, jnp.array([1.0]), points)
"""

_DIVERGES = (
    "The rate 0.01 is above 2 / curvature for every point (0.0083, 0.0021, 0.0009), so each step "
    "overshoots: an epoch multiplies the error by -1.42 x -8.68 x -20.78 = -256, and in the "
    "eighth the loss, its square, is beyond float32: inf. JAX and PyTorch agree; what "
    "differs is where XLA contracts a*b + c into one rounding, and --exact switches that off."
)


def _last_lines(torch: str, jax: str, jaxgrad: str, lr: float) -> Snippets:
    return {
        "torch": _TORCH.format(lr=lr) + torch,
        "jax": _JAX.format(lr=lr) + jax,
        "jaxgrad": _JAXGRAD.format(lr=lr) + jaxgrad,
    }


CASES = (
    Case(
        family="loop",
        name="the 30 printed gradients, learning rate 0.01",
        source="In [1]",
        inputs=_POINTS,
        **_last_lines(
            "torch.stack(gradients)", "jnp.stack(gradients)", "gradients.reshape(30)", 0.01
        ),
        exact=True,
        picture="curve",
        why=_DIVERGES,
    ),
    Case(
        family="loop",
        name="the 30 printed losses, learning rate 0.01",
        source="In [1]",
        inputs=_POINTS,
        **_last_lines("torch.stack(losses)", "jnp.stack(losses)", "losses.reshape(30)", 0.01),
        exact=True,
        picture="curve",
        why=_DIVERGES,
    ),
    Case(
        family="loop",
        name="the 30 losses at the learning rate 0.0005 converge",
        source="In [1]",
        inputs=_POINTS,
        **_last_lines("torch.stack(losses)", "jnp.stack(losses)", "losses.reshape(30)", 0.0005),
        exact=True,
        picture="curve",
        why="Below 2 / curvature (0.0009 for x = 33) every step shortens the error. No weight fits "
        "all three points, so the losses settle into a cycle of three.",
    ),
    Case(
        family="loop",
        name="the factor by which one step multiplies the error",
        source="In [1]",
        inputs=_POINTS,
        torch="""\
def curvature(x, y):
    w = torch.tensor(1.0, requires_grad=True)
    (slope,) = torch.autograd.grad((x * w - y) * (x * w - y), w, create_graph=True)
    return torch.autograd.grad(slope, w)[0]

torch.stack([1 - 0.01 * curvature(x, y) for x, y in zip(x_data, y_data)])""",
        jax="""\
def loss_function(w, x, y):
    return (x * w - y) * (x * w - y)

curvature = jax.grad(jax.grad(loss_function))
jnp.stack([1 - 0.01 * curvature(1.0, x, y) for x, y in zip(x_data, y_data)])""",
        jaxgrad="""\
def loss_function(w, x, y):
    return (x * w - y) * (x * w - y)

curvature = jax.vmap(jax.grad(jax.grad(loss_function)), in_axes=(None, 0, 0))
1 - 0.01 * curvature(1.0, jnp.array(x_data), jnp.array(y_data))""",
        why="A step maps the error e to (1 - rate x 2x²) e; beyond -1 the error grows.",
    ),
)
