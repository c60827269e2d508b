"""For each PyTorch function, the other ways in which ports often compute it.

    call          a call of a function, and another way to make it
    signatures    the names of the arguments of functions written in C++
    options       the other usual values of options: eps, reduction, align_corners, …
    activations, arithmetic, attention, convolutions, layouts, losses, norms, pooling, recurrent,
    resampling    what is no option: the order of gates, the padding "SAME", interleaved groups, …

Each candidate is run on the arguments of the original's call. Only one whose result JAX has
computed is reported.
"""

from collections.abc import Callable, Iterator
from typing import Any

from . import (
    activations,
    arithmetic,
    attention,
    convolutions,
    layouts,
    losses,
    norms,
    pooling,
    recurrent,
    resampling,
)
from .call import Call, Candidate, arguments_of
from .options import other_options

__all__ = ["Call", "Candidate", "candidates", "splits"]

Kind = Callable[[Call, Any], Iterator[Candidate]]

_SPATIAL = (1, 2, 3)
_CONVOLUTION: tuple[Kind, ...] = (
    *(convolutions.other_kernels, convolutions.other_paddings, convolutions.other_groups),
)
_TRANSPOSED: tuple[Kind, ...] = (
    *(convolutions.other_groups, convolutions.other_croppings, convolutions.other_kernels),
)
_ENTROPY: tuple[Kind, ...] = (
    *(losses.other_smoothings, losses.other_cross_entropies, losses.other_means),
)
_NORMS: dict[str, Kind] = {
    "layer_norm": norms.layer_norms,
    "rms_norm": norms.rms_norms,
    "group_norm": norms.group_norms,
    "instance_norm": norms.instance_norms,
    "batch_norm": norms.batch_norms,
}
_LOSSES = (
    *("soft_margin_loss", "hinge_embedding_loss", "margin_ranking_loss", "cosine_embedding_loss"),
    *("multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss"),
    *("poisson_nll_loss", "gaussian_nll_loss", "triplet_margin_loss"),
)

_BY_NAME: dict[str, tuple[Kind, ...]] = {
    "linear": (convolutions.other_weights,),
    **{f"conv{n}d": _CONVOLUTION for n in _SPATIAL},
    **{f"conv_transpose{n}d": _TRANSPOSED for n in _SPATIAL},
    **{f"max_pool{n}d": (pooling.other_windows, pooling.other_kinds) for n in _SPATIAL},
    **{f"avg_pool{n}d": (pooling.other_windows, pooling.other_kinds) for n in _SPATIAL},
    **{
        f"adaptive_{kind}_pool{n}d": (pooling.other_adaptive_windows, pooling.other_kinds)
        for n in _SPATIAL
        for kind in ("avg", "max")
    },
    **{name: (kind, norms.other_affine_maps) for name, kind in _NORMS.items()},
    "local_response_norm": (norms.other_response_norms,),
    "scaled_dot_product_attention": (attention.other_attentions,),
    **dict.fromkeys(("softmax", "log_softmax", "softmin"), (arithmetic.other_softmaxes,)),
    **dict.fromkeys(activations.ACTIVATIONS, (activations.other_activations,)),
    "glu": (activations.swapped_halves,),
    "interpolate": (resampling.other_interpolations,),
    "grid_sample": (resampling.other_grids,),
    **dict.fromkeys(_LOSSES, (losses.other_means,)),
    **dict.fromkeys(("cross_entropy", "nll_loss"), _ENTROPY),
    **dict.fromkeys(
        ("binary_cross_entropy", "binary_cross_entropy_with_logits"),
        (losses.other_binary_entropies, losses.other_means),
    ),
    "kl_div": (losses.other_divergences, losses.other_means),
    **dict.fromkeys(
        ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        (losses.other_distances, losses.other_means),
    ),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), (layouts.other_shuffles,)),
    "channel_shuffle": (layouts.other_shuffles,),
    **dict.fromkeys(("unfold", "fold"), (layouts.other_patches,)),
    **dict.fromkeys(("masked_fill", "where"), (arithmetic.other_masks,)),
    **dict.fromkeys(("cat", "concat", "stack"), (arithmetic.other_concatenations,)),
    **dict.fromkeys(("mean", "sum", "amax", "amin"), (arithmetic.other_reductions,)),
    "repeat_interleave": (arithmetic.other_repeats,),
    "embedding": (arithmetic.other_embeddings,),
}
_BY_PLACE: dict[str, tuple[Kind, ...]] = {
    **dict.fromkeys((*recurrent.GATES, *recurrent.CELLS), (recurrent.other_recurrences,)),
    **dict.fromkeys(arithmetic.SCALED, (arithmetic.other_numbers, arithmetic.other_operands)),
    **dict.fromkeys(arithmetic.SHIFTED, (arithmetic.other_numbers, arithmetic.other_operands)),
    **dict.fromkeys(arithmetic.POWERS, (arithmetic.other_numbers, arithmetic.other_operands)),
    **dict.fromkeys(("matmul", "bmm", "mm"), (arithmetic.other_operands,)),
    **dict.fromkeys(("repeat", "tile"), (arithmetic.other_tilings,)),
    **dict.fromkeys(layouts.MERGES, (layouts.other_merges,)),
    **dict.fromkeys(layouts.MOVES, (layouts.other_moves,)),
}
"""Functions whose arguments need no names."""


def candidates(call: Call) -> Iterator[Candidate]:
    """The other ways to make a call, the likeliest first."""
    arguments = arguments_of(call)
    if arguments is not None:
        kinds = (other_options, *_BY_NAME.get(call.name, ()))
        for kind in kinds[::-1] if call.name.startswith("conv_transpose") else kinds:
            yield from _as_far_as_possible(kind(call, arguments))
    for kind in _BY_PLACE.get(call.name, ()):
        yield from _as_far_as_possible(kind(call, None))


def splits(call: Call) -> Iterator[Candidate]:
    """The other ways to split an axis, for a call that splits one."""
    if call.name in layouts.SPLITS:
        yield from _as_far_as_possible(layouts.other_splits(call, None))


def _as_far_as_possible(found: Iterator[Candidate]) -> Iterator[Candidate]:
    """The candidates until one cannot be made of these arguments."""
    while True:
        try:
            candidate = next(found, None)
        except Exception:  # PyTorch raises errors of many kinds for unusual arguments
            return
        if candidate is None:
            return
        yield candidate
