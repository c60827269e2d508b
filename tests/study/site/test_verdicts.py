"""One verdict for a case and for a name, from what was measured."""

import pytest
from made import measured

from jaxgrad.study.site import verdicts

SAME = {"jax": "x + 1", "jaxgrad": "x + 1"}
MENDED = {"jax": "x - 1", "verdict_jax": "value", "jaxgrad": "x + 1"}
DIFFERS = {"jax": "x + 1", "jaxgrad": "x + 2", "verdict_jaxgrad": "value"}
KINDS = {
    "same": SAME,
    "same with jaxgrad": MENDED,
    "right where PyTorch is not": {**DIFFERS, "difference": "right", "oracle": "x + 2"},
    "refused": {**DIFFERS, "difference": "refuses"},
    "falls short": {**DIFFERS, "difference": "limit"},
    "not offered": {"jax": "x - 1", "verdict_jax": "value", "remedy": "x + 1"},
}


def test_every_verdict_of_the_list_has_a_case():
    assert set(KINDS) == set(verdicts.VERDICTS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_has_the_verdict_that_was_measured(kind):
    (row,) = measured(KINDS[kind])
    assert verdicts.of_case(row) == kind


def test_the_verdict_is_what_was_measured_and_not_what_was_declared():
    (row,) = measured({**DIFFERS, "difference": "limit", "jaxgrad": "x + 1"})
    assert row.problems and verdicts.of_case(row) == "same"
    (row,) = measured({**SAME, "jaxgrad": "x + 2"})
    assert row.problems and verdicts.of_case(row) == "falls short"


def test_plain_jax_that_agrees_is_the_same_without_jaxgrad():
    (row,) = measured({"jax": "x + 1"})
    assert verdicts.of_case(row) == "same"


def test_of_several_verdicts_a_name_has_the_first_of_the_list():
    rows = dict(zip(KINDS, measured(*KINDS.values()), strict=True))
    order = list(verdicts.VERDICTS)
    for place, kind in enumerate(order):
        assert verdicts.of_name([rows[each] for each in order[place:]], offered=True) == kind


def test_a_name_that_is_not_offered_is_the_same_where_plain_jax_always_is():
    same, differs = measured({"jax": "x + 1"}, KINDS["not offered"])
    assert verdicts.of_name([same], offered=False) == "same"
    assert verdicts.of_name([same, differs], offered=False) == "not offered"
    assert verdicts.of_name([], offered=False) == "not offered"
    assert verdicts.of_name([], offered=True) == ""


def test_the_counts_are_those_of_the_cases():
    rows = measured(SAME, MENDED, MENDED)
    assert verdicts.counts(rows) == {"same with jaxgrad": 2, "same": 1}
