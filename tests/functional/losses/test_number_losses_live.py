"""Losses of numbers, margins and distances against a live PyTorch."""

import functools

import jax
import numpy as np
import pytest
from torch_oracle import assert_as_torch, assert_refuses, entries, samples

from jaxgrad import functional

pytestmark = [
    pytest.mark.torch,
    # PyTorch's internal test modules warn of their own deprecations.
    pytest.mark.filterwarnings("ignore"),
]

NAMES = [
    *("l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss"),
    *("margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss", "multi_margin_loss"),
    *("multilabel_margin_loss", "multilabel_soft_margin_loss", "cosine_similarity"),
    *("pairwise_distance", "cosine_embedding_loss", "triplet_margin_loss"),
    "triplet_margin_with_distance_loss",
]
ONCE = ("multi_margin_loss", "multilabel_margin_loss")
"""PyTorch has no double backward of these, and no bfloat16 on the CPU."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def ours(name, *arguments, **options):
    """jaxgrad's function; a distance of PyTorch's becomes jaxgrad's."""
    if options.get("distance_function") is not None:
        options["distance_function"] = functional.pairwise_distance
    return getattr(functional, name)(*arguments, **options)


def theirs(name, *arguments, **options):
    import torch

    return getattr(torch.nn.functional, name)(*arguments, **options)


def theirs_in_float32(name, *arguments, **options):
    """PyTorch rounds bfloat16 after each of its steps; jaxgrad computes in float32, rounds once."""
    import torch

    def widened(value):
        return value.float() if isinstance(value, torch.Tensor) else value

    options = {key: widened(value) for key, value in options.items()}
    return theirs(name, *map(widened, arguments), **options).to(arguments[0].dtype)


def widens_input(name, sample):
    """Whether the target has other dimensions than the input, which jaxgrad refuses."""
    target = sample.args[0]
    if name != "gaussian_nll_loss" or not target.dim():
        return False
    pairs = zip(target.shape, sample.input.shape, strict=False)
    return target.dim() != sample.input.dim() or sum(a != b for a, b in pairs) > 1


@pytest.mark.parametrize("name", NAMES)
def test_operator_database(name):
    import torch

    torch.manual_seed(0)
    fn, reference = functools.partial(ours, name), functools.partial(theirs, name)
    for sample in samples(f"nn.functional.{name}", "float64"):
        arguments = (sample.input, *sample.args)
        if widens_input(name, sample):
            assert_refuses(fn, sample, f"{name}: target must be of input's shape")
            continue
        # A sum or mean of the same elements needs no second derivative of its own.
        whole = sample.kwargs.get("reduction", "none") == "none" and sample.input.dim() < 3
        assert_as_torch(fn, reference, arguments, sample.kwargs, second=whole and name not in ONCE)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_operator_database_in_narrow_types(name, dtype):
    import torch

    if dtype == "bfloat16" and name in ONCE:
        return
    torch.manual_seed(0)
    of = theirs if dtype == "float32" else theirs_in_float32
    for number, sample in enumerate(samples(f"nn.functional.{name}", dtype)):
        # Of the many that repeat one code path with other options, every fifth.
        if (number > 8 and number % 5) or widens_input(name, sample):
            continue
        assert_as_torch(
            functools.partial(ours, name),
            functools.partial(of, name),
            (sample.input, *sample.args),
            sample.kwargs,
        )


@pytest.mark.parametrize("name", NAMES)
def test_refusals_of_the_operator_database(name):
    for entry in entries(f"nn.functional.{name}"):
        if entry.error_inputs_func is None:
            continue
        for error in entry.error_inputs("cpu"):
            assert_refuses(functools.partial(ours, name), error.sample_input, f"{name}: ")


SPECIAL = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 700.0, -700.0, np.inf, -np.inf, np.nan]
KINKED = {
    "l1_loss": [{}],
    "smooth_l1_loss": [{}, {"beta": 0.5}, {"beta": 0}, {"beta": 0.0}],
    "huber_loss": [{}, {"delta": 0.5}, {"delta": 2.0}],
}


def special(dtype="float64"):
    import torch

    return torch.tensor(SPECIAL, dtype=getattr(torch, dtype))


def compare(name, *arguments, rtol=None, second=True, **options):
    assert_as_torch(
        functools.partial(ours, name),
        functools.partial(theirs, name),
        arguments,
        options,
        rtol=rtol,
        second=second,
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", KINKED)
def test_errors_at_special_points(name, dtype):
    import torch

    x = special(dtype).requires_grad_()
    weight = torch.arange(float(len(SPECIAL)), dtype=x.dtype)
    for options in KINKED[name]:
        for target in (torch.zeros_like(x), torch.ones_like(x), x.detach().flip(0)):
            compare(name, x, target.requires_grad_(), reduction="none", **options)
    if name != "smooth_l1_loss":
        y = torch.ones_like(x[:7])
        for reduction in ("none", "sum", "mean"):
            compare(
                name, x[:7].detach().requires_grad_(), y, reduction=reduction, weight=weight[:7]
            )


@pytest.mark.parametrize("name", [*KINKED, "mse_loss"])
def test_a_gradient_of_the_weight(name):
    import torch

    if name == "smooth_l1_loss":
        return
    x, y, w = torch.randn(3, 5, dtype=torch.float64).requires_grad_().unbind(0)
    x, y, w = (t.detach().requires_grad_() for t in (x, y, w))

    def of(function, *arguments):
        return function(name, *arguments[:2], weight=arguments[2])

    assert_as_torch(
        functools.partial(of, ours), functools.partial(of, theirs), (x, y, w), second=True
    )


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("log_input", [False, True])
def test_poisson_at_special_points(log_input, full):
    import torch

    x = special().requires_grad_()
    for y in (0.0, 0.5, 1.0, 1.5, 3.0, np.inf, np.nan):
        target = torch.full_like(x, y).requires_grad_(not (full and y == 0))
        compare("poisson_nll_loss", x, target, log_input, full, reduction="none")
        compare("poisson_nll_loss", x, target, log_input, full, eps=0.0, reduction="none")


def test_gaussian_at_special_points():
    import torch

    var = torch.tensor([0.0, 1e-7, 1e-6, 1e-3, 1.0, np.inf, np.nan], dtype=torch.float64)
    for x in (0.0, 1.0, 1e3, np.inf, np.nan):
        input = torch.full_like(var, x).requires_grad_()
        target = torch.zeros_like(var).requires_grad_()
        compare("gaussian_nll_loss", input, target, var.clone().requires_grad_(), reduction="none")
        for constant in (0.0, 1e-7, 0.5):
            compare("gaussian_nll_loss", input, target, constant, full=True, reduction="none")


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3), (2,)), ((2, 3), (2, 1), (2, 1))])
def test_gaussian_shapes(shapes):
    import torch

    arrays = [torch.rand(shape, dtype=torch.float64).requires_grad_() for shape in shapes]
    for reduction in ("none", "sum", "mean"):
        compare("gaussian_nll_loss", *arrays, reduction=reduction)


@pytest.mark.parametrize("margin", [0, 0.5, -0.5])
def test_ranking_at_special_points(margin):
    import torch

    x = special().requires_grad_()
    for other in (0.0, 1.0, np.inf):
        second = torch.full_like(x, other).requires_grad_()
        for sign in (1.0, -1.0, 0.0):
            target = torch.full_like(x, sign).requires_grad_()
            compare("margin_ranking_loss", x, second, target, margin, reduction="none")


@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0, np.nan])
def test_hinge_at_special_points(sign):
    import torch

    x = special().requires_grad_()
    for margin in (1.0, 0, -0.5):
        target = torch.full_like(x, sign).requires_grad_()
        compare("hinge_embedding_loss", x, target, margin, reduction="none")
    for dtype in (torch.int64, torch.float32):
        if sign == sign:
            compare("hinge_embedding_loss", x, torch.full_like(x, sign, dtype=dtype))


def test_soft_margin_up_to_where_pytorch_overflows():
    import torch

    x = special()
    x = x[torch.isfinite(x) & (x > -700)].requires_grad_()
    for sign in (1.0, 0.0):
        compare("soft_margin_loss", x, torch.full_like(x, sign), reduction="none")


@pytest.mark.parametrize("weighted", [False, True])
def test_multilabel_soft_margin_at_special_points(weighted):
    import torch

    x = special().reshape(-1, 1).expand(-1, 2).contiguous().requires_grad_()
    weight = torch.tensor([0.5, 2.0], dtype=x.dtype) if weighted else None
    for y in (0.0, 0.3, 1.0):
        target = torch.full_like(x, y).requires_grad_()
        compare("multilabel_soft_margin_loss", x, target, weight, reduction="none")
    finite = x.detach()[:7].requires_grad_()
    for reduction in ("sum", "mean"):
        compare("multilabel_soft_margin_loss", finite, finite.detach(), weight, reduction=reduction)


MARGINS = [
    [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0], [np.nan, 1.0, 2.0], [np.inf, 1.0, -np.inf]],
    [[1.0, 1.0, 1.0], [0.0, -0.0, 1.0], [1.0, np.nan, 0.0], [-np.inf, 1.0, 0.0]],
]


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_multi_margin_at_special_points(dtype, p):
    import torch

    for rows in MARGINS:
        x = torch.tensor(rows, dtype=getattr(torch, dtype)).requires_grad_()
        weight = torch.tensor([1.0, 0.5, 2.0], dtype=x.dtype)
        for target in ([2, 0, 1, 2], [0, 1, 0, 0], [1, 2, 2, 1]):
            y = torch.tensor(target)
            for margin in (1.0, 0, -1.0):
                compare("multi_margin_loss", x, y, p, margin, second=False, reduction="none")
            for reduction in ("none", "sum", "mean"):
                compare(
                    "multi_margin_loss", x, y, p, weight=weight, second=False, reduction=reduction
                )


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_shapes_of_one_sample(reduction):
    import torch

    x = torch.randn(3, dtype=torch.float64).requires_grad_()
    scalar = torch.tensor(3.0, dtype=torch.float64).requires_grad_()
    for index in (torch.tensor(1), torch.tensor([1])):
        compare("multi_margin_loss", x, index, second=False, reduction=reduction)
    for index in (torch.tensor(0), torch.tensor([0])):
        compare("multi_margin_loss", scalar, index, second=False, reduction=reduction)
        compare("multilabel_margin_loss", scalar, index, second=False, reduction=reduction)
    compare(
        "multilabel_margin_loss",
        x,
        torch.tensor([2, -1, 0]),
        second=False,
        reduction=reduction,
    )
    one = scalar.detach().reshape(1).requires_grad_()
    compare("multilabel_margin_loss", one, torch.tensor(0), second=False, reduction=reduction)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_multilabel_margin_at_special_points(dtype):
    import torch

    targets = [[3, 0, -1, 1], [-1, 0, 1, 2], [3, 3, -1, 0], [0, 1, 2, 3], [0, -1, -1, -1]]
    rows = [
        [0.1, 0.2, 0.4, 0.8],
        [1.0, 0.0, 2.0, np.nan],
        [np.nan, 1.0, 1.0, 0.0],
        [np.inf, np.inf, 1.0, -np.inf],
        [1.0, 0.0, 0.0, -0.0],
    ]
    for shift in range(5):
        x = torch.tensor(rows[shift:] + rows[:shift], dtype=getattr(torch, dtype)).requires_grad_()
        for reduction in ("none", "sum", "mean"):
            compare(
                "multilabel_margin_loss",
                x,
                torch.tensor(targets),
                second=False,
                reduction=reduction,
            )


VECTORS = [
    *([0.0, 0.0], [1.0, -1.0], [3.0, -4.0], [np.inf, 1.0], [np.nan, 1.0], [-np.inf, np.inf]),
    *([1e-9, 0.0], [1e200, 1e200], [0.0, 2.0], [-0.0, 1e-300]),
]


@pytest.mark.parametrize("eps", [1e-8, 0.5])
def test_cosine_similarity_at_special_points(eps):
    import torch

    a = torch.tensor(VECTORS, dtype=torch.float64).requires_grad_()
    for other in ([1.0, 0.0], [1.0, 2.0], [1e-9, 1e-9]):
        b = torch.tensor(other, dtype=torch.float64).expand_as(a).contiguous().requires_grad_()
        compare("cosine_similarity", a, b, eps=eps, second=False)
        away = a.detach()[[1, 2, 8]].requires_grad_()
        compare("cosine_similarity", away, b.detach()[:3].requires_grad_(), eps=eps)
    finite = torch.tensor([[0.0, 0.0], [1.0, -1.0], [1e-9, 0.0]], dtype=torch.float64)
    zero = torch.zeros_like(finite).requires_grad_()
    compare("cosine_similarity", finite.requires_grad_(), zero, eps=eps, second=False)
    compare("cosine_similarity", a.detach()[1:3].requires_grad_(), zero[:2] + 3.0, eps=0.0)


@pytest.mark.parametrize("eps", [1e-6, 0.0])
@pytest.mark.parametrize("p", [2, 1, 0, 0.5, 1.5, 3, -1, -2, np.inf, -np.inf], ids=str)
def test_pairwise_distance_at_special_points(p, eps):
    import torch

    a = torch.tensor(VECTORS, dtype=torch.float64).requires_grad_()
    zero = torch.zeros_like(a).requires_grad_()
    compare("pairwise_distance", a, zero, p=p, eps=eps, second=False)
    away = a.detach()[[1, 2]].requires_grad_()
    compare("pairwise_distance", away, zero.detach()[:2].requires_grad_(), p=p, eps=eps)


def test_distances_of_other_shapes():
    import torch

    def of(*shape):
        return torch.randn(shape, dtype=torch.float64).requires_grad_()

    for a, b in [((), ()), ((3,), (2, 3)), ((2, 1, 3), (4, 3)), ((2, 3), (1,)), ((0, 3), (0, 3))]:
        for keepdim in (False, True):
            compare("pairwise_distance", of(*a), of(*b), keepdim=keepdim, second=False)
    for p in (2, 1, 3, 0):
        compare("pairwise_distance", of(2, 0), of(2, 0), p=p, second=False)
    for a, b, dim in [((), (), 0), ((2, 1, 3), (4, 3), 0), ((2, 3), (1,), -1), ((2, 0), (2, 0), 1)]:
        compare("cosine_similarity", of(*a), of(*b), dim=dim, second=False)


@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0])
def test_cosine_embedding_at_special_points(sign):
    import torch

    a = torch.tensor(VECTORS, dtype=torch.float64).requires_grad_()
    for other in ([1.0, 0.0], [0.0, 0.0], [1.0, 2.0]):
        b = torch.tensor(other, dtype=torch.float64).expand_as(a).contiguous().requires_grad_()
        y = torch.full((len(VECTORS),), sign, dtype=torch.float64).requires_grad_()
        compare("cosine_embedding_loss", a, b, y, reduction="none", second=False)
    tie = torch.tensor([[1.0, 0.0]], dtype=torch.float64).requires_grad_()
    other = torch.tensor([[0.0, 1.0]], dtype=torch.float64).requires_grad_()
    compare("cosine_embedding_loss", tie, other, torch.tensor([-1]))


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [2, 1, 3, np.inf], ids=str)
def test_triplets_at_special_points(p, swap):
    import torch

    a = torch.tensor([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]], dtype=torch.float64).requires_grad_()
    b = torch.tensor([[1.0, 2.0], [1.0, 0.0], [0.0, 0.0]], dtype=torch.float64).requires_grad_()
    c = torch.tensor([[1.5, 2.0], [2.0, 0.0], [0.0, 0.0]], dtype=torch.float64).requires_grad_()
    for eps, reduction in ((1e-6, "none"), (0.0, "none"), (1e-6, "mean"), (1e-6, "sum")):
        options = {"p": p, "eps": eps, "swap": swap, "reduction": reduction}
        whole = eps > 0 and not swap and reduction == "none"
        compare("triplet_margin_loss", a, b, c, second=whole, **options)
    compare("triplet_margin_with_distance_loss", a, b, c, swap=swap, second=False)
    wide = torch.randn(1, 2, dtype=torch.float64).requires_grad_()
    compare("triplet_margin_loss", wide, b, c, p=p, swap=swap, reduction="none", second=False)
