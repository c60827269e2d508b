"""A hostile environment: what is sloppy elsewhere is an error here.

No implicit dtype or rank promotion, no legacy keys, no key used twice, no warnings (see
pyproject.toml), and eight simulated devices.
"""

import importlib.util

import jax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_legacy_prng_key", "error")
jax.config.update("jax_debug_key_reuse", True)


def pytest_collection_modifyitems(items):
    if any(importlib.util.find_spec(name) is None for name in ("torch", "expecttest")):
        skip = pytest.mark.skip(reason="PyTorch and expecttest are not installed")
        for item in items:
            if "torch" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """The dtype to work in, with 64-bit types switched on where it needs them."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture(params=["bfloat16", "float16", "float32", "float64"])
def any_dtype(request):
    """As `dtype`, with the narrow ones."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture(params=[AxisType.Auto, AxisType.Explicit], ids=str)
def rows(request):
    """A sharding over the rows of an array, on eight devices."""
    mesh = jax.make_mesh((8,), ("rows",), axis_types=(request.param,))
    return NamedSharding(mesh, PartitionSpec("rows"))
