"""Random numbers that `forward` draws: by a key, and compared with fixed ones in their place."""

import inspect

import jax
import numpy as np
import pytest
from translated import Whole, assert_agrees, drawn, made

from jaxgrad.port import assert_as_recorded, translate
from jaxgrad.port.translation.files import translate_file
from jaxgrad.port.translation.proof import how_compared
from jaxgrad.port.translation.translate import translated

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn, TF = torch.nn, torch.nn.functional


class Autoencoder(nn.Module):
    """A variational autoencoder, whose code is the mean outside training."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.25))
        self.decoder = nn.Linear(4, 6)

    def forward(self, x):
        mean, logarithm = self.encoder(x).chunk(2, -1)
        code = mean
        if self.training:
            code = mean + torch.exp(0.5 * logarithm) * torch.randn_like(mean)
        loss = -0.5 * torch.sum(1 + logarithm - mean.pow(2) - logarithm.exp())
        return self.decoder(code), loss


DRAWS = {
    "rand": (lambda x: x + torch.rand(x.shape[1], 2).sum(1), "R.rand(key, (4, 2)"),
    "randn": (lambda x: x * torch.randn(4), "R.randn(key, (4,)"),
    "like": (lambda x: x + 0.1 * torch.randn_like(x), "R.randn(key, args[0].shape"),
    "uniform": (lambda x: x + torch.empty(4).uniform_(-1, 3), "a=-1.0, b=3.0"),
    "normal": (lambda x: x + x.new_empty(x.shape).normal_(0.5, 2), "R.normal(key, 0.5, 2.0"),
    "normal, of arrays": (lambda x: x + torch.normal(x, x.abs()), "stop_gradient"),
    "bernoulli": (lambda x: x * torch.bernoulli(torch.sigmoid(x)), "R.bernoulli(key"),
    "mask": (lambda x: x.masked_fill(torch.rand_like(x) < 0.3, 0.0), "R.rand(key"),
    "integers": (lambda x: x[:, torch.randint(4, (3,))], "R.randint(key, 0, 4, (3,), dtype=int)"),
    "order": (lambda x: x[:, torch.randperm(4)], "R.randperm(key, 4"),
    "Gumbel": (lambda x: TF.gumbel_softmax(x, tau=0.5), "R.exponential(key, args[0].shape"),
    "filled": (lambda x: x + torch.zeros_like(x).normal_(0, 0.1), "R.normal(key, 0.0, 0.1"),
    "Gumbel, hard": (lambda x: TF.gumbel_softmax(x, hard=True), "R.exponential(key"),
    "chosen": (lambda x: x.gather(1, torch.multinomial(x.softmax(1), 2)), "R.multinomial(key"),
    "geometric": (lambda x: x + torch.empty(4).geometric_(0.3), "R.geometric(key, (4,), p=0.3"),
    "heavy tails": (
        lambda x: x + torch.empty(4).cauchy_() + torch.empty(4).log_normal_(),
        "R.log_normal(",
    ),
    "counts": (lambda x: x + torch.poisson(x.abs()), "R.poisson(key"),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws(name):
    function, expression = DRAWS[name]
    translation = assert_agrees(Whole(function), drawn([(3, 4)]))
    assert expression in translation.source
    assert list(inspect.signature(translation.function).parameters)[-1] == "key"
    inputs, run = drawn([(3, 4)]), jax.jit(translation.function)
    one, same, other = (run(translation.params, *inputs, key=jax.random.key(n)) for n in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert np.any(np.asarray(one) != np.asarray(other))


def test_an_autoencoder_in_training():
    translation = assert_agrees(made(Autoencoder).train(), drawn([(5, 6)]), training=True)
    words = {"training": True, "key": jax.random.key(0)}
    (_, loss), new = translation.function(translation.params, *drawn([(5, 6)]), **words)
    assert loss.shape == () and "encoder.1.running_mean" in new


def test_dropout_beside_running_statistics_is_compared_in_training():
    layers = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Dropout2d(0.4), nn.Dropout()
    module = made(lambda: nn.Sequential(*layers))
    assert_agrees(module.train(), drawn([(4, 2, 5, 5)]), training=True)


class Rewritten(nn.Sequential):
    """Writes a part of a buffer too, which makes PyTorch write the whole anew."""

    def __init__(self, *layers):
        super().__init__(*layers)
        self.register_buffer("seen", torch.zeros(2, 4))

    def forward(self, x):
        self.seen[0] = x.detach().mean((0, 2))
        return super().forward(x)


@pytest.mark.parametrize(
    "layer", [nn.Dropout, nn.Dropout1d, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.RReLU]
)
def test_dropout_stays_whole_where_pytorch_writes_anew(layer):
    module = made(lambda: Rewritten(nn.BatchNorm1d(4), layer())).train()
    translation = assert_agrees(module, drawn([(3, 4, 5)]), training=True)
    assert "key" in inspect.signature(translation.function).parameters


def test_a_module_without_dropout_takes_no_mode():
    module = Whole(lambda x: x + torch.randn_like(x))
    translation = translate(module.train(), drawn([(3, 4)]), training=True)
    assert "training" not in inspect.signature(translation.function).parameters


class Rotated(nn.Module):
    """Its arguments have the names of what the source imports."""

    def forward(self, R, T, split):
        return TF.relu(R @ T + torch.randn_like(split))


def test_arguments_may_be_called_as_the_imports():
    translation = assert_agrees(Rotated(), drawn([(3, 3), (3, 3), (3, 3)]))
    assert "rotated(p, R_, T_, split_, *, key)" in translation.source


def test_a_generator_is_refused():
    module = Whole(lambda x: x + torch.rand(4, generator=torch.Generator()))
    with pytest.raises(ValueError, match="rand with generator|cannot export"):
        translate(module, drawn([(3, 4)]))


def test_modules_with_numbered_names_may_draw():
    class Layers(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer1, self.layer2, self.layer3 = (Noise() for _ in range(3))

        def forward(self, x):
            return self.layer3(self.layer2(self.layer1(x)))

    class Noise(nn.Module):
        def forward(self, x):
            return torch.tanh(x + torch.randn_like(x)) * torch.rand_like(x)

    module = nn.ModuleDict({"encoder": Layers(), "decoder": Layers()})
    module.forward = lambda x: module["decoder"](module["encoder"](x))
    assert assert_agrees(module, drawn([(3, 4)])).source.count("def layers") == 1


@pytest.mark.parametrize("name", ["attention", "alpha", "alpha and others"])
def test_what_draws_in_its_own_way_is_compared_outside_training(name):
    module = {
        "attention": lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.3, batch_first=True),
        "alpha": lambda: nn.Sequential(nn.Linear(4, 4), nn.AlphaDropout()),
        "alpha and others": lambda: nn.Sequential(
            Whole(lambda x: x + torch.randn_like(x)), nn.AlphaDropout()
        ),
    }[name]
    module, inputs = made(module).train(), drawn([(2, 3, 4)])
    assert_agrees(module, inputs, training=True)
    _, source = translated(module, inputs, None, training=True)
    assert "outside training, as what F." in how_compared(source)


def test_the_file_and_its_test(tmp_path, monkeypatch):
    (tmp_path / "noisy.py").write_text(
        "import torch\n\n\nclass Noisy(torch.nn.Linear):\n    def forward(self, x):\n"
        "        return super().forward(x + torch.randn_like(x))\n\n\nnet = Noisy(4, 3)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    name, out = f"{tmp_path / 'noisy.py'}:net", tmp_path / "noisy_in_jax.py"
    options = {"training": False, "scan": False, "weights": None, "test": True}
    report = translate_file(name, out, shapes=["3,4"], **options)
    assert report.verdict != "differs" and "fixed numbers" in report.notes[-1]
    test = (tmp_path / "test_noisy_in_jax.py").read_text()
    assert "RECORDED, fixed=True, key=jax.random.key(0))" in test
    space = {"__file__": str(tmp_path / "test_noisy_in_jax.py"), "__name__": "test_noisy_in_jax"}
    exec(test, space)
    space["test_noisy"]()
    with pytest.raises(AssertionError, match="off by"):
        assert_as_recorded(space["noisy"], space["RECORDED"], key=jax.random.key(0))
