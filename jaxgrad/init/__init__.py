"""Initial weights: torch.nn.init and the default parameters of torch.nn layers, from a key.

An initialiser is a plain function `(key, shape, dtype=None, out_sharding=None, *, …)`, so that
`functools.partial(kaiming_uniform, a=0.1)` is a `jax.nn.initializers.Initializer`. Shapes are
PyTorch's, (out, in, *kernel); with `layout="flax"` they are (*kernel, in, out), and the weight is
PyTorch's with its axes moved. A layer is a function of a key and sizes. It returns a flat dict
under the names of PyTorch's state_dict. The normalisations need no key.

JAX has PyTorch's constant_, ones_ and zeros_: `jax.nn.initializers.constant`, `ones` and `zeros`.

One key gives one stream: a layer splits it once, into a key for each array that is drawn. bfloat16
and float16 are drawn in float32 and rounded once.
"""

from .elementwise import bernoulli, multinomial, normal, uniform
from .fans import calculate_fan, calculate_gain
from .layers import (
    batch_norm,
    bilinear,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    embedding,
    group_norm,
    gru,
    instance_norm,
    layer_norm,
    linear,
    lstm,
    multihead_attention,
    rms_norm,
    rnn,
)
from .scaled import kaiming_normal, kaiming_uniform, xavier_normal, xavier_uniform
from .structured import dirac, eye, orthogonal, sparse
from .truncated import trunc_normal

__all__ = [
    "batch_norm",
    "bernoulli",
    "bilinear",
    "calculate_fan",
    "calculate_gain",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "dirac",
    "embedding",
    "eye",
    "group_norm",
    "gru",
    "instance_norm",
    "kaiming_normal",
    "kaiming_uniform",
    "layer_norm",
    "linear",
    "lstm",
    "multihead_attention",
    "multinomial",
    "normal",
    "orthogonal",
    "rms_norm",
    "rnn",
    "sparse",
    "trunc_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]
