"""How the windows of a convolution lie over its input."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple


class Geometry(NamedTuple):
    """Strides, zeros before and after, and dilations of each spatial axis; the groups.

    Negative padding crops.
    """

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1

    def extents(self, kernel: tuple[int, ...]) -> tuple[int, ...]:
        """How many elements a window reaches over along each axis."""
        return tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, kernel, strict=True))

    def output(self, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """The number of windows along each axis of an input of these spatial sizes."""
        axes = zip(sizes, self.extents(kernel), self.padding, self.strides, strict=True)
        return tuple(
            (size + before + after - extent) // stride + 1
            for size, extent, (before, after), stride in axes
        )

    def input(self, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """The spatial sizes from which the transposed convolution has this many windows."""
        axes = zip(sizes, self.extents(kernel), self.padding, self.strides, strict=True)
        return tuple(
            (size - 1) * stride + extent - before - after
            for size, extent, (before, after), stride in axes
        )

    def taps(
        self, kernel: tuple[int, ...], sizes: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Each place in the kernel, and the elements of a padded input that it meets."""
        for place in itertools.product(*map(range, kernel)):
            axes = zip(place, self.dilation, sizes, self.strides, strict=True)
            yield place, tuple(slice(i * d, i * d + (n - 1) * s + 1, s) for i, d, n, s in axes)
