"""The recorded verdicts on PyTorch's operations; without PyTorch."""

import ast
import importlib

import pytest

from jaxgrad.port.translation.operations import VERDICTS, operations
from jaxgrad.port.translation.unexported import UNEXPORTED

NAMES = 636
"""So many names PyTorch 2.13's operator database has."""
EXACT = 450
"""So many of them are exact at least."""
ROOMS = {"F": "jaxgrad.functional", "T": "jaxgrad.tensor", "jnp": "jax.numpy", "jax": "jax"}


def test_every_name_has_a_verdict_of_the_list():
    assert len(operations()) == NAMES
    assert {known.verdict for known in operations().values()} <= set(VERDICTS)


def test_most_are_exact():
    exact = [name for name, known in operations().items() if known.verdict == "exact"]
    assert len(exact) >= EXACT


def test_what_is_not_exact_has_a_reason():
    for name, known in operations().items():
        assert known.verdict == "exact" or known.reason, name


def test_what_is_exact_has_an_expression():
    for name, known in operations().items():
        assert known.verdict != "exact" or known.expression, name


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_expressions_name_what_there_is(room):
    module, count = importlib.import_module(ROOMS[room]), 0
    for known in operations().values():
        for node in ast.walk(ast.parse(known.expression)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == room:
                assert hasattr(module, node.attr), known
                count += 1
    assert count


def test_what_is_written_by_hand_is_a_function():
    assert set(UNEXPORTED) <= set(operations())
    for text in UNEXPORTED.values():
        assert isinstance(ast.parse(text, mode="eval").body, ast.Lambda)
