"""Comparison of derivatives with finite differences, element by element."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad import _checks

from ._jacobians import (
    Flat,
    differences,
    flattened,
    from_reals,
    jacobians,
    moved,
    pull,
    push,
    reals,
    wide,
)
from ._rules import explained
from .gradcheck_report import Difference, GradcheckReport


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    key: jax.Array | None = None,
) -> GradcheckReport:
    """Compares the derivatives of `fn` with central differences, in float64.

        |Jᵣⱼ - (fnᵣ(x + eps eⱼ) - fnᵣ(x - eps eⱼ)) / 2 eps| <= atol + rtol |numeric|

    for each element r of each output and j of each input. Complex numbers count as two real
    ones, so that functions that are not holomorphic have derivatives too.

    Args:
        fn: a function of pytrees of arrays that returns a pytree of arrays. It is called with
            64-bit inputs, without `jit`, at least twice for each input element.
        inputs: a tuple of arguments, or a single one. Floating point and complex leaves are
            varied in float64 or complex128, whatever their dtypes; others are passed on.
        eps: the step, in the units of the inputs.
        atol: the absolute tolerance.
        rtol: the tolerance relative to the numeric derivative.
        raise_exception: whether a difference raises; otherwise read the report.
        nondet_tol: the largest absolute difference between two runs of a backward pass.
        check_undefined_grad: whether a cotangent of zeros must give a gradient of zeros.
        check_forward_ad: whether forward mode is compared.
        check_backward_ad: whether backward mode is compared.
        fast_mode: whether one projection vᵀ J u of each Jacobian is compared in place of its
            elements, within atol Σ|u| Σ|v| + rtol |numeric|. Among many elements this may miss a
            small error of one. Where it fails, the elements are compared.
        key: draws the directions u and v of `fast_mode`; without a key they are fixed irrational
            numbers.

    Returns:
        A report, true if everything agrees; it holds the worst element of each Jacobian.

    Raises:
        TypeError: `fn` is not callable, a leaf is not an array, or no input or output is
            floating point or complex.
        ValueError: derivatives differ, with the report for a message; an output is not 64-bit,
            for then `fn` casts inside; `eps` is not positive.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    Differs from PyTorch: 32-bit inputs are taken to float64, where PyTorch warns and finds errors
    in `sin`; a kink is named; a ValueError is raised, with every Jacobian's worst element.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import gradcheck
    >>> print(gradcheck(jnp.sin, jnp.array([0.5, 1.0])))
    gradcheck: 1 Jacobian agrees, backward
    >>> print(gradcheck(jnp.abs, jnp.array([1.0, 0.0]), raise_exception=False))
    gradcheck: 1 wrong
      backward, output by inputs[0], element [1] by [1]: analytic 1, numeric 0, tolerance 1e-05; \
a kink: the slope is -1 from below and 1 from above
    """
    check = _checks.of("gradcheck")
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    if not callable(fn):
        raise TypeError(check.wrong("fn", "callable", type(fn).__name__))
    step = check.static_number("eps", eps)
    if step <= 0:
        raise ValueError(check.wrong("eps", "positive", eps))
    check.concrete("inputs", args)
    flags = {
        "raise_exception": raise_exception,
        "check_undefined_grad": check_undefined_grad,
        "check_forward_ad": check_forward_ad,
        "check_backward_ad": check_backward_ad,
        "fast_mode": fast_mode,
    }
    for name, flag in flags.items():
        check.truth(name, flag)
    if not (check_forward_ad or check_backward_ad):
        expected, got = "True, or check_forward_ad", check_backward_ad
        raise ValueError(check.wrong("check_backward_ad", expected, got))
    limits = {"atol": atol, "rtol": rtol, "nondet_tol": nondet_tol}
    for name, limit in limits.items():
        limits[name] = check.static_number(name, limit)
        if limits[name] < 0:
            raise ValueError(check.wrong(name, "at least 0", limit))
    tolerance, allowed = _Tolerance(limits["atol"], limits["rtol"]), limits["nondet_tol"]
    if key is not None:
        check.key(key)
    with jax.enable_x64(True), explained("gradcheck"):
        flat = flattened(fn, args)
        directions = _directions([*flat.inputs, *flat.call(flat.inputs)], key)
        found: list[Difference] = []
        for mode, wanted in (("backward", check_backward_ad), ("forward", check_forward_ad)):
            if wanted and fast_mode:
                projections = list(_compared_along(flat, mode, step, tolerance, directions))
                found += projections
                if not all(d.is_within for d in projections):
                    found += _compared(flat, mode, step, tolerance)
            elif wanted:
                found += _compared(flat, mode, step, tolerance)
        problems = list(_problems(flat, allowed, check_undefined_grad)) if check_backward_ad else []
    report = GradcheckReport(tuple(found), tuple(problems))
    if raise_exception and not report:
        raise ValueError(str(report))
    return report


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    **options: Any,
) -> GradcheckReport:
    """Compares the second derivatives of `fn` with central differences of its first ones.

    It is `gradcheck` of the vector-Jacobian product `(inputs, cotangent) -> Jᵀ cotangent`.

    Args:
        fn: as for `gradcheck`.
        inputs: as for `gradcheck`.
        grad_outputs: the cotangent, in the structure of `fn`'s result; fixed irrational numbers by
            default.
        check_fwd_over_rev: whether the forward derivative of the backward one is compared.
        check_rev_over_rev: whether the backward derivative of the backward one is compared.
        options: the other arguments of `gradcheck`, except its two modes.

    Returns:
        A report as from `gradcheck`; its inputs are `fn`'s, then the cotangents.

    Raises:
        TypeError: as from `gradcheck`.
        ValueError: as from `gradcheck`; `grad_outputs` of another structure.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import gradgradcheck
    >>> print(gradgradcheck(lambda x: (x**3).sum(), jnp.array([0.5, 1.0])))
    gradcheck: 2 Jacobians agree, backward
    """
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    if not callable(fn):
        raise TypeError(_checks.of("gradgradcheck").wrong("fn", "callable", type(fn).__name__))
    with jax.enable_x64(True), explained("gradgradcheck"):
        flat = flattened(fn, args)
        outputs = flat.call(flat.inputs)
        cotangents = _directions(outputs, None)
        if grad_outputs is not None:
            cotangents = _given_cotangents(flat, outputs, grad_outputs)

    def pulled(inputs: Sequence[jax.Array], cotangents: Sequence[jax.Array]) -> Any:
        return pull(flat, inputs, cotangents)

    with explained("gradgradcheck"):
        return gradcheck(
            pulled,
            (flat.inputs, cotangents),
            check_forward_ad=check_fwd_over_rev,
            check_backward_ad=check_rev_over_rev,
            **options,
        )


def _given_cotangents(flat: Flat, outputs: Sequence[jax.Array], tree: Any) -> list[jax.Array]:
    """The floating point leaves of the cotangent, one for each output."""
    check = _checks.of("gradgradcheck")
    leaves = jax.tree.flatten_with_path(check.arrays("grad_outputs", tree))[0]
    chosen = {
        "output" + jax.tree_util.keystr(path): wide(leaf)
        for path, leaf in leaves
        if jnp.issubdtype(leaf.dtype, jnp.inexact)
    }
    shapes = {name: y.shape for name, y in zip(flat.output_names, outputs, strict=True)}
    if {name: leaf.shape for name, leaf in chosen.items()} != shapes:
        got = {name: leaf.shape for name, leaf in chosen.items()}
        expected = f"of structure and shapes {shapes}"
        raise ValueError(check.wrong("grad_outputs", expected, got))
    for name, y in zip(flat.output_names, outputs, strict=True):
        if jnp.iscomplexobj(chosen[name]) and not jnp.iscomplexobj(y):
            expected, got = f"real for {name}", chosen[name].dtype
            raise TypeError(check.wrong("grad_outputs", expected, got))
    return [
        chosen[name].astype(y.dtype) for name, y in zip(flat.output_names, outputs, strict=True)
    ]


class _Tolerance(NamedTuple):
    absolute: float
    relative: float

    def around(self, numeric: Any) -> Any:
        return self.absolute + self.relative * np.abs(numeric)


def _compared(flat: Flat, mode: str, eps: float, tolerance: _Tolerance) -> Iterator[Difference]:
    """The worst element of each Jacobian."""
    analytic, numeric = jacobians(flat, mode), differences(flat, eps)
    outputs = flat.call(flat.inputs)
    for o, y in enumerate(outputs):
        for n, x in enumerate(flat.inputs):
            a, b = analytic[o][n], numeric[o][n]
            if not a.size:
                continue
            excess = np.abs(a - b) - tolerance.around(b)
            row, column = np.unravel_index(np.argmax(np.nan_to_num(excess, nan=np.inf)), a.shape)
            row, column = int(row), int(column)
            difference = Difference(
                mode=mode,
                output=flat.output_names[o],
                input=flat.input_names[n],
                output_index=_index(y, row),
                input_index=_index(x, column),
                part=_parts(y, row, x, column),
                analytic=float(a[row, column]),
                numeric=float(b[row, column]),
                tolerance=float(tolerance.around(b[row, column])),
                kink=None,
            )
            if not difference.is_within:
                kink = _kink(flat, o, n, row, column, eps, tolerance)
                difference = dataclasses.replace(difference, kink=kink)
            yield difference


def _index(x: Any, place: int) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(place % max(x.size, 1), x.shape)))


def _parts(y: Any, row: int, x: Any, column: int) -> str:
    if not (jnp.iscomplexobj(x) or jnp.iscomplexobj(y)):
        return ""
    return " by ".join("imag" if at >= z.size else "real" for z, at in ((y, row), (x, column)))


def _kink(
    flat: Flat, o: int, n: int, row: int, column: int, eps: float, tolerance: _Tolerance
) -> tuple[float, float] | None:
    """The slopes of one element from below and above, if they differ for smaller steps too."""
    x = flat.inputs[n]
    unit = from_reals(np.eye(1, reals(x).size, column)[0], x)
    at = reals(flat.call(flat.inputs)[o])[row]
    slopes = []
    for size in (eps, eps / 4):
        above, below = (moved(flat, n, sign * size * unit)[o][row] for sign in (1, -1))
        slopes.append(((at - below) / size, (above - at) / size))
    gaps = [abs(above - below) for below, above in slopes]
    persists = all(gap > 2 * tolerance.around(max(map(abs, slopes[0]))) for gap in gaps)
    return slopes[0] if persists and gaps[1] > 0.5 * gaps[0] else None


def _directions(arrays: Sequence[jax.Array], key: jax.Array | None) -> list[jax.Array]:
    """A direction for each array: random with a key, else of fixed irrational numbers."""
    if key is not None:
        keys = jax.random.split(key, len(arrays))
        drawn = (
            jax.random.normal(key, (reals(x).size,), jnp.float64)
            for key, x in zip(keys, arrays, strict=True)
        )
        return [from_reals(np.asarray(d), x) for d, x in zip(drawn, arrays, strict=True)]
    golden = (1 + math.sqrt(5)) / 2
    counts = [np.arange(1, reals(x).size + 1) for x in arrays]
    fixed = [0.5 + (count * golden + n * math.sqrt(2)) % 1 for n, count in enumerate(counts)]
    return [from_reals(d, x) for d, x in zip(fixed, arrays, strict=True)]


def _compared_along(
    flat: Flat, mode: str, eps: float, tolerance: _Tolerance, directions: Sequence[jax.Array]
) -> Iterator[Difference]:
    """One projection vᵀ J u of each Jacobian."""
    outputs = flat.call(flat.inputs)
    us, vs = directions[: len(flat.inputs)], directions[len(flat.inputs) :]
    zeros = [jnp.zeros_like(y) for y in outputs]
    for n, u in enumerate(us):
        rest = [jnp.zeros_like(other) for other in flat.inputs]
        pushed = None if mode == "backward" else push(flat, [*rest[:n], u, *rest[n + 1 :]])
        above, below = moved(flat, n, eps * u), moved(flat, n, -eps * u)
        for o, v in enumerate(vs):
            numeric = float(reals(v) @ (above[o] - below[o])) / (2 * eps)
            if pushed is None:
                pulled = pull(flat, flat.inputs, [*zeros[:o], v, *zeros[o + 1 :]])
                analytic = float(reals(pulled[n]) @ reals(u))
            else:
                analytic = float(reals(v) @ reals(pushed[o]))
            sizes = np.abs(reals(u)).sum() * np.abs(reals(v)).sum()
            allowed = tolerance.absolute * float(sizes) + tolerance.relative * abs(numeric)
            names = flat.output_names[o], flat.input_names[n]
            yield Difference(
                f"fast {mode}", *names, None, None, "", analytic, numeric, allowed, None
            )


def _problems(flat: Flat, allowed: float, undefined: bool) -> Iterator[str]:
    """Other problems: backward is not deterministic, or not zero for a zero cotangent."""
    outputs = flat.call(flat.inputs)
    cotangents = _directions(outputs, None)
    pairs = zip(
        flat.input_names,
        pull(flat, flat.inputs, cotangents),
        pull(flat, flat.inputs, cotangents),
        strict=True,
    )
    for name, first, second in pairs:
        gap = float(np.max(np.abs(np.asarray(first) - np.asarray(second)), initial=0.0))
        if not gap <= allowed and not np.array_equal(first, second, equal_nan=True):
            yield f"backward is not deterministic: {name}'s gradients differ by {gap:.3g}"
    if undefined:
        for name, gradient in zip(
            flat.input_names,
            pull(flat, flat.inputs, [jnp.zeros_like(y) for y in outputs]),
            strict=True,
        ):
            if np.any(np.asarray(gradient) != 0):
                yield f"backward of a zero cotangent is not zero: {name}"
