"""Interpolation with another kernel, other positions of the samples, or other edges."""

import importlib
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .call import Arguments, Call, Candidate, changed, computed


class _Kernel(NamedTuple):
    """The weight of a sample by its distance, and the distance from which on it is 0."""

    weight: Callable[[np.ndarray], np.ndarray]
    radius: float


def _linear(distance: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, 1 - distance)


def _cubic(a: float) -> Callable[[np.ndarray], np.ndarray]:
    """Keys's cubic convolution."""

    def weight(t: np.ndarray) -> np.ndarray:
        near = ((a + 2) * t - (a + 3)) * t * t + 1
        far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
        return np.where(t <= 1, near, np.where(t < 2, far, 0.0))

    return weight


def _lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda t: np.where(t < radius, np.sinc(t) * np.sinc(t / radius), 0.0)


_KERNELS = {
    "linear": _Kernel(_linear, 1),
    "cubic with a=-0.75": _Kernel(_cubic(-0.75), 2),
    "cubic with a=-0.5": _Kernel(_cubic(-0.5), 2),
    "lanczos3": _Kernel(_lanczos(3), 3),
}
_POSITIONS: dict[str, Callable[[int, int], np.ndarray]] = {
    "half-pixel centres": lambda n, out: (np.arange(out) + 0.5) * n / out - 0.5,
    "aligned corners": lambda n, out: np.arange(out) * (n - 1) / max(out - 1, 1),
    "positions i n / m, without half a pixel": lambda n, out: np.arange(out) * n / out,
}
_NEAREST: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rounded down": np.floor,
    "rounded up at ties": lambda x: np.floor(x + 0.5),
    "rounded to even at ties": np.round,
}


def other_interpolations(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The other modes, kernels, positions, edges and widths."""
    x = arguments["input"]
    sizes = _sizes(call, arguments)
    smaller = any(out < n for n, out in zip(x.shape[2:], sizes, strict=True))
    for name in ("align_corners", *(["antialias"] if smaller else [])):
        given = arguments.get(name) or False
        texts = f"{name}={arguments.get(name)}", f"{name}={not given}"
        yield changed(call, arguments, *texts, **{name: not given})
    original = f"interpolate(mode={arguments.get('mode', 'nearest')!r}, "
    original += f"align_corners={arguments.get('align_corners')})"
    for text, matrix in _ways():
        port = f"interpolation, {text}"
        yield computed(original, port, lambda matrix=matrix: _applied(x, sizes, matrix))


def _sizes(call: Call, arguments: Arguments) -> list[int]:
    """The spatial sizes of the result."""
    torch = importlib.import_module("torch")
    with torch.no_grad():
        return list(call.function(**arguments).shape[2:])


_Matrix = Callable[[int, int], np.ndarray]


def _ways() -> Iterator[tuple[str, _Matrix]]:
    """Every way in words, and the matrix from samples to results that it has along an axis."""
    for kernel, position, edge, wide in itertools.product(
        _KERNELS, _POSITIONS, ("clamped", "renormalized"), (False, True)
    ):
        edges = "edges repeated" if edge == "clamped" else "weights outside dropped"
        text = f"{kernel}, {position}, {edges}{', antialiased' if wide else ''}"
        yield text, _weighted(_KERNELS[kernel], _POSITIONS[position], edge == "clamped", wide)
    for rounding, position in itertools.product(_NEAREST, _POSITIONS):
        text = f"the nearest sample, {position}, {rounding}"
        yield text, _picked(_NEAREST[rounding], _POSITIONS[position])


def _weighted(
    kernel: _Kernel, positions: Callable[[int, int], np.ndarray], clamped: bool, wide: bool
) -> _Matrix:
    """Weights by distance. Beyond an edge its sample counts, or nothing and the rest more."""

    def matrix(n: int, out: int) -> np.ndarray:
        scale = max(n / out, 1.0) if wide else 1.0
        reach = math.ceil(kernel.radius * scale) + 1
        samples = np.arange(-reach, n + reach)
        distance = np.abs(positions(n, out)[:, None] - samples) / scale
        weights = kernel.weight(distance)
        if clamped:
            into = np.eye(n)[np.clip(samples, 0, n - 1)]
            return weights @ into / (weights.sum(1, keepdims=True) if wide else 1.0)
        inside = weights[:, reach : reach + n]
        return inside / inside.sum(1, keepdims=True)

    return matrix


def _picked(
    rounded: Callable[[np.ndarray], np.ndarray], positions: Callable[[int, int], np.ndarray]
) -> _Matrix:
    """One sample for each result."""
    return lambda n, out: np.eye(n)[
        np.clip(rounded(positions(n, out) + 1e-9), 0, n - 1).astype(int)
    ]


def _applied(x: Any, sizes: list[int], matrix: _Matrix) -> Any:
    """The matrices of all spatial axes, applied one after another."""
    torch = importlib.import_module("torch")
    for axis, out in enumerate(sizes, 2):
        weights = torch.from_numpy(matrix(x.shape[axis], out)).to(x.dtype)
        x = (x.movedim(axis, -1) @ weights.T).movedim(-1, axis)
    return x


def other_grids(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The coordinates of a grid in the order (y, x)."""
    texts = "a grid of (x, y)", "a grid of (y, x)"
    yield changed(call, arguments, *texts, grid=arguments["grid"].flip(-1))
