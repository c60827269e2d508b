"""Random numbers from a key: uniform, bernoulli, multinomial and normal.

python examples/sampling.py
"""

import jax
import jax.numpy as jnp

from jaxgrad import random

WEIGHTS = jnp.array([10.0, 10, 13, 10, 34, 45, 65, 67, 87, 89, 87, 34])


def main() -> float:
    """Draws from each; returns the largest error of a category's share in 100,000 draws."""
    keys = jax.random.split(jax.random.key(0), 7)

    # torch.bernoulli(torch.Tensor(4, 4).uniform_(0, 1))
    print(random.bernoulli(keys[0], random.uniform(keys[1], (4, 4), 0, 1)))

    # torch.multinomial(weights, 3) and torch.multinomial(weights, 5, replacement=True)
    print(random.multinomial(keys[2], WEIGHTS, 3))
    print(random.multinomial(keys[3], WEIGHTS, 5, replacement=True))

    # torch.normal(mean=torch.arange(1., 11), std=torch.arange(1, 0, -0.1))
    print(random.normal(keys[4], jnp.arange(1.0, 11), jnp.arange(1, 0, -0.1)))
    print(random.normal(keys[5], 0.5, jnp.arange(1.0, 6)))

    draws = random.multinomial(keys[6], WEIGHTS, 100_000, replacement=True)
    shares = jnp.bincount(draws, length=12) / draws.size
    for category, (share, weight) in enumerate(zip(shares, WEIGHTS, strict=True)):
        bar = "#" * round(float(share) * 200)
        print(f"{category:2} {share:.4f} of the draws, expected {weight / 551:.4f} {bar}")

    # A negative weight is refused. Its logarithm is NaN, and jax.random.categorical draws that.
    try:
        random.multinomial(jax.random.key(1), jnp.array([1.0, -1.0, 2.0]), 2, replacement=True)
    except ValueError as error:
        print(error)
    return float(jnp.max(jnp.abs(shares - WEIGHTS / 551)))


if __name__ == "__main__":
    main()
