import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from jaxgrad.autograd import first_nonfinite

X = jnp.array([4.0, 0.0])


def sqrt_under_where(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0).sum()


class TestForward:
    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit, jax.checkpoint])
    def test_the_first_of_several(self, transform):
        @transform
        def fn(x):
            y = x * 2
            z = jnp.log(y)
            return jnp.exp(z) / z

        found = first_nonfinite(fn)(X)
        assert (found.phase, found.operation, found.index) == ("forward", "log", (1,))
        assert found.source.file == __file__ and found.source.function == "fn"
        assert found.path[0] == "output" and found.path[-1] == "log"
        assert (found.inputs[0].at, found.outputs[0].infinities) == ("0.0", 1)

    def test_inputs_that_are_not_finite_are_no_birth(self):
        found = first_nonfinite(lambda x: jnp.exp(jnp.where(x > 0, x, -jnp.inf)).sum())(X)
        assert found is None

    def test_what_was_given(self):
        found = first_nonfinite(lambda x, y: x + y["a"])(X, {"a": jnp.array([jnp.nan, 0.0])})
        assert (found.operation, found.within, found.index) == ("given", ("args[1]['a']",), (0,))
        assert "path" not in str(found)
        mask = jnp.array([0.0, -jnp.inf])
        found = first_nonfinite(lambda m, x: x + m)(mask, jnp.array([1.0, jnp.nan]))
        assert (found.within, found.index) == (("args[1]",), (1,))
        found = first_nonfinite(lambda x: x * mask)(X + 1)
        assert (found.within, found.index) == (("a constant of fn",), (1,))
        found = first_nonfinite(lambda x: x * 2)(X, cotangent=mask)
        assert (found.phase, found.within) == ("backward", ("the cotangent",))

    def test_nan_only_has_the_index_of_the_nan(self):
        found = first_nonfinite(lambda x, y: x / y, nan_only=True)(X[::-1] * 0 + X, X * 0)
        assert found.index == (1,)

    def test_operators_of_reductions_are_not_entered(self):
        def fn(x):
            return 1 / jax.lax.reduce(x, 0.0, lambda a, b: a + b * 1, (0,))

        assert first_nonfinite(fn, ())(jnp.array([1.0, -1.0])).operation == "div"
        assert first_nonfinite(fn, ())(jnp.array([1.0, 0.0])) is None

    def test_examples_that_end_by_themselves(self):
        def fn(x):
            return jax.lax.while_loop(
                lambda c: c[0] < x, lambda c: (c[0] + 1, c[1] * 2), (0.0, 1.0)
            )

        several = jax.vmap(lambda x: fn(x)[1])
        assert first_nonfinite(several, ())(jnp.array([1.0, 20.0])) is None
        found = first_nonfinite(several, ())(jnp.array([1.0, 200.0]))
        assert found.operation == "mul" and found.index == (1,)
        assert found.within == ("while, iteration 127, counted from 0",)
        assert found.path == ("output", "while", "select_n", "mul")
        deep = jax.vmap(several)
        found = first_nonfinite(deep, ())(jnp.array([[1.0, 20.0, 3.0], [1.0, 2.0, 200.0]]))
        assert found.operation == "mul" and found.index == (1, 2)

    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
    def test_examples_beside_a_constant_that_does_no_harm(self, transform):
        def fn(x, n):
            def step(state):
                return state[0] + 1, 1 / jnp.where(state[1] > -jnp.inf, state[1], jnp.nan)

            return jax.lax.while_loop(lambda s: s[0] < n, step, (0, x))[1]

        several = transform(jax.vmap(fn))
        x, n = jnp.array([1.0, 0.0, 2.0]), jnp.array([1, 1, 3])
        found = first_nonfinite(several, ())(x, n)
        assert found.operation == "div" and found.index == (1,)
        assert found.within[-1] == "while, iteration 0, counted from 0"
        assert first_nonfinite(several, ())(x, n.at[1].set(0)) is None  # it has ended by then

        def twice(x):
            return jax.lax.scan(lambda c, _: (several(c, n), None), x, None, length=2)[0]

        assert first_nonfinite(twice, ())(x + 1) is None
        found = first_nonfinite(twice, ())(x.at[1].set(jnp.inf))  # 1 / ∞, then 1 / 0
        assert found.operation == "div" and found.within[0].startswith("scan, iteration 1 of 2")

    def test_no_iteration(self):
        assert first_nonfinite(lambda x: jax.lax.map(jnp.sin, x).sum())(jnp.zeros(0)) is None

    def test_the_line_of_a_librarys_function(self):
        found = first_nonfinite(lambda x: jnp.std(x))(jnp.zeros(3))
        assert found.source.file == __file__

    def test_nan_only(self):
        def fn(x):
            return jnp.log(x) * x

        assert first_nonfinite(fn)(X).operation == "log"
        assert first_nonfinite(fn, nan_only=True)(X).operation == "mul"

    @pytest.mark.parametrize("reverse", [False, True])
    def test_the_iteration_of_a_scan(self, reverse):
        def fn(x):
            def step(c, x):
                return c * x, c

            return jax.lax.scan(step, x, jnp.full(40, 1e5), reverse=reverse)

        found = first_nonfinite(fn)(jnp.array(3.0))
        iteration = 32 if reverse else 7
        assert found.within == (f"scan, iteration {iteration} of 40, counted from 0",)
        assert found.operation == "mul"
        assert found.inputs[0].most == pytest.approx(3e35)

    def test_loops_in_loops(self):
        def fn(x):
            def outer(c, _):
                return jax.lax.fori_loop(0, 3, lambda _, c: jax.jit(jnp.square)(c), c), None

            return jax.lax.scan(outer, x, None, length=5)[0]

        found = first_nonfinite(fn)(jnp.array(3.0))
        assert found.within[:2] == (
            "scan, iteration 2 of 5, counted from 0",
            "scan, iteration 0 of 3, counted from 0",
        )
        assert found.operation in ("square", "integer_pow")

    def test_while(self):
        def fn(x):
            return jax.lax.while_loop(lambda x: x < jnp.inf, lambda x: x * x, x)

        found = first_nonfinite(fn, argnums=())(jnp.array(3.0))
        assert found.within == ("while, iteration 6, counted from 0",)
        assert found.path == ("output", "while", "mul")

    def test_while_in_scan(self):
        def fn(x):
            def step(c, _):
                return jax.lax.while_loop(lambda c: c < 1e3, lambda c: c * c, c) / 1e3 * 1e37, None

            return jax.lax.scan(step, x, None, length=3)[0]

        found = first_nonfinite(fn, argnums=())(jnp.array(3.0))
        assert found.within == ("scan, iteration 1 of 3, counted from 0",)

    @pytest.mark.parametrize("x", [2.0, -2.0])
    def test_the_branch_of_a_cond(self, x):
        def fn(x):
            return jax.lax.cond(x > 0, lambda x: jnp.log(x - x), lambda x: jnp.log(x), x)

        found = first_nonfinite(fn)(jnp.array(x))
        assert found.within == (f"cond, branch {int(x > 0)}",)
        assert found.outputs[0].nans == int(x < 0)

    def test_custom_rules(self):
        fn = jax.custom_vjp(lambda x: 1 / x)
        fn.defvjp(lambda x: (1 / x, x), lambda x, ct: (ct,))
        found = first_nonfinite(fn)(X)
        assert found.operation == "div" and found.within[0].startswith("custom_vjp_call")

    @pytest.mark.parametrize("check", [True, False])
    def test_the_device_of_a_shard_map(self, check):
        mesh = jax.make_mesh((8,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))

        def on_shard(x):
            x = jax.lax.fori_loop(0, 2, lambda _, x: x + 1, x)
            x = jax.lax.cond(x[0] > 0, lambda x: x - 2, lambda x: x, x)
            x = jax.lax.while_loop(lambda x: x[0] > 1e9, lambda x: x - 1, x)
            return jax.lax.psum(jnp.log(x).sum(), "i")

        spec = PartitionSpec("i")
        fn = jax.shard_map(
            on_shard, mesh=mesh, in_specs=spec, out_specs=PartitionSpec(), check_vma=check
        )
        x = jnp.arange(16.0).at[5].set(0)[::-1]
        found = first_nonfinite(fn, argnums=())(x)
        assert found.operation == "log" and found.within == ("shard_map, device 5 of 8",)
        assert found.index == (0,)


class TestBackward:
    def test_what_it_is_the_derivative_of(self):
        found = first_nonfinite(jax.jit(sqrt_under_where))(X)
        assert (found.phase, found.operation, found.derivative_of) == ("backward", "div", "sqrt")
        assert found.source.file == __file__ and found.source.function == "sqrt_under_where"
        assert found.index == (1,) and found.path[0] == "gradient"

    def test_as_pytorch_sees_it(self):
        found = first_nonfinite(sqrt_under_where, nan_only=True)(X)
        assert (found.operation, found.derivative_of, found.outputs[0].nans) == ("mul", "sqrt", 1)

    def test_argnums(self):
        def fn(x, y):
            return (jnp.sqrt(x) * y).sum()

        assert first_nonfinite(fn, argnums=1)(X, X) is None
        assert first_nonfinite(fn, argnums=())(X, X) is None
        assert first_nonfinite(fn, argnums=(1, 0))(X, X).derivative_of == "sqrt"

    def test_in_a_scan(self):
        def fn(x):
            def step(c, x):
                return c + jnp.where(x > 0, jnp.sqrt(x), 0.0), None

            return jax.lax.scan(step, 0.0, x)[0]

        found = first_nonfinite(fn)(jnp.array([1.0, 2.0, 0.0, 3.0]))
        assert found.derivative_of == "sqrt"
        assert found.within[0] == "scan, iteration 2 of 4, counted from 0"

    def test_the_cotangent(self):
        def fn(x):
            return {"a": x * 1e30}

        assert first_nonfinite(fn)(X) is None
        found = first_nonfinite(fn)(X, cotangent={"a": jnp.array([1.0, 1e20])})
        assert (found.phase, found.derivative_of, found.index) == ("backward", "mul", (1,))

    def test_pytrees_flags_and_integers(self):
        def fn(params, n, flag, train=False):
            assert flag == "flag" and train
            return jnp.sqrt(params["w"]).sum() * params["n"].sum().astype("f4")

        params = {"w": X, "n": jnp.arange(3)}
        found = first_nonfinite(fn)(params, 3, "flag", train=True)
        assert found.derivative_of == "sqrt"

    def test_a_gradient_that_is_asked_for(self):
        found = first_nonfinite(jax.grad(sqrt_under_where), argnums=())(X)
        assert (found.phase, found.operation) == ("forward", "div")


class TestNothing:
    def test_finite(self):
        assert first_nonfinite(sqrt_under_where)(X + 1) is None

    def test_empty_and_integers(self):
        assert first_nonfinite(lambda x: x.sum() / 1)(jnp.zeros(0)) is None
        assert first_nonfinite(lambda n: n + 1)(jnp.arange(3)) is None

    @pytest.mark.parametrize("name", ["bfloat16", "float16", "float32", "complex64"])
    def test_dtypes(self, name):
        found = first_nonfinite(lambda x: 1 / x)(X.astype(name))
        assert found.operation == "div" and found.outputs[0].dtype == name

    def test_keys(self):
        def fn(key, x):
            return jax.random.normal(key, (2,)) / x

        assert first_nonfinite(fn)(jax.random.key(0), X).operation == "div"


def test_the_text():
    text = str(first_nonfinite(sqrt_under_where)(X))
    line = sqrt_under_where.__code__.co_firstlineno + 1
    assert text == "\n".join(
        [
            "first non-finite value: backward, div, in the derivative of sqrt, "
            f"at {__file__}:{line} (sqrt_under_where)",
            "  input   float32[] 0.5",
            "  input   float32[2] 0 to 2, 0.0 there",
            "  output  float32[2] all 0.25, 1 of 2 infinite, inf there, the first at [1]",
            "  path    gradient <- mul <- div",
        ]
    )


def test_a_dead_end_says_so():
    def fn(x):
        jnp.log(x)
        return x

    assert "it does not reach the output" in str(first_nonfinite(fn)(X))


class TestRefusals:
    def test_arguments(self):
        with pytest.raises(TypeError, match="fn must be callable, got int"):
            first_nonfinite(3)
        with pytest.raises(TypeError, match="nan_only must be True or False"):
            first_nonfinite(jnp.sum, nan_only=1)
        with pytest.raises(ValueError, match="argnums must be positions"):
            first_nonfinite(jnp.sum, argnums=1)(X)
        with pytest.raises(ValueError, match="cotangent must be of structure"):
            first_nonfinite(lambda x: (x, x))(X, cotangent=X)
        with pytest.raises(ValueError, match=r"cotangent must be of shape \(\), got shape \(2,\)"):
            first_nonfinite(jnp.sum)(X, cotangent=X)

    def test_under_jit(self):
        with pytest.raises(TypeError, match="first_nonfinite runs on the host"):
            jax.jit(first_nonfinite(jnp.sum))(X)
        with pytest.raises(TypeError, match="what fn closes over must be concrete"):
            jax.jit(lambda s: first_nonfinite(lambda x: x * s)(X))(X)
        with pytest.raises(TypeError, match="argnums must be positions of floating point"):
            first_nonfinite(lambda x, n: x, argnums=1)(X, 3)
        with pytest.raises(TypeError, match="arguments must be an array, got ShapeDtypeStruct"):
            first_nonfinite(jnp.sin)(jax.ShapeDtypeStruct((2,), "float32"))
        with pytest.raises(TypeError, match="cotangent must be float32, got complex64"):
            first_nonfinite(jnp.sum)(X, cotangent=1j)

    def test_no_reverse_mode(self):
        def fn(x):
            return jax.lax.while_loop(lambda x: x < 9, lambda x: x * 2, x)

        with pytest.raises(ValueError, match="Reverse-mode"):
            first_nonfinite(fn)(jnp.array(1.0))


def test_numpy_and_python_numbers():
    assert first_nonfinite(lambda x, y: jnp.log(x * y))(np.float32(0), 2.0).operation == "log"
