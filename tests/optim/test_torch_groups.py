"""The exchange of states with groups of parameters: numbers, names, shapes, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from oracles import assert_same

from jaxgrad import optim

PARAMS = {
    "0": {"weight": jnp.full((2, 3), 0.5), "bias": jnp.ones(2)},
    "1": {"weight": jnp.full((1, 2), 2.0), "bias": jnp.ones(1)},
}
LABELS = {name: {"weight": "decay", "bias": "plain"} for name in PARAMS}
IN_ORDER = ["0.weight", "1.weight", "0.bias", "1.bias"]
"""The order of the parameters: the groups by their labels, and the leaves in each."""


def grouped(make=optim.adamw, labels=LABELS):
    parts = {"decay": make(), "plain": make(weight_decay=0.0)}
    return optax.chain(optim.clip_grad_norm(1.0), optax.multi_transform(parts, labels))


def stepped(optimizer, params=PARAMS):
    """The state after two updates; the second is without a gradient of the last leaf."""
    state = optimizer.init(params)
    _, state = optimizer.update(params, state, params)
    grads = params | {"1": params["1"] | {"weight": None}}
    return optimizer.update(grads, state, params)[1]


def rows(*names, step=3.0):
    """Rows of Adam for these parameters, in which every number tells whose it is."""
    shapes = {f"{i}.{k}": leaf.shape for i, layer in PARAMS.items() for k, leaf in layer.items()}
    return [
        {
            "step": np.float32(step),
            "exp_avg": np.full(shapes[name], IN_ORDER.index(name)),
            "exp_avg_sq": np.full(shapes[name], 10.0 + IN_ORDER.index(name)),
        }
        for name in names
    ]


def averages(state):
    """By name, the first number of each leaf's average."""
    parts = state[1].inner_states.values()
    found = [part.inner_state.exp_avg for part in parts]
    pairs = [pair for tree in found for pair in jax.tree_util.tree_leaves_with_path(tree)]
    return {".".join(key.key for key in path): float(x.ravel()[0]) for path, x in pairs}


EACH = {name: float(i) for i, name in enumerate(IN_ORDER)}


def test_groups_are_numbered_one_after_another():
    optimizer = grouped()
    groups = [{"params": [0, 1]}, {"params": [2, 3]}]
    given = {"state": dict(enumerate(rows(*IN_ORDER))), "param_groups": groups}
    state = optim.from_torch_state(given, optimizer.init(PARAMS))
    assert averages(state) == EACH
    back = optim.to_torch_state(state)
    assert back["param_groups"] == groups and list(back["state"]) == [0, 1, 2, 3]
    for row, expected in zip(back["state"].values(), rows(*IN_ORDER), strict=True):
        for name, value in expected.items():
            np.testing.assert_array_equal(row[name], value)


@pytest.mark.parametrize(
    "make", [optim.adamw, lambda **k: optim.sgd(momentum=0.9, **k), optim.adafactor, optim.nadam]
)
def test_there_and_back(make):
    optimizer = grouped(make)
    state = stepped(optimizer)
    back = optim.from_torch_state(optim.to_torch_state(state), optimizer.init(PARAMS))
    for name, part in back[1].inner_states.items():
        ours = state[1].inner_states[name].inner_state
        if "momentum_buffer" in ours._fields:  # PyTorch's SGD counts no steps
            part = part.inner_state._replace(count=ours.count, step=ours.step)
        else:
            part = part.inner_state
        assert_same(part, ours)


def test_the_order_of_labels_is_kept_by_jit():
    """JAX sorts the labels of a state that it returns; here they are not sorted at first."""
    labels = {name: {"weight": "z", "bias": "a"} for name in PARAMS}
    optimizer = optax.multi_transform({"z": optim.adamw(), "a": optim.adamw()}, labels)
    state = optimizer.init(PARAMS)
    again = jax.jit(lambda state: state)(state)
    _, state = optimizer.update(PARAMS, state, PARAMS)
    _, again = jax.jit(optimizer.update)(PARAMS, again, PARAMS)
    for one in (state, again):
        rows = optim.to_torch_state(one)["state"].values()
        assert [row["exp_avg"].shape for row in rows] == [(2,), (1,), (2, 3), (1, 2)]


def test_numbers_that_are_shuffled():
    groups = [{"params": [3, 0]}, {"params": [1, 2]}]
    numbers = dict(zip([3, 0, 1, 2], rows(*IN_ORDER), strict=True))
    optimizer = grouped()
    state = optim.from_torch_state(
        {"state": numbers, "param_groups": groups}, optimizer.init(PARAMS)
    )
    assert averages(state) == EACH
    back = optim.to_torch_state(state, groups)
    assert back["param_groups"] is groups
    found = [(n, float(row["exp_avg"].ravel()[0])) for n, row in back["state"].items()]
    assert found == [(3, 0), (0, 1), (1, 2), (2, 3)]


OTHER = ["1.bias", "0.bias", "1.weight", "0.weight"]
"""PyTorch's order where its groups are the other way round."""


@pytest.mark.parametrize("told", ["by the call", "by the groups"])
def test_names_tell_which_parameter_is_which(told):
    groups = [{"params": [0, 1]}, {"params": [2, 3]}]
    names = OTHER
    if told == "by the groups":
        groups = [
            g | {"param_names": OTHER[i : i + 2]} for g, i in zip(groups, (0, 2), strict=True)
        ]
        names = None
    optimizer = grouped()
    given = {"state": dict(enumerate(rows(*OTHER))), "param_groups": groups}
    state = optim.from_torch_state(given, optimizer.init(PARAMS), names)
    assert averages(state) == EACH
    back = optim.to_torch_state(state, groups, names)
    assert [float(row["exp_avg"].ravel()[0]) for row in back["state"].values()] == [3, 2, 1, 0]
    again = optim.to_torch_state(state, names=OTHER)
    assert again["param_groups"] == [{"params": [0, 1]}, {"params": [2, 3]}]
    assert averages(optim.from_torch_state(again, optimizer.init(PARAMS), OTHER)) == EACH


def test_a_dict_of_names_in_one_group():
    """JAX sorts the names of a dict, and PyTorch does not."""
    params = {"0.weight": jnp.ones(3), "0.bias": jnp.ones(3)}
    moments = {"exp_avg": np.zeros(3), "exp_avg_sq": np.ones(3)}
    theirs = {0: {"step": 1.0} | moments, 1: {"step": 2.0} | moments}
    names = ["0.weight", "0.bias"]
    for group, given in (({"param_names": names}, None), ({}, names), ({}, params)):
        state_dict = {"state": theirs, "param_groups": [{"params": [0, 1]} | group]}
        state = optim.from_torch_state(state_dict, optim.adam().init(params), given)
        assert state.step.tolist() == [2, 1]  # of the bias and of the weight
    strangers = {"state": theirs, "param_groups": [{"params": [0, 1], "param_names": ["a", "b"]}]}
    assert optim.from_torch_state(strangers, optim.adam().init(params)).step.tolist() == [1, 2]


def test_one_of_ours_takes_several_of_theirs():
    """A single optimizer, as with a learning rate that differs in PyTorch's groups alone."""
    params = [jnp.ones(2), jnp.ones(3)]
    moments = [{"step": 1.0, "exp_avg": np.ones(n), "exp_avg_sq": np.ones(n)} for n in (2, 3)]
    groups = [{"params": [0]}, {"params": [1]}]
    given = {"state": dict(enumerate(moments)), "param_groups": groups}
    state = optim.from_torch_state(given, optim.adam().init(params))
    assert_same(state.exp_avg, params)


def test_masks_in_a_chain():
    """The groups are in the order of the chain."""
    of = {n: jax.tree.map(lambda label, n=n: label == n, LABELS) for n in ("plain", "decay")}
    optimizer = optax.chain(
        optax.masked(optim.adamw(weight_decay=0.0), of["plain"]),
        optax.masked(optim.adamw(), of["decay"]),
    )
    groups = [{"params": [0, 1]}, {"params": [2, 3]}]
    order = ["0.bias", "1.bias", "0.weight", "1.weight"]
    given = {"state": dict(enumerate(rows(*order))), "param_groups": groups}
    state = optim.from_torch_state(given, optimizer.init(PARAMS))
    assert float(state[0].inner_state.exp_avg["1"]["bias"][0]) == IN_ORDER.index("1.bias")
    assert optim.to_torch_state(state)["param_groups"] == groups


def test_frozen_parameters_have_no_number():
    labels = {"0": {"weight": "train", "bias": "freeze"}, "1": {"weight": "train", "bias": "train"}}
    parts = {"train": optim.adam(), "freeze": optax.set_to_zero()}
    state = optax.multi_transform(parts, labels).init(PARAMS)
    found = optim.to_torch_state(state, names=["0.weight", "1.weight", "1.bias"])
    assert found["param_groups"] == [{"params": [0, 1, 2]}]


def test_a_group_of_nothing_and_a_group_without_slots():
    empty = optax.multi_transform(
        {"a": optim.adam(), "b": optim.adam()}, jax.tree.map(lambda _: "b", PARAMS)
    )
    given = {"state": {}, "param_groups": [{"params": [0, 1, 2, 3]}]}
    assert_same(optim.from_torch_state(given, empty.init(PARAMS)), empty.init(PARAMS))
    parts = {"decay": optim.sgd(momentum=0.9), "plain": optim.sgd()}
    optimizer = optax.multi_transform(parts, LABELS)
    _, state = optimizer.update(PARAMS, optimizer.init(PARAMS), PARAMS)
    back = optim.to_torch_state(state, names=OTHER)
    assert {n: row["momentum_buffer"].shape for n, row in back["state"].items()} == {
        2: (1, 2),
        3: (2, 3),
    }


def test_refusals():
    optimizer = grouped()
    state, theirs = optimizer.init(PARAMS), dict(enumerate(rows(*IN_ORDER)))

    def refused(match, groups=None, names=None, state=state, kind=ValueError, given=theirs):
        with pytest.raises(kind, match=match):
            optim.from_torch_state({"state": given, "param_groups": groups}, state, names)

    refused("state_dict must be groups with their params, got dict", {"lr": 1}, kind=TypeError)
    refused("state_dict must be groups with their params", [{"lr": 1}], kind=TypeError)
    refused("must be of 4 parameters, got of 3: 0, 1, 2", [{"params": [0, 1, 2]}])
    refused("must be of 4 parameters, got of 4: 0, 1, 1 and 1 more", [{"params": [0, 1, 1, 2]}])
    refused(
        "must be of groups of 2, 2 parameters, got 3, 1; .* give names=",
        [{"params": [0, 1, 2]}, {"params": [3]}],
    )
    match = r"exp_avg must be of shape \(2, 3\), got \(2,\); .* give names="
    refused(match, given=dict(enumerate(rows("0.bias"))))
    refused("state_dict must be of 4 parameters, got one of 4", given={4: theirs[0]})
    refused("names must be a list of strings, got str '0.weight'", names="0.weight", kind=TypeError)
    refused("names must be a list of strings, got int 3", names=3, kind=TypeError)
    refused(
        "the names of the 4 parameters, each once, got 4 names, without 1.bias, with x",
        names=[*IN_ORDER[:3], "x"],
    )
    refused("each once, got 5 names$", names=[*IN_ORDER, "0.bias"])
    groups = [{"params": [0, 1]}, {"params": [2, 3]}]
    for given in (groups, None):
        match = "names must be group by group, got names of mixed groups; PyTorch numbers"
        refused(match, given, [f"{i}.{k}" for i in "01" for k in ("weight", "bias")])
    named = [{"params": [0, 1, 2, 3], "param_names": [*IN_ORDER[:3], "x"]}]
    refused("state_dict must be the names of the 4 parameters, .* with x", named)
    twice = optax.chain(optim.adam(), optim.adam()).init(PARAMS)
    refused("a state with one optimizer for each parameter, got two for '0.bias'", state=twice)
    kinds = optax.multi_transform({"decay": optim.muon(), "plain": optim.adam()}, LABELS)
    refused("or one kind in groups, got MuonState, AdamState; take", state=kinds.init(PARAMS))
    with pytest.raises(
        TypeError, match="to_torch_state: param_groups must be groups with their pa"
    ):
        optim.to_torch_state(state, [{"lr": 1}])
