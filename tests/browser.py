"""What the tests of the study's page share: rows to show, and a reader's hands and eyes."""

import re

import pytest

from jaxgrad.study import measurement, run
from jaxgrad.study.case import Case, f32

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

SHOWN = """() => [...document.querySelectorAll(".rows > details")]
  .filter((row) => row.checkVisibility()).map((row) => row.id)"""


def case(**changes):
    parts = {"family": "made", "name": "x + 1", "torch": "x + 1", "jax": "x + 1", "why": "Same."}
    return Case(**{**parts, "inputs": {"x": f32([1.0, 2.0])}, **changes})


def measured(*cases):
    def answer(case):
        return run.run(case, "jax"), "2.13.0"

    return [measurement.measure(case, answer) for case in cases]


def settled(tab, count):
    """Waits until the live region tells of so many cases, and gives the rows that are shown."""
    told = tab.get_by_role("status")
    sync_api.expect(told).to_have_text(re.compile(rf"^{count or 'none'} of \d+ cases"))
    return tab.evaluate(SHOWN)


def choice(tab, name):
    return tab.get_by_role("combobox", name=name, exact=True)


def slugs(found):
    return [row.case.anchor() for row in found]


def luminance(color):
    channels = [int(number) / 255 for number in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink, paper):
    """The contrast ratio of WCAG 2."""
    low, high = sorted([luminance(ink), luminance(paper)])
    return (high + 0.05) / (low + 0.05)
