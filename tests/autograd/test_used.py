import jax
import jax.numpy as jnp
import pytest
from jax.sharding import PartitionSpec

from jaxgrad.autograd import used_inputs

X = jnp.ones(3)


def own_jvp(x, y):
    """Its rule forgets y."""
    fn = jax.custom_jvp(lambda x, y: x * y)
    fn.defjvp(lambda p, t: (p[0] * p[1], t[0] * p[1]))
    return fn(x, y)


def own_vjp(x, y):
    fn = jax.custom_vjp(lambda x, y: x * y)
    fn.defvjp(lambda x, y: (x * y, y), lambda y, ct: (ct * y, None))
    return fn(x, y)


def loop(x, y):
    """y comes into the carry in the first iteration, and into the output in the second."""

    def step(carry, _):
        a, b = carry
        return (a + b, y), None

    return jax.lax.scan(step, (x, X * 0), None, length=2)[0][0]


def while_loop(x, y):
    def step(carry):
        n, a, b = carry
        return n + 1, b * 2, b

    return jax.lax.while_loop(lambda c: (c[0] < 3) & (x[0] > 0), step, (0, X, y))[1]


def sharded(x, y):
    mesh = jax.make_mesh((1,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = PartitionSpec()
    mapped = jax.shard_map(
        lambda x, y: (x * 2, y), mesh=mesh, in_specs=(spec, spec), out_specs=spec
    )
    return mapped(x, y)[0]


def sharded_relu(x, y):
    mesh = jax.make_mesh((1,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))
    specs = PartitionSpec(), PartitionSpec("i")
    mapped = jax.shard_map(
        lambda x, y: jax.lax.psum(jax.nn.relu(x * y).sum(), "i"),
        mesh=mesh,
        in_specs=specs,
        out_specs=PartitionSpec(),
    )
    return mapped(x, y)


def own_vjp_of_closed(x, y):
    """JAX differentiates by the argument, not by the array that is closed over."""
    constant = jnp.arange(3.0)
    fn = jax.custom_vjp(lambda x: x * constant)
    fn.defvjp(lambda x: (fn(x), None), lambda _, ct: (ct * constant,))
    return fn(x)


BOTH, FIRST, SECOND, NEITHER = (True, True), (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda x, y: x * y, BOTH),
        (lambda x, y: x, FIRST),
        (lambda x, y: x * jax.lax.stop_gradient(y), FIRST),
        (lambda x, y: x * y.astype(int).astype(float), FIRST),
        (lambda x, y: jnp.where(y > 0, x, 0.0), FIRST),
        (lambda x, y: x[jnp.argmax(y)], FIRST),
        (lambda x, y: jnp.floor(x) + jnp.sign(y), BOTH),
        (lambda x, y: x * 0 * y, BOTH),
        (lambda x, y: (y > 0, jnp.argmax(x)), NEITHER),
        (lambda x, y: {"a": x.sum(), "b": [3]}, FIRST),
        (jax.jit(lambda x, y: jax.jit(lambda y: y * 2)(y)), SECOND),
        (lambda x, y: jax.checkpoint(lambda x, y: jnp.sin(x))(x, y), FIRST),
        (lambda x, y: jax.lax.cond(y[0] > 0, lambda x: x, lambda x: x * 2, x), FIRST),
        (lambda x, y: jax.lax.cond(True, lambda x, y: x, lambda x, y: y, x, y), BOTH),
        (lambda x, y: jax.vmap(lambda x, y: x)(x, y), FIRST),
        (lambda x, y: jax.nn.relu(y), SECOND),
        (own_jvp, FIRST),
        (lambda x, y: own_jvp(y, x), SECOND),
        (lambda x, y: own_jvp(x, x) + own_jvp(y, y), BOTH),
        (own_vjp, FIRST),
        (loop, BOTH),
        (lambda x, y: loop(x, jax.lax.stop_gradient(y)), FIRST),
        (while_loop, SECOND),
        (sharded, FIRST),
        (sharded_relu, BOTH),
        (own_vjp_of_closed, FIRST),
        (lambda x, y: jax.lax.optimization_barrier((x, y))[0], FIRST),
        (lambda x, y: jax.lax.sort((x, y), num_keys=1)[1], SECOND),
        (lambda x, y: jax.lax.reduce(x * y, 1.0, jax.lax.mul, (0,)), BOTH),
        (lambda x, y: jnp.sort(x) + jnp.cumsum(y), BOTH),
        (lambda x, y: jax.grad(lambda x: (x**2).sum() + y.sum())(x), FIRST),
        (lambda x, y: jnp.zeros(3), NEITHER),
    ],
)
def test_two_inputs(fn, expected):
    assert used_inputs(fn)(X, X) == expected
    assert used_inputs(jax.jit(fn))(X, X) == expected


def test_pytrees_and_flags():
    def fn(params, x, scale, flag, train=False):
        assert train and flag == "flag"
        return (params["w"][0] * x[:scale]).sum()

    params = {"w": [1.0, 2], "b": None, "n": jnp.arange(3)}
    used = used_inputs(fn)(params, X, 2, "flag", train=True)
    assert used == ({"w": [True, False], "b": None, "n": False}, True, False, False)


def test_one_argument_and_none():
    assert used_inputs(jnp.sum)(X) is True
    assert used_inputs(lambda: X)() == ()


def test_empty_arrays():
    assert used_inputs(lambda x: x.sum())(jnp.zeros(0)) is True


def test_inside_a_trace():
    @jax.jit
    def fn(x):
        assert used_inputs(lambda x, y: y)(x, x) == (False, True)
        return x

    fn(X)
    jax.vmap(fn)(X)


def test_mutable_references():
    def fn(x, y):
        r = jax.new_ref(x)
        r[...] *= y
        return r[...].sum()

    with pytest.raises(ValueError, match="used_inputs: fn must be free of mutable references"):
        used_inputs(fn)(X, X)


def test_functions():
    with pytest.raises(TypeError, match="used_inputs: fn must be callable, got int"):
        used_inputs(3)
