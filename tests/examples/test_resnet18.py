"""ResNet-18 gives what torchvision's gives: outputs, gradients and statistics, recorded and live.

`PYTHONPATH=tests python tests/examples/test_resnet18.py` records PyTorch's answers anew.
"""

import functools

import jax
import numpy as np
import pytest
from networks import answers, assert_live, assert_recorded, cast, example, record, torch_answers

import jaxgrad.functional as F
from jaxgrad import replay
from jaxgrad.state_dict import split

resnet = example("resnet18")
CLASSES, SHAPE = 5, (3, 3, 40, 56)


@functools.cache
def ours(dtype):
    with jax.enable_x64(dtype == "float64"):
        p, state = resnet.initial(replay.manual_seed(0), CLASSES)
        x, state = replay.randn(state, SHAPE)
        target, _ = replay.randint(state, 0, CLASSES, SHAPE[0])
        return answers(resnet.resnet18, F.cross_entropy, *cast((p, x), dtype), target)


def torch_net(classes):
    """torchvision's ResNet-18, by its names and in the order of its constructor."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inner, out, stride):
            super().__init__()
            shortcut = None
            if stride != 1 or inner != out:
                conv = nn.Conv2d(inner, out, 1, stride, bias=False)
                shortcut = nn.Sequential(conv, nn.BatchNorm2d(out))
            self.conv1 = nn.Conv2d(inner, out, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            self.downsample = shortcut

        def forward(self, x):
            out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            out += x if self.downsample is None else self.downsample(x)
            return self.relu(out)

    class ResNet18(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
            self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
            self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
            self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(512, classes)
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(self.avgpool(x).flatten(1))

    return ResNet18()


@functools.cache
def theirs(dtype):
    import torch

    torch.manual_seed(0)
    net, x = torch_net(CLASSES), torch.randn(SHAPE)
    target, of = torch.randint(0, CLASSES, SHAPE[:1]), getattr(torch, dtype)
    return torch_answers(net.to(of), torch.nn.functional.cross_entropy, x.to(of), target)


@pytest.mark.nightly
def test_answers_are_the_recorded_ones():
    assert_recorded("resnet18", ours)


def test_names_and_shapes():
    p, _ = resnet.initial(replay.manual_seed(0), classes=7)
    params, buffers = split(p)
    assert len(params) == 62 and len(buffers) == 60
    assert sum(value.size for value in params.values()) == 11_180_103  # of 11,689,512 with 1,000
    assert p["layer2.0.downsample.0.weight"].shape == (128, 64, 1, 1)
    assert p["fc.weight"].shape == (7, 512)


@pytest.mark.nightly
@pytest.mark.torch
def test_answers_are_pytorchs():
    assert_live("resnet18", ours, theirs)


@pytest.mark.torch
def test_initial_weights_are_pytorchs():
    import torch

    torch.manual_seed(3)
    expected = torch_net(7).state_dict()
    found, state = resnet.initial(replay.manual_seed(3), 7)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_array_equal(value, expected[name].numpy(), name)
    assert replay.get_state(state).tolist() == torch.get_rng_state().tolist()


if __name__ == "__main__":
    record("resnet18", theirs)
