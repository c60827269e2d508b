"""Every kind of bad data is a `ValueError` that names the file, the row and the column."""

import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from jaxgrad.data import table

GOOD = "a,b,y\n1,5,2\n2,5.5,3\n3,7,4\n4,8,7\n5,9,6\n"


def refused(path, match, error=ValueError, **options):
    with pytest.raises(error, match=match):
        table(path, **{"target": "y", **options})


class TestCsv:
    @pytest.mark.parametrize(
        ("text", "match"),
        [
            (
                "a,b,y\n1,,2\n",
                r"line 2, column 'b' must be a number, got a missing value \(''\); fi",
            ),
            (
                "a,b,y\n1,2,3\n\n1,2,NA\n",
                r"line 4, column 'y' must be a number, got a missing value",
            ),
            (
                "a,b,y\nnan,2,3\n",
                r"line 2, column 'a' must be a number, got a missing value \('nan'",
            ),
            (
                "a,b,y\n1,2,3\n1,tall,3\n",
                "line 3, column 'b' must be a number, got 'tall'; correct",
            ),
            ('a,b,y\n1,2,3\n1,"x\ny",3\n', r"line 3, column 'b' must be a number, got 'x\\ny'"),
            ("a,b,y\n1,2,3\n1,1_0,3\n", "line 3, column 'b' must be a number, got '1_0'"),
            ("a,b,y\n1,2,3\n1,0x1f,3\n", "line 3, column 'b' must be a number, got '0x1f'"),
            ("a,b,y\n1,2024-01-01,3\n", "line 2, column 'b' must be a number, got '2024-01-01'"),
            ("a,b,y\n1,2,3\n1,2,inf\n", "line 3, column 'y' must be finite, got inf; correct"),
            ("a,b,y\n1,2,3\n1,-Inf,3\n", "line 3, column 'b' must be finite, got -Inf"),
            ("a,b,y\n1,2,3\n1,2,1e999\n", "line 3, column 'y' must be finite, got 1e999"),
            ("a,b,y\n1,2,3\n1,2\n", "line 3 must be of 3 fields, as the header is, got 2"),
            ("a,b,y\n1,2,3\n\n1,2,3,4\n", "line 4 must be of 3 fields, as the header is, got 4"),
            ('a,b,y\n1,2,3\n4,"5\n6,7,8\n9,8,7\n', "line 3 must be of 3 fields, .* got 2"),
            ("a,b,y\ntrue,2,3\n2,3,4\n", "line 3, column 'a' must be a truth value, got '2'"),
            ("a,b,y\n2,2,3\ntrue,3,4\n", "line 3, column 'a' must be a number, got 'true'"),
            ("a,b,y\n", r"t\.csv must be of at least 4 rows \(features \+ 2\), got 0"),
            ("a,b,y", r"t\.csv must be of at least 4 rows \(features \+ 2\), got 0"),
            ("", r"t\.csv must be a table, got an empty file"),
            ("\n\n", r"t\.csv must be a header and rows, got blank lines"),
            ("a,a,y\n1,2,3\n", r"t\.csv must be of columns of different names, got 'a' twice"),
            ("y\n1\n", r"t\.csv must be of two columns or more, got columns \['y'\]"),
            (
                "a,b,y\n1,2,3\n2,2,4\n3,2,5\n4,2,6\n",
                "column 'b' must be not constant, got 2 in ever",
            ),
            ("a,b,y\n1,2,3\n2,3,4\n3,2,5\n", r"at least 4 rows \(features \+ 2\), got 3"),
            (
                "a,b,y\n1,2,3\n2,3,4\n3,2,5\n4,1e200,6\n",
                "column 'b' must be below 1e150, got values",
            ),
        ],
    )
    def test_each_fault(self, tmp_path, text, match):
        (tmp_path / "t.csv").write_text(text, newline="")
        refused(tmp_path / "t.csv", match)

    @pytest.mark.nightly
    def test_a_fault_far_down(self, tmp_path):
        lines = [f"{row},{row % 7},{row % 11}" for row in range(300_000)]
        lines[250_000] = '1,2,"three"'
        (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *lines]))
        refused(tmp_path / "t.csv", "line 250002, column 'y' must be a number, got 'three'")

    def test_a_fault_of_the_second_file(self, tmp_path):
        (tmp_path / "1.csv").write_text(GOOD)
        (tmp_path / "2.csv").write_text(GOOD + "1,x,2\n")
        refused([tmp_path / "1.csv", tmp_path / "2.csv"], r"2\.csv, line 7, column 'b'")

    @pytest.mark.parametrize(
        ("text", "match"),
        [
            (
                b"gr\xf6\xdfe,b,y\n1,2,3\n",
                r"UTF-8, got the bytes b'gr\\xf6\\xdfe' in line 1, the hea",
            ),
            (
                b"a,b,y\n1,2,3\n1,\xbd,3\n",
                r"UTF-8, got the bytes b'\\xbd' in line 3, column 'b'; con",
            ),
            (
                "a,b,y\n1,2,3\n".encode("utf-16"),
                r"t\.csv must be UTF-8, got the bytes b'\\xff\\xfe",
            ),
        ],
    )
    def test_bytes_that_are_no_text(self, tmp_path, text, match):
        (tmp_path / "t.csv").write_bytes(text)
        refused(tmp_path / "t.csv", match)

    def test_missing_values_are_found_before_other_faults(self, tmp_path):
        (tmp_path / "t.csv").write_text("a,b,y\n1,2,3\n,2,3\n1,x,3\n")
        refused(tmp_path / "t.csv", "line 3, column 'a'")
        refused(tmp_path / "t.csv", "line 4, column 'b'", missing="drop")

    def test_dropped_rows_are_told_of(self, tmp_path):
        (tmp_path / "t.csv").write_text(GOOD + ",1,2\n" * 9)
        assert table(tmp_path / "t.csv", target="y", missing="drop").dropped == 9
        (tmp_path / "t.csv").write_text("a,b,y\n" + ",1,2\n" * 9)
        refused(tmp_path / "t.csv", r"rows \(features \+ 2\), got 0 \(9 dropped\)", missing="drop")

    def test_a_broken_archive(self, tmp_path):
        (tmp_path / "t.csv.gz").write_bytes(b"\x1f\x8b\x08" + bytes(20))
        refused(tmp_path / "t.csv.gz", r"t\.csv\.gz cannot be read as a CSV file")


def columns(**changes):
    rows = np.arange(100, dtype=float)
    return {"a": rows, "b": rows % 7, "y": rows % 11, **changes}


def with_value(value, kind=None):
    values = list(range(100))
    values[57] = value
    return pa.array(values, kind or pa.float64())


@pytest.fixture(params=["parquet", "arrow", "feather"])
def kind(request):
    return request.param


def write(path, columns):
    data = pa.table(columns) if isinstance(columns, dict) else columns
    if path.suffix == ".parquet":
        pq.write_table(data, path, row_group_size=20)
    else:
        pyarrow.feather.write_feather(data, path, chunksize=20, compression="uncompressed")
    return path


class TestBinary:
    @pytest.mark.parametrize(
        ("changes", "match"),
        [
            (
                {"b": with_value(None)},
                "row 58, column 'b' must be a number, got a missing value; f",
            ),
            ({"b": with_value(float("nan"))}, "row 58, column 'b' must be a number, got a missing"),
            ({"y": with_value(None, pa.int32())}, "row 58, column 'y' must be a number, got a mis"),
            (
                {"y": with_value(float("inf"))},
                "row 58, column 'y' must be finite, got inf; correct",
            ),
            ({"a": pa.nulls(100)}, "row 1, column 'a' must be a number, got a missing value"),
            (
                {"a": np.full(100, 3.5)},
                "column 'a' must be not constant, got 3.5 in every row; lea",
            ),
            ({"a": ["x"] * 100}, "column 'a' must be of numbers, got string; leave it out"),
            ({"a": np.arange(100).astype("M8[s]")}, r"'a' must be of numbers, got timestamp"),
            ({"a": [[1.0]] * 100}, "'a' must be of numbers, got list<"),
        ],
    )
    def test_each_fault(self, tmp_path, kind, changes, match):
        path = write(tmp_path / f"t.{kind}", columns(**changes))
        refused(path, rf"table: .*t\.{kind}.*{match}")

    def test_in_a_converted_file_the_row_is_told_too(self, tmp_path, monkeypatch):
        monkeypatch.setattr("jaxgrad.data._parquet.GROUP_BYTES", 10)
        path = write(tmp_path / "t.parquet", columns(b=with_value(None)))
        refused(path, "row 58, column 'b' must be a number, got a missing value")

    def test_too_few_rows(self, tmp_path, kind):
        few = pa.table(columns()).slice(0, 3)
        refused(write(tmp_path / f"t.{kind}", few), r"at least 4 rows \(features \+ 2\), got 3")
        none = pa.table(columns()).slice(0, 0)
        refused(write(tmp_path / f"t.{kind}", none), r"at least 4 rows \(features \+ 2\), got 0")

    def test_columns_of_one_name(self, tmp_path):
        twice = pa.table([pa.array([1.0, 2.0])] * 3, names=["a", "a", "y"])
        with pa.ipc.new_file(str(tmp_path / "t.arrow"), twice.schema) as file:
            file.write_table(twice)
        refused(
            tmp_path / "t.arrow", r"t\.arrow must be of columns of different names, got 'a' twi"
        )

    @pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
    def test_a_truncated_file(self, tmp_path, kind, keep):
        path = write(tmp_path / f"t.{kind}", columns())
        os.truncate(path, int(path.stat().st_size * keep))
        refused(path, rf"t\.{kind} cannot be read as an? .* file; is it complete\?")

    def test_a_broken_page(self, tmp_path):
        path = write(tmp_path / "t.parquet", columns())
        text = bytearray(path.read_bytes())
        text[4:400] = bytes(396)
        path.write_bytes(text)
        refused(path, r"t\.parquet cannot be read as a Parquet file; is it complete\?")

    def test_a_file_of_another_kind(self, tmp_path, kind):
        (tmp_path / f"t.{kind}").write_text(GOOD)
        refused(tmp_path / f"t.{kind}", rf"t\.{kind} cannot be read as an? .* file; is it comp")


class TestFiles:
    def test_not_there(self, tmp_path):
        refused(tmp_path / "t.csv", r"files must be readable files, got .*t\.csv: No such file")

    def test_a_folder(self, tmp_path):
        (tmp_path / "t.csv").mkdir()
        refused(tmp_path / "t.csv", r"files must be readable files, got .*t\.csv: Is a directory")

    @pytest.mark.skipif(
        sys.platform == "win32" or os.geteuid() == 0, reason="the superuser reads everything"
    )
    def test_no_permission(self, tmp_path):
        (tmp_path / "t.csv").write_text(GOOD)
        (tmp_path / "t.csv").chmod(0)
        refused(tmp_path / "t.csv", "files must be readable files, got .* Permission denied")

    def test_of_an_unknown_format(self, tmp_path):
        (tmp_path / "t.xlsx").write_text(GOOD)
        refused(tmp_path / "t.xlsx", r"files must be named \.csv, .*\.feather, got .*t\.xlsx")

    def test_of_two_formats(self, tmp_path):
        (tmp_path / "t.csv").write_text(GOOD)
        write(tmp_path / "t.parquet", columns())
        files = [tmp_path / "t.csv", tmp_path / "t.parquet"]
        refused(files, r"files must be of one format, got t\.csv, t\.parquet")

    def test_of_other_columns(self, tmp_path):
        (tmp_path / "1.csv").write_text(GOOD)
        (tmp_path / "2.csv").write_text(GOOD.replace("b", "c"))
        files = [tmp_path / "1.csv", tmp_path / "2.csv"]
        refused(files, r"'b' must be a column of .*2\.csv, got no such name")
        (tmp_path / "2.csv").write_text("a,b,y,more\n1,2,3,4\n")
        refused(files, r"2\.csv must be of the same columns as .*1\.csv, got 'more' in one of them")

    def test_a_spool_that_is_no_folder(self, tmp_path):
        (tmp_path / "t.csv").write_text(GOOD)
        match = "spool must be a folder to write into, got .*nowhere; No such file or directory"
        refused(tmp_path / "t.csv", match, spool=tmp_path / "nowhere")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
    def test_a_full_disk(self, tmp_path, monkeypatch):
        (tmp_path / "t.csv").write_text(GOOD)
        (tmp_path / "spool").mkdir()
        (tmp_path / "spool" / "0.raw").symlink_to("/dev/full")
        monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(tmp_path / "spool"))
        match = "copy of the rows cannot be written to .*spool: No space left on device; name a fol"
        refused(tmp_path / "t.csv", match)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"target": "z"}, ValueError, r"'z' must be a column of .*t\.csv, got no such name; did y"),
        ({"features": ["bb"]}, ValueError, "'bb' must be a column .*; did you mean 'b'?"),
        (
            {"features": ["a", "a"]},
            ValueError,
            "features must be different columns, .* got 'a' twi",
        ),
        ({"features": ["a", "y"]}, ValueError, "none of them the target, got 'y', the target"),
        ({"features": []}, ValueError, "features must be at least one column, got none"),
        (
            {"features": "a"},
            TypeError,
            r"list of names, got 'a'; for one column write \[.name.\]",
        ),
        ({"features": [1]}, TypeError, "features must be names, got 1"),
        ({"target": None}, TypeError, "target must be a column's name, got None"),
        ({"missing": "skip"}, ValueError, "missing must be one of 'error', 'drop', got 'skip'"),
        ({"part": 2, "parts": 2}, ValueError, "part must be below parts = 2, got 2"),
        ({"part": -1}, ValueError, "part must be at least 0, got -1"),
        ({"parts": 0}, ValueError, "parts must be at least 1, got 0"),
        ({"delimiter": ";;"}, ValueError, "delimiter must be one ASCII character, .* got ';;'"),
        ({"delimiter": 3}, ValueError, "delimiter must be one ASCII character"),
        ({"files": 3}, TypeError, "files must be a path or a list of paths, got int"),
        ({"files": []}, ValueError, "files must be at least one path, got none"),
    ],
)
def test_arguments(tmp_path, options, error, match):
    (tmp_path / "t.csv").write_text(GOOD)
    arguments = {"files": tmp_path / "t.csv", "target": "y", **options}
    with pytest.raises(error, match=match):
        table(**arguments)


def test_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text(GOOD)
    for module in ("pyarrow", "pyarrow.csv"):
        monkeypatch.setitem(sys.modules, module, None)
    match = r"jaxgrad\.data needs pyarrow; run: pip install 'jaxgrad\[data\]'"
    with pytest.raises(ModuleNotFoundError, match=match):
        table(tmp_path / "t.csv", target="y")
