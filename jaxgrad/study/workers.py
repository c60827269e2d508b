"""Cases -> rows, in several processes and each case within a time limit."""

import importlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import jax
from pebble import ProcessExpired, ProcessPool

from . import measurement
from .case import Case
from .measurement import Row
from .speed.machine import cores

SHARE = 16
"""A process gets so many neighbouring cases at once. They share operations and shapes, and so
compiled programs."""
PROGRAMS = 250
"""A process clears JAX's caches after so many compiled programs; each keeps 1.5 MB or more."""


def cache_folder() -> Path:
    """The folder that keeps compiled programs from one study to the next."""
    own = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("JAX_COMPILATION_CACHE_DIR") or Path(own) / "jaxgrad")


def measured(
    cases: Sequence[Case],
    *,
    live: bool = False,
    exact: bool = False,
    jobs: int | None = None,
    limit: float,
) -> Iterator[Row]:
    """The rows, each as soon as it is measured.

    A case that takes longer than `limit` seconds or ends its process becomes a row that does not
    hold. Another process replaces the ended one.

    Args:
        cases: what to measure.
        live: whether to compare with the installed PyTorch.
        exact: whether contraction is off, see `measurement.measure`.
        jobs: how many processes; default one for each core.
        limit: seconds for each case, with PyTorch's answer if `live`.
    """
    jobs = max(1, min(jobs or cores(), len(cases)))
    context = multiprocessing.get_context("spawn")
    waiting = shares(cases, jobs)
    with ExitStack() as stack:
        running: dict[Future[Row], tuple[ProcessPool, Case]] = {}
        for _ in range(jobs):
            pool = ProcessPool(1, context=context, initializer=_begin, initargs=(live,))
            stack.enter_context(pool)
            stack.callback(pool.stop)
            with _uninterrupted():  # the pool now starts its threads and its process
                _give(pool, waiting, running, live, exact, limit)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pool, case = running.pop(future)
                if all(other is not pool for other, _ in running.values()):
                    _give(pool, waiting, running, live, exact, limit)
                yield _result(future, case, limit)


def shares(cases: Sequence[Case], jobs: int) -> deque[Sequence[Case]]:
    """Shares of neighbouring cases, so small that all processes end at about the same time."""
    size = max(1, min(SHARE, len(cases) // (4 * jobs)))
    return deque(cases[start : start + size] for start in range(0, len(cases), size))


def _give(
    pool: ProcessPool,
    waiting: deque[Sequence[Case]],
    running: dict[Future[Row], tuple[ProcessPool, Case]],
    live: bool,
    exact: bool,
    limit: float,
) -> None:
    """Gives a process the next share, if there is one."""
    for case in waiting.popleft() if waiting else ():
        future = pool.schedule(_row, (case, live, exact), timeout=limit)
        running[future] = (pool, case)


def _result(future: Future[Row], case: Case, limit: float) -> Row:
    try:
        return future.result()
    except TimeoutError:
        return measurement.failed(case, f"took longer than {limit:g} seconds")
    except ProcessExpired as error:
        return measurement.failed(case, f"its process ended with exit code {error.exitcode}")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that start within ignore Ctrl-C: this process receives it and ends them.

    A thread or process inherits the signal mask of the one that starts it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else the first process starts it, which undoes the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(live: bool) -> None:
    """Sets a process up to count compiled programs and to keep them for the next study."""
    count_programs()
    if live:
        importlib.import_module("torch").set_num_threads(1)
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
    except OSError:  # no home to write to: every study compiles afresh
        return
    jax.config.update("jax_compilation_cache_dir", str(cache_folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _row(case: Case, live: bool, exact: bool) -> Row:
    ask = measurement.live if live else measurement.recorded
    row = measurement.measure(case, ask, exact=exact)
    forget()
    return row


_programs: list[str] = []
"""The programs that this process compiled or read from the folder since `forget`."""


def count_programs() -> None:
    """Makes this process count the programs that it compiles."""
    jax.monitoring.register_event_duration_secs_listener(_count)


def _count(event: str, duration_secs: float, **about: str | int) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        _programs.append(str(about.get("fun_name", "")))


def forget() -> bool:
    """Clears JAX's caches if they hold many programs; returns whether it did."""
    full = len(_programs) >= PROGRAMS
    if full:
        jax.clear_caches()
        _programs.clear()
    return full
