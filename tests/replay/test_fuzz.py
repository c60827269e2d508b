"""PyTorch's numbers from its seeds, of parameters drawn at random: every bit, or a refusal."""

import jax
import numpy as np
import pytest
from fuzz import FEW_SETS, FLOATS, searching_few
from hypothesis import given
from hypothesis import strategies as st
from outcomes import outcome
from rooms import public

from jaxgrad import replay

pytestmark = [pytest.mark.torch, pytest.mark.nightly, pytest.mark.thinned(1)]  # all, each night

FILLS = {
    "rand": ("uniform_", 0),
    "uniform": ("uniform_", 2),
    "randn": ("normal_", 0),
    "normal": ("normal_", 2),
    "exponential": ("exponential_", 1),
    "cauchy": ("cauchy_", 2),
    "log_normal": ("log_normal_", 2),
    "geometric": ("geometric_", 1),
    "bernoulli": ("bernoulli_", 1),
}
"""PyTorch's method of that, and how many numbers it takes."""
ELSEWHERE = {
    # The state itself, and permutations, integers and categories: `test_live.py`, to the bit.
    *("manual_seed", "get_state", "set_state", "randperm", "randint", "multinomial"),
    # Weights of layers: `test_weights_live.py`, to the bit, by every layer's options.
    *("trunc_normal", "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d"),
    *("conv_transpose2d", "conv_transpose3d", "embedding", "gru", "kaiming_normal"),
    *("kaiming_uniform", "linear", "lstm", "multihead_attention", "orthogonal", "rnn"),
    *("sparse", "xavier_normal", "xavier_uniform"),
    # The order of data and dropout: `test_order_live.py` and `test_masks_live.py`, to the bit.
    *("data_loader", "random_sampler", "weighted_random_sampler", "subset_random_sampler"),
    *("distributed_sampler", "random_split", "dropout", "dropout1d", "dropout2d", "dropout3d"),
    *("alpha_dropout", "feature_alpha_dropout"),
}
NUMBERS = (0.0, 0.5, 1.0, -0.5, 2.0, 1e-3, 3.0, 1e4, -0.0, np.inf, np.nan)
SHAPES = ((3,), (), (1,), (17,), (2, 8), (0,), (2, 0), (33,))


def ours(name, seed, shape, numbers, dtype):
    before = name in ("normal", "bernoulli")  # the shape comes last
    places = (*numbers, shape) if before else (shape, *numbers)
    return getattr(replay, name)(replay.manual_seed(seed), *places, dtype=dtype)


def theirs(name, seed, shape, numbers, dtype):
    import torch

    generator, tensor = torch.Generator().manual_seed(seed), torch.empty(shape)
    tensor = getattr(tensor.to(getattr(torch, dtype)), FILLS[name][0])(
        *numbers, generator=generator
    )
    return tensor.double().numpy(), generator.get_state().numpy().tobytes()


@pytest.mark.parametrize("name", FILLS)
@searching_few
@given(data=st.data())
def test_as_pytorch(name, data):
    shape, dtype = data.draw(st.sampled_from(SHAPES)), data.draw(st.sampled_from(FLOATS))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    with jax.enable_x64(True):
        for _ in range(FEW_SETS):
            numbers = [float(each) for each in rng.choice(NUMBERS, FILLS[name][1])]
            call = (name, int(rng.integers(0, 2**31)), shape, numbers, dtype)
            found, expected = (outcome(lambda of=of, a=call: of(*a)) for of in (ours, theirs))
            refused = [isinstance(each, Exception) for each in (found, expected)]
            told = f"{call}\nours: {found}\nPyTorch: {expected}"
            assert refused[0] == refused[1] or declared(name, numbers, dtype), told
            if not any(refused):
                values, state = found
                np.testing.assert_array_equal(np.asarray(values, float), expected[0], told)
                assert replay.get_state(state).tobytes() == expected[1], told


@searching_few
@given(data=st.data())
def test_loaders_as_pytorch(data):
    import torch

    sizes, flags = st.integers(1, 300), st.booleans()
    length, batch_size = data.draw(sizes), data.draw(st.one_of(st.integers(1, 9), sizes))
    options = {name: data.draw(flags) for name in ("shuffle", "drop_last")}
    seed, own_generator = data.draw(st.integers(-(2**63), 2**64 - 1)), data.draw(flags)
    generator = torch.Generator() if own_generator else torch.default_generator
    state, _ = replay.manual_seed(seed), generator.manual_seed(seed)
    loader = torch.utils.data.DataLoader(
        range(length), batch_size, generator=generator if own_generator else None, **options
    )
    for _ in range(data.draw(st.integers(1, 4))):
        batches, state = replay.data_loader(
            state, length, batch_size, own_generator=own_generator, **options
        )
        assert [b.tolist() for b in batches] == [b.tolist() for b in loader]
        _, state = replay.randn(state, 3)
        torch.randn(3, generator=generator)
        assert replay.get_state(state).tobytes() == generator.get_state().numpy().tobytes()


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
@searching_few
@given(data=st.data())
def test_dropout_as_pytorch(name, data):
    import torch

    shape, dtype = data.draw(st.sampled_from(SHAPES)), data.draw(st.sampled_from(FLOATS))
    first, seed = data.draw(st.floats(0, 1)), data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    with jax.enable_x64(True):
        for p in (first, *rng.random(FEW_SETS).tolist()):
            x = torch.tensor(rng.normal(size=shape) * 3).to(getattr(torch, dtype))
            torch.manual_seed(seed)
            expected = getattr(torch.nn.functional, name)(x, p, training=True).double().numpy()
            given = np.asarray(x.double().numpy()).astype(jax.numpy.dtype(dtype))
            values, state = getattr(replay, name)(replay.manual_seed(seed), given, p, True)
            np.testing.assert_array_equal(np.asarray(values, float), expected, f"{p} {seed}")
            assert replay.get_state(state).tobytes() == torch.get_rng_state().numpy().tobytes()


def declared(name, numbers, dtype):
    """Parameters of a distribution are finite; PyTorch draws nonsense of those that are not."""
    return name in ("cauchy", "log_normal", "exponential") and not np.isfinite(numbers).all()


def test_every_function_is_searched_or_elsewhere():
    assert FILLS.keys() | ELSEWHERE == public(replay)
    assert not FILLS.keys() & ELSEWHERE
