"""Trajectories: one function, sixty steps, the same-named optimizer of each side."""

from typing import NamedTuple

import numpy as np

from ..case import Case, Verdict

_TORCH = """\
p = start.clone().requires_grad_()
optimizer = torch.optim.{call}
losses = []
for _ in range(60):
    optimizer.zero_grad()
    loss = ((p - goal) ** 2 * scale).sum() + 0.01
    loss.backward()
    optimizer.step()
    losses.append(loss.detach())
torch.stack(losses)"""
_STEP = """\
def loss_fn(p):
    return jnp.sum((p - goal) ** 2 * scale) + 0.01

@jax.jit
def step(carry, _):
    p, state = carry
    loss, grads = jax.value_and_grad(loss_fn)(p)
    updates, state = optimizer.update(grads, state, p{more})
    return (optax.apply_updates(p, updates), state), loss

jax.lax.scan(step, (start, optimizer.init(start)), length=60)[1]"""
_JAX = "optimizer = optax.{call}\n" + _STEP
_JAXGRAD = "optimizer = jaxgrad.optim.{call}\n" + _STEP
_INPUTS = {
    "start": np.array([[1.5, -2.0, 0.3], [0.5, 1.0, -0.7]]),
    "goal": np.array([[0.2, 0.4, -0.1], [-0.3, 0.9, 1.1]]),
    "scale": np.array([[1.0, 10.0, 0.1], [3.0, 0.5, 30.0]]),
}


_RTOL = {"Muon": 1e-2, "NAdam": 1e-7}
"""Muon rounds to bfloat16; NAdam's oscillation about a minimum doubles a rounding at every step."""


class _Row(NamedTuple):
    """A configuration: PyTorch's class and arguments, and optax's call by the same name."""

    name: str
    arguments: str
    optax: str
    verdict: Verdict = "same"
    why: str = "The same rule, with every number given."


_ROWS = (
    _Row("SGD", "lr=0.01", "sgd(0.01)"),
    _Row("SGD", "lr=0.01, momentum=0.9", "sgd(0.01, momentum=0.9)"),
    _Row("SGD", "lr=0.01, momentum=0.9, nesterov=True", "sgd(0.01, momentum=0.9, nesterov=True)"),
    _Row(
        "SGD",
        "lr=0.01, momentum=0.9, dampening=0.5",
        "sgd(0.01, momentum=0.9)",
        "value",
        "optax has no dampening, which spares the first gradient.",
    ),
    _Row(
        "SGD",
        "lr=0.01, momentum=0.9, weight_decay=0.1",
        "chain(\n    optax.sgd(0.01, momentum=0.9), optax.add_decayed_weights(-0.01 * 0.1))",
        "value",
        "PyTorch's decay goes through the momentum: it belongs before sgd in the chain.",
    ),
    _Row(
        "SGD",
        "lr=0.001, maximize=True",
        "sgd(-0.001)",
        why="maximize turns the gradient round, as a negative rate would.",
    ),
    _Row("Adam", "lr=0.1", "adam(0.1)"),
    _Row(
        "Adam",
        "lr=0.1, weight_decay=0.1",
        "adamw(0.1, weight_decay=0.1)",
        "value",
        "Adam's decay is part of the gradient; optax has it only decoupled, as AdamW.",
    ),
    _Row(
        "Adam",
        "lr=0.1, amsgrad=True",
        "amsgrad(0.1)",
        "value",
        "optax takes the largest of the corrected moments, PyTorch corrects the largest.",
    ),
    _Row(
        "AdamW",
        "lr=0.1",
        "adamw(0.1)",
        "value",
        "the default decay is 0.01 in PyTorch and 0.0001 in optax.",
    ),
    _Row("AdamW", "lr=0.1, weight_decay=0.1", "adamw(0.1, weight_decay=0.1)"),
    _Row(
        "AdamW",
        "lr=0.1, amsgrad=True, weight_decay=0.1",
        "chain(\n    optax.scale_by_amsgrad(), optax.add_decayed_weights(0.1), optax.scale(-0.1))",
        "value",
        "optax takes the largest of the corrected moments, PyTorch corrects the largest.",
    ),
    _Row(
        "Adamax",
        "lr=0.1",
        "adamax(0.1)",
    ),
    _Row(
        "NAdam",
        "lr=0.1",
        "nadam(0.1)",
        "value",
        "PyTorch's momentum grows with the steps (momentum_decay), optax's does not.",
    ),
    _Row(
        "NAdam",
        "lr=0.1, weight_decay=0.1, decoupled_weight_decay=True",
        "nadamw(0.1, weight_decay=0.1)",
        "value",
        "PyTorch's momentum grows with the steps (momentum_decay), optax's does not.",
    ),
    _Row(
        "RAdam",
        "lr=0.1",
        "radam(0.1)",
        "value",
        "PyTorch adds eps before it corrects the second moment, optax after it.",
    ),
    _Row(
        "RAdam",
        "lr=0.1, weight_decay=0.1",
        "chain(optax.add_decayed_weights(0.1), optax.radam(0.1))",
        "value",
        "PyTorch adds eps before it corrects the second moment, optax after it.",
    ),
    _Row(
        "Adagrad",
        "lr=0.1",
        "adagrad(0.1)",
        "value",
        "optax's sum of squares starts at 0.1, PyTorch's at 0; eps is below the root in optax.",
    ),
    _Row(
        "Adagrad",
        "lr=0.1, lr_decay=0.5",
        "adagrad(\n    lambda t: 0.1 / (1 + 0.5 * t), initial_accumulator_value=0.0, eps=1e-10)",
        why="the decay is a schedule in optax; these gradients are too large to show where eps is.",
    ),
    _Row("Adadelta", "lr=1.0", "adadelta(1.0)"),
    _Row(
        "Adadelta",
        "lr=1.0, weight_decay=0.1",
        "adadelta(1.0, weight_decay=0.1)",
        why="optax adds the decay to the gradient, as PyTorch does.",
    ),
    _Row(
        "RMSprop",
        "lr=0.01",
        "rmsprop(0.01)",
        "value",
        "optax averages over 10 gradients by default, PyTorch over 100; eps is below it.",
    ),
    _Row("RMSprop", "lr=0.01, alpha=0.9", "rmsprop(0.01, eps_in_sqrt=False)"),
    _Row(
        "RMSprop",
        "lr=0.01, alpha=0.9, centered=True",
        "rmsprop(0.01, centered=True)",
        "value",
        "eps is below the root in optax and beside it in PyTorch.",
    ),
    _Row(
        "RMSprop",
        "lr=0.01, alpha=0.9, momentum=0.9",
        "rmsprop(0.01, momentum=0.9)",
        "value",
        "eps is below the root in optax and beside it in PyTorch.",
    ),
    _Row(
        "Rprop",
        "lr=0.01",
        "rprop(0.01)",
        "value",
        "optax applies every step one update late: its first one is 0.",
    ),
    _Row(
        "Rprop",
        "lr=0.01, step_sizes=(1e-6, 0.05)",
        "rprop(0.01, max_step_size=0.05)",
        "value",
        "optax applies every step one update late: its first one is 0.",
    ),
    _Row(
        "ASGD",
        "lr=0.01",
        "sgd(0.01)",
        "value",
        "optax has no averaged SGD; PyTorch's decays by lambd, and its rate falls.",
    ),
    _Row(
        "Adafactor",
        "lr=0.1",
        "adafactor(0.1)",
        "value",
        "optax factors matrices from 128 on, has eps below the root and no 1 / √t.",
    ),
    _Row(
        "Muon",
        "lr=0.1",
        "contrib.muon(0.1)",
        "value",
        "optax runs Newton-Schulz in the dtype of the gradient, PyTorch in bfloat16; the default"
        " decay is 0.1 in PyTorch and 0 in optax.",
    ),
    _Row(
        "SparseAdam",
        "lr=0.1",
        "adam(0.1)",
        "error",
        "PyTorch's takes sparse gradients only, and JAX has none: what is 0 in a dense one stands "
        "for what was not looked up.",
    ),
    _Row(
        "LBFGS",
        "lr=0.1",
        "lbfgs(0.1)",
        why="all need the function: PyTorch's step takes a closure, optax's update a value_fn.",
    ),
)


def _case(row: _Row) -> Case:
    ours = row.name.lower() if row.name != "SparseAdam" else "sparse_adam"
    refused = row.name in ("SparseAdam", "LBFGS")
    return Case(
        family="optim",
        name=f"{row.name}({row.arguments})",
        inputs=_INPUTS,
        torch=_TORCH.format(call=f"{row.name}([p], {row.arguments})"),
        jax=_JAX.format(call=row.optax, more=""),
        jaxgrad=_JAXGRAD.format(call=f"{ours}({row.arguments})", more=""),
        verdict_jax=row.verdict,
        verdict_jaxgrad="error" if row.name == "SparseAdam" else "same",
        departs="limit" if row.name == "SparseAdam" else "",
        rtol=_RTOL.get(row.name),
        x64=True,
        picture="" if refused else "curve",
        why=row.why,
        link=f"https://docs.pytorch.org/docs/stable/generated/torch.optim.{row.name}.html",
    )


_LBFGS = Case(
    family="optim",
    name="LBFGS(line_search_fn='strong_wolfe')",
    inputs=_INPUTS,
    torch="""\
p = start.clone().requires_grad_()
optimizer = torch.optim.LBFGS([p], max_iter=2, line_search_fn="strong_wolfe")
losses = []

def closure():
    optimizer.zero_grad()
    loss = ((p - goal) ** 4 * scale).sum()
    loss.backward()
    return loss

for _ in range(8):
    losses.append(optimizer.step(closure).detach())
torch.stack(losses)""",
    jax="""\
def loss_fn(p):
    return jnp.sum((p - goal) ** 4 * scale)

optimizer = optax.lbfgs()
@jax.jit
def step(p, state):
    value, grads = jax.value_and_grad(loss_fn)(p)
    updates, state = optimizer.update(grads, state, p, value=value, grad=grads, value_fn=loss_fn)
    return optax.apply_updates(p, updates), state, value
p, state, losses = start, optimizer.init(start), []
for _ in range(8):
    p, state, loss = step(p, state)
    losses.append(loss)
    p, state, _ = step(p, state)
jnp.stack(losses)""",
    jaxgrad="""\
def loss_fn(p):
    return jnp.sum((p - goal) ** 4 * scale)

optimizer = jaxgrad.optim.lbfgs(max_iter=2, line_search_fn="strong_wolfe")
@jax.jit
def step(p, state):
    loss, grads = jax.value_and_grad(loss_fn)(p)
    updates, state = optimizer.update(grads, state, p, value=loss, value_fn=loss_fn)
    return optax.apply_updates(p, updates), state, loss
p, state, losses = start, optimizer.init(start), []
for _ in range(8):
    p, state, loss = step(p, state)
    losses.append(loss)
jnp.stack(losses)""",
    verdict_jax="value",
    rtol=1e-9,
    x64=True,
    picture="curve",
    why="optax searches by other rules (its own zoom, first step and scale); each search amplifies"
    " the rounding of the last.",
    link="https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html",
)

_FROZEN = Case(
    family="optim",
    name="AdamW, a parameter without a gradient",
    inputs=_INPUTS,
    torch="""\
p, q = start.clone().requires_grad_(), goal.clone().requires_grad_()
optimizer = torch.optim.AdamW([p, q], lr=0.1, weight_decay=0.1)
(p**2).sum().backward()
optimizer.step()
q.detach()""",
    jax="""\
optimizer, params = optax.adamw(0.1, weight_decay=0.1), (start, goal)
grads = jax.grad(lambda params: jnp.sum(params[0] ** 2))(params)
updates, _ = optimizer.update(grads, optimizer.init(params), params)
optax.apply_updates(params, updates)[1]""",
    jaxgrad="""\
optimizer, params = jaxgrad.optim.adamw(0.1, weight_decay=0.1), (start, goal)
grads = (jax.grad(lambda p: jnp.sum(p ** 2))(start), None)
updates, _ = optimizer.update(grads, optimizer.init(params), params)
optax.apply_updates(params, updates)[1]""",
    verdict_jax="value",
    x64=True,
    why="JAX has a gradient of 0 for what a loss does not see, and 0 decays; None is left alone.",
    link="https://github.com/KellerJordan/Muon/pull/54",
)

_CLIP = Case(
    family="optim",
    name="clip_grad_norm_",
    inputs=_INPUTS,
    torch="""\
start.grad = goal
torch.nn.utils.clip_grad_norm_([start], 1e-6)
start.grad""",
    jax="optax.clip_by_global_norm(1e-6).update(goal, None)[0]",
    jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1e-6)
clip.update(goal, clip.init(start))[0]""",
    verdict_jax="value",
    x64=True,
    why="PyTorch divides by the norm + 1e-6, optax by the norm.",
    link="https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html",
)


def _default(name: str, theirs: str, optax: str, its: str, ours: str, why: str) -> Case:
    of = "import inspect\nfloat(inspect.signature({}).parameters['{}'].default)"
    snake = {"LBFGS": "lbfgs"}.get(name, name.lower())
    return Case(
        family="optim",
        name=f"the default {theirs} of {name}",
        torch=of.format(f"torch.optim.{name}", theirs),
        jax=of.format(f"optax.{optax}", its),
        jaxgrad=of.format(f"jaxgrad.optim.{snake}", ours),
        verdict_jax="value",
        why=why,
        link=f"https://docs.pytorch.org/docs/stable/generated/torch.optim.{name}.html",
    )


_DEFAULTS = (
    ("AdamW", "weight_decay", "adamw", "weight_decay", "0.01 in PyTorch, 0.0001 in optax."),
    (
        *("Adagrad", "initial_accumulator_value", "adagrad", "initial_accumulator_value"),
        "0 in PyTorch, 0.1 in optax.",
    ),
    (
        "Adagrad",
        "eps",
        "adagrad",
        "eps",
        "1e-10 beside the root in PyTorch, 1e-7 below it in optax.",
    ),
    ("RMSprop", "alpha", "rmsprop", "decay", "0.99 in PyTorch, 0.9 in optax."),
    ("Muon", "weight_decay", "contrib.muon", "weight_decay", "0.1 in PyTorch, 0 in optax."),
    ("LBFGS", "history_size", "lbfgs", "memory_size", "100 in PyTorch, 10 in optax."),
)

CASES = (
    *map(_case, _ROWS),
    _LBFGS,
    _FROZEN,
    _CLIP,
    *(_default(name, one, optax, its, one, why) for name, one, optax, its, why in _DEFAULTS),
)
