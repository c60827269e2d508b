"""Kinks of losses of numbers, margins and distances."""

import functools

import numpy as np

from ..case import Case, f32

_case = functools.partial(Case, family="kinks")
_DOC = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"
_L1, _HUBER = _DOC.format("l1_loss"), _DOC.format("huber_loss")
_COSINE, _MULTI = _DOC.format("cosine_similarity"), _DOC.format("multi_margin_loss")
_GRID = {"x": (np.arange(-20, 21) / 10).astype(np.float32)}
_ZERO = {"x": f32([[0, 0]]), "y": f32([[1, 0]])}
_NONE = "reduction='none'"

CASES = (
    _case(
        name="l1_loss over the error",
        inputs=_GRID,
        torch=f"F.l1_loss(x, torch.zeros_like(x), {_NONE})",
        jax="jnp.abs(x - jnp.zeros_like(x))",
        jaxgrad=f"F.l1_loss(x, jnp.zeros_like(x), {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="A point that is fitted exactly has the gradient 0 in PyTorch and 1 in JAX.",
        link=_L1,
    ),
    _case(
        name="l1_loss at an error of 0",
        inputs={"x": f32([0])},
        torch="F.l1_loss(x, torch.zeros_like(x))",
        jax="jnp.mean(jnp.abs(x - jnp.zeros_like(x)))",
        jaxgrad="F.l1_loss(x, jnp.zeros_like(x))",
        grads=("x",),
        verdict_jax="gradient",
        why="abs'(0) is 0 in PyTorch and 1 in JAX.",
        link=_L1,
    ),
    _case(
        name="smooth_l1_loss over the error, beta = 0.5",
        inputs=_GRID,
        torch=f"F.smooth_l1_loss(x, torch.zeros_like(x), {_NONE}, beta=0.5)",
        jax="optax.huber_loss(x, jnp.zeros_like(x), delta=0.5) / 0.5",
        jaxgrad=f"F.smooth_l1_loss(x, jnp.zeros_like(x), {_NONE}, beta=0.5)",
        grads=("x",),
        picture="kink",
        why="The parabola and the lines have the same slope where they meet.",
        link=_DOC.format("smooth_l1_loss"),
    ),
    _case(
        name="smooth_l1_loss over the error, beta = 0",
        inputs=_GRID,
        torch=f"F.smooth_l1_loss(x, torch.zeros_like(x), {_NONE}, beta=0.0)",
        jax="jnp.where(jnp.abs(x) < 0.0, x**2, jnp.abs(x))",
        jaxgrad=f"F.smooth_l1_loss(x, jnp.zeros_like(x), {_NONE}, beta=0.0)",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="l1_loss, with its gradient of 0 at 0.",
        link=_DOC.format("smooth_l1_loss"),
    ),
    _case(
        name="huber_loss over the error",
        inputs=_GRID,
        torch=f"F.huber_loss(x, torch.zeros_like(x), {_NONE})",
        jax="optax.huber_loss(x, jnp.zeros_like(x))",
        jaxgrad=f"F.huber_loss(x, jnp.zeros_like(x), {_NONE})",
        grads=("x",),
        picture="kink",
        why="The parabola and the lines have the same slope where they meet.",
        link=_HUBER,
    ),
    _case(
        name="huber_loss at its boundary",
        inputs={"x": f32([1, -1, 0])},
        torch=f"F.huber_loss(x, torch.zeros_like(x), {_NONE}, delta=1.0)",
        jax="optax.huber_loss(x, jnp.zeros_like(x), delta=1.0)",
        jaxgrad=f"F.huber_loss(x, jnp.zeros_like(x), {_NONE}, delta=1.0)",
        grads=("x",),
        why="The same slope from both sides.",
        link=_HUBER,
    ),
    _case(
        name="huber_loss, the second derivative",
        inputs=_GRID,
        torch="x.requires_grad_()\n"
        f"v = F.huber_loss(x, torch.zeros_like(x), {_NONE})\n"
        "(g,) = torch.autograd.grad(v.sum(), x, create_graph=True)\n"
        "torch.autograd.grad(g.sum(), x)[0]",
        jax="jax.vmap(jax.grad(jax.grad(lambda x: optax.huber_loss(x, 0.0))))(x)",
        jaxgrad="jax.vmap(jax.grad(jax.grad(lambda x: F.huber_loss(x, 0.0))))(x)",
        verdict_jax="value",
        picture="curve",
        why="At the boundary PyTorch's is 0, that of the lines; optax's minimum shares the tie.",
        link=_HUBER,
    ),
    _case(
        name="hinge_embedding_loss over the distance",
        inputs=_GRID,
        torch=f"F.hinge_embedding_loss(x, -torch.ones_like(x), {_NONE})",
        jax="jnp.maximum(0.0, 1.0 - x)",
        jaxgrad=f"F.hinge_embedding_loss(x, -jnp.ones_like(x), {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="At the margin PyTorch's clamp_min passes the whole gradient, jnp.maximum half of it.",
        link=_DOC.format("hinge_embedding_loss"),
    ),
    _case(
        name="relu(1 - x) and optax's hinge_loss at the margin",
        inputs={"x": f32([1])},
        torch="F.relu(1 - x)",
        jax="optax.losses.hinge_loss(x, jnp.array([1.0]))",
        jaxgrad="jax.nn.relu(1 - x)",
        grads=("x",),
        verdict_jax="gradient",
        why="relu'(0) is 0; optax's hinge_loss is a maximum, with half the gradient at the margin.",
        link="https://optax.readthedocs.io/en/latest/api/losses.html",
    ),
    _case(
        name="margin_ranking_loss over the first score",
        inputs=_GRID,
        torch="F.margin_ranking_loss(x, torch.zeros_like(x), torch.ones_like(x),\n"
        f"    margin=0.5, {_NONE})",
        jax="jnp.maximum(0.0, -(x - jnp.zeros_like(x)) + 0.5)",
        jaxgrad="F.margin_ranking_loss(x, jnp.zeros_like(x), jnp.ones_like(x),\n"
        f"    margin=0.5, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="At the margin PyTorch's clamp_min passes the whole gradient, jnp.maximum half of it.",
        link=_DOC.format("margin_ranking_loss"),
    ),
    _case(
        name="multi_margin_loss over the right score",
        inputs=_GRID,
        torch="y = torch.zeros(len(x), dtype=torch.long)\n"
        f"F.multi_margin_loss(torch.stack([x, torch.zeros_like(x)], 1), y, {_NONE})",
        jax="jnp.maximum(0.0, 1.0 - x) / 2",
        jaxgrad="y = jnp.zeros(len(x), int)\n"
        f"F.multi_margin_loss(jnp.stack([x, jnp.zeros_like(x)], 1), y, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="At the margin the gradient is 0 in this loss, and half in jnp.maximum.",
        link=_MULTI,
    ),
    _case(
        name="multilabel_margin_loss over the right score",
        inputs=_GRID,
        torch="y = torch.tensor([[0, -1]]).repeat(len(x), 1)\n"
        f"F.multilabel_margin_loss(torch.stack([x, torch.zeros_like(x)], 1), y, {_NONE})",
        jax="jnp.maximum(0.0, 1.0 - x) / 2",
        jaxgrad="y = jnp.tile(jnp.array([[0, -1]]), (len(x), 1))\n"
        f"F.multilabel_margin_loss(jnp.stack([x, jnp.zeros_like(x)], 1), y, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="At the margin the gradient is 0 in this loss, and half in jnp.maximum.",
        link=_DOC.format("multilabel_margin_loss"),
    ),
    _case(
        name="gaussian_nll_loss over the variance, eps = 0.5",
        inputs={"x": (np.arange(0, 41) / 10).astype(np.float32)},
        torch=f"one = torch.ones_like(x)\nF.gaussian_nll_loss(one, 0 * one, x, eps=0.5, {_NONE})",
        jax="v = jnp.maximum(x, 0.5)\n0.5 * (jnp.log(v) + 1 / v)",
        jaxgrad=f"one = jnp.ones_like(x)\nF.gaussian_nll_loss(one, 0 * one, x, eps=0.5, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="Below eps the loss is constant, but PyTorch's gradient is that at eps: it lifts the "
        "variance again.",
        link=_DOC.format("gaussian_nll_loss"),
    ),
    _case(
        name="pairwise_distance over one difference, eps = 0",
        inputs=_GRID,
        torch="F.pairwise_distance(x[:, None], torch.zeros(1), eps=0.0)",
        jax="jnp.linalg.norm(x[:, None], axis=1)",
        jaxgrad="F.pairwise_distance(x[:, None], jnp.zeros(1), eps=0.0)",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="The derivative of PyTorch's norm at 0 is 0, that of JAX's NaN.",
        link=_DOC.format("pairwise_distance"),
    ),
    _case(
        name="cosine_embedding_loss over one coordinate",
        inputs=_GRID,
        torch="one = torch.ones_like(x)\nu = torch.stack([x, one], 1)\n"
        f"F.cosine_embedding_loss(u, torch.stack([one, 0 * x], 1), -one, {_NONE})",
        jax="jnp.maximum(0.0, x / jnp.sqrt(x * x + 1))",
        jaxgrad="one = jnp.ones_like(x)\nu = jnp.stack([x, one], 1)\n"
        f"F.cosine_embedding_loss(u, jnp.stack([one, 0 * x], 1), -one, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="Where the cosine is the margin, PyTorch's clamp_min passes the whole gradient.",
        link=_DOC.format("cosine_embedding_loss"),
    ),
    _case(
        name="triplet_margin_loss over the anchor",
        inputs=_GRID,
        torch="u = x[:, None]\n"
        f"F.triplet_margin_loss(u, 0 * u, 0 * u + 1, margin=0.5, eps=0.0, {_NONE})",
        jax="jnp.maximum(0.0, jnp.abs(x) - jnp.abs(x - 1.0) + 0.5)",
        jaxgrad="u = x[:, None]\n"
        f"F.triplet_margin_loss(u, 0 * u, 0 * u + 1, margin=0.5, eps=0.0, {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        picture="kink",
        why="Three kinks: the distances at 0 and 1, whose slope is 0 in PyTorch, and the margin.",
        link=_DOC.format("triplet_margin_loss"),
    ),
    _case(
        name="cosine_similarity with a zero vector",
        inputs=_ZERO,
        torch="F.cosine_similarity(x, y)",
        jax="optax.cosine_similarity(x, y)",
        jaxgrad="F.cosine_similarity(x, y)",
        grads=("x", "y"),
        verdict_jax="value",
        why="PyTorch clamps each norm to 1e-8; optax's epsilon is 0 by default.",
        link=_COSINE,
    ),
    _case(
        name="cosine_similarity with a zero vector, optax's epsilon = 1e-8",
        inputs=_ZERO,
        torch="F.cosine_similarity(x, y)",
        jax="optax.cosine_similarity(x, y, epsilon=1e-8)",
        jaxgrad="F.cosine_similarity(x, y)",
        grads=("x", "y"),
        verdict_jax="gradient",
        why="PyTorch clamps the norm and optax its square: the gradients are 1e8 and 1e4.",
        link=_COSINE,
    ),
)
