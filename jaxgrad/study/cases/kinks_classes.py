"""Kinks, bounds and infinities of losses over classes and of probabilities."""

import functools

import numpy as np

from ..case import Case, f32

_case = functools.partial(Case, family="kinks")
_DOC = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"
_CROSS, _BCE, _KL = map(_DOC.format, ("cross_entropy", "binary_cross_entropy", "kl_div"))
_LOGITS, _CTC = map(_DOC.format, ("binary_cross_entropy_with_logits", "ctc_loss"))
_GRID = {"x": (np.arange(-20, 21) / 10).astype(np.float32)}
_NONE = "reduction='none'"
_MASK = (
    "kept = y != -100\n"
    "classes = jnp.where(kept, y, 0)\n"
    "losses = optax.softmax_cross_entropy_with_integer_labels(x, classes)\n"
)
_STEP = np.log(f32([[[0.5, 0.3, 0.2]], [[1, 1, 1]], [[0.2, 0.6, 0.2]]]))
_STEP[1, 0, 1:] = -np.inf

CASES = (
    _case(
        name="binary_cross_entropy over the logarithm of the probability",
        inputs={"x": np.arange(-110.0, 1.0, 2.5)},
        torch=f"F.binary_cross_entropy(x.exp(), torch.ones_like(x), {_NONE})",
        jax="-jnp.maximum(jnp.log(jnp.exp(x)), -100.0)",
        jaxgrad=f"F.binary_cross_entropy(jnp.exp(x), jnp.ones_like(x), {_NONE})",
        grads=("x",),
        x64=True,
        verdict_jax="gradient",
        picture="kink",
        why="The loss is bounded by 100, but the gradient fades from a probability of 1e-12 on, "
        "log p = -27.6, where the loss still rises; and it is 0 at 1, where the slope is -1.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of 0 and 1, its gradient",
        inputs={"x": f32([0, 1, 0, 1, 0, 1]), "y": f32([1, 0, 0, 1, 0.5, 0.5])},
        torch=f"F.binary_cross_entropy(x, y, {_NONE})",
        jax="lo, hi = jnp.maximum(jnp.log(x), -100.0), jnp.maximum(jnp.log1p(-x), -100.0)\n"
        "-(y * lo + (1 - y) * hi)",
        jaxgrad=f"F.binary_cross_entropy(x, y, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        why="The bound on the logarithm has a slope of 0, and 0 times the slope of log 0 is NaN; "
        "PyTorch's gradient is (x - y) / 1e-12.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of 0 and 1, the gradient of the target",
        inputs={"x": f32([0, 1]), "y": f32([0.5, 0.5])},
        torch=f"F.binary_cross_entropy(x, y, {_NONE})",
        jax="lo, hi = jnp.maximum(jnp.log(x), -100.0), jnp.maximum(jnp.log1p(-x), -100.0)\n"
        "-(y * lo + (1 - y) * hi)",
        jaxgrad=f"F.binary_cross_entropy(x, y, {_NONE})",
        grads=("y",),
        verdict_jax="gradient",
        why="PyTorch does not bound the logarithms here: it is inf, where the slope of the loss "
        "is 100.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy_with_logits over the logit, written out",
        inputs=_GRID,
        torch=f"F.binary_cross_entropy_with_logits(x, 0.25 * torch.ones_like(x), {_NONE})",
        jax="jnp.maximum(x, 0.0) - 0.25 * x + jnp.log1p(jnp.exp(-jnp.abs(x)))",
        jaxgrad=f"F.binary_cross_entropy_with_logits(x, 0.25 * jnp.ones_like(x), {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="The usual stable formula has two kinks at 0 that cancel in the loss but not in its "
        "derivative: half of the maximum's and the whole of the absolute value's.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits of infinite logits",
        inputs={
            "x": f32([np.inf, -np.inf, np.inf, -np.inf]),
            "y": f32([1, 0, 0, 1]),
        },
        torch=f"F.binary_cross_entropy_with_logits(x, y, {_NONE})",
        jax="optax.sigmoid_binary_cross_entropy(x, y)",
        jaxgrad=f"F.binary_cross_entropy_with_logits(x, y, {_NONE})",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch multiplies the logit by 1 - y and subtracts its log sigmoid: 0 times inf and "
        "inf - inf are NaN. optax's last loss is inf. The gradients are finite in each.",
        link=_LOGITS,
    ),
    _case(
        name="kl_div over the target",
        inputs={"x": (np.arange(0, 41) / 20).astype(np.float32)},
        torch=f"F.kl_div(torch.zeros_like(x), x, {_NONE})",
        jax="jnp.where(x > 0, x * jnp.log(x), 0.0)",
        jaxgrad=f"F.kl_div(jnp.zeros_like(x), x, {_NONE})",
        grads=("x",),
        picture="kink",
        why="At a target of 0 the loss is 0 and the derivative NaN, in the guarded formula too.",
        link=_KL,
    ),
    _case(
        name="cross_entropy over one score, the others -inf",
        inputs=_GRID,
        torch="rest = torch.full_like(x, -torch.inf)\n"
        "y = torch.zeros(len(x), dtype=torch.long)\n"
        f"F.cross_entropy(torch.stack([x, rest], 1), y, {_NONE})",
        jax="rest = jnp.full_like(x, -jnp.inf)\n"
        "-jnp.sum(jnp.array([1.0, 0.0]) * jax.nn.log_softmax(jnp.stack([x, rest], 1)), 1)",
        jaxgrad="rest = jnp.full_like(x, -jnp.inf)\n"
        f"F.cross_entropy(jnp.stack([x, rest], 1), jnp.zeros(len(x), int), {_NONE})",
        grads=("x",),
        verdict_jax="value",
        why="A class that is masked out has no part in the loss; a product with a one-hot row "
        "makes it 0 times -inf, NaN.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy against probabilities, a score of -inf where they are 0",
        inputs={"x": f32([[0, -np.inf, 1]]), "q": f32([[0.5, 0, 0.5]])},
        torch="F.cross_entropy(x, q)",
        jax="jnp.mean(optax.safe_softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, q)",
        grads=("x",),
        verdict_jax="value",
        why="0 times -inf is NaN in PyTorch and in optax.softmax_cross_entropy; this one of optax "
        "is safe. The gradient is finite in each.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy smoothed, with a score of -inf",
        inputs={"x": f32([[0, -np.inf, 1]]), "y": np.array([0])},
        torch="F.cross_entropy(x, y, label_smoothing=0.1)",
        jax="q = optax.smooth_labels(jax.nn.one_hot(y, 3), 0.1)\n"
        "jnp.mean(optax.softmax_cross_entropy(x, q))",
        jaxgrad="F.cross_entropy(x, y, label_smoothing=0.1)",
        grads=("x",),
        why="Smoothing gives each class a share, the masked one too: the loss is inf.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy of infinite scores",
        inputs={
            "x": f32([[np.inf, 0, 1], [-np.inf, 0, 1], [-np.inf] * 3, [np.nan, 0, 1]]),
            "y": np.array([0, 0, 0, 1]),
        },
        torch=f"F.cross_entropy(x, y, {_NONE})",
        jax="jax.nn.logsumexp(x, 1) - jnp.take_along_axis(x, y[:, None], 1)[:, 0]",
        jaxgrad=f"F.cross_entropy(x, y, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        why="A row with inf or NaN, or of nothing but -inf, has a loss and a gradient of NaN. In "
        "JAX the gradient of a row with inf is NaN there alone.",
        link=_CROSS,
    ),
    _case(
        name="cross_entropy, an ignored row with inf",
        inputs={"x": f32([[np.inf, 0], [1, 2]]), "y": np.array([-100, 0])},
        torch="F.cross_entropy(x, y)",
        jax=_MASK + "jnp.sum(jnp.where(kept, losses, 0.0)) / jnp.sum(kept)",
        jaxgrad="F.cross_entropy(x, y)",
        grads=("x",),
        verdict_jax="gradient",
        why="The loss is finite, but the ignored row's gradient is NaN, in JAX at the inf alone: "
        "one row of padding with inf spoils all weights.",
        link=_CROSS,
    ),
    _case(
        name="ctc_loss of a log-probability of -inf",
        inputs={"x": _STEP, "y": np.array([[1]])},
        torch="F.ctc_loss(x, y, (3,), (1,))",
        jax="jnp.mean(optax.ctc_loss(x.transpose(1, 0, 2), jnp.zeros((1, 3)), y,\n"
        "    jnp.zeros((1, 1))))",
        jaxgrad="F.ctc_loss(x, y, (3,), (1,))",
        grads=("x",),
        verdict_jax="value",
        verdict_jaxgrad="gradient",
        departs="right",
        oracle="""\
p = np.exp(x[:, 0].astype(float))
paths = np.zeros_like(p)
for path in np.ndindex(3, 3, 3):
    if [c for c, before in zip(path, (0, *path)) if c not in (0, before)] == [1]:
        paths[range(3), path] += np.prod(p[range(3), path])
{"x": (p - paths / paths[0].sum())[:, None]}""",
        why="No path goes there, and jaxgrad's gradient is 0; PyTorch's is NaN, and optax's loss "
        "too.",
        link=_CTC,
    ),
)
