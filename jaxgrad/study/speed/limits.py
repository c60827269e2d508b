"""The limits of the machine: how fast it reads, copies and multiplies."""

from dataclasses import dataclass

from .works import Work

_NUMPY = """\
import numpy as np
from concurrent.futures import ThreadPoolExecutor
x = np.ones((cores, {size} // cores), np.float32)
pool = ThreadPoolExecutor(cores)
{more}
def work():
    list(pool.map(part, range(cores)))

work"""

_PRODUCT = """\
import numpy as np
x = np.ones(({side}, {side}), np.float32)

def work():
    return x @ x

work"""

_JAX = """\
import jax, jax.numpy as jnp
x = jax.block_until_ready(jnp.ones({shape}, jnp.float32))
fn = jax.jit(lambda x: {expression})

def work():
    return jax.block_until_ready(fn(x))

work"""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit: its name and unit, and the amount that one call of the work does.

    The competitors of the work are ways to reach the limit; the fastest one sets it.
    """

    name: str
    unit: str
    amount: float
    work: Work


def limits(elements: int = 64_000_000, side: int = 2048) -> tuple[Limit, ...]:
    """The limits for an array of float32 `elements` and for square matrices of a `side`."""
    read = {
        "jax, sum": _JAX.format(shape=elements, expression="jnp.sum(x)"),
        "jax, product": _JAX.format(
            shape=(16, elements // 16), expression="jnp.ones(16, jnp.float32) @ x"
        ),
        "numpy": _NUMPY.format(size=elements, more="part = lambda i: np.dot(x[i], x[i])"),
    }
    copy = {
        "jax": _JAX.format(shape=elements, expression="-x"),
        "numpy": _NUMPY.format(
            size=elements, more="y = np.zeros_like(x)\npart = lambda i: np.copyto(y[i], x[i])"
        ),
    }
    square = {
        "jax": _JAX.format(shape=(side, side), expression="x @ x"),
        "numpy": _PRODUCT.format(side=side),
    }
    return (
        Limit(name="read", unit="GB/s", amount=4e-9 * elements, work=_work("read", read)),
        Limit(name="copy", unit="GB/s", amount=8e-9 * elements, work=_work("copy", copy)),
        Limit(name="matmul", unit="GFLOP/s", amount=2e-9 * side**3, work=_work("matmul", square)),
    )


def _work(name: str, code: dict[str, str]) -> Work:
    return Work(family="limits", name=name, times="", code=code)
