import numpy as np
import pytest

from jaxgrad.study.answer import Answer, DistributionTest
from jaxgrad.study.comparison import compare

ONE = np.float32([1.0])
NEXT = np.nextafter(ONE, np.float32(2))


def verdict(expected, got, x64=False, **options):
    return compare(Answer(expected), Answer(got), x64=x64, **options).verdict


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (ONE, ONE, "same"),
        (ONE, NEXT, "same"),
        (ONE, ONE * 1.001, "value"),
        (ONE, -ONE, "value"),
        (ONE, np.float32([np.nan]), "value"),
        (np.float32([np.nan, np.inf]), np.float32([np.nan, np.inf]), "same"),
        (np.float32([np.inf]), np.float32([-np.inf]), "value"),
        (ONE, ONE.astype(np.float64), "dtype"),
        (ONE, ONE.astype(bool), "dtype"),
        (ONE, ONE[0], "structure"),
        (ONE, np.array(1, np.float32), "shape"),
        (ONE, ONE[None], "shape"),
        (ONE, None, "structure"),
        (ONE, [ONE], "structure"),
        (ONE, 1.0, "structure"),
        (None, None, "same"),
        ("a", "a", "same"),
        ("a", "b", "value"),
        (1, 1, "same"),
        (1, 1.0, "structure"),
        (True, False, "value"),
        ([ONE, None], [ONE, None], "same"),
        ({"a": ONE}, {"b": ONE}, "structure"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "same"),
        (np.zeros((0, 3)), np.zeros((3, 0)), "shape"),
        (np.array([1.0]), np.array([1.0 + 1e-11]), "value"),
        (np.array([1j]), np.array([-1j]), "value"),
    ],
)
def test_verdicts(expected, got, said):
    assert verdict(expected, got) == said


def test_indices_are_narrower_where_jax_has_no_64_bit_types():
    wide, narrow = np.array([1]), np.array([1], np.int32)
    assert verdict(wide, narrow, x64=False) == "same"
    assert verdict(wide, narrow, x64=True) == "dtype"
    assert verdict(narrow, wide, x64=False) == "dtype"
    assert verdict(wide, np.array([2], np.int32)) == "value"


def test_errors():
    failed, fine = Answer(error="ValueError: no"), Answer(ONE)
    assert compare(failed, failed, x64=False).verdict == "same"
    for mistake in ("NameError: a", "AttributeError: b", "SyntaxError: c"):
        assert compare(failed, Answer(error=mistake), x64=False).verdict == "error"
    for refusal in ("ValueError: f: x must be", "TypeError: f: x must be"):
        assert compare(failed, Answer(error=refusal), x64=False, ours="f(2)").verdict == "same"
    for mistake in (
        "TypeError: f() got an unexpected keyword argument 'y'",
        "TypeError: g: x must be",
        "ValueError: Incompatible shapes",
        "NameError: f: x must be",
    ):
        comparison = compare(failed, Answer(error=mistake), x64=False, ours="f(2)")
        assert comparison.verdict == "error" and comparison.unintended
        assert compare(failed, Answer(error=mistake), x64=False).unintended == mistake.startswith(
            "Name"
        )
        assert compare(fine, Answer(error=mistake), x64=False, ours="f(2)").unintended
    assert compare(failed, fine, x64=False).verdict == "error"
    assert not compare(failed, fine, x64=False).raises
    assert compare(fine, failed, x64=False).raises


def test_distributions():
    passed, failed = DistributionTest(0.5, [], []), DistributionTest(1e-9, [], [])
    empty = np.zeros((0, 3))
    said = [
        compare(Answer(empty, distribution=a), Answer(empty, distribution=b), x64=False).verdict
        for a in (passed, failed)
        for b in (passed, failed)
    ]
    assert said == ["same", "distribution", "distribution", "same"]


def test_gradients():
    right, wrong = Answer(ONE, {"x": ONE}), Answer(ONE, {"x": 2 * ONE})
    assert compare(right, right, x64=False).verdict == "same"
    assert compare(right, wrong, x64=False).verdict == "gradient"
    assert compare(right, Answer(ONE, {"x": None}), x64=False).verdict == "gradient"


def test_a_tolerance_of_its_own():
    assert verdict(ONE, ONE * 1.01, rtol=0.02) == "same"
    assert verdict(ONE, ONE * 1.03, rtol=0.02) == "value"


def test_elements_are_counted():
    comparison = compare(
        Answer(np.float32([1, 1, np.nan]), {"x": ONE}),
        Answer(np.float32([1, NEXT[0], np.nan]), {"x": ONE}),
        x64=False,
    )
    assert (comparison.ulps, comparison.identical, comparison.elements) == (1.0, 3, 4)
