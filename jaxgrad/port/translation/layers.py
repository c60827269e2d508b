"""The table of operations: layers, all of them functions of `jaxgrad.functional`."""

from typing import Any

from .bound import Bound, Rule

_MODES = {
    "nearest": "nearest",
    "_nearest_exact": "nearest-exact",
    "linear": "linear",
    "bilinear": "bilinear",
    "bicubic": "bicubic",
    "trilinear": "trilinear",
}


def _conv(dims: int) -> Rule:
    words = ", ".join(f"{name}={name}" for name in ("stride", "padding", "dilation", "groups"))
    return f"F.conv{dims}d(input, weight, bias, {words})"


def _transposed(dims: int) -> Rule:
    names = ("stride", "padding", "output_padding", "groups", "dilation")
    words = ", ".join(f"{name}={name}" for name in names)
    return f"F.conv_transpose{dims}d(input, weight, bias, {words})"


def _stride(step: Bound) -> str:
    """A pool's stride is its window where none is given."""
    given = step["stride"]
    return "" if not given or list(given) == list(step["kernel_size"]) else ", stride=stride"


def _max_pool(dims: int) -> Rule:
    def rule(step: Bound) -> str:
        words = ", padding=padding, dilation=dilation, ceil_mode=ceil_mode"
        both = ", return_indices=True" if step.name.endswith("_indices") else ""
        return f"F.max_pool{dims}d(self, kernel_size{_stride(step)}{words}{both})"

    return rule


def _avg_pool(dims: int) -> Rule:
    def rule(step: Bound) -> str:
        words = ", padding=padding, ceil_mode=ceil_mode, count_include_pad=count_include_pad"
        divisor = ", divisor_override=divisor_override" if dims > 1 else ""
        return f"F.avg_pool{dims}d(self, kernel_size{_stride(step)}{words}{divisor})"

    return rule


def _batch_norm(step: Bound) -> str:
    step.read.add("momentum")  # of the running statistics, which are written apart
    if not step["training"]:
        return "F.batch_norm(input, running_mean, running_var, weight, bias, eps=eps)"
    if step["running_mean"] is None:
        return "F.batch_norm(input, None, None, weight, bias, training=True, eps=eps)"
    return "F.batch_norm(input, running_mean, running_var, weight, bias, training_, eps=eps)"


def _instance_norm(step: Bound) -> str:
    step.read.add("momentum")  # as above
    if step["use_input_stats"] and step["running_mean"] is None:
        return "F.instance_norm(input, weight=weight, bias=bias, eps=eps)"
    own = "training_" if step["use_input_stats"] else "False"
    return (
        "F.instance_norm(input, running_mean, running_var, weight, bias, "
        f"use_input_stats={own}, eps=eps)"
    )


def _dropout(function: str) -> Rule:
    def rule(step: Bound) -> str:
        whole = step.name == "feature_dropout"  # of channels
        channels = f"{step.ndim('input') - 2}d" if whole else ""
        drawn = all((step["p"], step["train"]))
        return f"F.{function}{channels}(key_, input, p, training_)" if drawn else "input"

    return rule


def _interpolate(mode: str, antialias: bool) -> Rule:
    def rule(step: Bound) -> str:
        words = ["input" if "input" in step.values else "self"]
        if step["output_size"] is not None:
            words.append("size=output_size")
        else:
            words.append("scale_factor=scale_factors")
        words.append(f"mode='{mode}'")
        if step["align_corners"]:
            words.append("align_corners=align_corners")
        if antialias:
            words.append("antialias=True")
        return f"F.interpolate({', '.join(words)})"

    return rule


def _upsamples() -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for torch, mode in _MODES.items():
        for dims in (1, 2, 3):
            for antialias in (False, True):
                end = "_aa" if antialias else ""
                rules[f"_upsample_{torch.strip('_')}{dims}d{end}"] = _interpolate(mode, antialias)
                rules[f"upsample_{torch.strip('_')}{dims}d{end}"] = _interpolate(mode, antialias)
    return rules


def _grid_sampler(step: Bound) -> str:
    mode = ("bilinear", "nearest", "bicubic")[step["interpolation_mode"]]
    padding = ("zeros", "border", "reflection")[step["padding_mode"]]
    words = [] if mode == "bilinear" else [f"mode='{mode}'"]
    words += [] if padding == "zeros" else [f"padding_mode='{padding}'"]
    words += [f"align_corners={step['align_corners']}"]
    return f"F.grid_sample(input, grid, {', '.join(words)})"


def _attention(step: Bound) -> str:
    words = "attn_mask=attn_mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa"
    if step["dropout_p"]:
        words = f"dropout_p=dropout_p if training_ else 0.0, dropout_key=key_, {words}"
    return f"F.scaled_dot_product_attention(query, key, value, {words})"


def _rrelu(step: Bound) -> str:
    """Where it draws no slopes, it takes the one in the middle."""
    step.read.update(("lower", "upper"))
    if step["training"]:
        return "F.rrelu(key_, self, lower=lower, upper=upper, training=training_)"
    return f"F.leaky_relu(self, negative_slope={(step['lower'] + step['upper']) / 2})"


def _embedding(step: Bound) -> str:
    padding = "" if step["padding_idx"] in (None, -1) else ", padding_idx=padding_idx"
    return f"F.embedding(indices, weight{padding})"


def _one_hot(step: Bound) -> str | None:
    return None if step["num_classes"] in (None, -1) else "F.one_hot(self, num_classes)"


def _weight_norm(step: Bound) -> str:
    """Of all axes but one; of all axes where it is -1."""
    axis = step["dim"]
    others = tuple(i for i in range(step.ndim("v")) if i != axis) if axis != -1 else None
    words = "" if others is None else f", dim={others}, keepdim=True"
    return f"v * (g / T.vector_norm(v{words}))"


def _is_zeros(node: Any) -> bool:
    """Whether a node is an array of zeros, which a layer takes where no state is given."""
    return getattr(getattr(node.target, "_schema", None), "name", "") == "aten::zeros"


def _recurrent(function: str) -> Rule:
    def rule(step: Bound) -> str | None:
        if step["dropout"] and step["train"]:
            return None
        step.read.update(("has_biases", "num_layers", "bidirectional", "train"))  # names tell them
        first = step["hx"] if function == "lstm" else [step["hx"]]
        state = "(hx_0, hx_1)" if function == "lstm" else "hx"
        state = "None" if all(map(_is_zeros, first)) else state
        kind = ", nonlinearity='relu'" if step.name == "rnn_relu" else ""
        return f"F.{function}(input, {state}, params_, batch_first=batch_first{kind})"

    return rule


LAYERS: dict[str, Rule] = {
    "linear": "F.linear(input, weight, bias)",
    "bilinear": "F.bilinear(input1, input2, weight, bias)",
    **{f"conv{dims}d": _conv(dims) for dims in (1, 2, 3)},
    **{f"conv_transpose{dims}d": _transposed(dims) for dims in (1, 2, 3)},
    **{f"max_pool{dims}d": _max_pool(dims) for dims in (1, 2, 3)},
    **{f"max_pool{dims}d_with_indices": _max_pool(dims) for dims in (1, 2, 3)},
    **{f"avg_pool{dims}d": _avg_pool(dims) for dims in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": f"F.adaptive_avg_pool{d}d(self, output_size)" for d in (1, 2, 3)},
    **{
        f"adaptive_max_pool{d}d": f"F.adaptive_max_pool{d}d(self, output_size, return_indices=True)"
        for d in (1, 2, 3)
    },
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "layer_norm": "F.layer_norm(input, normalized_shape, weight, bias, eps=eps)",
    "group_norm": "F.group_norm(input, num_groups, weight, bias, eps=eps)",
    "_weight_norm": _weight_norm,
    "rms_norm": "F.rms_norm(input, normalized_shape, weight, eps=eps)",
    "dropout": _dropout("dropout"),
    "alpha_dropout": _dropout("alpha_dropout"),
    "feature_dropout": _dropout("dropout"),
    "feature_alpha_dropout": _dropout("feature_alpha_dropout"),
    "embedding": _embedding,
    "one_hot": _one_hot,
    "scaled_dot_product_attention": _attention,
    "rrelu": _rrelu,
    "lstm": _recurrent("lstm"),
    "gru": _recurrent("gru"),
    "rnn_tanh": _recurrent("rnn"),
    "rnn_relu": _recurrent("rnn"),
    **_upsamples(),
    "pixel_shuffle": "F.pixel_shuffle(self, upscale_factor)",
    "pixel_unshuffle": "F.pixel_unshuffle(self, downscale_factor)",
    "channel_shuffle": "F.channel_shuffle(self, groups)",
    "im2col": "F.unfold(self, kernel_size, dilation=dilation, padding=padding, stride=stride)",
    "col2im": (
        "F.fold(self, output_size, kernel_size, dilation=dilation, padding=padding, stride=stride)"
    ),
    **dict.fromkeys(("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"), _grid_sampler),
    "affine_grid_generator": "F.affine_grid(theta, size, align_corners=align_corners)",
    "cosine_similarity": "F.cosine_similarity(x1, x2, dim=dim, eps=eps)",
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
