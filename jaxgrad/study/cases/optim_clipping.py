"""Clipping gradients by their norm and by their values."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_NORM = _DOCS + "torch.nn.utils.clip_grad_norm_.html"
_VALUE = _DOCS + "torch.nn.utils.clip_grad_value_.html"
_TWO = {"a": f32([3.0, 4.0]), "b": f32([12.0])}

CASES = (
    Case(
        family="optim",
        name="clip_grad_norm_ of two parameters, norm 13",
        inputs={"a": np.array([3.0, 4.0]), "b": np.array([12.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="value",
        x64=True,
        why=(
            "One norm over all parameters, 13; PyTorch divides by 13.000001, so that the eighth "
            "digit differs."
        ),
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ of a norm that is the limit",
        inputs={"a": np.array([3.0, 4.0]), "b": np.array([0.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 5.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(5.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(5.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="value",
        x64=True,
        why=(
            "5 / (5 + 1e-6) is below 1, so that PyTorch shortens even what is just as long as it "
            "may be."
        ),
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ of a norm below the limit",
        inputs={"a": f32([3.0, 4.0]), "b": f32([0.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 6.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(6.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(6.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        why="The scale is at most 1: nothing changes.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ at 0.01 of a norm of 0.02",
        inputs={"a": np.array([0.012, 0.016]), "b": np.array([0.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 0.01)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(0.01).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(0.01)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="value",
        x64=True,
        why="Of small norms the 1e-6 is a larger part: the results differ in the fifth digit.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ of zeros",
        inputs={"a": f32([0.0, 0.0]), "b": f32([0.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        why="No 0 / 0 on either side: optax scales only what is too long.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ of zeros to 0",
        inputs={"a": f32([0.0, 0.0]), "b": f32([0.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 0.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(0.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(0.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="value",
        why=(
            "In optax 0 is not below the limit 0, and it divides 0 by 0; the 1e-6 saves PyTorch "
            "from it."
        ),
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ with one infinity",
        inputs={"a": f32([np.inf, 1.0]), "b": f32([1.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        why="Everything is divided by infinity: NaN for the infinity and 0 for the rest.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ with one infinity, as an error",
        inputs={"a": f32([np.inf, 1.0]), "b": f32([1.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0, error_if_nonfinite=True)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="error",
        why="PyTorch raises when asked to; optax has no such option.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ with the infinity norm",
        inputs=_TWO,
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0, norm_type=torch.inf)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0, norm_type=jnp.inf)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="value",
        why="The largest element counts; optax has the 2-norm only.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ with the 1-norm",
        inputs=_TWO,
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0, norm_type=1)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0, norm_type=1)
clip.update([a, b], clip.init([a, b]))[0]""",
        verdict_jax="value",
        why="The sum of the absolute values, 19; optax has the 2-norm only.",
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ where the square overflows",
        inputs={"a": f32([3e19, 4e19]), "b": f32([0.0])},
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0)
[p.grad for p in params]""",
        jax="optax.clip_by_global_norm(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
clip.update([a, b], clip.init([a, b]))[0]""",
        why=(
            "The squares are beyond float32, the norm infinite and every gradient 0, on both sides."
        ),
        link=_NORM,
    ),
    Case(
        family="optim",
        name="what clip_grad_norm_ returns",
        inputs=_TWO,
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
nn.utils.clip_grad_norm_(params, 1.0)""",
        jax="""\
jax.tree.leaves(optax.clip_by_global_norm(1.0).update([a, b], optax.EmptyState())[1])""",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
clip.update([a, b], clip.init([a, b]))[1].total_norm""",
        verdict_jax="structure",
        why=(
            "The norm before it was clipped, which is what gets logged; optax's state is empty, "
            "and global_norm a call of its own."
        ),
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ of each parameter for itself",
        inputs=_TWO,
        torch="""\
params = [torch.zeros_like(a), torch.zeros_like(b)]
params[0].grad, params[1].grad = a, b
for p in params:
    nn.utils.clip_grad_norm_([p], 1.0)
[p.grad for p in params]""",
        jax="optax.clip_by_block_rms(1.0).update([a, b], None)[0]",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
[clip.update(g, clip.init(g))[0] for g in (a, b)]""",
        verdict_jax="value",
        why=(
            "Called for each parameter it knows no others; optax's clip_by_block_rms bounds the "
            "root mean square, not the norm."
        ),
        link=_NORM,
    ),
    Case(
        family="optim",
        name="clip_grad_value_",
        inputs={"a": f32([0.5, -2.0, np.inf, np.nan])},
        torch="""\
p = torch.zeros(4)
p.grad = a
nn.utils.clip_grad_value_([p], 1.0)
p.grad""",
        jax="optax.clip(1.0).update(a, None)[0]",
        jaxgrad="jaxgrad.optim.clip_grad_value(1.0).update(a, None)[0]",
        why="Each element within [-1, 1], infinities too; NaN stays NaN.",
        link=_VALUE,
    ),
    Case(
        family="optim",
        name="clip_grad_norm_ without gradients",
        torch="nn.utils.clip_grad_norm_([torch.zeros(2)], 1.0)",
        jax="optax.global_norm([])",
        jaxgrad="""\
clip = jaxgrad.optim.clip_grad_norm(1.0)
clip.update([], clip.init([]))[1].total_norm""",
        why="A norm of 0 where nothing has a gradient.",
        link=_NORM,
    ),
)
