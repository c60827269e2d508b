"""How close two results are: paths of leaves, tolerances by dtype, distances in ulps."""

from typing import Any

import numpy as np

TOLERANCES = {
    "float64": (1e-12, 1e-14),
    "complex128": (1e-12, 1e-14),
    "float32": (1.3e-6, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
}
"""rtol and atol by dtype: `torch.testing.assert_close`'s, but tighter in float64."""


def flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """The leaves of a value, each with its path."""
    if isinstance(value, dict):
        children = [(f"{path}[{name!r}]", value[name]) for name in sorted(value)]
    elif isinstance(value, list):
        children = [(f"{path}[{index}]", child) for index, child in enumerate(value)]
    else:
        return [(path, value)]
    return [leaf for where, child in children for leaf in flat(child, where)]


def ulp_distance(expected: np.ndarray, got: np.ndarray) -> tuple[float | None, int]:
    """The largest distance in units in the last place, and how many elements are identical.

    The distance is counted in steps from one floating point number of the dtype to the next, and
    infinite where only one side is NaN. Complex numbers are measured part by part, and other
    dtypes have no distance.
    """
    if expected.dtype.kind == "c":
        real = ulp_distance(np.real(expected), np.real(got))
        imag = ulp_distance(np.imag(expected), np.imag(got))
        return max(real[0] or 0.0, imag[0] or 0.0), min(real[1], imag[1])
    same = (expected == got) | ((expected != expected) & (got != got))
    if str(expected.dtype) not in TOLERANCES:
        return None, int(np.sum(same))
    if expected.size == 0:
        return 0.0, 0
    distance = np.abs(_ordinal(expected) - _ordinal(got))
    distance = np.where(np.isnan(expected) ^ np.isnan(got), np.inf, distance)
    return float(np.max(np.where(same, 0, distance))), int(np.sum(same))


def _ordinal(x: np.ndarray) -> np.ndarray:
    """The place of each number among all numbers of its dtype, from -0 and 0 outwards."""
    integers = np.ascontiguousarray(x).view(f"i{x.dtype.itemsize}").astype(np.int64)
    magnitude = integers & ((1 << (8 * x.dtype.itemsize - 1)) - 1)
    return np.where(integers < 0, -magnitude, magnitude).astype(np.longdouble)
