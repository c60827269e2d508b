"""The ten differences of the first screen are cases of the study, and are silent."""

import dataclasses

import numpy as np
import pytest
from made import measured

from jaxgrad.study.case import f32
from jaxgrad.study.cases import CASES
from jaxgrad.study.site.costly import COSTLY, Costly, given

BY_ANCHOR = {case.anchor(): case for case in CASES}


def test_there_are_ten():
    assert len(COSTLY) == 10


@pytest.mark.parametrize("anchor", COSTLY)
def test_each_is_a_case_in_which_plain_jax_differs_without_an_error(anchor):
    case = BY_ANCHOR[anchor]
    assert case.verdict_jax not in ("same", "error")
    assert case.jaxgrad or case.remedy


@pytest.mark.parametrize("anchor", COSTLY)
def test_the_lines_that_are_shown_are_lines_of_the_case(anchor):
    case, shown = BY_ANCHOR[anchor], COSTLY[anchor]
    for code in (case.torch, case.jax, case.jaxgrad or case.remedy):
        lines = shown.shown(code).splitlines()
        assert 1 <= len(lines) <= 3 and set(lines) <= set(code.splitlines())


def test_what_is_given_is_where_the_sides_differ_most():
    x = f32(np.arange(8.0))
    (row,) = measured({"inputs": {"x": x}, "jax": "x.at[5].add(9.0)", "jaxgrad": "x"})

    answered = dataclasses.replace(row.torch, value=x)
    row = dataclasses.replace(row, torch=answered)
    told = given(row, Costly("made"))
    assert [side["gives"] for side in told] == ["5 at x = 5", "14 at x = 5", "5 at x = 5"]


def test_a_small_answer_is_shown_whole():
    (row,) = measured({"jax": "x - 1", "remedy": "x + 1", "verdict_jax": "value"})
    told = given(row, Costly("made"))
    assert [side["title"] for side in told] == ["PyTorch", "plain JAX", "plain JAX, mended"]
    assert [side["gives"] for side in told] == ["f32[2] 2, 3", "f32[2] 0, 1", "f32[2] 2, 3"]
