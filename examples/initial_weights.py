"""A PyTorch model's weights from its seed, without PyTorch, and the same distributions from a key.

python examples/initial_weights.py
"""

import jax
import jax.numpy as jnp

from jaxgrad import init, random, replay

Params = dict[str, jax.Array]


def classifier(layers: list[Params], x: jax.Array) -> jax.Array:
    """torch.nn.Sequential(Linear(784, 128), ReLU(), Linear(128, 10)) as a function."""
    first, second = layers
    hidden = jax.nn.relu(x @ first["weight"].T + first["bias"])
    return hidden @ second["weight"].T + second["bias"]


def main() -> float:
    """Prints a model's outputs; returns their largest difference from PyTorch 2.13.0's."""
    # torch.manual_seed(0)
    state = replay.manual_seed(0)
    # model = torch.nn.Sequential(torch.nn.Linear(784, 128), ReLU(), torch.nn.Linear(128, 10))
    first, state = replay.linear(state, 784, 128)
    second, state = replay.linear(state, 128, 10)
    # x = torch.rand(2, 784)
    x, state = replay.rand(state, (2, 784))
    logits = classifier([first, second], x)
    print(logits)

    # torch.randperm(6) comes next. PyTorch can go on from the state with torch.set_rng_state.
    order, state = replay.randperm(state, 6)
    print(order, replay.get_state(state).shape)

    # The same distributions from a key, which works under jit and vmap: here five models at once.
    keys = jax.random.split(random.key(0), 5)
    models = jax.vmap(lambda key: init.linear(key, 784, 128))(keys)
    print({name: values.shape for name, values in models.items()})
    return float(jnp.max(jnp.abs(logits[0, :3] - jnp.array(LOGITS))))


LOGITS = [0.23717552, -0.14097416, 0.07038655]
"""The first three, measured with PyTorch."""


if __name__ == "__main__":
    main()
