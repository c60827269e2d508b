"""Reports of `compare` on small functions: dtypes, other inputs, rounding, refused arguments."""

import dataclasses
import doctest

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgrad.port import assert_parity, compare, compare_training

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]


X = np.linspace(-2, 2, 5, dtype=np.float32)


def test_parity():
    assert_parity(torch.sin, jnp.sin, X)
    with pytest.raises(AssertionError) as raised:
        assert_parity(torch.sin, jnp.cos, X)
    lines = str(raised.value).splitlines()
    assert lines[0].startswith("values differ at output[") and "; first in sin: JAX" in lines[0]
    assert "    Mismatched elements: 5 / 5 (100.0%)" in lines
    assert any(line.startswith("    Greatest absolute difference: 1.38177 at") for line in lines)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_dtypes(dtype):
    assert compare(torch.tanh, jnp.tanh, X.astype(jnp.dtype(dtype))).agrees


def test_float64_with_64_bit_types():
    with jax.enable_x64(True):
        assert compare(torch.tanh, jnp.tanh, X.astype(np.float64)).agrees


def test_another_dtype_and_another_shape():
    report = compare(torch.sin, lambda x: jnp.sin(x).astype(jnp.bfloat16), X)
    assert report.first == "dtypes differ at output: PyTorch float32, JAX bfloat16"
    report = compare(torch.sin, lambda x: jnp.sin(x)[None], X)
    assert report.first.startswith("shapes differ at output: PyTorch (5,), JAX (1, 5)")


def test_an_error_on_one_side():
    report = compare(torch.sin, lambda x: jnp.reshape(x, (2, 2)), X)
    assert report.first.startswith("only one side raises: JAX: TypeError: cannot reshape")


def test_empty_arrays():
    assert compare(torch.sin, jnp.sin, np.zeros((0, 3), np.float32)).agrees


def test_a_detached_output():
    report = compare(lambda x: torch.sin(x).detach(), jnp.sin, X)
    assert report.first.startswith("gradients differ at inputs[0][")

    def stopped(x):
        return jax.lax.stop_gradient(jnp.sin(x))

    assert compare(lambda x: torch.sin(x).detach(), stopped, X).agrees


@pytest.mark.parametrize(
    ("original", "port", "kind"),
    [
        (torch.abs, jnp.abs, "zeros"),
        (lambda x: x.clamp(-1, 1), lambda x: jnp.clip(x, -1, 1), "kinks and ties"),
        (F.softplus, lambda x: jnp.log(1 + jnp.exp(x)), "large numbers"),
    ],
)
def test_other_inputs(original, port, kind):
    x = np.array([0.3, -0.7, 1.2, 2.2, -1.7], np.float32)
    report = compare(original, port, x)
    assert report.first.startswith(f"agrees at the given inputs, but with inputs[0] at {kind}")
    assert compare(original, port, x, seek_inputs=False).verdict == "agrees"


def test_a_kink_beside_an_output_without_a_gradient():
    x = np.array([0.0, -0.7, 1.2], np.float32)

    def port(x):
        return jnp.sin(jax.lax.stop_gradient(x)), jnp.maximum(x, 0)

    report = compare(lambda x: (x.detach().sin(), torch.relu(x)), port, x)
    assert "the derivative of relu at 0: PyTorch's gradient there is 0, JAX's " in report.first


@dataclasses.dataclass
class Output:
    value: object
    count: int


def test_outputs_in_a_dataclass():
    def original(x):
        return Output(torch.sin(x), 3)

    assert compare(original, lambda x: Output(jnp.sin(x), 3), X).agrees
    report = compare(original, lambda x: Output(jnp.sin(x), 4), X)
    assert report.first == "structures differ at output['count']: PyTorch 3, JAX 4"


def test_rounding_is_told_by_float64():
    x = np.array([1e4, 1e4 + 1, 1e4 + 2], np.float32)

    def port(x):
        return jnp.mean(x * x) - jnp.mean(x) ** 2

    report = compare(lambda x: x.var(correction=0), port, x, seek_inputs=False)
    assert report.verdict == "rounding"
    assert "only rounding differs (float64 agrees)" in report.first


def test_without_float64_no_difference_is_rounding():
    weight = torch.arange(5, dtype=torch.float32)
    report = compare(lambda x: torch.dot(x, weight), lambda x: (x * jnp.arange(5)).sum() * 1.01, X)
    assert report.verdict == "differs"
    assert "float64 cannot tell rounding from meaning: PyTorch raises" in str(report)
    report = compare(lambda x: torch.dot(x, weight), lambda x: (x * jnp.arange(5)).sum(), X)
    assert report.agrees and "in float64" not in report.first


def test_refused_arguments():
    with pytest.raises(ValueError, match="torch_fn must be a function that gives the same answer"):
        compare(torch.nn.Dropout(0.5), jnp.sin, X)
    with pytest.raises(TypeError, match="compare: jax_fn must be a function, got str"):
        compare(torch.sin, "sin", X)
    given = {
        "torch_optimizer": lambda p: torch.optim.SGD(p, lr=0.1),
        "jax_optimizer": optax.sgd(0.1),
        "params": {},
    }
    with pytest.raises(ValueError, match="compare_training: steps must be 1 or more"):
        compare_training(torch.sin, jnp.sin, X, steps=0, **given)
    with pytest.raises(TypeError, match="compare_training: module must be the nn.Module"):
        compare_training(torch.sin, jnp.sin, X, **given)
    optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=0.1)
    with pytest.raises(TypeError, match="torch_optimizer must be a function of the parameters"):
        compare_training(torch.sin, jnp.sin, X, **given | {"torch_optimizer": optimizer})
    loss = torch.nn.Linear(5, 3)
    params = {"w": np.zeros((5, 3), np.float32), "b": np.zeros(3, np.float32)}
    with pytest.raises(ValueError, match=r"a function that gives a loss, a number, got .*\(3,\)"):
        compare_training(loss, lambda p, x: x @ p["w"] + p["b"], X, **given | {"params": params})


class Dropped(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.drop = torch.nn.Linear(3, 3), torch.nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.fc(x))


def test_a_module_that_draws_numbers_is_told_which_layers_do():
    with pytest.raises(
        ValueError, match=r"set drop\.p = 0 in module \(module\.eval\(\) would also"
    ):
        compare(Dropped(), jnp.sin, np.ones((2, 3)))
    with pytest.raises(ValueError, match="draw the numbers outside of it"):
        compare(lambda x: F.dropout(x), jnp.sin, X)


def test_an_original_that_raises():
    report = compare(lambda x: x.reshape(7), jnp.sin, X)
    assert report.first.startswith("only one side raises: PyTorch: RuntimeError: shape '[7]' is")
    report = compare(lambda x: x.reshape(7), lambda x: x.reshape(7), X)
    assert report.first.startswith("both sides raise: PyTorch: RuntimeError")


def test_the_gradient_of_a_constant_is_no_large_difference():
    x = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    report = compare(lambda x: x.softmax(-1).sum(-1), lambda x: jax.nn.softmax(x).sum(-1), x)
    assert report.agrees
    assert float(report.first.split("difference is ")[1].split()[0]) < 1e-6


def test_equal_numbers():
    assert compare(torch.neg, jnp.negative, X).first.endswith("all numbers are equal")


def test_the_module_is_restored():
    module = torch.nn.BatchNorm1d(3)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    params = {"weight": np.ones(3, np.float32), "bias": np.zeros(3, np.float32)}
    compare(module, lambda p, x: x * p["weight"] + p["bias"], np.ones((4, 3)), params=params)
    after = module.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert all(after[name].dtype == tensor.dtype for name, tensor in before.items())


@pytest.mark.parametrize("function", [compare, assert_parity, compare_training])
def test_the_examples_with_pytorch(function):
    text = function.__doc__.replace("  # doctest: +SKIP", "")
    example = doctest.DocTestParser().get_doctest(text, {}, function.__name__, None, 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0
