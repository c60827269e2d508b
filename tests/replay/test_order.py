"""The order of data from a seed, without PyTorch: recorded rows, what they add up to, refusals.

The recorded rows are those of PyTorch 2.13.0 from seed 2026, with the CRC-32 of the generator's
bytes after them:
    torch.manual_seed(2026); loader = DataLoader(range(7), 3, shuffle=True)
    print([batch.tolist() for batch in loader], zlib.crc32(bytes(torch.get_rng_state().numpy())))
"""

import functools
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_counted

from jaxgrad import replay

STATE = replay.manual_seed(2026)
WEIGHTS = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]


def crc(state):
    return zlib.crc32(replay.get_state(state).tobytes())


def listed(batches):
    assert all(batch.dtype == np.int64 for batch in batches)
    return [batch.tolist() for batch in batches]


SHUFFLED = [[[1, 0, 5], [3, 6, 2], [4]], [[1, 2, 6], [5, 0, 3], [4]]]
LOADERS = [
    ({"shuffle": True}, SHUFFLED, 2665771345),
    ({}, [[[0, 1, 2], [3, 4, 5], [6]]] * 2, 1651819705),
    ({"shuffle": True, "drop_last": True}, [epoch[:2] for epoch in SHUFFLED], 2665771345),
    (
        {"shuffle": True, "own_generator": True},
        [[[1, 0, 3], [4, 2, 5], [6]], [[6, 0, 5], [4, 3, 2], [1]]],
        2590278709,
    ),
]


@pytest.mark.parametrize(("options", "epochs", "state_after"), LOADERS)
def test_recorded_epochs(options, epochs, state_after):
    state = STATE
    for epoch in epochs:
        batches, state = replay.data_loader(state, 7, 3, **options)
        assert listed(batches) == epoch
    assert crc(state) == state_after


REPEATED = [1, 5, 2, 0, 6, 3, 4, 6, 3, 4, 0, 5, 2, 1, 0, 2, 5]
OWN = {"own_generator": True}
SAMPLERS = [
    ("random_sampler", (7,), {}, REPEATED[:7], 473734733),
    ("random_sampler", (7,), {"num_samples": 17}, REPEATED, 473734733),
    (
        *("random_sampler", (7,), {"replacement": True, "num_samples": 10}),
        *([1, 2, 4, 1, 1, 3, 6, 0, 3, 4], 473734733),
    ),
    ("random_sampler", (7,), OWN, [3, 1, 5, 0, 4, 6, 2], 1157306063),
    ("weighted_random_sampler", (WEIGHTS, 9), {}, [2, 4, 1, 1, 4, 4, 4, 2, 3], 3265465527),
    ("weighted_random_sampler", (WEIGHTS, 5, False), {}, [3, 4, 2, 5, 1], 1157306063),
    (
        *("subset_random_sampler", ([3, 1, 4, 1, 5, 9, 2, 6],), {}),
        *([1, 6, 5, 4, 9, 3, 1, 2], 2429439880),
    ),
]
SHARES = [[5, 1, 4], [0, 2, 5], [3, 6, 0]]
"""Of seven rows for three processes, with seed 5 in epoch 2."""
PARTS = {
    (0.5, 0.3, 0.2): ([[3, 1, 5, 0], [4, 6], [2]], 259749750),
    (2, 5): ([[3, 1], [5, 0, 4, 6, 2]], 259749750),
}


@pytest.mark.parametrize(("name", "arguments", "options", "rows", "state_after"), SAMPLERS)
def test_recorded_rows(name, arguments, options, rows, state_after):
    drawn, state = getattr(replay, name)(STATE, *arguments, **options)
    assert drawn.tolist() == rows and drawn.dtype == np.int64
    assert crc(state) == state_after


def test_recorded_shares():
    shares = [replay.distributed_sampler(7, 3, rank, seed=5, epoch=2) for rank in range(3)]
    assert listed(shares) == SHARES


def test_recorded_parts():
    for lengths, (parts, state_after) in PARTS.items():
        rows, state = replay.random_split(STATE, 7, lengths)
        assert listed(rows) == parts and crc(state) == state_after


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("length", [1, 6, 7, 100])
def test_an_epoch_has_every_row_once(length, own_generator, drop_last):
    batches, _ = replay.data_loader(
        STATE, length, 3, shuffle=True, drop_last=drop_last, own_generator=own_generator
    )
    sizes = [3] * (length // 3) + ([] if drop_last or length % 3 == 0 else [length % 3])
    assert [batch.size for batch in batches] == sizes
    rows = np.concatenate([*batches, np.empty(0, np.int64)])
    assert len(set(rows.tolist())) == rows.size and set(rows.tolist()) <= set(range(length))


def test_rows_in_order():
    batches, state = replay.data_loader(STATE, 7, 3)
    assert listed(batches) == [[0, 1, 2], [3, 4, 5], [6]]
    assert crc(state) != crc(STATE)  # the seed of the workers
    assert crc(state) == crc(replay.rand(STATE, 2)[1])
    assert replay.data_loader(STATE, 0)[0] == []


def test_a_shuffled_epoch_takes_two_seeds_from_the_global_state():
    for length in (5, 500):
        state = replay.data_loader(STATE, length, shuffle=True)[1]
        assert crc(state) == crc(replay.rand(STATE, 4)[1])


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("length", [0, 1, 5, 12, 13])
def test_shares_cover_the_rows(length, drop_last):
    """By the definition: strides over one order, cut or begun again until the shares are equal."""
    for replicas in (1, 3, 4):
        of = functools.partial(replay.distributed_sampler, length, replicas, drop_last=drop_last)
        shares = [of(rank) for rank in range(replicas)]
        together = np.stack(shares, axis=1).ravel()
        whole, _ = replay.randperm(replay.manual_seed(0), length)
        size = length - length % replicas if drop_last else -(-length // replicas) * replicas
        assert together.tolist() == np.resize(whole, size).tolist()
        plain = [of(rank, shuffle=False) for rank in range(replicas)]
        assert np.stack(plain, axis=1).ravel().tolist() == np.resize(range(length), size).tolist()


def test_epochs_of_shares_differ():
    first, second = (replay.distributed_sampler(20, 2, 0, epoch=epoch) for epoch in (0, 1))
    assert first.tolist() != second.tolist()
    again = replay.distributed_sampler(20, 2, 0, seed=1)
    assert again.tolist() == second.tolist()  # only the sum counts


def test_distributions():
    rows, _ = replay.random_sampler(STATE, 7, replacement=True, num_samples=20_000)
    assert_counted(rows, np.ones(7))
    rows, _ = replay.weighted_random_sampler(STATE, WEIGHTS, 20_000)
    assert_counted(rows, WEIGHTS)
    state, firsts = STATE, []
    for _ in range(500):
        batches, state = replay.data_loader(state, 5, 2, shuffle=True)
        firsts.append(batches[0][0])
    assert_counted(firsts, np.ones(5))


def test_weights_are_not_rounded_to_float32():
    """In float32 both pairs of weights are the same. The number that is drawn lies between them."""
    with jax.enable_x64(True):
        unit = float(replay.rand(STATE, (), dtype="float64")[0])
    for weight, row in ((unit + 1e-10, 0), (unit - 1e-10, 1)):
        rows, _ = replay.weighted_random_sampler(STATE, [weight, 1 - weight], 2)
        assert rows[0] == row
        rows, _ = replay.weighted_random_sampler(STATE, np.array([weight, 1 - weight]), 2)
        assert rows[0] == row


def test_indices_of_every_kind():
    expected, _ = replay.subset_random_sampler(STATE, [4, 2, 9])
    for same in ((4, 2, 9), np.array([4, 2, 9], np.uint8), jnp.array([4, 2, 9])):
        rows, _ = replay.subset_random_sampler(STATE, same)
        assert rows.tolist() == expected.tolist() and rows.dtype == np.int64
    rows, state = replay.subset_random_sampler(STATE, [])
    assert rows.shape == (0,) and rows.dtype == np.int64 and crc(state) == crc(STATE)


def test_samplers_of_a_loader():
    given = np.array([6, 0, 3, 3])
    batches, state = replay.data_loader(STATE, 7, 3, sampler=given)
    assert listed(batches) == [[6, 0, 3], [3]]
    drawing = functools.partial(replay.subset_random_sampler, indices=given)
    batches, after = replay.data_loader(STATE, 7, 3, sampler=drawing)
    rows, expected = drawing(state)  # after the seed of the workers
    assert listed(batches) == [rows[:3].tolist(), rows[3:].tolist()]
    assert crc(after) == crc(expected)


def test_parts_cover_the_rows():
    for lengths in ([0.5, 0.5], [3, 4], [0.8, 0.2], [1 / 3] * 3, [1]):
        parts, _ = replay.random_split(STATE, 7, lengths)
        assert sorted(np.concatenate(parts).tolist()) == list(range(7))
    sizes = [part.size for part in replay.random_split(STATE, 11, [1 / 3] * 3)[0]]
    assert sizes == [4, 4, 3]


def test_an_empty_part_warns():
    with pytest.warns(UserWarning, match="random_split: the part at 1 is empty") as caught:
        parts, _ = replay.random_split(STATE, 3, [1.0, 0.0])
    assert caught[0].filename == __file__ and [part.size for part in parts] == [3, 0]
    assert [part.size for part in replay.random_split(STATE, 3, [3, 0])[0]] == [3, 0]  # asked for


@pytest.mark.parametrize(
    ("name", "arguments", "options", "error", "text"),
    [
        ("data_loader", (-1,), {}, ValueError, "length must be at least 0"),
        ("data_loader", (2**40,), {}, ValueError, "length must be at most"),
        ("data_loader", (1.5,), {}, TypeError, "length must be a concrete integer"),
        ("data_loader", (5, 0), {}, ValueError, "batch_size must be at least 1"),
        ("data_loader", (5, None), {}, TypeError, "batch_size must be a concrete integer"),
        ("data_loader", (5,), {"shuffle": 1}, TypeError, "shuffle must be True or False"),
        ("data_loader", (5,), {"drop_last": 1}, TypeError, "drop_last must be True or False"),
        ("data_loader", (5,), {"own_generator": 0}, TypeError, "own_generator must be True or"),
        ("data_loader", (0,), {"shuffle": True}, ValueError, "length must be at least 1 with shu"),
        ("data_loader", (5,), {"generator": 1}, TypeError, "generator must be left out"),
        (
            *("data_loader", (5,), {"shuffle": True, "sampler": [1]}),
            *(ValueError, "sampler must be left out with shuffle, got list; the sampler decides"),
        ),
        ("data_loader", (5,), {"sampler": [5]}, ValueError, "sampler must be rows from 0 to 4"),
        ("data_loader", (5,), {"sampler": [-1]}, ValueError, "sampler must be rows from 0 to 4"),
        ("data_loader", (5,), {"sampler": [1.0]}, TypeError, "sampler must be integers"),
        ("data_loader", (5,), {"sampler": [[1]]}, ValueError, "sampler must be 1-D"),
        ("data_loader", (5,), {"sampler": len}, TypeError, "sampler must be a function to rows an"),
        (
            *("data_loader", (5,), {"sampler": lambda state: ([1], 3)}),
            *(TypeError, "sampler's state must be a State"),
        ),
        ("random_sampler", (0,), {}, ValueError, "length must be at least 1"),
        ("random_sampler", (2**40,), {}, ValueError, "length must be at most"),
        ("random_sampler", (5,), {"num_samples": 0}, ValueError, "num_samples must be at least 1"),
        ("random_sampler", (5,), {"num_samples": 2**40}, ValueError, "num_samples must be at most"),
        (
            "random_sampler",
            (5,),
            {"num_samples": True},
            TypeError,
            "num_samples must be a concrete",
        ),
        ("random_sampler", (5,), {"replacement": 1}, TypeError, "replacement must be True or Fal"),
        ("weighted_random_sampler", (WEIGHTS, 0), {}, ValueError, "num_samples must be at least 1"),
        ("weighted_random_sampler", ([], 1), {}, ValueError, "weights must be .categories"),
        ("weighted_random_sampler", ([WEIGHTS], 1), {}, ValueError, "weights must be 1-D"),
        ("weighted_random_sampler", (["1"], 1), {}, TypeError, "weights must be real numbers"),
        ("weighted_random_sampler", ([1j], 1), {}, TypeError, "weights must be real numbers"),
        (
            "weighted_random_sampler",
            ([-1.0], 1),
            {},
            ValueError,
            "weights must be finite and at le",
        ),
        ("weighted_random_sampler", ([np.nan], 1), {}, ValueError, "weights must be finite"),
        ("weighted_random_sampler", ([0.0], 1), {}, ValueError, "weights must be positive somewh"),
        (
            "weighted_random_sampler",
            ([1.0], 2, False),
            {},
            ValueError,
            "num_samples must be at mos",
        ),
        (
            "weighted_random_sampler",
            ([1.0, 0, 0], 3, False),
            {},
            ValueError,
            "weights must .*a tie",
        ),
        ("weighted_random_sampler", ([1.0], 2, 1), {}, TypeError, "replacement must be True or F"),
        ("subset_random_sampler", ([[1]],), {}, ValueError, "indices must be 1-D"),
        ("subset_random_sampler", (3,), {}, ValueError, "indices must be 1-D"),
        ("subset_random_sampler", ([0.5],), {}, TypeError, "indices must be integers"),
        ("subset_random_sampler", ([True],), {}, TypeError, "indices must be integers"),
        ("subset_random_sampler", ([2**63],), {}, ValueError, r"indices must be below 2\*\*63"),
        ("random_split", (5, [2, 4]), {}, ValueError, "lengths must be of a sum of 5, got 6"),
        ("random_split", (5, [6, -1]), {}, ValueError, "lengths must be at least 0"),
        (
            "random_split",
            (5, [0.5, 0.6]),
            {},
            ValueError,
            "lengths must be whole numbers, or fract",
        ),
        ("random_split", (5, [1.5, -0.5]), {}, ValueError, "lengths must be finite and at least 0"),
        ("random_split", (5, [np.nan]), {}, ValueError, "lengths must be finite and at least 0"),
        ("random_split", (5, [True]), {}, TypeError, "lengths must be a concrete integer"),
        ("random_split", (5, 5), {}, TypeError, "lengths must be a list or a tuple of numbers"),
        ("random_split", (-1, []), {}, ValueError, "length must be at least 0"),
    ],
)
def test_refusals(name, arguments, options, error, text):
    with pytest.raises(error, match=f"{name}: {text}"):
        getattr(replay, name)(STATE, *arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((5, 0, 0), {}, ValueError, "num_replicas must be at least 1"),
        ((5, 2, 2), {}, ValueError, "rank must be at most 1"),
        ((5, 2, -1), {}, ValueError, "rank must be at least 0"),
        ((-5, 2, 0), {}, ValueError, "length must be at least 0"),
        ((5, 2, 0), {"seed": 2**64 - 1, "epoch": 1}, ValueError, r"seed \+ epoch must be from"),
        ((5, 2, 0), {"epoch": 0.5}, TypeError, "epoch must be a concrete integer"),
        ((5, 2, 0), {"shuffle": None}, TypeError, "shuffle must be True or False"),
    ],
)
def test_refusals_of_shares(arguments, options, error, text):
    with pytest.raises(error, match=f"distributed_sampler: {text}"):
        replay.distributed_sampler(*arguments, **options)


@pytest.mark.parametrize(
    ("name", "after"),
    [("subset_random_sampler", ()), ("weighted_random_sampler", (2,))],
)
def test_traced_rows_are_refused(name, after):
    with pytest.raises(TypeError, match=f"{name}: .* must be concrete.*outside jit"):
        jax.jit(lambda x: getattr(replay, name)(STATE, x, *after)[0])(jnp.arange(3))


def test_a_traced_state_is_refused():
    @jax.jit
    def traced(words):
        return jnp.asarray(replay.data_loader(STATE._replace(words=words), 5, shuffle=True)[0][0])

    with pytest.raises(TypeError, match="data_loader: state must be concrete.*outside jit"):
        traced(STATE.words)
