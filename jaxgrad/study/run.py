"""A snippet -> its answer. The only file that imports torch, and only for PyTorch's snippets."""

import ast
import importlib
import math
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxgrad
from jaxgrad import autograd, fit

from . import compilation
from .answer import Answer, converted
from .case import Case
from .distribution import goodness_of_fit

Side = Literal["torch", "jax", "jaxgrad", "remedy", "oracle"]

NAMES = {
    "PyTorch": "torch, nn (torch.nn), F (torch.nn.functional), np; torch.manual_seed(0) was called",
    "plain JAX": "jax, jnp, optax, nnx (flax.nnx), eqx (equinox), np, key (jax.random.key(0))",
    "remedy": "plain JAX's",
    "oracle": "np, scipy, math and the inputs as NumPy arrays",
    "jaxgrad": "plain JAX's, F (jaxgrad.functional), T (jaxgrad.tensor), random, init, replay, "
    "state_dict, optim, schedules and autograd (jaxgrad's), backward, central_difference, trace, "
    "fit, linear, least_squares",
}
"""The names that a snippet sees beside its inputs."""

LAYERS = {"nnx": "flax.nnx", "eqx": "equinox"}
"""The libraries of layers; each is imported for the snippets that name it."""


def run(case: Case, side: Side) -> Answer:
    """Runs the snippet of one side; an error that it raises is its answer."""
    code = getattr(case, side)
    execute = {"torch": _torch, "oracle": _oracle}.get(side, _jax)
    test = None
    with warnings.catch_warnings(record=True) as caught, jax.enable_x64(case.x64):
        warnings.simplefilter("always")
        try:
            value, grads = execute(case, code, side)
            if case.distribution:
                test = goodness_of_fit(value, case.distribution)
                value = np.zeros((0, *value.shape), value.dtype)
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            return Answer(error=f"{type(error).__name__}: {lines[0]}", warning=_first(caught))
    return Answer(value, grads, None, _first(caught), test)


def evaluate(code: str, names: dict[str, Any]) -> Any:
    """Runs the statements of `code` and returns the value of its last line."""
    module = ast.parse(code)
    if not module.body:
        raise SyntaxError("the snippet is missing")
    *body, last = module.body
    if not isinstance(last, ast.Expr):
        raise SyntaxError("the last line of a snippet must be an expression")
    exec(compile(ast.Module(body, []), "<snippet>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<snippet>", "eval"), names)


def torch_version() -> str | None:
    """The version of the installed PyTorch, or None."""
    try:
        return importlib.import_module("torch").__version__
    except ModuleNotFoundError:
        return None


def _torch(case: Case, code: str, side: Side) -> tuple[Any, dict[str, Any]]:
    torch = importlib.import_module("torch")
    torch.manual_seed(0)
    names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": np}
    inputs = {
        name: torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
        for name, value in case.inputs.items()
    }
    for name in case.grads:
        inputs[name].requires_grad_()
    value = evaluate(code, names | inputs)
    if case.grads:
        value.backward(torch.ones_like(value))
    grads = {name: inputs[name].grad for name in case.grads}

    def plain(leaf: Any) -> Any:
        return _from_torch(torch, leaf)

    return converted(plain, value), converted(plain, grads)


def _from_torch(torch: Any, leaf: Any) -> Any:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    leaf = leaf.detach().resolve_conj()
    if leaf.dtype == torch.bfloat16:
        return leaf.float().numpy().astype(jnp.bfloat16)
    return leaf.numpy()


def _oracle(case: Case, code: str, side: Side) -> tuple[Any, dict[str, Any]]:
    scipy = importlib.import_module("scipy")  # imports scipy.stats only for a snippet that names it
    value = evaluate(code, {"np": np, "scipy": scipy, "math": math} | dict(case.inputs))
    if not (case.grads and case.verdict_jaxgrad in ("gradient", "error")):
        return converted(_from_jax, value), {}
    if not (isinstance(value, dict) and value and value.keys() <= set(case.grads)):
        raise TypeError(f"the oracle must be a dict of gradients of {', '.join(case.grads)}")
    return None, converted(_from_jax, value)


def _jax(case: Case, code: str, side: Side) -> tuple[Any, dict[str, Any]]:
    names = {"jax": jax, "jnp": jnp, "optax": optax, "np": np}
    for name, module in LAYERS.items():
        if f"{name}." in code:
            names[name] = importlib.import_module(module)
    if side == "jaxgrad":
        names |= {"jaxgrad": jaxgrad, "F": jaxgrad.functional, "T": jaxgrad.tensor}
        names |= {"random": jaxgrad.random, "init": jaxgrad.init, "replay": jaxgrad.replay}
        names |= {"state_dict": jaxgrad.state_dict, "optim": jaxgrad.optim}
        names |= {"schedules": jaxgrad.schedules}
        names |= {"autograd": autograd, "trace": jaxgrad.graph.trace}
        names |= {"backward": autograd.backward, "central_difference": autograd.central_difference}
        names |= {"fit": fit.fit, "linear": fit.linear, "least_squares": fit.least_squares}
    arrays = {
        name: jax.device_put(value)  # jnp.asarray compiles a program for each shape
        for name, value in case.inputs.items()
        if isinstance(value, np.ndarray)
    }
    names |= {name: value for name, value in case.inputs.items() if name not in arrays}

    def answer(arrays: Mapping[str, jax.Array]) -> tuple[Any, Any]:
        def of_grads(chosen: Mapping[str, Any]) -> Any:
            return evaluate(code, names | dict(arrays) | dict(chosen))

        if not case.grads:
            return of_grads({}), {}
        value, pull = jax.vjp(of_grads, {name: arrays[name] for name in case.grads})
        return value, *pull(jax.tree.map(_ones, value))

    arrays["key"] = jax.random.key(0)
    eager = case.eager or side == "jaxgrad"  # its eager checks of values are part of its answer
    found = None if eager else compilation.compiled_answer(answer, arrays)
    value, grads = answer(arrays) if found is None else found
    return converted(_from_jax, value), converted(_from_jax, grads)


def _ones(value: Any) -> jax.Array:
    """`jnp.ones_like(value)`, which compiles a program for each shape."""
    return jax.device_put(np.ones(np.shape(value), jnp.result_type(value)))


def _from_jax(leaf: Any) -> Any:
    return np.asarray(leaf) if isinstance(leaf, (jax.Array, np.generic)) else leaf


def _first(caught: list[warnings.WarningMessage]) -> str | None:
    return f"{caught[0].category.__name__}: {caught[0].message}" if caught else None
