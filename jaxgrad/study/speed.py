"""The same work in PyTorch, plain JAX and jaxgrad, each in its own process.

Two runtimes in one process fight over threads, so every measurement is a process of its own; the
competitors take turns, and the median over all rounds is reported with its spread. Run it with
`python -m jaxgrad.study.speed`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from .run import evaluate, torch_version
from .works import WORKS, Work

ROUNDS = 5


@dataclass(frozen=True)
class Times:
    """Seconds of the first call, which compiles, and the median of those once warmed up."""

    first: float
    median: float


def measure(work: Work, rounds: int) -> dict[str, list[Times]]:
    """The times of each competitor, one a round."""
    times: dict[str, list[Times]] = {name: [] for name in work.code}
    for _ in range(rounds):
        for name, code in work.code.items():
            command = [sys.executable, "-m", __spec__.name, "--time", code]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            times[name].append(Times(**json.loads(output)))
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


def report(work: Work, rounds: int) -> float:
    """Prints a line for each competitor; returns PyTorch's time over jaxgrad's, the last one's."""
    print(f"{work.family}: {work.name}", flush=True)
    times = measure(work, rounds)
    torch, ratio = statistics.median(t.median for t in times["torch"]), 1.0
    for name, runs in times.items():
        warm = [t.median for t in runs]
        first = statistics.median(t.first for t in runs)
        ratio = torch / statistics.median(warm)
        print(
            f"  {name:20} {statistics.median(warm) * 1e3:9.3f} ms ({min(warm) * 1e3:.3f} to "
            f"{max(warm) * 1e3:.3f}), first call {first * 1e3:.0f} ms; {ratio:.2f}x PyTorch eager",
            flush=True,
        )
    return ratio


def main() -> int:
    """Times the works whose family or name contains --only; with --time, that code, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m jaxgrad.study.speed", description=__doc__)
    parser.add_argument("--only", default="", help="part of a family or name")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--time", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.time:
        print(json.dumps(vars(timed(arguments.time))))
        return 0
    if torch_version() is None:
        print("the speed study compares with PyTorch, which is not installed", file=sys.stderr)
        return 2
    works = [work for work in WORKS if arguments.only in f"{work.family}: {work.name}"]
    if not works:
        names = "\n  ".join(work.name for work in WORKS)
        print(f"no work named {arguments.only!r}; there are\n  {names}", file=sys.stderr)
        return 2
    ratios = [report(work, arguments.rounds) for work in works]
    mean = statistics.geometric_mean(ratios)
    print(f"geometric mean of jaxgrad over {len(works)} works: {mean:.2f}x PyTorch eager")
    return 0


if __name__ == "__main__":
    sys.exit(main())
