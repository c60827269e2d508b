"""Training with groups of parameters that goes on here, and back in a live PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgrad import optim

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

NAMES = ["in.weight", "in.bias", "out.weight", "out.bias"]
SHAPES = {"in.weight": (4, 3), "in.bias": (4,), "out.weight": (3, 4), "out.bias": (3,)}
GROUPS = {"decay": {"weight_decay": 0.1}, "plain": {"weight_decay": 0.0, "lr": 0.05}}
"""The hyperparameters of a group of its own."""
OF = {"decay": ["out.weight", "in.weight"], "plain": ["in.bias", "out.bias"]}
OPTIMIZERS = [
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}),
    ("NAdam", {"lr": 0.02}),
    ("Adafactor", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.5}),
]
LABELS = {name: label for label, names in OF.items() for name in names}


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True):
        yield


def theirs(name, options, params, named=False):
    """PyTorch's optimizer, with the groups in the order of `OF`, and its parameters."""
    import torch

    tensors = {k: torch.tensor(np.array(v)).requires_grad_() for k, v in params.items()}
    groups = [
        {"params": [(n, tensors[n]) if named else tensors[n] for n in OF[label]], **own}
        for label, own in GROUPS.items()
    ]
    return tensors, getattr(torch.optim, name)(groups, **options)


def walk(tensors, optimizer, grads):
    import torch

    for each in grads:
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(each[name])
        optimizer.step()


def tensors_of(state):
    import torch

    return jax.tree.map(torch.as_tensor, state, is_leaf=lambda x: isinstance(x, np.ndarray))


@pytest.mark.parametrize("told", ["by the groups", "by the call"])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=[name for name, _ in OPTIMIZERS])
def test_a_run_goes_on_here_and_back_there(name, options, told):
    rng = np.random.default_rng(0)
    start = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    grads = [{n: rng.normal(size=s) for n, s in SHAPES.items()} for _ in range(15)]
    whole, optimizer = theirs(name, options, start)
    walk(whole, optimizer, grads)

    named = told == "by the groups"
    names = None if named else [n for names in OF.values() for n in names]
    tensors, optimizer = theirs(name, options, start, named)
    walk(tensors, optimizer, grads[:5])
    make = getattr(optim, name.lower())
    ours = optax.chain(
        optax.multi_transform({k: make(**options | own) for k, own in GROUPS.items()}, LABELS)
    )
    params = {n: jnp.asarray(tensor.detach().numpy()) for n, tensor in tensors.items()}
    state = optim.from_torch_state(optimizer.state_dict(), ours.init(params), names)
    update = jax.jit(ours.update)
    for each in grads[5:10]:
        updates, state = update(jax.tree.map(jnp.asarray, each), state, params)
        params = optax.apply_updates(params, updates)

    tensors, optimizer = theirs(name, options, params, named)
    groups = optimizer.state_dict()["param_groups"]
    back = optim.to_torch_state(state, groups, names)
    optimizer.load_state_dict({"state": tensors_of(back["state"]), "param_groups": groups})
    walk(tensors, optimizer, grads[10:])
    for n, tensor in tensors.items():  # of numbers of size 1
        np.testing.assert_allclose(tensor.detach(), whole[n].detach(), rtol=1e-11, atol=1e-12)


def test_a_checkpoint_whose_numbers_are_shuffled():
    """PyTorch goes by the order of the numbers in the groups; so do we."""
    start = {name: np.ones(shape) for name, shape in SHAPES.items()}
    grads = [{name: np.full(shape, 0.5) for name, shape in SHAPES.items()}]
    tensors, optimizer = theirs("AdamW", {}, start)
    walk(tensors, optimizer, grads)
    saved, order = optimizer.state_dict(), [2, 0, 3, 1]
    for number, row in saved["state"].items():
        row["exp_avg"].fill_(float(number))
    shuffled = {
        "state": {order[number]: row for number, row in saved["state"].items()},
        "param_groups": [
            group | {"params": [order[number] for number in group["params"]]}
            for group in saved["param_groups"]
        ],
    }
    again, other = theirs("AdamW", {}, start)
    other.load_state_dict(shuffled)
    ours = optax.multi_transform({k: optim.adamw(**own) for k, own in GROUPS.items()}, LABELS)
    names = [n for names in OF.values() for n in names]
    state = optim.from_torch_state(shuffled, ours.init(start), names)
    for label, group in OF.items():
        average = state.inner_states[label].inner_state.exp_avg
        for n in group:
            expected = other.state[again[n]]["exp_avg"].numpy()
            np.testing.assert_array_equal(average[n], expected)
