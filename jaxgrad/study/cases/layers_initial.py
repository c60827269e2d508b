"""What a new layer holds: the law of its weights, and its default arguments."""

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_NNX = "https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/"
_EQX = "https://docs.kidger.site/equinox/api/nn/"

CASES = (
    Case(
        family="layers",
        name="the weight of a flax Linear",
        torch="nn.Linear(200, 100).weight",
        jax="nnx.Linear(200, 100, rngs=nnx.Rngs(0)).kernel[...].T",
        jaxgrad='init.linear(key, 200, 100)["weight"]',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(1 / 200), 2 * np.sqrt(1 / 200))",
        why=(
            "PyTorch draws from U(-1/sqrt(in), 1/sqrt(in)); flax's lecun_normal has three times "
            "the variance."
        ),
        link=_NNX + "linear.html",
    ),
    Case(
        family="layers",
        name="the weight of an equinox Linear",
        torch="nn.Linear(200, 100).weight",
        jax="eqx.nn.Linear(200, 100, key=key).weight",
        jaxgrad='init.linear(key, 200, 100)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 200), 2 * np.sqrt(1 / 200))",
        why="equinox has PyTorch's law.",
        link=_EQX + "linear/",
    ),
    Case(
        family="layers",
        name="the bias of an equinox Linear",
        torch="nn.Linear(4, 20000).bias",
        jax="eqx.nn.Linear(4, 20000, key=key).bias",
        jaxgrad='init.linear(key, 4, 20000)["bias"]',
        law="stats.uniform(-0.5, 1)",
        why="equinox has PyTorch's law for the bias too.",
        link=_EQX + "linear/",
    ),
    Case(
        family="layers",
        name="the weight of a flax Conv",
        torch="nn.Conv2d(20, 40, 5).weight",
        jax="nnx.Conv(20, 40, (5, 5), rngs=nnx.Rngs(0)).kernel[...]",
        jaxgrad='init.conv2d(key, 20, 40, 5)["weight"]',
        verdict_jax="shape",
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        why="The shape is flax's own, (5, 5, in, out), and the law another.",
        link=_NNX + "linear.html",
    ),
    Case(
        family="layers",
        name="the weight of an equinox Conv2d",
        torch="nn.Conv2d(20, 40, 5).weight",
        jax="eqx.nn.Conv2d(20, 40, 5, key=key).weight",
        jaxgrad='init.conv2d(key, 20, 40, 5)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        why="equinox has PyTorch's law and layout.",
        link=_EQX + "conv/",
    ),
    Case(
        family="layers",
        name="the weight of an equinox ConvTranspose2d",
        torch="nn.ConvTranspose2d(40, 20, 5).weight.flatten()",
        jax="eqx.nn.ConvTranspose2d(40, 20, 5, key=key).weight.ravel()",
        jaxgrad='init.conv_transpose2d(key, 40, 20, 5)["weight"].ravel()',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        why=(
            "PyTorch counts the outputs as fan-in, as the weight is (in, out, 5, 5); equinox "
            "counts the inputs."
        ),
        link=_EQX + "conv/",
    ),
    Case(
        family="layers",
        name="the weight of a flax ConvTranspose",
        torch="nn.ConvTranspose2d(40, 20, 5).weight.flatten()",
        jax="nnx.ConvTranspose(40, 20, (5, 5), rngs=nnx.Rngs(0)).kernel[...].ravel()",
        jaxgrad='init.conv_transpose2d(key, 40, 20, 5)["weight"].ravel()',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        why="lecun_normal over the inputs, against U over the outputs.",
        link=_NNX + "linear.html",
    ),
    Case(
        family="layers",
        name="the weight of a flax Embed",
        torch="nn.Embedding(500, 64).weight",
        jax="nnx.Embed(500, 64, rngs=nnx.Rngs(0)).embedding[...]",
        jaxgrad='init.embedding(key, 500, 64)["weight"]',
        verdict_jax="law",
        law="stats.norm()",
        why="PyTorch's deviation is 1, flax's 1 / sqrt(features), here an eighth.",
        link=_NNX + "linear.html",
    ),
    Case(
        family="layers",
        name="the weight of an equinox Embedding",
        torch="nn.Embedding(500, 64).weight",
        jax="eqx.nn.Embedding(500, 64, key=key).weight",
        jaxgrad='init.embedding(key, 500, 64)["weight"]',
        law="stats.norm()",
        why="A standard normal on both sides.",
        link=_EQX + "embedding/",
    ),
    Case(
        family="layers",
        name="the row of padding_idx",
        torch="nn.Embedding(10, 4, padding_idx=0).weight[0]",
        jax="nnx.Embed(10, 4, rngs=nnx.Rngs(0)).embedding[0]",
        jaxgrad='init.embedding(key, 10, 4, padding_idx=0)["weight"][0]',
        verdict_jax="value",
        why="PyTorch begins with zeros in that row; flax has no padding_idx.",
        link=_NNX + "linear.html",
    ),
    Case(
        family="layers",
        name="the input weights of a flax LSTM",
        torch="nn.LSTM(40, 60).weight_ih_l0.flatten()",
        jax="nnx.OptimizedLSTMCell(40, 60, rngs=nnx.Rngs(0)).dense_i.kernel[...].ravel()",
        jaxgrad='init.lstm(key, 40, 60)["weight_ih_l0"].ravel()',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(1 / 60), 2 * np.sqrt(1 / 60))",
        why=(
            "PyTorch's bound is 1 / sqrt(hidden) for every array; flax's input weights are "
            "lecun_normal."
        ),
        link=_NNX + "recurrent.html",
    ),
    Case(
        family="layers",
        name="the hidden weights of a flax LSTM",
        torch="nn.LSTM(40, 60).weight_hh_l0.flatten()",
        jax="nnx.OptimizedLSTMCell(40, 60, rngs=nnx.Rngs(0)).dense_h.kernel[...].ravel()",
        jaxgrad='init.lstm(key, 40, 60)["weight_hh_l0"].ravel()',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(1 / 60), 2 * np.sqrt(1 / 60))",
        why="flax's hidden weights are orthogonal.",
        link=_NNX + "recurrent.html",
    ),
    Case(
        family="layers",
        name="the sum of an LSTM's biases",
        torch="""\
layer = nn.LSTM(1, 5000)
layer.bias_ih_l0 + layer.bias_hh_l0""",
        jax="jax.jit(lambda key: eqx.nn.LSTMCell(1, 5000, key=key).bias)(key)",
        jaxgrad="""\
@jax.jit
def biases(key):  # without the 100 million weights, which are not asked for
    layer = init.lstm(key, 1, 5000)
    return layer["bias_ih_l0"] + layer["bias_hh_l0"]

biases(key)""",
        verdict_jax="law",
        law="stats.triang(0.5, -2 / np.sqrt(5000), 4 / np.sqrt(5000))",
        why=(
            "PyTorch has two biases, whose sum has a triangular law; equinox has one, with the "
            "law of either."
        ),
        link=_EQX + "rnn/",
    ),
    Case(
        family="layers",
        name="the hidden weights of an equinox GRU",
        torch="nn.GRUCell(40, 60).weight_hh",
        jax="eqx.nn.GRUCell(40, 60, key=key).weight_hh",
        jaxgrad='init.gru(key, 40, 60)["weight_hh_l0"]',
        law="stats.uniform(-np.sqrt(1 / 60), 2 * np.sqrt(1 / 60))",
        why="equinox has PyTorch's law.",
        link=_EQX + "rnn/",
    ),
    Case(
        family="layers",
        name="the hidden weights of a flax GRU",
        torch="nn.GRU(40, 60).weight_hh_l0.flatten()",
        jax="nnx.GRUCell(40, 60, rngs=nnx.Rngs(0)).dense_h.kernel[...].ravel()",
        jaxgrad='init.gru(key, 40, 60)["weight_hh_l0"].ravel()',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(1 / 60), 2 * np.sqrt(1 / 60))",
        why="flax's are orthogonal.",
        link=_NNX + "recurrent.html",
    ),
    Case(
        family="layers",
        name="the query weights of a flax MultiHeadAttention",
        torch="nn.MultiheadAttention(64, 4).in_proj_weight[:64].flatten()",
        jax="""\
nnx.MultiHeadAttention(4, 64, decode=False, rngs=nnx.Rngs(0)).query.kernel[...].ravel()""",
        jaxgrad='init.multihead_attention(key, 64, 4)["in_proj_weight"][:64].ravel()',
        verdict_jax="law",
        law="stats.uniform(-np.sqrt(6 / 256), 2 * np.sqrt(6 / 256))",
        why=(
            "PyTorch's xavier_uniform counts all three projections as one matrix of (3 x 64, 64); "
            "flax's are lecun_normal, each on its own."
        ),
        link=_NNX + "attention.html",
    ),
    Case(
        family="layers",
        name="the eps of LayerNorm",
        torch="nn.LayerNorm(5).eps",
        jax="nnx.LayerNorm(5, rngs=nnx.Rngs(0)).epsilon",
        remedy="nnx.LayerNorm(5, epsilon=1e-5, rngs=nnx.Rngs(0)).epsilon",
        verdict_jax="value",
        why="1e-5 in PyTorch, 1e-6 in flax.",
        link=_DOCS + "torch.nn.LayerNorm.html",
    ),
    Case(
        family="layers",
        name="the eps of equinox's LayerNorm",
        torch="nn.LayerNorm(5).eps",
        jax="eqx.nn.LayerNorm(5).eps",
        why="1e-5 on both sides.",
        link=_EQX + "normalisation/",
    ),
    Case(
        family="layers",
        name="the eps of GroupNorm",
        torch="nn.GroupNorm(2, 4).eps",
        jax="nnx.GroupNorm(4, 2, rngs=nnx.Rngs(0)).epsilon",
        remedy="nnx.GroupNorm(4, 2, epsilon=1e-5, rngs=nnx.Rngs(0)).epsilon",
        verdict_jax="value",
        why="1e-5 in PyTorch, 1e-6 in flax, whose arguments come the other way round too.",
        link=_DOCS + "torch.nn.GroupNorm.html",
    ),
    Case(
        family="layers",
        name="the eps of InstanceNorm",
        torch="nn.InstanceNorm1d(4).eps",
        jax="nnx.InstanceNorm(4, rngs=nnx.Rngs(0)).epsilon",
        remedy="nnx.InstanceNorm(4, epsilon=1e-5, rngs=nnx.Rngs(0)).epsilon",
        verdict_jax="value",
        why="1e-5 in PyTorch, 1e-6 in flax.",
        link=_DOCS + "torch.nn.InstanceNorm1d.html",
    ),
    Case(
        family="layers",
        name="the eps of BatchNorm",
        torch="nn.BatchNorm1d(5).eps",
        jax="nnx.BatchNorm(5, rngs=nnx.Rngs(0)).epsilon",
        why="1e-5 on both sides.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="the weight that BatchNorm gives to the new mean",
        torch="nn.BatchNorm1d(5).momentum",
        jax="1 - nnx.BatchNorm(5, rngs=nnx.Rngs(0)).momentum",
        remedy="1 - nnx.BatchNorm(5, momentum=0.9, rngs=nnx.Rngs(0)).momentum",
        verdict_jax="value",
        why="0.1 in PyTorch, 0.01 in flax, whose momentum is the weight of the old.",
        link=_DOCS + "torch.nn.BatchNorm1d.html",
    ),
    Case(
        family="layers",
        name="the eps of RMSNorm",
        torch="nn.RMSNorm(5).eps",
        jax="nnx.RMSNorm(5, rngs=nnx.Rngs(0)).epsilon",
        verdict_jax="structure",
        why=(
            "None in PyTorch, which means the dtype's own, 1.2e-7 for float32; flax's is 1e-6. "
            "There is no remedy for the attribute, as flax wants a number; the values agree with "
            "that of the dtype."
        ),
        link=_DOCS + "torch.nn.RMSNorm.html",
    ),
    Case(
        family="layers",
        name="the slope of PReLU",
        torch="nn.PReLU().weight.flatten()[0]",
        jax="nnx.PReLU().negative_slope[...]",
        remedy="nnx.PReLU(0.25).negative_slope[...]",
        verdict_jax="value",
        why="0.25 in PyTorch, 0.01 in flax.",
        link=_DOCS + "torch.nn.PReLU.html",
    ),
    Case(
        family="layers",
        name="the slope of equinox's PReLU",
        torch="nn.PReLU().weight.flatten()[0]",
        jax="eqx.nn.PReLU().negative_slope",
        why="0.25 on both sides.",
        link=_EQX + "activations/",
    ),
    Case(
        family="layers",
        name="the slope of LeakyReLU",
        torch="nn.LeakyReLU().negative_slope",
        jax="""\
import inspect
inspect.signature(jax.nn.leaky_relu).parameters["negative_slope"].default""",
        why="0.01 on both sides, unlike Keras's 0.3.",
        link=_DOCS + "torch.nn.LeakyReLU.html",
    ),
    Case(
        family="layers",
        name="the dtype of a new layer",
        torch="nn.Linear(2, 2).weight.dtype == torch.float32",
        jax="bool(nnx.Linear(2, 2, rngs=nnx.Rngs(0)).kernel.dtype == jnp.float32)",
        x64=True,
        why="float32 on both sides, even where JAX runs with 64-bit types.",
        link=_NNX + "linear.html",
    ),
    Case(
        family="layers",
        name="the dtype of a new layer in equinox, with 64-bit types",
        torch="nn.Linear(2, 2).weight.dtype == torch.float32",
        jax="bool(eqx.nn.Linear(2, 2, key=key).weight.dtype == jnp.float32)",
        remedy="""\
bool(eqx.nn.Linear(2, 2, dtype=jnp.float32, key=key).weight.dtype == jnp.float32)""",
        verdict_jax="value",
        x64=True,
        why="equinox takes JAX's default, which is float64 once it is switched on.",
        link=_EQX + "linear/",
    ),
    Case(
        family="layers",
        name="two layers from one seed",
        torch="""\
torch.manual_seed(0)
first, second = nn.Linear(2, 2), nn.Linear(2, 2)
(first.weight == second.weight).all()""",
        jax="""\
first, second = (eqx.nn.Linear(2, 2, key=key) for _ in range(2))
(first.weight == second.weight).all()""",
        remedy="""\
keys = jax.random.split(key)
first, second = (eqx.nn.Linear(2, 2, key=key) for key in keys)
(first.weight == second.weight).all()""",
        verdict_jax="value",
        why="PyTorch's generator goes on; the same key gives the same layer again.",
        link="https://docs.jax.dev/en/latest/random-numbers.html",
    ),
)
