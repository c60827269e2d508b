"""Modules of PyTorch's and their translations give the same, and the source reads well."""

import ast
import functools
import re

import jax
import numpy as np
import pytest
from translated import MODULES, Convolutional, Decoder, Residual, Whole, assert_agrees, drawn, made

from jaxgrad.port import translate
from jaxgrad.port.translation.proof import proof
from jaxgrad.port.translation.translate import translated
from jaxgrad.state_dict import nest

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn, TF = torch.nn, torch.nn.functional


@pytest.mark.parametrize("name", sorted(MODULES))
def test_it_agrees(name):
    maker, shapes = MODULES[name]
    assert_agrees(made(maker), drawn(shapes))


@pytest.mark.parametrize("dim", [0, 1, -1, None])
def test_weight_norm(dim):
    def make():
        return nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 2), dim=dim)

    assert_agrees(made(make), drawn([(2, 3, 5)]))


@pytest.mark.parametrize("name", ["convolutional", "residual"])
def test_it_agrees_in_training(name):
    maker, shapes = MODULES[name]
    translation = assert_agrees(made(maker), drawn(shapes), training=True)
    given = translation.function(translation.params, *drawn(shapes), training=True)
    assert all(name.rpartition(".")[2].startswith(("running", "num")) for name in given[1])


def test_words():
    words = np.random.default_rng(0).integers(0, 20, (3, 6))
    translation = assert_agrees(made(Decoder), (words,))
    assert "for i in range(4):" in translation.source
    assert "words.weight" in translation.params and "head.weight" not in translation.params


def test_dropout_takes_keys():
    words = np.random.default_rng(0).integers(0, 20, (3, 6))
    translation = translate(made(Decoder), (words,), training=True)
    key = jax.random.key(0)
    run = jax.jit(translation.function, static_argnames="training")
    one, two = (run(translation.params, words, training=True, key=key) for _ in range(2))
    other = run(translation.params, words, training=True, key=jax.random.key(1))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0.01
    assert len(set(re.findall(r"keys\[i\]", translation.source))) == 1


def test_the_batch_stays_free():
    module = made(Convolutional)
    translation = translate(module, drawn([(4, 3, 16, 16)]))
    (x,) = drawn([(7, 3, 16, 16)], 1)
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(x)).numpy()
    ours = translation.function(translation.params, x)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_the_module_stays_as_it_is():
    module = made(Convolutional)
    module.last.eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    translate(module, drawn([(4, 3, 16, 16)]), training=True)
    assert module.training and not module.last.training and module.blocks.training
    for name, value in module.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_the_source_reads_well():
    source = translate(made(Convolutional), drawn([(4, 3, 16, 16)])).source
    tree = ast.parse(source)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert names == ["batch_norm2d", "residual", "residual_2", "convolutional"]
    assert all(ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef))
    assert max(map(len, source.splitlines())) <= 100 and len(source.splitlines()) < 60
    assert "translated.py:" in source and '"""A residual block."""' in source
    for noise in ("clone", "contiguous", "detach", "alias", "assert"):
        assert noise not in source


def test_the_source_is_the_same_each_time():
    one, two = (translate(made(Convolutional), drawn([(4, 3, 16, 16)])).source for _ in range(2))
    assert one == two


class Depth(nn.Module):
    """A layer that is left out for some examples."""

    def forward(self, x):
        if not self.training:
            return x
        kept = x.new_empty((x.shape[0], 1)).bernoulli_(0.75)
        return x * kept.div_(0.75)


def test_whole_examples_are_dropped():
    (x,) = drawn([(400, 3)])
    translation = translate(Depth(), (x,), training=True)
    assert "F.dropout(key, " in translation.source and ", 0.25, training)" in translation.source
    run = functools.partial(translation.function, translation.params, x, key=jax.random.key(0))
    np.testing.assert_array_equal(run(training=False), x)
    kept = np.asarray(run(training=True)) != 0
    assert (kept.all(1) | ~kept.any(1)).all() and 0.68 < kept.mean() < 0.82
    np.testing.assert_allclose(run(training=True)[kept], x[kept] / 0.75, rtol=1e-6)


def test_arguments_are_a_tuple():
    with pytest.raises(TypeError, match=r"args must be a tuple, got ndarray; write \(x,\)"):
        translate(nn.Linear(3, 2), drawn([(1, 3)])[0])


def test_parameters_that_are_given_stay_as_they_are():
    module = made(Convolutional)
    translation = translate(module, drawn([(4, 3, 16, 16)]), training=True)
    params = jax.tree.map(np.array, translation.params)
    before = jax.tree.map(np.copy, params)
    _, new = translation.function(params, *drawn([(4, 3, 16, 16)]), training=True)
    for name in params:
        np.testing.assert_array_equal(params[name], before[name])
    assert int(new["blocks.0.bn1.num_batches_tracked"]) == 1


def test_a_function_leaves_the_parameters_of_its_caller():
    module = made(lambda: Residual(4, 6, 2))
    translation = translate(nn.Sequential(module, nn.ReLU()), drawn([(2, 4, 8, 8)]), training=True)
    names = {}
    exec(translation.source, names)
    p = nest(translation.params)["0"]
    inner = p["down"]["1"]
    _, new = names["residual"](p, *drawn([(2, 4, 8, 8)]), True)
    assert p["down"]["1"] is inner and int(inner["num_batches_tracked"]) == 0
    assert int(new["down"]["1"]["num_batches_tracked"]) == 1


def test_dropout_that_is_always_on_needs_no_mode():
    translation = translate(Whole(lambda x: TF.dropout(x, 0.5)), (np.ones((40, 2), np.float32),))
    ours = translation.function(
        translation.params, np.ones((40, 2), np.float32), key=jax.random.key(0)
    )
    assert set(np.unique(ours)) == {0, 2}


def test_the_proof_finds_another_function():
    module = made(Convolutional)
    inputs = drawn([(4, 3, 16, 16)])
    translation, source = translated(module, inputs, None)

    def wrong(params, x):
        return translation.function(params, x) * 1.001

    told = proof(module, source, wrong, translation.params, inputs, training=False)
    assert told.verdict == "differs" and told.first.startswith("values differ")


TREES = {
    "dict": (lambda x: {"a": x + 1, "b": (x * 2, x)}, {"a", "b"}),
    "list": (lambda x: [x.sin(), x.cos()], None),
}


@pytest.mark.parametrize("name", sorted(TREES))
def test_trees_of_outputs(name):
    function, keys = TREES[name]
    (x,) = drawn([(2, 3)])
    translation = translate(Whole(function), (x,))
    ours = translation.function(translation.params, x)
    theirs = function(torch.from_numpy(x))
    assert keys is None or set(ours) == keys
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-6)


def test_trees_of_inputs():
    class Two(nn.Module):
        def forward(self, batch, *, scale):
            return batch["x"] * scale + batch["more"][0]

    x, y, scale = drawn([(2, 3), (2, 3), ()])
    batch = {"x": x, "more": [y]}
    translation = translate(Two(), (batch,), {"scale": scale})
    ours = translation.function(translation.params, batch, scale=scale)
    np.testing.assert_allclose(ours, x * scale + y, rtol=1e-6)
