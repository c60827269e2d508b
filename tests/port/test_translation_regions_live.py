"""What `forward` does around its operations: gradients off, casts, masks, and own backwards."""

import jax
import numpy as np
import pytest
from translated import Whole, assert_agrees, drawn, made

from jaxgrad.port import Untranslatable, translate
from jaxgrad.port.translation.files import translate_file

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn = torch.nn


class Regions(nn.Module):
    """Linear maps, one of them within a region."""

    def __init__(self, region):
        super().__init__()
        self.fixed, self.free, self.region = nn.Linear(4, 4), nn.Linear(4, 4), region

    def forward(self, x):
        with self.region():
            y = torch.relu(self.fixed(x))
            z = y.sum(-1, keepdim=True)
        changed = x.clone()
        changed[0] = 1.0  # which makes PyTorch write the whole anew
        return self.free(changed) * y.float() + z


def casting(enabled=True):
    return lambda: torch.autocast("cpu", torch.bfloat16, enabled=enabled)


class Both:
    """Casts within no gradients."""

    def __enter__(self):
        self.regions = torch.no_grad(), casting()()
        for region in self.regions:
            region.__enter__()

    def __exit__(self, *error):
        for region in reversed(self.regions):
            region.__exit__(*error)


REGIONS = {
    "no_grad": (torch.no_grad, "stop_gradient"),
    "enable_grad": (torch.enable_grad, ""),
    "autocast that is off": (casting(enabled=False), ""),
}


@pytest.mark.parametrize("name", REGIONS)
def test_regions(name):
    region, word = REGIONS[name]
    source = assert_agrees(made(lambda: Regions(region)), drawn([(3, 4)])).source
    assert word in source and ("stop_gradient" in source) == bool(word)


@pytest.mark.parametrize("region", [casting(), Both])
def test_casts_are_written_out(region):
    module, (x,) = made(lambda: Regions(region)), drawn([(3, 4)])
    translation = translate(module, (x,))
    assert 'p["fixed.weight"].astype(jnp.bfloat16)' in translation.source
    assert ("stop_gradient" in translation.source) == (region is Both)
    ours = translation.function(translation.params, x)
    np.testing.assert_allclose(ours, module(torch.from_numpy(x)).detach(), rtol=2e-2, atol=2e-2)


def test_inference_mode():
    """PyTorch refuses gradients of what is made of its results; here they are constants."""
    module, (x,) = made(lambda: Regions(torch.inference_mode)), drawn([(3, 4)])
    translation = translate(module, (x,))
    slopes = jax.grad(lambda p: translation.function(p, x).sum())(translation.params)
    assert not slopes["fixed.weight"].any() and slopes["free.weight"].any()


def test_a_decorated_method():
    class Target(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

        @torch.no_grad()
        def target(self, x):
            return self.two(x)

        def forward(self, x):
            return (self.one(x) - self.target(x)) ** 2

    assert "stop_gradient" in assert_agrees(made(Target), drawn([(3, 4)])).source


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, slope):
        return -slope


def test_an_own_backward_is_told():
    with pytest.warns(UserWarning, match="does not have the backward of Reversed: its gradients"):
        translate(Whole(Reversed.apply), drawn([(3, 4)]))


MODEL = """
import torch

class Reversed(torch.autograd.Function):
    forward = staticmethod(lambda ctx, x: x.clone())
    backward = staticmethod(lambda ctx, slope: -slope)

class Net(torch.nn.Module):
    def forward(self, x):
        return Reversed.apply(x)
"""


def test_the_command_tells_of_an_own_backward(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    options = {"shapes": ["3,4"], "training": False, "scan": False, "weights": None, "test": False}
    told = translate_file(f"{tmp_path}/model.py:Net", tmp_path / "net.py", **options)
    assert told.verdict == "differs" and "the backward of Reversed" in told.notes[-1]


def written(mask, value):
    def function(x, *values):
        x = x * 1
        x[torch.from_numpy(mask)] = values[0] if values else value
        return x

    return function


def computed(x):
    x, y, mask = x * 1, x.sin(), x > 0
    x[mask] = y[mask] * 2 + x[mask].log()
    x[~mask] *= 3
    x[y > 0.5] = y[y > 0.5]
    return x


ROWS = np.array([True, False, True])
PLACES = np.array([[True, False], [False, False], [True, True]])
MASKED = {
    "rows": (written(ROWS, 2.0), [(3, 2, 4)]),
    "places": (written(PLACES, -1.0), [(3, 2, 4)]),
    "a vector": (written(PLACES, None), [(3, 2, 4), (4,)]),
    "one number": (written(PLACES, None), [(3, 2), (1,)]),
    "added": (
        lambda x: (x * 1).index_put((x > 0,), torch.tensor(2.0), accumulate=True),
        [(3, 2)],
    ),
    "computed from what is there": (computed, [(3, 5)]),
    "added to what is there": (
        lambda x: (x * 1).index_put((x > 0,), x.exp()[x > 0] * 2, accumulate=True),
        [(3, 5)],
    ),
    "inner": (lambda x: torch.relu((x * 1).index_fill(0, torch.tensor([1]), 2.0)), [(3, 4)]),
    "joined with nothing": (lambda x: torch.cat([torch.tensor([]), x, x], -2), [(3, 2, 4)]),
}


@pytest.mark.parametrize("name", MASKED)
def test_writes_under_a_mask(name):
    function, shapes = MASKED[name]
    inputs = drawn(shapes)
    translation = assert_agrees(Whole(function), inputs)
    expected = function(*map(torch.from_numpy, inputs)).numpy()
    for run in (translation.function, jax.jit(translation.function)):
        np.testing.assert_allclose(run(translation.params, *inputs), expected, rtol=1e-6)


def test_a_shape_that_depends_on_values_is_told():
    def function(x):
        return torch.cat([x[x > 0], x[x < 0]])

    with pytest.raises(
        Untranslatable, match=r"values, got that of index at \S*translated.py:\d+; choose"
    ):
        translate(Whole(function), drawn([(3, 4)]))


@pytest.mark.parametrize("dtype", ["float32", "int64", "float16"])
def test_an_array_of_nothing_has_a_dtype(dtype):
    x = torch.arange(6).reshape(2, 3).to(getattr(torch, dtype))
    expected = torch.cat([torch.tensor([]), x], -1)
    translation = translate(Whole(lambda x: torch.cat([torch.tensor([]), x], -1)), (x,))
    ours = translation.function(translation.params, x.numpy())
    assert ours.dtype == str(expected.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(ours, expected.numpy())


def test_inner_modules_write_arrays_of_numpy():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Whole(MASKED["inner"][0])

        def forward(self, x):
            return self.inner(x)

    (x,) = drawn([(3, 4)])
    translation = translate(Net(), (x,))
    expected = MASKED["inner"][0](torch.from_numpy(x.copy()))
    np.testing.assert_allclose(translation.function(translation.params, x), expected)


def test_sizes_of_a_region_stay_sizes():
    class Net(nn.Module):
        def forward(self, x):
            with torch.no_grad():
                count, y = x.shape[0], x.exp()
            return x * count + y * count

    assert_agrees(Net(), drawn([(3, 4)]))


def test_arrays_of_numpy_are_written():
    def function(given):
        x = given["x"]
        x[:, 0] = given["y"]
        return x * 2

    x, y = drawn([(3, 4), (3,)])
    translation = translate(Whole(function), ({"x": x, "y": y},))
    expected = x.copy()
    expected[:, 0] = y
    given = {"x": x, "y": y}
    np.testing.assert_allclose(translation.function(translation.params, given), 2 * expected)
    assert x[0, 0] != y[0]
