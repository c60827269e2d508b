"""`compare_training`: a training run of the port compared with the original's, step by step."""

import importlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from jaxgrad import _checks

from .arrays import paths, to_numpy
from .comparison import Report, cause, distance_in_words, make_pair
from .differences import CLOSE, Difference, find_differences, relative_distance
from .pair import Outcome, Pair, one_line
from .run_jax import jax_arguments, settings, value_and_state
from .run_torch import loaded, named_arrays, torch_arguments


class _OptimizerFactory(NamedTuple):
    """Makes PyTorch's optimizer and scheduler, with some settings of the optimizer changed."""

    optimizer: Callable[[Any], Any]
    scheduler: Callable[[Any], Any] | None
    changes: Mapping[str, Any] = {}

    def make(self, parameters: Any) -> tuple[Any, Any]:
        """The optimizer of these parameters and its scheduler, which may be None."""
        optimizer = self.optimizer(parameters)
        for group in optimizer.param_groups:
            group.update(self.changes)
        return optimizer, self.scheduler and self.scheduler(optimizer)


class _Runs(NamedTuple):
    """Both training runs: a pair for each batch, and the outcomes of each step.

    `named` has PyTorch's parameters and buffers before each step. The state of an outcome has the
    parameters and buffers after it.
    """

    batches: Sequence[Pair]
    factory: _OptimizerFactory
    name: str
    named: Sequence[Mapping[str, np.ndarray]]
    torch: Sequence[Outcome]
    jax: Sequence[Outcome]


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
    r"""Compares a training run of the port with the original's, step by step, in float64.

    Both runs begin with PyTorch's parameters and use the same batches. The report names the first
    step at which a loss, a gradient or a parameter differs by more than rounding (1e-7 of the
    largest element of its array), and the cause: the function, as `compare` finds it, or the
    optimizer. If PyTorch's optimizer with other usual settings does what JAX's does, the report
    names these settings.

    Differs from PyTorch: PyTorch has no function that compares two training runs.

    Args:
        torch_fn: returns the loss, a number; as for `compare`.
        jax_fn: its port. It takes `params`, then `state` if it is given, then the inputs.
        inputs: the arguments of one batch, a tuple; or a list of batches, which are used in turn.
        torch_optimizer: makes the optimizer of the parameters, such as
            `lambda p: torch.optim.AdamW(p, lr=1e-3)`.
        jax_optimizer: an optax transformation.
        params: JAX's parameters; only their shapes matter.
        module: the module that is trained, if `torch_fn` is not a module itself.
        state: JAX's buffers. With it `jax_fn` returns a pair (loss, new state).
        mapping: as for `compare`.
        torch_scheduler: makes a learning rate scheduler of the optimizer. Its `step` is called
            after every step.
        steps: the number of steps.

    Returns:
        The report, with the verdict "agrees" or "differs".

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        ValueError: the arrays cannot be matched, a loss is not a number, or `steps` is below 1.
        TypeError: an argument is of the wrong kind.

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
    check = _checks.of("compare_training")
    if steps < 1:
        raise ValueError(check.wrong("steps", "1 or more", steps, "ask more"))
    if not callable(torch_optimizer):
        expected, got = "a function of the parameters", type(torch_optimizer).__name__
        remedy = "pass lambda p: torch.optim.SGD(p, lr=0.1)"
        raise TypeError(check.wrong("torch_optimizer", expected, got, remedy))
    pairs = [
        make_pair(torch_fn, jax_fn, batch, module, params, state, mapping or {})
        for batch in (inputs if isinstance(inputs, list) else [inputs])
    ]
    if pairs[0].module is None:
        expected = "the nn.Module whose parameters are trained"
        raise TypeError(check.wrong("module", expected, None, "pass it"))
    factory = _OptimizerFactory(torch_optimizer, torch_scheduler)
    name, named, theirs = _train_torch(pairs, factory, steps)
    runs = _Runs(pairs, factory, name, named, theirs, _train_jax(pairs, jax_optimizer, steps))
    for step, (expected, got) in enumerate(zip(runs.torch, runs.jax, strict=False)):
        found = find_differences(expected, got, float64=True)
        if found:
            what = str(found[0]).replace("the new state differs", "parameters differ")
            first = f"the runs part at step {step}: {what}{_cause(runs, step, found)}"
            note = f"{len(runs.torch)} steps of {name} in float64"
            return Report("differs", first, tuple(found), (note,))
    distance = max(
        relative_distance(leaf, got.state[path])
        for expected, got in zip(runs.torch, runs.jax, strict=True)
        for path, leaf in expected.state.items()
    )
    first = f"agrees: {steps} steps of {name} in float64; {distance_in_words(distance)}"
    return Report("agrees", first)


def _train_torch(
    pairs: Sequence[Pair], factory: _OptimizerFactory, steps: int
) -> tuple[str, list[dict[str, np.ndarray]], list[Outcome]]:
    """The class of the optimizer, the arrays before each step, and the outcome of each step."""
    module = pairs[0].module
    outcomes, before = [], []
    with loaded(pairs[0], float64=True):
        optimizer, scheduler = factory.make(module.parameters())
        for step in range(steps):
            before.append(named_arrays(module))
            optimizer.zero_grad()
            try:
                loss = _loss(pairs[step % len(pairs)])
                loss.backward()
            except ValueError:
                raise
            except Exception as error:
                outcomes.append(Outcome(error=one_line(error)))
                break
            grads = {
                name: np.zeros(tuple(p.shape)) if p.grad is None else to_numpy(p.grad)
                for name, p in module.named_parameters()
            }
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            value = {"loss": to_numpy(loss).reshape(())}
            grads = pairs[0].in_jax_layout(grads)
            state = pairs[0].in_jax_layout(named_arrays(module))
            outcomes.append(Outcome(value, grads, state))
    return type(optimizer).__name__, before, outcomes


def _loss(pair: Pair) -> Any:
    """PyTorch's loss of one batch."""
    loss = pair.torch_fn(*torch_arguments(pair, float64=True)[0])
    if loss.numel() != 1:
        raise ValueError(_not_a_number("torch_fn", tuple(loss.shape)))
    return loss


def _not_a_number(name: str, shape: tuple[int, ...]) -> str:
    expected, got = "a function that gives a loss, a number", f"one that gives shape {shape}"
    return _checks.of("compare_training").wrong(name, expected, got, "reduce it, such as by mean")


def _train_jax(
    pairs: Sequence[Pair], optimizer: optax.GradientTransformation, steps: int
) -> list[Outcome]:
    """The outcome of each step."""
    pair = pairs[0]

    def loss_and_state(params: Any, *rest: Any) -> Any:
        value, state = value_and_state(pair, pair.jax_fn(params, *rest))
        if np.size(value) != 1:
            raise ValueError(_not_a_number("jax_fn", np.shape(value)))
        return value.reshape(()), state

    @jax.jit
    def train_step(params: Any, optimizer_state: Any, rest: Any) -> Any:
        (loss, state), grads = jax.value_and_grad(loss_and_state, has_aux=True)(params, *rest)
        updates, optimizer_state = optimizer.update(grads, optimizer_state, params)
        return optax.apply_updates(params, updates), optimizer_state, state, loss, grads

    outcomes = []
    with settings(float64=True):
        arguments = [jax_arguments(batch, float64=True) for batch in pairs]
        params, *rest = arguments[0]
        state = None if pair.state is None else rest[0]
        optimizer_state = optimizer.init(params)
        for step in range(steps):
            rest = arguments[step % len(pairs)][1:]
            rest = rest if state is None else (state, *rest[1:])
            params, optimizer_state, state, loss, grads = train_step(params, optimizer_state, rest)
            after = [*paths(params, "params"), *paths(state, "state")]
            outcomes.append(
                Outcome(
                    {"loss": np.asarray(loss)},
                    {path: np.asarray(leaf) for path, leaf in paths(grads, "params")},
                    {path: np.asarray(leaf) for path, leaf in after},
                )
            )
    return outcomes


def _cause(runs: _Runs, step: int, found: Sequence[Difference]) -> str:
    """What makes the runs differ, in words: the function, or else the optimizer."""
    pair = runs.batches[step % len(runs.batches)]
    if any(d.kind in ("value", "gradient") for d in found):
        there = pair.at(pair.inputs, runs.named[step])
        return "; the cause is the function" + cause(there, list(found))
    settings = _other_settings(runs, step)
    if settings:
        return f"; {settings}"
    path = found[0].where
    before = pair.matches[path].array(runs.named[step])
    theirs, ours = (outcomes[step].state[path] - before for outcomes in (runs.torch, runs.jax))
    changed = np.abs(theirs) > CLOSE * np.max(np.abs(theirs), initial=0.0)
    if np.any(changed):
        ratio = ours[changed] / theirs[changed]
        if np.ptp(ratio) <= 1e-5 * abs(np.mean(ratio)):
            return f"; JAX's step is {np.mean(ratio):.6g} times PyTorch's: another learning rate"
    return f"; the gradients agree, so the cause is the optimizer: PyTorch's is {runs.name}"


_EPS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-16, 1e-5, 0.0)
_USUAL: dict[str, tuple[Any, ...]] = {
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


def _other_settings(runs: _Runs, step: int) -> str:
    """The settings with which PyTorch's optimizer does what JAX's does, in words; or ""."""
    torch = importlib.import_module("torch")
    module = runs.batches[0].module
    parameters = [torch.nn.Parameter(p.detach().clone()) for p in module.parameters()]
    group = runs.factory.optimizer(parameters).param_groups[0]
    for changes in _changes(group):
        factory = runs.factory._replace(changes=changes)
        try:
            _, _, outcomes = _train_torch(runs.batches, factory, min(step + 3, len(runs.jax)))
        except Exception:  # the optimizer does not take these settings
            continue
        pairs = zip(outcomes, runs.jax, strict=False)
        if not any(find_differences(*pair, float64=True) for pair in pairs):
            given = ", ".join(f"{name}={group[name]!r}" for name in changes)
            other = ", ".join(f"{name}={value!r}" for name, value in changes.items())
            return f"PyTorch runs {runs.name}({given}), JAX runs {runs.name}({other})"
    return ""


def _changes(group: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every other value of one setting, then of two."""
    single = [
        {name: value}
        for name, values in _USUAL.items()
        if name in group
        for value in values
        if value != group[name]
    ]
    yield from single
    for one, other in itertools.combinations(single, 2):
        if one.keys() != other.keys():
            yield one | other
