"""What the initialisers refuse of options drawn at random, against a live PyTorch."""

import functools

import jax
import pytest
from fuzz import FLOATS, SLOW
from hypothesis import given, settings
from hypothesis import strategies as st
from outcomes import outcome
from rooms import public

from jaxgrad import init

pytestmark = [pytest.mark.torch, pytest.mark.nightly, pytest.mark.thinned(1)]  # all, each night

numbers = st.sampled_from([0.0, 0.5, 1.0, -0.5, 2.0, 1e-3])
modes = st.sampled_from(["fan_in", "fan_out", "FAN_IN", "fan_avg", "other"])
nonlinearities = st.sampled_from(["relu", "leaky_relu", "tanh", "linear", "conv2d", "selu", "elu"])
kaiming = {"a": numbers, "mode": modes, "nonlinearity": nonlinearities}
OPTIONS = {
    "uniform": {"a": numbers, "b": numbers},
    "normal": {"mean": numbers, "std": numbers},
    "trunc_normal": {"mean": numbers, "std": numbers, "a": numbers, "b": numbers},
    "xavier_uniform": {"gain": numbers},
    "xavier_normal": {"gain": numbers},
    "kaiming_uniform": kaiming,
    "kaiming_normal": kaiming,
    "orthogonal": {"gain": numbers},
    "sparse": {"sparsity": st.sampled_from([0.5, 0.1, 1.0, 0.0]), "std": numbers},
    "dirac": {"groups": st.sampled_from([1, 2, 3])},
    "eye": {},
}
NEEDED = {"sparse": ("sparsity",)}
ELSEWHERE = {
    # `torch.nn.init` has none of them: `test_initializers.py`.
    *("bernoulli", "multinomial"),
    # Numbers of shapes and names, held against PyTorch's in `test_init_torch.py`.
    *("calculate_fan", "calculate_gain"),
    # Layers, held against PyTorch's modules in `test_layers_torch.py`.
    *("batch_norm", "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d"),
    *("conv_transpose2d", "conv_transpose3d", "embedding", "group_norm", "gru"),
    *("instance_norm", "layer_norm", "linear", "lstm", "multihead_attention", "rms_norm", "rnn"),
}
SHAPES = ((3,), (), (1, 1), (4, 3), (2, 4, 3), (4, 2, 3, 3), (6, 2, 1, 1, 2), (0, 3), (3, 0))


def kind_of(call):
    found = outcome(call)
    if isinstance(found, Exception):
        return found
    return str(found.dtype).removeprefix("torch."), tuple(found.shape)


def theirs(name, shape, dtype, options):
    import torch

    tensor = torch.empty(shape, dtype=getattr(torch, dtype))
    return getattr(torch.nn.init, f"{name}_")(tensor, **options)


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=200, suppress_health_check=SLOW)
@given(data=st.data())
def test_refusals(name, data):
    needed = NEEDED.get(name, ())
    both = [{}, {}]
    for option, strategy in OPTIONS[name].items():
        both[option not in needed][option] = strategy
    options = data.draw(st.fixed_dictionaries(both[0], optional=both[1]), "options")
    shape = data.draw(st.sampled_from(SHAPES), "shape")
    dtype = data.draw(st.sampled_from(FLOATS), "dtype")
    with jax.enable_x64(True):
        fn = functools.partial(getattr(init, name), shape=shape, dtype=dtype, **options)
        found = kind_of(lambda: jax.eval_shape(fn, jax.random.key(0)))
        expected = kind_of(lambda: theirs(name, shape, dtype, options))
        both = isinstance(found, Exception) and isinstance(expected, Exception)
        assert both or found == expected or declared(name, shape, options, expected), (
            f"{shape} {dtype} {options}\nours: {found}\nPyTorch: {expected}"
        )


def declared(name, shape, options, theirs):
    """What PyTorch does not look at: options where there is nothing, and a spread of at most 0."""
    if "not implemented for" in str(theirs) or 0 in shape:
        return True
    low, high = options.get("a", -2.0), options.get("b", 2.0)
    return name == "trunc_normal" and (options.get("std", 1.0) <= 0 or low >= high)


def test_every_function_is_searched_or_elsewhere():
    assert OPTIONS.keys() | ELSEWHERE == public(init)
    assert not OPTIONS.keys() & ELSEWHERE
