"""The batches of `torch.utils.data.DataLoader`, and the parts of `random_split`."""

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Checks
from jaxgrad.replay import _choices, _limits
from jaxgrad.replay.generator import State, checked
from jaxgrad.replay.samplers import random_sampler

Sampler = ArrayLike | Sequence[int] | Callable[[State], tuple[Any, State]]
"""The rows in their order, or a function that draws them from a state."""


@called
def data_loader(
    state: State,
    length: int,
    batch_size: int = 1,
    *,
    shuffle: bool = False,
    sampler: Sampler | None = None,
    drop_last: bool = False,
    own_generator: bool = False,
) -> tuple[list[np.ndarray], State]:
    """The batches of one epoch: `torch.utils.data.DataLoader`.

        order = 0 … length - 1, or the rows of `random_sampler`, or those of `sampler`
        batchₖ = order[k batch_size : (k + 1) batch_size]

    Called again with the state that it returned, it gives the next epoch. Each epoch first draws a
    seed for the workers, also without workers and without `shuffle`.

    By default this is `DataLoader(data, …)`, and the state is the global one. A loader with a
    generator of its own, `DataLoader(data, …, generator=g)`, draws both the seed and the order from
    g: pass the state of g and `own_generator=True`.

    Args:
        state: a state of the generator.
        length: the number of rows of the data, a Python integer.
        batch_size: the number of rows of a batch, a Python integer of at least 1.
        shuffle: whether the order is random.
        sampler: the rows in another order: integers, (rows,), or a function from a state to such
            integers and the next state, such as
            `functools.partial(replay.subset_random_sampler, indices=indices)`.
        drop_last: whether a last batch of fewer rows is left out.
        own_generator: whether `shuffle` draws the order from the state itself.

    Returns:
        The batches, a list of NumPy arrays of int64, (batch_size,), of which the last may be
        shorter; and the state after the whole epoch. If the loop is left early, PyTorch's global
        state is the same, but an own generator may not have drawn all of it.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: there are too many rows, or none to shuffle; batch_size is not positive; the
            sampler's rows are not 1-D, or not of the data; a sampler beside `shuffle`.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader

    Differs from PyTorch: takes the number of rows, not the data; no batch_size=None, no
    batch_sampler; a sampler's rows are from 0 to length - 1; at most 214 748 364 rows. With
    `persistent_workers=True` PyTorch draws the seed for the workers in the first epoch only: take
    `random_sampler` for the others.

    >>> from jaxgrad import replay
    >>> state = replay.manual_seed(0)  # torch.manual_seed(0)
    >>> for epoch in range(2):  # for batch in DataLoader(range(5), batch_size=2, shuffle=True):
    ...     batches, state = replay.data_loader(state, 5, 2, shuffle=True)
    ...     print([batch.tolist() for batch in batches])
    [[1, 4], [2, 3], [0]]
    [[2, 3], [4, 0], [1]]
    """
    check = _checks.of("data_loader")
    state = checked(check, state)
    length = _limits.count(check, "length", length, minimum=0, largest=_choices.LONGEST)
    batch_size = check.integer("batch_size", batch_size, minimum=1)
    shuffle, drop_last = check.truth("shuffle", shuffle), check.truth("drop_last", drop_last)
    own_generator = check.truth("own_generator", own_generator)
    _check_order(check, length, shuffle, sampler)
    _, state = _choices.seed(state)
    if shuffle:
        rows, state = random_sampler(state, length, own_generator=own_generator)
    elif sampler is not None:
        rows, state = _sampled(check, state, length, sampler)
    else:
        rows = np.arange(length)
    return _batches(rows, batch_size, drop_last), state


def _check_order(check: Checks, length: int, shuffle: bool, sampler: Any) -> None:
    if shuffle and length == 0:
        raise ValueError(check.wrong("length", "at least 1 with shuffle", length))
    if shuffle and sampler is not None:
        got, remedy = type(sampler).__name__, "the sampler decides the order"
        raise ValueError(check.wrong("sampler", "left out with shuffle", got, remedy))


def _sampled(check: Checks, state: State, length: int, sampler: Any) -> tuple[np.ndarray, State]:
    """The rows of a sampler, which must be of the data."""
    rows = sampler
    if callable(sampler):
        drawn = sampler(state)
        if not (type(drawn) is tuple and len(drawn) == 2):
            expected, got = "a function to rows and the next state", f"{drawn!r:.60}"
            raise TypeError(check.wrong("sampler", expected, got))
        rows, state = drawn[0], checked(check, drawn[1], "sampler's state")
    rows = _limits.rows(check, "sampler", rows)
    least, most = np.min(rows, initial=0), np.max(rows, initial=-1)
    if least < 0 or most >= length:
        expected = f"rows from 0 to {length - 1}"
        raise ValueError(check.wrong("sampler", expected, f"{least} to {most}"))
    return rows, state


def _batches(rows: np.ndarray, batch_size: int, drop_last: bool) -> list[np.ndarray]:
    end = rows.size - rows.size % batch_size if drop_last else rows.size
    return [rows[start : start + batch_size] for start in range(0, end, batch_size)]


@called
def random_split(
    state: State, length: int, lengths: Sequence[int | float]
) -> tuple[list[np.ndarray], State]:
    """The rows of random parts: `torch.utils.data.random_split`.

        order = randperm(length);   each part is the next of its lengths

    Fractions that sum to 1 become ⌊fraction · length⌋ rows. The rows that are left go to the parts
    one by one, the first part first.

    Args:
        state: a state of the generator, the global one or that of a generator of its own.
        length: the number of rows, a Python integer.
        lengths: the numbers of rows of the parts, which sum to length, or fractions of it, which
            sum to 1: Python numbers.

    Returns:
        The rows of each part, a list of NumPy arrays of int64, and the next state.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: there are too many rows; a length is negative; the lengths do not sum to length,
            or the fractions not to 1, from below up to rounding.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split

    Differs from PyTorch: takes the number of rows, not the data; refuses negative lengths; at most
    214 748 364 rows. Like PyTorch it warns of fractions that become empty parts.

    >>> from jaxgrad import replay
    >>> parts, state = replay.random_split(replay.manual_seed(0), 5, [0.6, 0.4])
    >>> [part.tolist() for part in parts]
    [[4, 0, 1], [3, 2]]
    """
    check = _checks.of("random_split")
    state = checked(check, state)
    length = _limits.count(check, "length", length, minimum=0, largest=_choices.LONGEST)
    sizes = _sizes(check, length, _numbers(check, lengths))
    order, state = _choices.permutation(state, length)
    ends = itertools.accumulate(sizes)
    return [order[end - size : end] for end, size in zip(ends, sizes, strict=True)], state


def _numbers(check: Checks, lengths: Any) -> list[int | float]:
    """The lengths as Python numbers of at least 0."""
    if not isinstance(lengths, (list, tuple)):
        got = type(lengths).__name__
        raise TypeError(check.wrong("lengths", "a list or a tuple of numbers", got))
    numbers = []
    for value in lengths:
        number = value if isinstance(value, float) else check.integer("lengths", value, minimum=0)
        if not 0 <= number < math.inf:
            raise ValueError(check.wrong("lengths", "finite and at least 0", number))
        numbers.append(number)
    return numbers


def _sizes(check: Checks, length: int, numbers: list[int | float]) -> list[int]:
    """The numbers of rows of the parts."""
    total = sum(numbers)
    if math.isclose(total, 1) and total <= 1:
        sizes = [math.floor(length * number) for number in numbers]
        for i in range(length - sum(sizes)):
            sizes[i % len(sizes)] += 1
        if 0 in sizes:
            # The frames of this function, of random_split and of `called`.
            warnings.warn(f"random_split: the part at {sizes.index(0)} is empty", stacklevel=4)
        return sizes
    if any(isinstance(number, float) for number in numbers):
        expected = "whole numbers, or fractions that sum to 1 and by rounding to no more"
        raise ValueError(check.wrong("lengths", expected, f"a sum of {total}"))
    if total != length:
        raise ValueError(check.wrong("lengths", f"of a sum of {length}", total))
    return [int(number) for number in numbers]
