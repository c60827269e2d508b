"""The speed study compares like with like: at a small size, every side gives the same."""

import ast
import importlib
import re

import jax
import numpy as np
import pytest
from oracles import assert_same
from tiers import each

import jaxgrad
from jaxgrad.study.run import evaluate
from jaxgrad.study.works import WORKS, Work, batches, derivatives, fitting, functional

SMALL = {
    **dict.fromkeys((4_000_000, 65_536, 100_000, 8192, 4096, 4000, 2048, 1024, 1000, 512), 24),
    **{1_000_000: 40, 32_000: 40, 256: 8, 200: 2, 50: 2},
}

OTHERS = [work for work in WORKS if work not in functional.WORKS]
"""The works whose sides are not compared with one another."""


def ids(works):
    return [f"{work.family}: {work.name}" for work in works]


def answer(work, side, **names):
    """What a side's work gives once its large numbers are small ones."""
    code = re.sub(
        r"\b\d[\d_]*\b(?!\.)",
        lambda number: str(SMALL.get(int(number[0]), number[0])),
        work.code[side],
    )
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        return evaluate(code, names)()


def test_well_formed():
    each(dict(zip(ids(WORKS), WORKS, strict=True)), assert_well_formed)


def assert_well_formed(work):
    names = list(work.code)
    assert names[0] == "torch" and {"jax", "jaxgrad"} <= set(names)
    for code in work.code.values():
        assert isinstance(ast.parse(code).body[-1], ast.Expr) and code.endswith("\nwork")


def test_they_time_public_functions():
    each(dict(zip(ids(WORKS), WORKS, strict=True)), assert_times_public_functions)


def assert_times_public_functions(work):
    for function in work.times.split(", "):
        module, name = function.rsplit(".", 1)
        assert callable(getattr(getattr(jaxgrad, module), name))
        importlib.import_module(f"jaxgrad.{module}")


def assert_finite(answer):
    leaves = [leaf for leaf in jax.tree.leaves(answer) if leaf is not None]
    assert all(np.isfinite(np.asarray(leaf, float)).all() for leaf in leaves)


@pytest.mark.parametrize("work", OTHERS, ids=ids(OTHERS))
def test_every_side_of_jax_runs(work):
    for side in work.code:
        if side.startswith("jax"):
            assert_finite(answer(work, side))


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.func.jvp warns of itself
@pytest.mark.parametrize("work", WORKS, ids=ids(WORKS))
def test_every_side_of_pytorch_runs(work):
    for side in work.code:
        if side.startswith("torch") and side != "torch.compile":
            answer(work, side, device="cpu")


@pytest.mark.parametrize("work", functional.WORKS, ids=ids(functional.WORKS))
def test_plain_jax_and_jaxgrad_agree(work):
    assert [side for side in work.code if side.startswith("jax")] == ["jax", "jaxgrad"]
    plain, ours = answer(work, "jax"), answer(work, "jaxgrad")
    assert_finite(plain)
    assert np.any(plain[1])
    assert_same(ours, plain, rtol=1e-5)


@pytest.mark.torch
def test_the_loops_of_the_notebook_agree():
    loop, line = fitting.WORKS
    gradients = answer(loop, "torch", device="cpu")
    for side in ("jax", "jaxgrad"):
        np.testing.assert_allclose(np.reshape(answer(loop, side), (30, 1)), gradients, rtol=1e-4)
    weight, bias = answer(line, "torch", device="cpu")
    np.testing.assert_allclose(answer(line, "jax")[0], (weight, bias), rtol=1e-4)
    ours = answer(line, "jaxgrad").params
    np.testing.assert_allclose((ours["weight"], ours["bias"]), (weight, bias), rtol=1e-4)


def test_full_batches_agree():
    work = batches.WORKS[0]
    assert_same(answer(work, "jaxgrad").losses, answer(work, "jax")[1], rtol=1e-5)


def test_derivatives_agree():
    each, product = derivatives.WORKS
    assert_same(answer(each, "jaxgrad"), answer(each, "jax"), rtol=1e-4)
    assert_same(answer(product, "jaxgrad")[1], answer(product, "jax")[1], rtol=1e-4)


def test_a_size_is_in_the_code():
    assert "rows, columns, steps, batch = 7, 16, 3, 0" in batches.full_batch(7, 3)["jaxgrad"]
    assert isinstance(WORKS[0], Work)
