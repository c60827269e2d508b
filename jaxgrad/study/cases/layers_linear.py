"""Linear layers and convolutions: layouts, paddings and strides."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_CONV = "https://docs.jax.dev/en/latest/notebooks/convolutions.html"
_FUNCTIONAL = _DOCS + "torch.nn.functional."
_RNG = np.random.RandomState(0)
_LINEAR = {
    "x": _RNG.randn(2, 3).astype(np.float32),
    "w": _RNG.randn(3, 3).astype(np.float32),
}
_IMAGE = {
    "x": _RNG.randn(1, 1, 6, 6).astype(np.float32),
    "w": _RNG.randn(1, 1, 3, 3).astype(np.float32),
}
_GROUPS = {
    "x": _RNG.randn(1, 4, 5, 5).astype(np.float32),
    "w": _RNG.randn(4, 2, 3, 3).astype(np.float32),
}

CASES = (
    Case(
        family="layers",
        name="linear",
        inputs=_LINEAR,
        torch="F.linear(x, w)",
        jax="x @ w",
        remedy="x @ w.T",
        verdict_jax="value",
        grads=(
            "x",
            "w",
        ),
        why=(
            "PyTorch's weight is (out, in) and multiplied transposed, which a square matrix hides."
        ),
        link=_FUNCTIONAL + "linear.html",
    ),
    Case(
        family="layers",
        name="a flax Linear with PyTorch's weight",
        inputs={"x": _RNG.randn(2, 3).astype(np.float32), "w": _RNG.randn(4, 3).astype(np.float32)},
        torch="""\
layer = nn.Linear(3, 4, bias=False)
layer.weight = nn.Parameter(w)
layer(x)""",
        jax="""\
layer = nnx.Linear(3, 4, use_bias=False, rngs=nnx.Rngs(0))
layer.kernel[...] = w
layer(x)""",
        remedy="""\
layer = nnx.Linear(3, 4, use_bias=False, rngs=nnx.Rngs(0))
layer.kernel[...] = w.T
layer(x)""",
        verdict_jax="error",
        why="flax's kernel is (in, out), and nothing checks the shape before it is used.",
        link="https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/linear.html",
    ),
    Case(
        family="layers",
        name="an equinox Linear with PyTorch's weight",
        inputs={"x": _RNG.randn(2, 3).astype(np.float32), "w": _RNG.randn(4, 3).astype(np.float32)},
        torch="F.linear(x, w)",
        jax="""\
layer = eqx.nn.Linear(3, 4, use_bias=False, key=key)
layer = eqx.tree_at(lambda layer: layer.weight, layer, w)
jax.vmap(layer)(x)""",
        grads=(
            "x",
            "w",
        ),
        why="equinox has PyTorch's layout, and takes one sample at a time.",
        link="https://docs.kidger.site/equinox/api/nn/linear/",
    ),
    Case(
        family="layers",
        name="an equinox Linear called on a batch",
        inputs={"x": _RNG.randn(2, 3).astype(np.float32)},
        torch="list(nn.Linear(3, 4)(x).shape)",
        jax="list(eqx.nn.Linear(3, 4, key=key)(x).shape)",
        remedy="list(jax.vmap(eqx.nn.Linear(3, 4, key=key))(x).shape)",
        verdict_jax="error",
        why="equinox's layers take one sample; vmap makes it a batch.",
        link="https://docs.kidger.site/equinox/api/nn/linear/",
    ),
    Case(
        family="layers",
        name="bilinear",
        inputs={
            "x": _RNG.randn(2, 3).astype(np.float32),
            "w": _RNG.randn(4, 3, 3).astype(np.float32),
        },
        torch="F.bilinear(x, x, w)",
        jax='jnp.einsum("bi,oij,bj->bo", x, w, x)',
        grads=(
            "x",
            "w",
        ),
        why="One sum over both inputs.",
        link=_FUNCTIONAL + "bilinear.html",
    ),
    Case(
        family="layers",
        name="two uses of one weight",
        inputs=_LINEAR,
        torch="""\
w.requires_grad_()
F.linear(F.linear(x, w), w).sum().backward()
w.grad""",
        jax="""\
params = {"first": w, "second": w}
grads = jax.grad(lambda p: (x @ p["first"].T @ p["second"].T).sum())(params)
grads["first"]""",
        remedy="jax.grad(lambda w: (x @ w.T @ w.T).sum())(w)",
        verdict_jax="value",
        why=(
            "A tied weight is one tensor with one gradient; twice in a dict it is two arrays, "
            "each with its part."
        ),
        link="https://docs.jax.dev/en/latest/pytrees.html",
    ),
    Case(
        family="layers",
        name="conv2d",
        inputs=_IMAGE,
        torch="F.conv2d(x, w)",
        jax='jax.lax.conv(x, w, (1, 1), "VALID")',
        grads=(
            "x",
            "w",
        ),
        why="Both multiply without turning the kernel round, and lax.conv has PyTorch's layout.",
        link=_CONV,
    ),
    Case(
        family="layers",
        name="conv1d against convolve",
        inputs={"x": f32([1.0, 2.0, 3.0, 4.0]), "w": f32([1.0, 0.0, -1.0])},
        torch="F.conv1d(x[None, None], w[None, None])[0, 0]",
        jax='jnp.convolve(x, w, mode="valid")',
        remedy='jnp.correlate(x, w, mode="valid")',
        verdict_jax="value",
        grads=(
            "x",
            "w",
        ),
        why=(
            "What PyTorch calls a convolution is NumPy's correlate: convolve turns the kernel "
            "round."
        ),
        link=_FUNCTIONAL + "conv1d.html",
    ),
    Case(
        family="layers",
        name="conv2d with padding=1",
        inputs=_IMAGE,
        torch="F.conv2d(x, w, padding=1)",
        jax='jax.lax.conv(x, w, (1, 1), "SAME")',
        grads=(
            "x",
            "w",
        ),
        why="At a stride of 1 SAME pads a kernel of 3 by one on each side.",
        link=_CONV,
    ),
    Case(
        family="layers",
        name="conv2d with padding=1 and stride 2",
        inputs=_IMAGE,
        torch="F.conv2d(x, w, stride=2, padding=1)",
        jax='jax.lax.conv(x, w, (2, 2), "SAME")',
        remedy="jax.lax.conv_general_dilated(x, w, (2, 2), ((1, 1), (1, 1)))",
        verdict_jax="value",
        grads=(
            "x",
            "w",
        ),
        why=(
            "Of an even size SAME pads nothing before and one after: the same shape, but every "
            "window is moved by one."
        ),
        link=_CONV,
    ),
    Case(
        family="layers",
        name="conv2d with padding='same' and stride 2",
        inputs=_IMAGE,
        torch='F.conv2d(x, w, stride=2, padding="same")',
        jax='jax.lax.conv(x, w, (2, 2), "SAME")',
        verdict_jax="error",
        why=(
            "PyTorch refuses, as the paddings would differ; no remedy is needed where SAME is "
            "meant as JAX has it."
        ),
        link=_FUNCTIONAL + "conv2d.html",
    ),
    Case(
        family="layers",
        name="conv2d with padding='same' and an even kernel",
        inputs={
            "x": _RNG.randn(1, 1, 4, 4).astype(np.float32),
            "w": _RNG.randn(1, 1, 2, 2).astype(np.float32),
        },
        torch='F.conv2d(x, w, padding="same")',
        jax='jax.lax.conv(x, w, (1, 1), "SAME")',
        grads=(
            "x",
            "w",
        ),
        why="The odd one of the padding comes after, on both sides.",
        link=_FUNCTIONAL + "conv2d.html",
    ),
    Case(
        family="layers",
        name="conv2d in groups",
        inputs=_GROUPS,
        torch="F.conv2d(x, w, groups=2)",
        jax='jax.lax.conv_general_dilated(x, w, (1, 1), "VALID", feature_group_count=2)',
        grads=(
            "x",
            "w",
        ),
        why="The layout (out, in / groups, height, width) on both sides.",
        link=_CONV,
    ),
    Case(
        family="layers",
        name="the shape of a flax Conv",
        inputs={"x": _RNG.randn(1, 6, 6, 3).astype(np.float32)},
        torch="list(nn.Conv2d(3, 5, 3)(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).shape)",
        jax="list(nnx.Conv(3, 5, (3, 3), rngs=nnx.Rngs(0))(x).shape)",
        remedy='list(nnx.Conv(3, 5, (3, 3), padding="VALID", rngs=nnx.Rngs(0))(x).shape)',
        verdict_jax="value",
        why="PyTorch's default is no padding, flax's SAME.",
        link=_DOCS + "torch.nn.Conv2d.html",
    ),
    Case(
        family="layers",
        name="a flax Conv on PyTorch's layout",
        inputs={"x": _RNG.randn(1, 3, 4, 6).astype(np.float32)},
        torch="list(nn.Conv2d(3, 5, 1)(x).shape)",
        jax="list(nnx.Conv(3, 5, (1, 1), rngs=nnx.Rngs(0))(x).shape)",
        remedy="""\
layer = nnx.Conv(3, 5, (1, 1), rngs=nnx.Rngs(0))
list(layer(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2).shape)""",
        verdict_jax="error",
        why="PyTorch's channels are the second dimension, flax's the last.",
        link=_DOCS + "torch.nn.Conv2d.html",
    ),
    Case(
        family="layers",
        name="a flax Conv with a kernel size of 3",
        torch="nn.Conv2d(3, 5, 3).weight.numel()",
        jax="nnx.Conv(3, 5, 3, rngs=nnx.Rngs(0)).kernel.size",
        remedy="nnx.Conv(3, 5, (3, 3), rngs=nnx.Rngs(0)).kernel.size",
        verdict_jax="value",
        why=(
            "flax tells the number of dimensions from the kernel's size, so that one number means "
            "a convolution along one line; on a batch of images it raises nothing."
        ),
        link=_DOCS + "torch.nn.Conv2d.html",
    ),
    Case(
        family="layers",
        name="conv_transpose2d with stride 2",
        inputs=_IMAGE,
        torch="F.conv_transpose2d(x, w, stride=2)",
        jax="""\
jax.lax.conv_transpose(x, w, (2, 2), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"))""",
        remedy="""\
jax.lax.conv_transpose(
    x, w, (2, 2), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"), transpose_kernel=True
)""",
        verdict_jax="value",
        grads=(
            "x",
            "w",
        ),
        why=(
            "PyTorch's is the transpose of conv2d, with the kernel turned round; JAX turns it "
            "when asked."
        ),
        link=_FUNCTIONAL + "conv_transpose2d.html",
    ),
    Case(
        family="layers",
        name="conv_transpose2d with padding and output_padding",
        inputs=_IMAGE,
        torch="F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)",
        jax="""\
jax.lax.conv_transpose(
    x, w, (2, 2), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"), transpose_kernel=True
)""",
        remedy="""\
jax.lax.conv_transpose(
    x, w, (2, 2), ((1, 2), (1, 2)),
    dimension_numbers=("NCHW", "OIHW", "NCHW"), transpose_kernel=True,
)""",
        verdict_jax="value",
        grads=(
            "x",
            "w",
        ),
        why=(
            "The same size, 12, but other paddings: kernel - 1 - padding before, and "
            "output_padding more after."
        ),
        link=_FUNCTIONAL + "conv_transpose2d.html",
    ),
)
