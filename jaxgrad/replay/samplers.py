"""The orders of rows that the samplers of `torch.utils.data` draw."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Checks
from jaxgrad.replay import _choices, _limits, discrete
from jaxgrad.replay.generator import State, checked, manual_seed


@called
def random_sampler(
    state: State,
    length: int,
    *,
    replacement: bool = False,
    num_samples: int | None = None,
    own_generator: bool = False,
) -> tuple[np.ndarray, State]:
    """Rows in random order: `torch.utils.data.RandomSampler`.

        without replacement:   one permutation of 0 … length - 1 after another
        with replacement:      independent integers of [0, length)

    By default this is `RandomSampler(data)`, and the state is the global one. The sampler draws a
    seed from it, and then the order from a new generator with that seed. `RandomSampler(data,
    generator=g)` draws the order from g: pass the state of g and `own_generator=True`.

    Args:
        state: a state of the generator.
        length: the number of rows, a Python integer of at least 1.
        replacement: whether a row may be drawn again.
        num_samples: the number of draws, a Python integer of at least 1; by default the length.
        own_generator: whether the order is drawn from the state itself.

    Returns:
        The rows, (num_samples,), a NumPy array of int64, and the state after the last row. An own
        generator has then drawn the permutation that the next rows would be taken from.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: there are no rows or too many; num_samples is not positive or too large.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.RandomSampler

    Differs from PyTorch: takes the number of rows, not the data; at most 214 748 364 rows.

    >>> from jaxgrad import replay
    >>> state = replay.manual_seed(0)  # torch.manual_seed(0); list(RandomSampler(range(5)))
    >>> rows, state = replay.random_sampler(state, 5)
    >>> rows.tolist()
    [1, 3, 4, 2, 0]
    """
    check = _checks.of("random_sampler")
    state = checked(check, state)
    length = _limits.count(check, "length", length, minimum=1, largest=_choices.LONGEST)
    replacement = check.truth("replacement", replacement)
    if num_samples is None:
        num_samples = length
    num_samples = _limits.count(check, "num_samples", num_samples, minimum=1)
    if check.truth("own_generator", own_generator):
        return _drawn(state, length, replacement, num_samples)
    seed, state = _choices.seed(state)
    return _drawn(manual_seed(seed), length, replacement, num_samples)[0], state


def _drawn(
    state: State, length: int, replacement: bool, num_samples: int
) -> tuple[np.ndarray, State]:
    """Rows from the state itself. PyTorch draws a permutation more than it has to."""
    if replacement:
        return _choices.integers(state, (num_samples,), 0, length)
    orders = []
    for _ in range(num_samples // length + 1):
        order, state = _choices.permutation(state, length)
        orders.append(order)
    return np.concatenate(orders)[:num_samples], state


@called
def weighted_random_sampler(
    state: State, weights: ArrayLike | Sequence[float], num_samples: int, replacement: bool = True
) -> tuple[np.ndarray, State]:
    """Rows with given weights: `torch.utils.data.WeightedRandomSampler`.

        P(i) = wᵢ / Σⱼ wⱼ,   the draws of `multinomial` in float64

    With and without a generator of its own PyTorch draws the same rows from the same state.

    Args:
        state: a state of the generator.
        weights: w, (length,), a sequence or an array of real numbers: finite and at least 0.
        num_samples: the number of draws, a Python integer of at least 1.
        replacement: whether a row may be drawn again.

    Returns:
        The rows, (num_samples,), a NumPy array of int64, and the next state.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: the weights are not 1-D, none or more than 2²⁴; a weight is negative, infinite
            or NaN; all are 0; num_samples is not positive, too large, or above the number of rows
            without replacement; a tie decides the order of the draws.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler

    Differs from PyTorch: without replacement a draw of two or more rows of weight 0 is refused, as
    their order then depends on the sort of the C++ library.

    >>> from jaxgrad import replay
    >>> state = replay.manual_seed(0)
    >>> rows, state = replay.weighted_random_sampler(state, [0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5)
    >>> rows.tolist()
    [5, 4, 4, 5, 4]
    """
    check = _checks.of("weighted_random_sampler")
    state = checked(check, state)
    weights = _weights(check, weights)
    num_samples = _limits.count(check, "num_samples", num_samples, minimum=1)
    replacement = check.truth("replacement", replacement)
    return discrete.categories(check, "weights", state, weights, num_samples, replacement)


def _weights(check: Checks, value: Any) -> np.ndarray:
    """Weights in float64. A list is not rounded to JAX's default float on its way."""
    weights = _limits.on_host(check, "weights", value)
    if weights.dtype.kind not in "biu" and str(weights.dtype) not in _limits.FLOATS:
        raise TypeError(check.wrong("weights", "real numbers", weights.dtype))
    if weights.ndim != 1:
        raise ValueError(check.wrong("weights", "1-D", f"shape {weights.shape}"))
    return weights.astype(np.float64)


@called
def subset_random_sampler(
    state: State, indices: ArrayLike | Sequence[int]
) -> tuple[np.ndarray, State]:
    """Given rows in random order: `torch.utils.data.SubsetRandomSampler`.

        rowₖ = indices[πₖ],   π = randperm(len(indices))

    With and without a generator of its own PyTorch draws the same rows from the same state.

    Args:
        state: a state of the generator.
        indices: (length,), a sequence or an array of integers.

    Returns:
        The rows, (length,), a NumPy array of int64, and the next state.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: the indices are not 1-D, or too many.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SubsetRandomSampler

    Differs from PyTorch: indices are integers; at most 214 748 364 of them.

    >>> from jaxgrad import replay
    >>> rows, state = replay.subset_random_sampler(replay.manual_seed(0), [10, 20, 30, 40, 50])
    >>> rows.tolist()
    [50, 10, 20, 40, 30]
    """
    check = _checks.of("subset_random_sampler")
    state = checked(check, state)
    rows = _limits.rows(check, "indices", indices)
    _limits.count(check, "len(indices)", rows.size, minimum=0, largest=_choices.LONGEST)
    order, state = _choices.permutation(state, rows.size)
    return rows[order], state


@called
def distributed_sampler(
    length: int,
    num_replicas: int,
    rank: int,
    *,
    shuffle: bool = True,
    seed: int = 0,
    drop_last: bool = False,
    epoch: int = 0,
) -> np.ndarray:
    """One process's share of the rows: `torch.utils.data.DistributedSampler`.

        order = randperm(length) of manual_seed(seed + epoch), or 0 … length - 1
        rowsₖ = order[rank + k num_replicas]

    The order is repeated from its start until all shares are equal, or cut with `drop_last`.
    There is no state: `epoch` is what PyTorch's `set_epoch` sets.

    Args:
        length: the number of rows, a Python integer.
        num_replicas: the number of processes, a Python integer of at least 1.
        rank: the number of this process, a Python integer from 0 to num_replicas - 1.
        shuffle: whether the order is random.
        seed: the seed of all processes, a Python integer.
        drop_last: whether rows are left out, rather than repeated, to make the shares equal.
        epoch: the number of the epoch, a Python integer.

    Returns:
        The rows of this process, (⌈length / num_replicas⌉,), or with `drop_last`
        (⌊length / num_replicas⌋,), a NumPy array of int64.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: there are too many rows, rank is out of range, or seed + epoch is no seed.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler

    Differs from PyTorch: the numbers of processes are given; there is no process group to ask.

    >>> from jaxgrad import replay
    >>> [replay.distributed_sampler(5, 2, rank, epoch=1).tolist() for rank in (0, 1)]
    [[0, 2, 1], [4, 3, 0]]
    """
    check = _checks.of("distributed_sampler")
    length = _limits.count(check, "length", length, minimum=0, largest=_choices.LONGEST)
    num_replicas = _limits.count(check, "num_replicas", num_replicas, minimum=1)
    rank = _limits.count(check, "rank", rank, minimum=0, largest=num_replicas - 1)
    shuffle, drop_last = check.truth("shuffle", shuffle), check.truth("drop_last", drop_last)
    seed = _seed(check, seed, epoch)
    order = np.arange(length)
    if shuffle:
        order, _ = _choices.permutation(manual_seed(seed), length)
    share = length // num_replicas if drop_last else math.ceil(length / num_replicas)
    places = np.arange(rank, share * num_replicas, num_replicas)
    return order[places % max(length, 1)]


def _seed(check: Checks, seed: Any, epoch: Any) -> int:
    """The seed of an epoch."""
    anything = -(2**64)
    total = check.integer("seed", seed, anything) + check.integer("epoch", epoch, anything)
    if not -(2**63) <= total < 2**64:
        raise ValueError(check.wrong("seed + epoch", "from -2**63 to 2**64 - 1", total))
    return total
