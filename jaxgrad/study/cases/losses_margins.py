"""Losses that ask for a margin."""

import functools

import numpy as np

from ..case import Case, f32, i32

_case = functools.partial(Case, family="losses")
_DOC = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"
_RANK, _HINGE = _DOC.format("margin_ranking_loss"), _DOC.format("hinge_embedding_loss")
_SOFT, _MULTI = _DOC.format("soft_margin_loss"), _DOC.format("multi_margin_loss")
_LISTS, _LABELS = (
    _DOC.format("multilabel_margin_loss"),
    _DOC.format("multilabel_soft_margin_loss"),
)
_RNG = np.random.RandomState(0)
_SCORES = {"x": _RNG.randn(4, 3).astype(np.float32), "y": np.array([0, 2, 1, 2])}
_SIGNS = {"x": f32([0.3, -1.2, 2.5, 0.0]), "y": f32([1, -1, 1, -1])}
_LABEL = {"x": f32([[0.3, -1.2, 2.5], [0, 1, -1]]), "y": f32([[1, 0, 1], [0, 0, 1]])}
_HINGES = (
    "lack = jnp.maximum(0.0, 1.0 - jnp.take_along_axis(x, y[:, None], 1) + x)\n"
    "jnp.mean(jnp.sum(lack * (1 - jax.nn.one_hot(y, x.shape[1])), 1) / x.shape[1])"
)
_LISTED = (
    "jnp.sum(jnp.stack([jnp.maximum(0.0, 1.0 - x[0, j] + x[0, i]) "
    "for j in (3, 0) for i in (1, 2)])) / 4"
)

CASES = (
    _case(
        name="margin_ranking_loss",
        inputs={"x": f32([1, 2, 3]), "z": f32([2, 2.5, 1]), "y": f32([1, -1, 1])},
        torch="F.margin_ranking_loss(x, z, y, margin=0.1)",
        jax="jnp.mean(jnp.maximum(0.0, -y * (x - z) + 0.1))",
        jaxgrad="F.margin_ranking_loss(x, z, y, margin=0.1)",
        grads=("x", "z"),
        why="The same away from a tie.",
        link=_RANK,
    ),
    _case(
        name="margin_ranking_loss at a tie",
        inputs={"x": f32([1]), "z": f32([1]), "y": f32([1])},
        torch="F.margin_ranking_loss(x, z, y)",
        jax="jnp.mean(jnp.maximum(0.0, -y * (x - z)))",
        jaxgrad="F.margin_ranking_loss(x, z, y)",
        grads=("x", "z"),
        verdict_jax="gradient",
        why="PyTorch's clamp_min passes the whole gradient at the bound, jnp.maximum half of it.",
        link=_RANK,
    ),
    _case(
        name="margin_ranking_loss of unsigned integers",
        inputs={"x": np.array([5], np.uint8), "z": np.array([3], np.uint8), "y": i32([1])},
        torch="F.margin_ranking_loss(z, x, y.to(torch.uint8), reduction='none')",
        jax="jnp.maximum(0, -y * (z.astype(jnp.float32) - x))",
        jaxgrad="F.margin_ranking_loss(z, x, y, reduction='none')",
        why="3 - 5 is 254 as an unsigned byte, and minus 254 is 2 again: PyTorch wraps twice.",
        link=_RANK,
    ),
    _case(
        name="margin_ranking_loss of a column and a row",
        inputs={"x": f32([[1], [2]]), "z": f32([[2, 3]]), "y": f32([[1, 1]])},
        torch="F.margin_ranking_loss(x, z, y)",
        jax="jnp.mean(jnp.maximum(0.0, -y * (x - z)))",
        jaxgrad="F.margin_ranking_loss(x, z, y)",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch and JAX rank each against each in silence.",
        link=_RANK,
    ),
    _case(
        name="hinge_embedding_loss",
        inputs=_SIGNS,
        torch="F.hinge_embedding_loss(x, y)",
        jax="jnp.mean(jnp.where(y == 1, x, jnp.maximum(0.0, 1.0 - x)))",
        jaxgrad="F.hinge_embedding_loss(x, y)",
        grads=("x",),
        why="The same away from the margin.",
        link=_HINGE,
    ),
    _case(
        name="hinge_embedding_loss with a target of 0",
        inputs={"x": f32([0.25, 2.0]), "y": f32([0, 0])},
        torch="F.hinge_embedding_loss(x, y, reduction='none')",
        jax="jnp.where(y == 1, x, jnp.maximum(0.0, 1.0 - x))",
        jaxgrad="F.hinge_embedding_loss(x, y, reduction='none')",
        grads=("x",),
        verdict_jax="value",
        why="What is neither 1 nor -1 gets both terms.",
        link=_HINGE,
    ),
    _case(
        name="soft_margin_loss",
        inputs=_SIGNS,
        torch="F.soft_margin_loss(x, y)",
        jax="jnp.mean(jnp.log1p(jnp.exp(-y * x)))",
        jaxgrad="F.soft_margin_loss(x, y)",
        grads=("x",),
        why="The same for moderate scores.",
        link=_SOFT,
    ),
    _case(
        name="soft_margin_loss of a score of -200",
        inputs={"x": f32([-200, 1]), "y": f32([1, 1])},
        torch="F.soft_margin_loss(x, y)",
        jax="jnp.mean(jax.nn.softplus(-y * x))",
        jaxgrad="F.soft_margin_loss(x, y)",
        grads=("x",),
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="np.mean(np.logaddexp(0, -y * x))",
        why="exp(200) is inf in float32: PyTorch's loss is inf and its gradient NaN, where the "
        "loss is 200 and the gradient -1.",
        link=_SOFT,
    ),
    _case(
        name="soft_margin_loss of a score of -200, not reduced",
        inputs={"x": f32([-200, 1]), "y": f32([1, 1])},
        torch="F.soft_margin_loss(x, y, reduction='none')",
        jax="jnp.log1p(jnp.exp(-y * x))",
        jaxgrad="F.soft_margin_loss(x, y, reduction='none')",
        grads=("x",),
        verdict_jaxgrad="value",
        departs="right",
        oracle="np.logaddexp(0, -y * x)",
        why="Written out as PyTorch computes it, JAX overflows too.",
        link=_SOFT,
    ),
    _case(
        name="multi_margin_loss and optax.multiclass_hinge_loss",
        inputs=_SCORES,
        torch="F.multi_margin_loss(x, y)",
        jax="jnp.mean(optax.losses.multiclass_hinge_loss(x, y))",
        jaxgrad="F.multi_margin_loss(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch sums what all classes lack and divides by their number; optax takes the most.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss written out",
        inputs=_SCORES,
        torch="F.multi_margin_loss(x, y)",
        jax=_HINGES,
        jaxgrad="F.multi_margin_loss(x, y)",
        grads=("x",),
        why="The same away from the margin.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss at the margin",
        inputs={"x": f32([[1, 0, -1]]), "y": np.array([0])},
        torch="F.multi_margin_loss(x, y)",
        jax=_HINGES,
        jaxgrad="F.multi_margin_loss(x, y)",
        grads=("x",),
        verdict_jax="gradient",
        why="The gradient there is 0 in this loss, unlike in margin_ranking_loss, and half in JAX.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss, p = 2, weighted",
        inputs={**_SCORES, "w": f32([1, 2, 3])},
        torch="F.multi_margin_loss(x, y, p=2, weight=w)",
        jax="lack = jnp.maximum(0.0, 1.0 - jnp.take_along_axis(x, y[:, None], 1) + x) ** 2\n"
        "lack = jnp.sum(lack * (1 - jax.nn.one_hot(y, 3)), 1) / 3\n"
        "jnp.sum(w[y] * lack) / jnp.sum(w[y])",
        jaxgrad="F.multi_margin_loss(x, y, p=2, weight=w)",
        grads=("x",),
        verdict_jax="value",
        why="Unlike in cross_entropy the mean is over the samples, not over their weights.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss of NaN",
        inputs={"x": f32([[np.nan, 0, 1]]), "y": np.array([0])},
        torch="F.multi_margin_loss(x, y)",
        jax=_HINGES,
        jaxgrad="F.multi_margin_loss(x, y)",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch asks whether a difference is greater than 0, and NaN is not: the loss is 0.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss, a class that there is not",
        inputs={"x": f32([[1, 0, -1]]), "y": np.array([3])},
        torch="F.multi_margin_loss(x, y)",
        jax=_HINGES,
        jaxgrad="F.multi_margin_loss(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; an index out of range is NaN in JAX.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss of bfloat16",
        inputs=_SCORES,
        torch="F.multi_margin_loss(x.to(torch.bfloat16), y)",
        jax="x = x.astype(jnp.bfloat16)\n" + _HINGES,
        jaxgrad="F.multi_margin_loss(x.astype(jnp.bfloat16), y)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
lack = np.maximum(0, 1 - x[range(4), y][:, None] + x)
np.mean(np.sum(lack * (1 - np.eye(3)[y]), 1) / 3)""",
        why="PyTorch has no kernel of it on the CPU; it has one on GPUs.",
        link=_MULTI,
    ),
    _case(
        name="multi_margin_loss, the second derivative",
        inputs={"x": f32([[0.5, 0.0]]), "y": np.array([0])},
        torch="loss = F.multi_margin_loss(x.requires_grad_(), y, p=2)\n"
        "(g,) = torch.autograd.grad(loss, x, create_graph=True)\n"
        "torch.autograd.grad(g.sum(), x)[0]",
        jax="x = x[0]\njax.hessian(lambda x: jnp.maximum(0.0, 1 - x[0] + x[1]) ** 2 / 2)(x)",
        jaxgrad="jax.hessian(lambda x: F.multi_margin_loss(x, y, p=2))(x)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
f = lambda x: np.maximum(0, 1 - x[0, 0] + x[0, 1]) ** 2 / 2
x, steps = x.astype(float), np.eye(2)[:, None] * 1e-3
four = lambda a, b: f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)
np.reshape([four(a, b) / 4e-6 for a in steps for b in steps], (1, 2, 1, 2))""",
        why="PyTorch has not implemented a double backward.",
        link=_MULTI,
    ),
    _case(
        name="multilabel_margin_loss",
        inputs={"x": f32([[0.1, 0.2, 0.4, 0.8]]), "y": np.array([[3, 0, -1, 1]])},
        torch="F.multilabel_margin_loss(x, y)",
        jax=_LISTED,
        jaxgrad="F.multilabel_margin_loss(x, y)",
        grads=("x",),
        why="Labels count up to the first -1; there is nothing of the kind in JAX.",
        link=_LISTS,
    ),
    _case(
        name="multilabel_margin_loss at the margin",
        inputs={"x": f32([[1, 0, 0, 1]]), "y": np.array([[3, 0, -1, 1]])},
        torch="F.multilabel_margin_loss(x, y)",
        jax=_LISTED,
        jaxgrad="F.multilabel_margin_loss(x, y)",
        grads=("x",),
        verdict_jax="gradient",
        why="The gradient there is 0 in PyTorch, and half in jnp.maximum.",
        link=_LISTS,
    ),
    _case(
        name="multilabel_margin_loss, a class out of range after the end",
        inputs={"x": f32([[0.1, 0.2, 0.4, 0.8]]), "y": np.array([[3, 0, -1, 9]])},
        torch="F.multilabel_margin_loss(x, y)",
        jax=_LISTED,
        jaxgrad="F.multilabel_margin_loss(x, y)",
        verdict_jax="error",
        why="What follows the first -1 does not count but is checked nevertheless.",
        link=_LISTS,
    ),
    _case(
        name="multilabel_margin_loss of no samples, not reduced",
        inputs={"x": np.zeros((0, 3), np.float32), "y": np.zeros((0, 3), np.int64)},
        torch="F.multilabel_margin_loss(x, y, reduction='none')",
        jax="jnp.zeros(len(x))",
        jaxgrad="F.multilabel_margin_loss(x, y, reduction='none')",
        why="Nothing of nothing. The mean and the sum of it are memory that PyTorch never wrote, "
        "and NaN and 0 in jaxgrad.",
        link=_LISTS,
    ),
    _case(
        name="multilabel_soft_margin_loss",
        inputs=_LABEL,
        torch="F.multilabel_soft_margin_loss(x, y)",
        jax="jnp.mean(optax.sigmoid_binary_cross_entropy(x, y))",
        jaxgrad="F.multilabel_soft_margin_loss(x, y)",
        grads=("x", "y"),
        why="The mean over classes and samples.",
        link=_LABELS,
    ),
    _case(
        name="multilabel_soft_margin_loss, sum",
        inputs=_LABEL,
        torch="F.multilabel_soft_margin_loss(x, y, reduction='sum')",
        jax="jnp.sum(optax.sigmoid_binary_cross_entropy(x, y))",
        jaxgrad="F.multilabel_soft_margin_loss(x, y, reduction='sum')",
        grads=("x",),
        verdict_jax="value",
        why="The classes are averaged all the same; only the samples are summed.",
        link=_LABELS,
    ),
    _case(
        name="multilabel_soft_margin_loss weighted by class",
        inputs={**_LABEL, "w": f32([1, 2, 0.5])},
        torch="F.multilabel_soft_margin_loss(x, y, weight=w)",
        jax="jnp.mean(w * optax.sigmoid_binary_cross_entropy(x, y))",
        jaxgrad="F.multilabel_soft_margin_loss(x, y, weight=w)",
        grads=("x",),
        why="Divided by the number of classes, not by the weights.",
        link=_LABELS,
    ),
    _case(
        name="multilabel_soft_margin_loss of infinite scores",
        inputs={"x": f32([[-np.inf], [np.inf]]), "y": f32([[1], [1]])},
        torch="F.multilabel_soft_margin_loss(x, y, reduction='none')",
        jax="optax.sigmoid_binary_cross_entropy(x, y)[:, 0]",
        jaxgrad="F.multilabel_soft_margin_loss(x, y, reduction='none')",
        grads=("x",),
        why="0 times the logarithm of 0 is NaN on each side, with a gradient of 0.",
        link=_LABELS,
    ),
)
