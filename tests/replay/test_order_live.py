"""The order of data against a live PyTorch: every row, and every state after it."""

import functools
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import replay

pytestmark = pytest.mark.torch
LENGTHS = [1, 2, 7, 32, 100]
EPOCHS = 3


def seeded(seed):
    import torch

    torch.manual_seed(seed)
    return replay.manual_seed(seed)


def own(seed):
    import torch

    return replay.manual_seed(seed), torch.Generator().manual_seed(seed)


def assert_global_state(state):
    import torch

    assert replay.get_state(state).tobytes() == torch.get_rng_state().numpy().tobytes()


def assert_state_of(generator, state):
    assert replay.get_state(state).tobytes() == generator.get_state().numpy().tobytes()


def loader(length, *args, **options):
    import torch

    return torch.utils.data.DataLoader(torch.arange(length), *args, **options)


def listed(batches):
    return [batch.tolist() for batch in batches]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 5, 32, 1000])
def test_epochs_of_a_loader(batch_size, shuffle, drop_last):
    """The global state, with other draws before, within and after each epoch."""
    import torch

    options = {"shuffle": shuffle, "drop_last": drop_last}
    for seed, length in enumerate(LENGTHS):
        state = seeded(seed)
        theirs = loader(length, batch_size, **options)
        for _ in range(EPOCHS):
            batches, state = replay.data_loader(state, length, batch_size, **options)
            for ours, expected in zip(batches, theirs, strict=True):
                assert_same(ours, expected.numpy())
                drawn, state = replay.randn(state, 3)  # a second normal waits in the state
                assert_same(drawn, torch.randn(3).numpy(), rtol=0)
            assert_global_state(state)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 5, 1000])
def test_epochs_of_a_loader_with_its_own_generator(batch_size, shuffle, drop_last):
    options = {"shuffle": shuffle, "drop_last": drop_last}
    for seed, length in enumerate(LENGTHS):
        state, generator = own(seed)
        theirs = loader(length, batch_size, generator=generator, **options)
        for _ in range(EPOCHS):
            batches, state = replay.data_loader(
                state, length, batch_size, own_generator=True, **options
            )
            assert listed(batches) == listed(theirs)
            assert_state_of(generator, state)


def test_a_loop_that_is_left_early():
    """The global state is that of the whole epoch as soon as there is a batch."""
    state = seeded(0)
    batches, state = replay.data_loader(state, 10, 4, shuffle=True)
    assert next(iter(loader(10, 4, shuffle=True))).tolist() == batches[0].tolist()
    assert_global_state(state)
    state, generator = own(0)
    batches, state = replay.data_loader(state, 10, 4, shuffle=True, own_generator=True)
    theirs = iter(loader(10, 4, shuffle=True, generator=generator))
    assert [next(theirs).tolist() for _ in range(2)] == listed(batches[:2])
    assert replay.get_state(state).tobytes() != generator.get_state().numpy().tobytes()
    assert next(theirs).tolist() == batches[2].tolist()
    assert_state_of(generator, state)


def test_a_generator_without_a_seed():
    """Declared in the guide: it has one all the same."""
    import torch

    assert_state_of(torch.Generator(), replay.manual_seed(67280421310721))


def test_an_epoch_without_rows():
    state = seeded(0)
    batches, state = replay.data_loader(state, 0, 4)
    assert batches == list(loader(0, 4))
    assert_global_state(state)
    with pytest.raises(ValueError, match="num_samples should be a positive integer"):
        loader(0, shuffle=True)


WITH_WORKERS = """
import json, torch
torch.manual_seed(0)
told = []
for options in ({"num_workers": 2}, {"num_workers": 1, "persistent_workers": True}):
    loader = torch.utils.data.DataLoader(range(10), 3, shuffle=True, **options)
    for _ in range(2):
        told.append([batch.tolist() for batch in loader])
    told.append(torch.get_rng_state().tolist())
print(json.dumps(told))
"""


@pytest.mark.nightly
def test_workers_change_the_order_only_where_they_persist():
    """PyTorch alone in a process, as its workers are forked, which JAX's threads do not stand."""
    call = [sys.executable, "-c", WITH_WORKERS]
    told = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    state = replay.manual_seed(0)
    for expected in told[:2]:
        batches, state = replay.data_loader(state, 10, 3, shuffle=True)
        assert listed(batches) == expected
    assert replay.get_state(state).tolist() == told[2]
    batches, state = replay.data_loader(state, 10, 3, shuffle=True)
    assert listed(batches) == told[3]
    rows, state = replay.random_sampler(state, 10)  # persistent workers are seeded once
    assert rows.tolist() == sum(told[4], [])
    assert replay.get_state(state).tolist() == told[5]


@pytest.mark.parametrize("num_samples", [None, 1, 6, 7, 8, 31, 32, 33, 64, 150])
@pytest.mark.parametrize("replacement", [False, True])
def test_random_sampler(replacement, num_samples):
    import torch

    options = {"replacement": replacement, "num_samples": num_samples}
    for seed, length in enumerate([1, 7, 50]):
        state = seeded(seed)
        sampler = torch.utils.data.RandomSampler(range(length), **options)
        for _ in range(EPOCHS):
            rows, state = replay.random_sampler(state, length, **options)
            assert_same(rows, np.array(list(sampler)))
            assert_global_state(state)
        state, generator = own(seed)
        sampler = torch.utils.data.RandomSampler(range(length), generator=generator, **options)
        for _ in range(EPOCHS):
            rows, state = replay.random_sampler(state, length, own_generator=True, **options)
            assert_same(rows, np.array(list(sampler)))
            assert_state_of(generator, state)


def test_random_sampler_of_many_rows():
    import torch

    state = seeded(5)
    rows, state = replay.random_sampler(state, 10**5)
    assert_same(rows, np.array(list(torch.utils.data.RandomSampler(range(10**5)))))
    rows, state = replay.random_sampler(state, 10**5, replacement=True, num_samples=10**4)
    sampler = torch.utils.data.RandomSampler(range(10**5), True, 10**4)
    assert_same(rows, np.array(list(sampler)))
    assert_global_state(state)


WEIGHTS = {
    "list": [0.1, 0.9, 0.4, 0.7, 3.0, 0.6],
    "with zeros": [0.0, 2.0, 0.0, 1.0, 1e-300, 5.0],
    "integers": [1, 2, 3, 4, 5, 6],
    "float32": np.linspace(0.1, 1, 6, dtype=np.float32),
    "truth values": [True, False, True, True, True, False],
}


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("replacement", [True, False])
def test_weighted_random_sampler(replacement, kind):
    import torch

    for seed in range(10):
        state = seeded(seed)
        for count in (1, 2, 4, *([100] if replacement else [])):
            sampler = torch.utils.data.WeightedRandomSampler(WEIGHTS[kind], count, replacement)
            rows, state = replay.weighted_random_sampler(state, WEIGHTS[kind], count, replacement)
            assert_same(rows, np.array(list(sampler)))
            assert_global_state(state)


def test_weighted_random_sampler_of_classes():
    """The usual weights: one over the number of rows of the class."""
    import torch

    labels = np.random.RandomState(0).randint(0, 10, 5000)
    weights = 1 / np.bincount(labels)[labels]
    state, generator = own(3)
    sampler = torch.utils.data.WeightedRandomSampler(weights, 5000, generator=generator)
    rows, state = replay.weighted_random_sampler(state, weights, 5000)
    assert_same(rows, np.array(list(sampler)))
    assert_state_of(generator, state)


@pytest.mark.parametrize("indices", [[], [5], [9, 2, 7, 2, -1], range(40)])
def test_subset_random_sampler(indices):
    import torch

    for seed in range(5):
        state = seeded(seed)
        sampler = torch.utils.data.SubsetRandomSampler(indices)
        for _ in range(EPOCHS):
            rows, state = replay.subset_random_sampler(state, indices)
            assert rows.tolist() == list(sampler)
            assert_global_state(state)


def test_loaders_of_samplers():
    """The loader's seed is drawn before the sampler's rows."""
    import torch

    weights = np.arange(1.0, 21.0)
    samplers = [
        (
            torch.utils.data.WeightedRandomSampler(weights, 30),
            functools.partial(replay.weighted_random_sampler, weights=weights, num_samples=30),
        ),
        (
            torch.utils.data.SubsetRandomSampler(range(3, 17)),
            functools.partial(replay.subset_random_sampler, indices=range(3, 17)),
        ),
        (
            torch.utils.data.RandomSampler(range(20), num_samples=33),
            functools.partial(replay.random_sampler, length=20, num_samples=33),
        ),
        (
            torch.utils.data.DistributedSampler(range(20), 3, 1),
            replay.distributed_sampler(20, 3, 1),
        ),
    ]
    for theirs, ours in samplers:
        state, batches_of = seeded(1), loader(20, 4, sampler=theirs)
        for _ in range(EPOCHS):
            batches, state = replay.data_loader(state, 20, 4, sampler=ours)
            assert listed(batches) == listed(batches_of)
            assert_global_state(state)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("length", [0, 1, 3, 7, 8, 9, 100])
def test_distributed_sampler(length, drop_last, shuffle):
    import torch

    options = {"shuffle": shuffle, "drop_last": drop_last}
    for replicas in (1, 2, 3, 8, 11):
        for rank in {0, replicas // 2, replicas - 1}:
            sampler = torch.utils.data.DistributedSampler(
                range(length), replicas, rank, seed=-3, **options
            )
            for epoch in (0, 1, 5):
                sampler.set_epoch(epoch)
                ours = replay.distributed_sampler(
                    length, replicas, rank, seed=-3, epoch=epoch, **options
                )
                assert ours.tolist() == list(sampler)


LENGTHS_OF_PARTS = [
    (10, [3, 7]),
    (10, [0, 10, 0]),
    (10, [0.3, 0.7]),
    (11, [0.5, 0.25, 0.25]),
    (101, [1 / 3, 1 / 3, 1 / 3]),
    (7, [0.1] * 10),
    (10, [1]),
    (10, [1, 0]),
    (1, [1]),
    (1, [0.5, 0.5]),
    (0, []),
    (0, [0, 0]),
    (5, [0.5, 0.4999999999]),
    (1000, [0.8, 0.1, 0.1]),
    (60000, [50000, 10000]),
]


@pytest.mark.parametrize(("length", "lengths"), LENGTHS_OF_PARTS)
def test_random_split(length, lengths):
    import torch

    for seed in range(3):
        state = seeded(seed)
        with warnings.catch_warnings(record=True) as theirs:
            warnings.simplefilter("always")
            parts = torch.utils.data.random_split(range(length), lengths)
        with warnings.catch_warnings(record=True) as ours:
            warnings.simplefilter("always")
            rows, state = replay.random_split(state, length, lengths)
        assert bool(ours) == bool(theirs)
        assert listed(rows) == [list(part.indices) for part in parts]
        assert_global_state(state)
        state, generator = own(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = torch.utils.data.random_split(range(length), lengths, generator)
            rows, state = replay.random_split(state, length, lengths)
        assert listed(rows) == [list(part.indices) for part in parts]
        assert_state_of(generator, state)


@pytest.mark.parametrize("lengths", [[3, 6], [0.5, 0.6], [0.7, 0.2], [1.5, -0.5], [-0.0, 2.0]])
def test_lengths_that_pytorch_refuses(lengths):
    import torch

    with pytest.raises(ValueError, match="lengths: |Sum of input|Fraction at"):
        torch.utils.data.random_split(range(10), lengths)
    with pytest.raises(ValueError, match="random_split: lengths must be"):
        replay.random_split(replay.manual_seed(0), 10, lengths)


def test_a_script_from_its_seed():
    """Weights, split, order and masks of a training script, all from the one seed."""
    import torch

    torch.manual_seed(2026)
    layer = torch.nn.Linear(4, 8)
    train, test = torch.utils.data.random_split(range(50), [0.8, 0.2])
    theirs = torch.utils.data.DataLoader(train, batch_size=16, shuffle=True)
    state = replay.manual_seed(2026)
    params, state = replay.linear(state, 4, 8)
    (kept, held), state = replay.random_split(state, 50, [0.8, 0.2])
    assert_same(params["weight"], layer.weight.detach().numpy(), rtol=0)
    assert kept.tolist() == list(train.indices) and held.tolist() == list(test.indices)
    for _ in range(EPOCHS):
        batches, state = replay.data_loader(state, len(kept), 16, shuffle=True)
        for batch, rows in zip(theirs, batches, strict=True):
            assert batch.tolist() == kept[rows].tolist()
            expected = torch.nn.functional.dropout(torch.ones(len(batch), 8), 0.3)
            mask, state = replay.dropout(state, np.ones((len(rows), 8), np.float32), 0.3)
            assert_same(mask, expected.numpy(), rtol=0)
    assert_global_state(state)
