"""`jaxgrad fit` as it is typed, alone and among several processes."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy as safetensors
from fit_command import PEOPLE, fit, table

from jaxgrad.cli.wording import of_options
from jaxgrad.fit._table_options import split_names

SLOPE, INTERCEPT = 0.28724923, 25.72345571


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
    assert "(intercept) is" in out and "the descent has not converged; more --epochs" in out


def test_few_rows_are_steps_enough(tmp_path, capsys):
    path, rng = tmp_path / "rows.csv", np.random.default_rng(0)
    x = rng.uniform(100, 200, 300)
    y = 0.2 * x + 40 + rng.normal(size=300)
    path.write_text("height,weight\n" + "".join(f"{b},{a}\n" for a, b in zip(x, y, strict=True)))
    assert fit(path, "--target", "height") == 0
    out = capsys.readouterr().out
    fitted, exact, error = table(out)["weight"]
    assert abs(fitted - exact) < 2 * error and "has not converged" not in out


def test_validation_and_patience(people, capsys, tmp_path):
    other = tmp_path / "others.csv"
    other.write_text(PEOPLE.replace("72,164", "80,164"))
    assert fit(people, *WELL, "--validation", other, "--patience", "5", "--batch-size", "4") == 0
    out = capsys.readouterr().out
    assert "others.csv: rmse" in out and ", in epoch " in out


@pytest.mark.nightly
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
    assert split_names(texts, header) == names


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


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("--features", "wieght"), "'wieght'"),
        (("--features", "name"), "name"),
        (("--lr", "1e9", "--optimizer", "sgd"), "learning rates below"),
        (("--epochs", "0"), "jaxgrad fit: --epochs must be at least 1"),
        (("--validation", "0.3", "--patience", "0"), "jaxgrad fit: --patience must be at least 1"),
        (("--patience", "3"), "--validation must be given with --patience"),
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
    assert fit(path, "--target", "y") == 2
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
