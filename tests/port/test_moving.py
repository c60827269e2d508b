"""Arrays find their places by name, shape and transpose, or are refused; no PyTorch is needed."""

import jax
import numpy as np
import pytest

from jaxgrad.port import moving, torch_layout

TORCHS = {
    "fc1.weight": np.arange(20.0).reshape(4, 5),
    "fc1.bias": np.arange(4.0),
    "fc2.weight": np.arange(16.0).reshape(4, 4),
    "fc2.bias": np.arange(4.0) + 1,
}


def like(*shape):
    return jax.ShapeDtypeStruct(shape, np.float32)


def moves(params, mapping=None):
    return moving.moves(params, "params", TORCHS, mapping or {})


def test_names_shapes_and_transposes():
    found = moves(
        {
            "fc1": {"kernel": like(5, 4), "bias": like(4)},
            "fc2": {"kernel": like(4, 4), "bias": like(4)},
        }
    )
    assert {path: move.name for path, move in found.items()} == {
        "params['fc1']['bias']": "fc1.bias",
        "params['fc1']['kernel']": "fc1.weight",
        "params['fc2']['bias']": "fc2.bias",
        "params['fc2']['kernel']": "fc2.weight",
    }
    moved = {path: moving.moved(move, TORCHS) for path, move in found.items()}
    assert np.array_equal(moved["params['fc1']['kernel']"], TORCHS["fc1.weight"].T)
    assert np.array_equal(moved["params['fc2']['kernel']"], TORCHS["fc2.weight"].T)
    (same,) = moves({"fc2": {"weight": like(4, 4)}}).values()
    assert np.array_equal(moving.moved(same, TORCHS), TORCHS["fc2.weight"])
    (only,) = moves({"of any name": like(5, 4)}).values()
    assert only.name == "fc1.weight"


@pytest.mark.parametrize(
    ("params", "mapping", "told"),
    [
        ({"w": like(4, 4)}, {}, "could be either way round; say which, such as mapping="),
        ({"first": like(4)}, {}, "could be fc1.bias or fc2.bias; say which"),
        ({"w": like(7)}, {}, "has the shape of nothing that is left"),
        ({"a": like(5, 4), "b": like(4, 5)}, {}, "could both be fc1.weight"),
        ({"w": like(5, 4)}, {"w": "fc9.weight"}, "which PyTorch's module does not have; it has"),
        ({"w": like(5, 4)}, {"w": ("fc1.weight", torch_layout.same)}, "makes .4, 5. of fc1.weight"),
        ({"w": like(5, 5)}, {"w": "fc1.weight"}, "cannot be reached by a transpose"),
    ],
)
def test_what_is_unclear_is_refused(params, mapping, told):
    with pytest.raises(ValueError, match=told):
        moves(params, mapping)


@pytest.mark.parametrize("key", ["w", "['w']", "params.w", "params['w']"])
def test_a_mapping_names_its_layout(key):
    (move,) = moves({"w": like(4, 4)}, {key: ("fc2.weight", torch_layout.linear)}).values()
    assert np.array_equal(moving.moved(move, TORCHS), TORCHS["fc2.weight"].T)


def test_a_key_of_a_mapping_that_is_no_path():
    with pytest.raises(ValueError, match="compare: mapping must be the path .*name one of params"):
        moving.check_keys({"v": "fc1.weight"}, {"params": {"w": like(5, 4)}, "state": None})
