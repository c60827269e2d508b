"""Losses of probabilities of one class, and of their logits."""

import functools

import numpy as np

from ..case import Case, f32

_case = functools.partial(Case, family="losses")
_DOC = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"
_BCE, _LOGITS = (
    _DOC.format("binary_cross_entropy"),
    _DOC.format("binary_cross_entropy_with_logits"),
)
_PY = {"p": f32([0.2, 0.7, 0.999, 0.4]), "y": f32([0, 1, 1, 0.5])}
_BOUNDS = {"p": f32([0, 1, 0, 1]), "y": f32([1, 0, 0, 1])}
_XY = {"x": f32([0.3, -1.2, 2.5, 0]), "y": f32([0, 1, 1, 0])}
_SOFT = {"x": f32([0.3, -1.2, 2.5, 0]), "y": f32([0.3, 0.5, 0.9, 0])}
_PLAIN = "jnp.mean(-(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)))"
_CALL, _WITH = "F.binary_cross_entropy", "F.binary_cross_entropy_with_logits"
_OPTAX = "optax.sigmoid_binary_cross_entropy(x, y)"
_FOCAL = (
    "p = {}\n"
    "loss = F.binary_cross_entropy_with_logits(x, y, reduction='none')\n"
    "right = p * y + (1 - p) * (1 - y)\n"
    "((0.25 * y + 0.75 * (1 - y)) * loss * (1 - right) ** 2).mean()"
)

CASES = (
    _case(
        name="binary_cross_entropy",
        inputs=_PY,
        torch=f"{_CALL}(p, y)",
        jax=_PLAIN,
        jaxgrad=f"{_CALL}(p, y)",
        grads=("p", "y"),
        why="The same inside of (0, 1).",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy and optax.sigmoid_binary_cross_entropy",
        inputs=_PY,
        torch=f"{_CALL}(p, y)",
        jax="jnp.mean(optax.sigmoid_binary_cross_entropy(p, y))",
        jaxgrad=f"{_CALL}(p, y)",
        grads=("p",),
        verdict_jax="value",
        why="optax's takes logits: probabilities give a plausible loss that is wrong.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of 0 and 1",
        inputs=_BOUNDS,
        torch=f"{_CALL}(p, y, reduction='none')",
        jax="-(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))",
        jaxgrad=f"{_CALL}(p, y, reduction='none')",
        grads=("p",),
        verdict_jax="value",
        why="Each logarithm is at least -100: the loss is 100 or 0, never inf or NaN.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of 0 and 1, clipped to 1e-7",
        inputs=_BOUNDS,
        torch=f"{_CALL}(p, y)",
        jax="p = jnp.clip(p, 1e-7, 1 - 1e-7)\n" + _PLAIN,
        jaxgrad=f"{_CALL}(p, y)",
        grads=("p",),
        verdict_jax="value",
        why="Clipping the probability, as Keras does, gives 8 where PyTorch gives 50.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy, a target of 2",
        inputs={"p": f32([0.5]), "y": f32([2])},
        torch=f"{_CALL}(p, y)",
        jax=_PLAIN,
        jaxgrad=f"{_CALL}(p, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; in JAX the loss is a number.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy, a probability of 1 + 1e-6",
        inputs={"p": f32([1 + 1e-6]), "y": f32([1])},
        torch=f"{_CALL}(p, y)",
        jax="jnp.mean(-jnp.where(y == 1, jnp.log(p), jnp.log(1 - p)))",
        jaxgrad=f"{_CALL}(p, y)",
        verdict_jax="error",
        why="A rounding error above 1 is refused too.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of NaN",
        inputs={"p": f32([np.nan]), "y": f32([1])},
        torch=f"{_CALL}(p, y)",
        jax=_PLAIN,
        jaxgrad=f"{_CALL}(p, y)",
        verdict_jax="error",
        why="NaN is outside [0, 1] and refused: a training that diverges stops here.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of (4, 1) and (4,)",
        inputs={"p": _PY["p"][:, None], "y": _PY["y"]},
        torch=f"{_CALL}(p, y)",
        jax=_PLAIN,
        jaxgrad=f"{_CALL}(p, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; JAX averages a 4 by 4 matrix in silence.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy weighted",
        inputs={**_PY, "w": f32([1, 0, 2, 4])},
        torch=f"{_CALL}(p, y, weight=w)",
        jax="jnp.average(-(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)), weights=w)",
        jaxgrad=f"{_CALL}(p, y, weight=w)",
        grads=("p",),
        verdict_jax="value",
        why="Divided by the number of elements, 4, not by the weights, 7: unlike cross_entropy.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy, the gradient of the weights",
        inputs={**_PY, "w": f32([1, 0, 2, 4])},
        torch=f"{_CALL}(p, y, weight=w, reduction='sum')",
        jax="jnp.sum(w * -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)))",
        jaxgrad=f"{_CALL}(p, y, weight=w, reduction='sum')",
        grads=("w",),
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle='{"w": -scipy.special.xlogy(y, p) - scipy.special.xlog1py(1 - y, -p)}',
        why="PyTorch refuses to give the weights one; in JAX and jaxgrad it is that of the loss.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of sigmoid(-200)",
        inputs={"x": f32([-200, 20]), "y": f32([1, 0])},
        torch=f"{_CALL}(x.sigmoid(), y, reduction='none')",
        jax=_OPTAX,
        jaxgrad=f"{_CALL}(jax.nn.sigmoid(x), y, reduction='none')",
        grads=("x",),
        verdict_jax="value",
        why="The probabilities have rounded to 0 and 1: the losses are 100 and 100 instead of 200 "
        "and 20, with gradients of 0. A port to logits repairs the model.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of float16, 0 against 0",
        inputs={"p": np.array([0, 0.5], np.float16), "y": np.array([0, 1], np.float16)},
        torch=f"{_CALL}(p, y, reduction='none')",
        jax="-(y * jnp.maximum(jnp.log(p), -100) + (1 - y) * jnp.maximum(jnp.log1p(-p), -100))",
        jaxgrad=f"{_CALL}(p, y, reduction='none')",
        grads=("p",),
        verdict_jaxgrad="gradient",
        departs="limit",
        why="PyTorch's bound 1e-12 of p (1 - p) is 0 in float16, and its gradient 0 / 0, NaN "
        "as in JAX. jaxgrad's is 0, which is PyTorch's in float32; that of -log(1 - p) is"
        " 1.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy of bfloat16",
        inputs=_PY,
        torch=f"{_CALL}(p.to(torch.bfloat16), y.to(torch.bfloat16), reduction='none')",
        jax="p, y = p.astype(jnp.bfloat16), y.astype(jnp.bfloat16)\n"
        "-(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))",
        jaxgrad=f"{_CALL}(p.astype(jnp.bfloat16), y.astype(jnp.bfloat16), reduction='none')",
        verdict_jax="value",
        why="0.999 is 1 in bfloat16, and 0 times the logarithm of 0 NaN; PyTorch bounds it.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy, the second derivative",
        inputs={"p": np.array([0.0, 0.25]), "y": np.array([1.0, 1.0])},
        torch=f"torch.autograd.functional.hessian(lambda p: {_CALL}(p, y), p)",
        jax=f"jax.hessian(lambda p: {_PLAIN})(p)",
        jaxgrad=f"jax.hessian(lambda p: {_CALL}(p, y))(p)",
        x64=True,
        verdict_jax="value",
        why="Unlike the first it adds 1e-12 to p and to 1 - p: 5e23 at 0, half of 1 / 1e-24, where "
        "JAX's is not finite.",
        link=_BCE,
    ),
    _case(
        name="binary_cross_entropy_with_logits",
        inputs={"x": f32([0, 100, -100, 2.5]), "y": f32([1, 0, 1, 0.3])},
        torch=f"{_WITH}(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad=f"{_WITH}(x, y)",
        grads=("x", "y"),
        why="Exact for large logits on each side.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits, pos_weight",
        inputs=_XY,
        torch=f"{_WITH}(x, y, pos_weight=torch.tensor(3.0))",
        jax=f"jnp.mean((1 + 2 * y) * {_OPTAX})",
        jaxgrad=f"{_WITH}(x, y, pos_weight=jnp.float32(3))",
        grads=("x",),
        why="For targets of 0 and 1 it weights the samples of 1.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits, pos_weight and soft targets",
        inputs=_SOFT,
        torch=f"{_WITH}(x, y, pos_weight=torch.tensor(3.0))",
        jax=f"jnp.mean((1 + 2 * y) * {_OPTAX})",
        jaxgrad=f"{_WITH}(x, y, pos_weight=jnp.float32(3))",
        grads=("x", "y"),
        verdict_jax="value",
        why="It weights y log p alone, which is no weight of a sample once y is between 0 and 1.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits, pos_weight for each channel of an image",
        inputs={"x": np.ones((1, 2, 2, 2), np.float32), "w": f32([1, 5])},
        torch=f"{_WITH}(x, x, pos_weight=w, reduction='none')",
        jax="w = w[:, None, None]\n"
        "-(w * x * jax.nn.log_sigmoid(x) + (1 - x) * jax.nn.log_sigmoid(-x))",
        jaxgrad=f"{_WITH}(x, x, pos_weight=w, reduction='none')",
        verdict_jax="value",
        why="The last axis gets the weights, not the channels, unless they have shape (C, 1, 1): "
        "an image as wide as it has channels hides it.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits weighted",
        inputs={**_XY, "w": f32([1, 0, 2, 4])},
        torch=f"{_WITH}(x, y, weight=w)",
        jax=f"jnp.average({_OPTAX}, weights=w)",
        jaxgrad=f"{_WITH}(x, y, weight=w)",
        grads=("x",),
        verdict_jax="value",
        why="Divided by the number of elements, not by the weights: unlike cross_entropy.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits, the gradient of pos_weight",
        inputs={**_XY, "w": f32([1, 0, 2, 4])},
        torch=f"{_WITH}(x, y, pos_weight=w)",
        jax="-jnp.mean(w * y * jax.nn.log_sigmoid(x) + (1 - y) * jax.nn.log_sigmoid(-x))",
        jaxgrad=f"{_WITH}(x, y, pos_weight=w)",
        grads=("w",),
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle='{"w": y * np.logaddexp(0, -x) / x.size}',
        why="PyTorch refuses to give it one; in JAX and jaxgrad it is that of the loss.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits with a target of integers",
        inputs={"x": f32([0.3, -1.2]), "y": np.array([0, 1])},
        torch=f"{_WITH}(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad=f"{_WITH}(x, y)",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; optax promotes.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits of float16 and a float32 target",
        inputs={"x": np.array([0.3, -1.2], np.float16), "y": f32([0, 1])},
        torch=f"{_WITH}(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad=f"{_WITH}(x, y)",
        grads=("x",),
        verdict_jax="dtype",
        verdict_jaxgrad="value",
        departs="right",
        oracle="""\
x = x.astype(float)
np.mean(np.logaddexp(0, x) - x * y)""",
        why="The loss has the dtype of the target, but PyTorch takes the logarithm in float16; "
        "jaxgrad computes it all in float32.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits of float32 and a float16 target",
        inputs={"x": f32([0.3, -1.2]), "y": np.array([0, 1], np.float16)},
        torch=f"{_WITH}(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad=f"{_WITH}(x, y)",
        grads=("x",),
        verdict_jax="dtype",
        why="The loss has the dtype of the target, not the promoted one.",
        link=_LOGITS,
    ),
    _case(
        name="binary_cross_entropy_with_logits, a target of 2",
        inputs={"x": f32([1, 30]), "y": f32([2, 2])},
        torch=f"{_WITH}(x, y)",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad=f"{_WITH}(x, y)",
        grads=("x",),
        why="Not checked, unlike in binary_cross_entropy: the loss has no lower bound.",
        link=_LOGITS,
    ),
    _case(
        name="the focal loss written with binary_cross_entropy_with_logits",
        inputs=_XY,
        torch=_FOCAL.format("torch.sigmoid(x)"),
        jax="jnp.mean(optax.losses.sigmoid_focal_loss(x, y))",
        jaxgrad=_FOCAL.format("jax.nn.sigmoid(x)"),
        grads=("x",),
        verdict_jax="value",
        why="torchvision's alpha is 0.25; that of optax is none, unless it is given.",
        link="https://docs.pytorch.org/vision/main/generated/torchvision.ops.sigmoid_focal_loss.html",
    ),
)
