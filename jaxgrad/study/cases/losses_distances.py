"""Distances and similarities of vectors, and the losses made of them."""

import functools

import numpy as np

from ..case import Case, f32

_case = functools.partial(Case, family="losses")
_DOC = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"
_COSINE, _PAIR = _DOC.format("cosine_similarity"), _DOC.format("pairwise_distance")
_EMBED, _TRIPLET = _DOC.format("cosine_embedding_loss"), _DOC.format("triplet_margin_loss")
_OWN = _DOC.format("triplet_margin_with_distance_loss")
_RNG = np.random.RandomState(0)
_THREE = {name: _RNG.randn(4, 3).astype(np.float32) for name in ("a", "p", "n")}
_ZERO = {"x": f32([[0, 0]]), "z": f32([[1, 0]]), "y": f32([1])}
_EQUAL = {"a": f32([[1, 2]]), "p": f32([[1, 2]]), "n": f32([[1.5, 2]])}

CASES = (
    _case(
        name="cosine_similarity",
        inputs=_THREE,
        torch="F.cosine_similarity(a, p)",
        jax="optax.cosine_similarity(a, p)",
        jaxgrad="F.cosine_similarity(a, p)",
        grads=("a", "p"),
        why="The same away from 0.",
        link=_COSINE,
    ),
    _case(
        name="cosine_similarity of vectors shorter than eps",
        inputs={"x": f32([[1e-3, 1e-3]]), "y": f32([[1, 2]])},
        torch="F.cosine_similarity(x, y, eps=0.5)",
        jax="x = x / jnp.maximum(jnp.linalg.norm(x, axis=1), 0.5)\n"
        "y = y / jnp.maximum(jnp.linalg.norm(y, axis=1), 0.5)\njnp.sum(x * y, axis=1)",
        jaxgrad="F.cosine_similarity(x, y, eps=0.5)",
        grads=("x", "y"),
        verdict_jax="gradient",
        why="PyTorch clamps the norm out of sight of autograd: its derivative is still there.",
        link=_COSINE,
    ),
    _case(
        name="cosine_similarity, the second derivative at a zero vector",
        inputs={"x": f32([0, 0]), "y": f32([1, 0])},
        torch="x.requires_grad_()\nv = F.cosine_similarity(x, y, dim=0, eps=0.5)\n"
        "(g,) = torch.autograd.grad(v, x, create_graph=True)\ntorch.autograd.grad(g.sum(), x)[0]",
        jax="jax.hessian(lambda x: optax.cosine_similarity(x, y, epsilon=0.5))(x).sum(0)",
        jaxgrad="jax.hessian(lambda x: F.cosine_similarity(x, y, dim=0, eps=0.5))(x).sum(0)",
        verdict_jax="value",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
norm = lambda x: max(np.linalg.norm(x), 0.5)
f = lambda x: x @ y / norm(x) / norm(y)
steps, along = np.eye(2) * 1e-3, np.full(2, 1e-3)
four = lambda a, b: f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)
np.array([four(step, along) / 4e-6 for step in steps])""",
        why="Below eps the similarity is linear in x, and its second derivative 0; PyTorch's "
        "has that of the norm in it, NaN at 0.",
        link=_COSINE,
    ),
    _case(
        name="cosine_similarity of integers",
        inputs={"x": np.array([[1, 2]]), "y": np.array([[2, 1]])},
        torch="F.cosine_similarity(x, y)",
        jax="optax.cosine_similarity(x.astype(float), y.astype(float))",
        jaxgrad="F.cosine_similarity(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad want floating point numbers.",
        link=_COSINE,
    ),
    _case(
        name="pairwise_distance",
        inputs=_THREE,
        torch="F.pairwise_distance(a, p)",
        jax="jnp.linalg.norm(a - p, axis=-1)",
        jaxgrad="F.pairwise_distance(a, p)",
        grads=("a",),
        why="The 1e-6 that PyTorch adds to each difference is not seen here.",
        link=_PAIR,
        rtol=1e-5,
    ),
    _case(
        name="pairwise_distance of equal points",
        inputs={"x": f32([[1, 2]]), "y": f32([[1, 2]])},
        torch="F.pairwise_distance(x, y)",
        jax="jnp.linalg.norm(x - y, axis=-1)",
        jaxgrad="F.pairwise_distance(x, y)",
        grads=("x",),
        verdict_jax="gradient",
        why="PyTorch adds 1e-6 to each difference: the gradient is that of a short vector.",
        link=_PAIR,
    ),
    _case(
        name="pairwise_distance of equal points, eps = 0",
        inputs={"x": f32([[1, 2]]), "y": f32([[1, 2]])},
        torch="F.pairwise_distance(x, y, eps=0.0)",
        jax="jnp.linalg.norm(x - y, axis=-1)",
        jaxgrad="F.pairwise_distance(x, y, eps=0.0)",
        grads=("x",),
        verdict_jax="gradient",
        why="The derivative of PyTorch's norm at 0 is 0; that of a square root of 0 is NaN.",
        link=_PAIR,
    ),
    _case(
        name="pairwise_distance, p = inf, largest differences that are equal",
        inputs={"x": f32([[3, -3, 1]]), "y": f32([[0, 0, 0]])},
        torch="F.pairwise_distance(x, y, p=float('inf'), eps=0.0)",
        jax="jnp.max(jnp.abs(x - y), axis=-1)",
        jaxgrad="F.pairwise_distance(x, y, p=jnp.inf, eps=0.0)",
        grads=("x",),
        why="They share the gradient on each side.",
        link=_PAIR,
    ),
    _case(
        name="pairwise_distance of unsigned integers",
        inputs={"x": np.array([[1, 2]], np.uint8), "y": np.array([[3, 4]], np.uint8)},
        torch="F.pairwise_distance(x, y)",
        jax="jnp.linalg.norm(x - y + 1e-6, axis=-1)",
        jaxgrad="F.pairwise_distance(x, y)",
        verdict_jaxgrad="value",
        departs="right",
        oracle="np.linalg.norm(x.astype(float) - y + 1e-6, axis=-1)",
        why="1 - 3 is 254 as an unsigned byte; jaxgrad subtracts in float32.",
        link=_PAIR,
    ),
    _case(
        name="cosine_embedding_loss",
        inputs={"x": _THREE["a"], "z": _THREE["p"], "y": f32([1, -1, 1, -1])},
        torch="F.cosine_embedding_loss(x, z, y)",
        jax="cosine = optax.cosine_similarity(x, z)\n"
        "jnp.mean(jnp.where(y == 1, 1 - cosine, jnp.maximum(0.0, cosine)))",
        jaxgrad="F.cosine_embedding_loss(x, z, y)",
        grads=("x", "z"),
        why="The same away from 0.",
        link=_EMBED,
    ),
    _case(
        name="cosine_embedding_loss at a zero vector",
        inputs=_ZERO,
        torch="F.cosine_embedding_loss(x, z, y)",
        jax="jnp.mean(optax.cosine_distance(x, z))",
        jaxgrad="F.cosine_embedding_loss(x, z, y)",
        grads=("x",),
        verdict_jax="value",
        why="PyTorch adds 1e-12 to the squared lengths; optax's epsilon is 0.",
        link=_EMBED,
    ),
    _case(
        name="cosine_embedding_loss at a zero vector, in float16",
        inputs={name: value.astype(np.float16) for name, value in _ZERO.items()},
        torch="F.cosine_embedding_loss(x, z, y)",
        jax="jnp.mean(optax.cosine_distance(x, z))",
        jaxgrad="F.cosine_embedding_loss(x, z, y)",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
x, z = x.astype(float), z.astype(float)
lengths = np.sqrt((np.sum(x * x, 1) + 1e-12) * (np.sum(z * z, 1) + 1e-12))
np.mean(1 - np.sum(x * z, 1) / lengths)""",
        why="1e-12 is 0 in float16, so that PyTorch's loss is NaN; jaxgrad computes in float32.",
        link=_EMBED,
    ),
    _case(
        name="cosine_embedding_loss of one pair with two targets",
        inputs={"x": f32([[1, 0]]), "z": f32([[1, 1]]), "y": f32([1, -1])},
        torch="F.cosine_embedding_loss(x, z, y)",
        jax="cosine = optax.cosine_similarity(x, z)\n"
        "jnp.mean(jnp.where(y == 1, 1 - cosine, jnp.maximum(0.0, cosine)))",
        jaxgrad="F.cosine_embedding_loss(x, z, y)",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch and JAX broadcast in silence.",
        link=_EMBED,
    ),
    _case(
        name="triplet_margin_loss with the anchor as its own positive",
        inputs=_EQUAL,
        torch="F.triplet_margin_loss(a, p, n)",
        jax="optax.losses.triplet_margin_loss(a, p, n).mean()",
        jaxgrad="F.triplet_margin_loss(a, p, n)",
        grads=("a",),
        verdict_jax="value",
        why="The distance there is 1.4e-6 in PyTorch, which adds 1e-6 to each difference, and 1e-3 "
        "in optax, which adds it under the root.",
        link=_TRIPLET,
    ),
    _case(
        name="triplet_margin_loss, p = 1",
        inputs=_THREE,
        torch="F.triplet_margin_loss(a, p, n, p=1)",
        jax="optax.losses.triplet_margin_loss(a, p, n, norm_degree=1).mean()",
        jaxgrad="F.triplet_margin_loss(a, p, n, p=1)",
        grads=("a",),
        verdict_jax="value",
        why="optax raises the signed differences to the degree: an odd one gives no distance.",
        link=_TRIPLET,
    ),
    _case(
        name="triplet_margin_loss, swapped",
        inputs=_THREE,
        torch="F.triplet_margin_loss(a, p, n, swap=True)",
        jax="optax.losses.triplet_margin_loss(a, p, n).mean()",
        jaxgrad="F.triplet_margin_loss(a, p, n, swap=True)",
        grads=("a", "p", "n"),
        verdict_jax="value",
        why="The negative may be nearer to the positive than to the anchor; optax has no swap.",
        link=_TRIPLET,
    ),
    _case(
        name="triplet_margin_loss, a margin of 0",
        inputs=_THREE,
        torch="F.triplet_margin_loss(a, p, n, margin=0.0)",
        jax="optax.losses.triplet_margin_loss(a, p, n, margin=0.0).mean()",
        jaxgrad="F.triplet_margin_loss(a, p, n, margin=0.0)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; optax takes any margin.",
        link=_TRIPLET,
    ),
    _case(
        name="triplet_margin_with_distance_loss of cosine distances",
        inputs=_THREE,
        torch="F.triplet_margin_with_distance_loss(a, p, n,\n"
        "    distance_function=lambda u, v: 1 - F.cosine_similarity(u, v))",
        jax="near, far = optax.cosine_distance(a, p), optax.cosine_distance(a, n)\n"
        "jnp.mean(jnp.maximum(near - far + 1.0, 0.0))",
        jaxgrad="F.triplet_margin_with_distance_loss(a, p, n,\n"
        "    distance_function=lambda u, v: 1 - F.cosine_similarity(u, v))",
        grads=("a",),
        why="Written out.",
        link=_OWN,
    ),
)
