"""What `jaxgrad fit` does by default, whether it converges, and what it says of least squares."""

import csv
import json
import re

import nist
import numpy as np
import pytest
import safetensors.numpy as safetensors
from fit_command import WEIGHTS, fit, table


def written(path, names, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *np.asarray(rows).tolist()])
    return path


@pytest.mark.parametrize("name", nist.SETS)
def test_certified_values_in_json(name, tmp_path):
    x, y, expected, errors, deviation, intercept = nist.SETS[name]
    names = [f"x{place}" for place in range(1, x.shape[1] + 1)]
    path = written(tmp_path / "rows.csv", ["y", *names], np.column_stack([y, x]))
    told, options = tmp_path / "out.json", [] if intercept else ["--no-intercept"]
    assert fit(path, "--target", "y", "--json", told, "--epochs", "5", *options) == 0
    found = json.loads(told.read_text())
    assert found.keys() == {"least_squares", "fitted", "rows"} and found["rows"] == len(y)
    exact = found["least_squares"]
    assert exact.keys() == {"coefficients", "standard_errors", "rmse", "r2", "condition"}
    order = ["(intercept)"] * intercept + names
    design = np.column_stack([np.ones(len(y)), x]) if intercept else x
    theirs = nist.digits(np.linalg.lstsq(design, y, rcond=1e-17)[0], expected)
    spread = exact["rmse"] * np.sqrt(len(y) / (len(y) - len(expected)))
    assert exact["coefficients"].keys() == exact["standard_errors"].keys() == set(order)
    got = [[exact[part][key] for key in order] for part in ("coefficients", "standard_errors")]
    assert nist.digits(got[0], expected) > min(theirs - 0.5, 13)
    assert nist.digits(got[1], errors) > nist.LEAST.get(name, 12)
    assert nist.digits(spread, deviation) > nist.LEAST.get(name, 12)
    assert found["fitted"].keys() == {"coefficients", "rmse", "r2"}


@pytest.fixture
def line(tmp_path):
    return written(tmp_path / "line.csv", ["x", "y"], [[i, 3 * i + 1] for i in range(20)])


ALONE = ("--target", "y")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--no-standardize",),
        ("--loss", "huber_loss"),
        ("--loss", "smooth_l1_loss", "--no-standardize"),
        ("--loss", "l1_loss"),
    ],
)
def test_the_defaults_converge_on_an_exact_line(line, options, capsys):
    assert fit(line, *ALONE, *options) == 0
    out = capsys.readouterr().out
    assert table(out)["x"][:2] == pytest.approx([3, 3], rel=1e-4)
    assert table(out)["(intercept)"][:2] == pytest.approx([1, 1], rel=1e-4)
    assert "not converged" not in out


@pytest.mark.nightly
def test_the_defaults_converge_where_columns_are_alike(tmp_path, capsys):
    """Longley's: the largest curvature is 12,000 times the least."""
    names = ["y", *(f"x{place}" for place in range(1, 7))]
    path = written(tmp_path / "longley.csv", names, nist.LONGLEY)
    assert fit(path, *ALONE, "--json", tmp_path / "out.json") == 0
    assert "not converged" not in capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text())
    for name, value in found["fitted"]["coefficients"].items():
        error = found["least_squares"]["standard_errors"][name]
        assert abs(value - found["least_squares"]["coefficients"][name]) < 1e-3 * error


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--lr", "0.01"), "Without --lr the fit chooses what converges"),
        (("--optimizer", "adam", "--epochs", "9"), "Without --optimizer, --epochs the fit chooses"),
        (("--no-standardize", "--epochs", "50"), "more --epochs: it takes about "),
    ],
)
def test_what_has_not_converged_says_so(line, options, told, capsys):
    assert fit(line, *ALONE, *options) == 0
    out = capsys.readouterr().out
    (said,) = re.findall(r"^(\S+) is (\S+) away from ([\d.]+), (\S+) of it: the descent", out, re.M)
    off = float(dict(zip(("x", "(intercept)"), (3, 1), strict=True))[said[0]])
    assert float(said[1]) == pytest.approx(abs(table(out)[said[0]][0] - off), rel=1e-2)
    assert float(said[2]) == off and told in out


def test_no_descent_converges_where_columns_nearly_depend(tmp_path, capsys):
    names = ["y", *(f"x{place}" for place in range(1, 6))]
    rows = np.column_stack([nist.SETS["Wampler1"].y, nist.WAMPLER_X])
    saved = tmp_path / "exact.safetensors"
    path = written(tmp_path / "rows.csv", names, rows)
    assert fit(path, *ALONE, "--save-exact", saved, "--epochs", "100") == 0
    out = capsys.readouterr().out
    assert "The columns are so nearly combinations of each other that no descent" in out
    arrays = safetensors.load_file(saved)
    assert arrays["weight"].dtype == np.float64 and arrays["weight"].shape == (1, 5)
    np.testing.assert_allclose(arrays["weight"][0], np.ones(5), rtol=1e-9)
    np.testing.assert_allclose(arrays["bias"], [1], rtol=1e-9)


def test_other_losses_tell_that_they_still_fall(line, capsys):
    assert fit(line, *ALONE, "--loss", "l1_loss", "--lr", "0.01", "--epochs", "50") == 0
    assert "the loss still fell, by " in capsys.readouterr().out


def test_t_p_and_intervals(people, capsys):
    """Of R's summary(lm(height ~ weight, women)) and confint."""
    assert fit(people, "--target", "height", "--features", "weight", "--digits", "8") == 0
    out = capsys.readouterr().out
    weight = re.search(r"^weight +\[(\S+), (\S+)\] +(\S+) +(\S+)$", out, re.M)
    numbers = [float(number) for number in weight.groups()]
    assert numbers == pytest.approx([0.27085764, 0.30364083, 37.86, 1.09e-14], rel=1e-3)
    assert "\n13 degrees of freedom, condition " in out
    found = re.search(r"^weight +(\S+) +(\S+) +(\S+)$", out, re.M)
    assert found and found[2] == "0.28724923" and found[3] == "0.0075880834"


def test_every_digit_and_the_condition(people, capsys, tmp_path):
    told = tmp_path / "out.json"
    call = (people, "--target", "height", "--features", "weight", "--digits", "17", "--json", told)
    assert fit(*call) == 0
    out, found = capsys.readouterr().out, json.loads(told.read_text())["least_squares"]
    assert table(out)["weight"][1] == found["coefficients"]["weight"]
    assert table(out)["weight"][2] == found["standard_errors"]["weight"]
    design = np.column_stack([np.ones(15), WEIGHTS])
    assert found["condition"] == pytest.approx(np.linalg.cond(design), rel=1e-9)
    assert f"condition {found['condition']:.3g}" in out


def test_a_line_through_zero(tmp_path, capsys):
    rows = [[x, 2 * x + (-1) ** x] for x in range(10, 30)]
    path = written(tmp_path / "rows.csv", ["x", "y"], rows)
    x, y = np.array(rows, float).T
    for options in ((), ("--no-standardize",), ("--lr", "0.1", "--epochs", "500")):
        assert fit(path, *ALONE, "--no-intercept", *options) == 0
        out = capsys.readouterr().out
        assert table(out)["x"][:2] == pytest.approx([x @ y / (x @ x)] * 2, rel=1e-4)
        assert "(intercept)" not in out and "not converged" not in out


def test_the_columns_that_depend_are_named(tmp_path, capsys):
    rows = [[i, i * i, 2 * i + 1, i % 3] for i in range(20)]
    path = written(tmp_path / "rows.csv", ["a", "b", "c", "y"], rows)
    assert fit(path, *ALONE) == 2
    told = "column 'c' must be independent of the others, got to working precision a combination "
    err = capsys.readouterr().err
    assert f"{told}of column 'a'; leave it or one of them out of --features" in err
