"""A line through heights and weights, by gradient descent and exactly.

python examples/linear_fit.py
"""

import jax.numpy as jnp
import optax

from jaxgrad.fit import fit, least_squares, linear
from jaxgrad.functional import mse_loss

HEIGHTS = jnp.arange(58.0, 73.0)
WEIGHTS = jnp.array([115.0, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164])


def loss_fn(params, data):
    """The mean squared error of a line."""
    x, y = data
    return mse_loss(linear(params, x), y)


def main() -> float:
    """Fits the line; returns the error of its slope, against least squares."""
    start = {"weight": jnp.array(0.0), "bias": jnp.array(0.0)}

    # The loss curves by 2 mean(x²) = 37,840. Descent needs a rate below 2 / 37,840, not 0.01.
    try:
        fit(loss_fn, start, optax.sgd(1e-2), (WEIGHTS, HEIGHTS), steps=1000)
    except ValueError as error:
        print(error)

    # With standardised weights the loss curves by 2 in both directions.
    centre, scale = WEIGHTS.mean(), WEIGHTS.std()
    data = ((WEIGHTS - centre) / scale, HEIGHTS)
    result = fit(loss_fn, start, optax.sgd(0.1), data, steps=1000, tol=1e-6)
    slope = result.params["weight"] / scale
    intercept = result.params["bias"] - slope * centre
    print(f"{int(result.steps)} steps, converged: {bool(result.converged)}")
    print(f"descent:       height = {slope:.6f} weight + {intercept:.5f}")

    exact = least_squares(WEIGHTS, HEIGHTS)
    error = mse_loss(linear(exact, WEIGHTS), HEIGHTS)
    slope_exact, intercept = exact["weight"], exact["bias"]
    print(f"least squares: height = {slope_exact:.6f} weight + {intercept:.5f}, mse {error:.4f}")
    return float(abs(slope - slope_exact))


if __name__ == "__main__":
    main()
