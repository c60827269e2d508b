"""Clipping, averages and the exchange of states against a live PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxgrad.functional as F
from jaxgrad import optim

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, np.inf, 0.0, 0.5, "inf", "2"])
@pytest.mark.parametrize("max_norm", [0.1, 1e3])
def test_clip_grad_norm(norm_type, max_norm):
    import torch

    grads = [RNG.normal(size=s) for s in ((3, 4), (5,), ())]
    tensors = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads]
    for tensor, grad in zip(tensors, grads, strict=True):
        tensor.grad = torch.tensor(grad)
    norm = torch.nn.utils.clip_grad_norm_(tensors, max_norm, norm_type)
    clip = optim.clip_grad_norm(max_norm, norm_type)
    clipped, state = clip.update(list(map(jnp.asarray, grads)), clip.init(grads))
    np.testing.assert_allclose(state.total_norm, norm, rtol=1e-12)
    for ours, theirs in zip(clipped, tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("decay", [None, 0.9, 0.999])
def test_averaged_model(decay):
    import torch
    from torch.optim import swa_utils

    model = torch.nn.Linear(3, 2).double()
    average = None if decay is None else swa_utils.get_ema_multi_avg_fn(decay)
    averaged = swa_utils.AveragedModel(model, multi_avg_fn=average)
    theirs = torch.optim.SGD(model.parameters(), lr=0.1)
    params = [jnp.asarray(p.detach().numpy()) for p in model.parameters()]
    optimizer = optax.chain(optim.sgd(0.1), optim.averaged_model(decay))
    state = optimizer.init(params)
    for _ in range(20):
        grads = [RNG.normal(size=p.shape) for p in params]
        for tensor, grad in zip(model.parameters(), grads, strict=True):
            tensor.grad = torch.tensor(grad)
        theirs.step()
        averaged.update_parameters(model)
        updates, state = optimizer.update(list(map(jnp.asarray, grads)), state, params)
        params = optax.apply_updates(params, updates)
    assert state[1].n_averaged == int(averaged.n_averaged)
    for ours, tensor in zip(state[1].average, averaged.module.parameters(), strict=True):
        np.testing.assert_allclose(ours, tensor.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("decay", [None, 0.9])
def test_averages_of_buffers(decay):
    import torch
    from torch.optim import swa_utils

    norm = torch.nn.BatchNorm1d(3).double()
    average = None if decay is None else swa_utils.get_ema_multi_avg_fn(decay)
    averaged = swa_utils.AveragedModel(norm, multi_avg_fn=average, use_buffers=True)
    stats = {"running_mean": jnp.zeros(3), "running_var": jnp.ones(3)}
    averaging = optim.averaged_model(decay)
    state = averaging.init(stats)
    for _ in range(10):
        batch = RNG.normal(size=(4, 3))
        norm(torch.tensor(batch))
        averaged.update_parameters(norm)
        stats = dict(zip(stats, F.running_stats(batch, **stats), strict=True))
        _, state = averaging.update(dict.fromkeys(stats), state, stats)
    for name, ours in state.average.items():
        np.testing.assert_allclose(ours, getattr(averaged.module, name).numpy(), rtol=1e-12)


def test_statistics_anew_for_averaged_weights():
    """`update_bn`: one pass over the data, in which all batches count alike."""
    import torch

    batches = [RNG.normal(size=(size, 3)) for size in (4, 4, 2)]
    norm = torch.nn.BatchNorm1d(3).double()
    norm(torch.tensor(batches[0]))  # statistics that are forgotten
    torch.optim.swa_utils.update_bn(list(map(torch.tensor, batches)), norm)
    mean, var = jnp.zeros(3), jnp.ones(3)
    for i, batch in enumerate(batches):
        mean, var = F.running_stats(batch, mean, var, None, num_batches_tracked=i)
    np.testing.assert_allclose(mean, norm.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(var, norm.running_var.numpy(), rtol=1e-12)


def numpy_state(optimizer):
    """The state_dict, with arrays for tensors."""
    import torch

    def convert(value):
        if isinstance(value, dict):
            return {key: convert(one) for key, one in value.items()}
        if isinstance(value, list):
            return [convert(one) for one in value]
        return value.numpy().copy() if isinstance(value, torch.Tensor) else value

    return convert(optimizer.state_dict())


def torch_state(state):
    import torch

    def convert(value):
        if isinstance(value, dict):
            return {key: convert(one) for key, one in value.items()}
        if isinstance(value, list):
            return [convert(one) for one in value]
        return torch.as_tensor(value) if isinstance(value, (np.ndarray, np.generic)) else value

    return convert(state)


OPTIMIZERS = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Rprop", {}),
    ("ASGD", {"t0": 3}),
    ("Adafactor", {}),
    ("Muon", {}),
]


@pytest.mark.parametrize(("name", "kwargs"), OPTIMIZERS)
def test_a_run_goes_on_here_and_back_there(name, kwargs):
    import torch

    shapes = [(4, 3), (3, 4)] if name == "Muon" else [(4, 3), (3,)]
    start = [RNG.normal(size=s) for s in shapes]
    grads = [[RNG.normal(size=s) for s in shapes] for _ in range(15)]

    def run(tensors, optimizer, some):
        for each in some:
            for tensor, grad in zip(tensors, each, strict=True):
                tensor.grad = torch.tensor(grad)
            optimizer.step()

    whole = [torch.tensor(p).requires_grad_() for p in start]
    run(whole, getattr(torch.optim, name)(whole, **kwargs), grads)
    tensors = [torch.tensor(p).requires_grad_() for p in start]
    theirs = getattr(torch.optim, name)(tensors, **kwargs)
    run(tensors, theirs, grads[:5])

    params = [jnp.asarray(tensor.detach().numpy()) for tensor in tensors]
    optimizer = getattr(optim, name.lower())(**kwargs)
    state = optim.from_torch_state(numpy_state(theirs), optimizer.init(params))
    for each in grads[5:10]:
        updates, state = optimizer.update(list(map(jnp.asarray, each)), state, params)
        params = optax.apply_updates(params, updates)

    tensors = [torch.tensor(np.array(p)).requires_grad_() for p in params]
    again = getattr(torch.optim, name)(tensors, **kwargs)
    groups = again.state_dict()["param_groups"]
    again.load_state_dict(torch_state(optim.to_torch_state(state, groups)))
    run(tensors, again, grads[10:])
    rtol = 1e-2 if name == "Muon" else 1e-11
    for ours, expected in zip(tensors, whole, strict=True):
        np.testing.assert_allclose(ours.detach(), expected.detach(), rtol=rtol)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_goes_on_here_and_back_there(search):
    import torch

    start = np.array([-1.5, 2.0, 0.7])
    kwargs = {"lr": 0.1, "max_iter": 3, "history_size": 4, "line_search_fn": search}

    def valley(x, total):
        return total(10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def run(tensor, optimizer, times):
        def closure():
            optimizer.zero_grad()
            value = valley(tensor, torch.sum)
            value.backward()
            return value

        for _ in range(times):
            optimizer.step(closure)

    whole = torch.tensor(start).requires_grad_()
    run(whole, torch.optim.LBFGS([whole], **kwargs), 6)
    tensor = torch.tensor(start).requires_grad_()
    theirs = torch.optim.LBFGS([tensor], **kwargs)
    run(tensor, theirs, 2)

    def fn(x):
        return valley(x, jnp.sum)

    x, optimizer = jnp.asarray(tensor.detach().numpy()), optim.lbfgs(**kwargs)
    state = optim.from_torch_state(numpy_state(theirs), optimizer.init(x))
    for _ in range(2):
        updates, state = optimizer.update(jax.grad(fn)(x), state, x, value_fn=fn)
        x = x + updates
    tensor = torch.tensor(np.array(x)).requires_grad_()
    again = torch.optim.LBFGS([tensor], **kwargs)
    groups = again.state_dict()["param_groups"]
    again.load_state_dict(torch_state(optim.to_torch_state(state, groups)))
    run(tensor, again, 2)
    np.testing.assert_allclose(tensor.detach(), whole.detach(), rtol=1e-10)
