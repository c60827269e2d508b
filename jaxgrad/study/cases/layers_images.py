"""Pooling and resizing: windows, strides, edges and the centres of pixels."""

import numpy as np

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_POOL = "https://flax.readthedocs.io/en/latest/api_reference/flax.linen/layers.html#pooling"
_RESIZE = "https://docs.jax.dev/en/latest/_autosummary/jax.image.resize.html"
_FUNCTIONAL = _DOCS + "torch.nn.functional."
_RNG = np.random.RandomState(0)
_ODD = {"x": _RNG.randn(1, 1, 5, 5).astype(np.float32)}
_SIX = {"x": _RNG.randn(1, 1, 6, 6).astype(np.float32)}

CASES = (
    Case(
        family="layers",
        name="max_pool2d without a stride",
        inputs=_SIX,
        torch="F.max_pool2d(x, 2)",
        jax="nnx.max_pool(x.transpose(0, 2, 3, 1), (2, 2)).transpose(0, 3, 1, 2)",
        remedy="nnx.max_pool(x.transpose(0, 2, 3, 1), (2, 2), (2, 2)).transpose(0, 3, 1, 2)",
        verdict_jax="shape",
        grads=("x",),
        why="PyTorch steps by the size of the window, flax by 1.",
        link=_POOL,
    ),
    Case(
        family="layers",
        name="max_pool2d without a stride in equinox",
        inputs=_SIX,
        torch="F.max_pool2d(x, 2)[0]",
        jax="eqx.nn.MaxPool2d(2)(x[0])",
        remedy="eqx.nn.MaxPool2d(2, 2)(x[0])",
        verdict_jax="shape",
        grads=("x",),
        why="equinox steps by 1 as well.",
        link="https://docs.kidger.site/equinox/api/nn/pool/",
    ),
    Case(
        family="layers",
        name="max_pool2d with padding, of negative numbers",
        inputs={"x": -np.abs(_RNG.randn(1, 1, 4, 4)).astype(np.float32)},
        torch="F.max_pool2d(x, 2, padding=1)",
        jax="""\
pads = ((1, 1), (1, 1))
nnx.max_pool(x.transpose(0, 2, 3, 1), (2, 2), (2, 2), pads).transpose(0, 3, 1, 2)""",
        grads=("x",),
        why="Both pad with -inf, so that no window gives the padding.",
        link=_POOL,
    ),
    Case(
        family="layers",
        name="max_pool2d with ceil_mode",
        inputs=_ODD,
        torch="F.max_pool2d(x, 2, ceil_mode=True)",
        jax="nnx.max_pool(x.transpose(0, 2, 3, 1), (2, 2), (2, 2)).transpose(0, 3, 1, 2)",
        remedy="""\
nnx.max_pool(x.transpose(0, 2, 3, 1), (2, 2), (2, 2), "SAME").transpose(0, 3, 1, 2)""",
        verdict_jax="shape",
        grads=("x",),
        why=(
            "The window that is only partly inside is kept; SAME pads one at the end of an odd "
            "size."
        ),
        link=_POOL,
    ),
    Case(
        family="layers",
        name="avg_pool2d with padding",
        inputs=_SIX,
        torch="F.avg_pool2d(x, 2, padding=1)",
        jax="""\
pads = ((1, 1), (1, 1))
nnx.avg_pool(x.transpose(0, 2, 3, 1), (2, 2), (2, 2), pads).transpose(0, 3, 1, 2)""",
        grads=("x",),
        why="Both count the padding among what is averaged.",
        link=_POOL,
    ),
    Case(
        family="layers",
        name="avg_pool2d with ceil_mode",
        inputs=_ODD,
        torch="F.avg_pool2d(x, 2, ceil_mode=True)",
        jax="""\
nnx.avg_pool(x.transpose(0, 2, 3, 1), (2, 2), (2, 2), "SAME").transpose(0, 3, 1, 2)""",
        remedy="""\
nnx.avg_pool(
    x.transpose(0, 2, 3, 1), (2, 2), (2, 2), "SAME", count_include_pad=False
).transpose(0, 3, 1, 2)""",
        verdict_jax="value",
        grads=("x",),
        why=(
            "A window that is partly outside is divided by what is inside; flax counts its own "
            "padding."
        ),
        link=_POOL,
    ),
    Case(
        family="layers",
        name="adaptive_avg_pool2d to a size that does not divide",
        inputs={"x": _RNG.randn(1, 1, 5, 5).astype(np.float32)},
        torch="F.adaptive_avg_pool2d(x, 3)[0]",
        jax="eqx.nn.AdaptiveAvgPool2d(3)(x[0])",
        remedy="""\
start = [i * 5 // 3 for i in range(3)]
end = [-(-(i + 1) * 5 // 3) for i in range(3)]
parts = [[x[0, :, a:b, c:d].mean((1, 2)) for c, d in zip(start, end)] for a, b in zip(start, end)]
jnp.moveaxis(jnp.array(parts), 2, 0)""",
        verdict_jax="value",
        grads=("x",),
        why=(
            "PyTorch's windows overlap where the size does not divide; equinox's are of two "
            "sizes, side by side."
        ),
        link=_DOCS + "torch.nn.AdaptiveAvgPool2d.html",
    ),
    Case(
        family="layers",
        name="bilinear interpolation to twice the size",
        inputs=_SIX,
        torch='F.interpolate(x, scale_factor=2, mode="bilinear")',
        jax='jax.image.resize(x, (1, 1, 12, 12), "bilinear")',
        grads=("x",),
        why="The centres of the pixels are halves on both sides.",
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="bilinear interpolation to half the size",
        inputs=_SIX,
        torch='F.interpolate(x, scale_factor=0.5, mode="bilinear")',
        jax='jax.image.resize(x, (1, 1, 3, 3), "bilinear")',
        remedy='jax.image.resize(x, (1, 1, 3, 3), "bilinear", antialias=False)',
        verdict_jax="value",
        grads=("x",),
        why="JAX averages over what it leaves out by default, PyTorch does not.",
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="bilinear interpolation to half the size, antialiased",
        inputs=_SIX,
        torch='F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True)',
        jax='jax.image.resize(x, (1, 1, 3, 3), "bilinear")',
        grads=("x",),
        why="The same filter.",
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="bicubic interpolation",
        inputs=_SIX,
        torch='F.interpolate(x, scale_factor=2, mode="bicubic")',
        jax='jax.image.resize(x, (1, 1, 12, 12), "bicubic")',
        remedy="""\
def weights(t, a=-0.75):
    near = lambda t: ((a + 2) * t - (a + 3)) * t * t + 1
    far = lambda t: ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return jnp.stack([far(t + 1), near(t), near(1 - t), far(2 - t)])

place = (jnp.arange(12) + 0.5) / 2 - 0.5
left = jnp.floor(place).astype(int)
taps = jnp.clip(left + jnp.arange(-1, 3)[:, None], 0, 5)
matrix = jnp.zeros((12, 6)).at[jnp.arange(12), taps].add(weights(place - left))
jnp.einsum("ih,bchw,jw->bcij", matrix, x, matrix)""",
        verdict_jax="value",
        why=(
            "PyTorch's cubic has a = -0.75 and repeats the edge; JAX's has a = -0.5 and leaves "
            "out what is beyond it."
        ),
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="nearest interpolation to 9 of 6",
        inputs=_SIX,
        torch='F.interpolate(x, size=(9, 9), mode="nearest")',
        jax='jax.image.resize(x, (1, 1, 9, 9), "nearest")',
        remedy="""\
rows = jnp.arange(9) * 6 // 9
x[:, :, rows[:, None], rows]""",
        verdict_jax="value",
        grads=("x",),
        why="PyTorch's nearest rounds the corner down, JAX's takes the centre.",
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="nearest-exact interpolation to 9 of 6",
        inputs=_SIX,
        torch='F.interpolate(x, size=(9, 9), mode="nearest-exact")',
        jax='jax.image.resize(x, (1, 1, 9, 9), "nearest")',
        grads=("x",),
        why="nearest-exact takes the centre too.",
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="bilinear interpolation with align_corners",
        inputs=_SIX,
        torch='F.interpolate(x, size=(9, 9), mode="bilinear", align_corners=True)',
        jax='jax.image.resize(x, (1, 1, 9, 9), "bilinear")',
        remedy="""\
place = jnp.linspace(0, 5, 9)
at = jnp.stack(jnp.meshgrid(place, place, indexing="ij"))
jax.scipy.ndimage.map_coordinates(x[0, 0], at, order=1)[None, None]""",
        verdict_jax="value",
        grads=("x",),
        why=(
            "The corners' centres are kept in place; jax.image has no such option, "
            "map_coordinates takes any places."
        ),
        link=_RESIZE,
    ),
    Case(
        family="layers",
        name="pixel_shuffle",
        inputs={"x": np.arange(16, dtype=np.float32).reshape(1, 4, 2, 2)},
        torch="F.pixel_shuffle(x, 2)",
        jax="x.reshape(1, 1, 2, 2, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(1, 1, 4, 4)",
        grads=("x",),
        why="Of a channel's number the row comes first, then the column.",
        link=_FUNCTIONAL + "pixel_shuffle.html",
    ),
)
