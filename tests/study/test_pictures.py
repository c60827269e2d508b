"""A picture stands where it shows a difference; its title and legend hide no line."""

import dataclasses
import re

import numpy as np
from made import measured

from jaxgrad.study import pictures
from jaxgrad.study.case import f32

X = f32(np.linspace(-2.0, 2.0, 41))
KINK = {"inputs": {"x": X}, "grads": ("x",), "picture": "kink"}


def drawn(**changes):
    """The pictures of a case of |x|, PyTorch's answer being what `torch` gives in JAX."""
    parts = {**KINK, "torch": "jnp.abs(x)", "jax": "jnp.abs(x)", "jaxgrad": "jnp.abs(x)", **changes}
    (row,) = measured(parts)
    from jaxgrad.study import run
    from jaxgrad.study.case import Case

    case = Case(family="made", name="x", why="", **{**parts, "jax": parts["torch"]})
    row = dataclasses.replace(row, torch=run.run(case, "jax"))
    return pictures.pictures(row)


def test_where_all_are_alike_there_is_none():
    assert drawn() == []
    assert drawn(picture="") == []
    assert drawn(picture="curve", grads=()) == []


def test_where_the_derivative_differs_it_is_drawn():
    assert len(drawn(jax="jnp.maximum(x, -x)")) == 2  # asked for: the value beside it
    (slope,) = drawn(jax="jnp.maximum(x, -x)", picture="")
    assert slope.alt.startswith("The derivative") and "at x = 0 PyTorch 1, plain JAX 0" in slope.alt


def test_where_the_value_differs_it_is_drawn():
    (curve,) = drawn(jax="x", picture="curve", grads=())
    assert "plain JAX from -2 to 2" in curve.alt


def test_what_no_eye_can_see_is_not_drawn():
    assert drawn(jax="jnp.abs(x) + 1e-4", picture="") == []
    assert drawn(jax="jnp.abs(x) * 1.001", picture="curve", grads=()) == []


def test_a_nan_is_a_difference():
    assert drawn(jax="jnp.where(x == 0, jnp.nan, jnp.abs(x))", picture="")


def test_the_title_and_the_legend_stand_above_the_axes():
    (slope,) = drawn(jax="jnp.maximum(x, -x)", picture="")
    places = {}
    for y, text in re.findall(r'<text[^>]*?y="([-\d.]+)"[^>]*>([^<]*)</text>', slope.svg):
        places[text] = float(y)
    top = min(float(y) for y in re.findall(r"M 55.3 180 L \S+ 180 L \S+ ([\d.]+)", slope.svg))
    for word in ("derivative over x", "PyTorch", "plain JAX", "jaxgrad"):
        assert places[word] < top


def test_repeated_styles_are_classes():
    (slope,) = drawn(jax="jnp.maximum(x, -x)", picture="")
    styles = re.findall(r' style="([^"]*)"', slope.svg)
    assert all(styles.count(style) <= 2 for style in styles)
    rules = set(re.findall(r"\.(c\d+)\{", slope.svg))
    assert rules == set(re.findall(r' class="(c\d+)"', slope.svg)) and rules
