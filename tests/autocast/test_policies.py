"""`autocast`: what is cast to what, the gradients, programs, and refusals."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_jit, assert_vmap
from oracles import assert_same

import jaxgrad.functional as F
import jaxgrad.tensor as T
from jaxgrad import autocast
from jaxgrad.autocast import functional, operations, policy

RNG = np.random.default_rng(0)
X, W = (jnp.asarray(RNG.normal(size=s), "float32") for s in ((3, 4), (5, 4)))
DEVICES = ["cpu", "cuda"]
DEFAULT = {"cpu": "bfloat16", "cuda": "float16"}


def dtype_of(value):
    return value.dtype.name


@pytest.mark.parametrize("device", DEVICES)
def test_the_table_is_a_copy(device):
    table = operations(device)
    assert set(table.values()) <= {"lower", "float32", "widest", "refused"}
    table.clear()
    assert operations(device)["matmul"] == "lower"


@pytest.mark.parametrize("dtype", [None, "bfloat16", "float16"])
@pytest.mark.parametrize("device", DEVICES)
def test_products_are_of_narrow_numbers(device, dtype):
    lower = dtype or DEFAULT[device]
    got = policy(F.linear, device, dtype)(X, W)
    assert_same(got, F.linear(X.astype(lower), W.astype(lower)))
    given = policy(jnp.matmul, device, dtype)(X, np.asarray(W).T)
    assert dtype_of(given) == lower


@pytest.mark.parametrize("device", DEVICES)
def test_gradients_have_the_dtype_of_the_weights(device):
    low = functional(device, "bfloat16")

    def loss(F, w):
        return F.mse_loss(F.relu(F.linear(X, w)), jnp.ones((3, 5)))

    value, grad = jax.value_and_grad(loss, 1)(low, W)
    assert dtype_of(value) == dtype_of(grad) == "float32"
    pulled = jax.vjp(lambda w: F.linear(X.astype("bfloat16"), w.astype("bfloat16")), W)[1]
    own = jax.vjp(lambda w: low.linear(X, w), W)[1]
    ones = jnp.ones((3, 5), "bfloat16")
    assert_same(own(ones), pulled(ones))


def test_what_autocast_leaves_alone():
    with jax.enable_x64(True):
        double = jnp.ones((2, 4), "float64")
        assert dtype_of(policy(F.linear, "cpu")(double, jnp.ones((3, 4), "float64"))) == "float64"
    low = functional("cpu")
    assert dtype_of(low.relu(X)) == dtype_of(low.softmax(X, 1)) == "float32"
    assert dtype_of(low.softmax(X.astype("bfloat16"), 1)) == "bfloat16"
    indices = jnp.array([0, 3])
    assert_same(low.embedding(indices, W), F.embedding(indices, W))
    scaled = policy(lambda x, factor: x * factor, "cpu", name="mm")
    assert_same(scaled(X, 2), X.astype("bfloat16") * 2)
    assert_same(scaled(jnp.array([3]), 2), jnp.array([6]))


def test_pytrees_are_cast_and_an_array_that_is_given_twice_once():
    seen = []
    noting = policy(lambda *args, **kwargs: seen.append((args, kwargs)), "cpu", name="linear")
    noting({"a": X, "b": [W, None]}, key=jax.random.key(0), other=X)
    (((tree,), given),) = seen
    assert dtype_of(tree["a"]) == dtype_of(tree["b"][0]) == "bfloat16" and tree["b"][1] is None
    assert given["other"] is tree["a"] and jnp.issubdtype(given["key"].dtype, jax.dtypes.prng_key)


@pytest.mark.parametrize("device", DEVICES)
def test_the_widest(device):
    name = {"cpu": "cat", "cuda": "dot"}[device]
    join = policy(lambda *arrays: arrays, device, "bfloat16", name=name)
    narrow, wide = jnp.ones(2, "bfloat16"), jnp.ones(2)
    for given, expected in (
        ((narrow, wide), ["float32"] * 2),
        ((narrow, narrow), ["bfloat16"] * 2),
        ((narrow, jnp.arange(2)), ["bfloat16", "int32"]),
        ((wide, narrow.astype("float16")), ["float32"] * 2),
    ):
        assert list(map(dtype_of, join(*given))) == expected
    with pytest.raises(TypeError, match=f"^{name}: an array must be float32 or bfloat16, got floa"):
        join(narrow, narrow.astype("float16"))


@pytest.mark.parametrize("device", DEVICES)
def test_losses_are_float32(device):
    low, narrow = functional(device, "bfloat16"), X.astype("bfloat16")
    target = jnp.array([0, 1, 3])
    assert_same(
        low.cross_entropy(narrow, target), F.cross_entropy(narrow.astype("float32"), target)
    )
    assert dtype_of(low.mse_loss(narrow, narrow)) == "float32"
    loss = low.linear_cross_entropy(X, W, target)
    rounded = [a.astype("bfloat16").astype("float32") for a in (X, W)]
    assert_same(loss, F.linear_cross_entropy(*rounded, target))


def test_a_dtype_that_is_given_counts():
    narrow = X.astype("bfloat16")
    low = functional("cuda", "bfloat16")
    assert dtype_of(low.softmax(narrow, 1)) == "float32"
    assert dtype_of(low.softmax(narrow, 1, jnp.bfloat16)) == "bfloat16"
    total = policy(jnp.sum, "cuda")
    assert dtype_of(total(narrow)) == "float32"
    assert dtype_of(total(narrow, dtype="bfloat16")) == "bfloat16"
    assert dtype_of(policy(T.vector_norm, "cuda")(narrow)) == "float32"
    assert dtype_of(policy(T.vector_norm, "cpu")(narrow)) == "bfloat16"


IMAGES = {n: jnp.ones((1, 1, *(4,) * n), "bfloat16") for n in (1, 2, 3)}
OPTIONS = {
    "cpu": {
        ("pad", 2, ((1, 1, 1, 1), "reflect")): "float32",
        ("pad", 3, ((1,) * 6, "reflect")): "bfloat16",
        ("pad", 3, ((1,) * 6, "replicate")): "float32",
        ("pad", 2, ((1, 1),)): "bfloat16",
        ("interpolate", 2, (3,)): "bfloat16",
        ("interpolate", 3, (3, None, "area")): "float32",
        ("max_pool3d", 3, (2,)): "float32",
        ("lp_pool3d", 3, (2.0, 2)): "float32",
        ("lp_pool2d", 2, (2.0, 2)): "bfloat16",
        ("avg_pool2d", 2, (2,)): "bfloat16",
    },
    "cuda": {
        ("pad", 2, ((1, 1, 1, 1), "reflect")): "bfloat16",
        ("interpolate", 2, (3,)): "float32",
        ("interpolate", 2, (3, None, "area")): "bfloat16",
        ("max_pool3d", 3, (2,)): "bfloat16",
        ("lp_pool3d", 3, (2.0, 2)): "float32",
        ("normalize", 2, ()): "float32",
        ("local_response_norm", 2, (2,)): "float32",
    },
}
"""Functions that PyTorch computes by operations which depend on their arguments."""


@pytest.mark.parametrize("device", DEVICES)
def test_the_operation_may_depend_on_the_arguments(device):
    low = functional(device, "bfloat16")
    for (name, axes, rest), expected in OPTIONS[device].items():
        found = jax.eval_shape(lambda x, n=name, r=rest: getattr(low, n)(x, *r), IMAGES[axes])
        assert dtype_of(found) == expected, name
    value, places = functional("cpu").max_pool3d(IMAGES[3], 2, return_indices=True)
    assert dtype_of(value) == "bfloat16" and jnp.issubdtype(places.dtype, jnp.integer)


def test_recurrent_layers():
    """On CPUs PyTorch's GRU and the cells keep the dtype of the state; the products are narrow."""
    params = {"weight_ih_l0": jnp.ones((6, 4)), "weight_hh_l0": jnp.ones((6, 2))}
    for device, expected in (("cpu", "float32"), ("cuda", "bfloat16")):
        low = functional(device, "bfloat16")
        assert dtype_of(low.gru(X[:, None], None, params)[0]) == expected
        assert dtype_of(low.gru(X[:, None].astype("bfloat16"), None, params)[0]) == "bfloat16"
        cell = low.gru_cell(X, jnp.ones((3, 2)), *params.values())
        assert dtype_of(cell) == expected
        assert (
            dtype_of(low.rnn_tanh_cell(X, None, jnp.ones((2, 4)), jnp.ones((2, 2)))) == "bfloat16"
        )


def test_weights_of_attention():
    x, eye = jnp.ones((2, 1, 2)), jnp.eye(2)
    packed = jnp.concatenate([eye, eye, eye])
    given = (x, x, x, 2, 1, packed, None, None, None, False, 0.0, eye, None)
    for device, expected in (("cpu", "bfloat16"), ("cuda", "float32")):
        y, weights = functional(device, "bfloat16").multi_head_attention_forward(*given)
        assert (dtype_of(y), dtype_of(weights)) == ("bfloat16", expected)
        alone = functional(device).multi_head_attention_forward(*given, need_weights=False)
        assert alone[1] is None


def test_programs(rows):
    low = functional("cuda", "bfloat16")

    def loss(w, x):
        return low.cross_entropy(low.linear(x, w), jnp.zeros(x.shape[:-1], int))

    assert_jit(jax.grad(loss), W, X)
    assert_vmap(low.linear, jnp.stack([X, 2 * X]), jnp.stack([W, W]))
    traced = []

    @jax.jit
    def step(w, x):
        traced.append(1)
        return w - jax.grad(loss)(w, x), None

    jax.lax.scan(lambda w, x: step(w, x), W, jnp.stack([X, X]))
    step(step(W, X)[0], X)
    assert traced == [1]
    assert not jax.make_jaxpr(low.linear)(X, W).effects
    sharded = jax.device_put(jnp.ones((8, 4)), rows)
    with jax.set_mesh(rows.mesh):
        y = jax.jit(low.linear)(sharded, W)
    assert y.sharding.is_equivalent_to(rows, 2) and dtype_of(y) == "bfloat16"


def test_empty_arrays():
    low = functional("cpu")
    assert low.linear(jnp.zeros((0, 4)), W).shape == (0, 5)
    assert policy(jnp.concatenate, "cpu", name="cat")([jnp.zeros(0), X[0]]).shape == (4,)


def test_the_namespace_has_all_functions_and_is_made_once():
    low = functional("cuda", "float16")
    assert low is functional("cuda") is functional("cuda", dtype=jnp.float16)
    assert sorted(vars(low)) == F.__all__
    assert low.linear.__doc__ == F.linear.__doc__ and low.linear.__name__ == "linear"


def test_refusals():
    for call, match in (
        (lambda: operations("mps"), "operations: device_type must be one of 'cpu', 'cuda', got"),
        (lambda: functional("tpu"), "functional: device_type must be one of"),
        (lambda: policy(F.linear, None), "policy: device_type must be one of"),
        (lambda: policy(F.linear, "cpu", "float32"), "dtype must be bfloat16 or float16, got flo"),
        (
            lambda: functional("cuda").binary_cross_entropy(X, X),
            "binary_cross_entropy: input must be logits under CUDA's autocast, .*_with_logits",
        ),
    ):
        with pytest.raises(ValueError, match=match):
            call()
    for call, match in (
        (lambda: policy(3, "cpu"), "policy: function must be a function, got int 3"),
        (lambda: policy(F.linear, "cpu", "int32"), "policy: dtype must be a floating point dtype"),
        (lambda: policy(F.linear, "cpu", name=3), "policy: name must be a str, got int"),
        (lambda: functional("cpu").linear(X), "linear: weight must be given, got nothing"),
    ):
        with pytest.raises(TypeError, match=match):
            call()
    layer = functools.partial(autocast.functional("cpu").transformer_encoder_layer, X, {}, 1)
    with pytest.raises(NotImplementedError, match="transformer_encoder_layer: has parts of diff"):
        layer()
