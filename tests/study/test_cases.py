import argparse
import ast
import collections
import importlib.resources
import re

import numpy as np
from tiers import each

from jaxgrad.study import command, record
from jaxgrad.study.case import VERDICTS
from jaxgrad.study.cases import CASES, FAMILIES, PAGES

NAMED = {f"{case.family}: {case.name}": case for case in CASES}


def test_there_are_enough():
    described = ("loop", "backward", "sampling", "init", "replay", "model", "fit")
    beyond = ("autograd", "kinks", "defaults", "activations", "losses", "optim", "schedules")
    porting = ("dtypes", "indexing", "shapes", "layers", "linalg", "numerics", "errors", "seeds")
    networks = ("order", "recurrent", "networks")
    assert set(FAMILIES) == {*described, *beyond, *porting, *networks}
    counts = collections.Counter(case.family for case in CASES)
    assert counts["sampling"] >= 94 and counts["init"] >= 62 and counts["replay"] >= 48
    assert counts["kinks"] >= 294 and counts["activations"] >= 115 and counts["losses"] >= 192
    assert counts["autograd"] >= 46 and counts["order"] >= 34
    assert counts["optim"] >= 41 and counts["schedules"] >= 22
    assert counts["indexing"] >= 98 and counts["shapes"] >= 96 and counts["dtypes"] >= 90
    assert counts["linalg"] >= 83 and counts["layers"] >= 59 and counts["numerics"] >= 56
    assert counts["recurrent"] >= 40 and counts["networks"] >= 16
    assert len(CASES) >= 1454


def declared(cases):
    """What a family's line in the guide says, if every declared verdict holds."""
    offered = [case for case in cases if case.jaxgrad]
    same = sum(case.verdict_jaxgrad == "same" for case in offered)
    ours = f"{same} of {len(offered)}" if offered else "–"
    kinds = collections.Counter(case.difference for case in offered)
    plain = sum(case.verdict_jax == "same" for case in cases)
    better = kinds["right"] + kinds["refuses"]
    return f"| {len(cases)} | {plain} | {ours} | {better} | {kinds['limit']} |"


def test_the_guide_says_what_is_declared():
    guide = importlib.resources.files("jaxgrad.study").joinpath("guides/70_study.md")
    lines = guide.read_text(encoding="utf-8").splitlines()
    told = {line.split("|")[1].strip(): line for line in lines if re.match(r"\| \w+ \| \d", line)}
    assert set(told) == {*FAMILIES, "all"}
    for family in FAMILIES:
        cases = [case for case in CASES if case.family == family]
        assert told[family] == f"| {family} {declared(cases)}"
    assert told["all"] == f"| all {declared(CASES)}"
    offered = [case for case in CASES if case.jaxgrad]
    plain, same = (
        sum(getattr(case, verdict) == "same" for case in offered)
        for verdict in ("verdict_jax", "verdict_jaxgrad")
    )
    text = " ".join(lines)
    assert f"{len(CASES)} cases. jaxgrad offers something in {len(offered)} of them." in text
    assert f"agrees with PyTorch in {plain}, and jaxgrad agrees in {same}." in text


def test_every_page_holds_cases_and_says_what_it_is_about():
    for stem, page in PAGES.items():
        assert page.cases and page.title and page.about.endswith("."), stem
        assert page.title.split(":")[0].lower() == stem.partition("_")[0]
    places = [page.place for page in PAGES.values()]
    assert len(set(places)) == len(places)


def test_names_and_anchors_are_unique():
    assert len(NAMED) == len(CASES)
    anchors = {case.anchor() for case in CASES}
    assert len(anchors) == len(CASES)


def test_every_cell_of_the_described_system_has_a_case():
    cells = set()
    for case in CASES:
        numbers = [int(n) for n in re.findall(r"In \[(\d+)\]", case.source)]
        if "to In" in case.source:
            numbers = range(numbers[0], numbers[1] + 1)
        if not case.source.startswith(("prose", "comments")):
            cells.update(numbers)
    assert cells == set(range(1, 26))


def test_the_first_command_measures_the_cases_that_have_a_source():
    def asked(**options):
        given = {"all": False, "record": False, "only": None, **options}
        return command.chosen(argparse.Namespace(**given))

    first = asked()
    assert first == [case for case in CASES if case.source] and 100 <= len(first) <= 200
    for case in first:
        place = r"(prose (before|after|around) |comments in )?In \[\d+\]( to In \[\d+\])?"
        assert re.fullmatch(place, case.source), case.source
    families = {case.family for case in first}
    assert families >= {"loop", "backward", "sampling", "init", "model", "fit"}
    assert asked(all=True) == asked(record=True) == list(CASES), "a file holds a whole family"
    assert asked(only=["loop", "seeds"]) == [c for c in CASES if c.family in ("loop", "seeds")]


def test_well_formed():
    each(NAMED, assert_well_formed)


def assert_well_formed(case):
    for code in filter(None, (case.torch, case.jax, case.jaxgrad, case.remedy, case.oracle)):
        assert isinstance(ast.parse(code).body[-1], ast.Expr)
        assert max(map(len, code.splitlines())) <= 100
    assert case.verdict_jax in VERDICTS and case.verdict_jaxgrad in VERDICTS
    assert case.why.endswith((".", "?")) and "`" not in case.why
    assert case.jaxgrad or case.verdict_jaxgrad == "same"
    assert (case.verdict_jaxgrad != "same") == bool(case.difference), "how it differs, if it does"
    assert case.oracle == "" or case.difference == "right"
    if case.jaxgrad or case.verdict_jax == "same":
        assert not case.remedy
    else:
        assert case.remedy or "no remedy" in case.why.lower()
    assert set(case.grads) <= set(case.inputs)
    if case.picture == "kink":
        assert case.grads == ("x",) and np.ndim(case.inputs["x"]) == 1
    if case.rtol is not None:
        assert len(case.why) > 60, "a tolerance of its own needs its reason"


def test_recorded():
    each(NAMED, assert_recorded)


def assert_recorded(case):
    _, version = record.read(case)
    assert version.startswith("2.13.0")
