"""What each torch.nn layer draws when it is made, in PyTorch's order, as data.

A draw that PyTorch overwrites is part of the plan: a generator must make it to stay in step.
"""

import math
from typing import Any, NamedTuple

from jaxgrad import _checks
from jaxgrad.init import _laws
from jaxgrad.init._laws import Draw


class Plan(NamedTuple):
    """A layer's parameters.

    Attributes:
        names: the parameters in the order of PyTorch's state_dict.
        draws: how they are filled, in the order in which PyTorch does it.
    """

    names: tuple[str, ...]
    draws: tuple[Draw, ...]


def linear(in_features: Any, out_features: Any, bias: Any = True) -> Plan:
    """torch.nn.Linear."""
    shape = _sizes("linear", out_features=out_features, in_features=in_features)
    return _in_order(_affine("linear", shape, shape[0], bias))


def bilinear(in1_features: Any, in2_features: Any, out_features: Any, bias: Any = True) -> Plan:
    """torch.nn.Bilinear."""
    check = _checks.of("bilinear")
    in1 = check.integer("in1_features", in1_features, minimum=1)
    out, in2 = _sizes("bilinear", out_features=out_features, in2_features=in2_features)
    shapes = {"weight": check.shape((out, in1, in2))}
    if check.truth("bias", bias):
        shapes["bias"] = (out,)
    return _in_order(_uniform(shapes, 1 / math.sqrt(in1)))


def convolution(
    function: str, channels: tuple[Any, Any], kernel_size: Any, groups: Any, bias: Any
) -> Plan:
    """torch.nn.Conv1d to 3d and ConvTranspose1d to 3d, by the function's name."""
    groups = _checks.integer(function, "groups", groups, minimum=1)
    inner, outer = _sizes(function, in_channels=channels[0], out_channels=channels[1])
    for argument, size in (("in_channels", inner), ("out_channels", outer)):
        if size % groups:
            expected = f"divisible by groups = {groups}"
            raise ValueError(_checks.wrong(function, argument, expected, size))
    kernel = _kernel(function, kernel_size, int(function[-2]))
    pair = (inner, outer // groups) if "transpose" in function else (outer, inner // groups)
    return _in_order(_affine(function, (*pair, *kernel), outer, bias))


def embedding(num_embeddings: Any, embedding_dim: Any, padding_idx: Any = None) -> Plan:
    """torch.nn.Embedding."""
    check = _checks.of("embedding")
    shape = _sizes("embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
    weight = Draw("weight", shape, "normal", (0.0, 1.0))
    if padding_idx is None:
        return _in_order((weight,))
    row = check.integer("padding_idx", padding_idx, minimum=-shape[0])
    if row >= shape[0]:
        expected = f"less than num_embeddings = {shape[0]}"
        raise ValueError(check.wrong("padding_idx", expected, row))
    return _in_order((weight, Draw("weight", shape[1:], "constant", (0.0,), row % shape[0])))


def recurrent(
    function: str,
    sizes: tuple[Any, Any, Any],
    bias: Any,
    bidirectional: Any,
    proj_size: Any = 0,
) -> Plan:
    """torch.nn.RNN, LSTM and GRU, by the function's name; sizes: input, hidden, layers."""
    arguments = ("input_size", "hidden_size", "num_layers")
    inputs, hidden, layers = (
        _checks.integer(function, argument, size, minimum=1)
        for argument, size in zip(arguments, sizes, strict=True)
    )
    projected = _checks.integer(function, "proj_size", proj_size, minimum=0)
    if projected >= hidden:
        expected = f"less than hidden_size = {hidden}"
        raise ValueError(_checks.wrong(function, "proj_size", expected, projected))
    bias = _checks.truth(function, "bias", bias)
    both = _checks.truth(function, "bidirectional", bidirectional)
    directions = ("", "_reverse") if both else ("",)
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[function] * hidden
    outputs = projected or hidden
    _checks.shape(function, (layers, gates, max(inputs, outputs)))
    shapes = {}
    for layer in range(layers):
        fed = inputs if layer == 0 else outputs * len(directions)
        for direction in directions:
            suffix = f"_l{layer}{direction}"
            shapes["weight_ih" + suffix] = (gates, fed)
            shapes["weight_hh" + suffix] = (gates, outputs)
            if bias:
                shapes["bias_ih" + suffix] = shapes["bias_hh" + suffix] = (gates,)
            if projected:
                shapes["weight_hr" + suffix] = (projected, hidden)
    return _in_order(_uniform(shapes, 1.0 / math.sqrt(hidden)))


def multihead_attention(
    embed_dim: Any, num_heads: Any, bias: Any, add_bias_kv: Any, kdim: Any, vdim: Any
) -> Plan:
    """torch.nn.MultiheadAttention."""
    name = "multihead_attention"
    dim = _checks.integer(name, "embed_dim", embed_dim, minimum=1)
    heads = _checks.integer(name, "num_heads", num_heads, minimum=1)
    if dim % heads:
        expected = f"divisible by num_heads = {heads}"
        raise ValueError(_checks.wrong(name, "embed_dim", expected, dim))
    bias = _checks.truth(name, "bias", bias)
    draws = list(_affine(name, (dim, dim), dim, bias, "out_proj."))
    shapes = _projections(name, dim, kdim, vdim)
    for projection, shape in shapes.items():
        draws.append(_laws.uniform(projection, shape, _laws.xavier_std(name, shape, 1.0)))
    names = list(shapes)
    if bias:
        draws.append(Draw("in_proj_bias", (3 * dim,), "constant", (0.0,)))
        draws.append(Draw("out_proj.bias", (dim,), "constant", (0.0,)))
        names.append("in_proj_bias")
    if _checks.truth(name, "add_bias_kv", add_bias_kv):
        std = _laws.xavier_std(name, (1, 1, dim), 1.0)
        draws += [_laws.normal(extra, (1, 1, dim), std) for extra in ("bias_k", "bias_v")]
        names += ["bias_k", "bias_v"]
    names += ["out_proj.weight", "out_proj.bias"] if bias else ["out_proj.weight"]
    return Plan(tuple(names), tuple(draws))


def _projections(function: str, dim: int, kdim: Any, vdim: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of the input projections: one matrix where keys and values are as wide."""
    kdim, vdim = (
        dim if size is None else _checks.integer(function, argument, size, minimum=0)
        for argument, size in (("kdim", kdim), ("vdim", vdim))
    )
    if kdim == vdim == dim:
        return {"in_proj_weight": (3 * dim, dim)}
    widths = {"q_proj_weight": dim, "k_proj_weight": kdim, "v_proj_weight": vdim}
    return {name: _checks.shape(function, (dim, width)) for name, width in widths.items()}


def _affine(
    function: str, shape: tuple[int, ...], outputs: int, bias: Any, prefix: str = ""
) -> tuple[Draw, ...]:
    """A weight and a bias: kaiming_uniform with a = √5, and ±1/√fan_in."""
    fan_in, _ = _laws.fans(function, _checks.shape(function, shape))
    # Not 1/√fan_in at once, which is the same law but can differ in the last bit.
    std = _laws.kaiming_std(function, shape, math.sqrt(5), "fan_in", "leaky_relu")
    weight = _laws.uniform(prefix + "weight", shape, std)
    if not _checks.truth(function, "bias", bias):
        return (weight,)
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return weight, Draw(prefix + "bias", (outputs,), "uniform", (-bound, bound))


def _uniform(shapes: dict[str, tuple[int, ...]], bound: float) -> tuple[Draw, ...]:
    return tuple(Draw(name, shape, "uniform", (-bound, bound)) for name, shape in shapes.items())


def _in_order(draws: tuple[Draw, ...]) -> Plan:
    """The plan of a layer that fills its parameters in the order of its state_dict."""
    return Plan(tuple(dict.fromkeys(draw.name for draw in draws)), draws)


def _sizes(function: str, **sizes: Any) -> tuple[int, ...]:
    """Sizes as a shape, each checked under its own name."""
    counts = [_checks.integer(function, *item, minimum=0) for item in sizes.items()]
    return _checks.shape(function, counts)


def _kernel(function: str, kernel_size: Any, dimensions: int) -> tuple[int, ...]:
    """One size for all dimensions, or one for each."""
    several = isinstance(kernel_size, (tuple, list))
    sizes = tuple(kernel_size) if several else (kernel_size,) * dimensions
    if len(sizes) != dimensions:
        expected = f"an integer or {dimensions} of them"
        raise ValueError(_checks.wrong(function, "kernel_size", expected, sizes))
    return tuple(_checks.integer(function, "kernel_size", size, minimum=0) for size in sizes)
