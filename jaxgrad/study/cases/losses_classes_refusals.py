"""Cross entropy of scores against classes: what it takes and refuses, and extreme scores."""

import functools

import numpy as np

from ..case import Case, f32, i32

_case = functools.partial(Case, family="losses")
_CROSS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html"
_OPTAX = "optax.softmax_cross_entropy_with_integer_labels(x, y)"
_RNG = np.random.RandomState(0)
_X = _RNG.randn(4, 3).astype(np.float32)
_ROW = {"x": f32([[0, 1, 2]])}

CASES = (
    _case(
        name="cross_entropy of int32 classes",
        inputs={"x": _X, "y": i32([0, 2, 1, 2])},
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="np.mean(scipy.special.logsumexp(x.astype(float), axis=1) - x[range(4), y])",
        why="PyTorch takes int64 and uint8 only; int32 is what JAX has, and means the same.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of classes as floats",
        inputs={"x": _X, "y": f32([0, 2, 1, 2])},
        torch="F.cross_entropy(x, y)",
        jax="jnp.mean(optax.softmax_cross_entropy(x, jax.nn.one_hot(y, 3)))",
        jaxgrad="F.cross_entropy(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; one_hot takes numbers of any kind.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of rows of integers",
        inputs={"x": _X, "q": np.eye(3, dtype=np.int64)[[0, 2, 1, 2]]},
        torch="F.cross_entropy(x, q)",
        jax="jnp.mean(optax.softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, q)",
        verdict_jax="error",
        why="Probabilities must be floats, or they would be classes of the wrong shape.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of a column of classes",
        inputs={"x": _X, "y": np.array([[0], [2], [1], [2]])},
        torch="F.cross_entropy(x, y)",
        jax="jnp.mean(-jnp.take_along_axis(jax.nn.log_softmax(x), y, 1))",
        jaxgrad="F.cross_entropy(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad want one axis less than the scores have.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, a class that there is not",
        inputs={**_ROW, "y": np.array([5])},
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; an index out of range is NaN in JAX.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, the class -1",
        inputs={**_ROW, "y": np.array([-1])},
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; in JAX it is the last class, without a word.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy against probabilities, ignore_index = 0",
        inputs={"x": f32([[0, 1]]), "q": f32([[0.25, 0.75]])},
        torch="F.cross_entropy(x, q, ignore_index=0)",
        jax="jnp.mean(optax.softmax_cross_entropy(x, q), where=jnp.argmax(q, 1) != 0)",
        jaxgrad="F.cross_entropy(x, q, ignore_index=0)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it: no row of probabilities is of one class.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, label_smoothing = 1.5",
        inputs={**_ROW, "y": np.array([2])},
        torch="F.cross_entropy(x, y, label_smoothing=1.5)",
        jax="q = optax.smooth_labels(jax.nn.one_hot(y, 3), 1.5)\n"
        "jnp.mean(optax.softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, y, label_smoothing=1.5)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; optax smooths by any number.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, label_smoothing = -0.1",
        inputs={**_ROW, "y": np.array([2])},
        torch="F.cross_entropy(x, y, label_smoothing=-0.1)",
        jax="q = optax.smooth_labels(jax.nn.one_hot(y, 3), -0.1)\n"
        "jnp.mean(optax.softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, y, label_smoothing=-0.1)",
        verdict_jax="value",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch checks the upper bound alone and takes it for 0; optax sharpens with it. "
        "jaxgrad refuses it.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy with weights of another dtype",
        inputs={"x": _X, "y": np.array([0, 2, 1, 2]), "w": np.array([1, 2, 3], np.float16)},
        torch="F.cross_entropy(x, y, weight=w)",
        jax=f"jnp.average({_OPTAX}, weights=w[y])",
        jaxgrad="F.cross_entropy(x, y, weight=w)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; JAX promotes.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of scores of 1e4",
        inputs={"x": f32([[1e4, 0, -1e4]]), "y": np.array([1])},
        torch="F.cross_entropy(x, y)",
        jax="-jnp.mean(jnp.take_along_axis(jnp.log(jax.nn.softmax(x)), y[:, None], 1))",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="The loss is 1e4; the logarithm of a softmax that is 0 is inf, and its gradient NaN.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of float16 scores of 60000",
        inputs={"x": np.array([[6e4, 0, -6e4]], np.float16), "y": np.array([1])},
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        why="The difference to -6e4 is inf in float16, but its exponential is 0 all the same.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy smoothed, of float16 scores of 60000",
        inputs={"x": np.array([[6e4, 0, -6e4]], np.float16), "y": np.array([0])},
        torch="F.cross_entropy(x, y, label_smoothing=0.1)",
        jax="q = optax.smooth_labels(jax.nn.one_hot(y, 3, dtype=x.dtype), 0.1)\n"
        "jnp.mean(optax.softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, y, label_smoothing=0.1)",
        grads=("x",),
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
log_p = scipy.special.log_softmax(x[0].astype(float))
-0.9 * log_p[y[0]] - 0.1 * log_p.mean()""",
        verdict_jax="gradient",
        why="The log-probability -1.2e5 is -inf in float16, so that PyTorch's loss is inf; jaxgrad "
        "computes in float32 and rounds the loss, 6000.",
        link=_CROSS,
    ),
)
