"""Mistakes that ports have had in public, each named in the first line of the report.

Each is planted in a port of one layer, and in the second block of a larger network.
"""

import pytest
from planted_attention import ATTENTION
from planted_layers import LAYERS
from planted_recurrent import RECURRENT
from planted_spatial import SPATIAL
from planting import report

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
PLANTED = ATTENTION | LAYERS | RECURRENT | SPATIAL
MISTAKES = [(name, wrong) for name, planted in PLANTED.items() for wrong in planted.mistakes]


@pytest.mark.parametrize("name", PLANTED)
def test_a_right_port_is_not_blamed(name):
    right = report(PLANTED[name])
    assert right.verdict != "differs", right


@pytest.mark.parametrize(("name", "wrong"), MISTAKES)
def test_a_mistake_is_named(name, wrong):
    first = report(PLANTED[name], wrong).first
    for words in PLANTED[name].mistakes[wrong]:
        assert words in first


@pytest.mark.parametrize(
    ("name", "wrong"), [case for case in MISTAKES if not PLANTED[case[0]].buffers]
)
def test_a_mistake_in_the_second_block_is_named(name, wrong):
    first = report(PLANTED[name], wrong, deep=True).first
    assert "second" in first
    for words in PLANTED[name].mistakes[wrong]:
        assert words in first
