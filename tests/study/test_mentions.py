import importlib

import numpy as np
import pytest
from tiers import each

from jaxgrad.study.case import Case
from jaxgrad.study.cases import CASES
from jaxgrad.study.mentions import functions

NAMED = {f"{case.family}: {case.name}": case for case in CASES}


def mentioned(code, **inputs):
    return functions(Case(family="f", name="n", torch=code, jax="", why="", inputs=inputs))


def test_names_of_modules_are_written_out():
    assert mentioned("F.relu(x)") == ("torch.nn.functional.relu",)
    assert mentioned("nn.Linear(2, 3)(x)") == ("torch.nn.Linear",)
    assert mentioned("torch.linalg.solve(a, b)") == ("torch.linalg.solve",)
    assert mentioned("nn.utils.clip_grad_norm_([w], 1.0)") == ("torch.nn.utils.clip_grad_norm_",)
    assert mentioned("torch.vmap(F.gelu)(x)") == ("torch.vmap", "torch.nn.functional.gelu")
    rates = "sched = torch.optim.lr_scheduler\nsched.StepLR(optimizer, 3)"
    assert mentioned(rates) == ("torch.optim.lr_scheduler.StepLR",)
    assert mentioned("f = F.relu\nf(f(x))") == ("torch.nn.functional.relu",)


def test_methods_are_a_tensors_where_their_object_is_one():
    assert mentioned("x.clamp(0, 1)") == ("torch.Tensor.clamp",)
    assert mentioned("torch.exp(x).mean()") == ("torch.exp", "torch.Tensor.mean")
    assert mentioned("(x + 1).abs()") == ("torch.Tensor.abs",)
    assert mentioned("layer = nn.Linear(2, 3)\nlayer.weight.abs()") == (
        "torch.nn.Linear",
        "torch.Tensor.abs",
    )
    assert mentioned("kept = []\nkept.append(torch.exp(x))\nkept") == ("torch.exp",)
    assert mentioned("name.split()\ntorch.exp(x)", name="a b") == ("torch.exp",)
    assert mentioned("x.split(2)", x=np.zeros(4)) == ("torch.Tensor.split",)
    assert mentioned("y = np.sort(x.numpy())\ny.astype(np.int64)\nF.relu(x)") == (
        "torch.nn.functional.relu",
    )
    optimizer = "optimizer = torch.optim.SGD([w], 0.1)\noptimizer.step()"
    assert mentioned(optimizer) == ("torch.optim.SGD",)


def test_what_builds_inputs_and_reads_gradients_counts_where_nothing_else_is_named():
    code = "w = torch.tensor([1.0], requires_grad=True)\nF.silu(w).sum().backward()\nw.grad"
    assert mentioned(code) == ("torch.nn.functional.silu",)
    assert mentioned("torch.tensor([1, 2.5])") == ("torch.tensor",)
    assert mentioned("x.sum().backward()\nx.grad") == ("torch.Tensor.sum", "torch.Tensor.backward")


def test_operators_and_dtypes():
    assert mentioned("x ** 2") == ("torch.pow",)
    assert mentioned("x[1:10]") == ("torch.Tensor.__getitem__",)
    assert mentioned("x += y\nx") == ("torch.add",)
    assert mentioned("x.mT") == ("torch.Tensor.mT",)
    assert mentioned("~x") == ("torch.bitwise_not",)
    assert mentioned("torch.log(x) + 1") == ("torch.log",)
    assert mentioned("x.to(torch.bfloat16)") == ("torch.Tensor.to",)
    assert mentioned("torch.inf") == ()


def test_in_the_order_of_the_code_each_once():
    assert mentioned("torch.sin(torch.cos(x)) + torch.sin(x)") == ("torch.sin", "torch.cos")


def test_almost_every_case_is_about_something():
    silent = [name for name, case in NAMED.items() if not functions(case)]
    assert len(silent) < 5, silent


@pytest.mark.torch
def test_every_name_is_one_of_pytorchs():
    each(NAMED, assert_found)


def assert_found(case):
    for name in functions(case):
        found = importlib.import_module("torch")
        for part in name.split(".")[1:]:
            found = getattr(found, part)
        assert callable(found) or name in ("torch.Tensor.T", "torch.Tensor.mT"), name
