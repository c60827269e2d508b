"""Training runs of the original and of the port, in float64."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from jaxgrad import _checks

from .arrays import paths, to_numpy
from .pair import Outcome, Pair, one_line
from .run_jax import jax_arguments, settings, value_and_state
from .run_torch import loaded, named_arrays, torch_arguments


class OptimizerFactory(NamedTuple):
    """Makes PyTorch's optimizer and scheduler, with some settings of the optimizer changed.

    Attributes:
        optimizer: makes the optimizer of the parameters.
        scheduler: makes the scheduler of the optimizer; or None.
        changes: the settings that are changed.
        of: whether they are changed for a parameter, given its name and its number of axes.
    """

    optimizer: Callable[[Any], Any]
    scheduler: Callable[[Any], Any] | None
    changes: Mapping[str, Any] = {}
    of: Callable[[str, int], bool] | None = None

    def make(self, module: Any) -> tuple[Any, Any]:
        """The optimizer of a module's parameters and its scheduler, which may be None."""
        optimizer = self.optimizer(module.parameters())
        names = {id(parameter): name for name, parameter in module.named_parameters()}
        for group in list(optimizer.param_groups):
            if self.of is None:
                group.update(self.changes)
            else:
                chosen = [p for p in group["params"] if self.of(names.get(id(p), ""), p.ndim)]
                _set_apart(optimizer, group, chosen, self.changes)
        return optimizer, self.scheduler and self.scheduler(optimizer)


def _set_apart(
    optimizer: Any, group: dict[str, Any], chosen: Sequence[Any], changes: Mapping[str, Any]
) -> None:
    """Moves some parameters of a group of the optimizer to a new group with other settings."""
    ids = {id(parameter) for parameter in chosen}
    if len(chosen) == len(group["params"]):
        group.update(changes)
    elif chosen:
        group["params"] = [p for p in group["params"] if id(p) not in ids]
        optimizer.add_param_group({**group, "params": list(chosen), **changes})


class Runs(NamedTuple):
    """Both training runs: a pair for each batch, and the outcomes of each step.

    `named` has PyTorch's parameters and buffers before each step. The state of an outcome has the
    parameters and buffers after it.
    """

    batches: Sequence[Pair]
    factory: OptimizerFactory
    name: str
    named: Sequence[Mapping[str, np.ndarray]]
    torch: Sequence[Outcome]
    jax: Sequence[Outcome]


def train_torch(
    pairs: Sequence[Pair], factory: OptimizerFactory, steps: int
) -> tuple[str, list[dict[str, np.ndarray]], list[Outcome]]:
    """The class of the optimizer, the arrays before each step, and the outcome of each step."""
    module = pairs[0].module
    outcomes, before = [], []
    with loaded(pairs[0], float64=True):
        optimizer, scheduler = factory.make(module)
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


def train_jax(
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
