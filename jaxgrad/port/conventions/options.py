"""The other usual values of the options of PyTorch's functions."""

from collections.abc import Callable, Iterator
from typing import Any

from .call import DEFAULT, Arguments, Call, Candidate, changed, in_words

Alternatives = tuple[Any, ...] | Callable[[Any], tuple[Any, ...]]

_EPS = (0.0, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
_REDUCTIONS = ("mean", "sum", "none", "batchmean")
_FLAGS = (False, True)


def _other_momenta(value: Any) -> tuple[Any, ...]:
    """One minus the momentum, which is the other convention, and the usual values."""
    usual = (0.1, 0.01, 0.9, 0.99)
    return (1 - value, *usual) if isinstance(value, float) else usual


_NORM: dict[str, Alternatives] = {"eps": _EPS}
_LOSS: dict[str, Alternatives] = {"reduction": _REDUCTIONS}
_WEIGHTED: dict[str, Alternatives] = {**_LOSS, "weight": (None,)}
_DIM: dict[str, Alternatives] = {"dim": (-1, 0, 1, 2, 3)}
_REDUCED: dict[str, Alternatives] = {
    "dim": (-1, 0, 1, 2, 3, (0, 1), (1, 2), (2, 3), (-2, -1), (1, 2, 3), (0, 2, 3))
}
_WINDOW: dict[str, Alternatives] = {"ceil_mode": _FLAGS, "padding": (0, 1, 2), "stride": (1, 2, 3)}
_CONV: dict[str, Alternatives] = {
    **{"padding": (0, 1, 2, 3, 4), "stride": (1, 2, 3, 4), "dilation": (1, 2, 3)},
    "groups": (1, 2, 4, 8),
}
_OTHER_LOSSES = (
    *("mse_loss", "l1_loss", "binary_cross_entropy", "soft_margin_loss", "hinge_embedding_loss"),
    *("margin_ranking_loss", "cosine_embedding_loss", "ctc_loss", "multilabel_margin_loss"),
    *("multilabel_soft_margin_loss",),
)
_MARGINS: dict[str, Alternatives] = {"margin": (0.0, 0.1, 0.2, 0.5, 1.0)}
_DIMENSIONS = (1, 2, 3)

ALTERNATIVES: dict[str, dict[str, Alternatives]] = {
    **dict.fromkeys(_OTHER_LOSSES, _WEIGHTED),
    **dict.fromkeys(
        ("hinge_embedding_loss", "margin_ranking_loss", "cosine_embedding_loss"),
        {**_LOSS, **_MARGINS},
    ),
    "binary_cross_entropy_with_logits": {**_WEIGHTED, "pos_weight": (None,)},
    "nll_loss": {**_WEIGHTED, "ignore_index": (-1, 0, -100)},
    "multi_margin_loss": {**_WEIGHTED, **_MARGINS, "p": (1, 2)},
    "gelu": {"approximate": ("none", "tanh")},
    **dict.fromkeys(("layer_norm", "instance_norm", "rms_norm"), _NORM),
    "group_norm": {**_NORM, "num_groups": (1, 2, 3, 4, 6, 8, 16, 32)},
    "local_response_norm": {
        **{"alpha": (1e-4, 1e-3, 1.0), "k": (1.0, 2.0), "beta": (0.75, 0.5)},
        "size": (2, 3, 5, 7),
    },
    "batch_norm": {"momentum": _other_momenta, **_NORM, "training": _FLAGS},
    "instance_norm": {"momentum": _other_momenta, **_NORM, "use_input_stats": _FLAGS},
    "normalize": {**_NORM, **_DIM, "p": (1.0, 2.0, float("inf"))},
    "cosine_similarity": {**_NORM, **_DIM},
    "pairwise_distance": {**_NORM, "p": (1.0, 2.0)},
    **dict.fromkeys(("softmax", "log_softmax", "softmin", "glu", "cumsum", "cumprod"), _DIM),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "logsumexp"), _REDUCED),
    "leaky_relu": {"negative_slope": (0.01, 0.1, 0.2, 0.3, 0.05, 0.0)},
    "elu": {"alpha": (1.0, 0.1, 1.6732632423543772)},
    "celu": {"alpha": (1.0, 0.1, 2.0)},
    "softplus": {"beta": (1, 1.0, 10.0), "threshold": (20, 50)},
    "hardtanh": {"min_val": (-1.0, 0.0), "max_val": (1.0, 6.0)},
    **dict.fromkeys(("softshrink", "hardshrink"), {"lambd": (0.5, 1.0, 0.1)}),
    "threshold": {"threshold": (0.0, 0.5, 1.0), "value": (0.0,)},
    "smooth_l1_loss": {**_LOSS, "beta": (1.0, 0.5, 0.1, 1.0 / 9)},
    "huber_loss": {**_LOSS, "delta": (1.0, 0.5, 0.1)},
    "cross_entropy": {
        **_WEIGHTED,
        "label_smoothing": (0.0, 0.1, 0.05, 0.2),
        "ignore_index": (-1, 0, -100),
    },
    "poisson_nll_loss": {**_LOSS, "log_input": _FLAGS, "full": _FLAGS},
    "gaussian_nll_loss": {**_LOSS, "full": _FLAGS, "eps": _EPS},
    "triplet_margin_loss": {**_LOSS, **_MARGINS, "eps": _EPS, "p": (1.0, 2.0), "swap": _FLAGS},
    "kl_div": {**_LOSS, "log_target": _FLAGS},
    **dict.fromkeys(("var", "std"), {"correction": (0, 1), "unbiased": _FLAGS, **_REDUCED}),
    **{f"max_pool{n}d": {**_WINDOW, "dilation": (1, 2)} for n in _DIMENSIONS},
    **{
        f"avg_pool{n}d": {
            **{"count_include_pad": _FLAGS, **_WINDOW},
            "divisor_override": (None, 1),
        }
        for n in _DIMENSIONS
    },
    **{f"lp_pool{n}d": {"norm_type": (1.0, 2.0), "ceil_mode": _FLAGS} for n in _DIMENSIONS},
    **{f"conv{n}d": _CONV for n in _DIMENSIONS},
    **{f"conv_transpose{n}d": {**_CONV, "output_padding": (0, 1)} for n in _DIMENSIONS},
    "unfold": {"padding": (0, 1, 2), "stride": (1, 2), "dilation": (1, 2)},
    "fold": {"padding": (0, 1, 2), "stride": (1, 2), "dilation": (1, 2)},
    "grid_sample": {
        "align_corners": _FLAGS,
        "mode": ("bilinear", "nearest", "bicubic"),
        "padding_mode": ("zeros", "border", "reflection"),
    },
    "affine_grid": {"align_corners": _FLAGS},
    "pad": {
        "mode": ("constant", "reflect", "replicate", "circular"),
        "value": (0.0, 1.0, float("-inf")),
    },
    "embedding": {"padding_idx": (None, 0), "max_norm": (None,), "scale_grad_by_freq": _FLAGS},
    "embedding_bag": {
        **{"mode": ("mean", "sum", "max"), "padding_idx": (None, 0), "max_norm": (None,)},
        "per_sample_weights": (None,),
    },
    "clamp": {"min": (None, 0.0, -1.0), "max": (None, 1.0, 6.0)},
    **dict.fromkeys(("tril", "triu"), {"diagonal": (-1, 0, 1)}),
    **dict.fromkeys(("cat", "concat", "stack"), _DIM),
}
"""For each function and option, the values that ports use instead."""


def other_options(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """One option of the call with its usual other values, the likeliest first."""
    for name, alternatives in ALTERNATIVES.get(call.name, {}).items():
        given = arguments.get(name, DEFAULT)
        for value in alternatives(given) if callable(alternatives) else alternatives:
            if repr(value) != repr(given):
                texts = f"{name}={in_words(given)}", f"{name}={in_words(value)}"
                yield changed(call, arguments, *texts, **{name: value})
