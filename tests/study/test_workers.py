"""Cases that raise, hang or bring their process down are rows, and the others go on."""

import multiprocessing
import signal

import jax
import jax.numpy as jnp
import pebble
import pytest

from jaxgrad.study import workers
from jaxgrad.study.case import Case, f32
from jaxgrad.study.cases import CASES


def case(name, code):
    return Case(
        family="made", name=name, torch="x", jax=code, why="Made.", inputs={"x": f32([1.0])}
    )


@pytest.mark.nightly
def test_a_case_that_hangs_or_dies_is_a_row():
    cases = [
        case("hangs", "import time\ntime.sleep(60)\nx"),
        case("dies", "import os\nos._exit(3)\nx"),
        case("has no snippet", ""),
        case("is well", "x"),
    ]
    found = {row.case.name: row for row in workers.measured(cases, jobs=2, limit=15)}
    assert sorted(found) == sorted(c.name for c in cases)
    assert found["hangs"].problems == ("took longer than 15 seconds",)
    assert found["dies"].problems == ("its process ended with exit code 3",)
    assert any("plain JAX" in problem for problem in found["has no snippet"].problems)
    assert found["is well"].jax.value.tolist() == [1.0]


def test_compiled_programs_are_kept_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert workers.cache_folder() == tmp_path / "jaxgrad"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "own"))
    assert workers.cache_folder() == tmp_path / "own"


def test_neighbours_share_a_process_and_all_processes_have_work():
    for count, jobs in ((1670, 2), (117, 2), (117, 16), (3, 2), (1, 1)):
        cases = CASES[:count]
        found = workers.shares(cases, jobs)
        assert [case for share in found for case in share] == list(cases)
        assert max(map(len, found)) <= workers.SHARE and len(found) >= min(count, 4 * jobs)
    process = "import os\n(x + os.getpid()).astype(int)"
    cases = [case(f"{number}", process) for number in range(2 * workers.SHARE)]
    where = {
        row.case.name: int(row.jax.value[0]) for row in workers.measured(cases, jobs=1, limit=60)
    }
    assert len(where) == len(cases) and len(set(where.values())) == 1


def test_compiled_programs_are_forgotten_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(workers, "PROGRAMS", 5)
    workers.count_programs()
    try:
        workers.forget()
        traced = []
        kept = jax.jit(lambda x: traced.append(x.size) or x + 1)
        for _ in range(2):
            kept(jnp.ones(3))
        assert traced == [3]
        for number in range(workers.PROGRAMS):
            jax.jit(lambda x, number=number: x * number)(1.0)
        assert workers.forget() and not workers.forget()
        kept(jnp.ones(3))
        assert traced == [3, 3]
    finally:
        jax.monitoring.unregister_event_duration_listener(workers._count)


def test_an_interruption_is_for_the_process_that_measures():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pebble.ProcessPool(1, context=multiprocessing.get_context("spawn")) as pool:
        with workers._uninterrupted():
            masked = pool.schedule(signal.pthread_sigmask, (signal.SIG_BLOCK, ()))
        assert signal.SIGINT in masked.result()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
