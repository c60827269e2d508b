"""A hostile environment: what is sloppy elsewhere is an error here.

No implicit dtype or rank promotion, no legacy keys, no key used twice, no warnings (see
pyproject.toml), and eight simulated devices. What is compiled is kept for the whole run, and
the tests are divided into those of the day and those of the night.
"""

import atexit
import importlib.util
import os
import shutil
import tempfile

import jax
import pytest
from hypothesis import settings
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from ordinary import ordinarily
from tiers import drawn, of_the_night

jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_legacy_prng_key", "error")
jax.config.update("jax_debug_key_reuse", True)

# Every process of a run shares one folder of compiled programs: the workers of pytest-xdist and
# the commands that tests start find it in the environment. `.ci/run` names one for its stages.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    folder = tempfile.mkdtemp(prefix="jaxgrad-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
    jax.config.update("jax_compilation_cache_dir", folder)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)

settings.register_profile("day", max_examples=10, deadline=None, derandomize=True)
settings.register_profile("night", parent=settings.get_profile("day"), max_examples=60)
settings.load_profile("day")


def pytest_addoption(parser):
    parser.addoption(
        "--night",
        metavar="NAME",
        help="of the cases that the day leaves out, run about a fourteenth, drawn by this name",
    )


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by the markers
def pytest_collection_modifyitems(config, items):
    if night := config.getoption("--night"):
        items[:], others = drawn(items, night)
        config.hook.pytest_deselected(items=others)
    without_torch = any(importlib.util.find_spec(name) is None for name in ("torch", "expecttest"))
    skip = pytest.mark.skip(reason="PyTorch and expecttest are not installed")
    for item in items:
        if of_the_night(item):
            item.add_marker("nightly")
        if without_torch and "torch" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """The dtype to work in, with 64-bit types switched on where it needs them."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture(params=["float32", "float64", "bfloat16", "float16"])
def any_dtype(request):
    """As `dtype`, with the narrow ones."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture(params=[AxisType.Auto, AxisType.Explicit], ids=str)
def rows(request):
    """A sharding over the rows of an array, on eight devices."""
    mesh = jax.make_mesh((8,), ("rows",), axis_types=(request.param,))
    return NamedSharding(mesh, PartitionSpec("rows"))


@pytest.fixture
def ordinary():
    """The settings of a reader, not those of the tests."""
    with ordinarily():
        yield
