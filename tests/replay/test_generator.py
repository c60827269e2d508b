"""The state: seeds, PyTorch's bytes, purity; and draws recorded from PyTorch.

RECORDED holds the last two of 19 numbers that PyTorch 2.13.0 drew from seed 2026, and the CRC-32 of
the generator's bytes after them:
    g = torch.Generator().manual_seed(2026)
    print(torch.rand(19, generator=g)[-2:], zlib.crc32(bytes(g.get_state().numpy())))
and likewise with torch.empty(19).uniform_(-0.3, 0.7, generator=g), and so on.
"""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import replay

RECORDED = [
    ("rand", (19,), [0.696839988, 0.506742477], 1561736265),
    ("uniform", (19, -0.3, 0.7), [0.396839976, 0.206742465], 1561736265),
    ("randn", (19,), [-0.328408718, 1.33967197], 431419243),
    ("normal", (0.3, 1.7, 19), [-0.258294821, 2.57744241], 431419243),
    ("exponential", (19, 1.7), [1.28554654, 0.228447884], 2504277678),
    ("cauchy", (19, 0.3, 1.7), [4.91119766, -0.765171945], 2504277678),
    ("log_normal", (19, 0.3, 0.7), [0.313085794, 1.21483326], 3399635978),
    ("geometric", (19, 0.2), [1.0, 6.0], 2504277678),
    ("bernoulli", (0.5, 19), [0.0, 1.0], 2504277678),
    ("trunc_normal", (19, 0.1, 0.9, -1.5, 2.0), [-0.195567831, 1.30570471], 3765756551),
    ("randint", (-50, 50, 19), [-27, -22], 1561736265),
    ("randperm", (19,), [9, 12], 3265465527),
    ("multinomial", (np.arange(1, 40, dtype=np.float32), 19), [7, 31], 3338350833),
]
NAMES = [name for name, *_ in RECORDED]


def crc(state):
    return zlib.crc32(replay.get_state(state).tobytes())


@pytest.mark.parametrize(("name", "arguments", "last", "state_after"), RECORDED)
def test_recorded_draws(name, arguments, last, state_after):
    values, state = getattr(replay, name)(replay.manual_seed(2026), *arguments)
    assert values.shape == (19,)
    assert values.dtype == (jnp.int32 if isinstance(last[0], int) else jnp.float32)
    # Where float64 goes through the C library another one may round the last bit otherwise.
    np.testing.assert_array_max_ulp(values[-2:], np.array(last, values.dtype), maxulp=1)
    # What waits in the state after an odd number of single normals is such a number too.
    assert crc(state) == state_after or state.normal is not None


def test_the_recorded_float32_is_exact():
    values = replay.randn(replay.manual_seed(2026), 19)[0]
    assert np.asarray(values[-2:]).tolist() == np.float32([-0.328408718, 1.33967197]).tolist()


def test_a_recorded_sequence():
    """A second normal waits through draws of other kinds, and of 16 normals and more."""
    state, drawn = replay.manual_seed(-5), []
    for kind, size in (("randn", 3), ("rand", 2), ("randn", 20), ("randn", 2)):
        values, state = getattr(replay, kind)(state, size)
        drawn.append(values)
    expected = [-1.8266246318817139, 0.6379720568656921, -1.7862693071365356, 0.5261856317520142]
    expected += [0.07744133472442627, 1.4418922662734985, 1.1472562551498413, -0.9219949841499329]
    drawn = np.concatenate([*drawn[:2], drawn[2][-1:], drawn[3]])
    np.testing.assert_array_max_ulp(drawn, np.array(expected, np.float32), maxulp=1)
    with jax.enable_x64(True):
        values, state = replay.rand(state, 2, dtype="float64")
        assert values.tolist() == [0.8694136538185543, 0.7246723377826064]


@pytest.mark.parametrize(("name", "arguments"), [row[:2] for row in RECORDED])
def test_a_draw_changes_nothing_but_what_it_returns(name, arguments):
    state = replay.randn(replay.manual_seed(1), 1)[1]
    before = replay.get_state(state)
    first, after = getattr(replay, name)(state, *arguments)
    again, _ = getattr(replay, name)(state, *arguments)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(before, replay.get_state(state))
    assert crc(after) != crc(state)
    with pytest.raises(ValueError, match="read-only"):
        after.words[0] = 1


@pytest.mark.parametrize("words", [0, 1, 623, 624, 625, 5000])
@pytest.mark.parametrize("normals", [0, 1])
def test_bytes_there_and_back(words, normals):
    state = replay.randn(replay.manual_seed(5), normals)[1]
    state = replay.rand(state, words)[1]
    record = replay.get_state(state)
    for same in (record, record.tobytes(), bytearray(record), jnp.asarray(record), list(record)):
        if isinstance(same, list):
            same = np.array(same, np.uint8)
        other = replay.set_state(same)
        assert crc(other) == crc(state) and other[1:] == state[1:]
        np.testing.assert_array_equal(replay.randn(other, 3)[0], replay.randn(state, 3)[0])


def test_a_stream_in_parts_is_the_stream():
    whole, end = replay.rand(replay.manual_seed(3), 2000)
    state, parts = replay.manual_seed(3), []
    for size in (1, 623, 0, 624, 752):
        part, state = replay.rand(state, size)
        parts.append(part)
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert crc(state) == crc(end)


def test_seeds_with_the_same_low_bits():
    one, other = replay.manual_seed(7), replay.manual_seed(7 + 2**32)
    np.testing.assert_array_equal(replay.rand(one, 5)[0], replay.rand(other, 5)[0])
    assert (one.seed, other.seed) == (7, 7 + 2**32)
    assert replay.manual_seed(-1).seed == 2**64 - 1


@pytest.mark.parametrize(
    ("seed", "error", "text"),
    [
        (2**64, ValueError, "manual_seed: seed must be less than 2"),
        (-(2**63) - 1, ValueError, "manual_seed: seed must be at least"),
        (1.0, TypeError, "manual_seed: seed must be a concrete integer, got float"),
        (True, TypeError, "manual_seed: seed must be a concrete integer, got bool"),
    ],
)
def test_seeds_out_of_range(seed, error, text):
    with pytest.raises(error, match=text):
        replay.manual_seed(seed)


def damaged(start, new):
    record = bytearray(replay.get_state(replay.manual_seed(0)))
    record[start : start + len(new)] = new
    return bytes(record)


@pytest.mark.parametrize(
    ("record", "error", "text"),
    [
        (bytes(5048), ValueError, "new_state must be 5056 bytes, got 5048"),
        (bytes(5056), ValueError, "new_state must be a generator's state"),
        (damaged(8, b"\2"), ValueError, "new_state must be a generator's state"),  # left
        (damaged(12, b"\0"), ValueError, "new_state must be a generator's state"),  # seeded
        (damaged(16, b"\xff\xff"), ValueError, "new_state must be a generator's state"),  # next
        (damaged(30, b"\1"), ValueError, "new_state must be a generator's state"),  # a word
        (np.zeros(5056), TypeError, "new_state must be bytes .uint8., got ndarray of float64"),
        ("text", TypeError, "new_state must be bytes"),
        (None, TypeError, "new_state must be bytes"),
    ],
)
def test_malformed_bytes(record, error, text):
    with pytest.raises(error, match=f"set_state: {text}"):
        replay.set_state(record)


def test_malformed_states():
    state = replay.manual_seed(0)
    for bad in (None, 0, tuple(state), state.words):
        with pytest.raises(TypeError, match="rand: state must be a State, got .*manual_seed"):
            replay.rand(bad, 3)
    for change in ({"left": 5}, {"next": 625}, {"seed": -1}, {"words": state.words[1:]}):
        with pytest.raises(ValueError, match="rand: state must be a generator's state"):
            replay.rand(state._replace(**change), 3)
    with pytest.raises(TypeError, match="rand: state must be a generator's state"):
        replay.rand(state._replace(left="one"), 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_traced_state_is_refused(name):
    arguments = dict((row[0], row[1]) for row in RECORDED)[name]

    @jax.jit
    def traced(words):
        state = replay.manual_seed(0)._replace(words=words)
        return getattr(replay, name)(state, *arguments)[0]

    with pytest.raises(TypeError, match=f"{name}: state must be concrete.*outside jit"):
        traced(replay.manual_seed(0).words)
