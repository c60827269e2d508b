"""Normalisation and dropout: what is added to the variance, how it is computed, what is kept."""

import numpy as np

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_NNX = "https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/normalization.html"
_RNG = np.random.RandomState(0)
_X = {"x": _RNG.randn(3, 5).astype(np.float32)}
_SMALL = {"x": (1e-3 * _RNG.randn(3, 5)).astype(np.float32)}
_FAR = {"x": f32([[10000 + (0, 1, 3, 4)[(i + j) % 4] for j in range(4)] for i in range(4)])}
_IMAGE = {"x": _RNG.randn(2, 4, 3).astype(np.float32)}

CASES = (
    Case(
        family="layers",
        name="LayerNorm",
        inputs=_X,
        torch="nn.LayerNorm(5)(x)",
        jax="nnx.LayerNorm(5, rngs=nnx.Rngs(0))(x)",
        remedy="nnx.LayerNorm(5, epsilon=1e-5, rngs=nnx.Rngs(0))(x)",
        verdict_jax="value",
        why=(
            "PyTorch adds 1e-5 to the variance, flax 1e-6: where the variance is 1 the results "
            "differ in the fifth digit."
        ),
        link=_NNX,
    ),
    Case(
        family="layers",
        name="LayerNorm of small numbers",
        inputs=_SMALL,
        torch="nn.LayerNorm(5)(x)",
        jax="nnx.LayerNorm(5, rngs=nnx.Rngs(0))(x)",
        remedy="nnx.LayerNorm(5, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0))(x)",
        verdict_jax="value",
        why=(
            "Numbers of a thousandth have a variance of 1e-6, beside which 1e-5 is large: flax's "
            "results are more than twice PyTorch's."
        ),
        link=_NNX,
    ),
    Case(
        family="layers",
        name="LayerNorm of small numbers in equinox",
        inputs=_SMALL,
        torch="nn.LayerNorm(5)(x)",
        jax="jax.vmap(eqx.nn.LayerNorm(5))(x)",
        why="equinox has PyTorch's 1e-5, and takes one sample at a time.",
        link="https://docs.kidger.site/equinox/api/nn/normalisation/",
    ),
    Case(
        family="layers",
        name="LayerNorm of numbers near 10000",
        inputs=_FAR,
        torch="nn.LayerNorm(4)(x)",
        jax="nnx.LayerNorm(4, epsilon=1e-5, rngs=nnx.Rngs(0))(x)",
        remedy="nnx.LayerNorm(4, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0))(x)",
        verdict_jax="value",
        rtol=1e-3,
        why=(
            "flax's default is the mean of the squares less the square of the mean, and float32 "
            "has no digit left of the difference. The tolerance of 1e-3 is for PyTorch, which "
            "multiplies 10000 by the scale before it takes off the mean."
        ),
        link=_NNX,
    ),
    Case(
        family="layers",
        name="LayerNorm over the last two dimensions",
        inputs=_IMAGE,
        torch="nn.LayerNorm((4, 3))(x)",
        jax="nnx.LayerNorm(3, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0))(x)",
        remedy="""\
layer = nnx.LayerNorm(12, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0))
layer(x.reshape(2, 12)).reshape(x.shape)""",
        verdict_jax="value",
        why=(
            "PyTorch normalises over as many dimensions as the shape has; flax over the last "
            "unless told."
        ),
        link=_DOCS + "torch.nn.LayerNorm.html",
    ),
    Case(
        family="layers",
        name="RMSNorm of small numbers",
        inputs=_SMALL,
        torch="nn.RMSNorm(5)(x)",
        jax="nnx.RMSNorm(5, rngs=nnx.Rngs(0))(x)",
        remedy="nnx.RMSNorm(5, epsilon=float(jnp.finfo(x.dtype).eps), rngs=nnx.Rngs(0))(x)",
        verdict_jax="value",
        grads=("x",),
        why="PyTorch's eps is that of the dtype, 1.2e-7, and flax's 1e-6.",
        link=_DOCS + "torch.nn.RMSNorm.html",
    ),
    Case(
        family="layers",
        name="RMSNorm of small numbers in equinox",
        inputs=_SMALL,
        torch="nn.RMSNorm(5)(x)",
        jax="jax.vmap(eqx.nn.RMSNorm(5))(x)",
        remedy="jax.vmap(eqx.nn.RMSNorm(5, eps=float(jnp.finfo(x.dtype).eps)))(x)",
        verdict_jax="value",
        grads=("x",),
        why="equinox adds 1e-5.",
        link="https://docs.kidger.site/equinox/api/nn/normalisation/",
    ),
    Case(
        family="layers",
        name="GroupNorm",
        inputs=_IMAGE,
        torch="nn.GroupNorm(2, 4)(x)",
        jax="nnx.GroupNorm(4, num_groups=2, rngs=nnx.Rngs(0))(x)",
        remedy="""\
layer = nnx.GroupNorm(
    4, num_groups=2, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0)
)
layer(x.transpose(0, 2, 1)).transpose(0, 2, 1)""",
        verdict_jax="error",
        why=(
            "PyTorch's channels are the second dimension, flax's the last, and there must be as "
            "many as were named."
        ),
        link=_DOCS + "torch.nn.GroupNorm.html",
    ),
    Case(
        family="layers",
        name="GroupNorm with the channels last, of numbers near 10000",
        inputs={"x": (10000 + np.arange(24) % 6).reshape(2, 4, 3).astype(np.float32)},
        torch="nn.GroupNorm(2, 4)(x).transpose(1, 2)",
        jax="nnx.GroupNorm(4, num_groups=2, epsilon=1e-5, rngs=nnx.Rngs(0))(x.transpose(0, 2, 1))",
        remedy="""\
layer = nnx.GroupNorm(
    4, num_groups=2, epsilon=1e-5, use_fast_variance=False, rngs=nnx.Rngs(0)
)
layer(x.transpose(0, 2, 1))""",
        verdict_jax="value",
        rtol=1e-3,
        why=(
            "The fast variance again. The tolerance of 1e-3 is for PyTorch, which multiplies "
            "10000 by the scale before it takes off the mean."
        ),
        link=_DOCS + "torch.nn.GroupNorm.html",
    ),
    Case(
        family="layers",
        name="InstanceNorm",
        inputs={"x": _RNG.randn(2, 4, 6).astype(np.float32)},
        torch="nn.InstanceNorm1d(4)(x).transpose(1, 2)",
        jax="nnx.InstanceNorm(4, rngs=nnx.Rngs(0))(x.transpose(0, 2, 1))",
        remedy="nnx.InstanceNorm(4, epsilon=1e-5, rngs=nnx.Rngs(0))(x.transpose(0, 2, 1))",
        verdict_jax="value",
        why="Each channel of each sample on its own, with eps 1e-5 against 1e-6.",
        link=_DOCS + "torch.nn.InstanceNorm1d.html",
    ),
    Case(
        family="layers",
        name="the parameters of InstanceNorm",
        torch="len(list(nn.InstanceNorm1d(4).parameters()))",
        jax="len(jax.tree.leaves(nnx.state(nnx.InstanceNorm(4, rngs=nnx.Rngs(0)), nnx.Param)))",
        remedy="""\
layer = nnx.InstanceNorm(4, use_scale=False, use_bias=False, rngs=nnx.Rngs(0))
len(jax.tree.leaves(nnx.state(layer, nnx.Param)))""",
        verdict_jax="value",
        why="PyTorch's has none by default, flax's a scale and a bias.",
        link=_DOCS + "torch.nn.InstanceNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm in training",
        inputs=_X,
        torch="nn.BatchNorm1d(5)(x)",
        jax="nnx.BatchNorm(5, use_running_average=False, rngs=nnx.Rngs(0))(x)",
        why="The biased variance of the batch, and 1e-5, on both sides.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm in training, of numbers near 10000",
        inputs=_FAR,
        torch="nn.BatchNorm1d(4)(x)",
        jax="nnx.BatchNorm(4, use_running_average=False, rngs=nnx.Rngs(0))(x)",
        remedy="""\
layer = nnx.BatchNorm(
    4, use_running_average=False, use_fast_variance=False, rngs=nnx.Rngs(0)
)
layer(x)""",
        verdict_jax="value",
        rtol=1e-3,
        why=(
            "flax's fast variance cancels to nothing, and only eps is left. The tolerance of 1e-3 "
            "is for PyTorch, which multiplies 10000 by the scale before it takes off the mean."
        ),
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm, the running mean after one batch",
        inputs=_X,
        torch="""\
layer = nn.BatchNorm1d(5)
layer(x)
layer.running_mean""",
        jax="""\
layer = nnx.BatchNorm(5, use_running_average=False, rngs=nnx.Rngs(0))
layer(x)
layer.mean[...]""",
        remedy="""\
layer = nnx.BatchNorm(5, use_running_average=False, momentum=0.9, rngs=nnx.Rngs(0))
layer(x)
layer.mean[...]""",
        verdict_jax="value",
        why=(
            "PyTorch's momentum of 0.1 is the weight of the new value, flax's 0.99 that of the "
            "old one: ten times slower."
        ),
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm, the running variance after one batch",
        inputs=_X,
        torch="""\
layer = nn.BatchNorm1d(5)
layer(x)
layer.running_var""",
        jax="""\
layer = nnx.BatchNorm(5, use_running_average=False, momentum=0.9, rngs=nnx.Rngs(0))
layer(x)
layer.var[...]""",
        remedy="0.9 * jnp.ones(5) + 0.1 * jnp.var(x, axis=0, ddof=1)",
        verdict_jax="value",
        why=(
            "PyTorch keeps the unbiased variance, n / (n - 1) of what it normalises with; flax "
            "keeps the biased one and has no option, so the update is written out."
        ),
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm, the running mean of all batches",
        inputs=_X,
        torch="""\
layer = nn.BatchNorm1d(5, momentum=None)
layer(x), layer(2 * x)
layer.running_mean""",
        jax="""\
layer = nnx.BatchNorm(5, use_running_average=False, momentum=None, rngs=nnx.Rngs(0))
layer(x), layer(2 * x)
layer.mean[...]""",
        remedy="(x.mean(0) + (2 * x).mean(0)) / 2",
        verdict_jax="error",
        why="With momentum None PyTorch averages all batches alike; flax has no such mode.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm of a batch of one",
        inputs={"x": f32([[1.0, 2.0]])},
        torch="nn.BatchNorm1d(2)(x)",
        jax="nnx.BatchNorm(2, use_running_average=False, rngs=nnx.Rngs(0))(x)",
        remedy="""\
if x.size // x.shape[-1] < 2:
    raise ValueError("one value for each channel has no variance")
nnx.BatchNorm(2, use_running_average=False, rngs=nnx.Rngs(0))(x)""",
        verdict_jax="error",
        why="One value has no variance, and PyTorch raises; flax gives 0 for every input.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="BatchNorm without running statistics, outside training",
        inputs=_X,
        torch="nn.BatchNorm1d(5, track_running_stats=False).eval()(x)",
        jax="nnx.BatchNorm(5, use_running_average=True, rngs=nnx.Rngs(0))(x)",
        remedy="nnx.BatchNorm(5, use_running_average=False, rngs=nnx.Rngs(0))(x)",
        verdict_jax="value",
        why="Without running statistics PyTorch takes the batch's in evaluation too.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="a new BatchNorm, outside training",
        inputs=_X,
        torch="nn.BatchNorm1d(5).eval()(x)",
        jax="nnx.BatchNorm(5, use_running_average=True, rngs=nnx.Rngs(0))(x)",
        why="A running mean of 0 and a variance of 1 to begin with, on both sides.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="the share that Dropout keeps",
        torch="torch.stack([(nn.Dropout(0.25)(torch.ones(100000)) > 0).float().mean() < 0.5])",
        jax="""\
layer = nnx.Dropout(0.25, rngs=nnx.Rngs(0))
jnp.stack([(layer(jnp.ones(100000)) > 0).mean() < 0.5])""",
        why="The rate is the probability to drop on both sides.",
        link=_DOCS + "torch.nn.Dropout.html",
    ),
    Case(
        family="layers",
        name="Dropout without a rate",
        torch="nn.Dropout().p",
        jax="nnx.Dropout().rate",
        remedy="nnx.Dropout(0.5).rate",
        verdict_jax="error",
        why="PyTorch's default is 0.5; flax wants to be told.",
        link=_DOCS + "torch.nn.Dropout.html",
    ),
    Case(
        family="layers",
        name="Dropout of all, of NaN",
        inputs={"x": f32([np.nan, np.inf])},
        torch="nn.Dropout(1.0)(x)",
        jax="nnx.Dropout(1.0, rngs=nnx.Rngs(0))(x)",
        jaxgrad="F.dropout(key, x, 1.0)",
        verdict_jax="value",
        why="PyTorch multiplies by 0, and NaN stays NaN; flax puts 0 in its place.",
        link=_DOCS + "torch.nn.Dropout.html",
    ),
    Case(
        family="layers",
        name="Dropout of NaN, how much is NaN",
        torch="F.dropout(torch.full((2000,), torch.nan), 0.5).isnan().all()",
        jax="jnp.isnan(nnx.Dropout(0.5, rngs=nnx.Rngs(0))(jnp.full(2000, jnp.nan))).all()",
        jaxgrad="jnp.isnan(F.dropout(key, jnp.full(2000, jnp.nan), 0.5)).all()",
        verdict_jax="value",
        why="Multiplied, every NaN stays; selected, half of them are hidden.",
        link=_DOCS + "torch.nn.functional.dropout.html",
    ),
    Case(
        family="layers",
        name="Dropout with a rate above 1",
        inputs={"x": f32([1.0, 2.0, 3.0])},
        torch="nn.Dropout(1.5)(x)",
        jax="nnx.Dropout(1.5, rngs=nnx.Rngs(0))(x)",
        jaxgrad="F.dropout(key, x, 1.5)",
        verdict_jax="error",
        why="PyTorch refuses; flax gives zeros.",
        link=_DOCS + "torch.nn.Dropout.html",
    ),
    Case(
        family="layers",
        name="one Dropout layer called twice",
        torch="""\
layer, x = nn.Dropout(0.5), torch.ones(100)
(layer(x) == layer(x)).all()""",
        jax="""\
layer, x = nnx.Dropout(0.5, rngs=nnx.Rngs(0)), jnp.ones(100)
(layer(x) == layer(x)).all()""",
        why="Both draw anew at each call: flax's layer counts its calls.",
        link=_DOCS + "torch.nn.Dropout.html",
    ),
    Case(
        family="layers",
        name="one Dropout layer called twice, in equinox with one key",
        torch="""\
layer, x = nn.Dropout(0.5), torch.ones(100)
(layer(x) == layer(x)).all()""",
        jax="""\
layer, x = eqx.nn.Dropout(0.5), jnp.ones(100)
(layer(x, key=key) == layer(x, key=key)).all()""",
        remedy="""\
layer, x = eqx.nn.Dropout(0.5), jnp.ones(100)
first, second = jax.random.split(key)
(layer(x, key=first) == layer(x, key=second)).all()""",
        verdict_jax="value",
        why="The same key drops the same elements; each call gets a key of its own.",
        link="https://docs.kidger.site/equinox/api/nn/dropout/",
    ),
)
