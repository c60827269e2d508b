import os
import threading

import jax
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxgrad.data import _blocks, _order, _shuffle, batches, merge, moments, table

ROWS = 1000


def columns(rows=ROWS, seed=0):
    random = np.random.default_rng(seed)
    return {
        "a": random.standard_normal(rows),
        "b": random.integers(-100, 100, rows),
        "row": np.arange(rows, dtype=np.float64),
    }


@pytest.fixture
def path(tmp_path):
    """A Parquet file of 20 row groups."""
    pq.write_table(pa.table(columns()), tmp_path / "t.parquet", row_group_size=50)
    return tmp_path / "t.parquet"


@pytest.fixture
def small(monkeypatch):
    """Blocks of 100 rows and windows of 300, so that a small table has several."""
    monkeypatch.setattr(_blocks, "BLOCK_ROWS", 100)
    monkeypatch.setattr(_shuffle, "WINDOW_ROWS", 300)


def all_of(table, size, **options):
    x, y = zip(*batches(table, size, **{"dtype": "float64", **options}), strict=True)
    return np.concatenate(x), np.concatenate(y)


def same(a, b):
    return len(a) == len(b) and all(
        x.tobytes() == u.tobytes() and y.tobytes() == v.tobytes()
        for (x, y), (u, v) in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("size", [1, 7, 300, 999, 1000, 5000])
def test_without_a_key_the_order_is_the_files(path, small, size):
    opened = table(path, target="row")
    sizes = [len(y) for _, y in batches(opened, size)]
    assert all(n == size for n in sizes[:-1]) and sum(sizes) == ROWS
    x, y = all_of(opened, size)
    want = columns()
    np.testing.assert_array_equal(x, np.stack([want["a"], want["b"]], axis=1))
    np.testing.assert_array_equal(y, want["row"])


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_with_a_key_each_row_comes_once_and_with_its_own(path, small, impl):
    opened = table(path, target="row")
    x, y = all_of(opened, 64, key=jax.random.key(0, impl=impl))
    assert sorted(y) == list(range(ROWS)) and list(y) != sorted(y)
    np.testing.assert_array_equal(x[:, 0], columns()["a"][y.astype(int)])
    _, other = all_of(opened, 64, key=jax.random.key(1, impl=impl))
    assert list(other) != list(y)


def test_the_order_does_not_depend_on_the_batches(path, small):
    opened, key = table(path, target="row"), jax.random.key(3)
    orders = [list(all_of(opened, size, key=key)[1]) for size in (1, 64, 5000)]
    assert orders[0] == orders[1] == orders[2]


def test_the_order_is_what_it_was(path, small):
    _, y = all_of(table(path, target="row"), 64, key=jax.random.key(0))
    assert y[:8].astype(int).tolist() == [488, 437, 181, 433, 544, 589, 174, 116]


def test_rows_are_mixed_within_shuffle(path, small):
    _, y = all_of(table(path, target="row"), 64, key=jax.random.key(0))
    blocks = [set(window // 100) for window in np.split(y.astype(int), [300, 600, 900])]
    assert sum(map(len, blocks)) == 10  # no block is in two windows


def test_a_table_of_one_window_is_shuffled_wholly(path):
    positions = [
        all_of(table(path, target="row"), ROWS, key=key)[1].argsort()
        for key in jax.random.split(jax.random.key(0), 200)
    ]
    # The mean position of each row is normal with variance (n² - 1)/12 / 200; over 1000 rows the
    # largest of them stays below 5.3 standard errors but with probability 1e-4.
    error = np.abs(np.mean(positions, axis=0) - (ROWS - 1) / 2)
    assert error.max() < 5.3 * np.sqrt((ROWS**2 - 1) / 12 / 200)


@pytest.mark.parametrize("key", [None, 5])
@pytest.mark.parametrize("size", [33, 100, 300])
def test_start_leaves_out_batches(path, small, key, size):
    opened = table(path, target="row")
    key = None if key is None else jax.random.key(key)
    whole = list(batches(opened, size, key=key))
    for start in range(len(whole) + 2):
        assert same(list(batches(opened, size, key=key, start=start)), whole[start:])


def test_start_reads_no_window_before(path, small, monkeypatch):
    read, seen = _shuffle.read, []
    monkeypatch.setattr(_shuffle, "read", lambda *a: seen.append(a[1].row) or read(*a))
    rest = list(batches(table(path, target="row"), 150, start=5))
    assert len(rest) == 2 and sorted(seen) == [600, 700, 800, 900]


@pytest.mark.parametrize("parts", [2, 3, 8])
@pytest.mark.parametrize("group", [10, 5000])
def test_parts_share_the_rows(tmp_path, parts, group):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns()), path, row_group_size=group)
    opened = [table(path, target="row", part=part, parts=parts) for part in range(parts)]
    rows = [all_of(part, 64, key=jax.random.key(0))[1] for part in opened]
    assert sorted(np.concatenate(rows)) == list(range(ROWS))
    assert max(map(len, rows)) - min(map(len, rows)) <= 2
    whole = table(path, target="row").moments
    merged = merge(*[part.moments for part in opened])
    assert merged.count == whole.count
    np.testing.assert_allclose(merged.comoment, whole.comoment, rtol=1e-12)
    assert len({part.fingerprint for part in opened}) == 1


def test_standardized(path):
    opened = table(path, target="row")
    x, y = all_of(opened, 64, standardize=opened.moments)
    both = np.column_stack([x, y])
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(both.std(axis=0), 1, rtol=1e-12)


def test_standardizing_large_values_in_single_precision(tmp_path):
    values = 1e9 + np.random.default_rng(0).standard_normal((500, 2))
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": values[:, 0], "b": values[:, 1]}), path)
    opened = table(path, target="b")
    x, y = all_of(opened, 64, standardize=opened.moments, dtype="float32")
    wide = values.astype(np.longdouble)
    want = ((wide - wide.mean(axis=0)) / wide.std(axis=0)).astype(float)
    assert x.dtype == y.dtype == np.float32
    np.testing.assert_allclose(np.column_stack([x, y]), want, rtol=1e-6, atol=1e-7)


def test_a_constant_target_is_standardized_to_zeros(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,7\n2,7\n3,7\n4,7\n")
    opened = table(path, target="y")
    _, y = all_of(opened, 2, standardize=opened.moments)
    np.testing.assert_array_equal(y, np.zeros(4))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtypes(path, dtype):
    opened = table(path, target="row")
    x, y = next(batches(opened, 10, key=jax.random.key(0), dtype=dtype))
    assert x.dtype == y.dtype == jax.numpy.dtype(dtype)
    assert x.shape == (10, 2) and x.flags.c_contiguous and x.flags.writeable


def test_batches_are_arrays_of_their_own(path):
    kept = list(batches(table(path, target="row"), 10))
    for one, (x, _) in enumerate(kept):
        x[:] = one
    assert all((x == one).all() for one, (x, _) in enumerate(kept))


def test_an_iterator_that_is_left_ends_its_threads(path, small):
    before = threading.active_count()
    iterator = batches(table(path, target="row"), 10)
    next(iterator)
    iterator.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("change", ["longer", "later", "gone"])
def test_a_changed_file_is_refused(path, small, change):
    opened = table(path, target="row")
    started = batches(opened, 10)
    next(started)
    if change == "longer":
        with path.open("ab") as file:
            file.write(b" ")
        match = r"batches: .*t\.parquet must be as it was opened, got \d+ bytes where there were \d"
    elif change == "later":
        os.utime(path, ns=(1, 1))
        match = r"t\.parquet must be as it was opened, got a later modification time; open it again"
    else:
        path.unlink()
        match = r"t\.parquet must be as it was opened, got No such file"
    with pytest.raises(ValueError, match=match):
        batches(opened, 10)
    with pytest.raises(ValueError, match=match):
        list(started)


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"batch_size": 0}, ValueError, "batches: batch_size must be at least 1, got 0"),
            ({"batch_size": 2.5}, TypeError, "batch_size must be a concrete integer"),
            ({"start": -1}, ValueError, "start must be at least 0, got -1"),
            ({"key": 0}, TypeError, "key must be a typed key, got int 0"),
            ({"dtype": "int32"}, TypeError, "dtype must be a floating point dtype, got int32"),
            ({"dtype": "what"}, TypeError, "dtype must be a floating point dtype, got 'what'"),
            ({"standardize": 3}, TypeError, "the moments must be Moments, got int"),
            (
                {"standardize": moments([[1.0]])},
                ValueError,
                "the moments must be of 3 columns, got of 1",
            ),
            ({"table": "t"}, TypeError, "table must be a Table, got str"),
        ],
    )
    def test_arguments(self, path, options, error, match):
        arguments = {"table": table(path, target="row"), "batch_size": 10, **options}
        with pytest.raises(error, match=match):
            batches(**arguments)

    def test_values_beyond_the_dtype(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("a,y\n1,1e39\n2,1\n3,1\n4,1\n")
        opened = table(path, target="y")
        match = "column 'y' must be within float32's range, got values from 1 to 1e.39; standardi"
        with pytest.raises(ValueError, match=match):
            batches(opened, 2)
        assert next(batches(opened, 2, dtype="float64"))[1][0] == 1e39


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4),
    st.integers(0, 9),
    st.integers(0, 700),
)
def test_the_order_is_a_permutation(seed, stream, size):
    order = _order.permutation(tuple(seed), stream, size)
    assert sorted(order.tolist()) == list(range(size))
    assert order.tolist() == _order.permutation(tuple(seed), stream, size).tolist()


def test_streams_differ():
    orders = {tuple(_order.permutation((0, 1), stream, 50)) for stream in range(20)}
    assert len(orders) == 20


def test_every_permutation_is_as_likely():
    counts = {}
    for stream in range(6000):
        order = tuple(_order.permutation((7, 7), stream, 3))
        counts[order] = counts.get(order, 0) + 1
    # χ² with 5 degrees of freedom is above 25.7 with probability 1e-4.
    assert len(counts) == 6
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 25.7
