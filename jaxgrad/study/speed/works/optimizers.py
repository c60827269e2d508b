"""One step of an optimizer, of large parameters and of many; a whole training in one program."""

from .work import Work

_TORCH = """\
import torch
torch.manual_seed(0)
params = [torch.randn({size}, device=device, requires_grad=True) for _ in range({many})]
for param in params:
    param.grad = torch.randn_like(param)
optimizer = torch.optim.{call}
{compiled}
work"""
_JAX = """\
import jax, jax.numpy as jnp, optax
from jaxgrad import optim
keys = jax.random.split(jax.random.key(0), {many})
params = [jax.random.normal(key, ({size},)) for key in keys]
grads = [jax.random.normal(jax.random.fold_in(key, 1), ({size},)) for key in keys]
optimizer = {call}
carry = params, optimizer.init(params)

@(lambda fn: jax.jit(fn, donate_argnums=0))
def step(carry, grads):
    params, state = carry
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state

def work():
    global carry
    carry = jax.block_until_ready(step(carry, grads))

work"""
_PLAIN = """\
def work():
    optimizer.step()
"""
_COMPILED = """\
step = torch.compile(optimizer.step)

def work():
    step()
"""


def _step(name: str, torch: str, optax: str, ours: str, size: int, many: int) -> Work:
    """A step of that many parameters of a size; {} in PyTorch's call is for its options."""

    def theirs(options: str, body: str = _PLAIN) -> str:
        call = torch.format(f", {options}" if options else "")
        return _TORCH.format(size=size, many=many, call=call, compiled=body)

    # Of 1,000 parameters torch.compile takes many minutes, and some of 200.
    compiled = {"torch.compile": theirs("", _COMPILED)} if many < 200 else {}
    return Work(
        family="optim",
        name=f"a step of {name}, {many:,} parameters of {size:,}",
        times=ours.split("(")[0],
        code={
            "torch": theirs(""),
            **compiled,
            "torch, foreach": theirs("foreach=True"),
            "torch, fused": theirs("fused=True"),
            "jax": _JAX.format(size=size, many=many, call=optax),
            "jaxgrad": _JAX.format(size=size, many=many, call=ours),
        },
    )


def _training(sizes: tuple[int, ...], rows: int) -> Work:
    """200 steps of Adam on a perceptron, from its first weights to its last."""
    count = sum(n * m + m for n, m in zip(sizes[:-1], sizes[1:], strict=True))
    model = f"sizes, rows = {sizes}, {rows}\n"
    torch = """\
import torch
torch.manual_seed(0)
x, y = torch.randn(rows, sizes[0], device=device), torch.randn(rows, 1, device=device)

def work():
    layers = []
    for n, m in zip(sizes[:-1], sizes[1:]):
        layers += [torch.nn.Linear(n, m, device=device), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]){compiled}
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

work"""
    jax = """\
import jax, jax.numpy as jnp, optax
from jaxgrad import optim
from jaxgrad.functional import mse_loss, relu
keys = jax.random.split(jax.random.key(0), len(sizes) + 1)
x, y = jax.random.normal(keys[0], (rows, sizes[0])), jax.random.normal(keys[1], (rows, 1))
params = [
    (jax.random.normal(key, (n, m)) / n**0.5, jnp.zeros(m))
    for key, n, m in zip(keys[2:], sizes[:-1], sizes[1:])
]
optimizer = {call}

def loss_fn(params):
    h = x
    for w, b in params[:-1]:
        h = relu(h @ w + b)
    w, b = params[-1]
    return mse_loss(h @ w + b, y)

@jax.jit
def train(params):
    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss_fn)(params), state, params)
        return (optax.apply_updates(params, updates), state), None
    return jax.lax.scan(step, (params, optimizer.init(params)), length=200)[0][0]

def work():
    return jax.block_until_ready(train(params))

work"""
    calls = {"jax": "optax.adam(1e-3)", "jaxgrad": "optim.adam()"}
    return Work(
        family="optim",
        name=f"200 steps of Adam on a perceptron of {count:,} parameters, {rows} rows",
        times="optim.adam, functional.mse_loss, functional.relu",
        code={
            "torch": model + torch.format(compiled=""),
            **{side: model + jax.format(call=call) for side, call in calls.items()},
        },
    )


_ADAM = "Adam", "Adam(params{})", "optax.adam(1e-3)", "optim.adam()"
_SGD = (
    "SGD with momentum",
    "SGD(params, 1e-3, momentum=0.9{})",
    "optax.sgd(1e-3, 0.9)",
    "optim.sgd(1e-3, 0.9)",
)
WORKS = (
    _step(*_ADAM, 100_000, 50),
    _step(*_SGD, 100_000, 50),
    *(_step(*_ADAM, 100, many) for many in (2, 10, 50, 200, 1000)),
    _training((16, 64, 64, 1), 256),
    _training((4, 16, 1), 32),
)
