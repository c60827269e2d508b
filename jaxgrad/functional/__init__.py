"""`torch.nn.functional` as pure functions: the same names, argument order and defaults."""

from .losses.class_margins import multi_margin_loss as multi_margin_loss
from .losses.class_margins import multilabel_margin_loss as multilabel_margin_loss
from .losses.distances import cosine_embedding_loss as cosine_embedding_loss
from .losses.distances import cosine_similarity as cosine_similarity
from .losses.distances import pairwise_distance as pairwise_distance
from .losses.distances import triplet_margin_loss as triplet_margin_loss
from .losses.distances import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
from .losses.likelihoods import gaussian_nll_loss as gaussian_nll_loss
from .losses.likelihoods import poisson_nll_loss as poisson_nll_loss
from .losses.margins import hinge_embedding_loss as hinge_embedding_loss
from .losses.margins import margin_ranking_loss as margin_ranking_loss
from .losses.margins import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from .losses.margins import soft_margin_loss as soft_margin_loss
from .losses.regression import huber_loss as huber_loss
from .losses.regression import l1_loss as l1_loss
from .losses.regression import mse_loss as mse_loss
from .losses.regression import smooth_l1_loss as smooth_l1_loss
