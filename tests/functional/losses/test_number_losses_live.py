"""Losses of numbers, margins and distances against a live PyTorch, where it is a convention."""

import functools
import itertools

import jax
import numpy as np
import pytest
from torch_oracle import assert_as_torch, one_program

from jaxgrad import functional

pytestmark = [
    pytest.mark.torch,
    # PyTorch's internal test modules warn of their own deprecations.
    pytest.mark.filterwarnings("ignore"),
]
SPECIAL = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 700.0, -700.0, np.inf, -np.inf, np.nan]
FINITE = SPECIAL[:7]
REDUCTIONS = ("none", "sum", "mean")


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def compare(name, *arguments, second=True, **options):
    """Value, gradient and second derivative of the function of that name."""
    import torch

    fn, reference = getattr(functional, name), getattr(torch.nn.functional, name)
    assert_as_torch(fn, reference, arguments, options, second=second)


def grid(*axes, dtype="float64"):
    """Every combination of values (numbers or vectors), as one tensor for each axis."""
    import torch

    columns = zip(*itertools.product(*axes), strict=True)
    return [torch.tensor(c, dtype=getattr(torch, dtype)).requires_grad_() for c in columns]


def fixed(*tensors):
    return [tensor.detach() for tensor in tensors]


ERRORS = [
    ("l1_loss", {}),
    ("smooth_l1_loss", {}),
    ("smooth_l1_loss", {"beta": 0.5}),
    ("smooth_l1_loss", {"beta": 0}),
    ("huber_loss", {}),
    ("huber_loss", {"delta": 0.5}),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), ERRORS, ids=str)
@one_program()
def test_errors(name, options, dtype):
    compare(name, *grid(SPECIAL, SPECIAL, dtype=dtype), reduction="none", **options)
    for reduction in ("sum", "mean"):
        compare(name, *grid(FINITE, [0.0, 1.0], dtype=dtype), reduction=reduction, **options)


@pytest.mark.parametrize("name", ["l1_loss", "huber_loss", "mse_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights(name, reduction):
    import torch

    fn, reference = getattr(functional, name), getattr(torch.nn.functional, name)

    def weighted(function, x, y, w):
        return function(x, y, reduction=reduction, weight=w)

    arrays = grid(FINITE, [0.0, 1.0], [0.0, 2.0])
    ours, theirs = functools.partial(weighted, fn), functools.partial(weighted, reference)
    assert_as_torch(ours, theirs, arrays, second=True)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("log_input", [False, True])
@one_program()
def test_poisson(log_input, full):
    x, y = grid(SPECIAL, [0.0, 0.5, 1.0, 1.5, 3.0, np.inf, np.nan])
    compare("poisson_nll_loss", x, y.detach(), log_input, full, reduction="none")
    x, y = grid([x for x in SPECIAL if x or not np.signbit(x)], [0.0, 0.5, 3.0, np.inf, np.nan])
    # XLA drops the addition of a constant 0, which in IEEE arithmetic makes a 0 of -0.
    compare("poisson_nll_loss", x, y.detach(), log_input, full, eps=0.0, reduction="none")
    x, y = grid(FINITE, [0.5, 1.0, 1.5, 3.0])
    compare("poisson_nll_loss", x, y, log_input, full, reduction="none")
    for reduction in ("sum", "mean"):
        compare("poisson_nll_loss", *grid([0.5, 1], [2.0]), log_input, full, reduction=reduction)


@one_program()
def test_gaussian():
    variances = [0.0, 1e-7, 1e-6, 1e-3, 1.0, np.inf, np.nan]
    x, y, v = grid([0.0, 1.0, 1e3, np.inf, np.nan], [0.0], variances)
    compare("gaussian_nll_loss", x, y, v, reduction="none")
    for constant in (0.0, 1e-7, 0.5):
        compare("gaussian_nll_loss", x, y, constant, full=True, reduction="none")


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shapes", [((2, 3), (2, 3), (2,)), ((2, 3), (2, 1), (2, 1))], ids=str)
def test_gaussian_shapes(shapes, reduction):
    import torch

    arrays = [torch.rand(shape, dtype=torch.float64).requires_grad_() for shape in shapes]
    compare("gaussian_nll_loss", *arrays, reduction=reduction)


@pytest.mark.parametrize("margin", [0, 0.5, -0.5])
def test_ranking(margin):
    arrays = grid(SPECIAL, [0.0, 1.0, np.inf], [1.0, -1.0, 0.0])
    compare("margin_ranking_loss", *arrays, margin, reduction="none")


@pytest.mark.parametrize("margin", [1.0, 0, -0.5])
@one_program()
def test_hinge(margin):
    import torch

    x, y = grid(SPECIAL, [1.0, -1.0, 0.0, np.nan])
    compare("hinge_embedding_loss", x, y, margin, reduction="none")
    x, y = grid(FINITE, [1.0, -1.0, 0.0])
    for dtype in (torch.int64, torch.float32):
        compare("hinge_embedding_loss", x, y.detach().to(dtype), margin, second=False)


def test_soft_margin_up_to_where_pytorch_overflows():
    x, y = grid([x for x in SPECIAL if -700 < x < np.inf], [1.0, 0.0])
    compare("soft_margin_loss", x, y.detach(), reduction="none")


@pytest.mark.parametrize("weighted", [False, True])
@one_program()
def test_multilabel_soft_margin(weighted):
    import torch

    x, y = grid([[x, x] for x in SPECIAL], [[0.0, 0.3], [0.3, 1.0]])
    weight = torch.tensor([0.5, 2.0], dtype=x.dtype) if weighted else None
    compare("multilabel_soft_margin_loss", x, y, weight, reduction="none")
    x, y = grid([[x, -x] for x in FINITE], [[0.0, 0.3]])
    for reduction in ("sum", "mean"):
        compare("multilabel_soft_margin_loss", x, y, weight, reduction=reduction)


TRIPLES = list(itertools.product([0.0, 1.0, np.inf, -np.inf, np.nan], [1.0, -0.0, 2.5], [0.0, 1.5]))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@one_program()
def test_multi_margin(dtype, p):
    import torch

    x, y = grid(TRIPLES, [0, 1, 2], dtype=dtype)
    y = y.detach().long()
    for margin in (1.0, 0, -1.0):
        compare("multi_margin_loss", x, y, p, margin, second=False, reduction="none")
    weight = torch.tensor([1.0, 0.5, 2.0], dtype=x.dtype)
    compare("multi_margin_loss", x, y, p, weight=weight, second=False, reduction="none")
    for reduction in ("sum", "mean"):
        x = torch.randn(len(y), 3, dtype=x.dtype).requires_grad_()
        compare("multi_margin_loss", x, y, p, 1.0, weight, second=False, reduction=reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@one_program()
def test_one_sample(reduction):
    import torch

    x = torch.randn(3, dtype=torch.float64).requires_grad_()
    scalar = torch.tensor(3.0, dtype=torch.float64).requires_grad_()
    one = scalar.detach().reshape(1).requires_grad_()
    options = {"reduction": reduction, "second": False}
    for index in (torch.tensor(1), torch.tensor([1])):
        compare("multi_margin_loss", x, index, **options)
    for index in (torch.tensor(0), torch.tensor([0])):
        compare("multi_margin_loss", scalar, index, **options)
        compare("multilabel_margin_loss", scalar, index, **options)
        compare("multilabel_margin_loss", one, index, **options)
    compare("multilabel_margin_loss", x, torch.tensor([2, -1, 0]), **options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@one_program()
def test_multilabel_margin(dtype):
    lists = [[2, 0, -1], [-1, 0, 1], [1, 1, -1], [0, 1, 2], [0, -1, -1]]
    x, y = grid(TRIPLES, lists, dtype=dtype)
    compare("multilabel_margin_loss", x, y.detach().long(), second=False, reduction="none")
    x, y = grid([[0.5, 1.0, -0.5], [1.0, 0.0, 0.0]], lists, dtype=dtype)
    for reduction in ("sum", "mean"):
        compare("multilabel_margin_loss", x, y.detach().long(), second=False, reduction=reduction)


VECTORS = [
    *([0.0, 0.0], [1.0, -1.0], [3.0, -4.0], [np.inf, 1.0], [np.nan, 1.0], [-np.inf, np.inf]),
    *([1e-9, 0.0], [1e200, 1e200], [0.0, 2.0], [-0.0, 1e-300]),
]


@pytest.mark.parametrize("eps", [1e-8, 0.5])
@one_program()
def test_cosine_similarity(eps):
    others = [[1.0, 0.0], [1.0, 2.0], [1e-9, 1e-9]]
    compare("cosine_similarity", *grid(VECTORS, others), eps=eps, second=False)
    ordinary = [[1.0, -1.0], [0.0, 2.0], [3.0, 4.0]]
    compare("cosine_similarity", *grid(ordinary, [[1.0, 0.0], [1.0, 2.0]]), eps=eps)
    finite = [[0.0, 0.0], [1.0, -1.0], [1e-9, 0.0]]
    compare("cosine_similarity", *grid(finite, [[0.0, 0.0]]), eps=eps, second=False)
    compare("cosine_similarity", *grid(ordinary, [[3.0, 1.0]]), eps=0.0)


@pytest.mark.parametrize("eps", [1e-6, 0.0])
@pytest.mark.parametrize("p", [2, 1, 0, 0.5, 1.5, 3, -1, -2, np.inf, -np.inf], ids=str)
@one_program()
def test_pairwise_distance(p, eps):
    a, zero = grid(VECTORS, [[0.0, 0.0]])
    compare("pairwise_distance", a, zero, p=p, eps=eps, second=False)
    compare("pairwise_distance", *grid(VECTORS[1:3], [[0.0, 0.0]]), p=p, eps=eps)


@one_program()
def test_distances_of_other_shapes():
    import torch

    def of(*shape):
        return torch.randn(shape, dtype=torch.float64).requires_grad_()

    for a, b in [((), ()), ((3,), (2, 3)), ((2, 1, 3), (4, 3)), ((2, 3), (1,)), ((0, 3), (0, 3))]:
        compare("pairwise_distance", of(*a), of(*b), keepdim=True, second=False)
    compare("pairwise_distance", of(3), of(3), second=False)
    for p in (2, 1, 3, 0):
        compare("pairwise_distance", of(2, 0), of(2, 0), p=p, second=False)
    for a, b, dim in [((), (), 0), ((2, 1, 3), (4, 3), 0), ((2, 3), (1,), -1), ((2, 0), (2, 0), 1)]:
        compare("cosine_similarity", of(*a), of(*b), dim=dim, second=False)


@one_program()
def test_cosine_embedding():
    a, b, y = grid(VECTORS, [[1.0, 0.0], [0.0, 0.0], [1.0, 2.0]], [1.0, -1.0, 0.0])
    compare("cosine_embedding_loss", a, b, y, reduction="none", second=False)
    a, b, y = grid([[1.0, 0.0], [1.0, 2.0]], [[0.0, 1.0], [1.0, -3.0]], [1.0, -1.0, 0.0])
    for margin in (0, 0.1):
        compare("cosine_embedding_loss", a, b, y, margin)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [2, 1, 3, np.inf], ids=str)
@one_program()
def test_triplets(p, swap):
    import torch

    rows = [
        [[1.0, 2.0], [0.0, 0.0]],
        [[1.0, 2.0], [1.0, 0.0]],
        [[1.5, 2.0], [2.0, 0.0], [0.0, 0.0]],
    ]
    a, b, c = grid(*rows)
    options = {"p": p, "swap": swap, "reduction": "none"}
    compare("triplet_margin_loss", a, b, c, eps=0.0, second=False, **options)
    compare("triplet_margin_loss", a, b, c, second=not swap, **options)
    one = torch.randn(1, 2, dtype=torch.float64).requires_grad_()
    compare("triplet_margin_loss", one, b, c, second=False, **options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@one_program()
def test_triplets_of_distances(reduction):
    a, b, c = grid([[1.0, 2.0], [0.0, 0.0]], [[1.0, 2.0]], [[1.5, 2.0], [0.0, 0.0]])
    options = {"reduction": reduction, "second": False}
    compare("triplet_margin_loss", a, b, c, **options)
    compare("triplet_margin_with_distance_loss", a, b, c, swap=True, **options)
