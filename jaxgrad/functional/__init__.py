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
from .activations.normalize import normalize
from .activations.rectifiers import leaky_relu, prelu, relu, rrelu, threshold
from .activations.saturating import hardsigmoid, hardswish, hardtanh, relu6
from .activations.shrinking import hardshrink, softshrink, tanhshrink
from .activations.sigmoids import logsigmoid, sigmoid, softplus, softsign, tanh
from .activations.softmax import gumbel_softmax, log_softmax, softmax, softmin
from .losses.binary import binary_cross_entropy, binary_cross_entropy_with_logits
from .losses.class_margins import multi_margin_loss, multilabel_margin_loss
from .losses.classes import cross_entropy, nll_loss
from .losses.ctc import ctc_loss
from .losses.distances import cosine_embedding_loss, cosine_similarity, pairwise_distance
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
from .resampling.grids import affine_grid, grid_sample
from .resampling.interpolation import interpolate, upsample, upsample_bilinear, upsample_nearest

__all__ = [
    "affine_grid",
    "alpha_dropout",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "feature_alpha_dropout",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "interpolate",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear_cross_entropy",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "pairwise_distance",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
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
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
