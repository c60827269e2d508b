"""The parameters with which torch.nn layers start, as flat dicts."""

from .affine import bilinear, embedding, linear
from .attention import multihead_attention
from .convolutions import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from .norms import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from .recurrent import gru, lstm, rnn

__all__ = [
    "batch_norm",
    "bilinear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "embedding",
    "group_norm",
    "gru",
    "instance_norm",
    "layer_norm",
    "linear",
    "lstm",
    "multihead_attention",
    "rms_norm",
    "rnn",
]
