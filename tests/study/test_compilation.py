"""One compiled program gives what the operations give one by one, or is not made."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad.study import comparison, compilation, record, run
from jaxgrad.study.case import Case, f32
from jaxgrad.study.cases import CASES


def compiled_answer(answer, **arrays):
    return compilation.compiled_answer(answer, {name: jnp.asarray(x) for name, x in arrays.items()})


def test_arrays_are_computed_and_the_rest_is_kept():
    found = compiled_answer(
        lambda given: {"b": [jnp.sin(given["x"]) + 1, "text", None], "a": (3, np.ones(2))},
        x=f32([0.0]),
    )
    assert list(found) == ["b", "a"]
    assert found["b"][0].tolist() == [1.0] and found["b"][1:] == ["text", None]
    assert found["a"][0] == 3 and type(found["a"][0]) is int
    assert type(found["a"][1]) is np.ndarray


@pytest.mark.parametrize(
    "answer",
    [
        lambda given: float(given["x"].sum()) + 1,
        lambda given: given["x"] * 2 if given["x"][0] > 0 else given["x"] * 3,
        lambda given: np.asarray(given["x"]) + 1,
        lambda given: given["x"].nonsense,
        lambda given: jnp.unique(given["x"] + 1),
    ],
)
def test_what_looks_at_values_or_raises_is_not_compiled(answer):
    assert compiled_answer(answer, x=f32([1.0])) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38])
def test_what_is_not_finite_is_not_compiled(value):
    assert compiled_answer(lambda given: given["x"] * 10 + 1, x=f32([value])) is None
    assert compiled_answer(lambda given: given["x"] * 10 + 1, x=f32([1])) is not None


def worth_compiling(answer, *arguments):
    return compilation.worth_compiling(jax.make_jaxpr(answer)(*arguments))


def test_one_operation_and_large_arrays_are_not_compiled():
    assert not worth_compiling(jnp.sin, 1.0)
    assert not worth_compiling(lambda x: [jnp.sin(x) + 1][1:], 1.0), "there is nothing to compute"
    assert worth_compiling(lambda x: jnp.sin(x) + 1, 1.0)
    assert not worth_compiling(
        lambda x: jnp.broadcast_to(jnp.sin(x), (compilation.LARGE + 1,)) + 1, 1.0
    )


def test_a_loop_written_out_is_not_compiled():
    def steps(count):
        def answer(x):
            for _ in range(count):
                x = jnp.sin(x) + jnp.cos(x)
            return x

        return answer

    assert worth_compiling(steps(5), 1.0) and not worth_compiling(steps(500), 1.0)
    assert worth_compiling(lambda x: jax.lax.fori_loop(0, 500, lambda _, x: jnp.sin(x), x + 1), 1.0)


def case(**changes):
    parts = {"family": "made", "name": "made", "torch": "x", "jax": "x", "why": "Made."}
    return Case(**{**parts, "inputs": {"x": f32([1.0, 2.0])}, **changes})


def answers(monkeypatch, case, side):
    """The answer as the study takes it, whether by one program, and that of the operations."""
    made = []

    def spy(answer, arrays):
        made.append(original(answer, arrays))
        return made[-1]

    original = compilation.compiled_answer
    monkeypatch.setattr(compilation, "compiled_answer", spy)
    found = run.run(case, side)
    monkeypatch.setattr(compilation, "compiled_answer", lambda answer, arrays: None)
    return found, bool(made) and made[-1] is not None, run.run(case, side)


def test_gradients_are_of_the_same_program(monkeypatch):
    found, compiled, separate = answers(
        monkeypatch, case(jax="jnp.sin(x) * jnp.exp(x) * 2", grads=("x",)), "jax"
    )
    assert compiled and not separate.error
    np.testing.assert_allclose(found.value, separate.value, 1e-6)
    np.testing.assert_allclose(found.grads["x"], separate.grads["x"], 1e-6)


@pytest.mark.parametrize(
    ("side", "changes"),
    [("jaxgrad", {"jaxgrad": "x * 2 + 1"}), ("jax", {"jax": "x * 2 + 1", "eager": True})],
)
def test_jaxgrad_and_the_cases_that_say_so_run_operation_by_operation(monkeypatch, side, changes):
    _, compiled, separate = answers(monkeypatch, case(**changes), side)
    assert not compiled and separate.value.tolist() == [3.0, 5.0]


def test_the_warnings_are_those_of_the_answer():
    code = "import warnings\nwarnings.warn('hm', stacklevel=1)\nfloat(x.sum())"
    assert run.run(case(jax=code), "jax").warning == "UserWarning: hm"


DAILY = [case for case in CASES if case.source]


@pytest.mark.parametrize(
    "cases", [pytest.param(CASES, marks=pytest.mark.slow, id="all"), pytest.param(DAILY[::20])]
)
def test_one_program_gives_the_verdict_of_the_operations(monkeypatch, cases):
    for each in cases:
        expected, _ = record.read(each)
        for side in filter(lambda side: getattr(each, side), ("jax", "remedy")):
            with monkeypatch.context() as patch:
                found, _, separate = answers(patch, each, side)
            one, other = (
                comparison.compare(expected, answer, x64=each.x64, rtol=each.rtol)
                for answer in (found, separate)
            )
            assert one.verdict == other.verdict, f"{each.anchor()}: {side}: {one.detail}"
            assert found.error == separate.error and found.warning == separate.warning
        jax.clear_caches()
