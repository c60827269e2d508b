"""PyTorch's numbers from PyTorch's seeds: initialisers and layers."""

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/"

CASES = (
    Case(
        family="replay",
        name="kaiming_uniform_ with a = sqrt(5)",
        torch="torch.manual_seed(7)\nnn.init.kaiming_uniform_(torch.empty(4, 5), a=5**0.5)",
        jax="key = jax.random.key(7)\n"
        'jax.nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform", 1, 0)(key, (4, 5))',
        jaxgrad="state = replay.manual_seed(7)\nreplay.kaiming_uniform(state, (4, 5), a=5**0.5)[0]",
        verdict_jax="value",
        exact=True,
        why="The bound is computed as PyTorch computes it, operation by operation.",
        link=_DOCS + "nn.init.html",
    ),
    Case(
        family="replay",
        name="kaiming_normal_",
        torch="torch.manual_seed(7)\nnn.init.kaiming_normal_(torch.empty(4, 5))",
        jax="key = jax.random.key(7)\n"
        "jax.nn.initializers.he_normal(in_axis=1, out_axis=0)(key, (4, 5))",
        jaxgrad="state = replay.manual_seed(7)\nreplay.kaiming_normal(state, (4, 5))[0]",
        verdict_jax="value",
        exact=True,
        why="Other generator, other numbers: the law is all they share.",
        link=_DOCS + "nn.init.html",
    ),
    Case(
        family="replay",
        name="xavier_uniform_",
        torch="torch.manual_seed(7)\nnn.init.xavier_uniform_(torch.empty(4, 5))",
        jax="key = jax.random.key(7)\njax.nn.initializers.glorot_uniform()(key, (4, 5))",
        jaxgrad="state = replay.manual_seed(7)\nreplay.xavier_uniform(state, (4, 5))[0]",
        verdict_jax="value",
        exact=True,
        why="Other generator, other numbers: the law is all they share.",
        link=_DOCS + "nn.init.html",
    ),
    Case(
        family="replay",
        name="xavier_normal_",
        torch="torch.manual_seed(7)\nnn.init.xavier_normal_(torch.empty(4, 5))",
        jax="key = jax.random.key(7)\njax.nn.initializers.glorot_normal()(key, (4, 5))",
        jaxgrad="state = replay.manual_seed(7)\nreplay.xavier_normal(state, (4, 5))[0]",
        verdict_jax="value",
        exact=True,
        why="Other generator, other numbers: the law is all they share.",
        link=_DOCS + "nn.init.html",
    ),
    Case(
        family="replay",
        name="sparse_",
        torch="torch.manual_seed(7)\nnn.init.sparse_(torch.empty(5, 4), sparsity=0.4)",
        jax="key = jax.random.key(7)\n"
        "mask = jax.random.bernoulli(key, 0.6, (5, 4))\n"
        "0.01 * mask * jax.random.normal(key, (5, 4))",
        jaxgrad="state = replay.manual_seed(7)\nreplay.sparse(state, (5, 4), sparsity=0.4)[0]",
        verdict_jax="value",
        exact=True,
        why="Normal numbers, then a permutation for each column.",
        link=_DOCS + "nn.init.html",
    ),
    Case(
        family="replay",
        name="orthogonal_",
        torch="torch.manual_seed(7)\nnn.init.orthogonal_(torch.empty(4, 5))",
        jax="key = jax.random.key(7)\njax.nn.initializers.orthogonal()(key, (4, 5))",
        jaxgrad="state = replay.manual_seed(7)\nreplay.orthogonal(state, (4, 5))[0]",
        verdict_jax="value",
        rtol=0.0001,
        why="The matrix drawn is the same to the bit; its QR decomposition rounds as each side's "
        "LAPACK orders its sums, which the condition of the matrix amplifies.",
        link=_DOCS + "nn.init.html",
    ),
    Case(
        family="replay",
        name="Linear(784, 128)",
        torch="torch.manual_seed(7)\n"
        "layer = nn.Linear(784, 128)\n"
        "[layer.weight[:2, :5], layer.bias[:5]]",
        jax="key = jax.random.key(7)\n"
        "weight = jax.random.uniform(key, (128, 784), minval=-1) / 28\n"
        "[weight[:2, :5], jnp.zeros(5)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.linear(state, 784, 128)\n"
        '[layer["weight"][:2, :5], layer["bias"][:5]]',
        verdict_jax="value",
        exact=True,
        why="The layer's weight, then its bias, from one stream.",
        link=_DOCS + "generated/torch.nn.Linear.html",
    ),
    Case(
        family="replay",
        name="two Linear layers, one after the other",
        torch="torch.manual_seed(7)\n"
        "model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))\n"
        "model.state_dict()",
        jax="key = jax.random.key(7)\n"
        "a, b = jax.random.split(key)\n"
        "r, s = 4**-0.5, 3**-0.5\n"
        '{"0.weight": r * jax.random.uniform(a, (3, 4), minval=-1), "0.bias": jnp.zeros(3),\n'
        '    "2.weight": s * jax.random.uniform(b, (2, 3), minval=-1), "2.bias": jnp.zeros(2)}',
        jaxgrad="state = replay.manual_seed(7)\n"
        "first, state = replay.linear(state, 4, 3)\n"
        "last, state = replay.linear(state, 3, 2)\n"
        '{"0.weight": first["weight"], "0.bias": first["bias"],\n'
        '    "2.weight": last["weight"], "2.bias": last["bias"]}',
        verdict_jax="value",
        exact=True,
        why="Layers draw in the order in which they are made.",
        link=_DOCS + "generated/torch.nn.Linear.html",
    ),
    Case(
        family="replay",
        name="Bilinear(2, 3, 4)",
        torch="torch.manual_seed(7)\nnn.Bilinear(2, 3, 4).weight",
        jax="key = jax.random.key(7)\n"
        "r = 2**-0.5\n"
        "r * jax.random.uniform(key, (4, 2, 3), minval=-1)",
        jaxgrad='state = replay.manual_seed(7)\nreplay.bilinear(state, 2, 3, 4)[0]["weight"]',
        verdict_jax="value",
        exact=True,
        why="Other generator, other numbers: the law is all they share.",
        link=_DOCS + "generated/torch.nn.Bilinear.html",
    ),
    Case(
        family="replay",
        name="Conv2d(20, 40, 5)",
        torch="torch.manual_seed(7)\n"
        "layer = nn.Conv2d(20, 40, 5)\n"
        "[layer.weight[0, 0], layer.bias[:5]]",
        jax="key = jax.random.key(7)\n"
        "r = 500**-0.5\n"
        "[(r * jax.random.uniform(key, (40, 20, 5, 5), minval=-1))[0, 0], jnp.zeros(5)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.conv2d(state, 20, 40, 5)\n"
        '[layer["weight"][0, 0], layer["bias"][:5]]',
        verdict_jax="value",
        exact=True,
        why="Other generator, other numbers: the law is all they share.",
        link=_DOCS + "generated/torch.nn.Conv2d.html",
    ),
    Case(
        family="replay",
        name="ConvTranspose2d(40, 20, 5)",
        torch="torch.manual_seed(7)\n"
        "layer = nn.ConvTranspose2d(40, 20, 5)\n"
        "[layer.weight[0, 0], layer.bias[:5]]",
        jax="key = jax.random.key(7)\n"
        "r = 500**-0.5\n"
        "[(r * jax.random.uniform(key, (40, 20, 5, 5), minval=-1))[0, 0], jnp.zeros(5)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.conv_transpose2d(state, 40, 20, 5)\n"
        '[layer["weight"][0, 0], layer["bias"][:5]]',
        verdict_jax="value",
        exact=True,
        why="Other generator, other numbers: the law is all they share.",
        link=_DOCS + "generated/torch.nn.ConvTranspose2d.html",
    ),
    Case(
        family="replay",
        name="Embedding(10, 3, padding_idx=0)",
        torch="torch.manual_seed(7)\nnn.Embedding(10, 3, padding_idx=0).weight",
        jax="key = jax.random.key(7)\njax.random.normal(key, (10, 3)).at[0].set(0.0)",
        jaxgrad="state = replay.manual_seed(7)\n"
        'replay.embedding(state, 10, 3, padding_idx=0)[0]["weight"]',
        verdict_jax="value",
        exact=True,
        why="The row of the padding is drawn like the others, then set to zero.",
        link=_DOCS + "generated/torch.nn.Embedding.html",
    ),
    Case(
        family="replay",
        name="RNN(3, 2)",
        torch="torch.manual_seed(7)\nlayer = nn.RNN(3, 2)\n[layer.weight_ih_l0, layer.bias_hh_l0]",
        jax="key = jax.random.key(7)\n"
        "r = 2**-0.5\n"
        "[r * jax.random.uniform(key, (2, 3), minval=-1), jnp.zeros(2)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.rnn(state, 3, 2)\n"
        '[layer["weight_ih_l0"], layer["bias_hh_l0"]]',
        verdict_jax="value",
        exact=True,
        why="The first parameter drawn and the last.",
        link=_DOCS + "generated/torch.nn.RNN.html",
    ),
    Case(
        family="replay",
        name="LSTM(3, 2), two layers in both directions",
        torch="torch.manual_seed(7)\n"
        "layer = nn.LSTM(3, 2, num_layers=2, bidirectional=True)\n"
        "[layer.weight_ih_l0, layer.bias_hh_l1_reverse]",
        jax="key = jax.random.key(7)\n"
        "r = 2**-0.5\n"
        "[r * jax.random.uniform(key, (8, 3), minval=-1), jnp.zeros(8)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.lstm(state, 3, 2, num_layers=2, bidirectional=True)\n"
        '[layer["weight_ih_l0"], layer["bias_hh_l1_reverse"]]',
        verdict_jax="value",
        exact=True,
        why="The first parameter drawn and the last of sixteen.",
        link=_DOCS + "generated/torch.nn.LSTM.html",
    ),
    Case(
        family="replay",
        name="GRU(3, 2)",
        torch="torch.manual_seed(7)\nlayer = nn.GRU(3, 2)\n[layer.weight_ih_l0, layer.bias_hh_l0]",
        jax="key = jax.random.key(7)\n"
        "r = 2**-0.5\n"
        "[r * jax.random.uniform(key, (6, 3), minval=-1), jnp.zeros(6)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.gru(state, 3, 2)\n"
        '[layer["weight_ih_l0"], layer["bias_hh_l0"]]',
        verdict_jax="value",
        exact=True,
        why="The first parameter drawn and the last.",
        link=_DOCS + "generated/torch.nn.GRU.html",
    ),
    Case(
        family="replay",
        name="MultiheadAttention(4, 2)",
        torch="torch.manual_seed(7)\n"
        "layer = nn.MultiheadAttention(4, 2)\n"
        "[layer.in_proj_weight, layer.out_proj.weight]",
        jax="key = jax.random.key(7)\n"
        "key_i, key_o = jax.random.split(key)\n"
        "draw = jax.nn.initializers.glorot_uniform()\n"
        "[draw(key_i, (12, 4)), draw(key_o, (4, 4))]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "layer, state = replay.multihead_attention(state, 4, 2)\n"
        '[layer["in_proj_weight"], layer["out_proj.weight"]]',
        verdict_jax="value",
        exact=True,
        why="The output projection is drawn first, as the layer that it is.",
        link=_DOCS + "generated/torch.nn.MultiheadAttention.html",
    ),
)
