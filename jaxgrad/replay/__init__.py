"""PyTorch's CPU random numbers, from PyTorch's seeds, without PyTorch.

    torch.manual_seed(0)            state = replay.manual_seed(0)
    x = torch.randn(2, 3)           x, state = replay.randn(state, (2, 3))
    p = torch.randperm(10)          p, state = replay.randperm(state, 10)
    m = torch.nn.Linear(784, 128)   m, state = replay.linear(state, 784, 128)

The state is data: every function takes one and returns the next beside its values, and `get_state`
and `set_state` are PyTorch's own bytes, so that a stream can change hands at any point. The
functions work on the host, in NumPy, outside jit; the values are JAX arrays.

What is replayed is PyTorch 2.13 on an x86-64 processor with AVX2 or AVX-512. Measured there (AMD,
glibc), every value and every state is the same to the bit in float32, float64, float16 and
bfloat16, whatever the number of threads. What limits this:

- `ATEN_CPU_CAPABILITY=default`, or a processor without AVX2: the same words, but values that differ
  in their last bits: normals by up to 2e-6 in float32, uniform numbers by 1 ulp.
- Where float64 logarithms, sines or cosines are part of a draw they are the C library's, as in
  PyTorch; another one may round the last bit otherwise.
- Earlier releases draw some of this differently: exponential and Bernoulli numbers through Intel's
  MKL, truncated normals by inversion, integers of a range from 2²⁸ to 2³² from one word.

For samplers under jit, with a key, there is `jaxgrad.random`.
"""

from .continuous import cauchy, exponential, rand, uniform
from .discrete import bernoulli, geometric, multinomial, randint, randperm
from .gaussian import log_normal, normal, randn, trunc_normal
from .generator import State, get_state, manual_seed, set_state
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
    "bernoulli",
    "bilinear",
    "cauchy",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "embedding",
    "exponential",
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
    "randperm",
    "rnn",
    "set_state",
    "sparse",
    "trunc_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]
