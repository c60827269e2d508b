"""The examples of the public functions run, and what they trace has no effects.

With an effect a jitted function loses JAX's fast dispatch, and a small call takes several times as
long.
"""

import doctest

import calls
import jax
import jax.numpy as jnp
import pytest
from test_api import public

import jaxgrad
import jaxgrad.functional as F

pytestmark = pytest.mark.thinned(8)

PUBLIC = dict(public())

ON_THE_HOST = {"first_nonfinite", "fit_epochs", "gradcheck", "gradgradcheck"}
"""Functions of the other rooms that work on concrete values."""
CONSTANT = {"batch_norm", "calculate_fan", "calculate_gain", "dirac", "eye", "group_norm"}
CONSTANT |= {"instance_norm", "layer_norm", "rms_norm", "key"}
"""Functions that take no arrays of numbers; `functional` has some of these names too."""
STATES = {"from_torch_state", "to_torch_state", "evaluate_line", "least_squares_from_moments"}
STATES |= {"load", "save"}
"""Functions that hand states over to the host."""
TABLES = {"autocast.functional", "autocast.operations"}
"""Functions of no arrays, whose results are no function."""


OF_INTEGERS = {"float_power", "floor_divide", "sort", "one_hot", "pad", "pixel_shuffle"}
OF_INTEGERS |= {"channel_shuffle", "native_channel_shuffle"}
"""Functions whose examples have no floating point numbers to differentiate."""


def is_traced(name):
    """Whether a public name is a function that can be part of a program."""
    room, attribute = name.split(".")
    on_the_host = ON_THE_HOST | STATES | (CONSTANT if room != "functional" else set())
    rooms = room not in ("data", "replay") and name not in TABLES
    return rooms and attribute not in on_the_host and not isinstance(PUBLIC[name], type)


@pytest.mark.filterwarnings("ignore:upsample.* is deprecated in PyTorch")
@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run_and_their_programs_have_no_effects(name):
    made, failures = calls.made_by_examples(name, PUBLIC[name])
    assert failures == 0
    with jax.debug_key_reuse(False):  # the examples have used their keys
        found = [calls.programs(call) for call in made]
    assert all(not program.effects for each in found for program in each.values())
    ways = set().union(*found) if found else set()
    assert {"jit", "vmap"} <= ways or not is_traced(name)
    if name.startswith(("functional.", "tensor.")) and name.split(".")[1] not in OF_INTEGERS:
        assert "grad" in ways


def test_checkify_in_its_own_words():
    (example,) = doctest.DocTestFinder(recurse=False).find(jaxgrad.checkify, "checkify", globs={})
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0
    with pytest.raises(TypeError, match="checkify: fn must be a function, got int"):
        jaxgrad.checkify(3)


def test_checks_are_compiled_only_where_they_are_asked():
    loss = jax.jit(F.cross_entropy)
    x, target = jnp.zeros((2, 3)), jnp.array([0, 5])
    effects = []

    def asking(x, target):
        effects.append(jax.make_jaxpr(loss)(x, target).effects)
        return loss(x, target)

    assert jnp.isnan(loss(x, target))  # compiled without
    error, _ = jaxgrad.checkify(asking)(x, target)
    assert error.get().startswith("cross_entropy: target must be classes below 3")
    assert effects[0]
    assert jnp.isnan(loss(x, target))
    assert not jax.make_jaxpr(loss)(x, target).effects
