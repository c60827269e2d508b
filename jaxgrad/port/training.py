"""`compare_training`: a training run of the port compared with the original's, step by step."""

from collections.abc import Callable, Mapping
from typing import Any

import optax

from jaxgrad import _checks

from .comparison import Report, make_pair
from .differences import find_differences, largest_distance
from .training_causes import training_cause
from .training_runs import OptimizerFactory, Runs, train_jax, train_torch


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
    factory = OptimizerFactory(torch_optimizer, torch_scheduler)
    name, named, theirs = train_torch(pairs, factory, steps)
    runs = Runs(pairs, factory, name, named, theirs, train_jax(pairs, jax_optimizer, steps))
    for step, (expected, got) in enumerate(zip(runs.torch, runs.jax, strict=False)):
        found = find_differences(expected, got, float64=True)
        if found:
            what = str(found[0])
            if found[0].where.startswith("params"):
                what = what.replace("the new state differs", "parameters differ")
            first = f"the runs part at step {step}: {what}{training_cause(runs, step, found)}"
            note = f"{len(runs.torch)} steps of {name} in float64"
            return Report("differs", first, tuple(found), (note,))
    distance = max(map(largest_distance, runs.torch, runs.jax))
    first = f"agrees: {steps} steps of {name} in float64; {distance}"
    return Report("agrees", first)
