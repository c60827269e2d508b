"""A fit that the tests kill: `killed_fit.py CHECKPOINTS RESULT [PROCESS PROCESSES PORT]`."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding, PartitionSpec

from jaxgrad.fit import fit_epochs, linear
from jaxgrad.functional import mse_loss

BATCHES, ROWS, COLUMNS, EPOCHS = 12, 8, 4, 3


def loss_fn(params, batch):
    return mse_loss(linear(params, batch[0]), batch[1])


def source(epoch, start):
    """Batches that depend on the epoch and their number; each process has its own rows of them."""
    dtype = jnp.zeros(()).dtype
    here = ROWS // jax.process_count()
    rows = slice(jax.process_index() * here, (jax.process_index() + 1) * here)
    for number in range(start, BATCHES):
        draw = np.random.default_rng([epoch, number])
        x = draw.normal(size=(ROWS, COLUMNS))
        y = x.sum(axis=1) + draw.normal(size=ROWS)
        yield x[rows].astype(dtype), y[rows].astype(dtype)


def main(checkpoints, result, process="0", processes="1", port=""):
    if processes != "1":
        jax.distributed.initialize(f"localhost:{port}", int(processes), int(process))
    mesh = jax.make_mesh((jax.device_count(),), ("data",))
    print("ready", flush=True)
    fitted = fit_epochs(
        *(loss_fn, {"weight": jnp.zeros(COLUMNS), "bias": jnp.zeros(())}, optax.adam(0.05)),
        *(source,),
        epochs=EPOCHS,
        validation=lambda epoch, start: source(99, BATCHES - 2),
        sharding=NamedSharding(mesh, PartitionSpec("data")) if processes != "1" else None,
        checkpoint=checkpoints or None,
        checkpoint_every=3,
    )
    leaves = jax.tree.leaves((fitted.params, fitted.opt_state))
    arrays = [np.asarray(leaf.addressable_data(0)) for leaf in leaves]
    if process == "0":
        np.savez(result, *arrays, losses=fitted.losses, validation=fitted.validation)


if __name__ == "__main__":
    main(*sys.argv[1:])
