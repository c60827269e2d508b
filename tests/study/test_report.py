"""The summary is made of short sentences, and names what there is."""

from made import measured

from jaxgrad.study import report

SAME = {"jaxgrad": "x + 1"}
OTHER = {"jaxgrad": "x + 2", "verdict_jaxgrad": "value"}


def test_every_kind_of_difference_has_a_sentence():
    rows = measured(
        *(SAME, SAME, {**SAME, "jax": "x - 1", "verdict_jax": "value"}, {"jax": "x + 1"}),
        *({**OTHER, "difference": "right", "oracle": "x + 2"}, {**OTHER, "difference": "refuses"}),
        *({**OTHER, "difference": "limit"}, {**OTHER, "difference": "limit"}),
    )
    assert report.summary(rows) == (
        "8 cases. jaxgrad offers something in 7 of them. There, plain JAX as a porter might write "
        "it agrees with PyTorch in 6, and jaxgrad agrees in 3. In 1, PyTorch is wrong, raises an "
        "error or leaves the answer open, and jaxgrad gives the right answer. In 1, PyTorch "
        "accepts a mistake, and jaxgrad raises an error. In 2, jaxgrad falls short. Every "
        "difference is declared with its reason. Every declared verdict held."
    )


def test_what_there_is_none_of_is_left_out():
    told = report.summary(measured(SAME))
    assert "In 0" not in told and told.endswith("in 1, and jaxgrad agrees in 1. " + HELD)
    told = report.summary(measured({"jax": "x + 1"}))
    assert told.endswith("in 1 of them. jaxgrad offers nothing in them. " + HELD)


HELD = "Every difference is declared with its reason. Every declared verdict held."


def test_an_undeclared_difference_is_told():
    told = report.summary(measured({"jaxgrad": "x + 2"}))
    assert "In 1, jaxgrad differs without declaring it. Rows that do not hold: 1." in told
    assert "Every" not in told
