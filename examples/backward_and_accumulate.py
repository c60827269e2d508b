"""`.grad` without state: `backward` returns gradients and adds them to those that you pass in.

python examples/backward_and_accumulate.py
"""

import jax
import jax.numpy as jnp

from jaxgrad.autograd import backward


def loss_fn(params, batch):
    """The squared error of a small network, averaged over a batch."""
    x, y = batch
    hidden = jnp.tanh(x @ params["w1"] + jnp.broadcast_to(params["b1"], (x.shape[0], 8)))
    return jnp.mean((hidden @ params["w2"] - y) ** 2)


def main() -> float:
    """Accumulates the gradients of four batches; returns their largest error."""
    key_1, key_2, key_x = jax.random.split(jax.random.key(0), 3)
    params = {
        "w1": jax.random.normal(key_1, (3, 8)),
        "b1": jnp.zeros(8),
        "w2": jax.random.normal(key_2, (8,)),
        "seen": jnp.array(0),  # an integer counter: its gradient is None
    }
    x = jax.random.normal(key_x, (64, 3))
    y = jnp.sin(x).sum(axis=1)

    # for batch in loader: loss_fn(batch).backward()
    grads = None
    for start in range(0, 64, 16):
        batch = x[start : start + 16], y[start : start + 16]
        loss, grads = backward(loss_fn)(params, batch, grads=grads)
        print(f"rows {start:2} to {start + 15}: loss {loss:.4f}")

    # The loss is a mean over 16 rows instead of 64, so the sum of the four is four times too large.
    _, full = backward(loss_fn)(params, (x, y))
    differences = jax.tree.map(lambda a, b: jnp.max(jnp.abs(a / 4 - b)), grads, full)
    largest = float(max(jax.tree.leaves(differences)))
    print(f"gradient of the counter: {full['seen']}")
    print(f"largest difference between accumulated / 4 and the full batch: {largest:.1e}")
    return largest


if __name__ == "__main__":
    main()
