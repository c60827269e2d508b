"""Cases that raise, hang or bring their process down are rows, and the others go on."""

from jaxgrad.study import workers
from jaxgrad.study.case import Case, f32


def case(name, code):
    return Case(
        family="made", name=name, torch="x", jax=code, why="Made.", inputs={"x": f32([1.0])}
    )


def test_a_case_that_hangs_or_dies_is_a_row():
    cases = [
        case("hangs", "import time\ntime.sleep(60)\nx"),
        case("dies", "import os\nos._exit(3)\nx"),
        case("has no snippet", ""),
        case("is well", "x"),
    ]
    found = {row.case.name: row for row in workers.measured(cases, jobs=2, limit=15)}
    assert list(found) == [c.name for c in cases]
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
