"""Every case of the study, one file a family or a part of one."""

from ..case import Case
from . import (
    activations_grid,
    activations_narrow,
    activations_nonfinite,
    activations_random,
    activations_refusals,
    autograd_checks,
    autograd_gradients,
    autograd_rules,
    autograd_second,
    autograd_unused,
    backward,
    defaults,
    dtypes_casts,
    dtypes_constructors,
    dtypes_integers,
    dtypes_promotion,
    dtypes_reductions,
    errors_arguments,
    errors_shapes,
    errors_state,
    errors_training,
    fit,
    indexing_lookups,
    indexing_reads,
    indexing_views,
    indexing_writes,
    init_elementwise,
    init_layers,
    init_scaled,
    kinks_activations,
    kinks_activations_tails,
    kinks_bounds,
    kinks_classes,
    kinks_limits,
    kinks_losses,
    kinks_norms,
    kinks_ordering,
    kinks_pointwise,
    kinks_powers,
    kinks_reductions,
    kinks_second,
    kinks_smooth,
    kinks_special,
    layers_attention,
    layers_images,
    layers_initial,
    layers_linear,
    layers_norms,
    layers_recurrent,
    linalg_determinants,
    linalg_factors,
    linalg_products,
    linalg_solves,
    loop,
    losses_classes,
    losses_classes_refusals,
    losses_distances,
    losses_linear,
    losses_log_probabilities,
    losses_margins,
    losses_probabilities,
    losses_regression,
    losses_sequences,
    model,
    numerics_jit,
    numerics_limits,
    numerics_nan,
    numerics_ulps,
    optim,
    optim_clipping,
    replay_samplers,
    replay_streams,
    replay_weights,
    sampling_continuous,
    sampling_counts,
    sampling_discrete,
    sampling_multinomial,
    sampling_normal,
    schedules,
    seeds_streams,
    shapes_conversions,
    shapes_layout,
    shapes_names,
)

CASES: tuple[Case, ...] = (
    loop.CASES
    + backward.CASES
    + autograd_gradients.CASES
    + autograd_unused.CASES
    + autograd_checks.CASES
    + autograd_second.CASES
    + autograd_rules.CASES
    + kinks_activations.CASES
    + kinks_activations_tails.CASES
    + kinks_bounds.CASES
    + kinks_classes.CASES
    + kinks_limits.CASES
    + kinks_losses.CASES
    + kinks_norms.CASES
    + kinks_ordering.CASES
    + kinks_pointwise.CASES
    + kinks_powers.CASES
    + kinks_reductions.CASES
    + kinks_second.CASES
    + kinks_smooth.CASES
    + kinks_special.CASES
    + defaults.CASES
    + activations_grid.CASES
    + activations_narrow.CASES
    + activations_nonfinite.CASES
    + activations_random.CASES
    + activations_refusals.CASES
    + losses_classes.CASES
    + losses_classes_refusals.CASES
    + losses_distances.CASES
    + losses_linear.CASES
    + losses_log_probabilities.CASES
    + losses_margins.CASES
    + losses_probabilities.CASES
    + losses_regression.CASES
    + losses_sequences.CASES
    + sampling_continuous.CASES
    + sampling_discrete.CASES
    + sampling_counts.CASES
    + sampling_multinomial.CASES
    + sampling_normal.CASES
    + init_elementwise.CASES
    + init_scaled.CASES
    + init_layers.CASES
    + replay_samplers.CASES
    + replay_streams.CASES
    + replay_weights.CASES
    + model.CASES
    + fit.CASES
    + optim.CASES
    + optim_clipping.CASES
    + schedules.CASES
    + dtypes_constructors.CASES
    + dtypes_promotion.CASES
    + dtypes_reductions.CASES
    + dtypes_integers.CASES
    + dtypes_casts.CASES
    + indexing_reads.CASES
    + indexing_writes.CASES
    + indexing_lookups.CASES
    + indexing_views.CASES
    + shapes_names.CASES
    + shapes_layout.CASES
    + shapes_conversions.CASES
    + layers_linear.CASES
    + layers_norms.CASES
    + layers_images.CASES
    + linalg_products.CASES
    + linalg_solves.CASES
    + linalg_determinants.CASES
    + linalg_factors.CASES
    + numerics_nan.CASES
    + numerics_limits.CASES
    + numerics_ulps.CASES
    + numerics_jit.CASES
    + layers_attention.CASES
    + layers_recurrent.CASES
    + layers_initial.CASES
    + errors_shapes.CASES
    + errors_arguments.CASES
    + errors_state.CASES
    + errors_training.CASES
    + seeds_streams.CASES
)
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(case.family for case in CASES))
