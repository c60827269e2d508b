"""The gain of a nonlinearity and the fans of a weight, which determine its scale."""

from jaxgrad import _checks
from jaxgrad._checks import Shape
from jaxgrad.init import _distributions, _draws


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights make up for the loss in a nonlinearity: `calculate_gain`.

        linear, conv1d … conv_transpose3d, sigmoid   1
        tanh                                         5/3
        relu                                         √2
        leaky_relu                                   √(2 / (1 + param²))
        selu                                         3/4

    Args:
        nonlinearity: one of these names.
        param: leaky_relu's negative slope, 0.01 by default; ignored for the others.

    Returns:
        A Python float.

    Raises:
        TypeError: leaky_relu's param is not a real number, or is traced.
        ValueError: an unknown nonlinearity, or leaky_relu's param is not finite.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain

    Differs from PyTorch: always a float (PyTorch: the integer 1 for the first line); a slope that
    is infinite or NaN is refused.

    >>> from jaxgrad import init
    >>> init.calculate_gain("leaky_relu", 1.0), init.calculate_gain("selu")
    (1.0, 0.75)
    """
    return _distributions.gain(_checks.of("calculate_gain"), nonlinearity, "param", param)


def calculate_fan(shape: Shape, layout: str = "torch") -> tuple[int, int]:
    """The number of inputs of an output of a layer, and of outputs of an input.

        fan_in = in · Π kernel,   fan_out = out · Π kernel

    Args:
        shape: a weight's shape, of two dimensions or more.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        (fan_in, fan_out), two integers.

    Raises:
        TypeError: a size is not an integer.
        ValueError: fewer than two dimensions, a negative size or an unknown layout.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html (in PyTorch it is a private function,
        `_calculate_fan_in_and_fan_out`)

    Differs from PyTorch: takes a shape instead of a tensor.

    >>> from jaxgrad import init
    >>> init.calculate_fan((8, 3, 5, 5)), init.calculate_fan((5, 5, 3, 8), layout="flax")
    ((75, 200), (75, 200))
    """
    check = _checks.of("calculate_fan")
    return _distributions.fans(check, _draws.torch_shape(check, shape, layout))
