"""`autocast` beside torch.autocast: the lists, every dtype, and on the CPU every value.

No GPU is asked. What CUDA's autocast does to dtypes is seen on PyTorch's fake tensors.
"""

import contextlib
import functools

import jax
import jax.numpy as jnp
import pytest
import torch_oracle
from layer_oracle import assert_as_torch
from torch_oracle import one_program, to_jax

from jaxgrad import autocast, functional, tensor

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
KEYS = {"cpu": "AutocastCPU", "cuda": "AutocastCUDA"}
OF_CUDA_BUILDS = {"cpu": set(), "cuda": {"_cudnn_rnn"}}
"""Operations that a build of PyTorch without CUDA does not have."""


@pytest.mark.parametrize("device", KEYS)
def test_the_table_is_pytorchs(device):
    """Its dispatcher has a kernel for autocast for these operations, and for no others."""
    import torch

    names = [name for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")]
    of_key = torch._C._dispatch_has_kernel_for_dispatch_key
    found = {name[6:].split(".")[0] for name in names if of_key(name, KEYS[device])}
    assert found == set(autocast.operations(device)) - OF_CUDA_BUILDS[device]


@functools.cache
def fakes():
    """The mode of PyTorch in which tensors have a device and a dtype, and no numbers."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    return FakeTensorMode()


@contextlib.contextmanager
def running(device, lower):
    """PyTorch's autocast; that of CUDA on fake tensors."""
    import torch

    if device == "cpu":
        with torch.autocast("cpu", dtype=lower):
            yield
        return
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", lower)
    try:
        with fakes():
            yield
    finally:
        torch.set_autocast_enabled("cuda", False)


def tensors_of(tree):
    import torch

    return [x for x in torch.utils._pytree.tree_leaves(tree) if isinstance(x, torch.Tensor)]


def lists(device):
    """The calls of PyTorch's own tests: function, name, arguments, keyword arguments."""
    import torch
    from torch.testing._internal.autocast_test_lists import AutocastCPUTestLists, AutocastTestLists

    found = vars((AutocastCPUTestLists if device == "cpu" else AutocastTestLists)(device))
    for title, calls in found.items():
        module = {"nn": torch._C._nn, "linalg": torch._C._linalg}.get(title.split("_")[0], torch)
        for name, args, *rest in calls:
            if name in autocast.operations(device) and hasattr(module, name):
                kwargs = rest[0] if rest and isinstance(rest[0], dict) else {}
                yield getattr(module, name), name, args, kwargs


LEFT_OUT = {
    "cpu": ("_native_multi_head_attention",),  # of an encoder's flags
    "cuda": ("cudnn_convolution", "cudnn_convolution_transpose", "einsum", "gru_cell")
    + ("grid_sampler", "binary_cross_entropy"),
}
"""Operations that ask for a GPU, `einsum`, whose arguments there are none, and what is refused."""


@pytest.mark.parametrize("lower", ["bfloat16", "float16"])
@pytest.mark.parametrize("device", KEYS)
def test_the_lists_of_pytorchs_tests(device, lower):
    """Each operation gives the dtype that the table says, for what PyTorch's tests give it."""
    import torch

    of, count = getattr(torch, lower), 0
    kinds = {"lower": lambda wide: of, "widest": lambda wide: torch.float32 if wide else of}

    def narrowed(leaf):
        is_narrow = getattr(leaf, "dtype", None) in (torch.bfloat16, torch.float16)
        return leaf.to(of) if is_narrow else leaf

    with contextlib.nullcontext() if device == "cpu" else fakes():
        calls = list(lists(device))
    for fn, name, args, kwargs in calls:
        kind = autocast.operations(device)[name]
        if name in LEFT_OUT[device]:
            continue
        wide = any(leaf.dtype == torch.float32 for leaf in tensors_of(args))
        expected = kinds.get(kind, lambda wide: torch.float32)(wide)
        with running(device, of):
            found = tensors_of(fn(*torch.utils._pytree.tree_map(narrowed, args), **kwargs))
        assert found and all(x.dtype == expected for x in found), name
        count += 1
    assert count >= {"cpu": 30, "cuda": 70}[device]


PLAIN = (
    *("relu", "gelu", "silu", "softplus", "logsigmoid", "leaky_relu", "softsign", "tanhshrink"),
    *("avg_pool2d", "max_pool2d", "adaptive_avg_pool2d", "pixel_shuffle", "glu"),
)
"""Functions of which a few stand for those that no list has."""
LAYERS = (
    *("linear", "bilinear", "prelu", "scaled_dot_product_attention"),
    *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)),
    *("layer_norm", "group_norm", "rms_norm", "normalize", "local_response_norm"),
    *("pad", "interpolate", "upsample_nearest", "upsample_bilinear", "grid_sample"),
    *("avg_pool3d", "max_pool3d", "max_unpool1d", "max_unpool2d", "adaptive_avg_pool3d"),
    "adaptive_max_pool3d",
)
LOSSES = (
    *("l1_loss", "smooth_l1_loss", "huber_loss", "mse_loss", "poisson_nll_loss", "kl_div"),
    *("margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss", "multi_margin_loss"),
    *("multilabel_margin_loss", "multilabel_soft_margin_loss", "cosine_similarity", "nll_loss"),
    *("pairwise_distance", "cosine_embedding_loss", "triplet_margin_loss", "cross_entropy"),
    *("triplet_margin_with_distance_loss", "gaussian_nll_loss", "linear_cross_entropy"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "ctc_loss"),
)
TENSORS = (
    "softmax",
    "log_softmax",
    "linalg.vector_norm",
    "pow",
    "rsqrt",
    "cdist",
    "quantile",
    "hypot",
)
NAMES = sorted([*(f"nn.functional.{name}" for name in PLAIN + LAYERS + LOSSES), *TENSORS])
UNFAKED = {"gaussian_nll_loss", "ctc_loss", "grid_sample", "quantile"}
"""PyTorch's fake tensors of CUDA do not run these without CUDA, or take no narrow numbers."""
REFUSED = {("cuda", "binary_cross_entropy")}
UNROUNDED = ("nn.functional.linear_cross_entropy",)
"""PyTorch rounds the logits, and ours stay in float32; errors of both are then of chance."""
CASES = [(d, n) for d in KEYS for n in NAMES if d == "cpu" or n.split(".")[-1] not in UNFAKED]
SHARE = 2


def samples(name, dtype, grads=False):
    """Samples of the database: PyTorch's function, arguments, keyword arguments."""
    import torch

    torch.manual_seed(0)
    for entry in torch_oracle.entries(name):
        if torch.float32 not in entry.dtypes or entry.variant_test_name == "in_place":
            continue
        found = list(entry.sample_inputs("cpu", torch.float32, requires_grad=grads))
        for sample in found[:: max(1, len(found) // SHARE)]:
            given = (sample.input, *sample.args), dict(sample.kwargs)
            if is_ours(name, *given):
                yield entry.op, *torch.utils._pytree.tree_map(lambda x: as_given(x, dtype), given)


def as_given(leaf, dtype):
    import torch

    if not isinstance(leaf, torch.Tensor) or not leaf.is_floating_point():
        return leaf
    return leaf.detach().to(getattr(torch, dtype)).requires_grad_(leaf.requires_grad)


def is_ours(name, args, kwargs):
    """Whether the functions take the call alike: no dtype, and no function of PyTorch's."""
    odd = {"dtype", "distance_function", "options", "inplace"} & kwargs.keys()
    empty = "local_response" in name and not args[0].numel()
    dropped = kwargs.get("dropout_p", 0)
    return not (odd or empty or dropped)


def ours(name, device, lower):
    short = name.split(".")[-1]
    room = functional if short in functional.__all__ else tensor
    return autocast.policy(getattr(room, short), device, lower)


@pytest.mark.parametrize(("device", "name"), CASES)
def test_dtypes(device, name):
    import torch

    lower = {"cpu": "bfloat16", "cuda": "float16"}[device]
    short, fn = name.split(".")[-1], ours(name, device, lower)
    if (device, short) in REFUSED:
        with pytest.raises(ValueError, match="with_logits"):
            fn(jnp.ones(2), jnp.ones(2))
        return
    of = getattr(torch, lower)
    for dtype in ("float32", lower):
        for theirs, args, kwargs in samples(name, dtype):
            with running(device, of):
                faked = (args, kwargs)
                if device == "cuda":
                    faked = torch.utils._pytree.tree_map(faked_on_cuda, faked)
                out = theirs(*faked[0], **faked[1])
            expected = [str(x.dtype)[6:].replace("int64", "int32") for x in tensors_of(out)]
            found = jax.eval_shape(functools.partial(fn, *to_jax(args), **to_jax(kwargs)))
            got = [leaf.dtype.name for leaf in jax.tree.leaves(found)]
            assert got == expected, (dtype, kwargs)


def faked_on_cuda(leaf):
    import torch

    if not isinstance(leaf, torch.Tensor):
        return leaf
    return torch.empty_strided(leaf.shape, leaf.stride(), dtype=leaf.dtype, device="cuda")


@pytest.fixture
def wide_types():
    with jax.enable_x64(True):
        yield


@pytest.mark.nightly
@pytest.mark.usefixtures("wide_types")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNROUNDED])
@one_program()
def test_values_and_gradients(name):
    """On the CPU: no further from the answer in float64 than PyTorch is, but for a factor."""
    import torch

    def theirs(fn, *args, **kwargs):
        with torch.autocast("cpu", dtype=torch.bfloat16):  # it leaves float64 alone
            return fn(*args, **kwargs)

    own = ours(name, "cpu", "bfloat16")
    for dtype in ("float32", "bfloat16"):
        for fn, args, kwargs in samples(name, dtype, grads=True):
            assert_as_torch(own, functools.partial(theirs, fn), args, kwargs, factor=4.0)
