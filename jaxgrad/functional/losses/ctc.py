"""The loss of a target for a longer input, over all alignments of the two."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, wide

from .._arguments import reduction_of


def ctc_loss(
    log_probs: ArrayLike,
    targets: ArrayLike,
    input_lengths: ArrayLike,
    target_lengths: ArrayLike,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> jax.Array:
    """Connectionist temporal classification: all alignments of a target with a longer input.

        ℓₙ = -log Σ_π Π_t exp(log_probs[t, n, π_t])

    over the paths π of n's input length that give n's target once repeats are merged and blanks
    are dropped. "mean" divides each loss by its target length (at least 1), then averages.

    The gradient is PyTorch's: exp(log_probs) minus the posterior probability of each symbol. It is
    the gradient with respect to logits whose log softmax is log_probs; the slope of ℓ along
    log_probs itself has no term exp(log_probs). Beyond the input length the gradient is 0. Where no
    alignment exists the loss is inf and the gradient NaN, or both are 0 with `zero_infinity`.

    Args:
        log_probs: log-probabilities of shape (T, N, C), or (T, C) for one sequence.
        targets: class indices of any integer dtype: padded, (N, S), or concatenated, (ΣS,).
            Padding is ignored.
        input_lengths: N integers from 0 to T, an array or a sequence; for (T, C) a scalar or one
            integer.
        target_lengths: N integers from 0 to S, likewise.
        blank: index of the blank, static.
        reduction: "none", "mean" or "sum".
        zero_infinity: whether infinite losses and their gradients are 0.

    Returns:
        The loss in the dtype of `log_probs`: a scalar, or for "none" of shape (N), for (T, C) ().

    Raises:
        TypeError: a dtype is of the wrong kind.
        ValueError: shapes do not fit, `reduction` is unknown, or a length, a target or `blank` is
            out of range. Traced lengths and targets are checked under `jaxgrad.checkify` only, and
            wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html

    Differs from PyTorch: targets out of range are an error (PyTorch reads beyond its memory);
    where a log-probability is -inf the gradient is 0, not NaN; a second derivative exists;
    bfloat16 and float16 are allowed. Concatenated targets with traced lengths cost as much as
    targets padded to ΣS.

    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad.functional import ctc_loss
    >>> even = jnp.full((3, 1, 2), jnp.log(0.5))
    >>> loss = ctc_loss(even, jnp.array([[1]]), jnp.array([3]), jnp.array([1]))
    >>> round(float(jnp.exp(-loss)), 4)  # six of the eight paths
    0.75
    """
    check = _checks.of("ctc_loss")
    log_probs = check.floating("log_probs", log_probs)
    if log_probs.ndim not in (2, 3) or not log_probs.size:
        expected = "of shape (T, N, C) or (T, C), not empty"
        raise ValueError(check.wrong("log_probs", expected, log_probs.shape))
    single = log_probs.ndim == 2
    x = log_probs[:, None] if single else log_probs
    times, batch, classes = x.shape
    blank = check.integer("blank", blank, 0)
    if blank >= classes:
        raise ValueError(check.wrong("blank", f"below {classes}", blank))
    inputs = _lengths("input_lengths", input_lengths, batch, times)
    targets = _integers("targets", targets)
    if targets.ndim == 2 and targets.shape[0] != batch or targets.ndim not in (1, 2):
        expected = f"of shape ({batch}, S) or concatenated"
        raise ValueError(check.wrong("targets", expected, targets.shape))
    lengths = _lengths("target_lengths", target_lengths, batch, targets.shape[-1])
    fits: Any = True
    if targets.ndim == 1:
        fits = jnp.sum(lengths) == targets.size
        text = f"ctc_loss: the target_lengths must add up to {targets.size} targets, got {{total}}"
        _checks.holds(fits, text, total=lambda: jnp.sum(lengths))
    losses, valid = _ctc_loss(
        x,
        targets,
        inputs,
        lengths,
        fits,
        blank=blank,
        longest=_longest(targets, lengths),
        reduction=reduction_of(check, reduction),
        zero_infinity=check.truth("zero_infinity", zero_infinity),
    )
    text = check.wrong("targets", f"classes below {classes}", "others")
    _checks.holds(valid, text)
    return losses[0] if single and reduction == "none" else losses


def _integers(argument: str, value: Any) -> jax.Array:
    check = _checks.of("ctc_loss")
    result = check.array(argument, value)
    if not result.size and isinstance(value, (list, tuple)):
        result = result.astype(int)
    if not is_a(result.dtype, jnp.integer):
        raise TypeError(check.wrong(argument, "integers", result.dtype))
    return result.astype(jnp.int32)


def _lengths(argument: str, value: Any, batch: int, most: int) -> jax.Array:
    """`value` as one length for each sequence, from 0 to `most`."""
    check = _checks.of("ctc_loss")
    lengths = _integers(argument, value)
    if lengths.ndim == 0 and batch == 1:
        lengths = lengths[None]
    if lengths.shape != (batch,):
        expected = f"{batch} integers, one for each sequence"
        raise ValueError(check.wrong(argument, expected, f"shape {lengths.shape}"))
    valid = jnp.all((lengths >= 0) & (lengths <= most))
    text = check.wrong(argument, f"from 0 to {most}", "from {least} to {most}")
    _checks.each_holds(valid, text, lengths)
    return lengths


def _longest(targets: jax.Array, lengths: jax.Array) -> int:
    """The most targets a sequence can have; for concatenated ones from concrete lengths."""
    if targets.ndim == 2 or isinstance(lengths, Tracer):
        return targets.shape[-1]
    return int(np.max(lengths))


@functools.partial(jax.jit, static_argnames=("blank", "longest", "reduction", "zero_infinity"))
def _ctc_loss(
    log_probs: jax.Array,
    targets: jax.Array,
    inputs: jax.Array,
    lengths: jax.Array,
    fits: Any,
    *,
    blank: int,
    longest: int,
    reduction: str,
    zero_infinity: bool,
) -> tuple[jax.Array, jax.Array]:
    times, batch, classes = log_probs.shape
    x = log_probs.astype(wide(log_probs.dtype))
    used = jnp.arange(longest, dtype=lengths.dtype)[None] < lengths[:, None]
    if targets.ndim == 1:
        starts = jnp.cumsum(lengths) - lengths
        places = jnp.where(
            used, starts[:, None] + jnp.arange(longest, dtype=lengths.dtype)[None], 0
        )
        targets = targets.at[places].get(mode="fill", fill_value=-1) if targets.size else places
    possible = ~used | ((targets >= 0) & (targets < classes))
    labels = jnp.where(used & possible, targets, blank)
    losses = -_log_likelihood(x, labels, inputs, lengths, blank)
    infinite = losses == jnp.inf
    on = jnp.arange(times, dtype=inputs.dtype)[:, None] < inputs[None]
    # A derivative of 0 times NaN is NaN: what zero_infinity drops must not be NaN before.
    poisoned = jnp.isnan(losses) | (infinite & (not zero_infinity))
    losses = losses + _normaliser(x, on[..., None], poisoned)
    if zero_infinity:
        losses = jnp.where(infinite, 0, losses)
    right = (inputs >= 0) & (inputs <= times) & (lengths >= 0) & (lengths <= targets.shape[1])
    losses = jnp.where(jnp.all(possible, 1) & right & jnp.asarray(fits), losses, jnp.nan)
    if reduction == "mean":
        losses = jnp.mean(losses / jnp.maximum(lengths, 1).astype(x.dtype))
    elif reduction == "sum":
        losses = jnp.sum(losses)
    return losses.astype(log_probs.dtype), jnp.all(possible)


def _log_likelihood(
    x: jax.Array, labels: jax.Array, inputs: jax.Array, lengths: jax.Array, blank: int
) -> jax.Array:
    """The log of Σ over alignments, by the recursion over prefixes, blanks between the labels."""
    batch, longest = labels.shape
    pairs = jnp.stack([jnp.full_like(labels, blank), labels], 2).reshape(batch, 2 * longest)
    states = jnp.pad(pairs, ((0, 0), (0, 1)), constant_values=blank)
    spread = jnp.take_along_axis(x, states[None], 2, mode="promise_in_bounds")
    before = jnp.pad(states, ((0, 0), (2, 0)), constant_values=-1)[:, :-2]
    skips = (states != blank) & (states != before)
    place = jnp.arange(2 * longest + 1, dtype=lengths.dtype)[None]
    # Before the first step the path is left of the first blank: at a blank or a label after it.
    start = jnp.where(place == 0, 0, -jnp.inf) + jnp.zeros_like(states, x.dtype)

    def step(alpha: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        time, emitted = now
        padded = jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=-jnp.inf)
        jump = jnp.where(skips, padded[:, :-2], -jnp.inf)
        # From the start no label is passed: only the first blank or the first label is reached.
        jump = jnp.where(time == 0, -jnp.inf, jump)
        ahead = _log_sum(jnp.stack([alpha, padded[:, 1:-1], jump])) + emitted
        return jnp.where((time < inputs)[:, None], ahead, alpha), None

    alpha, _ = jax.lax.scan(step, start, (jnp.arange(x.shape[0], dtype=inputs.dtype), spread))
    last = 2 * lengths[:, None]
    ends = (place == last) | ((place == last - 1) & (inputs[:, None] > 0))
    return _log_sum(jnp.where(ends, alpha, -jnp.inf).T)


def _log_sum(terms: jax.Array) -> jax.Array:
    """The log of Σ exp over the first axis; where all are -inf the derivative is 0, not NaN."""
    peak = jax.lax.stop_gradient(jnp.max(terms, 0))
    dead = peak == -jnp.inf
    total = jnp.sum(jnp.exp(terms - jnp.where(dead, 0, peak)[None]), 0)
    return jnp.where(dead, -jnp.inf, jnp.log(jnp.where(dead, 1, total)) + peak)


@jax.custom_jvp
def _normaliser(x: jax.Array, on: jax.Array, poisoned: jax.Array) -> jax.Array:
    """0, with derivative exp(x) inside the input length: log Σ exp(x) of log-probabilities."""
    return jnp.zeros_like(jnp.sum(x, (0, 2)))


@_normaliser.defjvp
def _normaliser_jvp(
    primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]
) -> tuple[jax.Array, jax.Array]:
    """The gradient of an impossible alignment is NaN."""
    x, on, poisoned = primals
    slope = jnp.where(on, jnp.where(poisoned[:, None], jnp.nan, jnp.exp(x)), 0)
    return _normaliser(*primals), jnp.sum(slope * tangents[0], (0, 2))
