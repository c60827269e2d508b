"""What layers start with: the defaults of torch.nn against those of flax, written in JAX."""

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/"

CASES = (
    Case(
        family="init",
        name="Linear: the weight",
        source="prose before In [2]",
        torch="nn.Linear(200, 100).weight",
        jax="jax.nn.initializers.lecun_normal(in_axis=1, out_axis=0)(key, (100, 200))",
        jaxgrad='init.linear(key, 200, 100)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 200), 2 * np.sqrt(1 / 200))",
        verdict_jax="law",
        why="U(-r, r) with r = 1 / sqrt(in_features): a third of the variance of a flax Dense "
        "layer, whose kernels are lecun_normal.",
        link=_DOCS + "generated/torch.nn.Linear.html",
    ),
    Case(
        family="init",
        name="Linear: the weight, in plain JAX",
        source="prose before In [2]",
        torch="nn.Linear(200, 100).weight",
        jax="r = 1 / 200**0.5\nr * jax.random.uniform(key, (100, 200), minval=-1)",
        jaxgrad='init.linear(key, 200, 100)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 200), 2 * np.sqrt(1 / 200))",
        why="The law written out.",
        link=_DOCS + "generated/torch.nn.Linear.html",
    ),
    Case(
        family="init",
        name="Linear: the bias",
        source="prose before In [2]",
        torch="nn.Linear(4, 20000).bias",
        jax="jnp.zeros(20000)",
        jaxgrad='init.linear(key, 4, 20000)["bias"]',
        law="stats.uniform(-0.5, 2 * 0.5)",
        verdict_jax="law",
        why="PyTorch's biases are random, with the weight's bound; flax starts at zeros.",
        link=_DOCS + "generated/torch.nn.Linear.html",
    ),
    Case(
        family="init",
        name="Linear: names and shapes",
        source="prose before In [2]",
        torch="{name: list(p.shape) for name, p in nn.Linear(3, 2).state_dict().items()}",
        jax='params = {"kernel": jnp.zeros((3, 2)), "bias": jnp.zeros(2)}\n'
        "{name: list(p.shape) for name, p in params.items()}",
        jaxgrad="{name: list(p.shape) for name, p in init.linear(key, 3, 2).items()}",
        verdict_jax="structure",
        why="PyTorch's weight is (out, in); flax has a kernel (in, out).",
        link=_DOCS + "generated/torch.nn.Linear.html",
    ),
    Case(
        family="init",
        name="Conv2d: the weight",
        torch="nn.Conv2d(20, 40, 5).weight",
        jax="jax.nn.initializers.lecun_normal()(key, (5, 5, 20, 40)).transpose(3, 2, 0, 1)",
        jaxgrad='init.conv2d(key, 20, 40, 5)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        verdict_jax="law",
        why="U(-r, r) with r = 1 / sqrt(in_channels x 5 x 5); flax's are lecun_normal.",
        link=_DOCS + "generated/torch.nn.Conv2d.html",
    ),
    Case(
        family="init",
        name="Conv2d in two groups: the weight",
        torch="nn.Conv2d(40, 40, 5, groups=2).weight",
        jax="r = 1 / (40 * 5 * 5) ** 0.5\nr * jax.random.uniform(key, (40, 20, 5, 5), minval=-1)",
        jaxgrad='init.conv2d(key, 40, 40, 5, groups=2)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        verdict_jax="law",
        why="An output sees the inputs of its own group only: r has 20 channels in it, not 40.",
        link=_DOCS + "generated/torch.nn.Conv2d.html",
    ),
    Case(
        family="init",
        name="ConvTranspose2d: the weight",
        torch="nn.ConvTranspose2d(40, 20, 5).weight",
        jax="r = 1 / (40 * 5 * 5) ** 0.5\nr * jax.random.uniform(key, (40, 20, 5, 5), minval=-1)",
        jaxgrad='init.conv_transpose2d(key, 40, 20, 5)["weight"]',
        law="stats.uniform(-np.sqrt(1 / 500), 2 * np.sqrt(1 / 500))",
        verdict_jax="law",
        why="The weight is (in, out, 5, 5), and PyTorch takes its second axis for the inputs: r "
        "has the 20 output channels in it.",
        link=_DOCS + "generated/torch.nn.ConvTranspose2d.html",
    ),
    Case(
        family="init",
        name="Embedding: the weight",
        torch="nn.Embedding(100, 200).weight",
        jax="jax.nn.initializers.variance_scaling(\n"
        '    1.0, "fan_in", "normal", out_axis=0\n'
        ")(key, (100, 200))",
        jaxgrad='init.embedding(key, 100, 200)["weight"]',
        law="stats.norm()",
        verdict_jax="law",
        why="N(0, 1) in PyTorch; flax divides the variance by the number of features.",
        link=_DOCS + "generated/torch.nn.Embedding.html",
    ),
    Case(
        family="init",
        name="Embedding with padding_idx: which rows are zero",
        torch="(nn.Embedding(5, 3, padding_idx=-1).weight == 0).all(1)",
        jax="(jax.random.normal(key, (5, 3)) == 0).all(1)",
        jaxgrad='(init.embedding(key, 5, 3, padding_idx=-1)["weight"] == 0).all(1)',
        verdict_jax="value",
        why="The row of the padding is zero; flax has no such argument.",
        link=_DOCS + "generated/torch.nn.Embedding.html",
    ),
    Case(
        family="init",
        name="Embedding with padding_idx out of range",
        torch="nn.Embedding(5, 3, padding_idx=5)",
        jax="jax.random.normal(key, (5, 3)).at[5].set(0.0)",
        jaxgrad="init.embedding(key, 5, 3, padding_idx=5)",
        verdict_jax="error",
        why="JAX drops updates out of range without a word.",
        link=_DOCS + "generated/torch.nn.Embedding.html",
    ),
    Case(
        family="init",
        name="LSTM: the input weights",
        torch="nn.LSTM(80, 60).weight_ih_l0",
        jax="jax.nn.initializers.lecun_normal(in_axis=1, out_axis=0)(key, (240, 80))",
        jaxgrad='init.lstm(key, 80, 60)["weight_ih_l0"]',
        law="stats.uniform(-np.sqrt(1 / 60), 2 * np.sqrt(1 / 60))",
        verdict_jax="law",
        why="Every parameter is U(-r, r) with r = 1 / sqrt(hidden_size), whatever its shape; flax "
        "has lecun_normal here.",
        link=_DOCS + "generated/torch.nn.LSTM.html",
    ),
    Case(
        family="init",
        name="LSTM: the biases",
        torch="lstm = nn.LSTM(80, 60)\ntorch.cat([lstm.bias_ih_l0, lstm.bias_hh_l0])",
        jax="jnp.zeros(480)",
        jaxgrad="params = init.lstm(key, 80, 60)\n"
        'jnp.concatenate([params["bias_ih_l0"], params["bias_hh_l0"]])',
        law="stats.uniform(-np.sqrt(1 / 60), 2 * np.sqrt(1 / 60))",
        verdict_jax="law",
        why="Two biases that are added, both random, the forget gate's too; flax has one of zeros.",
        link=_DOCS + "generated/torch.nn.LSTM.html",
    ),
    Case(
        family="init",
        name="LSTM: names and shapes",
        torch="lstm = nn.LSTM(3, 2, num_layers=2, bidirectional=True)\n"
        "{name: list(p.shape) for name, p in lstm.state_dict().items()}",
        jax='{name: [3, 2] if name[0] == "i" else [2, 2] for name in "ii if ig io hi hf hg '
        'ho".split()}',
        jaxgrad="draw = lambda key: init.lstm(key, 3, 2, num_layers=2, bidirectional=True)\n"
        "params = jax.eval_shape(draw, key)\n"
        "{name: list(p.shape) for name, p in params.items()}",
        verdict_jax="structure",
        why="PyTorch stacks the four gates in the order i, f, g, o; flax's cell has a kernel for "
        "each.",
        link=_DOCS + "generated/torch.nn.LSTM.html",
    ),
    Case(
        family="init",
        name="GRU: the hidden weights",
        torch="nn.GRU(80, 80).weight_hh_l0",
        jax="parts = [jax.nn.initializers.orthogonal()(k, (80, 80)) for k in jax.random.split(key, "
        "3)]\n"
        "jnp.concatenate(parts)",
        jaxgrad='init.gru(key, 80, 80)["weight_hh_l0"]',
        law="stats.uniform(-np.sqrt(1 / 80), 2 * np.sqrt(1 / 80))",
        verdict_jax="law",
        why="U(-r, r) with r = 1 / sqrt(hidden_size); flax's are orthogonal.",
        link=_DOCS + "generated/torch.nn.GRU.html",
    ),
    Case(
        family="init",
        name="MultiheadAttention: the input projections",
        torch="nn.MultiheadAttention(80, 4).in_proj_weight",
        jax="parts = [jax.nn.initializers.glorot_uniform()(k, (80, 80)) for k in "
        "jax.random.split(key, 3)]\n"
        "jnp.concatenate(parts)",
        jaxgrad='init.multihead_attention(key, 80, 4)["in_proj_weight"]',
        law="stats.uniform(-np.sqrt(6 / 320), 2 * np.sqrt(6 / 320))",
        verdict_jax="law",
        why="xavier_uniform_ of the three projections stacked: 240 outputs in its bound, where "
        "three matrices of their own have 80.",
        link=_DOCS + "generated/torch.nn.MultiheadAttention.html",
    ),
    Case(
        family="init",
        name="MultiheadAttention: the output projection",
        torch="nn.MultiheadAttention(80, 4).out_proj.weight",
        jax="jax.nn.initializers.glorot_uniform()(key, (80, 80))",
        jaxgrad='init.multihead_attention(key, 80, 4)["out_proj.weight"]',
        law="stats.uniform(-np.sqrt(1 / 80), 2 * np.sqrt(1 / 80))",
        verdict_jax="law",
        why="That of a Linear layer, not xavier_uniform_.",
        link=_DOCS + "generated/torch.nn.MultiheadAttention.html",
    ),
    Case(
        family="init",
        name="MultiheadAttention: the biases",
        torch="attention = nn.MultiheadAttention(80, 4)\n"
        "[attention.in_proj_bias.abs().max(), attention.out_proj.bias.abs().max()]",
        jax="[jnp.abs(jnp.zeros(240)).max(), jnp.abs(jnp.zeros(80)).max()]",
        jaxgrad="params = init.multihead_attention(key, 80, 4)\n"
        '[jnp.abs(params[name]).max() for name in ("in_proj_bias", "out_proj.bias")]',
        why="Zeros, unlike those of other layers.",
        link=_DOCS + "generated/torch.nn.MultiheadAttention.html",
    ),
    Case(
        family="init",
        name="BatchNorm2d: names and values",
        torch="nn.BatchNorm2d(3).state_dict()",
        jax='{"scale": jnp.ones(3), "bias": jnp.zeros(3), \n'
        '    "mean": jnp.zeros(3), "var": jnp.ones(3)}',
        jaxgrad="init.batch_norm(3)",
        verdict_jax="structure",
        why="PyTorch counts the batches too; flax calls the weight scale.",
        link=_DOCS + "generated/torch.nn.BatchNorm2d.html",
    ),
    Case(
        family="init",
        name="LayerNorm, GroupNorm and RMSNorm: names and values",
        torch="[nn.LayerNorm(4).state_dict(), nn.GroupNorm(2, 4).state_dict(), "
        "nn.RMSNorm(4).state_dict()]",
        jax='both = {"scale": jnp.ones(4), "bias": jnp.zeros(4)}\n'
        '[both, both, {"scale": jnp.ones(4)}]',
        jaxgrad="[init.layer_norm(4), init.group_norm(2, 4), init.rms_norm(4)]",
        verdict_jax="structure",
        why="Ones and zeros; flax calls the weight scale.",
        link=_DOCS + "generated/torch.nn.LayerNorm.html",
    ),
    Case(
        family="init",
        name="InstanceNorm2d: names and values",
        torch="nn.InstanceNorm2d(3).state_dict()",
        jax='{"scale": jnp.ones(3), "bias": jnp.zeros(3)}',
        jaxgrad="init.instance_norm(3)",
        verdict_jax="structure",
        why="PyTorch's has no parameters unless asked; flax's has.",
        link=_DOCS + "generated/torch.nn.InstanceNorm2d.html",
    ),
)
