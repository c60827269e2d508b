"""What raises where a model is loaded and trained: optimizers, states, flags."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_X = f32([1.0, 2.0])

CASES = (
    Case(
        family="errors",
        name="a gradient of another shape",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
x.grad = torch.ones(3)
x.grad""",
        jax="""\
params, grads = {"x": x}, {"x": jnp.ones(3)}
optimizer = optax.sgd(0.1)
updates, _ = optimizer.update(grads, optimizer.init(params), params)
optax.apply_updates(params, updates)["x"]""",
        why="Both refuse: PyTorch when the gradient is assigned, JAX when the update is added.",
        link=_DOCS + "torch.Tensor.backward.html",
    ),
    Case(
        family="errors",
        name="a gradient of a shape that broadcasts",
        inputs={"x": _X},
        torch="""\
x.requires_grad_()
x.grad = torch.ones(1)
torch.optim.SGD([x], lr=0.1).step()
x""",
        jax="""\
params, grads = {"x": x}, {"x": jnp.ones(1)}
optimizer = optax.sgd(0.1)
updates, _ = optimizer.update(grads, optimizer.init(params), params)
optax.apply_updates(params, updates)["x"]""",
        jaxgrad="""\
params, grads = {"x": x}, {"x": jnp.ones(1)}
optimizer = jaxgrad.optim.sgd(0.1)
updates, _ = optimizer.update(grads, optimizer.init(params), params)
optax.apply_updates(params, updates)["x"]""",
        verdict_jax="error",
        why="PyTorch refuses the gradient; optax adds it to every element.",
        link=_DOCS + "torch.optim.SGD.html",
    ),
    Case(
        family="errors",
        name="SGD with a negative learning rate",
        inputs={"x": _X},
        torch="torch.optim.SGD([x], lr=-0.1)",
        jax="optax.sgd(-0.1).init(x)",
        jaxgrad="jaxgrad.optim.sgd(-0.1).init(x)",
        verdict_jax="error",
        why="PyTorch refuses; optax climbs.",
        link=_DOCS + "torch.optim.SGD.html",
    ),
    Case(
        family="errors",
        name="SGD with Nesterov's momentum of 0",
        inputs={"x": _X},
        torch="torch.optim.SGD([x], lr=0.1, nesterov=True)",
        jax="optax.sgd(0.1, nesterov=True).init(x)",
        jaxgrad="jaxgrad.optim.sgd(0.1, nesterov=True).init(x)",
        verdict_jax="error",
        why="PyTorch refuses; optax leaves the momentum out, and Nesterov with it.",
        link=_DOCS + "torch.optim.SGD.html",
    ),
    Case(
        family="errors",
        name="Adam with a beta of 1",
        inputs={"x": _X},
        torch="torch.optim.Adam([x], betas=(0.9, 1.0))",
        jax="optax.adam(1e-3, b2=1.0).init(x)",
        jaxgrad="jaxgrad.optim.adam(1e-3, betas=(0.9, 1.0)).init(x)",
        verdict_jax="error",
        why="PyTorch refuses; in optax the correction divides 0 by 0 at the first step.",
        link=_DOCS + "torch.optim.Adam.html",
    ),
    Case(
        family="errors",
        name="Adam with a negative weight decay",
        inputs={"x": _X},
        torch="torch.optim.AdamW([x], weight_decay=-0.1)",
        jax="optax.adamw(1e-3, weight_decay=-0.1).init(x)",
        jaxgrad="jaxgrad.optim.adamw(1e-3, weight_decay=-0.1).init(x)",
        verdict_jax="error",
        why="PyTorch refuses; optax lets the weights grow.",
        link=_DOCS + "torch.optim.AdamW.html",
    ),
    Case(
        family="errors",
        name="an optimizer of no parameters",
        torch="torch.optim.SGD([], lr=0.1)",
        jax="optax.sgd(0.1).init([])",
        remedy="""\
params = []
if not params:
    raise ValueError("no parameters")
optax.sgd(0.1).init(params)""",
        verdict_jax="error",
        why=(
            "PyTorch refuses, which finds a generator that was used up; optax has nothing to do "
            "and says nothing."
        ),
        link=_DOCS + "torch.optim.Optimizer.html",
    ),
    Case(
        family="errors",
        name="loading a state without the bias",
        inputs={"w": np.ones((1, 2), np.float32)},
        torch='nn.Linear(2, 1).load_state_dict({"weight": w})',
        jax='{"weight": jnp.zeros((1, 2)), "bias": jnp.zeros(1)} | {"weight": w}',
        remedy="""\
params = {"weight": jnp.zeros((1, 2)), "bias": jnp.zeros(1)}
loaded = {"weight": w}
if loaded.keys() != params.keys():
    raise ValueError("other names than the parameters'")
loaded""",
        verdict_jax="error",
        why="load_state_dict is strict about names; dicts merge without a word.",
        link=_DOCS + "torch.nn.Module.html",
    ),
    Case(
        family="errors",
        name="loading a state of another shape",
        inputs={"w": np.ones((2, 1), np.float32)},
        torch='nn.Linear(2, 1, bias=False).load_state_dict({"weight": w})',
        jax='{"weight": jnp.zeros((1, 2))} | {"weight": w}',
        remedy="""\
params, loaded = {"weight": jnp.zeros((1, 2))}, {"weight": w}
if jax.tree.map(jnp.shape, params) != jax.tree.map(jnp.shape, loaded):
    raise ValueError("other shapes than the parameters'")
loaded""",
        verdict_jax="error",
        why="load_state_dict compares shapes; a pytree takes what it is given.",
        link=_DOCS + "torch.nn.Module.html",
    ),
    Case(
        family="errors",
        name="evaluating a model in training",
        torch="nn.Dropout(0.5).eval()(torch.ones(4))",
        jax="nnx.Dropout(0.5)(jnp.ones(4))",
        remedy="nnx.Dropout(0.5, deterministic=True)(jnp.ones(4))",
        verdict_jax="error",
        why=(
            "eval sets a flag that every layer reads; flax's layer has its own, and wants random "
            "numbers until it is set."
        ),
        link=_DOCS + "torch.nn.Module.html",
    ),
)
