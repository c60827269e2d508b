"""`jaxgrad fit` as it is typed, alone and among several processes."""

import csv
import json
import os
import re
import subprocess
import sys

import nist
import numpy as np
import pytest
import safetensors.numpy as safetensors

from jaxgrad import cli
from jaxgrad.cli.wording import of_options
from jaxgrad.fit._table import named

WEIGHTS = (115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164)
LINES = (f"{height},{weight},someone" for height, weight in enumerate(WEIGHTS, 58))
PEOPLE = "\n".join(["height,weight,name", *LINES])
SLOPE, INTERCEPT = 0.28724923, 25.72345571


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    return path


def fit(*arguments):
    return cli.main(["fit", *map(str, arguments)])


def table(out):
    """The numbers of each line of the printed table."""
    found = re.findall(r"^(\S+) +((?: *-?[\d.]+(?:e[-+]\d+)?)+)$", out, re.MULTILINE)
    return {name: [float(number) for number in numbers.split()] for name, numbers in found}


WELL = ("--target", "height", "--features", "weight", "--lr", "0.1", "--epochs", "300")


def test_the_described_line(people, capsys, tmp_path):
    saved, plot = tmp_path / "model.safetensors", tmp_path / "fit.png"
    assert fit(people, *WELL, "--save", saved, "--plot", plot) == 0
    found = table(capsys.readouterr().out)
    assert found["weight"] == pytest.approx([SLOPE, SLOPE, 0.00759], rel=1e-3)
    assert found["(intercept)"] == pytest.approx([INTERCEPT, INTERCEPT, 1.04], rel=5e-3)
    assert found["rmse"] == pytest.approx([0.40965, 0.40965], rel=1e-4)
    arrays = safetensors.load_file(saved)
    assert arrays["weight"].shape == (1, 1) and arrays["bias"].shape == (1,)
    np.testing.assert_allclose(arrays["weight"], [[SLOPE]], rtol=1e-4)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_as_the_columns_are(people, capsys):
    options = ("--no-standardize", "--optimizer", "sgd", "--lr", "1e-5", "--epochs", "20")
    assert fit(people, "--target", "height", "--features", "weight", *options) == 0
    out = capsys.readouterr().out
    assert table(out)["weight"][0] == pytest.approx(0.47, abs=0.02)
    assert "(intercept) is" in out and "the descent has not arrived; more --epochs" in out


def test_few_rows_are_steps_enough(tmp_path, capsys):
    path, rng = tmp_path / "rows.csv", np.random.default_rng(0)
    x = rng.uniform(100, 200, 300)
    y = 0.2 * x + 40 + rng.normal(size=300)
    path.write_text("height,weight\n" + "".join(f"{b},{a}\n" for a, b in zip(x, y, strict=True)))
    assert fit(path, "--target", "height") == 0
    out = capsys.readouterr().out
    fitted, exact, error = table(out)["weight"]
    assert abs(fitted - exact) < 2 * error and "has not arrived" not in out


def test_validation_and_patience(people, capsys, tmp_path):
    other = tmp_path / "others.csv"
    other.write_text(PEOPLE.replace("72,164", "80,164"))
    assert fit(people, *WELL, "--validation", other, "--patience", "5", "--batch-size", "4") == 0
    out = capsys.readouterr().out
    assert "others.csv: rmse" in out and ", in epoch " in out


def test_a_share_is_set_apart(tmp_path, capsys):
    path, rng = tmp_path / "rows.csv", np.random.default_rng(0)
    x = rng.normal(1e3, 10, 200)
    y = 2 * x + 5 + rng.normal(size=200)
    path.write_text("x,y\n" + "".join(f"{a:.9f},{b:.9f}\n" for a, b in zip(x, y, strict=True)))
    call = (path, "--target", "y", "--validation", "0.25", "--patience", "30", "--epochs", "200")
    assert fit(*call) == 0
    out = capsys.readouterr().out
    assert "150 rows, target y" in out and ", in epoch " in out
    rmse = float(re.search(r"on a share of 0.25: rmse ([\d.]+)", out)[1])
    assert rmse == pytest.approx(1, abs=0.3) and rmse != table(out)["rmse"][0]
    assert fit(*call, "--seed", "1") == 0
    assert f"rmse {rmse:g}" not in capsys.readouterr().out
    assert fit(*call, "--no-standardize", "--lr", "1e-4") == 0


def test_a_share_of_values_beyond_float32_is_refused(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "".join(f"{n}e39,{n * n}\n" for n in range(1, 9)))
    call = (path, "--target", "y", "--validation", "0.25", "--no-standardize")
    assert fit(*call) == 2
    assert "column 'x' must be within float32's range" in capsys.readouterr().err


def test_a_checkpoint_is_taken_up(people, capsys, tmp_path):
    folder = tmp_path / "kept"
    assert fit(people, *WELL[:-1], "3", "--checkpoint", folder) == 0
    assert fit(people, *WELL[:-1], "6", "--checkpoint", folder) == 0
    on = table(capsys.readouterr().out.split("6 epochs")[1])
    assert fit(people, *WELL[:-1], "6") == 0
    assert on == table(capsys.readouterr().out)
    faster = (*WELL[:-3], "0.2", "--epochs", "6")  # another descent is not taken up
    assert fit(people, *faster) == 0
    anew = table(capsys.readouterr().out)
    assert fit(people, *faster, "--checkpoint", folder) == 0
    assert table(capsys.readouterr().out) == anew != on
    people.write_text(PEOPLE.replace("164", "165"))
    assert fit(people, *WELL[:-1], "9", "--checkpoint", folder) == 2
    assert "is of another fit: its data is another" in capsys.readouterr().err


def test_a_checkpoint_of_other_validation_rows_is_refused(people, capsys, tmp_path):
    other = tmp_path / "others.csv"
    other.write_text(PEOPLE.replace("72,164", "80,164"))
    call = (people, *WELL[:-1], "3", "--checkpoint", tmp_path / "kept", "--patience", "2")
    assert fit(*call, "--validation", other) == 0
    assert fit(*call, "--validation", other) == 0
    capsys.readouterr()
    other.write_text(PEOPLE.replace("72,164", "81,165"))
    for changed in (other, "0.2"):
        assert fit(*call, "--validation", changed) == 2
        assert "of another fit: its --validation is another" in capsys.readouterr().err


COLORS = ("red", "blue", "green", "blue", "red", "green", "red", "blue")


@pytest.fixture
def colors(tmp_path):
    """Rows with an index, a name with a comma, blanks around names, and categories."""
    path = tmp_path / "colors.csv"
    rows = (f"{n}, {n * n % 7},{n + 5 * (c == 'red')}, {c}" for n, c in enumerate(COLORS))
    path.write_text("\n".join([',"size, m",y , color', *rows]))
    return path


def exact(out):
    return {name: numbers[1] for name, numbers in table(out).items() if len(numbers) > 1}


def test_categories(colors, capsys):
    call = (colors, "--target", "y", "--epochs", "2", "--features", "size, m,color")
    assert fit(*call, "--categorical", "color") == 0
    out = capsys.readouterr().out
    assert "color: 3 levels, compared with 'blue'" in out and "left out" not in out
    dummies = [[c == "green", c == "red"] for c in COLORS]
    n = np.arange(8)
    design = np.column_stack([np.ones(8), n * n % 7, dummies])
    y = n + 5 * np.array([c == "red" for c in COLORS])
    want = np.linalg.lstsq(design, y.astype(float))[0]
    assert [exact(out)[f"color[T.{c}]"] for c in ("green", "red")] == pytest.approx(
        want[2:], rel=1e-5
    )
    assert "size, m " in out


@pytest.mark.parametrize("features", [["size, m"], ['"size, m"'], [" size, m "]])
def test_names_with_commas_and_blanks(colors, features, capsys):
    options = [text for name in features for text in ("--features", name)]
    assert fit(colors, "--target", "y", "--epochs", "2", *options) == 0
    assert "size, m " in capsys.readouterr().out


def test_an_index_is_left_out_and_told(colors, capsys):
    colors.write_text("\n".join(line.rsplit(",", 1)[0] for line in colors.read_text().split("\n")))
    assert fit(colors, "--target", "y", "--epochs", "2") == 0
    assert "left out: '', an index; name it with --features" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["a,b"], ["a", "b"]),
        (["a, b"], ["a", "b"]),
        (["c, d,a"], ["c, d", "a"]),
        (["c, d", "a"], ["c, d", "a"]),
        (['"c, d",a'], ["c, d", "a"]),
        (["c,d"], ["c", "d"]),
        ([" e"], [" e"]),
        (["a,,b"], ["a", "", "b"]),
    ],
)
def test_columns_that_are_named(texts, names):
    header = ["a", "b", "c, d", " e", "e"]
    assert named(texts, header) == names


def test_the_columns_of_validation_are_those_of_the_fit(tmp_path, capsys):
    rows = [(n, n * n % 11, 2 * n - 3 * (n * n % 11) + n % 3) for n in range(60)]
    kept, other = tmp_path / "kept.csv", tmp_path / "other.csv"
    kept.write_text("a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows))
    other.write_text("y,b,more,a\n" + "".join(f"{y},{b},0,{a}\n" for a, b, y in rows))
    assert fit(kept, "--target", "y", "--lr", "0.1", "--epochs", "50", "--validation", other) == 0
    out = capsys.readouterr().out
    rmse = re.search(r"other.csv: rmse ([\d.e+-]+)", out)[1]
    assert float(rmse) == pytest.approx(table(out)["rmse"][0], rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "or take it as categories with --categorical color"),
        (("--features", "nothing"), "'nothing' must be a column of"),
        (("--features", "color", "--delimiter", ";"), "write --delimiter ,"),
        (("--features", "size, m", "--delimiter", ";;"), "--delimiter must be one ASCII character"),
        (("--features", "size, m", "--epochs", "0"), "--epochs must be at least 1"),
        (("--features", "size, m", "--batch-size", "0"), "--batch-size must be at least 1"),
        (("--features", "size, m", "--lr", "-1"), "--lr must be"),
        (("--schedule", "cosine", "--epochs", "-2"), "--epochs must be at least 1, got -2"),
        (
            ("--features", "size, m", "--patience", "3"),
            "--validation must be given with --patience",
        ),
        (
            ("--features", "size, m", "--categorical", "y"),
            "--categorical must be columns among the",
        ),
        (("--features", "y"), "--features must be different columns"),
    ],
)
def test_errors_speak_of_options(colors, arguments, told, capsys):
    assert fit(colors, "--target", "y", *arguments) == 2
    err = capsys.readouterr().err
    assert told in err
    assert not re.search(r"\w=|\bspool\b|^jaxgrad fit: [a-z_]+: |\b[a-z]+_[a-z]+ must", err)


def test_missing_values_and_full_disks_speak_of_options():
    text = "table: t.csv, line 3, column 'x' must be a number, got a missing value (''); fill"
    text += ' it in, or drop such rows with missing="drop"'
    assert of_options(text).endswith("; fill it in, or drop such rows with --missing drop")
    full = "table: a temporary copy cannot be written to /tmp: No space; name a folder with more"
    assert of_options(f"{full} room as spool").endswith("set TMPDIR to a folder with more room")


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
def test_the_defaults_arrive_on_an_exact_line(line, options, capsys):
    assert fit(line, *ALONE, *options) == 0
    out = capsys.readouterr().out
    assert table(out)["x"][:2] == pytest.approx([3, 3], rel=1e-4)
    assert table(out)["(intercept)"][:2] == pytest.approx([1, 1], rel=1e-4)
    assert "not arrived" not in out


def test_the_defaults_arrive_where_columns_are_alike(tmp_path, capsys):
    """Longley's: the largest curvature is 12,000 times the least."""
    names = ["y", *(f"x{place}" for place in range(1, 7))]
    path = written(tmp_path / "longley.csv", names, nist.LONGLEY)
    assert fit(path, *ALONE, "--json", tmp_path / "out.json") == 0
    assert "not arrived" not in capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text())
    for name, value in found["fitted"]["coefficients"].items():
        error = found["least_squares"]["standard_errors"][name]
        assert abs(value - found["least_squares"]["coefficients"][name]) < 1e-3 * error


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--lr", "0.01"), "Without --lr the fit takes what arrives"),
        (("--optimizer", "adam", "--epochs", "9"), "Without --optimizer, --epochs the fit takes"),
        (("--no-standardize", "--epochs", "50"), "more --epochs: it takes about "),
    ],
)
def test_what_has_not_arrived_says_so(line, options, told, capsys):
    assert fit(line, *ALONE, *options) == 0
    out = capsys.readouterr().out
    (said,) = re.findall(r"^(\S+) is (\S+) away from ([\d.]+), (\S+) of it: the descent", out, re.M)
    off = float(dict(zip(("x", "(intercept)"), (3, 1), strict=True))[said[0]])
    assert float(said[1]) == pytest.approx(abs(table(out)[said[0]][0] - off), rel=1e-2)
    assert float(said[2]) == off and told in out


def test_no_descent_arrives_where_columns_nearly_depend(tmp_path, capsys):
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
        assert "(intercept)" not in out and "not arrived" not in out


def test_the_columns_that_depend_are_named(tmp_path, capsys):
    rows = [[i, i * i, 2 * i + 1, i % 3] for i in range(20)]
    path = written(tmp_path / "rows.csv", ["a", "b", "c", "y"], rows)
    assert fit(path, *ALONE) == 2
    told = "column 'c' must be independent of the others, got to working precision a combination "
    err = capsys.readouterr().err
    assert f"{told}of column 'a'; leave it or one of them out of --features" in err


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("--features", "wieght"), "'wieght'"),
        (("--features", "name"), "name"),
        (("--lr", "1e9", "--optimizer", "sgd"), "learning rates below"),
        (("--epochs", "0"), "jaxgrad fit: --epochs must be at least 1"),
        (("--validation", "0.3", "--patience", "0"), "jaxgrad fit: --patience must be at least 1"),
        (("--patience", "3"), "--patience needs --validation"),
        (("--delimiter", "ab"), "jaxgrad fit: --delimiter must be one"),
        (("--batch-size", "0"), "--batch-size must be at least 1"),
        (("--validation", "0"), "--validation must be a file or a share above 0 and below 1"),
        (("--validation", "0.001"), "--validation must leave rows on both sides"),
        (("--validation", "nothing.csv"), "nothing.csv"),
    ],
)
def test_what_is_refused(people, changed, told, capsys):
    assert fit(people, *WELL, *changed) == 2
    err = capsys.readouterr().err
    assert err.startswith("jaxgrad fit: ") and told in err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--lr", "0", "must be above 0 and finite, got 0"),
        ("--lr", "nan", "must be above 0 and finite, got nan"),
        ("--digits", "18", "must be from 1 to 17, got 18"),
    ],
)
def test_options_out_of_range(people, option, value, told, capsys):
    with pytest.raises(SystemExit):
        fit(people, *WELL, option, value)
    assert f"argument {option}: {told}" in capsys.readouterr().err


def test_missing_values_are_told_with_options(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n1,2\n,3\n3,4\n5,6\n")
    assert fit(path, *ALONE) == 2
    assert "or drop such rows with --missing drop" in capsys.readouterr().err


@pytest.mark.nightly
def test_two_processes_of_a_launcher(tmp_path):
    """The same command in each; what differs is the environment that the launcher makes."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(4000, 2))
    y = x @ [1.0, -2.0] + 3 + 0.1 * draw.normal(size=4000)
    path = tmp_path / "rows.csv"
    rows = "\n".join(f"{a},{b},{c}" for (a, b), c in zip(x, y, strict=True))
    path.write_text("a,b,y\n" + rows)
    code = "import sys; from jaxgrad.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "fit", path, "--target", "y"]
    command += ["--epochs", "20", "--batch-size", "64", "--validation", path, "--distributed"]
    launched = {"SLURM_JOB_ID": str(40000 + os.getpid() % 20000), "SLURM_NTASKS": "2"}
    launched |= {"SLURM_STEP_NODELIST": "localhost", "SLURM_STEP_NUM_TASKS": "2"}
    processes = [
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **launched, "SLURM_PROCID": str(n), "SLURM_LOCALID": str(n)},
        )
        for n in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    found = table(outputs[0])
    assert found["a"][:2] == pytest.approx([1, 1], abs=0.01)
    assert found["b"][:2] == pytest.approx([-2, -2], abs=0.01)
    rmse = found["rmse"][0]  # of all rows, though each process has half of them
    assert f"rows.csv: rmse {rmse:.6g}" in outputs[0]
    assert "least squares" not in outputs[1]
