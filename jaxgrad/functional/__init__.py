"""`torch.nn.functional` as pure functions: the same names, argument order and defaults.

An eager call is one compiled program. A function that checks the values of an array, such as the
targets of `cross_entropy`, then waits for it and reads one truth value back from the device; under
`jit` it checks nothing, and `jaxgrad.checkify` asks for the check.
"""

from .activations.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from .activations.exponential import celu, elu, selu
from .activations.gated import gelu, glu, mish, silu
from .activations.rectifiers import leaky_relu, prelu, relu, rrelu, threshold
from .activations.saturating import hardsigmoid, hardswish, hardtanh, relu6
from .activations.shrinking import hardshrink, softshrink, tanhshrink
from .activations.sigmoids import logsigmoid, sigmoid, softplus, softsign, tanh
from .activations.softmax import gumbel_softmax, log_softmax, softmax, softmin
from .attention.multi_head import multi_head_attention_forward
from .attention.scaled_dot_product import scaled_dot_product_attention
from .convolution.convolutions import conv1d, conv2d, conv3d
from .convolution.time_first import conv_tbc
from .convolution.transposed import conv_transpose1d, conv_transpose2d, conv_transpose3d
from .embeddings.embedding import embedding
from .embeddings.embedding_bag import embedding_bag
from .embeddings.one_hot import one_hot
from .linear import bilinear, linear
from .losses.binary import binary_cross_entropy, binary_cross_entropy_with_logits
from .losses.class_margins import multi_margin_loss, multilabel_margin_loss
from .losses.classes import cross_entropy, nll_loss
from .losses.ctc import ctc_loss
from .losses.distances import cosine_embedding_loss, cosine_similarity, pairwise_distance, pdist
from .losses.divergences import kl_div
from .losses.likelihoods import gaussian_nll_loss, poisson_nll_loss
from .losses.margins import (
    hinge_embedding_loss,
    margin_ranking_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from .losses.regression import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .losses.triplets import triplet_margin_loss, triplet_margin_with_distance_loss
from .losses.vocabulary import linear_cross_entropy
from .normalization.batch_norm import batch_norm, running_stats
from .normalization.group_norm import group_norm
from .normalization.instance_norm import instance_norm
from .normalization.layer_norm import layer_norm
from .normalization.local_response_norm import local_response_norm
from .normalization.normalize import normalize
from .normalization.rms_norm import rms_norm
from .padding import pad
from .pooling.adaptive import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from .pooling.averages import avg_pool1d, avg_pool2d, avg_pool3d
from .pooling.fractional import fractional_max_pool2d, fractional_max_pool3d
from .pooling.maxima import max_pool1d, max_pool2d, max_pool3d
from .pooling.powers import lp_pool1d, lp_pool2d, lp_pool3d
from .pooling.unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from .recurrent.cells import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from .recurrent.layers import gru, lstm, rnn
from .resampling.grids import affine_grid, grid_sample
from .resampling.interpolation import interpolate, upsample, upsample_bilinear, upsample_nearest
from .shuffling import channel_shuffle, native_channel_shuffle, pixel_shuffle, pixel_unshuffle
from .transformers.layers import transformer_decoder_layer, transformer_encoder_layer
from .transformers.stacks import transformer_decoder, transformer_encoder
from .unfolding import fold, unfold

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "gru",
    "gru_cell",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "linear_cross_entropy",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "lstm",
    "lstm_cell",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "native_channel_shuffle",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rnn",
    "rnn_relu_cell",
    "rnn_tanh_cell",
    "rrelu",
    "running_stats",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "transformer_decoder",
    "transformer_decoder_layer",
    "transformer_encoder",
    "transformer_encoder_layer",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
