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

from .run import evaluate, torch_version

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


@dataclass(frozen=True)
class Times:
    """Seconds of the first call, which compiles, and the median of those once warmed up."""

    first: float
    median: float


def measure(work: Work) -> dict[str, list[Times]]:
    """The times of each competitor, one a round."""
    times: dict[str, list[Times]] = {"torch": [], "jax": [], "jaxgrad": []}
    for _ in range(ROUNDS):
        for name, rounds in times.items():
            command = [sys.executable, "-m", __spec__.name, getattr(work, name)]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            rounds.append(Times(**json.loads(output)))
    return times


def timed(code: str) -> Times:
    """The times of the function that `code` ends with, over a second of calls."""
    function = evaluate(code, {})

    def seconds() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    first, _ = seconds(), seconds()
    times: list[float] = []
    while sum(times) < 1:
        times.append(seconds())
    return Times(first, statistics.median(times))


def main() -> int:
    """Prints a line for each competitor; with an argument, times that code and prints JSON."""
    if len(sys.argv) > 1:
        print(json.dumps(vars(timed(sys.argv[1]))))
        return 0
    if torch_version() is None:
        print("the speed study compares with PyTorch, which is not installed", file=sys.stderr)
        return 2
    print(FIT.name)
    times = measure(FIT)
    slowest = statistics.median(t.median for t in times["torch"])
    for name, rounds in times.items():
        warm = [t.median * 1e3 for t in rounds]
        first = statistics.median(t.first for t in rounds) * 1e3
        middle = statistics.median(warm)
        print(
            f"  {name:8} {middle:8.3f} ms ({min(warm):.3f} to {max(warm):.3f}), first call "
            f"{first:.0f} ms; {slowest * 1e3 / middle:.0f}x PyTorch eager"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
