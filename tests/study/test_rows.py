"""A declared verdict that does not hold is found, whichever way it fails."""

import json

import jax
import numpy as np
import pytest

from jaxgrad.study import record, report, rows, run
from jaxgrad.study.answer import Answer
from jaxgrad.study.case import Case, f32
from jaxgrad.study.page import page

X = {"x": f32([1.0, 2.0])}


def case(**changes):
    parts = {"family": "test", "name": "x + 1", "torch": "x + 1", "jax": "x + 1", "why": "Same."}
    return Case(**{**parts, "inputs": X, "jaxgrad": "x + 1", **changes})


def two_and_three(case):
    return Answer(f32([2.0, 3.0])), "2.13.0"


def measured(case, **options):
    (row,) = rows.measure([case], two_and_three, **options)
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
            {"jaxgrad": "random.randn(key, 2, size=3)", "verdict_jaxgrad": "error"},
            "jaxgrad: declared error, measured error (no refusal: TypeError: ",
        ),
        ({"jax": "(x + 1)[:1]"}, "plain JAX: declared same, measured shape"),
        ({"jax": "y = 3"}, "plain JAX: declared same, measured error"),
        ({"jax": "x +"}, "plain JAX: declared same, measured error"),
        (
            {"jax": "[x]", "law": "stats.norm()", "jaxgrad": ""},
            "plain JAX: declared same, measured error",
        ),
    ],
)
def test_not_held(changes, problem):
    (found,) = measured(case(**changes)).problems
    assert found.startswith(problem)


def test_a_refusal_may_be_declared():
    assert measured(case(jaxgrad="random.randn(key, -2)", verdict_jaxgrad="error")).problems == ()


def test_bits_count_in_exact_mode_only():
    almost = case(jaxgrad="jnp.nextafter(x + 1, jnp.array([2.0, 9.0]))", exact=True)
    assert measured(almost).problems == ()
    (found,) = measured(almost, exact=True).problems
    assert found == "jaxgrad: declared bit for bit, identical in 1 of 2 elements"
    assert measured(case(exact=True), exact=True).problems == ()


def test_an_answer_that_was_never_recorded_is_a_problem():
    (row,) = rows.measure([case()], rows.recorded)
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
        case(law="[1]"),
        case(grads=("x",)),
    ):
        with pytest.raises(record.Stale, match="changed since it was recorded; run: jaxgrad stud"):
            record.read(changed)
    record.read(case(jax="x + 2", why="What PyTorch gives does not depend on it."))


def test_gradients_are_measured():
    row = measured(case(jax="(x * x).sum()", grads=("x",)))
    assert row.jax.grads["x"].tolist() == [2.0, 4.0]


def test_laws_are_measured():
    drawn = case(jax="jax.random.normal(key, (2000,))", law="stats.norm()")
    row = measured(drawn)
    assert row.jax.value.shape == (0, 2000) and row.jax.law.pvalue > 1e-6


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
    assert "1 rows do not hold" in document["summary"]
    html = page(done, exact=False)
    assert "<script>'" not in html and "&lt;script&gt;" in html and "a &lt; b &amp; c." in html
    for loaded in ('src="http', "src='http", "@import", "url(http"):
        assert loaded not in html


def test_pictures():
    drawn = case(torch="", jax="jax.random.normal(key, (2000,))", law="stats.norm()")
    curve = case(picture="curve")
    kink = case(picture="kink", inputs={"x": f32([-1, 0, 1])}, grads=("x",), jax="jnp.abs(x)")

    def answer(case):
        return run.run(case, "jax"), "2.13.0"

    done = list(rows.measure([drawn, curve, kink], answer))
    pictures = page(done, exact=False).count("data:image/svg+xml;base64,")
    assert pictures == 1 + 3  # the overview, then one for each
