"""Options drawn at random, of which the numbers are drawn anew for each set.

A function that takes traced numbers is compiled once for the other options, and called with many.
"""

from typing import Any, NamedTuple

from hypothesis import strategies as st


class Numbers(NamedTuple):
    """Floats, or tuples of them, that one is taken from."""

    pool: tuple[Any, ...]


def options_of(options, needed=()):
    """A strategy of options, the needed ones among them."""
    of = {
        name: st.just(value) if isinstance(value, Numbers) else value
        for name, value in options.items()
    }
    return st.fixed_dictionaries(
        {name: of[name] for name in needed},
        optional={name: of[name] for name in of if name not in needed},
    )


def taken(options, rng):
    """The options, with a number for each `Numbers`."""
    return {
        name: value.pool[rng.integers(len(value.pool))] if isinstance(value, Numbers) else value
        for name, value in options.items()
    }


def numbers_of(options):
    """The names of those that are numbers."""
    return [name for name, value in options.items() if isinstance(value, Numbers)]
