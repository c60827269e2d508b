"""MTCNN's P-Net gives what facenet-pytorch's gives, and finds the same boxes, recorded and live.

The trained weights are read where facenet-pytorch is installed; its code is not imported.
`PYTHONPATH=tests python tests/examples/test_mtcnn_pnet.py` records PyTorch's answers anew.
"""

import functools
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import (
    answers,
    assert_live,
    assert_recorded,
    cast,
    example,
    record,
    recorded,
    torch_answers,
)

from jaxgrad import replay, state_dict

mtcnn = example("mtcnn_pnet")
SHAPE = (2, 3, 19, 24)
SEEDED = {"minsize": 40, "threshold": 0.527}
"""What some squares of the picture pass with the weights of a seed; three sizes are compiled."""
TRAINED = {"minsize": 20, "threshold": 0.6}
"""The defaults of facenet-pytorch."""
trained_weights = pytest.mark.skipif(
    mtcnn.trained() is None, reason="facenet-pytorch is not installed"
)


@functools.cache
def ours(dtype):
    with jax.enable_x64(dtype == "float64"):
        p, state = mtcnn.initial(replay.manual_seed(0))
        x, state = replay.randn(state, SHAPE)

        def run(p, x, training):
            return mtcnn.pnet(p, x), p

        def loss(outputs, target):
            moves, is_face = outputs
            return jnp.mean(moves**2) - jnp.mean(jnp.log(is_face[:, target]))

        return answers(run, loss, *cast((p, x), dtype), 1)


def boxes(p, dtype, options):
    with jax.enable_x64(dtype == "float64"):
        image = mtcnn.picture().astype(dtype)
        found = mtcnn.proposals(cast(dict(p), dtype), image, **options)
    assert found.dtype == dtype
    return found


def torch_net():
    """facenet-pytorch's `PNet`, by its names."""
    from torch import nn

    class PNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 10, 3)
            self.prelu1 = nn.PReLU(10)
            self.pool1 = nn.MaxPool2d(2, 2, ceil_mode=True)
            self.conv2 = nn.Conv2d(10, 16, 3)
            self.prelu2 = nn.PReLU(16)
            self.conv3 = nn.Conv2d(16, 32, 3)
            self.prelu3 = nn.PReLU(32)
            self.conv4_1 = nn.Conv2d(32, 2, 1)
            self.softmax4_1 = nn.Softmax(dim=1)
            self.conv4_2 = nn.Conv2d(32, 4, 1)

        def forward(self, x):
            x = self.pool1(self.prelu1(self.conv1(x)))
            x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
            return self.conv4_2(x), self.softmax4_1(self.conv4_1(x))

    return PNet()


@functools.cache
def theirs(dtype):
    import torch

    torch.manual_seed(0)
    net, x, of = torch_net(), torch.randn(SHAPE), getattr(torch, dtype)

    def loss(outputs, target):
        moves, is_face = outputs
        return moves.square().mean() - is_face[:, target].log().mean()

    return torch_answers(net.to(of), loss, x.to(of), 1)


def torch_boxes(p, dtype, minsize, threshold):
    """The first stage of facenet-pytorch's `detect_face`, step by step."""
    import torch

    net, of = torch_net(), getattr(torch, dtype)
    net.load_state_dict({name: torch.tensor(np.asarray(value)) for name, value in p.items()})
    net, image = net.to(of), torch.tensor(mtcnn.picture()).to(of)[None]
    scale, found = 12 / minsize, []
    smaller = min(image.shape[2:]) * scale
    while smaller >= 12:
        size = [int(n * scale + 1) for n in image.shape[2:]]
        x = torch.nn.functional.interpolate(image, size=size, mode="area")
        with torch.no_grad():
            moves, is_face = net((x - 127.5) * 0.0078125)
        mask = is_face[0, 1] >= threshold
        at = mask.nonzero().to(of).flip(1)
        first, last = ((2 * at + 1) / scale).floor(), ((2 * at + 12) / scale).floor()
        parts = [first, last, is_face[0, 1][mask][:, None], moves[0][:, mask].T]
        one = torch.cat(parts, dim=1)
        found.append(one[torch_nms(one, 0.5)])
        scale, smaller = scale * 0.709, smaller * 0.709
    found = torch.cat(found)
    found = found[torch_nms(found, 0.7)]
    left, top, right, bottom = found[:, :4].T
    width, height = right - left, bottom - top
    left, right = left + found[:, 5] * width, right + found[:, 7] * width
    top, bottom = top + found[:, 6] * height, bottom + found[:, 8] * height
    width, height = right - left, bottom - top
    side = torch.max(width, height)
    left, top = left + width * 0.5 - side * 0.5, top + height * 0.5 - side * 0.5
    return torch.stack([left, top, left + side, top + side, found[:, 4]], dim=1).numpy()


def torch_nms(boxes, most):
    """torchvision's `nms`, which marks what a better box overlaps."""
    import torch

    order = boxes[:, 4].argsort(stable=True, descending=True).tolist()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    dropped = set()
    for place, best in enumerate(order):
        for other in order[place + 1 :] if best not in dropped else ():
            first = torch.maximum(boxes[best, :2], boxes[other, :2])
            last = torch.minimum(boxes[best, 2:4], boxes[other, 2:4])
            shared = (last - first).clamp(min=0).prod()
            if shared / (areas[best] + areas[other] - shared) > most:
                dropped.add(other)
    return [one for one in order if one not in dropped]


def seeded():
    return mtcnn.initial(replay.manual_seed(0))[0]


def assert_same_boxes(found, expected, atol):
    expected = np.asarray(expected)
    assert found.shape == expected.shape and len(expected) > 10
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def test_answers_are_the_recorded_ones():
    assert_recorded("mtcnn_pnet", ours)


def test_boxes_are_the_recorded_ones():
    expected = recorded("mtcnn_pnet")["boxes"]["seeded"]
    assert_same_boxes(boxes(seeded(), "float64", SEEDED), expected, 1e-9)


def test_overlapping_boxes():
    edges = [(0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 10, 5), (0, 0, 10, 6), (20, 0, 30, 10)]
    given = np.array([(*edge, 0.9 - 0.1 * n) for n, edge in enumerate(edges)])
    assert mtcnn.distinct(given, 0.5) == [0, 2, 4]  # an overlap of 0.5 is not more than that
    given[:, 4] = 0.5  # the first of equals
    assert mtcnn.distinct(given, 0.5) == [0, 2, 4]
    given[:, 4] = [0.1, 0.2, 0.3, 0.4, 0.5]
    assert mtcnn.distinct(given, 0.5) == [4, 3]
    assert mtcnn.distinct(given, 1.0) == [4, 3, 2, 1, 0]
    assert mtcnn.distinct(given[:0], 0.5) == []


def test_boxes_move_and_become_square():
    given = np.array([[10.0, 20, 30, 60, 0.9, 0.1, 0.25, -0.1, 0.0]])
    assert mtcnn.moved(given).tolist() == [[12, 30, 28, 60, 0.9]]
    assert mtcnn.squares(mtcnn.moved(given)).tolist() == [[5, 30, 35, 60, 0.9]]


def test_no_boxes():
    found = mtcnn.proposals(seeded(), np.zeros((3, 9, 9), np.float32))
    assert found.shape == (0, 5) and found.dtype == np.float32


def test_main(tmp_path, capsys, monkeypatch):
    p = seeded()
    p["conv4_1.bias"] = jnp.array([-0.5, 0.5])  # a face is more probable than not
    state_dict.save(tmp_path / "pnet.pt", p)
    count = mtcnn.main(tmp_path / "pnet.pt")
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"{count} boxes; the most probable ones:" and len(told) == 6
    assert mtcnn.proposals(p, mtcnn.picture(), threshold=1.5).shape == (0, 5)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert mtcnn.main() == 0
    assert "pip install --no-deps facenet-pytorch" in capsys.readouterr().out


@pytest.mark.torch
def test_answers_are_pytorchs():
    assert_live("mtcnn_pnet", ours, theirs)


@pytest.mark.torch
def test_initial_weights_are_pytorchs():
    import torch

    torch.manual_seed(0)
    expected = torch_net().state_dict()
    assert sorted(seeded()) == sorted(expected)
    for name, value in seeded().items():
        np.testing.assert_array_equal(value, expected[name].numpy(), name)


@pytest.mark.torch
def test_boxes_are_pytorchs():
    expected = torch_boxes(seeded(), "float64", **SEEDED)
    assert_same_boxes(expected, recorded("mtcnn_pnet")["boxes"]["seeded"], 1e-9)


@trained_weights
@pytest.mark.torch
@pytest.mark.parametrize(("dtype", "atol"), [("float32", 1e-3), ("float64", 1e-9)])
def test_trained_weights_find_pytorchs_boxes(dtype, atol):
    p = state_dict.load(mtcnn.trained())
    found = boxes(p, dtype, TRAINED)
    assert_same_boxes(found, torch_boxes(p, dtype, **TRAINED), atol)
    assert_same_boxes(found, recorded("mtcnn_pnet")["boxes"][f"trained, {dtype}"], atol)


if __name__ == "__main__":
    trained = state_dict.load(mtcnn.trained())
    found = {"seeded": torch_boxes(seeded(), "float64", **SEEDED)}
    for one in ("float32", "float64"):
        found[f"trained, {one}"] = torch_boxes(trained, one, **TRAINED)
    lists = {name: np.asarray(value, float).tolist() for name, value in found.items()}
    record("mtcnn_pnet", theirs, boxes=lists)
