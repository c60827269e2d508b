"""PyTorch's CPU random numbers, from PyTorch's seeds, without PyTorch.

    torch.manual_seed(0)            state = replay.manual_seed(0)
    x = torch.randn(2, 3)           x, state = replay.randn(state, (2, 3))
    p = torch.randperm(10)          p, state = replay.randperm(state, 10)
    m = torch.nn.Linear(784, 128)   m, state = replay.linear(state, 784, 128)
    y = F.dropout(x, 0.2)           y, state = replay.dropout(state, x, 0.2)

A `DataLoader` draws its order from the same state:

    loader = DataLoader(data, 32, shuffle=True)
    for batch in loader:            batches, state = replay.data_loader(state, n, 32, shuffle=True)

The state is data: a function that draws takes a state and returns the next one beside its values.
`get_state` and `set_state` convert it to and from PyTorch's own bytes, so that either library can
continue a stream of the other. The functions run on the host, in NumPy, outside jit. Values are JAX
arrays, and numbers of rows NumPy arrays.

The numbers are those of PyTorch 2.13 on an x86-64 processor with AVX2 or AVX-512. Measured there
(AMD, glibc), every value and every state is the same to the bit in float32, float64, float16 and
bfloat16, for any number of threads. There are three limits:

- `ATEN_CPU_CAPABILITY=default`, or a processor without AVX2: PyTorch draws the same words, but the
  values differ in their last bits: normals by up to 2e-6 in float32, uniform numbers by 1 ulp.
- Float64 logarithms, sines and cosines are those of the C library, as in PyTorch. Another library
  may round the last bit differently.
- Earlier releases of PyTorch draw some numbers differently: exponential and Bernoulli numbers
  through Intel's MKL, truncated normals by inversion, integers of a range from 2²⁸ to 2³² from one
  word.

For samplers under jit, with a key, there is `jaxgrad.random`.
"""

from .continuous import cauchy, exponential, rand, uniform
from .discrete import bernoulli, geometric, multinomial, randint, randperm
from .gaussian import log_normal, normal, randn, trunc_normal
from .generator import State, get_state, manual_seed, set_state
from .masks import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from .order import data_loader, random_split
from .samplers import (
    distributed_sampler,
    random_sampler,
    subset_random_sampler,
    weighted_random_sampler,
)
from .weights import (
    bilinear,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    embedding,
    gru,
    kaiming_normal,
    kaiming_uniform,
    linear,
    lstm,
    multihead_attention,
    orthogonal,
    rnn,
    sparse,
    xavier_normal,
    xavier_uniform,
)

__all__ = [
    "State",
    "alpha_dropout",
    "bernoulli",
    "bilinear",
    "cauchy",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "data_loader",
    "distributed_sampler",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "embedding",
    "exponential",
    "feature_alpha_dropout",
    "geometric",
    "get_state",
    "gru",
    "kaiming_normal",
    "kaiming_uniform",
    "linear",
    "log_normal",
    "lstm",
    "manual_seed",
    "multihead_attention",
    "multinomial",
    "normal",
    "orthogonal",
    "rand",
    "randint",
    "randn",
    "random_sampler",
    "random_split",
    "randperm",
    "rnn",
    "set_state",
    "sparse",
    "subset_random_sampler",
    "trunc_normal",
    "uniform",
    "weighted_random_sampler",
    "xavier_normal",
    "xavier_uniform",
]
