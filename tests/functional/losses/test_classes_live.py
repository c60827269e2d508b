"""The losses over classes and of probabilities against a live PyTorch."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same
from torch_oracle import assert_as_torch, one_program, to_jax

from jaxgrad import functional

pytestmark = [
    pytest.mark.torch,
    # PyTorch's internal test modules warn of their own deprecations.
    pytest.mark.filterwarnings("ignore"),
]
INF, NAN = np.inf, np.nan


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def theirs(name):
    import torch

    return getattr(torch.nn.functional, name)


ROWS = [
    [1e4, 0.0, -1e4],
    [INF, 0.0, 1.0],
    [-INF, 0.0, 1.0],
    [-INF] * 3,
    [NAN, 0.0, 1.0],
    [INF, INF, 0.0],
    [0.5, -0.5, 2.0],
]


def nightly(parameter):
    """What takes long to compile."""
    return pytest.param(parameter, marks=pytest.mark.nightly)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.1, nightly(0.0), nightly(1.0)])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5], [0.0, 1.0, 1.0]], ids=str)
@one_program()
def test_cross_entropy_at_special_points(reduction, smoothing, weights):
    import torch

    torch.manual_seed(0)
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    x = torch.tensor(ROWS, dtype=torch.float64, requires_grad=True)
    kwargs = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
    for first in (0, 2, -100):
        target = torch.tensor([first, 1, -100, 0, 2, 1, 0])
        for rows in ([0, 6], [2, 6], [0, 1, 2, 3, 4, 5, 6], []):
            given = x[rows].detach().requires_grad_()
            args = (given, target[rows])
            assert_as_torch(
                functional.cross_entropy, theirs("cross_entropy"), args, kwargs, second=True
            )
    q = torch.rand(7, 3, dtype=torch.float64).requires_grad_()
    args = (x.detach().requires_grad_(), q)
    assert_as_torch(functional.cross_entropy, theirs("cross_entropy"), args, kwargs, second=True)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0), (3,), (2, 3, 2, 2)], ids=str)
@one_program()
def test_shapes_over_classes(shape, reduction):
    import torch

    axis = min(len(shape) - 1, 1)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    target = torch.randint(3, shape[:axis] + shape[axis + 1 :])
    for name in ("cross_entropy", "nll_loss"):
        args = (x, target)
        kwargs = {"reduction": reduction}
        assert_as_torch(getattr(functional, name), theirs(name), args, kwargs, second=True)
    args = (x, torch.rand(shape, dtype=torch.float64, requires_grad=True))
    assert_as_torch(functional.cross_entropy, theirs("cross_entropy"), args, kwargs, second=True)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@one_program()
def test_nll_loss_at_special_points(reduction):
    import torch

    x = torch.tensor(ROWS, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, 1, -100, 0, 0, 1, 2])
    for weights in (None, [1.0, 2.0, 0.5], [0.0, 0.0, 0.0], [INF, 1.0, 1.0]):
        weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
        kwargs = {"weight": weight, "reduction": reduction}
        assert_as_torch(functional.nll_loss, theirs("nll_loss"), (x, target), kwargs, second=True)


@one_program()
def test_binary_cross_entropy_at_its_bounds():
    import torch

    points = [0.0, 1.0, 0.5, 1e-13, 1 - 1e-13, 1e-300, 0.2]
    pairs = torch.tensor(list(itertools.product(points, [0.0, 1.0, 0.3])), dtype=torch.float64)
    x, y = pairs.unbind(1)
    name = "binary_cross_entropy"
    for reduction in ("none", "sum", "mean"):
        args = (x.clone().requires_grad_(), y)
        kwargs = {"reduction": reduction}
        assert_as_torch(getattr(functional, name), theirs(name), args, kwargs, second=True)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("positive", [None, 2.0])
def test_logits_at_special_points(positive, reduction):
    import torch

    points = [0.0, -0.0, 1.0, -40.0, 1e4, -1e4, INF, -INF, NAN, 1e-320]
    targets = [0.0, 1.0, 0.3, 2.0, NAN]
    pairs = torch.tensor(list(itertools.product(points, targets)), dtype=torch.float64)
    x, y = (part.clone().requires_grad_() for part in pairs.unbind(1))
    weight = torch.tensor(positive, dtype=torch.float64) if positive else None
    kwargs = {"reduction": reduction, "pos_weight": weight}
    name = "binary_cross_entropy_with_logits"
    args = (x, y.detach())
    assert_as_torch(getattr(functional, name), theirs(name), args, kwargs, second=True)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@one_program()
def test_kl_div_at_special_points(log_target, reduction):
    import torch

    special = [0.0, -0.0, 1.0, -1.0, 0.5, INF, -INF, NAN]
    pairs = torch.tensor(list(itertools.product(special, special)), dtype=torch.float64)
    x, y = (part.clone().requires_grad_() for part in pairs.unbind(1))
    kwargs = {"reduction": reduction, "log_target": log_target}
    assert_as_torch(functional.kl_div, theirs("kl_div"), (x, y), kwargs, second=True)
    for shape in ((), (0,), (0, 3)):
        args = [torch.rand(shape, dtype=torch.float64, requires_grad=True) for _ in range(2)]
        assert_as_torch(functional.kl_div, theirs("kl_div"), args, kwargs)


LENGTHS = {
    "padded": ([[1, 2], [3, 3]], [5, 5], [2, 2]),
    "shorter": ([[1, 2], [3, 3]], (5, 4), (0, 1)),
    "concatenated": ([1, 2, 3], (5, 4), (2, 1)),
    "impossible": ([[1, 2], [3, 3]], (2, 2), (2, 2)),
    "no input, no target": ([[1, 2], [3, 3]], (0, 2), (0, 2)),
    "no input": ([[1, 2], [3, 3]], (0, 2), (2, 2)),
    "blanks in the target": ([[0, 2], [1, 1]], (5, 5), (2, 2)),
    "padding that is no class": ([[1, -5], [3, 1]], (5, 5), (1, 2)),
    "no targets": ([], (5, 5), (0, 0)),
}


QUICK = ("padded", "impossible", "blanks in the target")


@pytest.mark.parametrize("name", [n if n in QUICK else nightly(n) for n in LENGTHS])
@one_program()
def test_ctc_loss(name):
    import torch

    torch.manual_seed(0)
    targets, inputs, lengths = LENGTHS[name]
    logits = torch.randn(5, 2, 4, dtype=torch.float64)
    for reduction, zero in itertools.product(["none", "mean", "sum"], [False, True]):
        for x in (logits.log_softmax(-1), logits):
            args = (x.requires_grad_(), torch.tensor(targets).long(), inputs, lengths)
            kwargs = {"reduction": reduction, "zero_infinity": zero}
            if name == "padding that is no class":
                args = (args[0], torch.tensor(targets), inputs, lengths)
            assert_as_torch(functional.ctc_loss, theirs("ctc_loss"), args, kwargs)


@one_program()
def test_one_sequence_of_ctc_loss():
    import torch

    x = torch.randn(5, 4, dtype=torch.float64).log_softmax(-1).requires_grad_()
    one, two = torch.tensor([1, 2]), torch.tensor([[1, 2]])
    for targets, inputs, lengths in (
        (one, torch.tensor(5), torch.tensor(2)),
        (two, (5,), (2,)),
        (one, torch.tensor([5]), torch.tensor([2])),
    ):
        for reduction in ("none", "mean"):
            args, kwargs = (x, targets, inputs, lengths), {"reduction": reduction, "blank": 3}
            assert_as_torch(functional.ctc_loss, theirs("ctc_loss"), args, kwargs)


def test_where_ctc_loss_differs():
    """A log-probability of -inf has a gradient of 0 where PyTorch's is NaN."""
    import torch

    x = torch.randn(5, 1, 4, dtype=torch.float64).log_softmax(-1)
    x[0, 0] = torch.tensor([-INF, 0.0, -INF, -INF])
    x.requires_grad_()
    y, lengths = torch.tensor([[1, 2]]), ((5,), (2,))
    (theirs_grad,) = torch.autograd.grad(theirs("ctc_loss")(x, y, *lengths), x)
    ours_grad = jax.grad(functional.ctc_loss)(to_jax(x), to_jax(y), *lengths)
    assert np.isnan(to_jax(theirs_grad)[0, 0, [0, 2, 3]]).all()
    assert_same(ours_grad[0, 0], jnp.zeros(4))
    assert_same(ours_grad[1:], to_jax(theirs_grad)[1:])
