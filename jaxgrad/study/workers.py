"""The cases, each in one of several processes, none of them for longer than its time."""

import importlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError
from pathlib import Path

import jax
from pebble import ProcessExpired, ProcessPool

from . import rows
from .case import Case
from .rows import Row


def cache_folder() -> Path:
    """Where compiled programs are kept from one study to the next."""
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
    """The rows in the order of the cases, as they come.

    A case that takes longer than `limit` seconds, or brings its process down, is a row that does
    not hold; its process is replaced by another.

    Args:
        cases: what to measure.
        live: whether to ask the installed PyTorch.
        exact: whether contraction is off, see `rows.measure`.
        jobs: how many processes; default one for each core.
        limit: seconds for each case, PyTorch's answer included where it is asked.
    """
    jobs = max(1, min(jobs or _cores(), len(cases)))
    context = multiprocessing.get_context("spawn")
    with ProcessPool(jobs, context=context, initializer=_begin, initargs=(live,)) as pool:
        futures = [pool.schedule(_row, (case, live, exact), timeout=limit) for case in cases]
        try:
            for case, future in zip(cases, futures, strict=True):
                try:
                    yield future.result()
                except TimeoutError:
                    yield rows.failed(case, f"took longer than {limit:g} seconds")
                except ProcessExpired as error:
                    yield rows.failed(case, f"its process ended with exit code {error.exitcode}")
        finally:
            pool.stop()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin(live: bool) -> None:
    """Sets a process up: what it compiles is kept for the next study."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
    except OSError:  # no home to write to: every study compiles afresh
        return
    jax.config.update("jax_compilation_cache_dir", str(cache_folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    if live:
        importlib.import_module("torch").set_num_threads(1)


def _row(case: Case, live: bool, exact: bool) -> Row:
    return rows.row(case, rows.live if live else rows.recorded, exact=exact)
