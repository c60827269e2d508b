import json

import ml_dtypes
import numpy as np
import pytest

from jaxgrad._closeness import flat
from jaxgrad.study.answer import Answer, DistributionTest, from_json, to_json

VALUES = [
    None,
    True,
    3,
    0.1,
    float("inf"),
    1 + 2j,
    "text",
    [],
    {},
    [None, {"a": [1, "b"]}],
    np.float32([0.1, -0.0, np.nan, np.inf, 1e-45]),
    np.array(0.1),
    np.zeros((0, 3), np.int64),
    np.array([[True], [False]]),
    np.array([1 + 2j, complex(np.nan, np.inf)], np.complex64),
    np.array([0.1, 3e38], ml_dtypes.bfloat16),
    np.array([0.1], np.float16),
]


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and (a == b or a != a)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_json_and_back(value):
    text = json.dumps(to_json(Answer(value, grads={"x": value})), allow_nan=False)
    back = from_json(json.loads(text))
    for part in (back.value, back.grads["x"]):
        pairs = zip(flat(value), flat(part), strict=True)
        assert all(path == other and same(a, b) for (path, a), (other, b) in pairs)


def test_errors_warnings_and_distributions():
    answer = Answer(
        None, {}, "ValueError: no", "UserWarning: hm", DistributionTest(0.5, [1, 2], [1.5, 1.5])
    )
    assert from_json(json.loads(json.dumps(to_json(answer)))) == answer
