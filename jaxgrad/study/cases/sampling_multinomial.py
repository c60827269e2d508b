"""Categories drawn with weights (In [3] and In [4])."""

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."
_WEIGHTS = {"weights": f32([10, 10, 13, 10, 34, 45, 65, 67, 87, 89, 87, 34])}
_WEIGHTS_LAW = "[10, 10, 13, 10, 34, 45, 65, 67, 87, 89, 87, 34]"
_PAIRS_LAW = (
    "(lambda w: np.ravel([[(i != j) * w[i] * w[j] / (551 - w[i]) for j in range(12)] "
    f"for i in range(12)]))({_WEIGHTS_LAW})"
)

CASES = (
    Case(
        family="sampling",
        name="multinomial without replacement: 3 of 12, the first two in order",
        source="In [3]",
        inputs=_WEIGHTS,
        torch="draws = torch.multinomial(weights.expand(30000, 12), 3)\n"
        "12 * draws[:, 0] + draws[:, 1]",
        jax="draws = jax.random.categorical(key, jnp.log(jnp.tile(weights, (30000, 1))), -1,\n"
        "    shape=(3, 30000), replace=False)\n"
        "12 * draws[0] + draws[1]",
        jaxgrad="draws = random.multinomial(key, jnp.tile(weights, (30000, 1)), 3)\n"
        "12 * draws[:, 0] + draws[:, 1]",
        law=_PAIRS_LAW,
        why="Each of the 144 ordered pairs against its exact probability w_i w_j / W (W - w_i).",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial without replacement: all draws of a row are distinct",
        source="In [3]",
        inputs=_WEIGHTS,
        torch="torch.multinomial(weights.expand(1000, 12), 12).sort(1).values",
        jax="draws = jax.random.categorical(key, jnp.log(jnp.tile(weights, (1000, 1))), -1,\n"
        "    shape=(12, 1000), replace=False)\n"
        "jnp.sort(draws.T)",
        jaxgrad="jnp.sort(random.multinomial(key, jnp.tile(weights, (1000, 1)), 12))",
        why="Twelve of twelve, sorted, are 0 to 11.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with replacement: 5 of 12",
        source="In [4]",
        inputs=_WEIGHTS,
        torch="torch.multinomial(weights.expand(4000, 12), 5, replacement=True)",
        jax="jax.random.categorical(key, jnp.log(weights), shape=(4000, 5))",
        jaxgrad="random.multinomial(key, jnp.tile(weights, (4000, 1)), 5, replacement=True)",
        law=_WEIGHTS_LAW,
        why="categorical takes logarithms of weights.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial ported to categorical without the logarithm",
        source="In [4]",
        torch="torch.multinomial(torch.tensor([0.98, 0.01, 0.01]), 20000, replacement=True)",
        jax="jax.random.categorical(key, jnp.array([0.98, 0.01, 0.01]), shape=(20000,))",
        jaxgrad="random.multinomial(key, jnp.array([0.98, 0.01, 0.01]), 20000, replacement=True)",
        law="[0.98, 0.01, 0.01]",
        verdict_jax="law",
        picture="cover",
        why="categorical takes logits: probabilities are read as nearly equal ones, and nothing "
        "warns.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.random.categorical.html",
    ),
    Case(
        family="sampling",
        name="multinomial never draws a weight of 0",
        source="prose before In [3]",
        torch="torch.multinomial(torch.tensor([0.0, 1.0, 0.0, 3.0, 0.0]), 20000, True)",
        jax="w = jnp.array([0.0, 1.0, 0.0, 3.0, 0.0])\n"
        "jax.random.categorical(key, jnp.log(w), shape=(20000,))",
        jaxgrad="random.multinomial(key, jnp.array([0.0, 1.0, 0.0, 3.0, 0.0]), 20000, True)",
        law="[0, 1, 0, 3, 0]",
        why="At both ends and in the middle.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial without replacement, more draws than non-zero weights",
        source="prose before In [3]",
        torch="torch.multinomial(torch.tensor([0.0, 10.0, 3.0, 0.0]), 4).sort().values",
        jax="p = jnp.array([0.0, 10.0, 3.0, 0.0]) / 13\n"
        "jnp.sort(jax.random.choice(key, 4, (4,), replace=False, p=p))",
        jaxgrad="random.multinomial(key, jnp.array([0.0, 10.0, 3.0, 0.0]), 4)",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch's page says it raises; it draws categories of probability 0 instead, and so "
        "does jax.random.choice.",
        link="https://github.com/pytorch/pytorch/issues/125388",
    ),
    Case(
        family="sampling",
        name="multinomial without replacement, more draws than categories",
        source="prose before In [3]",
        torch="torch.multinomial(torch.tensor([1.0, 2.0]), 3)",
        jax="jax.random.choice(key, 2, (3,), replace=False, p=jnp.array([1.0, 2.0]) / 3)",
        jaxgrad="random.multinomial(key, jnp.array([1.0, 2.0]), 3)",
        why="Each side refuses.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with a negative weight",
        source="prose before In [3]",
        torch="torch.multinomial(torch.tensor([1.0, -1.0, 2.0]), 2, replacement=True)",
        jax="jax.random.categorical(key, jnp.log(jnp.array([1.0, -1.0, 2.0])), shape=(2,))",
        jaxgrad="random.multinomial(key, jnp.array([1.0, -1.0, 2.0]), 2, replacement=True)",
        verdict_jax="error",
        why="The logarithm is NaN, and the NaN wins every draw.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with a NaN weight",
        source="prose before In [3]",
        torch="torch.multinomial(torch.tensor([1.0, float('nan'), 2.0]), 2, replacement=True)",
        jax="jax.random.categorical(key, jnp.log(jnp.array([1.0, jnp.nan, 2.0])), shape=(2,))",
        jaxgrad="random.multinomial(key, jnp.array([1.0, jnp.nan, 2.0]), 2, replacement=True)",
        verdict_jax="error",
        why="The NaN wins every draw.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with an infinite weight",
        source="prose before In [3]",
        torch="torch.multinomial(torch.tensor([1.0, float('inf'), 2.0]), 2, replacement=True)",
        jax="jax.random.categorical(key, jnp.log(jnp.array([1.0, jnp.inf, 2.0])), shape=(2,))",
        jaxgrad="random.multinomial(key, jnp.array([1.0, jnp.inf, 2.0]), 2, replacement=True)",
        verdict_jax="error",
        why="inf / inf is no probability.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with weights that sum to 0",
        source="prose before In [3]",
        torch="torch.multinomial(torch.zeros(3), 2, replacement=True)",
        jax="jax.random.categorical(key, jnp.log(jnp.zeros(3)), shape=(2,))",
        jaxgrad="random.multinomial(key, jnp.zeros(3), 2, replacement=True)",
        verdict_jax="error",
        why="jax.random returns category 0.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with integer weights",
        source="In [3]",
        torch="torch.multinomial(torch.tensor([10, 10, 13]), 2)",
        jax="w = jnp.array([10, 10, 13])\n"
        "jax.random.choice(key, 3, (2,), replace=False, p=w / w.sum())",
        jaxgrad="random.multinomial(key, jnp.array([10, 10, 13]), 2)",
        verdict_jax="error",
        why="PyTorch wants floating point.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial of no samples",
        source="prose before In [3]",
        torch="torch.multinomial(torch.ones(3), 0)",
        jax="jax.random.categorical(key, jnp.zeros(3), shape=(0,))",
        jaxgrad="random.multinomial(key, jnp.ones(3), 0)",
        verdict_jax="error",
        why="PyTorch refuses num_samples <= 0.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial on 3-D weights",
        source="prose before In [3]",
        torch="torch.multinomial(torch.ones(2, 2, 3), 1)",
        jax="jax.random.categorical(key, jnp.zeros((2, 2, 3)))",
        jaxgrad="random.multinomial(key, jnp.ones((2, 2, 3)), 1)",
        verdict_jax="error",
        why="PyTorch takes one row or rows; jax.random any batch shape.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial: one weight of 2^24 among a million of 1",
        torch="weights = torch.ones(1_000_001)\n"
        "weights[0] = 2.0**24\n"
        "(torch.multinomial(weights, 20000, replacement=True) > 0).int()",
        jax="weights = jnp.ones(1_000_001).at[0].set(2.0**24)\n"
        "p = weights / weights.sum()\n"
        "(jax.random.choice(key, 1_000_001, (20000,), p=p) > 0).astype(jnp.int32)",
        jaxgrad="weights = jnp.ones(1_000_001).at[0].set(2.0**24)\n"
        "(random.multinomial(key, weights, 20000, replacement=True) > 0).astype(jnp.int32)",
        law="[2**24, 1_000_000]",
        verdict_jax="law",
        verdict_jaxgrad="law",
        departs="right",
        why="The million have 5.6 % of the weight. PyTorch adds weights up one by one in float32, "
        "where 2^24 + 1 is 2^24, and never draws them; jaxgrad's sums are exact.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="multinomial with more than 2^24 categories",
        torch="torch.multinomial(torch.ones(2**24 + 1), 2, replacement=True).shape",
        jax="draw = lambda w: jax.random.categorical(key, jnp.log(w), shape=(2,))\n"
        "jax.eval_shape(draw, jax.ShapeDtypeStruct((2**24 + 1,), jnp.float32)).shape",
        jaxgrad="draw = lambda w: random.multinomial(key, w, 2, replacement=True)\n"
        "jax.eval_shape(draw, jax.ShapeDtypeStruct((2**24 + 1,), jnp.float32)).shape",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="np.empty(2).shape",
        why="PyTorch refuses, for float32 does not count further; jaxgrad counts in integers. In "
        "JAX a shape is enough to ask.",
        link=_DOCS + "multinomial.html",
    ),
    Case(
        family="sampling",
        name="the gradient of multinomial with respect to the weights",
        source="prose before In [3]",
        torch="w = torch.ones(3, requires_grad=True)\n"
        "torch.multinomial(w, 2).sum().backward()\n"
        "w.grad",
        jax="jax.grad(lambda w: jax.random.categorical(key, "
        "jnp.log(w)).astype(w.dtype))(jnp.ones(3))",
        jaxgrad="backward(lambda w: random.multinomial(key, w, "
        "2).sum().astype(w.dtype))(jnp.ones(3))[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="np.zeros(3)",
        why="Indices have no gradient in PyTorch; in JAX it is zero, a draw being constant in"
        " the weights wherever it does not jump.",
        link=_DOCS + "multinomial.html",
    ),
)
