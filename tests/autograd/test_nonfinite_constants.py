"""Constants that are not finite: `first_nonfinite` tells where value or gradient meets them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jax.sharding import PartitionSpec

from jaxgrad.autograd import first_nonfinite

X = jnp.array([4.0, 0.0])
MASK = jnp.array([[True, False], [False, False]])
ROWS = jnp.array([[1.0, 2.0], [3.0, 4.0]])


def masked_softmax(x, mask=MASK):
    return jax.nn.softmax(jnp.where(mask, x, -jnp.inf))


def with_rule(factor, kind):
    """The identity, with a derivative of `factor`."""
    if kind == "custom_jvp":
        fn = jax.custom_jvp(lambda x: x * 1)
        fn.defjvp(lambda x, dot: (x[0], dot[0] * factor))
    else:
        fn = jax.custom_vjp(lambda x: x * 1)
        fn.defvjp(lambda x: (x, None), lambda _, ct: (ct * factor,))
    return fn


class TestConstants:
    """An infinity or NaN that stands in the program itself."""

    def is_a_constant(self, found, value, phase="forward"):
        assert (found.phase, found.operation) == (phase, "given")
        assert found.within[-1] == "a constant of fn"
        assert found.outputs[0].nans + found.outputs[0].infinities
        assert found.outputs[0].nans == np.isnan(value).sum()
        assert found.source.file == __file__ and found.inputs == ()
        return found

    def test_the_softmax_of_a_masked_row(self):
        found = self.is_a_constant(first_nonfinite(masked_softmax)(ROWS), -jnp.inf)
        assert found.source.function == "masked_softmax"
        assert found.path[:4] == ("output", "div", "exp", "sub")
        found = first_nonfinite(masked_softmax, nan_only=True)(ROWS)
        assert (found.operation, found.index) == ("sub", (1, 0))

    def test_the_mask_of_a_finite_softmax_is_innocent(self):
        mask = jnp.eye(2, dtype=bool)
        assert first_nonfinite(masked_softmax)(ROWS, mask) is None
        for nan_only in (False, True):
            several = first_nonfinite(
                lambda x: jax.lax.map(lambda x: masked_softmax(x, mask[0]), x), nan_only=nan_only
            )
            assert several(ROWS) is None

        def made_in_a_loop(x):
            rows = jax.lax.map(lambda x: jnp.where(mask[0], x, -jnp.inf), x)
            return jax.nn.softmax(rows)

        assert first_nonfinite(made_in_a_loop)(ROWS) is None

    @pytest.mark.parametrize("name", ["float32", "bfloat16", "float16", "complex64"])
    @pytest.mark.parametrize("value", [jnp.nan, jnp.inf, -jnp.inf])
    def test_literals(self, value, name):
        found = first_nonfinite(lambda x: x * value)(ROWS.astype(name))
        assert self.is_a_constant(found, value).outputs[0].dtype == name

    @pytest.mark.parametrize("transform", [jax.jit, jax.checkpoint, jax.vmap])
    def test_inside_calls(self, transform):
        inner = transform(lambda x: x * jnp.nan)
        self.is_a_constant(first_nonfinite(lambda x: inner(x) + 1)(ROWS), jnp.nan)
        table = jnp.array([1.0, jnp.inf])
        inner = transform(lambda x: x * table.reshape((1,) * (x.ndim - 1) + (2,)))
        found = self.is_a_constant(first_nonfinite(lambda x: inner(x) + 1)(ROWS), jnp.inf)
        assert found.index == (1,)

    def test_what_is_not_chosen_is_innocent(self):
        def fn(x):
            y = jnp.where(x > 9, jnp.inf, x)
            return jnp.where(x > 3, jnp.maximum(y, -jnp.inf), y) * jnp.where(x > 1, 0.0, -jnp.inf)

        assert first_nonfinite(fn)(ROWS + 1) is None
        found = self.is_a_constant(first_nonfinite(fn)(ROWS), -jnp.inf)
        assert found.source.line == fn.__code__.co_firstlineno + 2
        assert "select_n" in found.path or "jit" in found.path

    def test_what_overflows_beside_a_constant(self):
        found = first_nonfinite(lambda x: jnp.where(x > 1, x, -jnp.inf) * 1e38)(ROWS * 4)
        assert (found.operation, found.index) == ("mul", (0, 0))

    def test_a_given_array_beside_an_innocent_constant(self):
        def fn(x, bias):
            return jax.nn.softmax(jnp.where(jnp.eye(2, dtype=bool), x, -jnp.inf)) + bias

        found = first_nonfinite(fn)(ROWS, jnp.array([[0.0, jnp.nan]]).repeat(2, 0))
        assert (found.operation, found.within, found.index) == ("given", ("args[1]",), (0, 1))
        found = first_nonfinite(lambda x, m: (x + m) * jnp.nan)(ROWS, ROWS * 0)
        self.is_a_constant(found, jnp.nan)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_the_iteration_of_a_scan(self, reverse):
        def fn(x):
            def step(c, n):
                return jnp.where(n == 3, c * jnp.nan, c + 1), c

            return jax.lax.scan(step, x, jnp.arange(8), reverse=reverse)

        for part in (fn, lambda x: fn(x)[0], lambda x: fn(x)[1]):
            found = self.is_a_constant(first_nonfinite(part)(ROWS), jnp.nan)
            assert found.within[0] == "scan, iteration 3 of 8, counted from 0"
        assert first_nonfinite(lambda x: fn(x)[1][5 if reverse else 2], ())(ROWS) is None

    def test_what_a_scan_is_given(self):
        def fn(x, table):
            def step(c, row):
                return c, c + jnp.minimum(row, jnp.inf)

            return jax.lax.scan(step, x, table)[1]

        found = first_nonfinite(fn)(ROWS[0], ROWS.at[1, 0].set(jnp.nan))
        assert (found.within, found.index) == (("args[1]",), (1, 0))
        found = first_nonfinite(fn)(ROWS[0].at[1].set(-jnp.inf), ROWS)
        assert (found.within, found.index) == (("args[0]",), (1,))

    def test_loops_and_branches(self):
        def loop(x):
            def step(state):
                n, x, y = state
                return n + 1, jnp.where(n == 4, jnp.nan, x), y

            return jax.lax.while_loop(lambda s: s[0] < 7, step, (0, x, x))[1]

        found = self.is_a_constant(first_nonfinite(loop, ())(ROWS), jnp.nan)
        assert found.within[0] == "while, iteration 4, counted from 0"

        def ends_by_itself(x):
            def step(state):
                return state[0] + 1, jnp.where(state[0] == 2, jnp.nan, state[1])

            return jax.lax.while_loop(lambda s: s[0] < x, step, (0.0, x))[1]

        found = first_nonfinite(jax.vmap(ends_by_itself), ())(ROWS[1])
        assert self.is_a_constant(found, jnp.nan).within[0] == "while, iteration 2, counted from 0"

        def branch(x):
            return jax.lax.cond(x.sum() > 0, lambda x: x * jnp.inf, lambda x: x * jnp.nan, x)

        found = self.is_a_constant(first_nonfinite(branch)(ROWS), jnp.inf)
        assert found.within[0] == "cond, branch 1"

    @pytest.mark.parametrize("kind", ["custom_jvp", "custom_vjp"])
    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
    def test_in_a_rule(self, kind, transform):
        inner = transform(with_rule(jnp.nan, kind))
        found = first_nonfinite(lambda x: inner(x) * 2)(ROWS)
        self.is_a_constant(found, jnp.nan, "backward")
        assert first_nonfinite(lambda x: inner(x) * 2, ())(ROWS) is None

    def test_on_the_devices_of_a_shard_map(self, rows):
        spec = PartitionSpec("rows")

        def on_shard(x):
            return x * jnp.where(x > 3, jnp.nan, 1.0), jnp.where(x > 3, -jnp.inf, x)

        mapped = jax.shard_map(on_shard, mesh=rows.mesh, in_specs=spec, out_specs=spec)
        x = jax.device_put(jnp.arange(8.0), rows)
        assert first_nonfinite(lambda x: jnp.exp(mapped(x)[1]), ())(x) is None
        found = first_nonfinite(lambda x: mapped(x)[0] + 1, ())(x)
        assert (found.operation, found.within[-1]) == ("given", "a constant of fn")

    def test_what_is_returned_as_it_is(self):
        for fn in (
            lambda x: (x, float("nan")),
            lambda x: (x, jnp.array(jnp.nan)),
            jax.jit(lambda x: (x, jnp.full((), jnp.nan))),
        ):
            assert first_nonfinite(fn)(ROWS).within[-1] == "a constant of fn"


SPECIAL = st.sampled_from([jnp.inf, -jnp.inf, jnp.nan, 0.0, 1.0, 1e38])
STEPS = {
    "mul": lambda y, x, c: y * c,
    "add": lambda y, x, c: y + c,
    "where": lambda y, x, c: jnp.where(x > 0.5, y, c),
    "other": lambda y, x, c: jnp.where(x > 0.5, c, y),
    "maximum": lambda y, x, c: jnp.maximum(y, c),
    "minimum": lambda y, x, c: jnp.minimum(y, c),
    "product": lambda y, x, c: x * jnp.where(x > 1, 0.0, c) + y,
    "softmax": lambda y, x, c: jax.nn.softmax(y),
    "exp": lambda y, x, c: jnp.exp(-jnp.abs(y)),
    "tanh": lambda y, x, c: jnp.tanh(y),
    "max": lambda y, x, c: y - y.max(-1, keepdims=True, initial=c),
    "table": lambda y, x, c: y * jnp.array([[c, 1.0, 2.0]]),
    "pad": lambda y, x, c: jnp.pad(y, ((0, 0), (1, 0)), constant_values=c)[:, :3],
    "cond": lambda y, x, c: jax.lax.cond(y[0, 0] > 1, lambda y: y * c, lambda y: y, y),
    "scan": lambda y, x, c: jax.lax.scan(
        lambda a, n: (jnp.where(n == 2, c * a, a), a), y, jnp.arange(3)
    )[0],
    "map": lambda y, x, c: jax.lax.map(lambda row: jnp.where(row > 0, row, c), y),
    "while": lambda y, x, c: jax.lax.while_loop(
        lambda s: s[0] < 3, lambda s: (s[0] + 1, jnp.where(s[0] == 1, s[1] + c, s[1])), (0, y)
    )[1],
    "custom_jvp": lambda y, x, c: with_rule(c, "custom_jvp")(y),
    "custom_vjp": lambda y, x, c: with_rule(c, "custom_vjp")(y),
}


def one_step(name, constant, is_jitted):
    def step(y, x):
        return STEPS[name](y, x, constant)

    return jax.jit(step) if is_jitted else step


@given(
    steps=st.lists(st.tuples(st.sampled_from([*STEPS]), SPECIAL, st.booleans()), max_size=6),
    nan_only=st.booleans(),
)
@example([("where", -jnp.inf, False), ("softmax", 0.0, True)], False)
@example([("scan", jnp.inf, True), ("where", jnp.nan, False), ("tanh", 0.0, False)], True)
@pytest.mark.nightly
def test_no_program_hides_what_is_not_finite(steps, nan_only):
    """Where value or gradient is not finite something is found; else no constant is blamed."""

    def fn(x):
        y = x
        for step in steps:
            y = one_step(*step)(y, x)
        return y

    has_while = any(name == "while" for name, *_ in steps)
    x = jnp.array([[0.0, 0.25, 0.75], [-1.0, 1.5, 2.0]])
    value, pull = (fn(x), None) if has_while else jax.vjp(fn, x)
    results = [value] if pull is None else [value, pull(jnp.ones_like(value))[0]]
    bad = any(np.isnan(r).any() if nan_only else not np.isfinite(r).all() for r in results)
    found = first_nonfinite(fn, () if has_while else None, nan_only)(x)
    if bad:
        assert found is not None
    elif found is not None:
        assert found.operation != "given"
        amiss = [o.nans + (0 if nan_only else o.infinities) for o in found.inputs]
        assert not any(amiss)
