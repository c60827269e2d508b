"""A table larger than what its reader may take of the memory."""

import subprocess
import sys

import pytest
from data.make_table import make

PASS = """
import resource, sys
import jax
from jaxgrad.data import batches, table

opened = table(sys.argv[1], target="y")
rows = 0
for x, y in batches(opened, 65_536, key=jax.random.key(0), standardize=opened.moments):
    rows += len(y)
assert rows == opened.rows == int(sys.argv[2])
scale = 1024 if sys.platform == "darwin" else 1  # bytes there, KiB elsewhere
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale / 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource.getrusage")
@pytest.mark.parametrize(("name", "gigabytes"), [("t.parquet", 1.0), ("t.csv", 0.5)])
def test_a_pass_keeps_within_the_memory(tmp_path, name, gigabytes):
    rows = make(tmp_path / name, gigabytes=gigabytes)
    command = [sys.executable, "-c", PASS, str(tmp_path / name), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.0  # GiB
