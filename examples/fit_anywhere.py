"""The same fit on one device, on all devices of a host, and on several hosts.

python examples/fit_anywhere.py                        # this host, all its devices
srun -N 4 python examples/fit_anywhere.py rows.parquet # four hosts, one process on each
"""

import os
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxgrad import data, optim, random
from jaxgrad.fit import fit_epochs, linear
from jaxgrad.functional import mse_loss


def loss_fn(params, batch):
    """The mean squared error of a line."""
    x, y = batch
    return mse_loss(linear(params, x), y)


def written(folder: str) -> Path:
    """Writes a table whose rows obey y = a - 2 b + 3."""
    x = np.random.default_rng(0).normal(size=(10_000, 2))
    path = Path(folder, "rows.csv")
    rows = (f"{a},{b},{a - 2 * b + 3}" for a, b in x)
    path.write_text("\n".join(["a,b,y", *rows]))
    return path


def fitted(path: str | Path) -> dict[str, jax.Array]:
    """Fits a table; each process reads its own share of the rows."""
    rows = data.table(path, target="y", part=jax.process_index(), parts=jax.process_count())
    size = 512 // jax.process_count()
    least = int(
        np.min(process_allgather(np.array(rows.rows)))
    )  # every process takes the same number of steps
    batches = data.source(rows, size, key=random.key(0), limit=least // size)
    mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(AxisType.Auto,))
    result = fit_epochs(
        loss_fn,
        {"weight": jnp.zeros(2), "bias": jnp.array(0.0)},
        optim.adam(0.05),
        batches,
        epochs=10,
        sharding=NamedSharding(mesh, PartitionSpec("data")),
    )
    return result.params


def main(path: str | None = None) -> float:
    """Fits and prints; returns the error of the bias."""
    if "SLURM_JOB_ID" in os.environ or "JOB_COMPLETION_INDEX" in os.environ:
        jax.distributed.initialize()  # finds the other hosts in the launcher's variables
    with tempfile.TemporaryDirectory() as folder:
        params = fitted(path or written(folder))
    weight, bias = params["weight"], params["bias"]
    print(f"{jax.device_count()} devices: y = {weight[0]:.3f} a + {weight[1]:.3f} b + {bias:.3f}")
    return float(abs(bias - 3))


if __name__ == "__main__":
    main(*sys.argv[1:])
