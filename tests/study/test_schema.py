import json

import pytest

from jaxgrad.study import measurement, record, schema
from jaxgrad.study.answer import Answer
from jaxgrad.study.case import Case, f32

CASE = Case(family="made", name="x", torch="x", jax="x", why="Same.", inputs={"x": f32([1.0, 2.0])})


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("dtype",), "object"),
        (("shape",), [-2]),
        (("shape",), [3]),
        (("data",), "os.system"),
        (("data",), ["a", "b"]),
    ],
)
def test_a_malformed_answer_is_a_row_with_its_error(tmp_path, monkeypatch, place, value):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    path = record.write("made", "2.13.0", [(CASE, Answer(f32([1.0, 2.0])))])
    assert record.read(CASE)[1] == "2.13.0"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["answers"]["x"]["answer"]["value"][place[0]] = value
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(schema.Malformed, match="made.json: x"):
        record.read(CASE)
    row = measurement.measure(CASE, measurement.recorded)
    assert any("made.json: x" in problem for problem in row.problems)


def test_a_file_that_is_not_json(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    (tmp_path / "made.json").write_text("{", encoding="utf-8")
    with pytest.raises(schema.Malformed, match="made.json is not a file of recorded answers"):
        record.read(CASE)
