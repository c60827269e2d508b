import jax
import numpy as np
import pytest
from epochs import batches, loss_fn, start, table
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from oracles import assert_same

from jaxgrad import optim, random
from jaxgrad.fit import fit_epochs

AXES = pytest.mark.parametrize("axis", [AxisType.Auto, AxisType.Explicit], ids=str)


class TestSharded:
    @AXES
    @pytest.mark.parametrize("size", [None, 8, 16, 24])
    @pytest.mark.parametrize("shuffled", [False, True])
    def test_arrays(self, size, shuffled, axis):
        with jax.enable_x64(True):
            data, key = table("float64", rows=96), random.key(0) if shuffled else None
            options = {"epochs": 3, "batch_size": size, "key": key}
            one = fit_epochs(loss_fn, start("float64"), optim.adam(0.1), data, **options)
            mesh = jax.make_mesh((8,), ("data",), axis_types=(axis,))
            sharding = NamedSharding(mesh, PartitionSpec("data"))
            eight = fit_epochs(
                *(loss_fn, start("float64"), optim.adam(0.1), data), sharding=sharding, **options
            )
            assert_same(eight.params, one.params, 1e-12)
            np.testing.assert_allclose(eight.losses, one.losses, rtol=1e-12)
            assert eight.params["weight"].sharding.device_set == mesh._flat_devices_set

    @pytest.mark.parametrize(
        ("shape", "batch_size"),
        [((8,), None), ((8,), 16), ((8,), 10), ((4, 2), 16), ((1, 8), 10), ((1,), 16)],
    )
    @pytest.mark.nightly
    def test_arrays_on_explicit_meshes_of_any_shape(self, shape, batch_size):
        """With a rest that the devices do not divide, and a share set apart."""
        with jax.enable_x64(True):
            names = ("data", "model")[: len(shape)]
            sharding = NamedSharding(jax.make_mesh(shape, names), PartitionSpec("data"))
            options = {"epochs": 2, "batch_size": batch_size, "validation": 0.2}
            given = (loss_fn, start("float64"), optim.adam(0.1), table("float64", rows=100))
            one, many = (
                fit_epochs(*given, **options),
                fit_epochs(*given, sharding=sharding, **options),
            )
            assert_same(many.params, one.params, 1e-12)
            np.testing.assert_allclose(many.validation, one.validation, rtol=1e-12)

    @pytest.mark.parametrize("validation", [None, 0.25])
    def test_arrays_that_lie_on_an_explicit_mesh(self, validation):
        with jax.enable_x64(True):
            sharding = NamedSharding(jax.make_mesh((8,), ("data",)), PartitionSpec("data"))
            data = table("float64", rows=96)
            options = {"epochs": 2, "batch_size": 16, "key": random.key(0)}
            given = (loss_fn, start("float64"), optim.adam(0.1))
            options["validation"] = validation
            one = fit_epochs(*given, data, **options)
            many = fit_epochs(*given, jax.device_put(data, sharding), **options)
            assert_same(many.params, one.params, 1e-12)

    @AXES
    def test_batches_with_a_rest_that_the_devices_do_not_divide(self, axis):
        with jax.enable_x64(True):
            data = table("float64")
            one = fit_epochs(
                loss_fn, start("float64"), optim.adam(0.1), batches(data, 16), epochs=3
            )
            mesh = jax.make_mesh((8,), ("data",), axis_types=(axis,))
            eight = fit_epochs(
                *(loss_fn, start("float64"), optim.adam(0.1), batches(data, 16)),
                **{"epochs": 3, "sharding": NamedSharding(mesh, PartitionSpec("data"))},
            )
            assert_same(eight.params, one.params, 1e-12)

    @pytest.mark.nightly
    def test_a_wide_model_stays_sharded_along_its_features(self):
        with jax.enable_x64(True):
            data, params = table("float64", columns=16), start("float64", columns=16)
            one = fit_epochs(loss_fn, params, optim.adam(0.1), batches(data, 16), epochs=3)
            mesh = jax.make_mesh(
                (2, 4), ("data", "model"), axis_types=(jax.sharding.AxisType.Auto,) * 2
            )
            wide = NamedSharding(mesh, PartitionSpec("model"))
            placed = {
                "weight": jax.device_put(params["weight"], wide),
                "bias": jax.device_put(params["bias"], NamedSharding(mesh, PartitionSpec())),
            }
            eight = fit_epochs(
                *(loss_fn, placed, optim.adam(0.1), batches(data, 16)),
                **{"epochs": 3, "sharding": NamedSharding(mesh, PartitionSpec("data"))},
            )
            assert_same(eight.params, one.params, 1e-12)
            assert eight.params["weight"].sharding.spec == PartitionSpec("model")
            moments = [leaf for leaf in jax.tree.leaves(eight.opt_state) if leaf.shape == (16,)]
            assert len(moments) == 2
            assert all(leaf.sharding.spec == PartitionSpec("model") for leaf in moments)
