"""Which columns are taken, by which names; what separates them; categories; long integers."""

import decimal
import gzip
import json
import os
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from jaxgrad.data import _csv, batches, table


def content(opened):
    x, y = zip(*batches(opened, 64, dtype="float64"), strict=True)
    return np.column_stack([np.concatenate(x), np.concatenate(y)])


def csv(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_text(text, newline="")
    return path


def write(tmp_path, kind, columns, rows=3):
    path = tmp_path / f"t.{kind}"
    data = columns if isinstance(columns, pa.Table) else pa.table(columns)
    if kind == "csv":
        pyarrow.csv.write_csv(data, path)
    elif kind == "parquet":
        pq.write_table(data, path, row_group_size=rows)
    else:
        pyarrow.feather.write_feather(data, path, chunksize=rows, compression="uncompressed")
    return path


BINARY = ["parquet", "feather"]


class TestIndex:
    @pytest.mark.parametrize("kind", BINARY)
    @pytest.mark.parametrize("name", ["__index_level_0__", "when"])
    def test_that_of_pandas_is_no_feature(self, tmp_path, kind, name):
        columns = pa.table({"x": [1.0, 2.0, 5.0], "y": [1.0, 3.0, 2.0], name: [7, 9, 8]})
        about = {"pandas": json.dumps({"index_columns": [name], "columns": []})}
        path = write(tmp_path, kind, columns.replace_schema_metadata(about))
        opened = table(path, target="y")
        assert opened.features == ("x",) and opened.left_out == (name,)
        asked = table(path, features=[name], target="y")
        np.testing.assert_array_equal(content(asked)[:, 0], [7, 9, 8])
        assert asked.left_out == ()

    def test_a_range_is_no_column(self, tmp_path):
        columns = pa.table({"x": [1.0, 2.0, 5.0], "y": [1.0, 3.0, 2.0]})
        index = {"kind": "range", "name": None, "start": 0, "stop": 3, "step": 1}
        about = {"pandas": json.dumps({"index_columns": [index], "columns": []})}
        path = write(tmp_path, "parquet", columns.replace_schema_metadata(about))
        assert table(path, target="y").left_out == ()

    def test_without_a_name(self, tmp_path):
        opened = table(csv(tmp_path, '"",x,y\n7,1,1\n9,2,3\n8,5,2\n'), target="y")
        assert opened.features == ("x",) and opened.left_out == ("",)
        asked = table(tmp_path / "t.csv", features=[""], target="y")
        np.testing.assert_array_equal(content(asked)[:, 0], [7, 9, 8])

    def test_written_twice(self, tmp_path):
        path = csv(tmp_path, ",Unnamed: 0,x,y\n0,0,1,2\n1,1,2,4\n2,2,4,5\n")
        opened = table(path, target="y")
        assert opened.features == ("x",) and opened.left_out == ("", "Unnamed: 0")

    def test_a_delimiter_at_the_end_of_each_line(self, tmp_path):
        opened = table(csv(tmp_path, "x,y,\n1,2,\n2,4,\n4,5,\n"), target="y")
        assert opened.features == ("x",)
        assert table(csv(tmp_path, ",x,y,\n,1,2,\n,2,4,\n,4,5,\n"), target="y").features == ("x",)

    def test_in_one_of_the_files_only(self, tmp_path):
        one = csv(tmp_path, "x,y\n1,2\n2,4\n", "1.csv")
        two = csv(tmp_path, ",x,y\n0,4,5\n1,7,9\n", "2.csv")
        np.testing.assert_array_equal(
            content(table([one, two], target="y")), [[1, 2], [2, 4], [4, 5], [7, 9]]
        )


class TestNames:
    def test_blanks_around_them(self, tmp_path):
        path = csv(tmp_path, "x, z , y\n1, 2, 3\n2, 5, 4\n3, 4, 1\n5,1,2\n")
        opened = table(path, target="y")
        assert (*opened.features, opened.target) == ("x", "z", "y")
        np.testing.assert_array_equal(content(opened)[0], [1, 2, 3])
        assert table(path, features=[" z"], target="y ").features == ("z",)

    def test_blanks_that_tell_two_apart(self, tmp_path):
        path = csv(tmp_path, "x, x,y\n1,2,3\n2,5,4\n3,4,1\n5,1,2\n")
        assert table(path, target="y").features == ("x", " x")
        np.testing.assert_array_equal(
            content(table(path, features=[" x"], target="y"))[:, 0], [2, 5, 4, 1]
        )

    @pytest.mark.parametrize("kind", BINARY)
    def test_blanks_in_a_binary_file(self, tmp_path, kind):
        path = write(tmp_path, kind, {" x": [1.0, 2.0, 4.0], "y": [1.0, 2.0, 3.0]})
        assert table(path, features=["x"], target="y").features == (" x",)

    def test_of_files_that_differ_in_blanks(self, tmp_path):
        one, two = csv(tmp_path, "x, y\n1,2\n2,4\n", "1.csv"), csv(tmp_path, "y,x\n5,4\n", "2.csv")
        np.testing.assert_array_equal(
            content(table([one, two], target="y")), [[1, 2], [2, 4], [4, 5]]
        )


class TestDelimiter:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
    def test_it_is_seen(self, tmp_path, delimiter):
        text = "a,b,y\n1,-2.5,3\n2,,4\n3,5,9\n4,1e3,1\n5,1,1\n".replace(",", delimiter)
        opened = table(csv(tmp_path, text), target="y", missing="drop")
        assert opened.features == ("a", "b") and opened.rows == 4

    @pytest.mark.parametrize("name", ["t.tsv", "t.TXT", "t.tsv.gz"])
    def test_of_other_names(self, tmp_path, name):
        text = "a\tb, c\ty\n1\t2,5\t3\n2\t7,0\t4\n3\t1,5\t1\n"
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        opened = table(path, features=["a"], target="y")
        np.testing.assert_array_equal(content(opened), [[1, 3], [2, 4], [3, 1]])

    def test_a_comma_in_a_name_is_none(self, tmp_path):
        path = csv(tmp_path, "size, m;y\n1.5;2\n2;4\n3;5\n")
        assert table(path, target="y").features == ("size, m",)

    def test_a_wrong_one_is_told(self, tmp_path):
        path = csv(tmp_path, "a;y\n1;2\n2;4\n3;5\n")
        with pytest.raises(ValueError, match=r"got one column 'a;y'; write delimiter=';'"):
            table(path, target="y", delimiter=",")

    def test_a_decimal_comma(self, tmp_path):
        path = csv(tmp_path, "a;y\n1,5;2\n2,5;4\n3,5;5\n")
        with pytest.raises(ValueError, match="got '1,5'; correct it: numbers have a decimal point"):
            table(path, target="y")


class TestHeader:
    def test_none(self, tmp_path):
        with pytest.raises(ValueError, match=r"a header and rows, got 1.5, 2; write one as the fi"):
            table(csv(tmp_path, "1.5,2\n3,4\n5,6\n7,8\n"), target="2")
        with pytest.raises(
            ValueError, match=r"got a first line of numbers \(1, 2\); if the header"
        ):
            table(csv(tmp_path, "1,2\n3,4\n5,7\n7,8\n"), target="y")

    def test_of_years(self, tmp_path):
        opened = table(csv(tmp_path, "2019,2020\n3,4\n5,7\n7,8\n"), target="2020")
        assert opened.features == ("2019",)


class TestFiles:
    @pytest.mark.parametrize("path", ["https://a.org/t.csv", "s3://a/t.parquet", "file:///t.csv"])
    def test_an_address(self, path):
        match = rf"files of this machine, got the address {path}; download it first"
        with pytest.raises(ValueError, match=match):
            table(path, target="y")

    def test_standard_input(self):
        with pytest.raises(ValueError, match="got -, standard input, .*; write it to a file first"):
            table("-", target="y")

    def test_a_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "t.csv")
        with pytest.raises(ValueError, match="t.csv, which can be read only once; write it to a f"):
            table(tmp_path / "t.csv", target="y")


class TestDigits:
    @pytest.mark.parametrize("kind", ["csv", *BINARY])
    @pytest.mark.parametrize("start", [2**53, -(2**53) - 60, 1_580_000_000_000_000_000, 2**62])
    def test_an_integer_that_would_lose_its_last_is_refused(self, tmp_path, kind, start):
        values = [start + n for n in range(50)]
        path = write(tmp_path, kind, {"x": values, "y": np.arange(50.0)})
        first = next(row for row, value in enumerate(values) if int(float(value)) != value)
        place = f"line {first + 2}" if kind == "csv" else f"row {first + 1}"
        match = rf"{place}, column 'x' must be an integer that float64 holds exactly, got "
        with pytest.raises(ValueError, match=rf"{match}{values[first]}; subtract a constant"):
            table(path, target="y")

    @pytest.mark.parametrize("kind", ["csv", *BINARY])
    def test_one_that_is_exact_is_taken(self, tmp_path, kind):
        values = [2**60, 2**61, -(2**59), 2**53, 2**53 + 2]
        path = write(tmp_path, kind, {"x": values, "y": np.arange(5.0)})
        np.testing.assert_array_equal(content(table(path, target="y"))[:, 0], values)

    @pytest.mark.parametrize("kind", BINARY)
    @pytest.mark.parametrize(
        ("kind_of_number", "value"),
        [
            (pa.uint64(), 2**64 - 1),
            (pa.int64(), -(2**63) + 1),
            (pa.decimal128(20, 0), 2**53 + 1),
            (pa.dictionary(pa.int8(), pa.int64()), 2**53 + 1),
        ],
        ids=str,
    )
    def test_kinds_of_integers(self, tmp_path, kind, kind_of_number, value):
        wide = decimal.Decimal if pa.types.is_decimal(kind_of_number) else int
        values = [wide(1), None, wide(3), wide(4), wide(value), wide(6), wide(7)]
        path = write(tmp_path, kind, {"x": pa.array(values, kind_of_number), "y": np.arange(7.0)})
        match = f"row 5, column 'x' must be an integer that float64 holds exactly, got {value}; "
        with pytest.raises(ValueError, match=match):
            table(path, target="y", missing="drop")
        with pytest.raises(ValueError, match=match):
            table(path, target="y", missing="drop", part=0, parts=1)

    def test_floats_are_as_exact_as_they_are(self, tmp_path):
        path = csv(
            tmp_path, "x,y\n1e100,1\n12345678901234567.5,2\n1.5e17,3\n90071992547409930e0,4\n"
        )
        assert table(path, features=["y"], target="x").rows == 4

    @pytest.mark.nightly
    def test_far_down(self, tmp_path):
        rows = [f"{row},{row % 7}" for row in range(200_000)] + ["9007199254740993,1", "1,1"]
        path = csv(tmp_path, "\n".join(["x,y", *rows]))
        with pytest.raises(ValueError, match="line 200002, column 'x' must be an integer that"):
            table(path, target="y")


class TestKindsThatShowLate:
    @pytest.mark.parametrize("before", ["", "1", "0", "NA"])
    def test_truth_values(self, tmp_path, before, monkeypatch):
        monkeypatch.setattr(_csv, "BLOCK_BYTES", 2**10)
        rows = [f"{before},{row % 7}" for row in range(1000)]
        late = [f"{'true' if row % 3 else 'false'},{row % 5}" for row in range(1000)]
        path = csv(tmp_path, "\n".join(["x,y", *rows, *late]))
        opened = table(path, target="y", missing="drop")
        want = [float(row % 3 > 0) for row in range(1000)]
        assert opened.rows == (2000 if before in "01" and before else 1000)
        np.testing.assert_array_equal(content(opened)[-1000:, 0], want)

    def test_blanks_around_them(self, tmp_path):
        text = "x,z,y\n true , NA,1\nfalse,\t3,2\n true,-4 ,NA \n 1 , +5e0,3\nfalse,6,4\n1,7,5\n"
        opened = table(csv(tmp_path, text), target="y", missing="drop")
        np.testing.assert_array_equal(content(opened), [[0, 3, 2], [1, 5, 3], [0, 6, 4], [1, 7, 5]])
        with pytest.raises(ValueError, match=r"line 2, column 'z' .* missing value \(' NA'\)"):
            table(tmp_path / "t.csv", target="y")

    def test_two_columns_one_after_the_other(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_csv, "BLOCK_BYTES", 2**10)
        rows = [f"1,1,{row % 7}" for row in range(1000)]
        rows += [f"true,0,{row % 7}" for row in range(1000)]
        rows += [f"false,false,{row % 7}" for row in range(1000)]
        opened = table(csv(tmp_path, "\n".join(["a,b,y", *rows])), target="y")
        np.testing.assert_allclose(opened.moments.mean[:2] * 3, [2, 1], rtol=1e-12)

    def test_a_fault_after_them(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_csv, "BLOCK_BYTES", 2**10)
        rows = [f",{row % 7}" for row in range(1000)] + ["true,1"] * 1000 + ["5,1"]
        path = csv(tmp_path, "\n".join(["x,y", *rows]))
        with pytest.raises(
            ValueError, match="line 2002, column 'x' must be a truth value, got '5'"
        ):
            table(path, target="y", missing="drop")


@pytest.mark.parametrize("word", ["", ".", "-", "--", "?", "NA", "<NA>", "None", "null", "NaN"])
def test_words_for_a_missing_value(tmp_path, word):
    path = csv(
        tmp_path, f"x,c,y\n1,a,2\n{word},a,3\n3,{word},4\n4,b, {word}\n5,a,7\n6,b,9\n8,b,1\n"
    )
    opened = table(path, target="y", missing="drop", categorical=["c"])
    assert opened.dropped == 3
    np.testing.assert_array_equal(content(opened), [[1, 0, 2], [5, 0, 7], [6, 1, 9], [8, 1, 1]])
    match = f"line 3, column 'x' must be a number, got a missing value ('{word}'); fill it in"
    with pytest.raises(ValueError, match=re.escape(match)):
        table(path, features=["x"], target="y")


COLORS = ["red", "blue", "red", "green", "blue", "green", "red"]
SIZES = [1.0, 2.0, 4.0, 3.0, 7.0, 5.0, 6.0]


class TestCategorical:
    @pytest.mark.parametrize("kind", ["csv", *BINARY])
    @pytest.mark.parametrize("coded", [False, True])
    def test_treatment_coding(self, tmp_path, kind, coded):
        colors = pa.array(COLORS).dictionary_encode() if coded else COLORS
        columns = {"size": SIZES, "color": colors, "y": np.arange(7.0)}
        opened = table(write(tmp_path, kind, columns), target="y", categorical=["color"])
        assert opened.features == ("size", "color[T.green]", "color[T.red]")
        assert opened.levels == {"color": ("blue", "green", "red")}
        assert opened.columns == ("size", "color", "y")
        want = [
            [s, c == "green", c == "red", n]
            for n, (s, c) in enumerate(zip(SIZES, COLORS, strict=True))
        ]
        np.testing.assert_array_equal(content(opened), want)

    @pytest.mark.parametrize("kind", ["csv", *BINARY])
    def test_levels_that_are_numbers_are_in_their_order(self, tmp_path, kind):
        columns = {"month": [10, 9, 1, 10, 9, 1], "y": np.arange(6.0)}
        opened = table(write(tmp_path, kind, columns), target="y", categorical=["month"])
        assert opened.levels == {"month": ("1", "9", "10")}
        np.testing.assert_array_equal(content(opened)[:, 0], [0, 1, 0, 0, 1, 0])

    @pytest.mark.parametrize("kind", ["csv", *BINARY])
    def test_levels_of_another_table(self, tmp_path, kind):
        path = write(tmp_path, kind, {"c": ["b", "a", "b", None], "y": [1.0, 2.0, 3.0, 4.0]})
        given = {"c": ("a", "b", "z")}
        columns = {"target": "y", "missing": "drop", "part": 0, "parts": 2}  # unchecked
        assert table(path, categorical=given, **columns).features == ("c[T.b]", "c[T.z]")
        place = "line 2" if kind == "csv" else "row 1"
        with pytest.raises(ValueError, match=f"{place}, column 'c' must be one of 'a', got 'b'"):
            table(path, categorical={"c": ("a",)}, **columns)

    @pytest.mark.parametrize("kind", ["csv", *BINARY])
    def test_a_missing_level(self, tmp_path, kind):
        columns = {"c": ["b", "a", None, "b", "a", "b"], "y": np.arange(6.0)}
        path = write(tmp_path, kind, columns)
        place = "line 4" if kind == "csv" else "row 3"
        with pytest.raises(
            ValueError, match=f"{place}, column 'c' must be one of its levels, got a mis"
        ):
            table(path, target="y", categorical=["c"])
        opened = table(path, target="y", categorical=["c"], missing="drop")
        assert (opened.rows, opened.dropped) == (5, 1)

    def test_parts_have_the_same_levels(self, tmp_path):
        path = write(tmp_path, "csv", {"size": SIZES, "color": COLORS, "y": np.arange(7.0)})
        parts = [
            table(path, target="y", categorical=["color"], part=part, parts=7) for part in range(7)
        ]
        assert len({part.features for part in parts}) == 1 and sum(p.rows for p in parts) == 7

    @pytest.mark.parametrize(
        ("categorical", "error", "match"),
        [
            ("c", TypeError, "categorical must be a list of names, or names and their levels"),
            (["y"], ValueError, "categorical must be columns among the features, got 'y', the tar"),
            (["d"], ValueError, "categorical must be columns among the features, got 'd'"),
            (["one"], ValueError, "'one' must be of two levels or more, got 'a'; leave it out"),
            (["x"], None, ""),
        ],
    )
    def test_what_is_refused(self, tmp_path, categorical, error, match):
        path = csv(tmp_path, "x,c,one,y\n1,u,a,1\n2,v,a,2\n1,u,a,4\n2,v,a,5\n")
        options = {"target": "y", "categorical": categorical}
        if error is None:
            assert table(path, features=["x"], **options).features == ("x[T.2]",)
            return
        with pytest.raises(error, match=match):
            table(path, features=["c", "one", "x"], **options)

    def test_too_many_levels(self, tmp_path):
        rows = "\n".join(f"name{row},{row}" for row in range(1001))
        path = csv(tmp_path, "c,y\n" + rows)
        with pytest.raises(ValueError, match="column 'c' must be of at most 1000 levels, got more"):
            table(path, target="y", categorical=["c"])

    def test_text_says_what_to_write(self, tmp_path):
        path = csv(tmp_path, "c,y\nred,1\nblue,2\n")
        with pytest.raises(ValueError, match=r"got 'red'; .*, or write categorical=\['c'\]"):
            table(path, target="y")
        with pytest.raises(ValueError, match="got 'red'; correct it: the target is a column of nu"):
            table(path, target="c")
        path = write(tmp_path, "parquet", {"c": ["a", "b"], "y": [1.0, 2.0]})
        with pytest.raises(ValueError, match=r"got string; .* or write categorical=\['c'\]"):
            table(path, target="y")
        with pytest.raises(ValueError, match=r"got string; choose another target or convert it"):
            table(path, target="c")
