"""What the norms refuse, in their own words."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import functional as F

ONES, C3 = np.ones((4, 3, 5), np.float32), np.ones(3, np.float32)
REFUSED = {
    "batch_norm": [
        ((ONES[0, 0], None, None), {}, ValueError, r"input must be of shape \(N, C, ...\), got"),
        ((ONES.astype(int), C3, C3), {}, TypeError, "input must be floating point, got int32"),
        (
            (ONES, None, None),
            {},
            ValueError,
            "running_mean must be given where the input's own stat",
        ),
        ((ONES, C3, None), {}, ValueError, "running_var must be given where the input's own stat"),
        (
            (ONES, C3, None),
            {"training": True},
            ValueError,
            "running_var must be given where the other running statistic is, got None",
        ),
        ((ONES, C3[:2], C3), {}, ValueError, r"running_mean must be of shape \(3,\), got shape"),
        ((ONES, C3, C3, C3[None]), {}, ValueError, r"weight must be of shape \(3,\), got shape"),
        (
            (ONES, C3, C3, C3.astype(np.float16)),
            {},
            TypeError,
            "weight must be of input's float32, got float16; cast it with .astype",
        ),
        (
            (ONES[:1, :, :1], None, None),
            {"training": True},
            ValueError,
            r"input must be more than one value for each channel, got shape \(1, 3, 1\); use",
        ),
        ((ONES, C3, C3), {"training": 1}, TypeError, "training must be True or False, got int 1"),
        ((ONES, C3, C3), {"momentum": None}, TypeError, "momentum must be an array, got NoneType"),
        ((ONES, C3, C3), {"eps": -1.0}, ValueError, "eps must be at least 0, got -1.0"),
        ((ONES, C3, C3), {"eps": np.inf}, ValueError, "eps must be finite, got inf"),
        (
            (ONES, None, None),
            {"training": True, "eps": 0.0},
            ValueError,
            "eps must be positive, got 0.0",
        ),
    ],
    "running_stats": [
        ((ONES, None, C3), {}, TypeError, "running_mean must be an array, got NoneType None"),
        ((ONES, C3, C3[:1]), {}, ValueError, r"running_var must be of shape \(3,\), got shape"),
        (
            (ONES, C3, C3, None),
            {},
            ValueError,
            "num_batches_tracked must be given where momentum is None, got None; pass the count",
        ),
        ((ONES[:1, :, :1], C3, C3), {}, ValueError, "input must be more than one value for each"),
        (
            (ONES[..., :1], C3, C3),
            {"per_instance": True},
            ValueError,
            "input must be more than one value for each channel of a sample, got",
        ),
        ((ONES, C3, C3), {"per_instance": 1}, TypeError, "per_instance must be True or False"),
    ],
    "instance_norm": [
        ((ONES[..., 0],), {}, ValueError, "input must be more than one spatial element in each"),
        (
            (ONES,),
            {"use_input_stats": False},
            ValueError,
            "running_mean must be given where the input's",
        ),
        ((ONES, C3, None), {}, ValueError, "running_var must be given where the other running"),
        ((ONES, None, None, C3[:1]), {}, ValueError, r"weight must be of shape \(3,\), got"),
        ((ONES, None, None, None, C3.astype(np.float16)), {}, TypeError, "bias must be of input's"),
    ],
    "group_norm": [
        ((ONES[0, 0], 1), {}, ValueError, r"input must be of shape \(N, C, ...\), got shape"),
        ((ONES, 2), {}, ValueError, "num_groups must be a divisor of the 3 channels, got 2"),
        ((ONES, 0), {}, ValueError, "num_groups must be at least 1, got 0"),
        ((ONES, 3.0), {}, TypeError, "num_groups must be a concrete integer, got float 3.0"),
        ((ONES[:1, :, 0], 3), {}, ValueError, "input must be more than one value in each group"),
        ((ONES, 3, C3[:1]), {}, ValueError, r"weight must be of shape \(3,\), got shape \(1,\)"),
    ],
    "layer_norm": [
        (
            (ONES, 5),
            {},
            TypeError,
            r"normalized_shape must be a sequence of integers, got int 5; write \(5,\)",
        ),
        ((ONES, ()), {}, ValueError, r"normalized_shape must be one or more integers, got \(\)"),
        (
            (ONES, (3,)),
            {},
            ValueError,
            r"normalized_shape must be the last dimensions of input's shape \(4, 3, 5\), got \(3,",
        ),
        ((ONES, (1, 4, 3, 5)), {}, ValueError, "normalized_shape must be the last dimensions of"),
        ((ONES, (5,), np.ones((1, 5))), {}, ValueError, r"weight must be of shape \(5,\), got"),
        ((ONES, (3, 5), None, ONES[0].T), {}, ValueError, r"bias must be of shape \(3, 5\), got"),
        ((ONES, (5,), None, None, None), {}, TypeError, "eps must be an array, got NoneType None"),
    ],
    "rms_norm": [
        ((ONES, (3,)), {}, ValueError, "normalized_shape must be the last dimensions of input's"),
        ((ONES, (5,), C3), {}, ValueError, r"weight must be of shape \(5,\), got shape \(3,\)"),
        ((ONES, (5,), np.ones(5, int)), {}, TypeError, "weight must be floating point, got int32"),
        ((ONES, (5,), np.ones(5, "F")), {}, TypeError, "weight must be floating point, got compl"),
        ((ONES.astype(int), (5,)), {}, TypeError, "input must be floating point, got int32"),
    ],
    "local_response_norm": [
        ((ONES[0], 2), {}, ValueError, r"input must be of shape \(N, C, \*, ...\), got shape"),
        ((ONES, 0), {}, ValueError, "size must be at least 1, got 0"),
        ((ONES, 1.5), {}, TypeError, "size must be a concrete integer, got float 1.5"),
        ((ONES > 0, 1), {}, TypeError, "input must be real and not bool, got bool"),
        ((ONES, 1, np.nan), {}, ValueError, "alpha must be finite, got nan"),
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    for arguments, options, error, match in REFUSED[name]:
        with pytest.raises(error, match=f"^{name}: {match}"):
            getattr(F, name)(*arguments, **options)


def test_beside_a_narrow_input_parameters_are_of_one_dtype():
    x, w = jnp.ones((2, 3), jnp.bfloat16), jnp.ones(3)
    narrow, other = w.astype(jnp.bfloat16), w.astype(jnp.float16)
    with pytest.raises(TypeError, match="^layer_norm: bias must be of weight's float32, got bfl"):
        F.layer_norm(x, (3,), w, narrow)
    with pytest.raises(TypeError, match="weight must be of input's bfloat16 or float32, got float"):
        F.layer_norm(x, (3,), other)
    with pytest.raises(TypeError, match="weight must be of running_mean's float32, got bfloat16"):
        F.batch_norm(x, w, w, narrow)


def test_options_are_static():
    with pytest.raises(TypeError, match="layer_norm: eps must be a concrete number, got a tracer"):
        jax.jit(lambda x, eps: F.layer_norm(x, (3,), eps=eps))(jnp.ones((2, 3)), 1e-5)
