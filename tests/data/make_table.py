"""Makes a table of any size whose coefficients are known: y = x·w + b + noise, wᵢ = i/k, i = 1..k.

    python tests/data/make_table.py big.parquet --gigabytes 10 --features 16 --seed 0

writes x1 to xk, standard normal, and y, in single precision, as .csv, .parquet, .arrow or .feather.
"""

import argparse
import contextlib
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

BIAS, NOISE, GROUP = 0.5, 0.1, 2**17


def coefficients(features):
    return np.arange(1, features + 1) / features


def blocks(rows, features, seed, offset=0.0):
    """Record batches of at most `GROUP` rows; `rows` None goes on for ever."""
    random, done = np.random.default_rng(seed), 0
    names = [*(f"x{i}" for i in range(1, features + 1)), "y"]
    while rows is None or done < rows:
        size = GROUP if rows is None else min(GROUP, rows - done)
        x = random.standard_normal((features, size), np.float32)
        noise = NOISE * random.standard_normal(size, np.float32)
        y = (coefficients(features) @ x + BIAS + noise).astype(np.float32)
        if offset:
            x = x + offset
        yield pa.record_batch([*x, y], names=names)
        done += size


def writer(path, schema):
    if path.suffix == ".csv":
        return pyarrow.csv.CSVWriter(path, schema)
    if path.suffix == ".parquet":
        return pyarrow.parquet.ParquetWriter(path, schema, use_dictionary=False)
    return pa.ipc.new_file(str(path), schema)


def make(path, *, rows=None, gigabytes=None, features=16, seed=0, offset=0.0, progress=None):
    """Writes the table, until it has `rows` rows or its file `gigabytes`; returns the rows."""
    path, done = Path(path), 0
    with contextlib.ExitStack() as stack:
        out = None
        for block in blocks(rows, features, seed, offset):
            out = out or stack.enter_context(writer(path, block.schema))
            out.write_batch(block)
            done += block.num_rows
            size = path.stat().st_size / 1e9
            if progress:
                progress(done, size)
            if gigabytes is not None and size >= gigabytes:
                break
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="ends in .csv, .parquet, .arrow or .feather")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--gigabytes", type=float, help="how large to make the file")
    size.add_argument("--rows", type=int, help="or how many rows")
    parser.add_argument("--features", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--offset", type=float, default=0.0, help="added to every feature")
    options = vars(parser.parse_args())

    def progress(rows, gigabytes):
        print(f"\r{rows:,} rows, {gigabytes:.2f} GB", end="", file=sys.stderr, flush=True)

    make(**options, progress=progress)
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
