"""Which entries are buffers, and what does not fit a network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import init
from jaxgrad.state_dict import check, split

ONE = jnp.ones(2)


def state_of(*names):
    return {name: ONE for name in names}


def test_norms():
    state = {f"1.{name}": value for name, value in init.batch_norm(3).items()}
    parameters, buffers = split(state)
    assert sorted(parameters) == ["1.bias", "1.weight"]
    assert sorted(buffers) == ["1.num_batches_tracked", "1.running_mean", "1.running_var"]
    assert {**parameters, **buffers} == state


def test_integers_and_truth_values():
    state = {"weight": ONE, "position_ids": jnp.arange(3), "mask": jnp.ones(2, bool)}
    assert list(split(state)[1]) == ["position_ids", "mask"]
    assert list(split({"a": ONE.astype(jnp.bfloat16), "b": ONE.astype(complex)})[0]) == ["a", "b"]


def test_what_is_kept_beside_a_computed_weight():
    norm = state_of("fc.weight_orig", "fc.weight_u", "fc.weight_v", "fc.bias")
    assert list(split(norm)[1]) == ["fc.weight_u", "fc.weight_v"]
    pruned = state_of("fc.weight_orig", "fc.weight_mask")
    assert list(split(pruned)[0]) == ["fc.weight_orig"]
    weight_norm = state_of("fc.weight_g", "fc.weight_v")  # both are trained
    assert split(weight_norm)[1] == {}
    parametrized = state_of(
        *("fc.parametrizations.weight.original", "fc.parametrizations.weight.0._u"),
        *("fc.parametrizations.weight.0._v", "parametrizations.w.0.base", "head.base", "_u"),
    )
    assert list(split(parametrized)[0]) == [
        "fc.parametrizations.weight.original",
        "head.base",
        "_u",
    ]


def test_names_of_the_users():
    state = state_of("pe", "block.pe", "pet", "loss.weight", "fc.weight")
    assert list(split(state, buffers=["pe", "loss.weight"])[0]) == ["pet", "fc.weight"]


def test_split_is_traced():
    def loss(state):
        parameters, buffers = split(state)
        return jnp.sum(parameters["w"]) + jnp.sum(buffers["running_mean"])

    assert jax.jit(loss)(state_of("w", "running_mean")) == 4
    assert jax.vmap(loss)({"w": jnp.ones((3, 2)), "running_mean": jnp.ones((3, 2))}).shape == (3,)


@pytest.mark.thinned(1)
@pytest.mark.parametrize(
    ("args", "error", "text"),
    [
        ((ONE,), TypeError, "state must be a dict of values by name"),
        (({"a": 1},), TypeError, r"state\['a'\] must be an array, got int; leave out"),
        (
            ({"a": {"b": ONE}},),
            TypeError,
            r"state\['a'\] must be an array, got dict; take the part",
        ),
        (({1: ONE},), TypeError, "state must be a dict with keys of text"),
        ((state_of("a"), "a"), TypeError, "buffers must be a list of names, got str 'a'"),
        ((state_of("a"), 3), TypeError, "buffers must be a list of names, got int 3"),
        ((state_of("a"), [3]), TypeError, "buffers must be a list of names, got 3"),
        ((state_of("ab"), ["b"]), ValueError, "buffers must be made of names in state, got 'b'"),
    ],
)
def test_what_split_refuses(args, error, text):
    with pytest.raises(error, match=f"^split: {text}"):
        split(*args)


def test_check_gives_the_entries_in_the_expected_order():
    state = {"b": np.ones(2, np.float16), "a": np.ones((2, 3))}
    expected = jax.eval_shape(lambda: {"a": jnp.ones((2, 3)), "b": jnp.ones(2)})
    got = check(state, expected)
    assert list(got) == ["a", "b"] and all(got[name] is state[name] for name in state)


def test_check_lists_all_that_does_not_fit():
    state = {"a": np.ones(2), "x": np.ones(1), "c": np.ones((2, 3)), "y": np.ones(1)}
    expected = {"a": np.ones(3), "b": np.ones(1), "c": np.ones((3, 2)), "d": np.ones(1)}
    with pytest.raises(ValueError, match="^check: state must be as expected, got ") as caught:
        check(state, expected)
    told = str(caught.value).partition("got ")[2]
    assert told.split("; ") == [
        "missing: b, d",
        "surplus: x, y",
        "a has shape (2,), expected (3,)",
        "c has shape (2, 3), expected (3, 2)",
    ]


def test_what_check_refuses():
    with pytest.raises(TypeError, match=r"^check: state\['a'\] must be an array, got dict; take"):
        check({"a": {}}, {"a": ONE})
    with pytest.raises(TypeError, match="^check: expected must be a dict of values by name"):
        check({"a": ONE}, [ONE])
