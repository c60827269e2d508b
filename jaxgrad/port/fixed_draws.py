"""Fixed numbers in the place of random ones, the same for PyTorch and for its translation.

They depend on the shape alone. A module that draws random numbers can be compared with them. Two
draws of one shape are the same numbers, so that the comparison cannot tell one from the other.
"""

import contextlib
import functools
import importlib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad import functional, random

DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d")
"""The functions of `jaxgrad.functional` whose draws can be fixed."""


def uniform_numbers(shape: Any) -> np.ndarray:
    """Numbers between 0 and 1, neither of them among them."""
    return _rounded(0.001 + 0.998 * np.random.default_rng(0).random(tuple(shape)))


def normal_numbers(shape: Any) -> np.ndarray:
    """Numbers of the standard normal distribution."""
    return _rounded(np.random.default_rng(1).standard_normal(tuple(shape)))


def numbers(function: str, **parameters: Any) -> np.ndarray:
    """The numbers that stand for those of a function of `jaxgrad.random`."""
    return _rounded(SAMPLES[function](**parameters))


def _rounded(values: Any) -> np.ndarray:
    """Numbers that float32 has, so that they are the same in float64."""
    return np.asarray(values, np.float32).astype(np.float64)


SAMPLES: Mapping[str, Callable[..., np.ndarray]] = {
    "rand": uniform_numbers,
    "randn": normal_numbers,
    "normal": lambda shape, mean=0.0, std=1.0: mean + std * normal_numbers(shape),
    "uniform": lambda shape, a=0.0, b=1.0: a + (b - a) * uniform_numbers(shape),
    "exponential": lambda shape, lambd=1.0: -np.log(uniform_numbers(shape)) / lambd,
    "cauchy": lambda shape, median=0.0, sigma=1.0: (
        median + sigma * np.tan(np.pi * (uniform_numbers(shape) - 0.5))
    ),
    "log_normal": lambda shape, mean=1.0, std=2.0: np.exp(mean + std * normal_numbers(shape)),
    "geometric": lambda shape, p: np.ceil(np.log(uniform_numbers(shape)) / math.log1p(-p)),
    "randint": lambda shape, low, high: np.floor(low + (high - low) * uniform_numbers(shape)),
    "randperm": lambda n: np.argsort(uniform_numbers((n,))),
}
"""By the function, the numbers of a shape with the function's parameters."""


@contextlib.contextmanager
def in_source(function: Callable[..., Any]) -> Iterator[None]:
    """Lets a translation, and what stands beside it, take fixed numbers."""
    rooms = {"R": (random, _Random()), "F": (functional, _Functional())}
    while isinstance(function, functools.partial):
        function = function.func
    names = inspect.unwrap(function).__globals__
    changed = {name: fixed for name, (room, fixed) in rooms.items() if names.get(name) is room}
    with mock.patch.dict(names, changed):
        yield


class _Random:
    """As `jaxgrad.random`."""

    def __getattr__(self, name: str) -> Callable[..., jax.Array]:
        def sample(key: jax.Array, shape: Any, *, dtype: Any, **parameters: Any) -> jax.Array:
            return jnp.asarray(numbers(name, shape=shape, **parameters), dtype)

        return sample

    def randint(self, key: jax.Array, low: int, high: int, shape: Any, *, dtype: Any) -> jax.Array:
        return jnp.asarray(numbers("randint", shape=shape, low=low, high=high), dtype)

    def randperm(self, key: jax.Array, n: int, *, dtype: Any) -> jax.Array:
        return jnp.asarray(numbers("randperm", n=n), dtype)

    def normal(
        self, key: jax.Array, mean: Any, std: Any, shape: Any = None, *, dtype: Any
    ) -> jax.Array:
        if shape is not None:
            return jnp.asarray(numbers("normal", shape=shape, mean=mean, std=std), dtype)
        shape = jnp.broadcast_shapes(jnp.shape(mean), jnp.shape(std))
        return mean + std * jnp.asarray(normal_numbers(shape), dtype)

    def bernoulli(
        self, key: jax.Array, p: Any, shape: Any = None, *, dtype: Any = None
    ) -> jax.Array:
        drawn = uniform_numbers(jnp.shape(p) if shape is None else shape)
        return (jnp.asarray(drawn, jnp.result_type(float)) < p).astype(dtype or p.dtype)

    def multinomial(
        self, key: jax.Array, input: jax.Array, num_samples: int, replacement: bool = False
    ) -> jax.Array:
        best = jnp.argsort(-input, axis=-1, stable=True)
        return (
            jnp.repeat(best[..., :1], num_samples, -1) if replacement else best[..., :num_samples]
        )

    def poisson(self, key: jax.Array, input: jax.Array) -> jax.Array:
        return jnp.floor(input)

    def binomial(self, key: jax.Array, count: jax.Array, prob: jax.Array) -> jax.Array:
        return jnp.floor(count * prob)


class _Functional:
    """As `jaxgrad.functional`, but for dropout."""

    def __getattr__(self, name: str) -> Any:
        if name not in DROPOUTS:
            return getattr(functional, name)

        def dropout(
            key: jax.Array, input: jax.Array, p: float = 0.5, training: bool = True
        ) -> jax.Array:
            count = input.ndim if name == "dropout" else input.ndim - int(name[-2])
            shape = (*input.shape[:count], *(1,) * (input.ndim - count))
            kept = jnp.asarray(uniform_numbers(shape) < 1 - p, input.dtype)
            return input * (kept / (1 - p)) if training else input

        return dropout


@contextlib.contextmanager
def in_torch() -> Iterator[None]:
    """Lets PyTorch take fixed numbers."""
    torch = importlib.import_module("torch")
    dispatch = importlib.import_module("torch.utils._python_dispatch")

    class Fixed(dispatch.TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            schema, kwargs = func._schema, kwargs or {}
            names = [argument.name for argument in schema.arguments]
            values = {**dict(zip(names, args, strict=False)), **kwargs}
            if "p" in names:
                values.setdefault("p", 0.5)  # PyTorch passes no defaults on
            name = schema.name.removeprefix("aten::").removesuffix("_").removesuffix("_like")
            drawn = _drawn(torch, name, values)
            if drawn is None:
                return func(*args, **kwargs)
            if schema.is_mutable:
                return values["self"].copy_(drawn)
            like = [value.dtype for value in values.values() if isinstance(value, torch.Tensor)]
            whole = torch.int64 if name in _WHOLE else None
            given = values.get("dtype") or whole or (*like, torch.get_default_dtype())[0]
            return drawn.to(given)

    with Fixed():
        yield


_WHOLE = ("randint", "randperm", "multinomial")
"""Operations that give integers where no dtype is asked for."""
_RENAMED = {"from": "a", "to": "b"}
"""Parameters of PyTorch's operations that have another name here."""


def _drawn(torch: Any, name: str, values: Mapping[str, Any]) -> Any:
    """The numbers of an operation; None of one that draws none."""
    own = values.get("self")
    shape = values.get("size", getattr(own, "shape", ()))
    tensors = [values[key] for key in ("mean", "std") if hasattr(values.get(key), "shape")]
    if name in SAMPLES and not tensors:
        given = {_RENAMED.get(key, key): value for key, value in values.items()}
        given = {"low": 0, **given, "shape": shape}
        takes = inspect.signature(SAMPLES[name]).parameters
        return torch.from_numpy(numbers(name, **{key: given[key] for key in takes if key in given}))
    if name == "normal":
        shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
        drawn = torch.from_numpy(normal_numbers(shape)).to(tensors[0].dtype)
        return values.get("mean", 0.0) + values.get("std", 1.0) * drawn
    if name == "bernoulli":
        return torch.from_numpy(uniform_numbers(shape)) < values.get("p", own)
    if name == "multinomial":
        best = torch.argsort(own, dim=-1, descending=True, stable=True)
        count = values["num_samples"]
        repeated = best[..., :1].expand(*shape[:-1], count)
        return repeated if values.get("replacement") else best[..., :count]
    if name == "binomial":
        return torch.floor(values["count"] * values["prob"])
    return torch.floor(own) if name == "poisson" else None
