"""Arrays are matched by name, shape and transpose, or refused; PyTorch is not needed."""

import jax
import numpy as np
import pytest

from jaxgrad.port import torch_layout
from jaxgrad.port.matching import check_mapping, match_arrays

TORCH_ARRAYS = {
    "fc1.weight": np.arange(20.0).reshape(4, 5),
    "fc1.bias": np.arange(4.0),
    "fc2.weight": np.arange(16.0).reshape(4, 4),
    "fc2.bias": np.arange(4.0) + 1,
}


def like(*shape):
    return jax.ShapeDtypeStruct(shape, np.float32)


def matches(params, mapping=None):
    return match_arrays(params, "params", TORCH_ARRAYS, mapping or {})


def test_names_shapes_and_transposes():
    found = matches(
        {
            "fc1": {"kernel": like(5, 4), "bias": like(4)},
            "fc2": {"kernel": like(4, 4), "bias": like(4)},
        }
    )
    assert {path: match.name for path, match in found.items()} == {
        "params['fc1']['bias']": "fc1.bias",
        "params['fc1']['kernel']": "fc1.weight",
        "params['fc2']['bias']": "fc2.bias",
        "params['fc2']['kernel']": "fc2.weight",
    }
    converted = {path: match.array(TORCH_ARRAYS) for path, match in found.items()}
    assert np.array_equal(converted["params['fc1']['kernel']"], TORCH_ARRAYS["fc1.weight"].T)
    assert np.array_equal(converted["params['fc2']['kernel']"], TORCH_ARRAYS["fc2.weight"].T)
    (same,) = matches({"fc2": {"weight": like(4, 4)}}).values()
    assert np.array_equal(same.array(TORCH_ARRAYS), TORCH_ARRAYS["fc2.weight"])
    of_torch = {"rnn.weight_hh_l0": TORCH_ARRAYS["fc2.weight"]}
    (same,) = match_arrays({"rnn.weight_hh_l0": like(4, 4)}, "params", of_torch, {}).values()
    assert np.array_equal(same.array(of_torch), TORCH_ARRAYS["fc2.weight"])
    (only,) = matches({"of any name": like(5, 4)}).values()
    assert only.name == "fc1.weight"


@pytest.mark.parametrize(
    ("params", "mapping", "message"),
    [
        ({"w": like(4, 4)}, {}, "could be either way round; say which, such as mapping="),
        ({"first": like(4)}, {}, "could be fc1.bias or fc2.bias; say which"),
        ({"w": like(7)}, {}, "fits none of PyTorch's arrays that are not matched yet"),
        ({"a": like(5, 4), "b": like(4, 5)}, {}, "could both be fc1.weight"),
        ({"w": like(5, 4)}, {"w": "fc9.weight"}, "which PyTorch's module does not have; it has"),
        ({"w": like(5, 4)}, {"w": ("fc1.weight", torch_layout.same)}, "makes .4, 5. of fc1.weight"),
        ({"w": like(5, 5)}, {"w": "fc1.weight"}, "cannot be reached by a transpose"),
    ],
)
def test_ambiguous_arrays_are_refused(params, mapping, message):
    with pytest.raises(ValueError, match=message):
        matches(params, mapping)


@pytest.mark.parametrize("key", ["w", "['w']", "params.w", "params['w']"])
def test_a_mapping_names_its_layout(key):
    (match,) = matches({"w": like(4, 4)}, {key: ("fc2.weight", torch_layout.linear)}).values()
    assert np.array_equal(match.array(TORCH_ARRAYS), TORCH_ARRAYS["fc2.weight"].T)


def test_a_mapping_with_an_unknown_path():
    with pytest.raises(ValueError, match="compare: mapping must be the path .*name one of params"):
        check_mapping({"v": "fc1.weight"}, {"params": {"w": like(5, 4)}, "state": None})
