import dataclasses
import decimal
import gc
import gzip
import os
import subprocess
import sys

import jax
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from data.make_table import BIAS, coefficients, make

from jaxgrad.data import _blocks, _parquet, batches, check, merge, moments, table

KINDS = ["csv", "csv.gz", "parquet", "arrow", "feather"]


def write(path, columns, rows=40):
    """Writes columns as what the path's name says, in pieces of `rows` rows."""
    data = pa.table(columns)
    if path.name.endswith(".csv"):
        pyarrow.csv.write_csv(data, path)
    elif path.name.endswith(".csv.gz"):
        with gzip.open(path, "wb") as file:
            pyarrow.csv.write_csv(data, file)
    elif path.name.endswith(".parquet"):
        pq.write_table(data, path, row_group_size=rows)
    elif path.name.endswith(".feather"):
        pyarrow.feather.write_feather(data, path, compression="lz4", chunksize=rows)
    else:
        with pa.ipc.new_file(str(path), data.schema) as file:
            file.write_table(data, max_chunksize=rows)
    return path


def numbers(rows=500):
    random = np.random.default_rng(0)
    return {
        "height": random.standard_normal(rows),
        "age": random.integers(0, 90, rows),
        "weight": random.standard_normal(rows).round(3),
    }


def content(opened):
    x, y = zip(*batches(opened, 64, dtype="float64"), strict=True)
    return np.column_stack([np.concatenate(x), np.concatenate(y)])


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_every_format_gives_the_same(tmp_path, kind):
    columns = numbers()
    opened = table(write(tmp_path / f"t.{kind}", columns), target="weight")
    want = np.column_stack(list(columns.values()))
    assert opened.features == ("height", "age") and opened.rows == 500 and opened.dropped == 0
    np.testing.assert_array_equal(content(opened), want)
    np.testing.assert_allclose(opened.moments.mean, want.mean(axis=0), rtol=1e-12)
    comoment = np.cov(want.T, bias=True) * 500
    np.testing.assert_allclose(opened.moments.comoment, comoment, rtol=1e-10, atol=1e-9)
    np.testing.assert_array_equal(opened.moments.low, want.min(axis=0))
    np.testing.assert_array_equal(opened.moments.high, want.max(axis=0))


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_of_any_size_give_the_same(tmp_path, kind, monkeypatch, rows):
    monkeypatch.setattr(_blocks, "BLOCK_ROWS", rows)
    columns = numbers()
    opened = table(write(tmp_path / f"t.{kind}", columns), target="weight")
    np.testing.assert_array_equal(content(opened), np.column_stack(list(columns.values())))


def test_several_files_follow_each_other(tmp_path, kind):
    columns = numbers()
    whole = pa.table(columns)
    paths = [
        write(tmp_path / f"{start}.{kind}", whole.slice(start, 100)) for start in range(0, 500, 100)
    ]
    opened = table(paths, target="weight")
    np.testing.assert_array_equal(content(opened), np.column_stack(list(columns.values())))


def test_columns_are_chosen_by_name(tmp_path, kind):
    path = write(tmp_path / f"t.{kind}", {**numbers(), "name": ["é"] * 500})
    opened = table(str(path), features=["age"], target="height")
    assert opened.features == ("age",)
    columns = numbers()
    np.testing.assert_array_equal(
        content(opened), np.column_stack([columns["age"], columns["height"]])
    )


def test_a_name_may_have_a_dot(tmp_path, kind):
    columns = {"a.b": [1.0, 2.0, 3.0], "a": [1.0, 5.0, 3.0], "y": [1.0, 2.0, 4.0]}
    opened = table(write(tmp_path / f"t.{kind}", columns), features=["a.b"], target="y")
    np.testing.assert_array_equal(content(opened)[:, 0], [1, 2, 3])


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather"])
@pytest.mark.parametrize(
    "kind_of_number",
    [pa.int8(), pa.uint16(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()]
    + [pa.decimal128(9, 2), pa.dictionary(pa.int8(), pa.int32())],
    ids=str,
)
def test_kinds_of_numbers(tmp_path, kind, kind_of_number):
    values = [decimal.Decimal(value) for value in (3, 1, 4, 1, 5)]
    if not pa.types.is_decimal(kind_of_number):
        values = list(map(int, values))
    if pa.types.is_floating(kind_of_number):
        values = list(map(np.float16, values))
    column = pa.array(values, kind_of_number)
    path = write(tmp_path / f"t.{kind}", {"a": column, "y": pa.array([1.0, 2.0, 3.0, 4.0, 5.0])}, 2)
    np.testing.assert_array_equal(content(table(path, target="y"))[:, 0], [3, 1, 4, 1, 5])


def test_truth_values_are_numbers(tmp_path, kind):
    path = write(tmp_path / f"t.{kind}", {"a": [True, False, True, True], "y": [1.5, 2, 3, 4]})
    np.testing.assert_array_equal(content(table(path, target="y"))[:, 0], [1, 0, 1, 1])


def test_rows_with_missing_values_are_dropped(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK_ROWS", 100)
    columns = {name: list(values) for name, values in numbers().items()}
    for row in range(0, 500, 7):
        columns["age"][row] = None
    columns["weight"][3] = float("nan")
    columns["height"][120:240] = [None] * 120  # a whole block
    path = write(tmp_path / f"t.{kind}", {**columns, "other": [None] * 500})
    opened = table(path, features=["height", "age"], target="weight", missing="drop")
    bad = set(range(0, 500, 7)) | {3} | set(range(120, 240))
    want = np.column_stack(list(numbers().values()))[[r for r in range(500) if r not in bad]]
    assert opened.dropped == len(bad) and opened.rows == len(want) == opened.moments.count
    np.testing.assert_array_equal(content(opened), want)
    y = np.concatenate([y for _, y in batches(opened, 9, key=jax.random.key(0), dtype=float)])
    np.testing.assert_array_equal(np.sort(y), np.sort(want[:, -1]))


@pytest.mark.parametrize("parts", [2, 3])
def test_parts_of_every_format(tmp_path, kind, parts):
    path = write(tmp_path / f"t.{kind}", numbers())
    opened = [table(path, target="weight", part=part, parts=parts) for part in range(parts)]
    rows = np.concatenate([content(part) for part in opened])
    want = np.column_stack(list(numbers().values()))
    np.testing.assert_array_equal(rows[rows[:, 0].argsort()], want[want[:, 0].argsort()])
    sizes = [part.rows for part in opened]
    assert max(sizes) - min(sizes) <= 13
    check(opened[0], merge(*[part.moments for part in opened]))


def test_large_row_groups_are_converted(tmp_path, monkeypatch):
    path = write(tmp_path / "t.parquet", numbers(), 500)
    monkeypatch.setattr(_parquet, "GROUP_BYTES", 1000)
    opened = table(path, target="weight", spool=tmp_path)
    assert [storage.format for storage in opened.storages] == ["raw"]
    np.testing.assert_array_equal(content(opened), np.column_stack(list(numbers().values())))


def test_the_converted_file_is_single_where_that_is_exact(tmp_path, monkeypatch):
    monkeypatch.setattr(_parquet, "GROUP_BYTES", 10)
    columns = {"a": np.arange(40, dtype=np.float32), "y": np.arange(40, dtype=np.int16)}
    opened = table(write(tmp_path / "t.parquet", columns), target="y")
    assert opened.storages[0].dtype == "float32"
    np.testing.assert_array_equal(content(opened)[:, 1], np.arange(40))


def test_large_values_keep_their_digits(tmp_path, kind):
    wide = np.random.default_rng(0).standard_normal((500, 2)) + 1e9
    opened = table(write(tmp_path / f"t.{kind}", {"a": wide[:, 0], "y": wide[:, 1]}), target="y")
    exact = np.cov((wide - 1e9).T, bias=True) * 500
    np.testing.assert_allclose(opened.moments.comoment, exact, rtol=1e-11)


class TestCsv:
    def test_fields_in_quotes_may_have_lines(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text('"a","no\nte",y\n1,"x\n\n""y"",",2\n"3",,4\n5,"\r\n",6.5e0\n')
        np.testing.assert_array_equal(
            content(table(path, features=["a"], target="y")), [[1, 2], [3, 4], [5, 6.5]]
        )

    def test_delimiters_marks_and_blank_lines(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_bytes(b"\xef\xbb\xbfa;y\r\n\r\n1; 2\r\n3;4\r\n\r\n-5;+6\r\n")
        opened = table(path, target="y", delimiter=";")
        np.testing.assert_array_equal(content(opened), [[1, 2], [3, 4], [-5, 6]])

    def test_other_columns_may_be_anything(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_bytes(b"a,name,y\n1,M\xfcller,2\n3,,4\n5,inf,7\n")
        opened = table(path, features=["a"], target="y")
        np.testing.assert_array_equal(content(opened), [[1, 2], [3, 4], [5, 7]])


class TestSpool:
    def test_it_is_removed_with_the_table(self, tmp_path):
        path = write(tmp_path / "t.csv", numbers())
        (tmp_path / "spool").mkdir()
        opened = table(path, target="weight", spool=tmp_path / "spool")
        assert [f.name for f in (tmp_path / "spool").rglob("*.raw")] == ["0.raw"]
        iterator = batches(opened, 10)
        next(iterator)
        del opened
        gc.collect()
        assert len(list(iterator)) == 49
        del iterator
        gc.collect()
        assert not list((tmp_path / "spool").iterdir())

    def test_it_is_removed_where_opening_fails(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("a,y\n1,2\n3,x\n")
        (tmp_path / "spool").mkdir()
        with pytest.raises(ValueError, match="line 3"):
            table(path, target="y", spool=tmp_path / "spool")
        gc.collect()
        assert not list((tmp_path / "spool").iterdir())

    def test_it_is_removed_as_the_process_ends(self, tmp_path):
        path = write(tmp_path / "t.csv", numbers())
        (tmp_path / "spool").mkdir()
        code = (
            "import pathlib, sys; from jaxgrad.data import table; "
            "kept = table(sys.argv[1], target='weight', spool=sys.argv[2]); "
            "print(len(list(pathlib.Path(sys.argv[2]).iterdir())))"
        )
        command = [sys.executable, "-c", code, str(path), str(tmp_path / "spool")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "1\n" and not list((tmp_path / "spool").iterdir())

    def test_nothing_is_converted_without_need(self, tmp_path):
        path = write(tmp_path / "t.parquet", numbers())
        (tmp_path / "spool").mkdir()
        opened = table(path, target="weight", spool=tmp_path / "spool")
        assert opened.rows == 500 and not list((tmp_path / "spool").iterdir())


class TestFingerprint:
    def test_it_is_the_same_of_the_same(self, tmp_path, kind):
        path = write(tmp_path / f"t.{kind}", numbers())
        assert len({table(path, target="weight").fingerprint for _ in range(2)}) == 1

    def test_it_changes_with_each_fact(self, tmp_path):
        path = write(tmp_path / "t.csv", numbers())
        prints = [
            table(path, target="weight").fingerprint,
            table(path, target="age").fingerprint,
            table(path, features=["age"], target="weight").fingerprint,
            table(path, target="weight", missing="drop").fingerprint,
            table(path, target="weight", parts=2).fingerprint,
        ]
        os.utime(path, ns=(1, 1))
        prints.append(table(path, target="weight").fingerprint)
        with path.open("a") as file:
            file.write("1,2,3\n")
        os.utime(path, ns=(1, 1))
        prints.append(table(path, target="weight").fingerprint)
        assert len(set(prints)) == len(prints)


def test_a_table_is_not_changed(tmp_path):
    opened = table(write(tmp_path / "t.parquet", numbers()), target="weight")
    with pytest.raises(dataclasses.FrozenInstanceError):
        opened.rows = 3


def test_check_takes_the_moments_of_the_columns(tmp_path):
    opened = table(write(tmp_path / "t.parquet", numbers()), target="weight")
    with pytest.raises(ValueError, match="check: the moments must be of 3 columns, got of 1"):
        check(opened, moments([[1.0]]))
    with pytest.raises(TypeError, match="check: table must be a Table, got int"):
        check(3, opened.moments)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow", "t.feather"])
def test_the_generator_makes_what_it_says(tmp_path, name):
    path = tmp_path / name
    assert make(path, rows=20_000, features=3, seed=1) == 20_000
    opened = table(path, target="y")
    comoment = opened.moments.comoment
    weights = np.linalg.solve(comoment[:-1, :-1], comoment[:-1, -1])
    # Four standard errors: 0.1 / √20000 = 0.0007 each.
    np.testing.assert_allclose(weights, coefficients(3), atol=0.003)
    mean = opened.moments.mean
    np.testing.assert_allclose(mean[-1] - mean[:-1] @ weights, BIAS, atol=0.003)
    assert opened.features == ("x1", "x2", "x3")


def test_the_generator_runs_by_hand(tmp_path):
    script = os.path.join(os.path.dirname(__file__), "make_table.py")
    path = tmp_path / "t.parquet"
    command = [sys.executable, script, str(path), "--gigabytes", "0.001", "--features", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "131,072 rows" in done.stderr and path.stat().st_size > 1e6
