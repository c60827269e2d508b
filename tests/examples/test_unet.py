"""The U-Net gives what PyTorch-UNet gives: outputs, gradients and statistics, recorded and live.

`PYTHONPATH=tests python tests/examples/test_unet.py` records PyTorch's answers anew.
"""

import functools

import jax
import numpy as np
import pytest
from networks import answers, assert_live, assert_recorded, cast, example, record, torch_answers

import jaxgrad.functional as F
from jaxgrad import replay

unet = example("unet")
WAYS = {"unet": False, "unet_bilinear": True}
"""The networks by the names of their recorded answers: whether they interpolate."""
CHANNELS, CLASSES, WIDTH = 2, 3, 4
SIZES = (3, 36, 50)  # with rows and columns that the pooling drops


@functools.cache
def ours(name, dtype):
    with jax.enable_x64(dtype == "float64"):
        state = replay.manual_seed(0)
        p, state = unet.initial(state, CHANNELS, CLASSES, WIDTH, WAYS[name])
        x, state = replay.randn(state, (SIZES[0], CHANNELS, *SIZES[1:]))
        target, _ = replay.randint(state, 0, CLASSES, SIZES)
        return answers(unet.unet, F.cross_entropy, *cast((p, x), dtype), target)


def torch_net(bilinear):
    """PyTorch-UNet by its names and in the order of its constructor, but for the width."""
    import torch
    from torch import nn

    class DoubleConv(nn.Module):
        def __init__(self, inner, out, middle=None):
            super().__init__()
            middle = middle or out
            self.double_conv = nn.Sequential(
                *(nn.Conv2d(inner, middle, 3, padding=1), nn.BatchNorm2d(middle), nn.ReLU()),
                *(nn.Conv2d(middle, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()),
            )

        def forward(self, x):
            return self.double_conv(x)

    class Down(nn.Module):
        def __init__(self, inner, out):
            super().__init__()
            self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inner, out))

        def forward(self, x):
            return self.maxpool_conv(x)

    class Up(nn.Module):
        def __init__(self, inner, out):
            super().__init__()
            if bilinear:
                self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
                self.conv = DoubleConv(inner, out, inner // 2)
            else:
                self.up = nn.ConvTranspose2d(inner, inner // 2, 2, 2)
                self.conv = DoubleConv(inner, out)

        def forward(self, x, kept):
            x = self.up(x)
            down, right = kept.shape[2] - x.shape[2], kept.shape[3] - x.shape[3]
            edges = [right // 2, right - right // 2, down // 2, down - down // 2]
            return self.conv(torch.cat([kept, nn.functional.pad(x, edges)], 1))

    class OutConv(nn.Module):
        def __init__(self, inner, out):
            super().__init__()
            self.conv = nn.Conv2d(inner, out, 1)

        def forward(self, x):
            return self.conv(x)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            width, factor = WIDTH, 2 if bilinear else 1
            self.inc = DoubleConv(CHANNELS, width)
            self.down1 = Down(width, 2 * width)
            self.down2 = Down(2 * width, 4 * width)
            self.down3 = Down(4 * width, 8 * width)
            self.down4 = Down(8 * width, 16 * width // factor)
            self.up1 = Up(16 * width, 8 * width // factor)
            self.up2 = Up(8 * width, 4 * width // factor)
            self.up3 = Up(4 * width, 2 * width // factor)
            self.up4 = Up(2 * width, width)
            self.outc = OutConv(width, CLASSES)

        def forward(self, x):
            kept = [self.inc(x)]
            for down in (self.down1, self.down2, self.down3, self.down4):
                kept.append(down(kept[-1]))
            x = kept.pop()
            for up in (self.up1, self.up2, self.up3, self.up4):
                x = up(x, kept.pop())
            return self.outc(x)

    return UNet()


@functools.cache
def theirs(name, dtype):
    import torch

    torch.manual_seed(0)
    net, x = torch_net(WAYS[name]), torch.randn(SIZES[0], CHANNELS, *SIZES[1:])
    target, of = torch.randint(0, CLASSES, SIZES), getattr(torch, dtype)
    return torch_answers(net.to(of), torch.nn.functional.cross_entropy, x.to(of), target)


@pytest.mark.nightly
@pytest.mark.parametrize("name", WAYS)
def test_answers_are_the_recorded_ones(name):
    assert_recorded(name, functools.partial(ours, name))


@pytest.mark.nightly
@pytest.mark.torch
@pytest.mark.parametrize("name", WAYS)
def test_answers_are_pytorchs(name):
    assert_live(name, functools.partial(ours, name), functools.partial(theirs, name))


@pytest.mark.torch
@pytest.mark.parametrize("name", WAYS)
def test_initial_weights_are_pytorchs(name):
    import torch

    torch.manual_seed(3)
    expected = torch_net(WAYS[name]).state_dict()
    found, state = unet.initial(replay.manual_seed(3), CHANNELS, CLASSES, WIDTH, WAYS[name])
    assert list(found) == list(expected)
    for entry, value in found.items():
        np.testing.assert_array_equal(value, expected[entry].numpy(), entry)
    assert replay.get_state(state).tolist() == torch.get_rng_state().tolist()


if __name__ == "__main__":
    for one in WAYS:
        record(one, functools.partial(theirs, one))
