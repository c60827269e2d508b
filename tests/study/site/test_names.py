"""The index of PyTorch's names: whole, measured, and what jaxgrad offers is found."""

import importlib
import inspect

import pytest
from made import measured

import jaxgrad
from jaxgrad.study import measurement
from jaxgrad.study.cases import CASES
from jaxgrad.study.mentions import functions
from jaxgrad.study.site import names, verdicts


def indexed(*changes):
    return {entry.name: entry for entry in names.entries(measured(*changes))}


def test_every_public_name_of_jaxgrad_is_in_the_index():
    listed = {offer.path for entry in names.entries([]) for offer in entry.offers}
    for room in jaxgrad.__all__:
        module = getattr(jaxgrad, room)
        if inspect.ismodule(module):
            public = getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"]
            values = {name: getattr(module, name) for name in public}
            called = {n for n, v in values.items() if callable(v) and not inspect.ismodule(v)}
            assert {f"jaxgrad.{room}.{name}" for name in called} <= listed


def test_every_name_that_a_case_mentions_is_in_the_index():
    unmeasured = [measurement.failed(case, "not measured") for case in CASES]
    listed = {entry.name: entry.rows for entry in names.entries(unmeasured)}
    for row in unmeasured:
        for name in functions(row.case):
            found = listed.get(name) or listed[name.replace("torch.Tensor.", "torch.")]
            assert row in found


@pytest.mark.parametrize(
    ("name", "offers"),
    [
        ("torch.nn.functional.relu", ["functional.relu"]),
        ("torch.nn.functional.cross_entropy", ["functional.cross_entropy"]),
        ("torch.nn.init.kaiming_uniform_", ["init.kaiming_uniform", "replay.kaiming_uniform"]),
        ("torch.optim.AdamW", ["optim.adamw"]),
        ("torch.optim.lr_scheduler.StepLR", ["schedules.step_lr"]),
        ("torch.multinomial", ["random.multinomial", "init.multinomial", "replay.multinomial"]),
        ("torch.linalg.eigh", []),
    ],
)
def test_what_jaxgrad_offers_for_a_name(name, offers):
    (entry,) = [entry for entry in names.entries([]) if entry.name == name]
    assert [offer.path for offer in entry.offers] == [f"jaxgrad.{offer}" for offer in offers]


def test_a_function_of_torch_is_found_wherever_its_room_is():
    (entry,) = [entry for entry in names.entries([]) if entry.name == "torch.clamp"]
    assert entry.offers[0].name == "clamp"


def test_a_method_is_listed_under_its_function():
    found = indexed({"torch": "x.clamp(0.0)", "jaxgrad": "T.clamp(x, 0.0)"})
    assert "torch.Tensor.clamp" not in found
    assert len(found["torch.clamp"].rows) == 1


def test_only_cases_that_call_the_function_count_where_it_is_offered():
    mended = {"jax": "x - 1", "verdict_jax": "value"}
    found = indexed(
        {"torch": "torch.abs(x)", "jaxgrad": "T.abs(x) * 0 + x + 1"},
        {"torch": "torch.abs(x)", "jaxgrad": "x + 1", **mended},
    )
    assert len(found["torch.abs"].rows) == 2 and len(found["torch.abs"].counted) == 1
    assert found["torch.abs"].verdict == "same"
    assert found["torch.nn.functional.relu"].verdict == ""
    assert found["torch.linalg.eigh"].verdict == "not offered"


def test_every_verdict_is_of_the_list():
    assert {e.verdict for e in names.entries([])} <= {"", *verdicts.VERDICTS}


def test_names_are_in_order_and_each_is_there_once():
    listed = [entry.name for entry in names.entries([])]
    own = {name for name in listed if name.startswith("jaxgrad.")}
    assert listed == sorted(set(listed), key=lambda name: (name in own, name.lower(), name))
    assert all(name.startswith("torch.") for name in set(listed) - own)
    assert len(listed) > 600


@pytest.mark.torch
def test_the_listed_names_are_those_of_pytorch():
    torch = importlib.import_module("torch")
    operations = importlib.import_module("torch.testing._internal.common_methods_invocations")
    found = {name for op in operations.op_db if (name := spelled(torch, op.name))}
    for module, keep in (
        ("torch.nn.functional", inspect.isroutine),
        ("torch.nn.init", inspect.isfunction),
        ("torch.optim", inspect.isclass),
        ("torch.optim.lr_scheduler", inspect.isclass),
        ("torch.linalg", inspect.isroutine),
        ("torch.special", inspect.isroutine),
    ):
        room = importlib.import_module(module)
        public = getattr(room, "__all__", None) or dir(room)
        found |= {
            f"{module}.{n}" for n in public if is_listed(module, n) and keep(getattr(room, n))
        }
    assert names.listed() == sorted(found)


def spelled(torch, name):
    """The full name of an operation of PyTorch's own tests; None where it is private."""
    parts = name.split(".")
    if parts[0] == "masked" or any(part.startswith("_") for part in parts):
        return None
    for start in ("torch", "torch.Tensor"):
        value = torch if start == "torch" else torch.Tensor
        for part in parts:
            value = getattr(value, part, None)
        if callable(value):
            return f"{start}.{name}"
    return None


def is_listed(module, name):
    """Whether a public name is for users: no base class, no helper, nothing deprecated."""
    helpers = ("_", "has_torch", "handle_torch", "boolean_", "assert_")
    if name.startswith(helpers) or name in ("Optimizer", "LRScheduler"):
        return False
    return module != "torch.nn.init" or name.endswith("_") or name == "calculate_gain"
