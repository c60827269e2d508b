import numpy as np
import pytest
from scipy import stats

from jaxgrad.data import moments
from jaxgrad.fit import described, least_squares_of


def rows(count=50, features=3, level=0.0, seed=0):
    draw = np.random.default_rng(seed)
    x = level + draw.normal(size=(count, features)) * np.arange(1.0, features + 1)
    y = (x - level) @ np.arange(1.0, features + 1) + 5 + draw.normal(size=count)
    return x, y


def of(x, y):
    return moments(np.column_stack([x, y]))


@pytest.mark.parametrize("level", [0.0, 1e9])
def test_one_feature_is_scipys_regression(level):
    x, y = rows(features=1, level=level)
    line, theirs = least_squares_of(of(x, y)), stats.linregress(x[:, 0], y)
    rtol = 1e-10 if level == 0 else 1e-5
    np.testing.assert_allclose(line.weight, [theirs.slope], rtol=rtol)
    np.testing.assert_allclose(line.weight_error, [theirs.stderr], rtol=rtol)
    np.testing.assert_allclose(line.bias, theirs.intercept, rtol=rtol)
    np.testing.assert_allclose(line.bias_error, theirs.intercept_stderr, rtol=rtol)
    np.testing.assert_allclose(line.r2, theirs.rvalue**2, rtol=rtol)


def test_several_features_are_solved_exactly():
    x, y = rows()
    line = least_squares_of(of(x, y))
    design = np.column_stack([x, np.ones(len(y))])
    solution, squares, *_ = np.linalg.lstsq(design, y, rcond=None)
    np.testing.assert_allclose([*line.weight, line.bias], solution, rtol=1e-10)
    covariance = squares[0] / (len(y) - 4) * np.linalg.inv(design.T @ design)
    errors = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose([*line.weight_error, line.bias_error], errors, rtol=1e-9)
    np.testing.assert_allclose(line.rmse, np.sqrt(squares[0] / len(y)), rtol=1e-10)


def test_any_line_is_described():
    x, y = rows()
    weight, bias = np.array([0.5, -1.0, 2.0]), 3.0
    residual = y - x @ weight - bias
    line = described(of(x, y), weight, bias)
    np.testing.assert_allclose(line.rmse, np.sqrt(np.mean(residual**2)), rtol=1e-12)
    expected = 1 - np.sum(residual**2) / np.sum((y - y.mean()) ** 2)
    np.testing.assert_allclose(line.r2, expected, rtol=1e-12)
    assert np.isnan(line.weight_error).all() and np.isnan(line.bias_error)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x[:4], "rows must be at least 5 for 3 features, got 4"),
        (lambda x: x * [1, 0, 1], "column 1 must be varied, got a constant"),
        (lambda x: x @ [[1, 0, 1], [0, 1, 1], [0, 0, 0]], "must be independent of the others"),
    ],
)
def test_no_single_answer(change, match):
    x, y = rows()
    x = change(x)
    with pytest.raises(ValueError, match=match):
        least_squares_of(of(x, y[: len(x)]))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((of(*rows()), [1.0], 0.0), ValueError, r"weight must be of shape \(3,\)"),
        ((of(*rows()), [1j, 0, 0], 0.0), TypeError, "weight must be of real numbers, got complex"),
        ((of(*rows()), [1.0, 0, 0], "b"), TypeError, "bias must be an array, got str"),
        ((of(*rows())._replace(count=0), [1.0, 0, 0], 0.0), ValueError, "moments must be of at"),
        (([[1.0, 2.0]], [1.0], 0.0), TypeError, "moments must be a Moments, got list"),
    ],
)
def test_no_line_to_describe(arguments, error, match):
    with pytest.raises(error, match=f"described: {match}"):
        described(*arguments)


def test_least_squares_only_of_moments():
    with pytest.raises(TypeError, match="least_squares_of: moments must be a Moments, got list"):
        least_squares_of([[1.0, 2.0]])
