"""A declared verdict that does not hold is found, whichever way it fails."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from jaxgrad.study import measurement, record, report, run
from jaxgrad.study.answer import Answer
from jaxgrad.study.case import Case, f32
from jaxgrad.study.page import page
from jaxgrad.study.pictures import pictures

X = {"x": f32([1.0, 2.0])}


def case(**changes):
    parts = {"family": "test", "name": "x + 1", "torch": "x + 1", "jax": "x + 1", "why": "Same."}
    return Case(**{**parts, "inputs": X, "jaxgrad": "x + 1", **changes})


def two_and_three(case):
    return Answer(f32([2.0, 3.0])), "2.13.0"


def measured(case, **options):
    row = measurement.measure(case, two_and_three, **options)
    return row


def test_held():
    row = measured(case())
    assert row.problems == ()
    assert row.versus_jax.verdict == row.versus_jaxgrad.verdict == "same"
    assert row.versions == {"torch": "2.13.0", "jax": jax.__version__}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"jax": "x + 2"}, "plain JAX: declared same, measured value"),
        ({"jaxgrad": "x + 2"}, "jaxgrad: declared same, measured value"),
        ({"verdict_jax": "value"}, "plain JAX: declared value, measured same"),
        ({"verdict_jaxgrad": "error"}, "jaxgrad: declared error, measured same"),
        ({"jaxgrad": "x.nonsense"}, "jaxgrad: declared same, measured error"),
        (
            {"jaxgrad": "F.relu(x)()", "verdict_jaxgrad": "error"},
            "jaxgrad: declared error, measured error (no refusal: TypeError: ",
        ),
        ({"jax": "(x + 1)[:1]"}, "plain JAX: declared same, measured shape"),
        ({"jax": "y = 3"}, "plain JAX: declared same, measured error"),
        ({"jax": "x +"}, "plain JAX: declared same, measured error"),
        (
            {"jax": "[x]", "distribution": "stats.norm()", "jaxgrad": ""},
            "plain JAX: declared same, measured error",
        ),
    ],
)
def test_not_held(changes, problem):
    (found,) = measured(case(**changes)).problems
    assert found.startswith(problem)


def test_a_refusal_may_be_declared():
    assert measured(case(jaxgrad="random.randn(key, -2)", verdict_jaxgrad="error")).problems == ()


def right(oracle, **changes):
    return case(**{"verdict_jaxgrad": "value", "difference": "right", "oracle": oracle, **changes})


def test_a_remedy_is_held_against_pytorch():
    offered = {"jax": "x + 2", "verdict_jax": "value", "jaxgrad": ""}
    row = measured(case(**offered, remedy="jnp.add(x, 1)"))
    assert row.problems == () and row.versus_remedy.verdict == "same"
    for wrong, verdict in (("x + 3", "value"), ("x.nonsense", "error"), ("(x + 1)[None]", "shape")):
        (found,) = measured(case(**offered, remedy=wrong)).problems
        assert found.startswith(f"the remedy: declared same, measured {verdict}")


def test_what_is_right_is_held_against_its_oracle():
    row = measured(right("x.astype(float) + 2", jaxgrad="x + 2"))
    assert row.problems == () and row.versus_oracle.verdict == "same"
    assert (
        measured(right("float(x[0] + 2)", jaxgrad="x[0] + 2", verdict_jaxgrad="shape")).problems
        == ()
    )
    listed = right("[np.longdouble(3), {'b': 1}]", jaxgrad="[x[0] + 2, {'b': 1}]")
    assert measured(replace(listed, verdict_jaxgrad="structure")).problems == ()


@pytest.mark.parametrize(
    ("oracle", "verdict"),
    [
        ("x + 3", "value"),
        ("x[0] + 2", "shape"),
        ("[x + 2]", "structure"),
        ("None", "structure"),
        ("'3'", "structure"),
        ("(x + 2) * (1 + 0j)", "dtype"),
        ("jnp.add(x, 2)", "error"),
        ("torch", "error"),
    ],
)
def test_a_wrong_oracle_is_found(oracle, verdict):
    (found,) = measured(right(oracle, jaxgrad="x + 2")).problems
    assert found.startswith(f"jaxgrad against the right answer: declared same, measured {verdict}")


def test_an_oracle_is_not_rounded_to_integers():
    (found,) = measured(
        right("x + 2.5", jaxgrad="(x + 2).astype(int)", verdict_jaxgrad="dtype")
    ).problems
    assert "jaxgrad against the right answer: declared same, measured dtype" in found


def test_gradients_are_held_against_their_oracle():
    def gradients(oracle, **changes):
        def two_and_one(case):
            return Answer(f32([2.0, 3.0]), {"x": f32([2.0, 2.0]), "y": f32([1.0, 1.0])}), "2.13.0"

        asked = {"jax": "x + y", "jaxgrad": "x + y", "grads": ("x", "y"), "verdict_jax": "gradient"}
        asked |= {"inputs": {"x": f32([1.0, 2.0]), "y": f32([1.0, 1.0])}}
        changes = {"verdict_jaxgrad": "gradient", **asked, **changes}
        row = measurement.measure(right(oracle, **changes), two_and_one)
        return row

    row = gradients('{"x": np.ones(2), "y": np.ones(2)}')
    assert row.problems == () and row.versus_oracle.verdict == "same"
    assert gradients('{"x": np.ones(2)}').problems == ()
    for wrong in (
        '{"x": 2 * np.ones(2)}',
        '{"x": np.ones(2), "y": np.zeros(2)}',
        '{"x": np.ones(3)}',
        '{"z": np.ones(2)}',
        "{}",
        "x + y",
        '{"x": np.nonsense}',
    ):
        (found,) = gradients(wrong).problems
        assert found.startswith("jaxgrad against the right answer: declared same, measured ")


def test_gradients_that_pytorch_refuses_have_an_oracle_too():
    def refuses(case):
        return Answer(error="RuntimeError: not differentiable"), "2.13.0"

    refused = {"jax": "x * x", "jaxgrad": "x * x", "verdict_jax": "error", "grads": ("x",)}
    for oracle, held in (('{"x": 2 * x}', True), ('{"x": x}', False), ("x * x", False)):
        row = measurement.measure(right(oracle, **refused, verdict_jaxgrad="error"), refuses)
        assert (row.problems == ()) == held


def test_bits_count_in_exact_mode_only():
    almost = case(jaxgrad="jnp.nextafter(x + 1, jnp.array([2.0, 9.0]))", exact=True)
    assert measured(almost).problems == ()
    (found,) = measured(almost, exact=True).problems
    assert found == "jaxgrad: declared bit for bit, identical in 1 of 2 elements"
    assert measured(case(exact=True), exact=True).problems == ()


def test_an_answer_that_was_never_recorded_is_a_problem():
    row = measurement.measure(case(), measurement.recorded)
    assert "x + 1 has no recorded answer; run: jaxgrad study --record" in row.problems[0]


def test_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    record.write("test", "2.13.0", [(case(), two_and_three(case())[0])])
    answer, version = record.read(case())
    assert version == "2.13.0" and answer.value.tolist() == [2.0, 3.0]
    for changed in (
        case(torch="x + 2"),
        case(inputs={"x": f32([1.0, 2.5])}),
        case(inputs={"x": np.array([1.0, 2.0])}),
        case(distribution="[1]"),
        case(grads=("x",)),
    ):
        with pytest.raises(record.Stale, match="changed since it was recorded; run: jaxgrad stud"):
            record.read(changed)
    record.read(case(jax="x + 2", why="What PyTorch gives does not depend on it."))


def test_gradients_are_measured():
    row = measured(case(jax="(x * x).sum()", grads=("x",)))
    assert row.jax.grads["x"].tolist() == [2.0, 4.0]


def test_distributions_are_measured():
    drawn = case(jax="jax.random.normal(key, (2000,))", distribution="stats.norm()")
    row = measured(drawn)
    assert row.jax.value.shape == (0, 2000) and row.jax.distribution.pvalue > 1e-6


def test_64_bit_types_are_the_cases_choice():
    assert measured(case(jax="jnp.zeros(2)", x64=True)).jax.value.dtype == np.float64
    assert measured(case(jax="jnp.zeros(2)")).jax.value.dtype == np.float32


def test_warnings_are_kept():
    code = "import warnings\nwarnings.warn('hm', stacklevel=1)\nx + 1"
    assert measured(case(jax=code)).jax.warning == "UserWarning: hm"


def test_snippets_see_their_names_and_no_more():
    names = {"jax": jax}
    assert run.evaluate("a = 1\njax.nn is not None and a", names) == 1
    with pytest.raises(NameError):
        run.evaluate("np.ones(1)", {})


def test_documents():
    done = [measured(case()), measured(case(name="<b>", jax="'<script>'", why="a < b & c."))]
    document = json.loads(json.dumps(report.document(done, exact=False), allow_nan=False))
    assert document["held"] is False and len(document["rows"]) == 2
    assert "Rows that do not hold: 1" in document["summary"]
    html = page(done, exact=False)
    assert "<script>'" not in html and "&lt;script&gt;" in html and "a &lt; b &amp; c." in html
    for loaded in ('src="http', "src='http", "@import", "url(http"):
        assert loaded not in html


def test_pictures():
    normal = "jax.random.normal(key, (2000,))"
    drawn = case(torch="", jax=normal, jaxgrad=normal, distribution="stats.norm()")
    curve = case(picture="curve")
    absolute = {"jax": "jnp.abs(x)", "jaxgrad": "jnp.abs(x)", "inputs": {"x": f32([-1, 0, 1])}}
    kink = case(picture="kink", grads=("x",), **absolute)
    cases = [drawn, curve, kink]
    others = ["jax.random.uniform(key, (2000,))", "x * 3", "jnp.maximum(x, -x)"]

    def answer(case):
        return run.run(case, "jax"), "2.13.0"

    def other(case):
        another = others[[each.name for each in cases].index(case.name)]
        return run.run(replace(case, jax=another), "jax"), "2.13.0"

    cases = [replace(each, name=f"case {i}") for i, each in enumerate(cases)]
    assert [len(pictures(measurement.measure(case, answer))) for case in cases] == [0, 0, 0]
    shown = [len(pictures(measurement.measure(case, other))) for case in cases]
    assert shown == [1, 1, 2]  # a kink's value and derivative
