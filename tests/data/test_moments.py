import numpy as np
import pytest

from jaxgrad.data import Moments, merge, moments

VALUES = np.random.default_rng(0).standard_normal((1000, 3)) * [1.0, 1e-3, 1e3] + [1e9, 5.0, -1e9]


def exact(values):
    """By long double, which has eleven bits more."""
    wide = values.astype(np.longdouble)
    centred = wide - wide.mean(axis=0)
    comoment = centred.T @ centred
    return wide.mean(axis=0).astype(float), comoment.astype(float)


def assert_moments(got, values, atol=1e-13):
    mean, comoment = exact(values)
    assert isinstance(got, Moments) and got.count == len(values)
    assert all(part.dtype == np.float64 for part in got[1:])
    np.testing.assert_allclose(got.mean, mean, rtol=1e-15)
    scale = np.sqrt(np.outer(np.diagonal(comoment), np.diagonal(comoment)))
    np.testing.assert_allclose(got.comoment / scale, comoment / scale, rtol=0, atol=atol)
    np.testing.assert_array_equal(got.low, values.min(axis=0))
    np.testing.assert_array_equal(got.high, values.max(axis=0))


@pytest.mark.parametrize("cuts", [[], [500], [1, 2, 999], list(range(10, 1000, 10))])
def test_blocks_of_large_values_keep_their_digits(cuts):
    assert_moments(moments(*np.split(VALUES, cuts)), VALUES)


def test_merging_is_the_moments_of_all():
    values = VALUES - VALUES[0]
    assert_moments(merge(*[moments(part) for part in np.array_split(values, 7)]), values)


def test_merging_large_values_keeps_their_digits():
    parts = [moments(part) for part in np.array_split(VALUES, 7)]
    assert_moments(merge(*parts), VALUES)


def is_triangular(factor):
    return np.array_equal(factor, np.triu(factor)) and (np.diagonal(factor) >= 0).all()


@pytest.mark.parametrize("condition", [1e2, 1e6, 1e9])
@pytest.mark.parametrize("columns", [1, 3, 20, 70])
@pytest.mark.parametrize("cuts", [[], [1, 2, 2], [1000, 3000], list(range(37, 6000, 37))])
def test_the_factor_is_that_of_all_rows(columns, condition, cuts):
    """Of columns so near to combinations that their products would have lost the difference."""
    rng = np.random.default_rng(columns)
    values = rng.standard_normal((6000, columns))
    values[:, 1:] = values[:, :1] + values[:, 1:] / condition
    got = moments(*np.split(values, cuts)).factor
    expected = np.linalg.qr(values - values.mean(axis=0), mode="r")
    expected *= np.sign(np.diagonal(expected))[:, None]
    assert is_triangular(got)
    np.testing.assert_allclose(np.diagonal(got), np.diagonal(expected), rtol=1e-14 * condition)
    np.testing.assert_allclose(got, expected, atol=1e-13 * np.linalg.norm(expected[:, 0]))


def test_rows_of_categories_in_order():
    """Their columns are constant for long, then begin."""
    category = np.repeat(np.arange(4), 5000)
    values = (category[:, None] == np.arange(1, 4)).astype(float)
    values = np.column_stack([values, np.zeros(len(values)), np.full(len(values), 7.0)])
    got = moments(*np.array_split(values, 9))
    assert is_triangular(got.factor) and not got.factor[:, 3:].any() and not got.factor[3:].any()
    expected = exact(values)[1]
    np.testing.assert_allclose(got.comoment, expected, atol=1e-9)


def test_a_block_unlike_those_before():
    rng = np.random.default_rng(0)
    blocks = [rng.standard_normal((3000, 2)) * scale for scale in (1e-8, 1.0, 1e8, 1e-8)]
    got = moments(*blocks).factor
    expected = np.linalg.qr(np.concatenate(blocks) - np.concatenate(blocks).mean(0), mode="r")
    np.testing.assert_allclose(np.abs(got), np.abs(expected), rtol=1e-13, atol=1e-13 * got.max())


def test_values_whose_squares_are_no_float():
    values = np.random.default_rng(0).standard_normal((100, 2)) * [1e200, 1e-200]
    got = moments(*np.array_split(values, 3)).factor
    expected = np.abs(np.linalg.qr(values - values.mean(axis=0), mode="r"))
    np.testing.assert_allclose(np.abs(got[:, 0]), expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(got[1, 1], expected[1, 1], rtol=1e-9)


def test_no_rows_change_nothing():
    none = moments(np.empty((0, 3)))
    assert none.count == 0 and (none.low == np.inf).all() and (none.high == -np.inf).all()
    for merged in (merge(none, moments(VALUES)), merge(moments(VALUES), none)):
        assert_moments(merged, VALUES)


def test_the_comoment_is_symmetric():
    comoment = moments(VALUES[:, ::-1], VALUES[:77]).comoment
    np.testing.assert_array_equal(comoment, comoment.T)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ([["a"]], TypeError, "moments: blocks must be arrays of numbers, got list"),
        ([[[1j]]], TypeError, "blocks must be arrays of numbers"),
        ([[[1.0], [2.0, 3.0]]], TypeError, "blocks must be arrays of numbers"),
        ([[1.0]], ValueError, r"blocks must be 2-D arrays \(rows, columns\), got shape \(1,\)"),
        ([[[np.nan]]], ValueError, "blocks must be finite, got inf or nan"),
        (
            [[[1.0]], [[1.0, 2.0]]],
            ValueError,
            r"blocks must be of the same columns, got \[1, 2\] c",
        ),
        ([], ValueError, "moments: blocks must be of the same columns, got none"),
    ],
)
def test_refusals(arguments, error, match):
    with pytest.raises(error, match=match):
        moments(*arguments)


@pytest.mark.parametrize(
    ("parts", "error", "match"),
    [
        ([], ValueError, "merge: parts must be at least one, got none"),
        ([VALUES], TypeError, "merge: parts must be a Moments, got ndarray"),
        (
            [moments([[1.0]]), moments([[1.0, 2.0]])],
            ValueError,
            r"merge: parts must be of the same columns, got \[1, 2\] columns",
        ),
    ],
)
def test_merge_refuses(parts, error, match):
    with pytest.raises(error, match=match):
        merge(*parts)
