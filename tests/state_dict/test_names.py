"""Dotted names and nested dicts, there and back."""

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxgrad.state_dict import flatten, nest

PARTS = st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1, max_size=3)
VALUES = st.one_of(st.integers(), st.lists(st.integers(), max_size=2), st.none())
NESTED = st.recursive(
    st.dictionaries(PARTS, VALUES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(PARTS, st.one_of(VALUES, inner), min_size=1, max_size=3),
)


@given(NESTED)
def test_there_and_back(tree):
    flat = flatten(tree)
    assert nest(flat) == tree
    assert flatten(nest(flat)) == flat


def test_in_their_order():
    flat = {"b.1": 1, "a": 2, "b.0": 3, "c.x.y": 4}
    assert nest(flat) == {"b": {"1": 1, "0": 3}, "a": 2, "c": {"x": {"y": 4}}}
    assert list(nest(flat)) == ["b", "a", "c"]
    assert list(flatten(nest(flat))) == ["b.1", "b.0", "a", "c.x.y"]
    assert nest({}) == {} == flatten({})


def test_an_empty_dict_leaves_no_name():
    assert flatten({"relu": {}, "fc": {"bias": 1}}) == {"fc.bias": 1}


def test_values_are_traced():
    def loss(flat):
        inner = nest(flat)
        return sum(jax.tree.leaves(jax.tree.map(jnp.sum, flatten(inner))))

    flat = {"a.w": jnp.ones(2), "a.b": jnp.ones(3)}
    assert jax.jit(loss)(flat) == 5
    assert jax.grad(loss)(flat)["a.b"].tolist() == [1, 1, 1]


def within_itself():
    value = {}
    value["a"] = value
    return value


@pytest.mark.thinned(1)
@pytest.mark.parametrize(
    ("function", "value", "error", "text"),
    [
        (nest, {"a": 1, "a.b": 2}, ValueError, "got the name 'a', with which others begin"),
        (nest, {"a.b": 2, "a": 1}, ValueError, "got the name 'a', with which others begin"),
        (nest, {"a": {"b": 1}, "a.b": 2}, ValueError, "with which others begin"),
        (nest, {"": 1}, ValueError, "without empty parts, got ''"),
        (nest, {"a..b": 1}, ValueError, "without empty parts, got 'a..b'"),
        (nest, {"a.": 1}, ValueError, "without empty parts"),
        (nest, {0: 1}, TypeError, "a dict with keys of text, got the key 0"),
        (nest, [1], TypeError, "a dict of values by name, got list"),
        (flatten, {"a": {"b.c": 1}, "a.b": {"c": 2}}, ValueError, "'a.b.c' twice"),
        (flatten, {"a": {0: 1}}, TypeError, "a dict with keys of text, got the key 0"),
        (flatten, jnp.ones(2), TypeError, "a dict of values by name"),
        (flatten, within_itself(), ValueError, "of at most 100 levels"),
    ],
)
def test_what_is_refused(function, value, error, text):
    with pytest.raises(error, match=f"^{function.__name__}: (flat|nested) must be .*{text}"):
        function(value)
