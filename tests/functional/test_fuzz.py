"""Every function of arrays on arguments drawn at random, against a live PyTorch."""

import functools
import importlib
import pathlib

import functional_calls
import functional_known
import jax
import pytest
from fuzz import as_pytorch, hold, searching
from hypothesis import given
from hypothesis import strategies as st
from rooms import public, pytorchs, room_of, rooms

LAYERS = [
    importlib.import_module(f"layer_calls.{path.stem}")
    for path in sorted((pathlib.Path(__file__).parents[1] / "layer_calls").glob("*.py"))
]
"""Calls of the layers, and what is known of them: a file for each kind."""
CALLS = functools.reduce(lambda all, one: all | one.CALLS, LAYERS, functional_calls.CALLS)
OURS = functools.reduce(lambda all, one: all | getattr(one, "OURS", {}), LAYERS, {})
"""What is called instead of ours where arrays alone do not make a call of it."""
THEIRS = functools.reduce(lambda all, one: all | getattr(one, "THEIRS", {}), LAYERS, {})
"""What is called instead where PyTorch has no function of that name."""
KNOWN = functools.reduce(lambda all, one: all | one.KNOWN, LAYERS, functional_known.KNOWN)
pytestmark = [pytest.mark.torch, pytest.mark.nightly, pytest.mark.thinned(1)]  # all, each night


@pytest.mark.parametrize("name", CALLS)
@searching
@given(data=st.data())
def test_as_pytorch(name, data):
    with as_pytorch():
        ours, theirs = OURS.get(name) or room_of(name)[1], THEIRS.get(name) or pytorchs(name)
        if name in functional_calls.KEYED:  # outside training they do not draw
            ours = functools.partial(ours, jax.random.key(0), training=False)
            theirs = functools.partial(theirs, training=False)
        hold(data, ours, theirs, CALLS[name], KNOWN.get(name))


def test_every_function_is_tried():
    names = set().union(*map(public, rooms().values()))
    assert CALLS.keys() | {"gumbel_softmax"} == names  # which draws at all times
