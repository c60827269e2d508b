"""Heights and weights: a model, a loss, its rate of change, MSELoss (In [16] to In [23])."""

import numpy as np

from ..case import Case, f32, i32

_MSE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html"
_PEOPLE = {
    "t_c": np.arange(58.0, 73.0, dtype=np.float32),
    "t_u": f32([115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164]),
}
_RNG = np.random.RandomState(0)
_TABLE = {name: _RNG.randn(10, 5).astype(np.float32) for name in ("x", "target")}
_MODEL = """\
def model(t_u, w, b):
    return w * t_u + b

def loss_fn(t_p, t_c):
    squared_diffs = (t_p - t_c)**2
    return squared_diffs.mean()

def loss(w, b):
    return loss_fn(model(t_u, w, b), t_c)

delta, learning_rate = 0.1, 1e-2
"""
_TORCH = _MODEL + "w, b = torch.ones(1), torch.zeros(1)\n"
_JAX = _MODEL + "w, b = jnp.ones(1), jnp.zeros(1)\n"
_RATE_W = "rate_w = (loss(w + delta, b) - loss(w - delta, b)) / (2.0 * delta)\n"
_RATE_B = "rate_b = (loss(w, b + delta) - loss(w, b - delta)) / (2.0 * delta)\n"
_STEP_W = "w = w - learning_rate * rate_w\n"
_STEP_B = "b = b - learning_rate * rate_b\n"
_OURS_W = "rate_w = central_difference(loss, delta)(w, b)\n"
_OURS_B = "rate_b = central_difference(loss, delta, argnums=1)(w, b)\n"

CASES = (
    Case(
        family="model",
        name="the version",
        source="In [14]",
        torch="str(torch.__version__)",
        jax="jax.__version__",
        verdict_jax="value",
        why="The described system shows 1.7.1; what this study recorded is newer. There is no "
        "remedy, for each library counts its own.",
    ),
    Case(
        family="model",
        name="tensors from lists of floats",
        source="In [15] to In [16]",
        torch="torch.tensor([58.0, 59.0, 60.0])",
        jax="jnp.array([58.0, 59.0, 60.0])",
        why="float32 on each side.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.tensor.html",
    ),
    Case(
        family="model",
        name="w t_u + b at w = 1, b = 0",
        source="In [17]",
        inputs=_PEOPLE,
        torch=_TORCH + "model(t_u, w, b)",
        jax=_JAX + "model(t_u, w, b)",
        jaxgrad='linear({"weight": jnp.array(1.0), "bias": jnp.array(0.0)}, t_u)',
        exact=True,
        why="The weights themselves.",
    ),
    Case(
        family="model",
        name="the first loss, 5259.7334",
        source="In [18]",
        inputs=_PEOPLE,
        torch=_TORCH + "loss(w, b)",
        jax=_JAX + "loss(w, b)",
        jaxgrad="F.mse_loss(t_u, t_c)",
        why="A mean of 15 squares, added in another order.",
    ),
    Case(
        family="model",
        name="the rate of change in w, 19936.27, by a central difference",
        source="In [19]",
        inputs=_PEOPLE,
        torch=_TORCH + _RATE_W + "rate_w",
        jax=_JAX + _RATE_W + "rate_w",
        jaxgrad=_JAX + _OURS_W + "rate_w[0]",
        why="Half an ulp in a loss near 7000 becomes 0.002 once divided by 0.2: 1 in the seventh "
        "place.",
    ),
    Case(
        family="model",
        name="w after one step, -198.36269",
        source="In [20]",
        inputs=_PEOPLE,
        torch=_TORCH + _RATE_W + _STEP_W + "w",
        jax=_JAX + _RATE_W + _STEP_W + "w",
        jaxgrad=_JAX + _OURS_W + _STEP_W + "w",
        why="The rate times 0.01.",
    ),
    Case(
        family="model",
        name="b after one step, 544.0",
        source="In [21]",
        inputs=_PEOPLE,
        torch=_TORCH + _RATE_W + _STEP_W + _RATE_B + _STEP_B + "b",
        jax=_JAX + _RATE_W + _STEP_W + _RATE_B + _STEP_B + "b",
        jaxgrad=_JAX + _OURS_W + _STEP_W + _OURS_B + _STEP_B + "b",
        rtol=1.2e-2,
        why="At w = -198 the loss is near 7.5e8, where float32 numbers are 64 apart: the rate is a "
        "multiple of 320 and b of 3.2, so that the order of a sum moves b by up to 1.2 %. The "
        "exact derivative gives 543.76.",
    ),
    Case(
        family="model",
        name="the rates by backward instead",
        source="prose after In [18]",
        inputs=_PEOPLE,
        torch="w, b = torch.ones(1, requires_grad=True), torch.zeros(1, requires_grad=True)\n"
        "((w * t_u + b - t_c) ** 2).mean().backward()\n[w.grad, b.grad]",
        jax=_JAX + "list(jax.grad(loss, (0, 1))(w, b))",
        jaxgrad=_JAX + "list(backward(loss, (0, 1))(w, b)[1])",
        why="The loss is quadratic, so that the central difference is exact up to rounding.",
    ),
    Case(
        family="model",
        name="central differences in float64",
        source="In [19]",
        inputs={name: value.astype(np.float64) for name, value in _PEOPLE.items()},
        torch=_MODEL + "w, b = torch.ones(1, dtype=torch.float64), 0.0\n" + _RATE_W + "rate_w",
        jax=_MODEL + "w, b = jnp.ones(1), 0.0\n" + _RATE_W + "rate_w",
        jaxgrad=_MODEL + "w, b = jnp.ones(1), 0.0\n" + _OURS_W + "rate_w[0]",
        x64=True,
        rtol=1e-11,
        why="The difference of two losses near 7000 loses a digit and a half before it is divided "
        "by 0.2.",
    ),
    Case(
        family="model",
        name="MSELoss on (10, 5)",
        source="In [22]",
        inputs=_TABLE,
        torch="nn.MSELoss()(x, target)",
        jax="jnp.mean(optax.squared_error(x, target))",
        jaxgrad="F.mse_loss(x, target)",
        grads=("x", "target"),
        why="2 (x - target) / 50, and minus that.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss with reduction='none'",
        source="prose before In [22]",
        inputs=_TABLE,
        torch="F.mse_loss(x, target, reduction='none')",
        jax="optax.squared_error(x, target)",
        jaxgrad="F.mse_loss(x, target, reduction='none')",
        grads=("x",),
        why="One square for each element.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss with reduction='sum'",
        source="prose before In [22]",
        inputs=_TABLE,
        torch="F.mse_loss(x, target, reduction='sum')",
        jax="jnp.sum(optax.squared_error(x, target))",
        jaxgrad="F.mse_loss(x, target, reduction='sum')",
        grads=("x",),
        why="Not divided by anything.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss with a weight",
        source="prose before In [22]",
        inputs={**_TABLE, "weight": np.abs(_RNG.randn(10, 5)).astype(np.float32)},
        torch="F.mse_loss(x, target, weight=weight)",
        jax="jnp.mean(weight * optax.squared_error(x, target))",
        jaxgrad="F.mse_loss(x, target, weight=weight)",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch divides by the sum of the weights, not by their number.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss with an unknown reduction",
        source="prose before In [22]",
        inputs=_TABLE,
        torch="F.mse_loss(x, target, reduction='average')",
        jax="optax.squared_error(x, target, reduction='average')",
        jaxgrad="F.mse_loss(x, target, reduction='average')",
        why="PyTorch and jaxgrad refuse the word; optax has no such argument and refuses any.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss of (3, 1) and (3,)",
        source="prose before In [22]",
        inputs={"x": f32([[1], [2], [3]]), "target": f32([1, 2, 3])},
        torch="F.mse_loss(x, target)",
        jax="jnp.mean((x - target) ** 2)",
        jaxgrad="F.mse_loss(x, target)",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch warns and compares each with each, JAX does so in silence: the loss of a "
        "perfect prediction is 4/3.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss of integers",
        source="prose before In [22]",
        inputs={"x": i32([1, 2]), "target": i32([1, 3])},
        torch="F.mse_loss(x, target)",
        jax="jnp.mean((x - target) ** 2)",
        jaxgrad="F.mse_loss(x, target)",
        verdict_jax="error",
        why="PyTorch has no integer kernel; a mean in JAX promotes.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss of float32 and an integer target",
        source="prose before In [22]",
        inputs={"x": f32([1, 2]), "target": i32([1, 3])},
        torch="F.mse_loss(x, target)",
        jax="jnp.mean((x - target) ** 2)",
        jaxgrad="F.mse_loss(x, target)",
        why="Promoted to float32 on each side.",
        link=_MSE,
    ),
    Case(
        family="model",
        name="mse_loss of nothing",
        source="prose before In [22]",
        inputs={"x": f32([]), "target": f32([])},
        torch="F.mse_loss(x, target)",
        jax="jnp.mean(optax.squared_error(x, target))",
        jaxgrad="F.mse_loss(x, target)",
        grads=("x",),
        why="0 / 0 is NaN, with an empty gradient.",
        link=_MSE,
    ),
)
