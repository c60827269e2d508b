"""`compare_training`: two training runs, step by step."""

import importlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from jaxgrad import _checks

from . import moving, sides
from .apart import CLOSE, Difference, apart, different
from .comparison import Report, culprit, problem_of
from .sides import Outcome, Problem


class _Run(NamedTuple):
    """A training run: before each step the parameters, then the loss and the gradients at them.

    Attributes:
        outcomes: for each step its loss, gradients, and as state the parameters after it.
        setting: the optimizer and its settings in words.
        named: PyTorch's parameters and buffers before each step.
    """

    outcomes: list[Outcome]
    setting: str = ""
    named: Sequence[Mapping[str, np.ndarray]] = ()


def compare_training(
    torch_fn: Callable[..., Any],
    jax_fn: Callable[..., Any],
    inputs: Any,
    *,
    torch_optimizer: Callable[[Any], Any],
    jax_optimizer: optax.GradientTransformation,
    params: Any,
    module: Any = None,
    state: Any = None,
    mapping: Mapping[str, Any] | None = None,
    torch_scheduler: Callable[[Any], Any] | None = None,
    steps: int = 20,
) -> Report:
    r"""Holds a training run against its original, step by step, in float64.

    Both begin with PyTorch's parameters and see the same batches. The first step is told at which
    a gradient, or a parameter after the step, is further apart than rounding (1e-7 of its largest
    element); then what did it: the function, as `compare` finds it, or the optimizer, with the
    settings under which PyTorch's would do what JAX's does, where some of the usual ones do.

    Differs from PyTorch: nothing there compares two runs.

    Args:
        torch_fn: gives the loss, a number; as for `compare`.
        jax_fn: its port: takes `params`, then `state` where that is given, then the inputs.
        inputs: the arguments of one batch, a tuple; or a list of such, which are used in turn.
        torch_optimizer: makes the optimizer of the parameters, such as
            `lambda p: torch.optim.AdamW(p, lr=1e-3)`.
        jax_optimizer: an optax transformation.
        params: JAX's parameters; their shapes count.
        module: the module whose parameters are trained, where `torch_fn` is not one itself.
        state: JAX's buffers; then `jax_fn` returns (loss, new state).
        mapping: as for `compare`.
        torch_scheduler: makes a learning rate scheduler of the optimizer; it is stepped after every
            step.
        steps: how many.

    Returns:
        The report: "agrees" or "differs".

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        ValueError: the arrays cannot be matched, a loss is not a number, `steps` is below 1.
        TypeError: an argument of the wrong kind.

    Source: https://docs.pytorch.org/docs/stable/optim.html

    >>> import jax.numpy as jnp, numpy as np, optax
    >>> from jaxgrad.port import compare_training
    >>> import torch  # doctest: +SKIP
    >>> model = torch.nn.Linear(3, 1)  # doctest: +SKIP
    >>> report = compare_training(  # doctest: +SKIP
    ...     lambda x: model(x).square().mean(),
    ...     lambda p, x: jnp.square(x @ p["w"] + p["b"]).mean(),
    ...     np.ones((4, 3)),
    ...     module=model,
    ...     params={"w": jnp.zeros((3, 1)), "b": jnp.zeros(1)},
    ...     torch_optimizer=lambda p: torch.optim.AdamW(p, lr=1e-3),
    ...     jax_optimizer=optax.adamw(1e-3),
    ... )
    >>> report.first.split(":")[0]  # doctest: +SKIP
    'the runs part at step 0'
    """
    if steps < 1:
        raise ValueError(_checks.wrong("compare_training", "steps", "1 or more", steps, "ask more"))
    if not callable(torch_optimizer):
        expected, got = "a function of the parameters", type(torch_optimizer).__name__
        remedy = "pass lambda p: torch.optim.SGD(p, lr=0.1)"
        raise TypeError(_checks.wrong("compare_training", "torch_optimizer", expected, got, remedy))
    batches = inputs if isinstance(inputs, list) else [inputs]
    problems = [
        problem_of(torch_fn, jax_fn, batch, module, params, state, mapping or {})
        for batch in batches
    ]
    if problems[0].module is None:
        expected = "the nn.Module whose parameters are trained"
        raise TypeError(_checks.wrong("compare_training", "module", expected, None, "pass it"))
    maker = _Maker(torch_optimizer, torch_scheduler)
    ours = _torch_run(problems, maker, steps)
    theirs = _jax_run(problems, jax_optimizer, steps)
    for step, (expected, got) in enumerate(zip(ours.outcomes, theirs.outcomes, strict=False)):
        found = different(expected, got, meaning=True)
        if found:
            reason = _reason(problems, step, found, maker, ours, theirs)
            first = f"the runs part at step {step}: {_words(found[0])}{reason}"
            notes = (f"{len(ours.outcomes)} steps of {ours.setting} in float64",)
            return Report("differs", first, tuple(found), notes)
    distance = max(
        apart(leaf, got.state[path])
        for expected, got in zip(ours.outcomes, theirs.outcomes, strict=True)
        for path, leaf in expected.state.items()
    )
    first = f"agrees: {steps} steps of {ours.setting} in float64, at most {distance:.2g} of an "
    return Report("agrees", first + "array's largest element apart")


class _Maker(NamedTuple):
    """Makes PyTorch's optimizer and its scheduler, with some settings changed."""

    optimizer: Callable[[Any], Any]
    scheduler: Callable[[Any], Any] | None
    changes: Mapping[str, Any] = {}

    def made(self, module: Any) -> tuple[Any, Any]:
        optimizer = self.optimizer(module.parameters())
        for group in optimizer.param_groups:
            group.update(self.changes)
        return optimizer, self.scheduler and self.scheduler(optimizer)


def _words(difference: Difference) -> str:
    """A difference, of which the state is the parameters after the step."""
    return str(difference).replace("the new state differs", "parameters differ")


def _torch_run(problems: Sequence[Problem], maker: _Maker, steps: int) -> _Run:
    problem = problems[0]
    torch = importlib.import_module("torch")
    outcomes, before = [], []
    with sides.loaded(problem.module, problem.named, wide=True), torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        optimizer, scheduler = maker.made(problem.module)
        for step in range(steps):
            batch = problems[step % len(problems)]
            before.append(sides.named_arrays(problem.module))
            optimizer.zero_grad()
            arguments, _ = sides.torch_call(batch, wide=True)
            try:
                loss = batch.torch_fn(*arguments)
                if loss.numel() != 1:
                    raise ValueError(_not_a_number("torch_fn", tuple(loss.shape)))
                loss.backward()
            except ValueError:
                raise
            except Exception as error:
                outcomes.append(Outcome(error=f"{type(error).__name__}: {error}"))
                break
            grads = {
                name: np.zeros(tuple(p.shape)) if p.grad is None else moving.to_numpy(p.grad)
                for name, p in problem.module.named_parameters()
            }
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            after = sides.named_arrays(problem.module)
            outcomes.append(
                Outcome(
                    {"loss": moving.to_numpy(loss).reshape(())},
                    {
                        p: moving.moved(m, grads)
                        for p, m in problem.moves.items()
                        if m.name in grads
                    },
                    {path: moving.moved(move, after) for path, move in problem.moves.items()},
                )
            )
    return _Run(outcomes, type(optimizer).__name__, before)


def _not_a_number(name: str, shape: tuple[int, ...]) -> str:
    expected, got = "a function that gives a loss, a number", f"one that gives shape {shape}"
    return _checks.wrong("compare_training", name, expected, got, "reduce it, such as by mean")


def _jax_run(
    problems: Sequence[Problem], optimizer: optax.GradientTransformation, steps: int
) -> _Run:
    problem = problems[0]

    def loss_of(params: Any, *rest: Any) -> Any:
        value, state = sides.split(problem, problem.jax_fn(params, *rest))
        if np.size(value) != 1:
            raise ValueError(_not_a_number("jax_fn", np.shape(value)))
        return value.reshape(()), state

    @jax.jit
    def step_of(params: Any, held: Any, rest: Any) -> Any:
        (loss, state), grads = jax.value_and_grad(loss_of, has_aux=True)(params, *rest)
        updates, held = optimizer.update(grads, held, params)
        return optax.apply_updates(params, updates), held, state, loss, grads

    outcomes = []
    with sides.settings(wide=True):
        arguments = [sides.jax_call(batch, wide=True) for batch in problems]
        params, *rest = arguments[0]
        state = None if problem.state is None else rest[0]
        held = optimizer.init(params)
        for step in range(steps):
            given = arguments[step % len(problems)][1:]
            given = given if state is None else (state, *given[1:])
            params, held, state, loss, grads = step_of(params, held, given)
            after = [*moving.paths(params, "params"), *moving.paths(state, "state")]
            outcomes.append(
                Outcome(
                    {"loss": np.asarray(loss)},
                    {path: np.asarray(leaf) for path, leaf in moving.paths(grads, "params")},
                    {path: np.asarray(leaf) for path, leaf in after},
                )
            )
    return _Run(outcomes)


def _reason(
    problems: Sequence[Problem],
    step: int,
    found: Sequence[Difference],
    maker: _Maker,
    ours: _Run,
    theirs: _Run,
) -> str:
    """What parts the runs: the function, or else the optimizer."""
    batch = problems[step % len(problems)]
    if any(d.kind in ("value", "gradient") for d in found):
        there = batch.at(batch.inputs, ours.named[step])
        return "; the function gives it" + culprit(there, list(found))
    settings = _settings(problems, step, maker, ours, theirs)
    if settings:
        return f"; {settings}"
    path = found[0].where
    before = moving.moved(batch.moves[path], ours.named[step])
    one, other = (
        ours.outcomes[step].state[path] - before,
        theirs.outcomes[step].state[path] - before,
    )
    moving_ones = np.abs(one) > CLOSE * np.max(np.abs(one), initial=0.0)
    if np.any(moving_ones):
        ratio = other[moving_ones] / one[moving_ones]
        if np.ptp(ratio) <= 1e-5 * abs(np.mean(ratio)):
            return f"; JAX's step is {np.mean(ratio):.6g} times PyTorch's: another learning rate"
    return f"; the gradients agree, so it is the optimizer: PyTorch's is {ours.setting}"


_EPS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-16, 1e-5, 0.0)
_CANDIDATES: dict[str, tuple[Any, ...]] = {
    "weight_decay": (0.0, 1e-4, 1e-2, 5e-4, 1e-3, 1e-5, 0.1),
    "decoupled_weight_decay": (True, False),
    "eps": _EPS,
    "betas": ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.9, 0.98), (0.95, 0.999)),
    "momentum": (0.0, 0.9, 0.99, 0.1),
    "dampening": (0.0, 0.9, 0.1),
    "nesterov": (True, False),
    "amsgrad": (True, False),
    "centered": (True, False),
    "alpha": (0.99, 0.9, 0.999, 0.95),
    "rho": (0.9, 0.95, 0.99),
    "initial_accumulator_value": (0.0, 0.1),
    "maximize": (True, False),
}


def _settings(
    problems: Sequence[Problem], step: int, maker: _Maker, ours: _Run, theirs: _Run
) -> str:
    """The settings under which PyTorch's optimizer does what JAX's does, in words, or nothing."""
    torch = importlib.import_module("torch")
    parameters = [torch.nn.Parameter(p.detach().clone()) for p in problems[0].module.parameters()]
    group = maker.optimizer(parameters).param_groups[0]
    until = min(step + 3, len(theirs.outcomes))
    for changes in _changes(group):
        try:
            tried = _torch_run(problems, maker._replace(changes=changes), until)
        except Exception:  # not a setting it takes
            continue
        pairs = zip(tried.outcomes, theirs.outcomes, strict=False)
        if not any(different(expected, got, meaning=True) for expected, got in pairs):
            was = ", ".join(f"{name}={group[name]!r}" for name in changes)
            now = ", ".join(f"{name}={value!r}" for name, value in changes.items())
            return f"PyTorch runs {ours.setting}({was}), JAX what {ours.setting}({now}) gives"
    return ""


def _changes(group: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One setting changed, then two."""
    known = {name: values for name, values in _CANDIDATES.items() if name in group}
    single = [
        {name: value} for name, values in known.items() for value in values if value != group[name]
    ]
    yield from single
    for one, other in itertools.combinations(single, 2):
        if one.keys() != other.keys():
            yield one | other
