"""The networks that `jaxgrad translate` wrote compute what those written by hand compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import example, quick_jit

from jaxgrad import replay


def drawn(initial, **sizes):
    """The initial weights; scales, variances and biases are other numbers than 0 and 1."""
    p, _ = initial(replay.manual_seed(0), **sizes)
    keys = jax.random.split(jax.random.key(0), len(p))
    return {
        name: jax.random.uniform(key, value.shape, minval=0.5) if value.ndim == 1 else value
        for key, (name, value) in zip(keys, p.items(), strict=True)
    }


def assert_same(translated, by_hand, p, x):
    """The same logits, and the same gradients of their sum of squares."""

    def gradients(network):
        def total(p):
            logits = network(p, x)
            return jnp.sum(logits**2), logits

        moving = {name: value for name, value in p.items() if value.dtype == jnp.float32}
        return quick_jit(jax.grad(lambda some: total({**p, **some}), has_aux=True))(moving)

    grads, logits = gradients(translated)
    expected_grads, expected = gradients(by_hand)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    for name, grad in grads.items():
        limit = 1e-4 * np.abs(expected_grads[name]).max()
        np.testing.assert_allclose(grad, expected_grads[name], rtol=0, atol=limit, err_msg=name)


@pytest.mark.nightly
def test_resnet18():
    by_hand, translated = example("resnet18"), example("resnet18", "translated")
    p = drawn(by_hand.initial, classes=7)
    x = jax.random.normal(jax.random.key(1), (2, 3, 40, 56))
    assert_same(translated.resnet, lambda p, x: by_hand.resnet18(p, x)[0], p, x)


@pytest.mark.nightly
@pytest.mark.usefixtures("ordinary")
def test_gpt2():
    by_hand, translated = example("gpt2"), example("gpt2", "translated")
    p = drawn(by_hand.initial, vocabulary=31, positions=9, size=768, layers=12)
    tokens = jax.random.randint(jax.random.key(1), (2, 9), 0, 31)

    def with_names(p, tokens):
        p = {f"transformer.{name}": value for name, value in p.items()}
        return translated.gpt2_lm_head_model(p, tokens)["logits"]

    assert_same(with_names, lambda p, tokens: by_hand.gpt2(p, tokens, 12)[0], p, tokens)


@pytest.mark.parametrize(("name", "lines"), [("resnet18", 120), ("gpt2", 150)])
def test_they_are_short(name, lines):
    with open(example(name, "translated").__file__, encoding="utf-8") as file:
        assert 30 < len(file.readlines()) <= lines
