import copy
import dataclasses
import json

import pytest

from jaxgrad import cli
from jaxgrad.study import diff, measurement, report
from jaxgrad.study.answer import Answer
from jaxgrad.study.case import Case, f32


def measured():
    case = Case(
        family="made", name="x + 1", torch="x + 1", jax="x + 1", jaxgrad="x + 1", why="Same.",
        inputs={"x": f32([1.0])},
    )  # fmt: skip
    return measurement.measure(case, lambda _: (Answer(f32([2.0])), "2.13.0"))


@pytest.fixture
def study():
    return json.loads(json.dumps(report.document([measured()], exact=False)))


def test_equal_studies(study):
    assert diff.between(study, study) == []


def test_every_kind_of_change(study):
    other = copy.deepcopy(study)
    (row,) = other["rows"]
    row["jax"]["verdict"], row["torch"]["answer"]["value"]["data"] = "value", [3.0]
    new = diff.between(study, other)
    assert [change.kind for change in new] == ["answer", "new"]
    assert str(new[1]) == "new: made: x + 1: plain JAX: same -> value"
    assert [change.kind for change in diff.between(other, study)] == ["answer", "vanished"]
    row["name"] = "x + 2"
    assert [change.kind for change in diff.between(study, other)] == ["removed", "added"]


def test_drift_of_a_measured_row():
    row = measured()
    assert diff.drift([row]) == []
    moved = dataclasses.replace(row, drift="PyTorch's answer has another value than in 2.13.0")
    assert [change.kind for change in diff.drift([moved])] == ["answer"]
    other = dataclasses.replace(row, case=dataclasses.replace(row.case, verdict_jax="value"))
    assert str(diff.drift([other])[0]) == "vanished: made: x + 1: plain JAX: value -> same"


def test_a_study_of_another_version_of_the_format_is_refused(study, tmp_path, capsys):
    new, old = tmp_path / "new.json", tmp_path / "old.json"
    new.write_text(json.dumps(study), encoding="utf-8")
    del study["schema"]  # the first version had none, and another word in its answers
    study["rows"][0]["torch"]["answer"]["law"] = {"pvalue": 0.5, "counts": [], "expected": []}
    old.write_text(json.dumps(study), encoding="utf-8")
    assert cli.main(["diff", str(old), str(new)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "old.json has version 1 of the format" in line and "reads version 2" in line
    old.write_text("[]", encoding="utf-8")
    assert cli.main(["diff", str(old), str(new)]) == 2
    assert "version" not in capsys.readouterr().err


def test_the_command(study, tmp_path, capsys):
    paths = [tmp_path / name for name in ("a.json", "b.json")]
    for path in paths:
        path.write_text(json.dumps(study), encoding="utf-8")
    assert cli.main(["diff", *map(str, paths)]) == 0
    study["rows"][0]["jax"]["verdict"] = "value"
    paths[1].write_text(json.dumps(study), encoding="utf-8")
    assert cli.main(["diff", *map(str, paths)]) == 1
    assert "new: made: x + 1" in capsys.readouterr().out
    del study["rows"][0]["torch"]
    paths[1].write_text(json.dumps(study), encoding="utf-8")
    assert cli.main(["diff", *map(str, paths)]) == 2
    paths[1].write_text("{", encoding="utf-8")
    assert cli.main(["diff", *map(str, paths)]) == 2
    assert "is not JSON" in capsys.readouterr().err
