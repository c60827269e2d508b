"""Muon: orthogonalised momentum."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from .. import _checks
from . import _hyperparameters
from ._formulas import lerp, root
from ._hyperparameters import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise
from .adam import zeros


class MuonState(NamedTuple):
    """The state of `muon`: the averages of the gradients; see `AdamState`."""

    count: Any
    step: Any
    momentum_buffer: Any


def muon(
    lr: Rate = 1e-3,
    weight_decay: Number = 0.1,
    momentum: Number = 0.95,
    nesterov: bool = True,
    ns_coefficients: Sequence[float] = (3.4445, -4.7750, 2.0315),
    eps: Number = 1e-7,
    ns_steps: int = 5,
    adjust_lr_fn: str | None = None,
) -> optax.GradientTransformation:
    """`torch.optim.Muon`: θ ← (1 - lr · weight_decay) θ - lr · s · O(b), for matrices.

        b ← μ b + (1 - μ) g;   with `nesterov` O((1 - μ) g + μ b) in place of O(b)
        O(b): X = b / ‖b‖, then `ns_steps` times X ← a X + (b A + c A²) X, A = X Xᵀ, in bfloat16

    Source: Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        weight_decay: the factor of lr times the parameters that is subtracted from the parameters.
        momentum: μ, at least 0.
        nesterov: whether to use Nesterov momentum.
        ns_coefficients: the coefficients a, b and c of the polynomial.
        eps: the lower bound of the norm, at least 0.
        ns_steps: the number of iterations, below 100.
        adjust_lr_fn: s for a leaf of shape (m, n): None or "original" is √max(1, m / n),
            "match_rms_adamw" is 0.2 √max(m, n).

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay. Give leaves
        that are not matrices to another optimizer with `optax.multi_transform`.

    Raises:
        ValueError: a number or an option is out of range, or a leaf does not have two axes.
        TypeError: an argument is not a number, or a leaf is complex.

    Differs from PyTorch: products of bfloat16 are summed in another order, so O agrees in about two
    digits, not in all bits. An `eps` below 0 is an error; PyTorch takes it.

    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad.optim import muon
    >>> optimizer = muon(lr=1.0, weight_decay=0.0)
    >>> grads = jax.random.normal(jax.random.key(0), (4, 2))
    >>> updates, _ = optimizer.update(grads, optimizer.init(grads))
    >>> bool(jnp.all(jnp.linalg.svd(updates)[1] > 0.7))  # every singular value near √2
    True
    """
    check = _checks.of("muon")
    weight_decay, momentum, eps = _hyperparameters.not_negative(
        check, weight_decay=weight_decay, momentum=momentum, eps=eps
    )
    steps = check.integer("ns_steps", ns_steps, 0)
    if steps >= 100:
        raise ValueError(check.wrong("ns_steps", "below 100", steps))
    if not isinstance(ns_coefficients, (tuple, list)) or len(ns_coefficients) != 3:
        expected, got = "three numbers", f"{ns_coefficients!r:.60}"
        raise ValueError(check.wrong("ns_coefficients", expected, got))
    a, b, c = (
        _hyperparameters.number(check, "ns_coefficients", value) for value in ns_coefficients
    )
    if adjust_lr_fn is not None:
        check.option("adjust_lr_fn", adjust_lr_fn, ("original", "match_rms_adamw"))
    nesterov = check.truth("nesterov", nesterov)

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        return {"lr": lr, "momentum": momentum, "eps": eps}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        buffer = rounded(lerp(leaf.slots["momentum_buffer"], g, 1 - n["momentum"]))
        ahead = rounded(lerp(g, buffer, n["momentum"])) if nesterov else buffer
        size = n["lr"] * _adjusted(adjust_lr_fn, *g.shape)
        orthogonal = orthogonalized(ahead, (a, b, c), steps, n["eps"]).astype(g.dtype)
        return (-rounded(size) * orthogonal,), {"momentum_buffer": buffer}

    rule = Rule(
        "muon",
        MuonState,
        ("momentum_buffer",),
        zeros("momentum_buffer"),
        numbers,
        move,
        takes_complex=False,
        dimensions=2,
    )
    return leafwise(rule, lr, Options(weight_decay, True))


def _adjusted(option: str | None, rows: int, columns: int) -> float:
    if option == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1.0, rows / columns)) if columns else 1.0


def orthogonalized(
    x: jax.Array, coefficients: tuple[Any, Any, Any], steps: int, eps: Any
) -> jax.Array:
    """The Newton–Schulz iteration, with each product rounded once to bfloat16 as in PyTorch."""
    a, b, c, eps = (jnp.asarray(n).astype(jnp.float32) for n in (*coefficients, eps))
    tall, sharding = x.shape[0] > x.shape[1], jax.typeof(x).sharding
    explicit = AxisType.Explicit in sharding.mesh.axis_types
    if explicit:  # every product needs whole rows and columns
        x = jax.sharding.reshard(x, NamedSharding(sharding.mesh, PartitionSpec(None, None)))
    x = x.astype(jnp.bfloat16)
    x = x.T if tall else x
    norm = _rounded(root(jnp.sum(jnp.square(x.astype(jnp.float32)))))
    x = (x.astype(jnp.float32) / jnp.maximum(norm, eps)).astype(jnp.bfloat16)

    def product(left: jax.Array, right: jax.Array) -> jax.Array:
        return jnp.matmul(left, right, preferred_element_type=jnp.float32)

    for _ in range(steps):
        gram = product(x, x.T).astype(jnp.bfloat16)
        update = b * gram.astype(jnp.float32) + c * product(gram, gram)
        x = a * x.astype(jnp.float32) + product(update.astype(jnp.bfloat16), x)
        x = x.astype(jnp.bfloat16)
    x = x.T if tall else x
    return jax.sharding.reshard(x, sharding) if explicit else x


def _rounded(x: jax.Array) -> jax.Array:
    return jax.lax.reduce_precision(x, 8, 7)
