"""What the tests of the samplers share."""

import jax
import pytest


@pytest.fixture(params=["eager", "vmap", pytest.param("jit", marks=pytest.mark.nightly)])
def drawn(request):
    """Draws 40,000 times or more: `drawn(draw)`, where `draw(key, n)` gives an array of n rows."""

    def eager(draw):
        return draw(jax.random.key(0), 40_000)

    def jit(draw):
        return jax.jit(draw, static_argnums=1)(jax.random.key(1), 40_000)

    def vmap(draw):
        keys = jax.random.split(jax.random.key(2), 40)
        rows = jax.vmap(lambda key: draw(key, 1000))(keys)
        return rows.reshape(-1, *rows.shape[2:])

    return {"eager": eager, "jit": jit, "vmap": vmap}[request.param]


@pytest.fixture
def chosen_words(monkeypatch):
    """Makes a module draw given words: `chosen_words(module, high, low)`."""

    def choose(module, high, low):
        monkeypatch.setattr(module, "words", lambda key, shape: (high, low))

    return choose
