"""The same work in PyTorch, plain JAX and jaxgrad, each in its own process.

Two runtimes in one process fight over threads, so every measurement is a process of its own; the
competitors take turns, and the median over all rounds is reported with its spread. Run it with
`python -m jaxgrad.study.speed`.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from .run import evaluate

ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Work:
    """One piece of work: for each competitor, code whose last line is a function to time.

    The function takes nothing and returns once the result is there.
    """

    name: str
    torch: str
    jax: str
    jaxgrad: str


_PEOPLE = """\
weights = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164]
heights = [58.0 + n for n in range(15)]
"""

FIT = Work(
    name="fit a line to 15 points, 1,000 steps",
    torch=_PEOPLE
    + """\
import torch
x, y = torch.tensor(weights, dtype=torch.float32), torch.tensor(heights)
x = (x - x.mean()) / x.std()

def work():
    w, b = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for _ in range(1000):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(w * x + b, y).backward()
        optimizer.step()
    return w.item(), b.item()

work""",
    jax=_PEOPLE
    + """\
import jax, jax.numpy as jnp
x, y = jnp.array(weights, jnp.float32), jnp.array(heights)
x = (x - x.mean()) / x.std()

def loss_fn(params):
    w, b = params
    return jnp.mean((w * x + b - y) ** 2)

@jax.jit
def descend(params):
    def step(params, _):
        loss, grads = jax.value_and_grad(loss_fn)(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), loss
    return jax.lax.scan(step, params, length=1000)

params = jnp.zeros(()), jnp.zeros(())

def work():
    return jax.block_until_ready(descend(params))

work""",
    jaxgrad=_PEOPLE
    + """\
import jax, jax.numpy as jnp, optax
from jaxgrad.fit import fit, linear
from jaxgrad.functional import mse_loss
x, y = jnp.array(weights, jnp.float32), jnp.array(heights)
x = (x - x.mean()) / x.std()
optimizer = optax.sgd(0.1)
params = {"weight": jnp.zeros(()), "bias": jnp.zeros(())}

def loss_fn(params, data):
    x, y = data
    return mse_loss(linear(params, x), y)

def work():
    return jax.block_until_ready(fit(loss_fn, params, optimizer, (x, y), steps=1000))

work""",
)


def measure(work: Work) -> dict[str, list[float]]:
    """Seconds of each competitor, one number a round."""
    seconds: dict[str, list[float]] = {"torch": [], "jax": [], "jaxgrad": []}
    for _ in range(ROUNDS):
        for name, rounds in seconds.items():
            command = [sys.executable, "-m", __spec__.name, getattr(work, name)]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            rounds.append(json.loads(output))
    return seconds


def median_seconds(code: str) -> float:
    """The median time of the function that `code` ends with, warmed up, over a second of calls."""
    function = evaluate(code, {})
    function()
    function()
    times: list[float] = []
    while sum(times) < 1:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Prints a line for each competitor; with an argument, times that code and prints seconds."""
    if len(sys.argv) > 1:
        print(json.dumps(median_seconds(sys.argv[1])))
        return
    print(FIT.name)
    seconds = measure(FIT)
    slowest = statistics.median(seconds["torch"])
    for name, rounds in seconds.items():
        middle, least, most = statistics.median(rounds), min(rounds), max(rounds)
        print(
            f"  {name:8} {middle * 1e3:8.3f} ms ({least * 1e3:.3f} to {most * 1e3:.3f}), "
            f"{slowest / middle:.0f}x PyTorch eager"
        )


if __name__ == "__main__":
    main()
