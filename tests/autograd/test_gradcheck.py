import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad.autograd import backward, gradcheck, gradgradcheck

X = jnp.array([0.5, -1.0, 2.0])


def wrong_at(place, by=0.1):
    """A square whose derivative is wrong in one element."""
    fn = jax.custom_jvp(lambda x: x**2)
    off = by * np.eye(3)[place]
    fn.defjvp(lambda p, t: (p[0] ** 2, t[0] * (2 * p[0] + jnp.array(off, p[0].dtype))))
    return fn


def backward_is(rule, fn=lambda x: x**2):
    own = jax.custom_vjp(fn)
    own.defvjp(lambda x: (fn(x), x), lambda x, ct: (rule(x, ct),))
    return own


class TestRight:
    @pytest.mark.parametrize(
        "fn",
        [jnp.sin, lambda x: x.sum(), jnp.cumprod, lambda x: x[:, None] * x[None], jax.jit(jnp.exp)],
    )
    @pytest.mark.parametrize("fast", [False, True])
    def test_real(self, fn, fast):
        for check in (gradcheck, gradgradcheck):
            assert check(fn, X, fast_mode=fast)
        assert gradcheck(fn, X, fast_mode=fast, check_forward_ad=True, key=jax.random.key(0))
        assert gradgradcheck(fn, X, fast_mode=fast, check_fwd_over_rev=True)

    @pytest.mark.parametrize(
        "fn",
        [
            lambda z: z * z,
            jnp.conj,
            lambda z: jnp.abs(z) ** 2,
            lambda z: z.real * z.imag,
            lambda z: jnp.exp(1j * z),
        ],
    )
    def test_complex_whether_holomorphic_or_not(self, fn):
        z = jnp.array([1 + 2j, -0.5 + 1j])
        assert gradcheck(fn, z, check_forward_ad=True)
        assert gradcheck(fn, z, check_forward_ad=True, fast_mode=True)
        assert gradgradcheck(fn, z)

    def test_real_to_complex(self):
        assert gradcheck(lambda x: x.astype(complex) * (1 + 2j), X, check_forward_ad=True)

    def test_pytrees_and_integers(self):
        def fn(params, x, n):
            h = params["w"] * x + params["b"]
            return {"h": h, "sum": (h.sum() ** 2, n)}

        report = gradcheck(fn, ({"w": X, "b": 1.0}, X, jnp.arange(3)))
        assert report and len(report.differences) == 2 * 3
        assert {d.output for d in report.differences} == {"output['h']", "output['sum'][0]"}
        assert {d.input for d in report.differences} == {
            "inputs[0]['w']",
            "inputs[0]['b']",
            "inputs[1]",
        }
        assert str(report) == "gradcheck: 6 Jacobians agree, backward"

    def test_the_cotangent_of_a_function_with_integers_beside(self):
        def fn(x):
            return {"a": x**2 * (1 + 1j), "n": jnp.argmax(x.real)}

        assert gradgradcheck(fn, X.astype(complex), {"a": X, "n": 0})

    def test_float32_is_taken_to_float64(self):
        """PyTorch's verdict on this is False, with a warning."""
        assert gradcheck(jnp.sin, jnp.linspace(0, 100, 7))
        assert not jax.config.jax_enable_x64

    def test_empty(self):
        assert gradcheck(lambda x: x * 2, jnp.zeros(0))
        assert gradgradcheck(lambda x: x * 2, jnp.zeros(0))


class TestWrong:
    @pytest.mark.parametrize("fast", [False, True])
    @pytest.mark.parametrize("mode", ["backward", "forward"])
    def test_the_element_is_named(self, fast, mode):
        report = gradcheck(
            wrong_at(2),
            X,
            check_backward_ad=mode == "backward",
            check_forward_ad=mode == "forward",
            fast_mode=fast,
            raise_exception=False,
        )
        assert not report
        worst = report.differences[-1]
        assert (worst.mode, worst.output_index, worst.input_index) == (mode, (2,), (2,))
        assert (worst.analytic, worst.numeric) == pytest.approx((4.1, 4.0))

    def test_it_raises_with_the_report(self):
        match = r"1 wrong\n  backward, output by inputs\[0\], element \[1\] by \[1\]: analytic -1.9"
        with pytest.raises(ValueError, match=match):
            gradcheck(wrong_at(1), X)

    def test_a_wrong_second_derivative(self):
        fn = backward_is(lambda x, ct: ct * (2 * x + jax.lax.stop_gradient(x) - x))
        assert gradcheck(fn, X)
        report = gradgradcheck(fn, X, raise_exception=False)
        assert [d.is_within for d in report.differences] == [False, True]

    def test_an_undefined_gradient(self):
        fn = backward_is(lambda x, ct: ct * x * 2 + 1e-9)
        with pytest.raises(
            ValueError, match=r"backward of a zero cotangent is not zero: inputs\[0"
        ):
            gradcheck(fn, X)
        assert gradcheck(fn, X, check_undefined_grad=False)
        nan = backward_is(lambda x, ct: ct * x * 2 / abs(jnp.sign(ct)))
        assert "zero cotangent" in str(gradcheck(nan, X, raise_exception=False))

    def test_a_backward_pass_that_is_not_deterministic(self):
        rng = np.random.default_rng(0)

        def rule(x, ct):
            return ct * (2 * x + rng.normal() * 1e-7)

        with pytest.raises(
            ValueError, match="backward is not deterministic: .* differ by [0-9.]+e-0"
        ):
            gradcheck(backward_is(rule), X)
        assert gradcheck(backward_is(rule), X, nondet_tol=1e-5)

    @pytest.mark.parametrize(("fn", "slope"), [(jnp.abs, -1.0), (jax.nn.relu, 0.0)])
    def test_a_kink_says_so(self, fn, slope):
        report = gradcheck(fn, jnp.array([1.0, 0.0]), raise_exception=False)
        below, above = report.differences[0].kink
        assert above == pytest.approx(1) and below == pytest.approx(slope)
        assert "a kink: the slope is" in str(report)
        assert gradcheck(wrong_at(0), X, raise_exception=False).differences[0].kink is None

    def test_nan(self):
        assert not gradcheck(jnp.sqrt, jnp.array([1.0, -1.0]), raise_exception=False)

    def test_of_complex_numbers_the_part(self):
        fn = jax.custom_jvp(lambda z: z * z)
        fn.defjvp(lambda p, t: (p[0] ** 2, 2 * p[0] * jnp.conj(t[0])))
        report = gradcheck(fn, jnp.array([1 + 0j]), raise_exception=False)
        assert "(imag by imag): analytic -2, numeric 2" in str(report)


class TestRefusals:
    def test_arguments(self):
        with pytest.raises(TypeError, match="gradcheck: fn must be callable, got int"):
            gradcheck(3, X)
        with pytest.raises(TypeError, match="gradgradcheck: fn must be callable, got int"):
            gradgradcheck(3, X)
        with pytest.raises(TypeError, match="inputs must be floating point or complex in at least"):
            gradcheck(jnp.sum, jnp.arange(3))
        with pytest.raises(TypeError, match="output must be floating point or complex"):
            gradcheck(jnp.argmax, X)
        with pytest.raises(ValueError, match="eps must be positive"):
            gradcheck(jnp.sum, X, eps=0.0)
        with pytest.raises(ValueError, match="grad_outputs must be of structure and shapes"):
            gradgradcheck(jnp.sin, X, X[:1])
        with pytest.raises(ValueError, match="grad_outputs must be of structure and shapes"):
            gradgradcheck(lambda x: {"a": x}, X, (X,))
        with pytest.raises(TypeError, match="grad_outputs must be real for output"):
            gradgradcheck(jnp.sin, X, X.astype(complex))
        with pytest.raises(TypeError, match="fast_mode must be True or False"):
            gradcheck(jnp.sin, X, fast_mode="no")
        with pytest.raises(ValueError, match="atol must be at least 0"):
            gradcheck(jnp.sin, X, atol=-1.0)
        with pytest.raises(ValueError, match="check_backward_ad must be True, or check_forward_ad"):
            gradcheck(jnp.sin, X, check_backward_ad=False)
        with pytest.raises(TypeError, match="runs on the host"):
            jax.jit(lambda x: bool(gradcheck(jnp.sin, x)))(X)

    def test_a_cast_inside(self):
        with pytest.raises(ValueError, match="output must be 64-bit as the inputs, got float32"):
            gradcheck(lambda x: x.astype("float32") * 2, X)


def test_the_convention_of_backward():
    """Its gradients of complex arguments are the adjoint of the real inner product."""
    z, ct = jnp.array([1 + 2j]), jnp.array([0.5 - 1j])
    u = backward(lambda z: z * z * (1 + 1j))(z, cotangent=ct)[1][0]
    step = 1e-3
    for direction in (1.0, 1j):
        out = [(z + s * step * direction) ** 2 * (1 + 1j) for s in (1, -1)]
        slope = float(jnp.real(jnp.conj(ct) * (out[0] - out[1]) / (2 * step)).sum())
        assert float(jnp.real(jnp.conj(u) * direction)) == pytest.approx(slope, rel=1e-3)
