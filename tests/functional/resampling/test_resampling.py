"""Interpolation and grids: what PyTorch answers, written out, and what all functions promise."""

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from jax.sharding import NamedSharding, PartitionSpec
from oracles import assert_same

from jaxgrad import functional as F

INF, NAN = np.inf, np.nan


def row(*numbers):
    return jnp.array([[numbers]], jnp.float32)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"scale_factor": 2, "mode": "linear"}, [0, 1, 3, 3.5, 2.5, 1, -1, -2]),
        ({"size": 7, "mode": "linear", "align_corners": True}, [0, 2, 4, 3, 2, 0, -2]),
        ({"size": 1, "mode": "linear", "align_corners": True}, [0]),
        ({"size": 1, "mode": "linear"}, [3]),
        ({"size": 3}, [0, 4, 2]),
        ({"size": 3, "mode": "nearest-exact"}, [0, 2, -2]),
        ({"size": 3, "mode": "area"}, [2, 3, 0]),
        ({"size": 2, "mode": "area"}, [2, 0]),
        ({"scale_factor": 1.1}, [0, 0, 4, 2]),
        ({"scale_factor": 2.2}, [0, 0, 0, 4, 4, 2, 2, -2]),
    ],
    ids=str,
)
def test_values(options, expected):
    assert_same(F.interpolate(row(0, 4, 2, -2), **options), row(*expected))


def test_a_factor_is_the_step_unless_it_is_recomputed():
    """4 elements times 1.7 are 6, at a distance of 1 / 1.7 and not of 4 / 6."""
    x = row(0, 1, 2, 3)
    options = {"scale_factor": 1.7, "mode": "linear"}
    places = np.clip((np.arange(6) + 0.5) / 1.7 - 0.5, 0, 3)
    assert_same(F.interpolate(x, **options), row(*places), atol=1e-6)
    recomputed = F.interpolate(x, **options, recompute_scale_factor=True)
    assert_same(recomputed, F.interpolate(x, size=6, mode="linear"))


def test_the_step_of_nearest_is_that_of_the_factor():
    """The step is 1 / factor even where the result has the size of the input."""
    x = jnp.arange(5.0)[None, None]
    assert_same(F.interpolate(x, scale_factor=1.3), row(0, 0, 1, 2, 3, 3))
    exact = F.interpolate(jnp.arange(9.0)[None, None], scale_factor=1.1, mode="nearest-exact")
    assert_same(exact, row(0, 1, 2, 3, 4, 5, 5, 6, 7))


def test_small_images_of_two_axes_are_copied_at_their_own_size():
    """PyTorch has two programs: one for a height plus width of 128 at most, one for the rest."""
    small, large = (jnp.arange(float(n)).reshape(1, 1, 1, n) for n in (127, 128))
    assert_same(F.interpolate(small, scale_factor=(1, 1.005)), small)
    assert F.interpolate(large, scale_factor=(1, 1.005))[0, 0, 0, -1] == 126


def test_beyond_the_first_centre_the_second_element_counts_with_weight_0():
    found = F.interpolate(row(0, INF, 2, 3), scale_factor=2, mode="linear")
    assert_same(found, row(NAN, INF, INF, INF, INF, 2.25, 2.75, 3))


@pytest.mark.parametrize("size", [16, 45])
def test_an_infinity_stays_among_its_neighbours(size):
    """This holds where the axis is gathered too: a product with a matrix would make all NaN."""
    x = jnp.zeros((1, 1, 1, 32)).at[..., 16].set(INF)
    for mode in ("bilinear", "bicubic"):
        for antialias in (False, True):
            options = {"mode": mode, "antialias": antialias}
            found = F.interpolate(x, size=(1, size), **options)[0, 0, 0]
            assert not np.isfinite(found).all()
            assert np.isfinite(found[0])
            assert np.isfinite(found[-1])


def test_of_integers_between_phases_and_gathers():
    """Slices and gathers are two ways to the same sums."""
    from jaxgrad.functional.resampling import _separable
    from jaxgrad.functional.resampling._taps import Axis, taps_of

    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 12)), jnp.float32)
    for mode in ("linear", "bicubic", "area"):
        taps = taps_of(mode, Axis(12, 18, None), False, False, "float32")
        taps = taps._replace(weight=taps.weight.astype(np.float32))
        assert_same(_separable.along(x, 2, taps), _separable._gathered(x, 2, taps), atol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_dtypes_are_rounded_once(dtype):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 2, 5, 4)), dtype)
    options = {"size": (7, 9), "mode": "bicubic"}
    wide = F.interpolate(x.astype(jnp.float32), **options)
    assert_same(F.interpolate(x, **options), wide.astype(dtype))


def test_bytes_are_rounded_after_each_axis_and_cut_off():
    x = jnp.array([[[[0, 0, 255, 255, 0, 0]]]], jnp.uint8)
    found = F.interpolate(x, size=(1, 12), mode="bicubic")[0, 0, 0]
    assert found.dtype == jnp.uint8
    assert found.tolist() == [0, 0, 0, 58, 197, 255, 255, 197, 58, 0, 0, 0]


def test_antialiased_to_one_column():
    """PyTorch's vertical sums are wrong there; the sum along each axis alone is right."""
    x = jnp.arange(12.0).reshape(1, 1, 6, 2)
    found = F.interpolate(x, size=(3, 1), mode="bilinear", antialias=True)
    tall = F.interpolate(x, size=(3, 2), mode="bilinear", antialias=True)
    assert_same(found, tall.mean(3, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("upsample", "nearest"), ("upsample_nearest", "nearest"), ("upsample_bilinear", "bilinear")],
)
def test_old_names_warn(name, mode):
    x = jnp.arange(12.0).reshape(1, 1, 3, 4)
    with pytest.warns(UserWarning, match=f"^{name} is deprecated in PyTorch"):
        found = getattr(F, name)(x, scale_factor=2)
    align = True if mode == "bilinear" else None
    assert_same(found, F.interpolate(x, scale_factor=2, mode=mode, align_corners=align))


IMAGE = np.zeros((1, 2, 4, 4), np.float32)
REFUSED = {
    "size or scale_factor must be given, one of both": {},
    "size must be one number, or 2 for": {"size": (3,)},
    "size must be at least 1": {"size": 0},
    "scale_factor must be large enough": {"scale_factor": 0.1},
    "scale_factor must be finite": {"scale_factor": INF},
    "mode must be one of": {"size": 3, "mode": "cubic"},
    "input must be 3-D with mode='linear'": {"size": 3, "mode": "linear"},
    "align_corners must be None with mode='nearest'": {"size": 3, "align_corners": False},
    "recompute_scale_factor must be left out": {"size": 3, "recompute_scale_factor": True},
    "antialias must be False, but with": {"size": 3, "antialias": True},
    "antialias must be True with mode='lanczos'": {"size": 3, "mode": "lanczos"},
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text):
    with pytest.raises(ValueError, match=f"^interpolate: {text}"):
        F.interpolate(IMAGE, **REFUSED[text])


@pytest.mark.parametrize("shape", [(1, 0, 4, 4), (1, 2, 0, 4), (2, 4)])
def test_refused_images(shape):
    with pytest.raises(ValueError, match="^interpolate: input must be"):
        F.interpolate(jnp.zeros(shape), scale_factor=2)


def test_refused_dtypes():
    with pytest.raises(TypeError, match="^interpolate: input must be floating point or uint8"):
        F.interpolate(np.zeros((1, 1, 3), np.int32), size=2)
    with pytest.raises(TypeError, match="^interpolate: input must be floating point"):
        F.interpolate(np.zeros((1, 1, 3), np.uint8), size=2, mode="area")
    with pytest.raises(TypeError, match="^grid_sample: grid must be of input's float32"):
        F.grid_sample(IMAGE, np.zeros((1, 2, 2, 2), np.float16), align_corners=False)
    with pytest.raises(TypeError, match="^affine_grid: theta must be floating point"):
        F.affine_grid(np.zeros((1, 2, 3), np.int32), (1, 1, 2, 2), align_corners=False)


def test_of_nothing():
    assert F.interpolate(jnp.zeros((0, 2, 3, 3)), size=(5, 4), mode="bicubic").shape == (0, 2, 5, 4)
    assert F.interpolate(jnp.zeros((1, 2, 3, 3)), size=0, mode="area").shape == (1, 2, 0, 0)
    found = F.grid_sample(jnp.zeros((1, 2, 3, 3)), jnp.zeros((1, 0, 4, 2)), align_corners=False)
    assert found.shape == (1, 2, 0, 4)


THREE = jnp.arange(1.0, 13.0).reshape(1, 1, 3, 4)


def at(x, *places, **options):
    """`grid_sample` at positions, by default in the middle row."""
    grid = jnp.array([[[p if isinstance(p, tuple) else (p, 0.0) for p in places]]], jnp.float32)
    return F.grid_sample(x, grid, **({"align_corners": False} | options))[0, 0, 0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [6.5, 2.5, 0, 0]),
        ({"padding_mode": "border"}, [6.5, 5, 8, 8]),
        ({"padding_mode": "reflection"}, [6.5, 5, 7.5, 6.5]),
        ({"align_corners": True}, [6.5, 5, 2, 0]),
        ({"align_corners": True, "padding_mode": "reflection"}, [6.5, 5, 7.25, 6.5]),
        ({"mode": "nearest"}, [7, 5, 0, 0]),
    ],
    ids=str,
)
def test_samples(options, expected):
    """In the middle, on the left edge, and to the right of the image."""
    places = [0.0, -1.0, 1.5, 2.0]
    assert_same(at(THREE, *places, **options), jnp.array(expected, jnp.float32), atol=1e-6)


def test_positions_of_nan_and_infinity():
    assert np.isnan(at(THREE, NAN)).all()
    assert_same(at(THREE, NAN, INF, -INF, padding_mode="border"), jnp.array([5.0, 8, 5]))
    assert_same(at(THREE, NAN, INF, padding_mode="reflection"), jnp.array([5.0, 5]))
    assert_same(at(THREE, NAN, INF, mode="nearest"), jnp.zeros(2))
    solid = jnp.arange(1.0, 9).reshape(1, 1, 2, 2, 2)
    grid = jnp.array([[[[[NAN, -1.0, -1.0]]]]])
    assert F.grid_sample(solid, grid, align_corners=False).item() == 0
    border = F.grid_sample(solid, grid, padding_mode="border", align_corners=False)
    assert border.item() == 1  # as PyTorch's page has it; PyTorch itself has 2


def test_slopes_at_an_element_and_on_the_edge():
    """At an element from the right; on the edge 0, if the border stands beyond it."""
    x = jnp.array([[[[1.0, 3.0, 2.0, 5.0]]]])

    def slopes(*places, **options):
        return jax.grad(lambda p: at_line(p, **options).sum())(jnp.array(places))

    def at_line(places, **options):
        grid = jnp.stack([places, 0 * places], 1)[None, None]
        return F.grid_sample(x, grid, **options, align_corners=False)

    assert_same(slopes(-0.25, 0.25), jnp.array([-2.0, 6.0]))
    assert_same(slopes(-0.75, 0.75, 2.0, padding_mode="border"), jnp.zeros(3))
    assert_same(slopes(-0.25, 0.3, mode="nearest"), jnp.zeros(2))


def test_refused_grids():
    match = functools.partial(pytest.raises, ValueError)
    with match(match=r"^grid_sample: grid must be of shape \(1, …, …, 2\)"):
        F.grid_sample(IMAGE, np.zeros((2, 2, 2, 2), np.float32), align_corners=False)
    with match(match="^grid_sample: input must be 4-D with mode='bicubic'"):
        solid = np.zeros((1, 1, 2, 2, 2), np.float32), np.zeros((1, 1, 1, 1, 3), np.float32)
        F.grid_sample(*solid, mode="bicubic", align_corners=False)
    with match(match="^grid_sample: padding_mode must be one of"):
        F.grid_sample(IMAGE, np.zeros((1, 2, 2, 2), np.float32), padding_mode="wrap")
    with match(match=r"^affine_grid: theta must be of shape \(1, 2, 3\)"):
        F.affine_grid(jnp.zeros((1, 3, 4)), (1, 1, 2, 2), align_corners=False)
    with match(match="^affine_grid: size must be at least 1"):
        F.affine_grid(jnp.zeros((1, 2, 3)), (1, 1, 2, 0), align_corners=False)


def test_no_choice_of_corners_warns():
    with pytest.warns(UserWarning, match="^grid_sample: align_corners=None is False"):
        F.grid_sample(IMAGE, np.zeros((1, 2, 2, 2), np.float32))
    with pytest.warns(UserWarning, match="^affine_grid: align_corners=None is False"):
        F.affine_grid(jnp.ones((1, 2, 3)), (1, 1, 2, 2))
    with pytest.warns(UserWarning, match="positions along an axis of 1 are 0"):
        found = F.affine_grid(jnp.ones((1, 2, 3)), (1, 1, 1, 2), align_corners=True)
    assert_same(found, jnp.array([[[[0.0, 0.0], [2.0, 2.0]]]]))


def test_an_affine_grid_and_back():
    """The identity map samples the image itself."""
    theta = jnp.array([[[1.0, 0, 0], [0, 1, 0]]])
    for align in (False, True):
        grid = F.affine_grid(theta, THREE.shape, align)
        assert_same(F.grid_sample(THREE, grid, align_corners=align), THREE, atol=1e-5)


RESIZED = {
    "twice": {"scale_factor": 2, "mode": "bilinear"},
    "gathered": {"size": (11, 7), "mode": "bicubic"},
    "antialiased": {"size": (3, 2), "mode": "bicubic", "antialias": True},
    "nearest": {"size": (7, 4)},
    "area": {"size": (2, 3), "mode": "area"},
}


@pytest.mark.parametrize("name", RESIZED)
def test_invariants_of_interpolate(name, caplog):
    x = np.random.default_rng(0).normal(size=(2, 2, 5, 6)).astype(np.float32)
    assert_invariants(lambda x: F.interpolate(x, **RESIZED[name]), caplog, x)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_invariants_of_grid_sample(mode, caplog):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 2, 5, 6)).astype(np.float32)
    grid = rng.uniform(-1.3, 1.3, (2, 3, 4, 2)).astype(np.float32)
    options = {"mode": mode, "padding_mode": "reflection", "align_corners": False}
    assert_invariants(lambda x, grid: F.grid_sample(x, grid, **options), caplog, x, grid)


@pytest.mark.parametrize("name", RESIZED)
def test_slopes_of_interpolate(name):
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 1, 5, 6)))
        assert_slopes(lambda x: F.interpolate(x, **RESIZED[name]), x)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_slopes_of_grid_sample(mode, padding):
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        x, grid = rng.normal(size=(1, 2, 4, 5)), rng.uniform(-1.2, 1.2, (1, 2, 3, 2))
        options = {"mode": mode, "padding_mode": padding, "align_corners": False}
        fn = functools.partial(F.grid_sample, **options)
        assert_slopes(fn, jnp.asarray(x), jnp.asarray(grid))


@pytest.mark.nightly
def test_on_sharded_rows(rows):
    """Value and gradient with the batch on eight devices, as on one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 2, 5, 6)).astype(np.float32)
    grid = rng.uniform(-1, 1, (8, 3, 4, 2)).astype(np.float32)
    theta = rng.normal(size=(8, 2, 3)).astype(np.float32)

    def fn(x, grid, theta):
        found = [F.interpolate(x, **options) for options in RESIZED.values()]
        found += [F.grid_sample(x, grid, align_corners=False)]
        found += [F.affine_grid(theta, (8, 1, 2, 3), align_corners=False)]
        return found

    def both(*arrays):
        value, pull = jax.vjp(fn, *arrays)
        return value, pull([jnp.cos(v) for v in value])

    alone = jax.jit(both)(*map(jnp.asarray, (x, grid, theta)))
    spread = [jax.device_put(a, rows) for a in (x, grid, theta)]
    with jax.set_mesh(rows.mesh):
        found = jax.jit(both)(*spread)
    assert_same(jax.tree.map(np.asarray, found), jax.tree.map(np.asarray, alone), atol=1e-5)
    for value in found[0]:
        assert value.sharding.is_equivalent_to(
            NamedSharding(rows.mesh, PartitionSpec("rows")), value.ndim
        )


def test_a_constant_cotangent_is_no_work_for_the_compiler():
    """XLA would evaluate the scatter of a constant while it compiles, for minutes at full size."""
    x = jnp.ones((1, 2, 37, 37))
    program = jax.jit(jax.grad(lambda x: F.interpolate(x, size=(64, 53), mode="bicubic").sum()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(program(x).sum(), jnp.asarray(2.0 * 64 * 53), rtol=1e-4)


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic", "area"])
@pytest.mark.parametrize("size, out", [(4, 8), (1, 3), (8, 4), (5, 7), (7, 3)])
def test_the_transpose_is_that_of_the_weights(mode, size, out):
    """Resizing is linear: its tangent is itself, and ⟨g, A x⟩ = ⟨Aᵀ g, x⟩."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 2, size, size)), "float32")
    g = jnp.asarray(np.random.default_rng(1).normal(size=(1, 2, out, out)), "float32")

    def resized(x):
        return F.interpolate(x, size=(out, out), mode=mode)

    value, tangent = jax.jvp(resized, (x,), (x,))
    np.testing.assert_allclose(tangent, value, rtol=1e-5, atol=1e-6)
    pulled = jax.vjp(resized, x)[1](g)[0]
    np.testing.assert_allclose(jnp.vdot(g, value), jnp.vdot(pulled, x), rtol=1e-4, atol=1e-4)
