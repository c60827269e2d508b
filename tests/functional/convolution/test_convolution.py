"""Linear layers, convolutions and unfolding: PyTorch's answers written out, and what always holds.

The answers were measured with PyTorch 2.13.0.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from oracles import assert_same
from tiers import each

import jaxgrad.functional as F
from jaxgrad.functional.convolution import _columns, _products
from jaxgrad.functional.convolution._geometry import Geometry


def numbers(*shape, dtype=np.float32, start=0):
    """Numbers 0, 1, 2, …, whose sums of products are exact."""
    return (np.arange(np.prod(shape)) % 7 + start).reshape(shape).astype(dtype)


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


VALUES = {
    "linear": (F.linear([1.0, 2.0], [[1.0, 0.0], [3.0, 4.0]], [0.5, 0.5]), [1.5, 11.5]),
    "linear, one output": (F.linear(numbers(2, 3), numbers(3)), [5, 14]),
    "linear, nothing in": (F.linear(ones(2, 0), ones(2, 0), ones(2)), [[1, 1], [1, 1]]),
    "bilinear": (F.bilinear([1.0, 2.0], [3.0], [[[1.0], [1.0]]], [0.5]), [9.5]),
    "conv1d": (F.conv1d(numbers(1, 4), numbers(1, 1, 2), [0.5]), [[1.5, 2.5, 3.5]]),
    "conv1d, integers": (
        F.conv1d(ones(1, 4, dtype="i4"), ones(1, 1, 2, dtype="i4"), padding=1),
        [[1, 2, 2, 2, 1]],
    ),
    "conv1d, same": (
        F.conv1d(numbers(1, 5), numbers(1, 1, 4), padding="same"),
        [[8, 14, 20, 11, 4]],
    ),
    "conv1d, same, dilation": (
        F.conv1d(numbers(1, 5), numbers(1, 1, 2, start=1), padding="same", dilation=3),
        [[4, 6, 9, 2, 3]],
    ),
    "conv2d": (F.conv2d(numbers(1, 3, 3), numbers(1, 1, 2, 2)), [[[19, 25], [16, 8]]]),
    "conv2d, depthwise": (
        F.conv2d(numbers(2, 2, 2), numbers(2, 1, 1, 2), groups=2),
        [[[1], [3]], [[23], [12]]],
    ),
    "conv2d, points": (
        F.conv2d(numbers(2, 1, 2), numbers(3, 2, 1, 1), ones(3)),
        [[[3, 4]], [[7, 12]], [[11, 20]]],
    ),
    "conv_transpose1d": (
        F.conv_transpose1d(numbers(1, 3), numbers(1, 1, 2, start=1), stride=2, output_padding=1),
        [[0, 0, 1, 2, 2, 4, 0]],
    ),
    "conv_transpose1d, cut": (
        F.conv_transpose1d(numbers(1, 3), numbers(1, 1, 3, start=1), None, 2, 1, 1),
        [[0, 1, 2, 5, 4, 6]],
    ),
    "conv_transpose1d, kernel of 3": (
        F.conv_transpose1d(numbers(1, 3, start=1), numbers(1, 1, 3, start=1), stride=2),
        [[1, 2, 5, 4, 9, 6, 9]],
    ),
    "conv_tbc": (
        F.conv_tbc(numbers(3, 1, 1), numbers(2, 1, 1, start=1), ones(1), 1),
        [[[1]], [[3]], [[6]], [[3]]],
    ),
    "unfold": (F.unfold(numbers(1, 2, 3), (1, 2)), [[0, 1, 3, 4], [1, 2, 4, 5]]),
    "unfold, all options": (
        F.unfold(numbers(1, 2, 3), 2, dilation=2, padding=(1, 0), stride=(2, 1)),
        [[0], [0], [3], [5]],
    ),
    "fold": (F.fold(numbers(2, 2, start=1), (1, 3), (1, 2)), [[[1, 5, 4]]]),
    "fold, truth values": (F.fold(ones(4, 1, dtype=bool), 2, 2), [[[True, True], [True, True]]]),
}


def test_values():
    each(VALUES, lambda pair: np.testing.assert_array_equal(*pair))


SHAPES = {
    "no batch": (lambda: F.conv2d(ones(3, 5, 5), ones(4, 3, 2, 2)), (4, 4, 4)),
    "a batch of 0": (lambda: F.conv2d(ones(0, 3, 5, 5), ones(4, 3, 2, 2), ones(4)), (0, 4, 4, 4)),
    "no channels": (lambda: F.conv2d(ones(2, 0, 5, 5), ones(4, 0, 2, 2), ones(4)), (2, 4, 4, 4)),
    "no channels out": (lambda: F.conv_transpose1d(ones(2, 4, 5), ones(4, 0, 2)), (2, 0, 6)),
    "all cut off": (
        lambda: F.conv_transpose2d(ones(2, 3, 5, 5), ones(3, 4, 2, 2), padding=3),
        (2, 4, 0, 0),
    ),
    "one integer in a tuple": (
        lambda: F.conv2d(ones(1, 5, 5), ones(1, 1, 2, 2), None, (2,), (1,), (1,)),
        (1, 3, 3),
    ),
    "valid": (lambda: F.conv1d(ones(1, 5), ones(1, 1, 2), None, 2, "valid"), (1, 2)),
    "output_padding below the dilation": (
        lambda: F.conv_transpose1d(ones(1, 5), ones(1, 1, 2), None, 1, 0, 2, 1, 3),
        (1, 10),
    ),
    "no time left": (lambda: F.conv_tbc(ones(2, 2, 3), ones(3, 3, 4), ones(4)), (0, 2, 4)),
    "linear, no rows": (lambda: F.linear(ones(0, 3), ones(4, 3), ones(4)), (0, 4)),
    "linear, no outputs": (lambda: F.linear(ones(2, 3), ones(0, 3)), (2, 0)),
    "unfold, no batch": (lambda: F.unfold(ones(3, 5, 5), 2), (12, 16)),
    "unfold, a batch of 0": (lambda: F.unfold(ones(0, 3, 5, 5), 2), (0, 12, 16)),
    "fold, a batch of 0": (lambda: F.fold(ones(0, 12, 16), 5, 2), (0, 3, 5, 5)),
}


def test_shapes():
    each(SHAPES, lambda case: assert_shape(case[0](), case[1]))


def assert_shape(array, shape):
    assert array.shape == shape
    assert array.dtype == jnp.float32


X, W = ones(2, 4, 5, 5), ones(6, 4, 2, 2)
REFUSALS = {
    "conv2d: input must be of shape (N, C, height, width) or without N, got shape (4, 5)": (
        lambda: F.conv2d(X[0, 0][:4], W)
    ),
    "conv2d: weight must be of shape (out, in / groups, height, width), got shape (6, 4, 2)": (
        lambda: F.conv2d(X, W[..., 0])
    ),
    "conv2d: weight must be of input's float32, got bfloat16; cast it with .astype": (
        lambda: F.conv2d(X, jnp.asarray(W, "bfloat16"))
    ),
    "conv2d: bias must be of input's float32, got int32": lambda: F.conv2d(X, W, np.ones(6, "i4")),
    "conv2d: bias must be of shape (6,), got shape (1,)": lambda: F.conv2d(X, W, ones(1)),
    "conv2d: input must be of 8 channels for a weight of shape (6, 4, 2, 2), groups=2, got 4": (
        lambda: F.conv2d(X, W, groups=2)
    ),
    "conv2d: weight must be of a first dimension that groups=4 divides, got shape (6, 4, 2, 2)": (
        lambda: F.conv2d(X, W, groups=4)
    ),
    "conv2d: groups must be at least 1, got 0": lambda: F.conv2d(X, W, groups=0),
    "conv2d: stride must be at least 1, got 0": lambda: F.conv2d(X, W, stride=0),
    "conv2d: stride must be an integer or 2 integers, got (2, 1, 1)": (
        lambda: F.conv2d(X, W, stride=(2, 1, 1))
    ),
    "conv2d: dilation must be at least 1, got -1": lambda: F.conv2d(X, W, dilation=-1),
    "conv2d: padding must be at least 0, got -1": lambda: F.conv2d(X, W, padding=-1),
    "conv2d: padding must be one of 'same', 'valid', got 'SAME'": (
        lambda: F.conv2d(X, W, padding="SAME")
    ),
    "conv2d: padding must be other than 'same' for strides, got 'same' with stride (2, 1)": (
        lambda: F.conv2d(X, W, stride=(2, 1), padding="same")
    ),
    "conv2d: input must be at least as large as the kernel's reach (6, 6) once it is padded": (
        lambda: F.conv2d(X, W, dilation=5)
    ),
    "conv2d: input must be of spatial sizes above 0": lambda: F.conv2d(X[..., :0], W, padding=1),
    "conv2d: weight must be of kernel sizes above 0": lambda: F.conv2d(X, W[..., :0]),
    "conv2d: input must be an array of real numbers, got bool": (
        lambda: F.conv2d(X.astype(bool), W.astype(bool))
    ),
    "conv_transpose2d: input must be of 6 channels for a weight of shape (6, 4, 2, 2), groups=1": (
        lambda: F.conv_transpose2d(X, W)
    ),
    "conv_transpose1d: output_padding must be smaller than the stride (2,) or the dilation (1,)": (
        lambda: F.conv_transpose1d(ones(1, 5), ones(1, 1, 2), None, 2, 0, 2)
    ),
    "conv_transpose1d: padding must be small enough for sizes (5,) and a kernel of (2,), got": (
        lambda: F.conv_transpose1d(ones(1, 5), ones(1, 1, 2), None, 1, 4)
    ),
    "conv_transpose1d: padding must be an integer or 1 integers, got 'same'": (
        lambda: F.conv_transpose1d(ones(1, 5), ones(1, 1, 2), None, 1, "same")
    ),
    "conv_tbc: input must be of shape (T, N, C)": lambda: F.conv_tbc(X, X[0, :3], ones(5)),
    "conv_tbc: weight must be of shape (k, 3, O), got shape (2, 4, 4)": (
        lambda: F.conv_tbc(ones(5, 2, 3), ones(2, 4, 4), ones(4))
    ),
    "conv_tbc: input must be of 2 times or more once it is padded, got 1 with pad=0": (
        lambda: F.conv_tbc(ones(1, 2, 3), ones(3, 3, 4), ones(4))
    ),
    "linear: input must be of shape (*, 2) for a weight of shape (4, 2), got shape (2, 3)": (
        lambda: F.linear(ones(2, 3), ones(4, 2))
    ),
    "linear: weight must be of shape (out, in) or (in), got shape (2, 4, 3)": (
        lambda: F.linear(ones(2, 3), ones(2, 4, 3))
    ),
    "linear: bias must be of shape (4,), got shape (3,)": (
        lambda: F.linear(ones(2, 3), ones(4, 3), ones(3))
    ),
    "linear: weight must be an array, got NoneType None": lambda: F.linear(ones(2, 3), None),
    "bilinear: input1 must be of shape (*, 4), got shape (2, 3)": (
        lambda: F.bilinear(ones(2, 3), ones(2, 4), ones(5, 4, 4))
    ),
    "bilinear: input2 must be of shape (1, 4), got shape (2, 4)": (
        lambda: F.bilinear(ones(1, 3), ones(2, 4), ones(5, 3, 4))
    ),
    "bilinear: bias must be of shape (5,), got shape (1,)": (
        lambda: F.bilinear(ones(2, 3), ones(2, 4), ones(5, 3, 4), ones(1))
    ),
    "unfold: kernel_size must be an integer or 2 integers, got (2,)": lambda: F.unfold(X, (2,)),
    "unfold: input must be at least as large as a block (6, 6)": lambda: F.unfold(X, 6),
    "unfold: input must be of shape (N, C, H, W) or (C, H, W), with C, H and W above 0": (
        lambda: F.unfold(X[:, :0], 2)
    ),
    "fold: input must be of shape (N, C·4, L) or (C·4, L), with C and L above 0": (
        lambda: F.fold(ones(11, 16), 5, 2)
    ),
    "fold: input must be of 4 * 4 blocks, got 15": lambda: F.fold(ones(12, 15), 5, 2),
    "fold: output_size must be at least 1, got 0": lambda: F.fold(ones(12, 16), (0, 5), 2),
}


def test_refusals():
    each({text: (text, call) for text, call in REFUSALS.items()}, assert_refused)


def assert_refused(case):
    text, call = case
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    assert str(error.value).startswith(text)


FUNCTIONS = {
    "conv2d": (lambda x, w: F.conv2d(x, w, None, (2, 1), 1), (1, 2, 5, 4), (3, 2, 3, 2)),
    "conv2d, stride of the kernel": (
        lambda x, w: F.conv2d(x, w, None, 2),
        (1, 2, 6, 5),
        (3, 2, 2, 2),
    ),
    "depthwise": (lambda x, w: F.conv2d(x, w, None, 2, 1, 1, 2), (1, 2, 5, 4), (4, 1, 3, 2)),
    "groups": (lambda x, w: F.conv1d(x, w, None, 1, 1, 2, 2), (1, 34, 5), (4, 17, 4)),
    "points": (F.conv2d, (2, 3, 2, 2), (4, 3, 1, 1)),
    "no width": (lambda x, w: F.conv2d(x, w, None, (2, 3), (1, 0)), (2, 2, 9, 1), (3, 2, 4, 1)),
    "one channel": (lambda x, w: F.conv2d(x, w, None, 1, 1), (2, 1, 4, 4), (3, 1, 2, 3)),
    "transposed": (
        lambda x, w: F.conv_transpose2d(x, w, None, 2, 1, 1, 1, 2),
        (1, 2, 3, 2),
        (2, 3, 2, 3),
    ),
    "conv_tbc": (lambda x, w: F.conv_tbc(x, w, jnp.ones(3, x.dtype), 1), (4, 2, 2), (2, 2, 3)),
    "linear": (lambda x, w: F.linear(x, w, x[0, 0, :2]), (2, 3, 4), (2, 4)),
    "bilinear": (lambda x, w: F.bilinear(x, x, w), (2, 3), (2, 3, 3)),
    "unfold": (lambda x, w: F.unfold(x, 2, 1, 1, 2) * w, (1, 2, 4, 3), (1, 8, 6)),
    "fold": (lambda x, w: F.fold(x * w, (4, 3), 2, 1, 1, 2), (1, 8, 6), (1, 8, 6)),
}
"""A function of two arrays for each formula, and shapes for it."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jit_vmap_and_compiled_once(name, caplog):
    fn, *shapes = FUNCTIONS[name]
    x, w = (numbers(*shape) for shape in shapes)
    assert_jit(fn, x, w)
    assert_vmap(fn, np.stack([x, x * 2]), np.stack([w, w * 3]))
    assert_compiled_once(fn, caplog, jnp.asarray(x), jnp.asarray(w))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_slopes(name):
    fn, *shapes = FUNCTIONS[name]
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        assert_slopes(fn, *(jnp.asarray(rng.normal(size=shape)) for shape in shapes))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives(name):
    """A product is linear in each array, so its derivative is known along a direction."""
    fn, *shapes = FUNCTIONS[name]
    x, w = (jnp.asarray(numbers(*shape)) for shape in shapes)

    @jax.jit
    def mixed(x, w):
        def along_x(w):
            return jax.jvp(lambda x: fn(x, w), (x,), (x,))[1]

        value, pull = jax.vjp(along_x, w)
        return jnp.sum(pull(jnp.ones_like(value))[0] * w), jnp.sum(value)

    if name != "linear":  # its bias is a part of x here
        found, value = mixed(x, w)
        assert_same(found, value, rtol=1e-5)


def test_a_tall_kernel_has_few_operations():
    """The gradient of a kernel has one for each row; an array without width is its own row."""
    x, w = ones(1, 2, 600, 1), ones(3, 2, 512, 1)
    slopes = jax.jit(jax.grad(lambda w: jnp.sum(F.conv2d(x, w, None, (4, 1)) ** 2)))
    assert slopes.lower(w).as_text().count("stablehlo.convolution") < 4


FEW = {
    "1-D": ((2, 130, 6), (128, 130, 3), Geometry((1,), ((1, 1),), (1,))),
    "even kernel": ((3, 128, 3, 4), (129, 128, 2, 3), Geometry((2, 1), ((0, 1), (1, 1)), (1, 1))),
    "dilation": ((1, 128, 7, 5), (128, 128, 3, 2), Geometry((1, 2), ((2, 0), (0, 0)), (2, 3))),
    "rows left over": (
        (2, 128, 6, 6),
        (128, 128, 2, 2),
        Geometry((3, 3), ((0, 0), (0, 0)), (1, 1)),
    ),
    "3-D": ((1, 128, 2, 2, 2), (128, 128, 3, 1, 2), Geometry((1,) * 3, ((1, 1),) * 3, (1,) * 3)),
}


@pytest.mark.parametrize("name", FEW)
def test_few_elements_of_many_channels(name):
    x_shape, w_shape, geometry = FEW[name]
    sizes = geometry.output(x_shape[2:], w_shape[2:])
    assert _columns.is_few(w_shape, x_shape[0], sizes, geometry)
    x, w, dx, dw = (
        numbers(*shape, start=i) - 3.0 for i, shape in enumerate([x_shape, w_shape] * 2)
    )
    g = numbers(x_shape[0], w_shape[0], *sizes)

    def answers(convolution):
        y, pull = jax.vjp(convolution, x, w)
        second = jax.jvp(lambda x, w: jax.vjp(convolution, x, w)[1](g), (x, w), (dx, dw))
        return y, pull(g), second

    ours = answers(lambda x, w: _products.convolved(x, w, geometry))
    xlas = answers(lambda x, w: _products._native(x, w, geometry))
    jax.tree.map(np.testing.assert_array_equal, ours, xlas)  # all sums are exact


def test_a_long_kernel_over_few_elements_has_few_operations():
    x, w = ones(1, 128, 520), ones(128, 128, 512)
    slopes = jax.jit(jax.grad(lambda w: jnp.sum(F.conv1d(x, w) ** 2)))
    assert slopes.lower(w).as_text().count("stablehlo.slice") < 64


def test_few_elements_are_no_convolution_of_xlas():
    text = jax.jit(F.conv2d, static_argnames="padding").lower(
        jnp.ones((2, 128, 2, 2)), jnp.ones((128, 128, 3, 3)), padding=1
    )
    assert " convolution(" not in text.compile().as_text()


@pytest.mark.parametrize(
    "name", ["conv2d", *sorted(FUNCTIONS.keys() - {"conv2d", "linear", "conv_tbc"})]
)
def test_sharded_batch(name, rows):
    fn, of_x, of_w = FUNCTIONS[name]
    x, w = numbers(8, *of_x[1:]), numbers(*of_w)

    @jax.jit
    def both(x, w):
        value, pull = jax.vjp(fn, x, w)
        return value, pull(jnp.ones_like(value))

    expected = both(jnp.asarray(x), jnp.asarray(w))
    mesh = jax.sharding.NamedSharding(rows.mesh, jax.sharding.PartitionSpec())
    found = both(jax.device_put(x, rows), jax.device_put(w, mesh))
    assert_same(found, expected, rtol=1e-5)
    assert found[0].sharding.is_equivalent_to(rows, found[0].ndim)


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_narrow_types_round_once(kind):
    """The sum 2048 + 1 + … + 1 of 9 products is 2056; added up in float16 it would stay 2048."""
    x = np.ones((1, 1, 3, 3))
    x[0, 0, 0, 0] = 2048
    x, w = jnp.asarray(x, kind), jnp.ones((1, 1, 3, 3), kind)
    for value in (
        F.conv2d(x, w).ravel(),
        F.conv_transpose2d(x, w, padding=2).ravel(),
        F.linear(x.reshape(1, 9), w.reshape(1, 9)).ravel(),
    ):
        assert value.dtype == kind
        assert value[0] == jnp.asarray(2056, kind)


def test_not_a_number_stays_in_its_windows():
    x = np.zeros((1, 1, 5), np.float32)
    x[0, 0, 1] = np.nan
    value = F.conv1d(x, ones(1, 1, 2), padding=1)
    np.testing.assert_array_equal(np.isnan(value), [[[False, True, True, False, False, False]]])


def test_the_gradient_of_a_bias_keeps_its_digits():
    x, w = jnp.ones((4, 1, 100, 100)), jnp.ones((1, 1, 1, 1))
    ct = np.full((4, 1, 100, 100), 0.1, np.float32)
    _, pull = jax.vjp(lambda b: F.conv2d(x, w, b), jnp.zeros(1))
    expected = ct.astype(float).sum()
    np.testing.assert_allclose(pull(jnp.asarray(ct))[0], expected, rtol=1e-6)


def test_integers_keep_all_their_bits():
    with jax.enable_x64(True):
        x, w = jnp.array([[[-1, 2]]]), jnp.array([[[2**62, 3, 1]]])
        y = F.conv_transpose1d(x, w, stride=2, output_padding=1)
        assert y.dtype == jnp.int64
        assert y.tolist() == [[[-(2**62), -3, 2**63 - 1, 6, 2, 0]]]
        assert F.conv1d(x, w[:, :, :2]).tolist() == [[[6 - 2**62]]]
