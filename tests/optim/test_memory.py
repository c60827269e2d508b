"""Whose memory a state is: nobody else's, neither NumPy's nor PyTorch's nor the parameters'."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimizers
import pytest
from optimizers import bowl
from oracles import assert_same

from jaxgrad import optim, schedules

OPTIMIZERS = {name: make for name, make in optimizers.OPTIMIZERS.items() if name != "sgd"}
OPTIMIZERS |= {"lbfgs, one leaf": OPTIMIZERS["lbfgs"]}
REAL = ("adafactor", "muon", "sparse_adam")


def stepped(name, dtype="float32"):
    """The optimizer, the parameters and the state after a step."""
    optimizer = OPTIMIZERS[name]()
    params = [jnp.full((16, 8), 0.5, dtype)] * (1 if "one leaf" in name else 2)
    params = jax.tree.map(jnp.copy, params)
    state, params = step(optimizer, optimizer.init(params), params)
    return optimizer, params, state


def step(optimizer, state, params):
    grads = jax.grad(lambda p: jnp.real(bowl(p)))(params)
    updates, state = optimizer.update(grads, state, params, value_fn=bowl)
    return state, optax.apply_updates(params, updates)


def aligned(value):
    """A copy whose memory JAX could take as it is, as CPUs like it: at a multiple of 64 bytes."""
    value = np.asarray(value)
    raw = np.zeros(value.nbytes + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    result = raw[begin : begin + value.nbytes].view(value.dtype).reshape(value.shape)
    result[...] = value
    return result


def arrays(tree):
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, np.ndarray)]


def copied(tree):
    """What a tree holds now."""
    return jax.tree.map(lambda leaf: np.array(leaf), tree)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "complex64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_leaves_may_be_written_to(name, dtype):
    if dtype == "complex64" and name in REAL:
        pytest.skip("this optimizer takes no complex parameters")
    _, _, state = stepped(name, dtype)
    before, found = copied(state), optim.to_torch_state(state)
    assert arrays(found)
    for array in arrays(found):
        assert array.flags.writeable and array.dtype != jnp.bfloat16
        array[...] = 7
    assert_same(state, before)
    again = optim.to_torch_state(state)
    assert not any(np.any(array == 7) for array in arrays(again))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_comes_in_may_be_written_to_later(name):
    optimizer, params, state = stepped(name)
    theirs = jax.tree.map(
        lambda x: aligned(x) if isinstance(x, np.ndarray) else x, optim.to_torch_state(state)
    )
    ours = optim.from_torch_state(theirs, optimizer.init(params))
    before = copied(ours)
    for array in arrays(theirs):
        array[...] = 7
    assert_same(ours, before)
    begun = [aligned(leaf) for leaf in params]
    fresh = optimizer.init(begun)
    before = copied(fresh)
    for array in begun:
        array[...] = 7
    assert_same(fresh, before)


def test_an_average_is_no_lender():
    params = [aligned(np.ones((16, 8), np.float32))]
    state = optim.averaged_model().init(params)
    params[0][...] = 7
    assert_same(state.average, [jnp.ones((16, 8))])


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", ["averaged", *OPTIMIZERS, "plateau", "clipped"])
def test_a_step_may_be_given_all_memory(name):
    """`donate_argnums` of state and parameters: no array is in them twice."""
    links = {
        "averaged": optim.averaged_model(),
        "plateau": schedules.reduce_lr_on_plateau(1.0),
        "clipped": optim.clip_grad_norm(1.0),
    }
    optimizer = optax.chain(links[name], optim.sgd()) if name in links else OPTIMIZERS[name]()
    params = [jnp.full((16, 8), 0.5), jnp.ones((4, 4))]
    expected = jax.tree.map(jnp.copy, params)

    def taken(state, params):
        return step(optimizer, state, params)

    donated, plain = jax.jit(taken, donate_argnums=(0, 1)), jax.jit(taken)
    state, kept = optimizer.init(params), optimizer.init(expected)
    for _ in range(2):
        state, params = donated(state, params)
        kept, expected = plain(kept, expected)
    assert_same((state, params), (kept, expected))


@pytest.mark.torch
class TestTensors:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_a_step_of_pytorch_writes_nothing_here(self, name):
        import torch

        _, params, state = stepped(name)
        before, found = copied(state), optim.to_torch_state(state)
        of_arrays = jax.tree.map(
            lambda x: torch.as_tensor(x) if isinstance(x, np.ndarray) else x, found["state"]
        )
        plain = {
            "sparse_adam": "SparseAdam",
            "momentum": "SGD",
            "lbfgs": "LBFGS",
            "lbfgs, one leaf": "",
        }
        of_class = {n.lower(): n for n in dir(torch.optim)}
        tensors = [torch.tensor(np.array(p)).requires_grad_() for p in params]
        theirs = getattr(torch.optim, plain.get(name) or of_class[name.partition(",")[0]])(tensors)
        groups = theirs.state_dict()["param_groups"]
        theirs.load_state_dict({"state": of_arrays, "param_groups": groups})

        def closure():
            for tensor in tensors:
                grad = torch.ones_like(tensor)
                tensor.grad = grad.to_sparse() if name == "sparse_adam" else grad
            return sum(tensor.sum() for tensor in tensors)

        closure()
        theirs.step(closure)
        assert_same(state, before)

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "complex64"])
    @pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "NAdam", "ASGD", "LBFGS"])
    def test_tensors_of_any_dtype_come_in(self, name, dtype):
        import torch

        kind = getattr(torch, dtype)
        more = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
        tensor = torch.full((3, 2), 0.5, dtype=kind).requires_grad_()
        theirs = getattr(torch.optim, name)([tensor], **more)

        def closure():
            theirs.zero_grad()
            value = (tensor - 1).abs().square().sum()
            value.backward()
            return value

        for _ in range(2):
            theirs.step(closure)
        params = jnp.full((3, 2), 0.5, dtype)
        optimizer = getattr(optim, name.lower())(**more)
        state = optim.from_torch_state(theirs.state_dict(), optimizer.init(params))
        again = optim.to_torch_state(state)["state"][0]
        kept = {k: v for k, v in theirs.state_dict()["state"][0].items() if k != "al"}
        for key, value in kept.items():
            for ours, tensors in zip(*map(jax.tree.leaves, (again[key], value)), strict=True):
                got, expected = (torch.as_tensor(x).to(torch.complex64) for x in (ours, tensors))
                torch.testing.assert_close(got, expected, rtol=1e-6, atol=0)
        before = copied(state)
        theirs.step(closure)
        assert_same(state, before)

    def test_tensors_that_NumPy_does_not_read(self):
        import torch

        conjugate = torch.complex(torch.ones(2), torch.ones(2)).conj()
        theirs = {"step": torch.tensor(3.0), "exp_avg": conjugate, "exp_avg_sq": torch.ones(2) * 1j}
        state = optim.adam().init(jnp.zeros(2, "complex64"))
        state = optim.from_torch_state({"state": {0: theirs}}, state)
        assert_same(state.exp_avg, jnp.full(2, 1 - 1j, "complex64"))
        watched = {"momentum_buffer": torch.ones(2, requires_grad=True)}
        state = optim.sgd(momentum=0.9).init(jnp.zeros(2))
        state = optim.from_torch_state({"state": {0: watched}}, state)
        assert_same(state.momentum_buffer, jnp.ones(2))
