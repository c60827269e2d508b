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

from .continuous import cauchy as cauchy
from .continuous import exponential as exponential
from .continuous import rand as rand
from .continuous import uniform as uniform
from .discrete import bernoulli as bernoulli
from .discrete import geometric as geometric
from .discrete import multinomial as multinomial
from .discrete import randint as randint
from .discrete import randperm as randperm
from .gaussian import log_normal as log_normal
from .gaussian import normal as normal
from .gaussian import randn as randn
from .gaussian import trunc_normal as trunc_normal
from .generator import State as State
from .generator import get_state as get_state
from .generator import manual_seed as manual_seed
from .generator import set_state as set_state
from .weights import bilinear as bilinear
from .weights import conv1d as conv1d
from .weights import conv2d as conv2d
from .weights import conv3d as conv3d
from .weights import conv_transpose1d as conv_transpose1d
from .weights import conv_transpose2d as conv_transpose2d
from .weights import conv_transpose3d as conv_transpose3d
from .weights import embedding as embedding
from .weights import gru as gru
from .weights import kaiming_normal as kaiming_normal
from .weights import kaiming_uniform as kaiming_uniform
from .weights import linear as linear
from .weights import lstm as lstm
from .weights import multihead_attention as multihead_attention
from .weights import orthogonal as orthogonal
from .weights import rnn as rnn
from .weights import sparse as sparse
from .weights import xavier_normal as xavier_normal
from .weights import xavier_uniform as xavier_uniform

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
