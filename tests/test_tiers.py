"""The rule that leaves combinations to the night, and checks of many cases in one test."""

import types

import pytest
from tiers import EACH, NIGHTS, drawn, each, is_thinned_out, of_a_product, of_the_night

NAMES = pytest.mark.parametrize("name", {"relu": 1, "elu": 2})
PAIRS = pytest.mark.parametrize("low, high", [pytest.param(0, 1, id="first"), (1, 2)])
DTYPES = ("float32", "float64")


def item(dtype="float32", **params):
    """What pytest makes of a test of NAMES and PAIRS with a fixture of dtypes."""
    spec = types.SimpleNamespace(
        params={"dtype": dtype, **params},
        indices={"dtype": DTYPES.index(dtype), **dict.fromkeys(params, 7)},
    )
    marks = [NAMES.mark, PAIRS.mark]
    return types.SimpleNamespace(callspec=spec, iter_markers=lambda name: marks)


@pytest.mark.parametrize(
    ("dtype", "name", "pair", "nightly"),
    [
        ("float32", "relu", (0, 1), False),
        ("float64", "relu", (0, 1), False),
        ("float32", "elu", (0, 1), False),
        ("float32", "relu", (1, 2), False),
        ("float64", "elu", (0, 1), True),
        ("float64", "relu", (1, 2), True),
        ("float32", "elu", (1, 2), True),
    ],
)
def test_one_axis_at_a_time_is_of_the_day(dtype, name, pair, nightly):
    low, high = pair
    assert of_a_product(item(dtype, name=name, low=low, high=high)) == nightly


def test_a_test_without_parameters_is_of_the_day():
    assert not of_a_product(types.SimpleNamespace())


def test_the_day_takes_the_plainest_case_and_about_each_nth_of_the_others():
    def night(index, mark, **others):
        spec = types.SimpleNamespace(indices={"name": index, **others})
        return is_thinned_out(
            types.SimpleNamespace(
                callspec=spec,
                nodeid=f"test[{index}-{others}]",
                get_closest_marker=lambda name: mark,
            )
        )

    for mark, n in ((None, EACH), (pytest.mark.thinned(10).mark, 10)):
        assert not night(0, mark) and any(night(0, mark, dtype=i) for i in range(9))
        assert sum(not night(i, mark) for i in range(1, 10_001)) == pytest.approx(10_000 / n, 0.1)
    assert not any(night(i, pytest.mark.thinned(1).mark) for i in range(100))


def test_each_night_draws_its_own_cases_and_every_case_has_its_turn():
    def case(n):
        spec = types.SimpleNamespace(params={"n": n}, indices={"n": n})
        marks = {"iter_markers": lambda name: [], "get_closest_marker": lambda name: None}
        return types.SimpleNamespace(nodeid=f"test[{n}]", callspec=spec, **marks)

    cases = [case(n) for n in range(8_000)]
    by_day = {c.nodeid for c in cases if not of_the_night(c)}
    nights = []
    for name in range(160):
        taken, others = drawn(cases, f"commit {name}")
        assert len(taken) + len(others) == len(cases)
        nights.append({c.nodeid for c in taken})
        share = len(nights[-1] - by_day) / (len(cases) - len(by_day))
        assert by_day <= nights[-1] and share == pytest.approx(1 / NIGHTS, rel=0.2)
    assert nights[0] != nights[1]
    assert len(set.union(*nights)) == len(cases)


def test_all_failures_are_told_together():
    def check(number):
        assert number < 2

    each({"one": 1}, check)
    with pytest.raises(ExceptionGroup, match="2 of 3 cases fail") as failed:
        each({"one": 1, "two": 2, "three": 3}, check)
    assert [failure.__notes__ for failure in failed.value.exceptions] == [["two"], ["three"]]
    with pytest.raises(AssertionError, match="no cases"):
        each({}, check)
