"""One small use of each part of jaxgrad that needs no extra; run where none is installed.

Takes the modules that must not be there, as JSON.
"""

import importlib
import importlib.util
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np

import jaxgrad
import jaxgrad.functional as F
from jaxgrad import autograd, data, fit, graph, init, optim, random, replay, schedules

KEY = random.key(0)
START = {"weight": jnp.zeros(3), "bias": jnp.zeros(())}
X = random.normal(KEY, shape=(8, 3))
Y = X @ jnp.array([1.0, -2.0, 0.5]) + 4


def loss(params, batch):
    return F.mse_loss(fit.linear(params, batch[0]), batch[1])


def epochs(**options):
    optimizer = optim.sgd(0.1)
    return fit.fit_epochs(loss, START, optimizer, (X, Y), epochs=2, batch_size=4, **options)


def check_values():
    assert F.relu(jnp.array([-1.0, 2.0])).tolist() == [0, 2]
    assert init.kaiming_uniform(KEY, (4, 3)).shape == (4, 3)
    numbers, _ = replay.rand(replay.manual_seed(0), 2)
    np.testing.assert_allclose(numbers, [0.4962566, 0.7682218], rtol=1e-6)
    assert graph.trace(lambda x: x * x)(X).next_functions[0][0] == "MulBackward0"
    told, _ = jaxgrad.checkify(jax.jit(F.relu))(X)
    assert told.get() is None


def check_descent():
    value, grad = autograd.backward(lambda x: (x**2).sum())(jnp.array([3.0]))
    assert float(value) == 9 and grad.tolist() == [6]
    np.testing.assert_allclose(schedules.step_lr(0.1, 10)(10), 0.01, rtol=1e-6)
    updates, _ = optim.adam(0.1).update(START, optim.adam(0.1).init(START), START)
    assert updates["weight"].shape == (3,)
    assert data.moments(np.asarray(X)).count == 8
    fitted = fit.fit(loss, START, optim.sgd(0.1), (X, Y), steps=500)
    assert abs(float(fitted.params["bias"]) - 4) < 1e-3
    assert epochs(key=KEY).epochs == 2


def check_refusals():
    """What needs an extra names it."""
    calls = {
        "jaxgrad.study needs equinox": ("study", lambda: importlib.import_module("jaxgrad.study")),
        "jaxgrad.data needs pyarrow": ("data", lambda: data.table("people.csv", target="height")),
        "fit_epochs: checkpoint needs orbax": ("checkpoint", lambda: epochs(checkpoint="kept")),
        "fit_epochs: progress needs rich": ("data", lambda: epochs(progress=True)),
    }
    for told, (extra, call) in calls.items():
        try:
            call()
        except ModuleNotFoundError as error:
            text = str(error)
            assert text.startswith(told), text
            assert text.endswith(f"; run: pip install 'jaxgrad[{extra}]'"), text
        else:
            raise AssertionError(f"nothing says {told}")


if __name__ == "__main__":
    there = [name for name in json.loads(sys.argv[1]) if importlib.util.find_spec(name)]
    assert not there, there
    check_values()
    check_descent()
    check_refusals()
    print(jaxgrad.__file__)
