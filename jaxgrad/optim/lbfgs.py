"""L-BFGS as in PyTorch: one update is up to `max_iter` iterations."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import DTypeLike

from .. import _checks
from . import _hyperparameters
from . import _trees as trees
from ._hyperparameters import Rate
from ._strong_wolfe import Point, strong_wolfe

ValueFn = Callable[[Any], Any]


class LBFGSState(NamedTuple):
    """The state of `lbfgs`, under PyTorch's names. Complex leaves are pairs of real numbers.

    Attributes:
        count: int32, the number of updates, the argument of a schedule.
        n_iter: int32, the number of iterations.
        func_evals: int32, the number of evaluations of the function.
        d: the last direction, like the parameters.
        t: the last step along it.
        old_dirs: the last differences of gradients, with a first axis of length `history_size`;
            pair number i is at index i modulo `history_size`.
        old_stps: the steps of the same pairs.
        ro: the reciprocals of the pairs' inner products.
        pairs: int32, the number of pairs so far.
        H_diag: the scale of the first Hessian approximation.
        prev_flat_grad: the gradient before the last step.
        prev_loss: the value before the last step.
    """

    count: Any
    n_iter: jax.Array
    func_evals: jax.Array
    d: Any
    t: jax.Array
    old_dirs: Any
    old_stps: Any
    ro: jax.Array
    pairs: jax.Array
    H_diag: jax.Array
    prev_flat_grad: Any
    prev_loss: jax.Array


class _Options(NamedTuple):
    max_iter: int
    max_eval: int
    tolerance_grad: Any
    tolerance_change: Any
    history_size: int
    searches: bool


class _Run(NamedTuple):
    """The loop state of one update: the point, its value and gradient, and whether it is over."""

    x: Any
    loss: jax.Array
    grad: Any
    state: LBFGSState
    iterations: jax.Array
    evals: jax.Array
    over: jax.Array


def lbfgs(
    lr: Rate = 1.0,
    max_iter: int = 20,
    max_eval: int | None = None,
    tolerance_grad: float = 1e-7,
    tolerance_change: float = 1e-9,
    history_size: int = 100,
    line_search_fn: str | None = None,
) -> optax.GradientTransformationExtraArgs:
    """`torch.optim.LBFGS`: one update is one `step(closure)`, of up to `max_iter` iterations.

        θ ← θ + t d,   d = -H g, with H the quasi-Newton inverse Hessian of the last steps

    Source: Nocedal, 1980, https://doi.org/10.1090/S0025-5718-1980-0572855-7;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html

    Args:
        lr: the step t (lr · min(1, 1 / Σ|g|) in the first iteration), or the start of a line
            search: a number, a traced scalar, or a schedule.
        max_iter: the most iterations of an update.
        max_eval: the most evaluations of an update, None for 5 / 4 of `max_iter`.
        tolerance_grad: an update ends if no |gᵢ| is above it.
        tolerance_change: an update ends if no θᵢ changes by more, or if the value changes by less.
        history_size: the number of steps in H; the memory is that of 2 · history_size + 3 copies of
            the parameters.
        line_search_fn: None, or "strong_wolfe".

    Returns:
        A transformation whose `update(grads, state, params, value_fn=f, value=f(params))` returns
        the sum of the steps of all iterations. `f` is a function of the parameters alone; `value`
        may be left out. A leaf whose gradient is None does not move.

    Raises:
        ValueError: a number is out of range; `params` or `value_fn` is not given.
        TypeError: an argument is not a number, or `f` does not return a real scalar.

    >>> import jax, jax.numpy as jnp, optax
    >>> from jaxgrad.optim import lbfgs
    >>> def rosenbrock(x):
    ...     return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> x, optimizer = jnp.array([-1.0, 2.0]), lbfgs(max_iter=50, line_search_fn="strong_wolfe")
    >>> grads, state = jax.grad(rosenbrock)(x), optimizer.init(x)
    >>> updates, state = optimizer.update(grads, state, x, value_fn=rosenbrock)
    >>> [round(float(v), 3) for v in optax.apply_updates(x, updates)]
    [1.0, 1.0]
    """
    check = _checks.of("lbfgs")
    rate = _hyperparameters.rate(check, lr)
    iterations = _hyperparameters.count(check, "max_iter", max_iter, 1)
    if max_eval is None:
        max_eval = iterations * 5 // 4
    if line_search_fn is not None:
        check.option("line_search_fn", line_search_fn, ("strong_wolfe",))
    options = _Options(
        iterations,
        _hyperparameters.count(check, "max_eval", max_eval, 1),
        _hyperparameters.number(check, "tolerance_grad", tolerance_grad),
        _hyperparameters.number(check, "tolerance_change", tolerance_change),
        check.integer("history_size", history_size, 1),
        line_search_fn is not None,
    )

    def init(params: optax.Params) -> LBFGSState:
        params = _hyperparameters.parameters(check, params)
        x = _as_pairs(jax.tree.map(jnp.zeros_like, params))
        dtype = trees.largest(x).dtype

        def zeros(*axes: int) -> Any:  # each in its own memory, which a step may donate
            return jax.tree.map(lambda p: jnp.broadcast_to(jnp.zeros_like(p), (*axes, *p.shape)), x)

        def numbers(dtype: DTypeLike, *shape: int) -> jax.Array:
            return jnp.asarray(np.zeros(shape, dtype))

        history = options.history_size
        return LBFGSState(
            *(numbers(jnp.int32) for _ in range(3)),
            d=zeros(),
            t=numbers(dtype),
            old_dirs=zeros(history),
            old_stps=zeros(history),
            ro=numbers(dtype, history),
            pairs=numbers(jnp.int32),
            H_diag=numbers(dtype),
            prev_flat_grad=zeros(),
            prev_loss=numbers(dtype),
        )

    def update(
        updates: optax.Updates,
        state: Any,
        params: optax.Params | None = None,
        *,
        value_fn: ValueFn | None = None,
        value: Any = None,
        **_: Any,
    ) -> tuple[optax.Updates, LBFGSState]:
        if params is None or value_fn is None:
            missing = "params" if params is None else "value_fn"
            raise ValueError(check.wrong(missing, "given to update", None))
        treedef = jax.tree.structure(params)
        leaves = treedef.flatten_up_to(updates)
        free = [leaf is not None for leaf in leaves]
        evaluate = _evaluation(value_fn, params, free)
        x, dtype = _as_pairs(params), state.prev_loss.dtype
        given = [
            jnp.zeros_like(p) if g is None else _gradient(g, p)
            for g, p in zip(leaves, treedef.flatten_up_to(params), strict=True)
        ]
        loss = jnp.asarray(value_fn(params) if value is None else value).astype(dtype)
        state = state._replace(func_evals=state.func_evals + 1)
        one = jnp.ones((), jnp.int32)
        grad = _as_pairs(treedef.unflatten(given))
        optimal = trees.largest(grad) <= options.tolerance_grad
        lr_now = jnp.asarray(rate(state.count) if callable(rate) else rate).astype(dtype)
        run = _Run(x, loss, grad, state, one - 1, one, optimal)
        run = jax.lax.while_loop(
            lambda run: ~run.over & (run.iterations < options.max_iter),
            lambda run: _iteration(run, evaluate, lr_now, options),
            run,
        )
        total = _from_pairs(jax.tree.map(jnp.subtract, run.x, x), params)
        count = optax.safe_increment(state.count)
        return total, run.state._replace(count=count)

    return optax.GradientTransformationExtraArgs(init, update)


def _iteration(run: _Run, evaluate: Any, lr: jax.Array, options: _Options) -> _Run:
    """A new direction, and a step along it if it descends enough."""
    state = _remembered(run, options)
    first = state.n_iter == 0
    negative = jax.tree.map(jnp.negative, run.grad)
    d = optax.tree.where(first, negative, _direction(run.grad, state, options.history_size))
    t = jnp.where(first, jnp.minimum(1, 1 / trees.absolute_sum(run.grad)), 1).astype(lr.dtype) * lr
    state = state._replace(
        n_iter=state.n_iter + 1, d=d, t=t, prev_flat_grad=run.grad, prev_loss=run.loss
    )
    run = run._replace(state=state, iterations=run.iterations + 1)
    slope = trees.dot(run.grad, d).astype(lr.dtype)
    advance = _searched if options.searches else _stepped
    return jax.lax.cond(
        slope > -options.tolerance_change,
        lambda run: run._replace(over=jnp.ones((), bool)),
        lambda run: _judged(advance(run, evaluate, slope, options), run, options),
        run,
    )


def _remembered(run: _Run, options: _Options) -> LBFGSState:
    """The state, with the last step and its change of the gradient as the newest pair."""
    state = run.state
    y = jax.tree.map(jnp.subtract, run.grad, state.prev_flat_grad)
    s = trees.scale(state.t, state.d)
    product = trees.dot(y, s).astype(state.ro.dtype)
    keeps = (state.n_iter > 0) & (product > 1e-10)
    place = jnp.where(keeps, state.pairs % options.history_size, options.history_size)

    def put(memory: jax.Array, new: jax.Array) -> jax.Array:
        return memory.at[place].set(new, mode="drop")

    square = trees.dot(y, y).astype(state.ro.dtype)
    scale = jnp.where(state.n_iter > 0, state.H_diag, 1)
    return state._replace(
        old_dirs=jax.tree.map(put, state.old_dirs, y),
        old_stps=jax.tree.map(put, state.old_stps, s),
        ro=put(state.ro, 1 / jnp.where(keeps, product, 1)),
        pairs=state.pairs + keeps.astype(jnp.int32),
        H_diag=jnp.where(keeps, product / jnp.where(keeps, square, 1), scale),
    )


def _direction(grad: Any, state: LBFGSState, history: int) -> Any:
    """The direction -H g, by the two loops over the pairs: backward and forward."""
    kept = jnp.minimum(state.pairs, history)

    def pair(i: jax.Array) -> tuple[Any, Any, jax.Array]:
        y, s = (jax.tree.map(lambda m: m[i], tree) for tree in (state.old_dirs, state.old_stps))
        return y, s, state.ro[i]

    def backward(k: jax.Array, carry: tuple[Any, jax.Array]) -> tuple[Any, jax.Array]:
        q, weights = carry
        i = (state.pairs - 1 - k) % history
        y, s, ro = pair(i)
        weight = trees.dot(s, q).astype(ro.dtype) * ro
        return trees.add_scale(q, -weight, y), weights.at[i].set(weight)

    def forward(k: jax.Array, carry: tuple[Any, jax.Array]) -> tuple[Any, jax.Array]:
        r, weights = carry
        i = (state.pairs - kept + k) % history
        y, s, ro = pair(i)
        return trees.add_scale(r, weights[i] - trees.dot(y, r).astype(ro.dtype) * ro, s), weights

    start = jax.tree.map(jnp.negative, grad), jnp.zeros_like(state.ro)
    q, weights = jax.lax.fori_loop(0, kept, backward, start)
    return jax.lax.fori_loop(0, kept, forward, (trees.scale(state.H_diag, q), weights))[0]


def _stepped(run: _Run, evaluate: Any, slope: jax.Array, options: _Options) -> _Run:
    """A step of the given length. After the last iteration the function is not evaluated."""
    x = trees.add_scale(run.x, run.state.t, run.state.d)

    def evaluated(run: _Run) -> _Run:
        loss, grad = evaluate(x)
        return run._replace(loss=loss.astype(run.loss.dtype), grad=grad, evals=run.evals + 1)

    last = run.iterations == options.max_iter
    return jax.lax.cond(last, lambda run: run, evaluated, run)._replace(x=x)


def _searched(run: _Run, evaluate: Any, slope: jax.Array, options: _Options) -> _Run:
    """A step whose length satisfies the strong Wolfe conditions, if one is found."""
    d, dtype = run.state.d, run.loss.dtype

    def along(t: jax.Array) -> Point:
        f, grad = evaluate(trees.add_scale(run.x, t, d))
        return Point(t, f.astype(dtype), trees.dot(grad, d).astype(dtype), grad)

    start = Point(jnp.zeros((), dtype), run.loss, slope, run.grad)
    point, evals = strong_wolfe(
        along,
        start,
        run.state.t,
        trees.largest(d).astype(dtype),
        options.max_eval - run.evals,
        options.tolerance_change,
    )
    return run._replace(
        x=trees.add_scale(run.x, point.t, d),
        loss=point.f,
        grad=point.grad,
        state=run.state._replace(t=point.t),
        evals=run.evals + evals,
    )


def _judged(run: _Run, before: _Run, options: _Options) -> _Run:
    """The run, with `over` by PyTorch's conditions other than the number of iterations."""
    state, evals = run.state, run.evals - before.evals
    change = options.tolerance_change
    over = (
        (run.evals >= options.max_eval)
        | (trees.largest(run.grad) <= options.tolerance_grad)
        | (trees.largest(trees.scale(state.t, state.d)) <= change)
        | (jnp.abs(run.loss - state.prev_loss) < change)
    )
    return run._replace(state=state._replace(func_evals=state.func_evals + evals), over=over)


def _evaluation(value_fn: ValueFn, params: Any, free: list[bool]) -> Callable[[Any], Any]:
    """A function of a point of real arrays: the value and the gradient, 0 for fixed leaves."""

    def evaluate(x: Any) -> tuple[jax.Array, Any]:
        value, grads = jax.value_and_grad(value_fn)(_from_pairs(x, params))
        grads = jax.tree.map(jnp.conj, grads)  # PyTorch's convention
        leaves, treedef = jax.tree.flatten(grads)
        kept = [g if f else jnp.zeros_like(g) for g, f in zip(leaves, free, strict=True)]
        return value, _as_pairs(treedef.unflatten(kept))

    return evaluate


def _gradient(grad: Any, param: Any) -> jax.Array:
    """The gradient of a leaf, in its dtype."""
    check = _checks.of("lbfgs")
    return _hyperparameters.gradient(check, check.array("updates", grad), jnp.result_type(param))


def _as_pairs(tree: Any) -> Any:
    """Complex leaves as pairs of real numbers."""

    def of_leaf(leaf: Any) -> jax.Array:
        leaf = jnp.asarray(leaf)
        if not jnp.iscomplexobj(leaf):
            return leaf
        return jnp.stack([leaf.real, leaf.imag], axis=-1)

    return jax.tree.map(of_leaf, tree)


def _from_pairs(tree: Any, params: Any) -> Any:
    """The inverse of `_as_pairs`."""

    def of_leaf(leaf: jax.Array, like: Any) -> jax.Array:
        return jax.lax.complex(leaf[..., 0], leaf[..., 1]) if jnp.iscomplexobj(like) else leaf

    return jax.tree.map(of_leaf, tree, params)
