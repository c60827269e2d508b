"""What the recurrent layers refuse, and how they say it."""

import numpy as np
import pytest
from recurrent_definition import parameters

from jaxgrad.functional import gru, lstm, rnn

X, P = np.ones((5, 2, 3), np.float32), parameters(4)
TWO = parameters(4, layers=2)
H = np.zeros((1, 2, 4), np.float32)


def without(name):
    return {key: value for key, value in TWO.items() if key != name}


REFUSED = {
    "integers": ([X.astype(int), None, P], {}, "input must be floating point, got int"),
    "1-D": ([X[0, 0], None, P], {}, "input must be of shape (L, N, features) or (L, features), g"),
    "no steps": ([X[:0], None, P], {}, "input must be of length 1 or more"),
    "a list": ([X, None, list(P.values())], {}, "params must be a dict of arrays by PyTorch's na"),
    "a prefix": (
        [X, None, {f"lstm.{name}": value for name, value in P.items()}],
        {},
        "params must be a dict of arrays by PyTorch's names weight_ih_l0, weight_hh_l0, …, got "
        "'lstm.weight_ih_l0'; take the entries of one layer, without their prefix",
    ),
    "surplus": ([X, None, P | {"weight": X}], {}, "params must be a dict of arrays by PyTorch's"),
    "empty": (
        [X, None, {}],
        {},
        "params must be a dict of all parameters of a layer, got none call",
    ),
    "missing": (
        [X, None, without("bias_hh_l1")],
        {},
        "params must be a dict of all parameters of a layer, got none called bias_hh_l1",
    ),
    "a gap": (
        [X, None, P | {"weight_ih_l2": X}],
        {},
        "params must be a dict of all parameters of a layer, got none called weight_ih_l1, weight_",
    ),
    "features": ([X[..., :2], None, P], {}, "params['weight_ih_l0'] must be of shape (16, 2), got"),
    "gates": (
        [X, None, parameters(3)],
        {},
        "params['weight_hh_l0'] must be of shape (12, 3), got (12, 4); the 4 gates are one below",
    ),
    "another dtype": (
        [X.astype(np.float16), None, P],
        {},
        "params['weight_ih_l0'] must be of input's float16, got float32; cast it with .astype",
    ),
    "one state": ([X, H, P], {}, "hx must be a pair (h_0, c_0) or None, got ndarray"),
    "batch": ([X, (H[:, :1], H), P], {}, "hx[0] must be of shape (1, 2, 4), got (1, 1, 4)"),
    "batch of states": (
        [X.swapaxes(0, 1), (H.swapaxes(0, 1), H), P],
        {"batch_first": True},
        "hx[0] must be of shape (1, 2, 4), got (2, 1, 4); layers and directions come first, also w",
    ),
    "single": ([X[:, 0], (H, H), P], {}, "hx[0] must be of shape (1, 4), got (1, 2, 4)"),
    "a state's dtype": ([X, (H, H.astype(np.float16)), P], {}, "hx[1] must be of input's float32"),
    "no key": (
        [X, None, TWO],
        {"dropout": 0.5, "training": True},
        "key must be a typed key where training and dropout are set, got None",
    ),
    "dropout": ([X, None, P], {"dropout": 1.5}, "dropout must be in [0, 1], got 1.5"),
    "a flag": ([X, None, P], {"batch_first": 1}, "batch_first must be True or False"),
    "float lengths": (
        [X, None, P],
        {"lengths": [1.0, 2.0]},
        "lengths must be an array of integers",
    ),
    "lengths": (
        [X, None, P],
        {"lengths": [1, 2, 3]},
        "lengths must be of shape (2,), one for each",
    ),
    "0": ([X, None, P], {"lengths": [0, 5]}, "lengths must be from 1 to 5, the length of input, "),
    "long": ([X, None, P], {"lengths": [6, 5]}, "lengths must be from 1 to 5, the length of input"),
    "one length": ([X[:, 0], None, P], {"lengths": 3}, "lengths must be None for an input (L, fea"),
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    given, options, text = REFUSED[name]
    options = {k: np.array(v) if k == "lengths" else v for k, v in options.items()}
    with pytest.raises((TypeError, ValueError)) as error:
        lstm(*given, **options)
    assert str(error.value).startswith(f"lstm: {text}")


def test_refusals_of_the_others():
    with pytest.raises(
        ValueError, match="rnn: nonlinearity must be one of 'tanh', 'relu', got 'si"
    ):
        rnn(X, None, parameters(1), nonlinearity="sigmoid")
    projected = parameters(3) | {"weight_hr_l0": H[0]}
    with pytest.raises(ValueError, match=r"gru: params must be a dict .*, got 'weight_hr_l0'"):
        gru(X, None, projected)
    with pytest.raises(TypeError, match="gru: hx must be an array, got tuple"):
        gru(X, (H, H[0]), parameters(3))
