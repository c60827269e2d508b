"""Functions that PyTorch computes by operations of other names, and what autocast does to these."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

_OPERATION = {
    "affine_grid": "bmm",
    "cross_entropy": "nll_loss",
    "gaussian_nll_loss": "pow",
    "grid_sample": "grid_sampler",
    "gumbel_softmax": "softmax",
    "local_response_norm": "pow",
    "lp_pool1d": "pow",
    "lp_pool2d": "pow",
    "lstm": "linear",
    "max_unpool1d": "max_unpool2d",
    "multi_head_attention_forward": "linear",
    "multilabel_soft_margin_loss": "sum",
    "normalize": "norm",
    "pairwise_distance": "norm",
    "rnn": "linear",
    "rnn_relu_cell": "linear",
    "rnn_tanh_cell": "linear",
    "softmin": "softmax",
    "triplet_margin_with_distance_loss": "norm",
    "upsample_bilinear": "upsample_bilinear2d",
    "upsample_nearest": "upsample_nearest2d",
    "vector_norm": "linalg_vector_norm",
}
"""The operation that decides the precision."""
_OF_DEVICE = {
    "cpu": {"gru": "gru", "lp_pool3d": "avg_pool3d"},
    "cuda": {"gru": "linear", "lp_pool3d": "pow"},
}
_ROUNDED = {
    "cpu": ("gru", "gru_cell", "linear_cross_entropy", "lstm_cell"),
    "cuda": ("linear_cross_entropy",),
}
"""Functions of which only the products run in the lower precision."""
_STACKS = ("encoder", "encoder_layer", "decoder", "decoder_layer")
_MIXED = {f"transformer_{name}" for name in _STACKS}
_PADDING = {"reflect": "reflection_pad", "replicate": "replication_pad"}
Given = Mapping[str, Any]


def arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Given:
    """The arguments of a call by their names, with the defaults; none if it does not fit."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {}
    bound.apply_defaults()
    return bound.arguments


def precision(table: Mapping[str, str], device: str, name: str, given: Given) -> str | None:
    """The precision of a call: one of the table's, "rounded", "mixed", or None for its own."""
    if name in _MIXED:
        return "mixed"
    if name in _ROUNDED[device]:
        return "rounded"
    if given.get("dtype") is not None:  # a sum or a softmax in a dtype of its own
        return None
    return table.get(_operation(device, name, given))


def _operation(device: str, name: str, given: Given) -> str:
    if name == "pad" and given.get("mode") in _PADDING:
        return f"{_PADDING[given['mode']]}{len(given['pad']) // 2}d"
    if name in ("interpolate", "upsample") and given:
        axes = getattr(given["input"], "ndim", 2) - 2
        return f"adaptive_avg_pool{axes}d" if given["mode"] == "area" else "upsample_nearest2d"
    if name == "max_pool3d" and given.get("return_indices"):
        return "max_pool3d_with_indices"
    return _OF_DEVICE[device].get(name) or _OPERATION.get(name, name)
