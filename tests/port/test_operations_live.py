"""The recorded verdicts on PyTorch's operations are what is measured now."""

import pytest

from jaxgrad.port.translation.operations import operations

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.nightly,
    pytest.mark.filterwarnings("ignore"),  # PyTorch's test modules use what they deprecate
]


def test_the_names_are_those_of_the_database():
    from operation_verdicts import database

    assert list(operations()) == list(database())


@pytest.mark.parametrize("name", list(operations()))
def test_the_verdict_is_measured(name):
    from operation_verdicts import verdict

    found = verdict(name)
    assert meant(found["verdict"]) == meant(operations()[name].verdict), found


def meant(verdict):
    """The verdict but for rounding, which another processor may do otherwise."""
    return "exact" if verdict == "rounds" else verdict
