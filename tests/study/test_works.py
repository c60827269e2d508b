"""The speed study compares like with like: at a small size, every side gives the same."""

import ast

import jax
import jax.numpy as jnp
import pytest
from oracles import assert_same

from jaxgrad.study.run import evaluate
from jaxgrad.study.works import WORKS, functional

IDS = [f"{work.family}: {work.name}" for work in WORKS]


@pytest.mark.parametrize("work", WORKS, ids=IDS)
def test_well_formed(work):
    names = list(work.code)
    assert names[0] == "torch" and any("jax" in name for name in names[1:])
    for code in work.code.values():
        assert isinstance(ast.parse(code).body[-1], ast.Expr)


@pytest.mark.parametrize("work", functional.WORKS, ids=[work.name for work in functional.WORKS])
def test_plain_jax_and_jaxgrad_agree(work):
    small = {}
    for side in ("jax", "jaxgrad"):
        code = work.code[side]
        for size in ("4_000_000", "32000", "8192", "4096", "4000", "2048", "1000", "512"):
            code = code.replace(size, "40" if size == "32000" else "24")
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            small[side] = evaluate(code, {})()
    assert jnp.any(small["jax"][1] != 0)
    assert_same(small["jaxgrad"], small["jax"], rtol=1e-5)
