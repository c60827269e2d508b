"""What one call costs: small functions on 8 elements, eagerly and compiled, one beside another.

A line names a call, its arguments among those that `_INPUTS` makes, the nearest function of JAX's
or optax's, and jaxgrad's.
"""

from .work import Work, in_full

_INPUTS = """\
import jax, jax.numpy as jnp, optax
from jax import nn
from jax.nn import initializers
from jaxgrad import init, random
import jaxgrad.functional as F
import jaxgrad.tensor as T
k = jax.random.key(0)
x, y = jnp.linspace(-2.0, 2.0, 8), jnp.linspace(-1.0, 3.0, 8)
p, q, n, s = jnp.linspace(0.1, 0.9, 8), jnp.linspace(0.2, 0.8, 8), jnp.full(8, 5.0), jnp.sign(x)
m, t, w = jnp.linspace(-1.0, 1.0, 8).reshape(2, 4), jnp.array([1, 3]), jnp.array([0.25])
m2, r = m + 0.5, jnp.full((2, 4), 0.25)
forget = jax.clear_caches
"""

_CALLED = """
def times(fn, *arguments):
    fn = {way}(fn)

    def called(count):
        for _ in range(count):
            result = fn(*arguments)
        return jax.block_until_ready(result)

    return called

work = {{
{calls}
}}

work"""

_SAMPLERS = (
    ("rand", "k", "jax.random.uniform(k, (8,))", "random.rand(k, 8)"),
    (
        "uniform",
        "k",
        "jax.random.uniform(k, (8,), minval=-1.0, maxval=1.0)",
        "random.uniform(k, 8, -1.0, 1.0)",
    ),
    ("randn", "k", "jax.random.normal(k, (8,))", "random.randn(k, 8)"),
    ("normal", "k", "jax.random.normal(k, (8,))", "random.normal(k, 0.0, 1.0, 8)"),
    ("normal, arrays", "k, x, p", "x + p * jax.random.normal(k, (8,))", "random.normal(k, x, p)"),
    ("log_normal", "k", "jax.random.lognormal(k, 2.0, (8,))", "random.log_normal(k, 8)"),
    ("bernoulli", "k", "jax.random.bernoulli(k, 0.5, (8,))", "random.bernoulli(k, 0.5, 8)"),
    ("bernoulli, arrays", "k, p", "jax.random.bernoulli(k, p)", "random.bernoulli(k, p)"),
    ("exponential", "k", "jax.random.exponential(k, (8,))", "random.exponential(k, 8)"),
    ("cauchy", "k", "jax.random.cauchy(k, (8,))", "random.cauchy(k, 8)"),
    ("geometric", "k", "jax.random.geometric(k, 0.3, (8,))", "random.geometric(k, 8, 0.3)"),
    ("randint", "k", "jax.random.randint(k, (8,), 0, 10)", "random.randint(k, 10, shape=8)"),
    ("randperm", "k", "jax.random.permutation(k, 8)", "random.randperm(k, 8)"),
    ("poisson", "k, q", "jax.random.poisson(k, q)", "random.poisson(k, q)"),
    ("binomial", "k, n, p", "jax.random.binomial(k, n, p)", "random.binomial(k, n, p)"),
    (
        "multinomial",
        "k, p",
        "jax.random.choice(k, 8, (3,), False, p)",
        "random.multinomial(k, p, 3)",
    ),
    (
        "multinomial, replacement",
        "k, p",
        "jax.random.categorical(k, jnp.log(p), shape=(3,))",
        "random.multinomial(k, p, 3, True)",
    ),
)

_PLAIN_LINEAR = (
    "(lambda a, b: {'weight': initializers.variance_scaling(1 / 3, 'fan_in', 'uniform', 1, 0)"
    "(a, (2, 4)), 'bias': jax.random.uniform(b, (2,), minval=-0.5, maxval=0.5)})"
    "(*jax.random.split(k))"
)
_INITIALIZERS = (
    ("init.uniform", "k", "jax.random.uniform(k, (2, 4))", "init.uniform(k, (2, 4))"),
    ("init.normal", "k", "jax.random.normal(k, (2, 4))", "init.normal(k, (2, 4))"),
    *(
        (f"init.{ours}", "k", f"initializers.{plain}(k, (2, 4))", f"init.{ours}(k, (2, 4))")
        for ours, plain in {
            "trunc_normal": "truncated_normal(1.0)",
            "xavier_uniform": "glorot_uniform(1, 0)",
            "xavier_normal": "glorot_normal(1, 0)",
            "kaiming_uniform": "he_uniform(1, 0)",
            "kaiming_normal": "he_normal(1, 0)",
            "orthogonal": "orthogonal()",
        }.items()
    ),
    ("init.linear", "k", _PLAIN_LINEAR, "init.linear(k, 4, 2)"),
    ("init.embedding", "k", "jax.random.normal(k, (4, 2))", "init.embedding(k, 4, 2)"),
)

_ACTIVATIONS = (
    *(
        (ours, "x", f"{plain}(x)", f"F.{ours}(x)")
        for ours, plain in {
            **{name: f"nn.{name}" for name in ("relu", "leaky_relu", "elu", "celu", "selu")},
            **{name: f"nn.{name}" for name in ("silu", "mish", "softplus", "sigmoid", "relu6")},
            **{"glu": "nn.glu", "tanh": "jnp.tanh", "hardtanh": "nn.hard_tanh"},
            **{"hardsigmoid": "nn.hard_sigmoid", "hardswish": "nn.hard_swish"},
            **{"logsigmoid": "nn.log_sigmoid", "softsign": "nn.soft_sign"},
        }.items()
    ),
    ("gelu", "x", "nn.gelu(x, approximate=False)", "F.gelu(x)"),
    ("softmax", "m", "nn.softmax(m)", "F.softmax(m, -1)"),
    ("log_softmax", "m", "nn.log_softmax(m)", "F.log_softmax(m, -1)"),
    ("prelu", "x, w", "nn.leaky_relu(x, w)", "F.prelu(x, w)"),
    (
        "dropout",
        "k, x",
        "jnp.where(jax.random.bernoulli(k, 0.5, x.shape), x / 0.5, 0.0)",
        "F.dropout(k, x)",
    ),
    ("gumbel_softmax", "k, m", "nn.softmax(m + jax.random.gumbel(k, m.shape))", ""),
    ("normalize", "m", "m / jnp.linalg.norm(m, axis=1, keepdims=True)", ""),
    ("clamp", "x", "jnp.clip(x, -1.0, 1.0)", "T.clamp(x, -1.0, 1.0)"),
    ("abs", "x", "jnp.abs(x)", "T.abs(x)"),
    ("maximum", "x, y", "jnp.maximum(x, y)", "T.maximum(x, y)"),
    ("atan2", "x, y", "jnp.arctan2(x, y)", "T.atan2(x, y)"),
    ("pow", "p, y", "jnp.power(p, y)", "T.pow(p, y)"),
    ("remainder", "x, p", "jnp.remainder(x, p)", "T.remainder(x, p)"),
    ("amax", "m", "jnp.max(m, 1)", "T.amax(m, 1)"),
    ("norm", "m", "jnp.linalg.norm(m)", "T.norm(m)"),
    ("sort", "x", "(jnp.sort(x), jnp.argsort(x))", "T.sort(x)"),
    ("quantile", "x", "jnp.quantile(x, 0.5)", "T.quantile(x, 0.5)"),
    ("logaddexp", "x, y", "jnp.logaddexp(x, y)", "T.logaddexp(x, y)"),
    ("std", "x", "jnp.std(x, ddof=1)", "T.std(x)"),
)

_LOSSES = (
    ("mse_loss", "x, y", "optax.squared_error(x, y).mean()", ""),
    ("l1_loss", "x, y", "jnp.abs(x - y).mean()", ""),
    ("huber_loss", "x, y", "optax.huber_loss(x, y).mean()", ""),
    ("smooth_l1_loss", "x, y", "optax.huber_loss(x, y).mean()", ""),
    (
        "cross_entropy",
        "m, t",
        "optax.softmax_cross_entropy_with_integer_labels(m, t).mean()",
        "",
    ),
    ("nll_loss", "m, t", "-jnp.take_along_axis(m, t[:, None], 1).mean()", ""),
    (
        "binary_cross_entropy_with_logits",
        "x, p",
        "optax.sigmoid_binary_cross_entropy(x, p).mean()",
        "",
    ),
    (
        "binary_cross_entropy",
        "q, p",
        "-(p * jnp.log(q) + (1 - p) * jnp.log1p(-q)).mean()",
        "",
    ),
    ("kl_div", "m, r", "optax.kl_divergence(m, r).mean()", "F.kl_div(m, r, 'batchmean')"),
    ("cosine_similarity", "m, m2", "optax.cosine_similarity(m, m2)", ""),
    ("pairwise_distance", "m, m2", "jnp.linalg.norm(m - m2 + 1e-6, axis=-1)", ""),
    ("gaussian_nll_loss", "x, y, p", "(0.5 * (jnp.log(p) + (x - y) ** 2 / p)).mean()", ""),
    ("poisson_nll_loss", "x, p", "(jnp.exp(x) - p * x).mean()", ""),
    ("soft_margin_loss", "x, s", "jnp.log1p(jnp.exp(-x * s)).mean()", ""),
)

_STEP = """
def step_of(loss, leaves, optimizer, *arguments):
    params = [jnp.full(4, 0.01 * i) for i in range(leaves)]

    @jax.jit
    def step(params, state, arguments):
        value, grads = jax.value_and_grad(lambda params: loss(sum(params), *arguments))(params)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state, value

    return times(step, params, optimizer.init(params), arguments)
"""

_STEPS = (
    (
        "cross_entropy",
        "m, t",
        "optax.softmax_cross_entropy_with_integer_labels(m + o, t).mean()",
        "F.cross_entropy(m + o, t)",
    ),
    (
        "nll_loss",
        "m, t",
        "-jnp.take_along_axis(m + o, t[:, None], 1).mean()",
        "F.nll_loss(m + o, t)",
    ),
    (
        "binary_cross_entropy",
        "m, r",
        "(lambda i: -(r * jnp.log(i) + (1 - r) * jnp.log1p(-i)).mean())(nn.sigmoid(m + o))",
        "F.binary_cross_entropy(F.sigmoid(m + o), r)",
    ),
    (
        "dropout",
        "m, k",
        "jnp.where(jax.random.bernoulli(k, 0.5, m.shape), (m + o) / 0.5, 0.0).mean()",
        "F.dropout(k, m + o).mean()",
    ),
    ("mse_loss", "m, r", "optax.squared_error(m + o, r).mean()", "F.mse_loss(m + o, r)"),
)
Line = tuple[str, str, str, str]


def _work(family: str, lines: tuple[Line, ...], way: str) -> Work:
    """A family's calls, each in one process a side; jaxgrad's name is `F`'s where none is given."""

    def code(side: int) -> str:
        calls = [
            f"    {name!r}: times(lambda {arguments}: {(plain, ours)[side]}, {arguments}),"
            for name, arguments, plain, ours in lines
        ]
        return _INPUTS + _CALLED.format(way=way, calls="\n".join(calls))

    lines = tuple((n, a, plain, ours or f"F.{n}({a})") for n, a, plain, ours in lines)
    names = dict.fromkeys(ours.split("(")[0] for *_, ours in lines)
    return Work(
        family=f"one call of {family}",
        name="compiled" if way == "jax.jit" else "eager",
        times=", ".join(map(in_full, names)),
        code={"jax": code(0), "jaxgrad": code(1)},
        calls=tuple(name for name, *_ in lines),
    )


def steps(numbers: tuple[int, ...]) -> Work:
    """A compiled step of Adam with each loss and number of leaves."""
    named = [
        (f"{name}, {leaves} leaves", arguments, leaves, both)
        for name, arguments, *both in _STEPS
        for leaves in numbers
    ]

    def code(side: int, optimizer: str) -> str:
        calls = [
            f"    {name!r}: step_of(lambda o, {arguments}: {both[side]}, "
            f"{leaves}, {optimizer}, {arguments}),"
            for name, arguments, leaves, both in named
        ]
        before, after = _CALLED.format(way="", calls="\n".join(calls)).split("\nwork =")
        optimizers = "from jaxgrad import optim\n"
        return _INPUTS + optimizers + before + _STEP + "\nwork =" + after

    return Work(
        family="one step of training",
        name="loss, gradient and Adam, compiled",
        times="optim.adam, " + ", ".join(f"functional.{name}" for name, *_ in _STEPS),
        code={"jax": code(0, "optax.adam(1e-3)"), "jaxgrad": code(1, "optim.adam(1e-3)")},
        calls=tuple(name for name, *_ in named),
    )


WORKS = (
    steps((2, 10, 50, 200, 1000)),
    *(
        _work(family, lines, way)
        for family, lines in {
            "a sampler": _SAMPLERS,
            "an initialiser": _INITIALIZERS,
            "an activation or a tensor function": _ACTIVATIONS,
            "a loss": _LOSSES,
        }.items()
        for way in ("jax.jit", "")
    ),
)
