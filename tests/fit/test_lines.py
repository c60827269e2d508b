import nist
import numpy as np
import pytest
from scipy import stats

from jaxgrad.data import merge, moments
from jaxgrad.fit import evaluate_line, least_squares_from_moments


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
    line, theirs = least_squares_from_moments(of(x, y)), stats.linregress(x[:, 0], y)
    rtol = 1e-10 if level == 0 else 1e-5
    np.testing.assert_allclose(line.weight, [theirs.slope], rtol=rtol)
    np.testing.assert_allclose(line.weight_error, [theirs.stderr], rtol=rtol)
    np.testing.assert_allclose(line.bias, theirs.intercept, rtol=rtol)
    np.testing.assert_allclose(line.bias_error, theirs.intercept_stderr, rtol=rtol)
    np.testing.assert_allclose(line.r2, theirs.rvalue**2, rtol=rtol)


def test_several_features_are_solved_exactly():
    x, y = rows()
    line = least_squares_from_moments(of(x, y))
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
    line = evaluate_line(of(x, y), weight, bias)
    np.testing.assert_allclose(line.rmse, np.sqrt(np.mean(residual**2)), rtol=1e-12)
    expected = 1 - np.sum(residual**2) / np.sum((y - y.mean()) ** 2)
    np.testing.assert_allclose(line.r2, expected, rtol=1e-12)
    assert np.isnan(line.weight_error).all() and np.isnan(line.bias_error)


def in_one(rows):
    return moments(rows)


def in_pieces(rows):
    return moments(*np.array_split(rows, 5))


def of_processes(rows):
    return merge(*[moments(part) for part in np.array_split(rows, 3)])


def coefficients(line, intercept=True):
    return np.array([line.bias, *line.weight] if intercept else line.weight)


def errors(line, intercept=True):
    return np.array([line.bias_error, *line.weight_error] if intercept else line.weight_error)


@pytest.mark.parametrize("read", [in_one, in_pieces, of_processes])
@pytest.mark.parametrize("name", nist.SETS)
def test_certified_values(name, read):
    """To the digits that a decomposition of the whole design in float64 has, less half a one."""
    x, y, expected, of_errors, deviation, intercept = nist.SETS[name]
    line = least_squares_from_moments(read(np.column_stack([x, y])), intercept=intercept)
    design = np.column_stack([np.ones(len(y)), x]) if intercept else x
    theirs = nist.digits(np.linalg.lstsq(design, y, rcond=1e-17)[0], expected)
    right = nist.digits(coefficients(line, intercept), expected)
    assert right > min(theirs - 0.5, 13)
    assert nist.digits(errors(line, intercept), of_errors) > nist.LEAST.get(name, 12)
    spread = line.rmse * np.sqrt(len(y) / line.freedom)
    assert nist.digits(spread, deviation) > nist.LEAST.get(name, 12)
    assert line.condition == pytest.approx(np.linalg.cond(design), rel=0.05)
    assert right - 6 < line.digits < nist.digits(line.weight, expected[intercept:]) + 1.5


@pytest.mark.parametrize("count", [20, 1000, 50_000])
def test_a_line_with_little_noise(count):
    x = np.arange(count, dtype=float)
    line = least_squares_from_moments(of(x[:, None], 3 * x + 1 + 1e-7 * (-1.0) ** x))
    noise = (3 * x + 1 + 1e-7 * (-1.0) ** x).astype(np.longdouble) - 3 * x - 1
    assert line.rmse == pytest.approx(float(noise.std()), rel=1e-2)
    spread = np.sqrt(np.mean(noise**2) * count / (count - 2)) / (x.std() * np.sqrt(count))
    assert line.weight_error[0] == pytest.approx(float(spread), rel=1e-2)
    assert abs(line.weight[0] - 3) < 3 * line.weight_error[0]


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_columns_whose_squares_are_no_float(scale):
    x, y = rows()
    line, plain = least_squares_from_moments(of(x * scale, y)), least_squares_from_moments(of(x, y))
    np.testing.assert_allclose(line.weight * scale, plain.weight, rtol=1e-12)
    np.testing.assert_allclose(line.weight_error * scale, plain.weight_error, rtol=1e-12)
    np.testing.assert_allclose(line.bias, plain.bias, rtol=1e-12)


def test_a_constant_target():
    line = least_squares_from_moments(of(rows()[0], np.ones(50)))
    np.testing.assert_array_equal([*line.weight, line.bias], [0, 0, 0, 1])
    assert line.rmse == 0 and np.isnan(line.r2) and not line.weight_error.any()


def test_noise_of_a_hundred_millionth():
    draw = np.random.default_rng(0)
    x, noise = draw.normal(size=(2, 10_000))
    noise -= x * (noise @ x) / (x @ x)
    line = least_squares_from_moments(of(x[:, None], 0.1 * x + 1e-9 * noise))
    assert line.rmse == pytest.approx(1e-9 * noise.std(), rel=1e-5)


def test_a_line_through_zero():
    x, y = rows(level=3.0)
    line = least_squares_from_moments(of(x, y), intercept=False)
    solution, squares, *_ = np.linalg.lstsq(x, y, rcond=None)
    np.testing.assert_allclose(line.weight, solution, rtol=1e-12)
    assert line.bias == 0 and np.isnan(line.bias_error) and line.freedom == len(y) - 3
    variance = squares[0] / (len(y) - 3)
    errors = np.sqrt(np.diag(variance * np.linalg.inv(x.T @ x)))
    np.testing.assert_allclose(line.weight_error, errors, rtol=1e-11)
    np.testing.assert_allclose(line.rmse, np.sqrt(squares[0] / len(y)), rtol=1e-12)
    np.testing.assert_allclose(line.r2, 1 - squares[0] / (y @ y), rtol=1e-12)


def dependent(x):
    return np.column_stack([x, x[:, 0] / 3 + x[:, 1] * 0.1])


def two_pairs(x):
    return np.column_stack([x[:, 2], x[:, 0], 2 * x[:, 0], x[:, 1], x[:, 1] * 7])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x[:4], "rows must be at least 5 for 3 features, got 4"),
        (lambda x: x * [1, 0, 1], r"column 2 \(counted from 1\) must be varied, got a constant"),
        (
            lambda x: x @ [[1, 0, 1], [0, 1, 1], [0, 0, 0]],
            r"column 3 \(counted from 1\) must be independent of the others, got to working "
            "precision a combination of columns 1 and 2",
        ),
        (dependent, "column 4 .* combination of columns 1 and 2 "),
        (lambda x: dependent(x + 1e6), "column 4 .* combination of columns 1 and 2 "),
        (lambda x: dependent(x * 1e-9), "column 4 .* combination of columns 1 and 2 "),
        (two_pairs, "column 3 .* combination of column 2 "),
        (lambda x: np.where(x > 0, 0.3, 0.1 + 0.2)[:, :1], "column 1 .* a constant but for round"),
    ],
)
@pytest.mark.parametrize("count", [50, 20_000])
def test_no_single_answer(change, match, count):
    x, y = rows(count)
    x = change(x)
    with pytest.raises(ValueError, match=match):
        least_squares_from_moments(of(x, y[: len(x)]))


def test_the_columns_are_named():
    x, y = rows()
    match = "column 'd' must be independent .* combination of columns 'a' and 'b'; leave it or one"
    with pytest.raises(ValueError, match=match):
        least_squares_from_moments(of(dependent(x), y), names="abcd")
    with pytest.raises(ValueError, match="names must be of 3 features, got 2"):
        least_squares_from_moments(of(x, y), names="ab")


def test_columns_that_are_nearly_dependent_have_an_answer():
    x, y = rows()
    x[:, 2] = x[:, 0] + 1e-9 * x[:, 1] * x[:, 0]
    line = least_squares_from_moments(of(x, y))
    design = np.column_stack([np.ones(len(y)), x])
    theirs = np.linalg.lstsq(design, y, rcond=1e-17)[0]
    np.testing.assert_allclose(coefficients(line), theirs, rtol=1e-5)
    assert 5 < line.digits < 7.5


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
    with pytest.raises(error, match=f"evaluate_line: {match}"):
        evaluate_line(*arguments)


def test_least_squares_only_of_moments():
    with pytest.raises(
        TypeError, match="least_squares_from_moments: moments must be a Moments, got list"
    ):
        least_squares_from_moments([[1.0, 2.0]])
