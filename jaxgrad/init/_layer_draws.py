"""The draws that fill each torch.nn layer, as data, in the order in which PyTorch makes them.

A draw that PyTorch overwrites is listed too: a generator must make it to stay in step.
"""

import functools
import math
from typing import Any, NamedTuple

from jaxgrad._checks import Checks
from jaxgrad.init import _distributions
from jaxgrad.init._distributions import Draw


class LayerDraws(NamedTuple):
    """The parameters of a layer.

    Attributes:
        names: the parameters in the order of PyTorch's state_dict.
        draws: the draws that fill them, in PyTorch's order.
    """

    names: tuple[str, ...]
    draws: tuple[Draw, ...]


def linear(check: Checks, in_features: Any, out_features: Any, bias: Any = True) -> LayerDraws:
    """torch.nn.Linear."""
    shape = _sizes(check, out_features=out_features, in_features=in_features)
    return _in_order(_affine(check, shape, shape[0], bias))


def bilinear(
    check: Checks, in1_features: Any, in2_features: Any, out_features: Any, bias: Any = True
) -> LayerDraws:
    """torch.nn.Bilinear."""
    in1 = check.integer("in1_features", in1_features, minimum=1)
    out, in2 = _sizes(check, out_features=out_features, in2_features=in2_features)
    shapes = {"weight": check.shape((out, in1, in2))}
    if check.truth("bias", bias):
        shapes["bias"] = (out,)
    return _in_order(_uniform(shapes, 1 / math.sqrt(in1)))


def convolution(
    check: Checks,
    dimensions: int,
    channels: tuple[Any, Any],
    kernel_size: Any,
    groups: Any,
    bias: Any,
    transposed: bool = False,
) -> LayerDraws:
    """torch.nn.Conv1d to 3d, or with `transposed` ConvTranspose1d to 3d."""
    groups = check.integer("groups", groups, minimum=1)
    inner, outer = _sizes(check, in_channels=channels[0], out_channels=channels[1])
    for argument, size in (("in_channels", inner), ("out_channels", outer)):
        if size % groups:
            expected = f"divisible by groups = {groups}"
            raise ValueError(check.wrong(argument, expected, size))
    kernel = _kernel(check, kernel_size, dimensions)
    pair = (inner, outer // groups) if transposed else (outer, inner // groups)
    return _in_order(_affine(check, (*pair, *kernel), outer, bias))


transposed_convolution = functools.partial(convolution, transposed=True)


def embedding(
    check: Checks, num_embeddings: Any, embedding_dim: Any, padding_idx: Any = None
) -> LayerDraws:
    """torch.nn.Embedding."""
    shape = _sizes(check, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
    weight = Draw("weight", shape, "normal", (0.0, 1.0))
    if padding_idx is None:
        return _in_order((weight,))
    row = check.integer("padding_idx", padding_idx, minimum=-shape[0])
    if row >= shape[0]:
        expected = f"less than num_embeddings = {shape[0]}"
        raise ValueError(check.wrong("padding_idx", expected, row))
    return _in_order((weight, Draw("weight", shape[1:], "constant", (0.0,), row % shape[0])))


def recurrent(
    check: Checks,
    gates: int,
    sizes: tuple[Any, Any, Any],
    bias: Any,
    bidirectional: Any,
    proj_size: Any = 0,
) -> LayerDraws:
    """torch.nn.RNN, LSTM and GRU of 1, 4 and 3 gates; sizes: input, hidden, layers."""
    arguments = ("input_size", "hidden_size", "num_layers")
    inputs, hidden, layers = (
        check.integer(argument, size, minimum=1)
        for argument, size in zip(arguments, sizes, strict=True)
    )
    projected = check.integer("proj_size", proj_size, minimum=0)
    if projected >= hidden:
        expected = f"less than hidden_size = {hidden}"
        raise ValueError(check.wrong("proj_size", expected, projected))
    bias = check.truth("bias", bias)
    both = check.truth("bidirectional", bidirectional)
    directions = ("", "_reverse") if both else ("",)
    rows = gates * hidden
    outputs = projected or hidden
    check.shape((layers, rows, max(inputs, outputs)))
    shapes = {}
    for layer in range(layers):
        fed = inputs if layer == 0 else outputs * len(directions)
        for direction in directions:
            suffix = f"_l{layer}{direction}"
            shapes["weight_ih" + suffix] = (rows, fed)
            shapes["weight_hh" + suffix] = (rows, outputs)
            if bias:
                shapes["bias_ih" + suffix] = shapes["bias_hh" + suffix] = (rows,)
            if projected:
                shapes["weight_hr" + suffix] = (projected, hidden)
    return _in_order(_uniform(shapes, 1.0 / math.sqrt(hidden)))


def multihead_attention(
    check: Checks, embed_dim: Any, num_heads: Any, bias: Any, add_bias_kv: Any, kdim: Any, vdim: Any
) -> LayerDraws:
    """torch.nn.MultiheadAttention."""
    dim = check.integer("embed_dim", embed_dim, minimum=1)
    heads = check.integer("num_heads", num_heads, minimum=1)
    if dim % heads:
        expected = f"divisible by num_heads = {heads}"
        raise ValueError(check.wrong("embed_dim", expected, dim))
    bias = check.truth("bias", bias)
    draws = list(_affine(check, (dim, dim), dim, bias, "out_proj."))
    shapes = _projections(check, dim, kdim, vdim)
    for projection, shape in shapes.items():
        draws.append(
            _distributions.uniform(projection, shape, _distributions.xavier_std(check, shape, 1.0))
        )
    names = list(shapes)
    if bias:
        draws.append(Draw("in_proj_bias", (3 * dim,), "constant", (0.0,)))
        draws.append(Draw("out_proj.bias", (dim,), "constant", (0.0,)))
        names.append("in_proj_bias")
    if check.truth("add_bias_kv", add_bias_kv):
        std = _distributions.xavier_std(check, (1, 1, dim), 1.0)
        draws += [_distributions.normal(extra, (1, 1, dim), std) for extra in ("bias_k", "bias_v")]
        names += ["bias_k", "bias_v"]
    names += ["out_proj.weight", "out_proj.bias"] if bias else ["out_proj.weight"]
    return LayerDraws(tuple(names), tuple(draws))


def _projections(check: Checks, dim: int, kdim: Any, vdim: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of the input projections: one matrix if keys and values have the size `dim`."""
    kdim, vdim = (
        dim if size is None else check.integer(argument, size, minimum=0)
        for argument, size in (("kdim", kdim), ("vdim", vdim))
    )
    if kdim == vdim == dim:
        return {"in_proj_weight": (3 * dim, dim)}
    widths = {"q_proj_weight": dim, "k_proj_weight": kdim, "v_proj_weight": vdim}
    return {name: check.shape((dim, width)) for name, width in widths.items()}


def _affine(
    check: Checks, shape: tuple[int, ...], outputs: int, bias: Any, prefix: str = ""
) -> tuple[Draw, ...]:
    """A weight of kaiming_uniform with a = √5, and a bias uniform within ±1/√fan_in."""
    fan_in, _ = _distributions.fans(check, check.shape(shape))
    # Computed as PyTorch does: 1/√fan_in, which is equal, may differ in the last bit.
    std = _distributions.kaiming_std(check, shape, math.sqrt(5), "fan_in", "leaky_relu")
    weight = _distributions.uniform(prefix + "weight", shape, std)
    if not check.truth("bias", bias):
        return (weight,)
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return weight, Draw(prefix + "bias", (outputs,), "uniform", (-bound, bound))


def _uniform(shapes: dict[str, tuple[int, ...]], bound: float) -> tuple[Draw, ...]:
    return tuple(Draw(name, shape, "uniform", (-bound, bound)) for name, shape in shapes.items())


def _in_order(draws: tuple[Draw, ...]) -> LayerDraws:
    """The plan of a layer that fills its parameters in the order of its state_dict."""
    return LayerDraws(tuple(dict.fromkeys(draw.name for draw in draws)), draws)


def _sizes(check: Checks, **sizes: Any) -> tuple[int, ...]:
    """Sizes as a shape, each checked under the name of its argument."""
    counts = [check.integer(*item, minimum=0) for item in sizes.items()]
    return check.shape(counts)


def _kernel(check: Checks, kernel_size: Any, dimensions: int) -> tuple[int, ...]:
    """A size for each dimension, from one for all or one for each."""
    several = isinstance(kernel_size, (tuple, list))
    sizes = tuple(kernel_size) if several else (kernel_size,) * dimensions
    if len(sizes) != dimensions:
        expected = f"an integer or {dimensions} of them"
        raise ValueError(check.wrong("kernel_size", expected, sizes))
    return tuple(check.integer("kernel_size", size, minimum=0) for size in sizes)
