"""Operations, the user's too, and control flow; what has no counterpart is refused by name."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from translated import Whole, drawn, made

from jaxgrad.port import Untranslatable, translate

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn, TF, higher = torch.nn, torch.nn.functional, torch._higher_order_ops


def test_an_unknown_operation_is_named_with_its_line():
    module = Whole(lambda x: torch.special.bessel_j0(x) + torch.special.airy_ai(x))
    told = r"bessel_j0 at \S*translated\.py:\d+; \S*airy_ai"
    with pytest.raises(Untranslatable, match=told) as error:
        translate(module, drawn([(3,)]))
    assert "operations={" in str(error.value)


def test_the_users_own_expression():
    module = Whole(torch.special.bessel_j0)
    operations = {"aten::special_bessel_j0": "jax.scipy.special.bessel_jn(self, v=0)[0]"}
    translation = translate(module, drawn([(3,)]), operations=operations)
    assert "bessel_jn(args[0], v=0)[0]" in translation.source


def test_the_users_own_function(tmp_path, monkeypatch):
    (tmp_path / "my_scales.py").write_text("def scaled(x, factor):\n    return factor * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    scaled = importlib.import_module("my_scales").scaled
    operator = torch.library.custom_op("jaxgrad_tests::scaled", scaled_in_pytorch, mutates_args=())
    operator.register_fake(lambda x, factor: torch.empty_like(x))
    module, inputs = Whole(lambda x: 1 + operator(x, 3.0)), drawn([(3,)])
    translation = translate(module, inputs, operations={"jaxgrad_tests::scaled": scaled})
    assert "import my_scales\n" in translation.source
    ours = translation.function(translation.params, *inputs)
    np.testing.assert_allclose(ours, 1 + 3 * inputs[0], rtol=1e-6)
    with pytest.raises(TypeError, match="import it from there"):
        translate(module, inputs, operations={"jaxgrad_tests::scaled": lambda x, f: f * x})


def scaled_in_pytorch(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x * factor


class Controls(nn.Module):
    """A module with a condition, a loop, a scan or a map."""

    def __init__(self, kind):
        super().__init__()
        self.layer, self.kind = nn.Linear(3, 3), kind

    def forward(self, x):
        """The kind that was asked for."""
        return getattr(self, self.kind)(x)

    def condition(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.layer(x).relu(), lambda x: x - 1, (x,))

    def loop(self, x):
        steps = (lambda i, x: i < 5, lambda i, x: (i + 1, self.layer(x)))
        return higher.while_loop(*steps, (torch.tensor(0), x))

    def scan(self, x):
        def step(carried, x):
            y = torch.tanh(self.layer(carried + x))
            return y, y * 2

        return higher.scan(step, torch.zeros(3), x, dim=0)

    def map(self, x):
        return higher.map(lambda x: self.layer(x).sum() * x, x)

    def written(self, x):
        def write(x):
            y = self.layer(x)
            y[0].add_(1)  # another name of a part
            y.relu_()
            return y

        return torch.cond(x.sum() > 0, write, lambda x: x - 1, (x,))

    def drawn(self, x):
        return torch.cond(x.sum() > 0, lambda x: TF.dropout(x), lambda x: x - 1, (x,))


@pytest.mark.parametrize("kind", ["condition", "loop", "scan", "map", "written"])
@pytest.mark.parametrize("sign", [1, -1])
def test_control_flow(kind, sign):
    module, (x,) = made(lambda: Controls(kind)), drawn([(4, 3)])
    x = sign * np.abs(x)
    translation = translate(module, (x,))
    params, words = dict(module.named_parameters()), torch.from_numpy(x)

    def total(params):
        values = jax.tree.leaves(translation.function(params, x))
        return sum(jnp.sum(value) for value in values), values

    theirs = jax.tree.leaves(module(words))
    if kind == "loop":  # which JAX does not differentiate backwards
        ours = jax.jit(total)(translation.params)[1]
    else:
        grads, ours = jax.jit(jax.grad(total, has_aux=True))(translation.params)
        expected = torch.autograd.grad(
            sum(value.sum() for value in theirs), list(params.values()), materialize_grads=True
        )
        for name, grad in zip(params, expected, strict=True):
            np.testing.assert_allclose(grads[name], grad, rtol=1e-5, atol=1e-6)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other.detach(), rtol=1e-5, atol=1e-6)


def test_random_numbers_in_a_branch_are_refused():
    with pytest.raises(Untranslatable, match="random numbers within cond"):
        translate(made(lambda: Controls("drawn")), drawn([(4, 3)]), training=True)


class Refused(nn.Module):
    """What PyTorch does not export, by its name."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.recurrent = kind, nn.GRU(4, 3, batch_first=True)

    def forward(self, x):
        if self.kind == "branch":
            return x if x.sum() > 0 else -x
        if self.kind == "packed":
            packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 2]), batch_first=True)
            return self.recurrent(packed)[1]
        if self.kind == "NumPy":
            return torch.from_numpy(np.sin(x.detach().numpy()))
        raise KeyError("key")


ADVICE = {
    "branch": r"data-dependent .* at \S*_operations_live\.py:\d+; choose by torch\.where",
    "packed": r" at \S*_operations_live\.py:\d+; leave the sequences padded; F\.lstm, F\.gru",
    "NumPy": r".*numpy.* at \S*_operations_live\.py:\d+$",
    "error": r"KeyError: 'key' at \S*_operations_live\.py:\d+$",
}


@pytest.mark.parametrize("kind", ADVICE)
def test_what_pytorch_does_not_export_is_refused_with_its_line(kind):
    with pytest.raises(Untranslatable, match=f"cannot export the .*{ADVICE[kind]}"):
        translate(Refused(kind), drawn([(2, 3, 4)]))


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match="translate: module must be an nn.Module, got function"):
        translate(lambda x: x, drawn([(3,)]))


FUNCTIONS = {
    "index": (lambda x: x[[0, 2], :, torch.tensor([1, 0])], ((3, 2, 2),)),
    "splits": (
        lambda x: torch.cat([y * i for i, y in enumerate(x.split([1, 3], 1))], 1),
        ((2, 4),),
    ),
    "expand": (lambda x: x[:, None].expand(-1, 3, -1).flatten(0, 1), ((2, 4),)),
    "gather": (lambda x: x.gather(1, x.argsort(1)[:1, :2]), ((3, 4),)),
    "reductions": (
        lambda x: (x.std(1), x.mean((0, 1)), x.amax(1, keepdim=True), *x.max(1)),
        ((3, 4),),
    ),
    "truth": (lambda x: torch.logical_not(x.round().int()).where(x > 0, x < -1), ((3, 4),)),
    "grids": (lambda x: torch.stack(torch.meshgrid(x[0], x[1, :2], indexing="ij")), ((2, 3),)),
    "masks": (lambda x: x.masked_fill(x > 0.5, -1.0).where(x < 1, x.new_zeros(())), ((3, 4),)),
    "rounded": (lambda x: torch.div(x, 0.3, rounding_mode="floor") + x.round(), ((3, 4),)),
    "differences": (lambda x: x.diff(2, 1, prepend=x[:, :1]), ((3, 4),)),
    "sums so far": (lambda x: x.cumsum(1, dtype=torch.float16).float(), ((3, 1),)),
    "repeats": (
        lambda x: x.repeat_interleave(torch.tensor([2, 0, 1]), 0, output_size=3),
        ((3, 2),),
    ),
    "dropout in place": (lambda x: TF.dropout(x + 1, training=False, inplace=True), ((3, 2),)),
    "composites": (
        lambda x: torch.trapezoid(torch.hstack((x, x.flip(0))).tensor_split(2)[0]),
        ((4, 3),),
    ),
    "whole numbers": (
        lambda x: (x.int() / 2, x.int().exp(), (x * 9).int() * 0.5, torch.div(x.int(), 2).sum()),
        ((3, 4),),
    ),
    "truncated": (
        lambda x: torch.div((x * 9).int(), (x[0] * 2).int() + 5, rounding_mode="trunc"),
        ((3, 4),),
    ),
    "losses": (
        lambda x: (TF.huber_loss(x, x * 2), TF.cross_entropy(x, torch.tensor([0, 2, 1]))),
        ((3, 4),),
    ),
    "scattered": (
        lambda x: x.scatter_add(1, x.argsort(1)[:2, :3], x).index_fill(1, x[0, :1].long() * 0, 2),
        ((3, 4),),
    ),
    "the extremes of whole numbers and truths": (
        lambda x: tuple(
            of.scatter_reduce(0, x.argsort(0)[:, 1:], of, reduced, include_self=own)
            for of in ((x * 9).int(), x > 0)
            for reduced in ("amax", "amin", "prod")
            for own in (True, False)
        ),
        ((3, 4),),
    ),
    "reduced at places": (
        lambda x: tuple(
            x.scatter_reduce(0, x.argsort(0) // 2, x * 2, reduced, include_self=own)
            for reduced in ("mean", "amax", "amin")
            for own in (True, False)
        ),
        ((3, 4),),
    ),
    "solved": (
        lambda x: (torch.linalg.solve(x @ x.mT + 1, x[:, 0]), torch.linalg.det(x)),
        ((3, 3),),
    ),
    "transformed": (lambda x: torch.fft.irfft(torch.fft.rfft(x, dim=0), n=3, dim=0), ((3, 4),)),
    "other names, beside a batch norm": (
        lambda x: torch.concatenate(
            [
                TF.batch_norm(x, torch.zeros(4), torch.ones(4)).swapaxes(0, 1).narrow(0, 1, 2),
                torch.multiply(x.moveaxis(0, 1), 2).swapdims(0, 1).T.subtract(1).arctan(),
            ]
        ),
        ((3, 4),),
    ),
    "narrow from the end": (
        lambda x: (x.narrow(0, -2, 2), torch.narrow_copy(x, 1, -3, 2)),
        ((3, 4),),
    ),
    "histograms": (lambda x: (x.histc(5), x.histc(4, -1, 1), x.histc(3, 2, 2)), ((3, 4),)),
    "counts to truths": (
        lambda x: tuple(
            x[0, 0] + torch.arange(*bounds)
            for bounds in ((True,), (False, 7, 2), (True, 3.5), (0.5, 3, True))
        ),
        ((3, 4),),
    ),
    "in place, of a wider dtype": (
        lambda x: (
            x.half().clamp_(max=x.mean(0)),
            x.half().add_(x).mul_(x[0]),
            x.bfloat16().where(x > 0, 0.0).masked_fill_(x > 1, 2.0).float(),
        ),
        ((3, 4),),
    ),
    "roll": (lambda x: x.roll((1, -1), (0, 1)).unflatten(1, (2, 2)).transpose(0, 1), ((3, 4),)),
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_of_tensors(name):
    function, shapes = FUNCTIONS[name]
    inputs = drawn(shapes)
    translation = translate(Whole(function), inputs)
    ours = translation.function(translation.params, *map(jax.numpy.asarray, inputs))
    theirs = function(*map(torch.from_numpy, inputs))
    theirs = [theirs] if isinstance(theirs, torch.Tensor) else list(theirs)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-5, atol=1e-6)


REFUSED = {
    "embedding with scale_grad_by_freq=True": lambda x: TF.embedding(
        torch.arange(2), x[:, None], scale_grad_by_freq=True
    ),
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("told", sorted(REFUSED))
def test_an_argument_that_an_expression_leaves_out_is_refused(told):
    with pytest.raises(Untranslatable, match=f"aten::{told} at"):
        translate(Whole(REFUSED[told]), drawn([(3,)]))
