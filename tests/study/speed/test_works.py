"""The speed study compares like with like: at a small size, every side gives the same."""

import ast
import importlib
import re

import jax
import numpy as np
import pytest
from oracles import assert_same
from ordinary import ordinarily
from tiers import each

import jaxgrad
from jaxgrad.study.run import evaluate
from jaxgrad.study.speed.works import (
    WORKS,
    Work,
    batches,
    calls,
    derivatives,
    fitting,
    functional,
    networks,
)

SMALL = {
    **dict.fromkeys((4_000_000, 65_536, 100_000, 8192, 4096, 4000, 2048, 1024, 1000, 512), 24),
    **{1_000_000: 40, 32_000: 40, 256: 8, 200: 2, 50: 2},
}


def ids(works):
    return [f"{work.family}: {work.name}" for work in works]


ONE = [work for work in WORKS if not work.calls]
"""The works that are one call; the others are many small ones."""
ALONE = [work for work in ONE if work not in (*functional.WORKS, *networks.WORKS)]
"""Those whose sides are not compared with one another."""
CALLS = [calls.steps((2, 3)), *(work for work in calls.WORKS[1:] if work.name == "compiled")]
RANDOM = ("one call of a sampler", "one call of an initialiser")
"""The families of which the sides share the shapes alone."""


def made(work, side, **names):
    """A side's work once its large numbers are small ones."""
    code = re.sub(
        r"\b\d[\d_]*\b(?!\.)",
        lambda number: str(SMALL.get(int(number[0]), number[0])),
        work.code[side],
    )
    with ordinarily():
        return evaluate(code, names)


def answer(work, side, **names):
    """What a side's work gives."""
    with ordinarily():
        return made(work, side, **names)()


def test_well_formed():
    each(dict(zip(ids(WORKS), WORKS, strict=True)), assert_well_formed)


def assert_well_formed(work):
    names = list(work.code)
    assert names[:1] == (["jax"] if work.calls else ["torch"])
    assert {"jax", "jaxgrad"} <= set(names)
    for code in work.code.values():
        assert isinstance(ast.parse(code).body[-1], ast.Expr) and code.endswith("\nwork")


def test_they_time_public_functions():
    each(dict(zip(ids(WORKS), WORKS, strict=True)), assert_times_public_functions)


def assert_times_public_functions(work):
    for function in work.times.split(", "):
        module, name = function.rsplit(".", 1)
        assert callable(getattr(getattr(jaxgrad, module), name))
        importlib.import_module(f"jaxgrad.{module}")


@pytest.mark.thinned(8)
@pytest.mark.parametrize("work", CALLS, ids=ids(CALLS))
def test_calls_are_of_the_same(work):
    with ordinarily():
        plain, ours = (evaluate(work.code[side], {}) for side in ("jax", "jaxgrad"))
        assert len(work.calls) == len(plain) == len(ours)
        for (name, call), other in zip(ours.items(), plain.values(), strict=True):
            answers = [jax.tree.leaves(one(2)) for one in (call, other)]
            if work.family.startswith("one step"):
                answers = [[leaves[-1]] for leaves in answers]  # the loss
            if work.family in RANDOM or name.split(",")[0] in ("dropout", "gumbel_softmax"):
                answers = [[np.zeros(leaf.shape) for leaf in leaves] for leaves in answers]
            for one, another in zip(*answers, strict=True):
                np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6, err_msg=name)


def assert_finite(answer):
    leaves = [leaf for leaf in jax.tree.leaves(answer) if leaf is not None]
    assert all(np.isfinite(np.asarray(leaf, float)).all() for leaf in leaves)


@pytest.mark.thinned(20)
@pytest.mark.parametrize("work", ALONE, ids=ids(ALONE))
def test_every_side_of_jax_runs(work):
    for side in work.code:
        if side.startswith("jax"):
            assert_finite(answer(work, side))


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.func.jvp warns of itself
@pytest.mark.parametrize("work", ONE, ids=ids(ONE))
def test_every_side_of_pytorch_runs(work):
    for side in work.code:
        if side.startswith("torch") and side != "torch.compile":
            answer(work, side, device="cpu")


@pytest.mark.thinned(8)
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


@pytest.mark.nightly
def test_derivatives_agree():
    each, product = derivatives.WORKS
    assert_same(answer(each, "jaxgrad"), answer(each, "jax"), rtol=1e-4)
    assert_same(answer(product, "jaxgrad")[1], answer(product, "jax")[1], rtol=1e-4)


def assert_trains_alike(work, side, **names):
    """The first steps of jaxgrad's side and of another give one curve of losses."""
    ours, theirs = made(work, "jaxgrad"), made(work, side, **names)
    with ordinarily():
        losses = np.array([[float(call()) for call in (ours, theirs)] for _ in range(3)])
    np.testing.assert_allclose(*losses.T, rtol=1e-4)
    assert np.ptp(losses[:, 0]) > 1e-3, "nothing was learned"


@pytest.mark.nightly
@pytest.mark.parametrize("work", networks.WORKS, ids=ids(networks.WORKS))
def test_networks_train_as_in_plain_jax(work):
    assert_trains_alike(work, "jax")


@pytest.mark.torch
@pytest.mark.nightly
@pytest.mark.parametrize("work", networks.WORKS, ids=ids(networks.WORKS))
def test_networks_train_as_in_pytorch(work):
    assert_trains_alike(work, "torch", device="cpu")


def test_a_size_is_in_the_code():
    assert "rows, columns, steps, batch = 7, 16, 3, 0" in batches.full_batch(7, 3)["jaxgrad"]
    assert isinstance(WORKS[0], Work)
