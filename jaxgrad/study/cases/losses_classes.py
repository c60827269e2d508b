"""Cross entropy of scores against classes: what it divides by, and where the classes are."""

import functools

import numpy as np

from ..case import Case, f32

_case = functools.partial(Case, family="losses")
_CROSS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html"
_OPTAX = "optax.softmax_cross_entropy_with_integer_labels(x, y)"
_RNG = np.random.RandomState(0)
_X = _RNG.randn(4, 3).astype(np.float32)
_Q = _RNG.dirichlet(np.ones(3), 4).astype(np.float32)
_XY = {"x": _X, "y": np.array([0, 2, 1, 2])}
_GAP = {"x": _X, "y": np.array([0, -100, 1, 2])}
_NONE = {"x": _X, "y": np.full(4, -100)}
_W = {"w": f32([1, 2, 3.5])}
_IMAGE = {"x": _RNG.randn(2, 3, 4).astype(np.float32), "y": _RNG.randint(0, 3, (2, 4))}
_SQUARE = {"x": _RNG.randn(2, 3, 3).astype(np.float32), "y": _RNG.randint(0, 3, (2, 3))}
_MASK = (
    "kept = y != -100\n"
    "classes = jnp.where(kept, y, 0)\n"
    "losses = optax.softmax_cross_entropy_with_integer_labels(x, classes)\n"
)
_SMOOTH = (
    "q = optax.smooth_labels(jax.nn.one_hot(y, 3), 0.1)\n"
    "losses = optax.softmax_cross_entropy(x, q)\n"
)

CASES = (
    _case(
        name="cross_entropy",
        inputs=_XY,
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        why="The same where every target counts and the classes are the last axis.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy in float64",
        inputs={"x": _X.astype(np.float64), "y": np.array([0, 2, 1, 2])},
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        x64=True,
        why="The same to twelve digits.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy with a target of -100",
        inputs=_GAP,
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch leaves it out; optax takes it for a class that there is not, and gives NaN.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy with a target of -100, masked",
        inputs=_GAP,
        torch="F.cross_entropy(x, y)",
        jax=_MASK + "jnp.mean(jnp.where(kept, losses, 0.0))",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="The mean is over the three targets that count; that of the masked losses is over "
        "all four.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy with a target of -100, by jnp.mean's where",
        inputs=_GAP,
        torch="F.cross_entropy(x, y)",
        jax=_MASK + "jnp.mean(losses, where=kept)",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        why="This mean divides by what counts.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy with a target of -100, not reduced",
        inputs=_GAP,
        torch="F.cross_entropy(x, y, reduction='none')",
        jax=f"{_OPTAX}[y != -100]",
        jaxgrad="F.cross_entropy(x, y, reduction='none')",
        verdict_jax="shape",
        why="An ignored target keeps its place, with a loss of 0.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, all targets ignored",
        inputs=_NONE,
        torch="F.cross_entropy(x, y)",
        jax=_MASK + "jnp.sum(jnp.where(kept, losses, 0.0)) / jnp.maximum(jnp.sum(kept), 1)",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="0 / 0 is NaN, with a gradient of 0. The guard that ports add makes the loss 0.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of an empty batch",
        inputs={"x": np.zeros((0, 3), np.float32), "y": np.zeros(0, np.int64)},
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        why="The mean of nothing is NaN on each side.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of bytes, ignore_index = 255",
        inputs={"x": _X, "y": np.array([0, 255, 1, 2], np.uint8)},
        torch="F.cross_entropy(x, y, ignore_index=255)",
        jax=f"jnp.mean({_OPTAX}, where=y != 255)",
        jaxgrad="F.cross_entropy(x, y, ignore_index=255)",
        grads=("x",),
        why="Labels of images are bytes with 255 for no class.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy weighted",
        inputs={**_XY, **_W},
        torch="F.cross_entropy(x, y, weight=w)",
        jax=f"jnp.mean(w[y] * {_OPTAX})",
        jaxgrad="F.cross_entropy(x, y, weight=w)",
        grads=("x",),
        verdict_jax="value",
        why="Divided by the weights of the targets, 10, not by their number, 4.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy weighted, by jnp.average",
        inputs={**_XY, **_W},
        torch="F.cross_entropy(x, y, weight=w)",
        jax=f"jnp.average({_OPTAX}, weights=w[y])",
        jaxgrad="F.cross_entropy(x, y, weight=w)",
        grads=("x",),
        why="This mean divides by the weights of the targets.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy weighted, with a target of -100",
        inputs={**_GAP, **_W},
        torch="F.cross_entropy(x, y, weight=w)",
        jax=_MASK + "jnp.sum(jnp.where(kept, w[y] * losses, 0.0)) / jnp.sum(w[y])",
        jaxgrad="F.cross_entropy(x, y, weight=w)",
        grads=("x",),
        verdict_jax="value",
        why="An ignored target's weight does not count either; in JAX w[-100] is w[0].",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, targets of weight 0 only",
        inputs={"x": _X, "y": np.array([0, 0, 0, 0]), "w": f32([0, 1, 1])},
        torch="F.cross_entropy(x, y, weight=w)",
        jax=f"jnp.mean(w[y] * {_OPTAX})",
        jaxgrad="F.cross_entropy(x, y, weight=w)",
        grads=("x",),
        verdict_jax="value",
        why="0 / 0 is NaN, and so is its gradient: one batch of such targets spoils all weights.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, the gradient of the weights",
        inputs={**_XY, **_W},
        torch="F.cross_entropy(x, y, weight=w)",
        jax=f"jnp.average({_OPTAX}, weights=w[y])",
        jaxgrad="F.cross_entropy(x, y, weight=w)",
        grads=("x", "w"),
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
onehot, x = np.eye(3)[y], x.astype(float)
each = scipy.special.logsumexp(x, axis=1) - x[range(4), y]
loss = np.average(each, weights=w[y])
rows = scipy.special.softmax(x, 1) - onehot
{"x": w[y][:, None] * rows / w[y].sum(), "w": (each - loss) @ onehot / w[y].sum()}""",
        why="PyTorch refuses to give the weights one; in JAX and jaxgrad it is that of the loss.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy smoothed",
        inputs=_XY,
        torch="F.cross_entropy(x, y, label_smoothing=0.1)",
        jax=_SMOOTH + "jnp.mean(losses)",
        jaxgrad="F.cross_entropy(x, y, label_smoothing=0.1)",
        grads=("x",),
        why="The same definition: the right class has its share of what is spread too.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy smoothed and weighted",
        inputs={**_XY, **_W},
        torch="F.cross_entropy(x, y, weight=w, label_smoothing=0.1)",
        jax=_SMOOTH + "jnp.average(losses, weights=w[y])",
        jaxgrad="F.cross_entropy(x, y, weight=w, label_smoothing=0.1)",
        grads=("x",),
        verdict_jax="value",
        why="In PyTorch each class's part has that class's weight, and the sum is divided by the "
        "weights of the targets.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy smoothed, with a target of -100",
        inputs=_GAP,
        torch="F.cross_entropy(x, y, label_smoothing=0.1)",
        jax=_SMOOTH + "jnp.mean(losses)",
        jaxgrad="F.cross_entropy(x, y, label_smoothing=0.1)",
        grads=("x",),
        verdict_jax="value",
        why="one_hot of -100 is a row of zeros, which smoothing lifts: it is not ignored in JAX.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of (N, C, d)",
        inputs=_IMAGE,
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="error",
        why="The classes are axis 1 in PyTorch and the last in optax: move them with jnp.moveaxis.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of (N, C, d) where C is d",
        inputs=_SQUARE,
        torch="F.cross_entropy(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="Both shapes fit: optax takes the places for the classes without a word.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of one sample without a batch",
        inputs={"x": _X[0], "y": np.array(2)},
        torch="F.cross_entropy(x, y)",
        jax="-jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1)[0]",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="error",
        why="Scores of shape (C,) and a target of shape () are one sample.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy against probabilities",
        inputs={"x": _X, "q": _Q},
        torch="F.cross_entropy(x, q)",
        jax="jnp.mean(optax.softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, q)",
        grads=("x", "q"),
        why="Soft targets are optax's softmax_cross_entropy, with a gradient of the target too.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy against probabilities that add up to 2",
        inputs={"x": _X, "q": 2 * _Q},
        torch="F.cross_entropy(x, q)",
        jax="jnp.mean(-jnp.sum(q / jnp.sum(q, 1, keepdims=True) * jax.nn.log_softmax(x), 1))",
        jaxgrad="F.cross_entropy(x, q)",
        grads=("x",),
        verdict_jax="value",
        why="Nothing is normalised or checked: twice the target is twice the loss.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy against probabilities, weighted",
        inputs={"x": _X, "q": _Q, **_W},
        torch="F.cross_entropy(x, q, weight=w)",
        jax="-jnp.sum(w * q * jax.nn.log_softmax(x)) / jnp.sum(w * q)",
        jaxgrad="F.cross_entropy(x, q, weight=w)",
        grads=("x", "w"),
        verdict_jax="value",
        why="Unlike with classes as targets, divided by the number of samples, not by the weights; "
        "and here the weights have a gradient.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy against probabilities of (N, C, d), not reduced",
        inputs={"x": _SQUARE["x"], "q": _RNG.dirichlet(np.ones(3), (2, 3)).astype(np.float32)},
        torch="F.cross_entropy(x, q, reduction='none')",
        jax="optax.softmax_cross_entropy(x, q)",
        jaxgrad="F.cross_entropy(x, q, reduction='none')",
        grads=("x",),
        verdict_jax="value",
        why="Summed over axis 1; optax sums over the last axis.",
        link=_CROSS,
    ),
)
