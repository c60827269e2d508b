"""Works -> cells: each measurement has its own process, and the competitors take turns."""

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from . import machine
from .works import Work

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(
        [str(Path(__file__).parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
    ),
    "JAX_ENABLE_COMPILATION_CACHE": "false",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
}
"""Neither library may keep compiled programs, so that each first call compiles."""


class Run(NamedTuple):
    """The report of one process: seconds of the first and of a warm call, peak bytes, device.

    If the work is many small calls, both times are sums, and `calls` has the two of each call.
    """

    first: float
    warm: float
    peak: int | None
    device: str
    calls: Mapping[str, tuple[float, float]] = MappingProxyType({})

    def of_call(self, name: str) -> "Run":
        """The times of one small call."""
        first, warm = self.calls[name]
        return self._replace(first=first, warm=warm, calls={})


@dataclass(frozen=True)
class Cell:
    """One competitor's runs of one work, or why there are none.

    Attributes:
        runs: one for each round.
        absent: why it was not run, for instance because its library is not installed.
        error: the error that it raised, or that it took too long.
    """

    runs: tuple[Run, ...] = ()
    absent: str = ""
    error: str = ""

    def of_call(self, name: str) -> "Cell":
        """The competitor's runs of one small call."""
        return replace(self, runs=tuple(run.of_call(name) for run in self.runs))

    def warm(self) -> float:
        """The median of a warm call, in seconds."""
        return statistics.median(run.warm for run in self.runs)

    def spread(self) -> tuple[float, float]:
        """The least and the most of a warm call over the rounds, in seconds."""
        times = [run.warm for run in self.runs]
        return min(times), max(times)

    def first(self) -> float:
        """The median of the first call, in seconds."""
        return statistics.median(run.first for run in self.runs)

    def peak(self) -> int | None:
        """The median of the peak memory, in bytes."""
        peaks = [run.peak for run in self.runs if run.peak is not None]
        return int(statistics.median(peaks)) if peaks else None


def ratio(above: Cell | None, below: Cell | None, time: str = "warm") -> float | None:
    """The ratio of two times, the median over the rounds; None if one has no runs."""
    if above is None or below is None or not above.runs or not below.runs:
        return None
    pairs = zip(above.runs, below.runs, strict=True)
    return statistics.median(getattr(one, time) / getattr(other, time) for one, other in pairs)


def measured(
    work: Work, rounds: int, limit: float, advance: Callable[[], None] = lambda: None
) -> dict[str, Cell]:
    """The cells of one work; `advance` is called after each process."""
    cells = {name: Cell(absent=machine.missing(name)) for name in work.code}
    for _ in range(rounds):
        for name, code in work.code.items():
            cell = cells[name]
            if not cell.absent and not cell.error:
                run = ask(library(name), code, limit)
                failed = isinstance(run, str)
                cells[name] = Cell(error=run) if failed else Cell((*cell.runs, run))
            advance()
    return cells


def library(competitor: str) -> str:
    """The library that a competitor's process loads."""
    return {"torch": "torch", "numpy": "numpy"}.get(competitor.split(",")[0].split(".")[0], "jax")


def ask(library: str, code: str, limit: float) -> Run | str:
    """Times `code` in its own process; returns the error in one line if it fails."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("timing.py"))]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command,
        text=True,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env={**os.environ, **ENVIRONMENT},
        start_new_session=True,
    )
    asked = json.dumps({"library": library, "code": code, "cores": machine.cores()})
    try:
        output, errors = process.communicate(asked, limit)
    except subprocess.TimeoutExpired:
        return f"took longer than {limit:g} seconds"
    finally:
        _end(process)
    if process.returncode:
        lines = errors.strip().splitlines()
        errors_only = [line for line in lines if line[:1].isalpha() and "Error" in line]
        return (errors_only or lines or [f"ended with exit code {process.returncode}"])[-1][:200]
    return Run(**json.loads(output.splitlines()[-1]))


def _end(process: "subprocess.Popen[str]") -> None:
    """Ends the process and the compilers that it started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
