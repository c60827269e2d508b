"""The parameters of PyTorch's functions that have no Python signature, in order."""

_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_CONV_TRANSPOSE = (
    *("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
)
_MAX_POOL = (
    *("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
)
_AVG_POOL = (
    *("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    "divisor_override",
)

POSITIONAL: dict[str, tuple[str, ...]] = {
    **{f"conv{n}d": _CONV for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _CONV_TRANSPOSE for n in (1, 2, 3)},
    **{f"max_pool{n}d": _MAX_POOL for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _AVG_POOL for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": ("input", "output_size") for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": ("input", "output_size", "return_indices") for n in (1, 2, 3)},
    **dict.fromkeys(("softmax", "log_softmax"), ("input", "dim", "_stacklevel", "dtype")),
    **dict.fromkeys(("var", "std"), ("input", "dim")),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "logsumexp"), ("input", "dim", "keepdim")),
    **dict.fromkeys(("cumsum", "cumprod", "flip"), ("input", "dim")),
    "clamp": ("input", "min", "max"),
    "linear": ("input", "weight", "bias"),
    "bilinear": ("input1", "input2", "weight", "bias"),
    "gelu": ("input",),
    "softplus": ("input", "beta", "threshold"),
    "prelu": ("input", "weight"),
    **dict.fromkeys(("softshrink", "hardshrink"), ("input", "lambd")),
    "cosine_similarity": ("x1", "x2", "dim", "eps"),
    "pairwise_distance": ("x1", "x2", "p", "eps", "keepdim"),
    "scaled_dot_product_attention": (
        *("query", "key", "value", "attn_mask", "dropout_p", "is_causal"),
    ),
    "pixel_shuffle": ("input", "upscale_factor"),
    "pixel_unshuffle": ("input", "downscale_factor"),
    "channel_shuffle": ("input", "groups"),
    "cat": ("tensors", "dim"),
    "concat": ("tensors", "dim"),
    "stack": ("tensors", "dim"),
    "masked_fill": ("input", "mask", "value"),
    "where": ("condition", "input", "other"),
    **dict.fromkeys(("tril", "triu"), ("input", "diagonal")),
    "repeat_interleave": ("input", "repeats", "dim"),
}
"""The parameters by the name of the function."""
