import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from epochs import ROWS, SIZE, assert_close, batches, loss_fn, rmse, start, table
from oracles import assert_same

from jaxgrad import optim, random, schedules
from jaxgrad.fit import fit, fit_epochs, least_squares, linear
from jaxgrad.functional import huber_loss


def by_hand(order, dtype, rate=0.1):
    """The same descent written out in NumPy, over the rows in the order of each epoch."""
    x, y = map(np.asarray, table(dtype))
    w, b, losses = np.zeros(3, dtype), np.zeros((), dtype), []
    for taken in order:
        total = 0.0
        for i in range(0, ROWS, SIZE):
            rows = taken[i : i + SIZE]
            error = x[rows] @ w + b - y[rows]
            total += float(np.mean(error**2)) * len(rows)
            w = w - dtype(rate) * 2 * (error @ x[rows]) / dtype(len(rows))
            b = b - dtype(rate) * 2 * np.mean(error)
        losses.append(total / ROWS)
    return {"weight": w, "bias": b}, losses


def assert_as_by_hand(result, order, dtype):
    rtol = {"float32": 1e-5, "float64": 1e-12}[dtype]
    params, losses = by_hand(order, np.dtype(dtype).type)
    assert_same(result.params, jax.tree.map(lambda p: jnp.asarray(p, dtype), params), rtol)
    np.testing.assert_allclose(result.losses, losses, rtol=10 * rtol)


def test_arrays_in_their_order(dtype):
    result = fit_epochs(
        loss_fn, start(dtype), optax.sgd(0.1), table(dtype), epochs=4, batch_size=SIZE
    )
    assert_as_by_hand(result, [np.arange(ROWS)] * 4, dtype)
    assert result.epochs == 4 and result.best == 3


def test_arrays_in_the_order_of_a_key(dtype):
    key = random.key(3)
    result = fit_epochs(
        loss_fn, start(dtype), optax.sgd(0.1), table(dtype), epochs=4, batch_size=SIZE, key=key
    )
    orders = [np.asarray(random.randperm(jax.random.fold_in(key, e), ROWS)) for e in range(4)]
    assert_as_by_hand(result, orders, dtype)
    assert not np.array_equal(orders[0], orders[1])


def test_batches(dtype):
    data = table(dtype)
    result = fit_epochs(loss_fn, start(dtype), optax.sgd(0.1), batches(data), epochs=4)
    assert_as_by_hand(result, [np.arange(ROWS)] * 4, dtype)


def test_an_iterable_and_an_iterator():
    class Loader:
        def __iter__(self):
            return batches(table())(0, 0)

    again = fit_epochs(loss_fn, start(), optax.sgd(0.1), Loader(), epochs=2)
    assert_as_by_hand(again, [np.arange(ROWS)] * 2, "float32")
    once = fit_epochs(loss_fn, start(), optax.sgd(0.1), iter(Loader()), epochs=1)
    assert_as_by_hand(once, [np.arange(ROWS)], "float32")
    with pytest.raises(ValueError, match="for more than one epoch, got an iterator"):
        fit_epochs(loss_fn, start(), optax.sgd(0.1), iter(Loader()), epochs=2)


@pytest.mark.parametrize("sharded", [False, True])
def test_a_source_may_write_each_batch_into_the_memory_of_the_last(sharded, rows):
    data, kept = table(), np.zeros(SIZE * 4 * 4 + 64, np.uint8)
    begin = -kept.ctypes.data % 64  # where JAX would take the memory as it is
    room = kept[begin : begin + SIZE * 16].view(np.float32).reshape(4, SIZE)

    def reusing(epoch, start):
        for x, y in batches(data)(epoch, start):
            here = room[:, : len(y)]
            here[:3], here[3] = x.T, y
            yield here[:3].T, room[3, : len(y)]

    optimizer, more = optim.adam(0.1), {"sharding": rows} if sharded else {}
    expected = fit_epochs(loss_fn, start(), optimizer, batches(data), epochs=2, **more)
    got = fit_epochs(loss_fn, start(), optimizer, reusing, epochs=2, **more)
    assert_same(got.params, expected.params)


def test_one_batch_is_fit(dtype):
    data = table(dtype)
    ours = fit_epochs(loss_fn, start(dtype), optax.sgd(0.1), data, epochs=30)
    whole = fit(loss_fn, start(dtype), optax.sgd(0.1), data, steps=30)
    assert_same(ours.params, whole.params, {"float32": 1e-6, "float64": 1e-12}[dtype])
    np.testing.assert_allclose(ours.losses, whole.losses, rtol=1e-5)


def test_any_loss_optimizer_and_schedule():
    def huber(params, batch):
        return huber_loss(linear(params, batch[0]), batch[1])

    steps = 11
    optimizer = optim.adamw(schedules.cosine_annealing_lr(0.3, 40 * steps), weight_decay=0.0)
    key = random.key(0)
    result = fit_epochs(huber, start(), optimizer, table(), epochs=40, batch_size=SIZE, key=key)
    exact = least_squares(*table())
    np.testing.assert_allclose(result.params["weight"], exact["weight"], atol=0.03)


def test_integer_leaves_are_carried_along():
    params = {"weight": jnp.zeros(3), "bias": jnp.zeros(()), "steps": jnp.array(7)}

    def loss(params, batch):
        return loss_fn({"weight": params["weight"], "bias": params["bias"]}, batch)

    result = fit_epochs(loss, params, optax.sgd(0.1), table(), epochs=2, batch_size=SIZE)
    assert int(result.params["steps"]) == 7
    assert params["weight"].sum() == 0  # the caller's arrays are not given away


class TestValidation:
    def test_early_stopping_gives_the_best(self):
        data, other = table(), table(rows=20)
        noisy = other[0], -other[1]  # the further the fit, the worse here
        result = fit_epochs(
            *(loss_fn, start(), optax.sgd(0.01), data),
            **{"epochs": 50, "batch_size": SIZE, "validation": noisy, "patience": 3},
        )
        assert result.best == 0 and result.epochs == 4
        assert np.isfinite(result.validation[:4]).all() and np.isnan(result.validation[4:]).all()
        first = fit_epochs(loss_fn, start(), optax.sgd(0.01), data, epochs=1, batch_size=SIZE)
        assert_same(result.params, first.params, 1e-6)

    def test_a_validation_loss_of_nan_is_not_the_best(self):
        seen = []

        def other(epoch, begin):
            seen.append(epoch)
            x, y = table(rows=20)
            yield (x, y * jnp.nan) if len(seen) == 1 else (x, y)

        result = fit_epochs(loss_fn, start(), optax.sgd(0.1), table(), epochs=3, validation=other)
        assert np.isnan(result.validation[0]) and result.best == 2

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_validation_data_that_are_not_finite(self, value):
        x, y = table(rows=20)
        other = x, y.at[7].set(value)
        given = (loss_fn, start(), optax.sgd(0.1), table())
        match = rf"validation must be finite, got \[1\]\[7\] is {value}; fill it in or leave such"
        with pytest.raises(ValueError, match=match):
            fit_epochs(*given, epochs=3, validation=other)
        match = rf"validation loss must be finite after some epoch, got {value} after each of "
        with pytest.raises(ValueError, match=match + "3"):
            fit_epochs(*given, epochs=3, validation=batches(other))
        with pytest.raises(ValueError, match=match + "2"):
            fit_epochs(*given, epochs=3, validation=batches(other), patience=1)

    def test_metrics_are_means_over_the_examples(self):
        data, other = table(), table(rows=25)
        by_batch = fit_epochs(
            *(loss_fn, start(), optax.sgd(0.1), data),
            **{"epochs": 2, "validation": batches(other), "metrics": {"mse": loss_fn}},
        )
        assert_close(by_batch.metrics["mse"], by_batch.validation)
        np.testing.assert_allclose(
            by_batch.validation[1], loss_fn(by_batch.params, other), rtol=1e-5
        )

    @pytest.mark.parametrize("key", [None, 5])
    def test_a_share_is_set_apart(self, key):
        key = None if key is None else random.key(key)
        options = {"epochs": 3, "batch_size": SIZE, "key": key}
        data = table()
        apart = fit_epochs(loss_fn, start(), optax.sgd(0.1), data, validation=0.2, **options)
        assert np.isfinite(apart.validation).all()
        order = np.arange(ROWS)
        if key is not None:
            order = np.asarray(random.randperm(jax.random.fold_in(key, 2**31 - 1), ROWS))
        left, rest = (tuple(leaf[part] for leaf in data) for part in (order[:82], order[82:]))
        given = fit_epochs(loss_fn, start(), optax.sgd(0.1), left, validation=rest, **options)
        assert_same(apart.params, given.params, 1e-6)
        assert_close(apart.validation, given.validation)


class TestRefusals:
    def test_divergence_tells_what_would_converge(self):
        match = (
            r"fit_epochs: the loss and params must be finite at every step, got a loss that is "
            r"not at step \d+; lower the learning rate.*largest curvature.*rates below 0\.\d+"
        )
        for data in (batches(table()), table()):
            with pytest.raises(ValueError, match=match):
                fit_epochs(loss_fn, start(), optax.sgd(3.0), data, epochs=50)

    @pytest.mark.parametrize("value", [np.nan, -np.inf])
    @pytest.mark.parametrize("size", [None, SIZE, "batches"])
    def test_data_that_are_not_finite_are_told(self, value, size):
        x, y = table()
        data = x.at[61, 1].set(value), y
        in_batches = size == "batches"
        at, options = (61 % SIZE, {}) if in_batches else (61, {"batch_size": size})
        match = rf"the data are not: \[0\]\[{at}, 1\] is {value}; fill it in or leave"
        given = batches(data) if in_batches else data
        with pytest.raises(ValueError, match=match):
            fit_epochs(loss_fn, start(), optax.sgd(0.1), given, epochs=3, **options)

    def test_params_that_are_not_finite_are_told(self):
        params = {**start(), "bias": jnp.array(jnp.nan)}
        match = r"the params to start from are not: \['bias'\] is nan"
        with pytest.raises(ValueError, match=match):
            fit_epochs(loss_fn, params, optax.sgd(0.1), table(), epochs=1)

    @pytest.mark.nightly
    def test_a_loss_that_leaves_missing_values_out_may_diverge(self):
        def loss(params, batch):
            x, y = batch
            error = linear(params, x) - jnp.where(jnp.isnan(y), 0.0, y)
            return jnp.mean(jnp.where(jnp.isnan(y), 0.0, error**2))

        x, y = table()
        data = x, y.at[3].set(jnp.nan)
        fitted = fit_epochs(loss, start(), optax.sgd(0.1), data, epochs=2)
        assert np.isfinite(fitted.losses).all()
        with pytest.raises(ValueError, match="lower the learning rate or scale the data"):
            fit_epochs(loss, start(), optax.sgd(30.0), data, epochs=90)

    def test_a_last_step_that_overflows(self):
        data = batches(table(rows=SIZE))
        with pytest.raises(ValueError, match="got params that are not after step 0"):
            fit_epochs(loss_fn, start(), optax.sgd(3e38), data, epochs=1)

    @pytest.mark.parametrize(
        ("changed", "error", "match"),
        [
            ({"epochs": 0}, ValueError, "fit_epochs: epochs must be at least 1, got 0"),
            ({"batch_size": 0}, ValueError, "fit_epochs: batch_size must be at least 1"),
            ({"batch_size": 2.5}, TypeError, "fit_epochs: batch_size must be a concrete integer"),
            ({"patience": 1}, ValueError, "fit_epochs: validation must be given with patience"),
            ({"metrics": {"rmse": rmse}}, ValueError, "validation must be given with metrics"),
            ({"validation": 1.5}, ValueError, "validation must be a share above 0 and below 1"),
            ({"validation": 0.001}, ValueError, "leaves examples on both sides, got 0.001"),
            ({"key": 3}, TypeError, "fit_epochs: key must be a typed key"),
            ({"data": (jnp.ones((3, 2)), jnp.ones(4))}, ValueError, "first axis counts the ex"),
            ({"data": lambda e, s: []}, ValueError, "data must be one batch or more in each ep"),
            ({"data": batches(table()), "batch_size": 3}, ValueError, "left out where data is b"),
            ({"loss_fn": 3}, TypeError, "fit_epochs: loss_fn must be callable"),
            ({"loss_fn": lambda p, b: p["weight"]}, ValueError, "the loss must be a scalar"),
            ({"params": {"n": jnp.array(3)}}, TypeError, "floating point or complex in at least"),
            ({"optimizer": None}, TypeError, "fit_epochs: optimizer must be an optax"),
        ],
    )
    def test_arguments(self, changed, error, match):
        given = {"loss_fn": loss_fn, "params": start(), "optimizer": optax.sgd(0.1)}
        given |= {"data": table(), "epochs": 2}
        with pytest.raises(error, match=match):
            fit_epochs(**given | changed)

    def test_under_jit(self):
        params = start()
        with pytest.raises(TypeError, match="fit_epochs: data must be concrete"):
            jax.jit(lambda x: fit_epochs(loss_fn, params, optax.sgd(0.1), x, epochs=1))(table())

    def test_what_a_source_raises_is_raised(self):
        def source(epoch, start):
            yield from batches(table())(0, 0)
            raise RuntimeError("the disk is gone")

        with pytest.raises(RuntimeError, match="the disk is gone"):
            fit_epochs(loss_fn, start(), optax.sgd(0.1), source, epochs=1)


def test_a_second_fit_compiles_nothing(caplog):
    optimizer, data = optax.sgd(0.1), table()
    options = {"epochs": 2, "batch_size": SIZE}
    compiled = []
    for _ in range(2):
        caplog.clear()
        with jax.log_compiles(), caplog.at_level("WARNING"):
            fit_epochs(loss_fn, start(), optimizer, data, **options)
        told = [record.getMessage() for record in caplog.records]
        compiled.append(sum("Compiling" in words and "_scanned" in words for words in told))
    assert compiled == [1, 0]
