"""Weights from a seed that are all of a size that counts, here and in PyTorch.

Initial biases are 0, and a network whose head is 0 has no other gradient.
"""

from jaxgrad import replay


def perturbed(p, state):
    """The entries of a state dict plus normal numbers, and the next state."""
    p = dict(p)
    for name, value in p.items():
        if name.endswith("running_var"):
            noise, state = replay.rand(state, value.shape)
        elif name.endswith("num_batches_tracked"):
            continue
        else:
            noise, state = replay.randn(state, value.shape)
        p[name] = value + noise / 2
    return p, state


def perturb(net):
    """The same of a module of PyTorch, in place."""
    import torch

    for name, value in net.state_dict().items():
        if name.endswith("running_var"):
            value += torch.rand(value.shape) / 2
        elif not name.endswith("num_batches_tracked"):
            value += torch.randn(value.shape) / 2
