"""Seeds, keys and streams: what is drawn again, what stays, what vmap and jit make of it."""

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_KEYS = "https://docs.jax.dev/en/latest/random-numbers.html"
_RANDOM = "https://docs.jax.dev/en/latest/jax.random.html"
_SEED = "https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html"
_VMAP = "https://docs.pytorch.org/docs/stable/generated/torch.vmap.html"

CASES = (
    Case(
        family="seeds",
        name="the same call twice",
        torch="torch.rand(()) == torch.rand(())",
        jax="jax.random.uniform(key) == jax.random.uniform(key)",
        remedy="""\
first, second = jax.random.split(key)
jax.random.uniform(first) == jax.random.uniform(second)""",
        verdict_jax="value",
        why=(
            "PyTorch has a hidden state that goes on; a key is a value and gives the same number "
            "again."
        ),
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="the same seed twice",
        torch="""\
torch.manual_seed(7)
first = torch.rand(3)
torch.manual_seed(7)
(first == torch.rand(3)).all()""",
        jax="""\
first = jax.random.uniform(jax.random.key(7), (3,))
(first == jax.random.uniform(jax.random.key(7), (3,))).all()""",
        why="The same numbers on either side.",
        link=_SEED,
    ),
    Case(
        family="seeds",
        name="the numbers of seed 0",
        torch="""\
torch.manual_seed(0)
torch.rand(3)""",
        jax="jax.random.uniform(jax.random.key(0), (3,))",
        jaxgrad="replay.rand(replay.manual_seed(0), 3)[0]",
        verdict_jax="value",
        why="A Mersenne twister against threefry: never the same, but PyTorch's can be replayed.",
        link=_SEED,
    ),
    Case(
        family="seeds",
        name="seed 0 and seed 2^32",
        torch="""\
torch.manual_seed(0)
first = torch.rand(3)
torch.manual_seed(2**32)
(first == torch.rand(3)).all()""",
        jax="""\
first = jax.random.uniform(jax.random.key(0), (3,))
(first == jax.random.uniform(jax.random.key(2**32), (3,))).all()""",
        why="Both keep the low 32 bits of the seed, JAX as long as it runs without 64-bit types.",
        link=_SEED,
    ),
    Case(
        family="seeds",
        name="seed 0 and seed 2^32, with 64-bit types",
        torch="""\
torch.manual_seed(0)
first = torch.rand(3)
torch.manual_seed(2**32)
(first == torch.rand(3)).all()""",
        jax="""\
first = jax.random.uniform(jax.random.key(0), (3,), jnp.float32)
(first == jax.random.uniform(jax.random.key(2**32), (3,), jnp.float32)).all()""",
        remedy="""\
first = jax.random.uniform(jax.random.key(0), (3,), jnp.float32)
(first == jax.random.uniform(jax.random.key(2**32 % 2**32), (3,), jnp.float32)).all()""",
        verdict_jax="value",
        x64=True,
        why="With 64-bit types all of a seed's bits count in JAX.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="seed -1 and seed 2^32 - 1",
        torch="""\
torch.manual_seed(-1)
first = torch.rand(3)
torch.manual_seed(2**32 - 1)
(first == torch.rand(3)).all()""",
        jax="""\
first = jax.random.uniform(jax.random.key(-1), (3,))
(first == jax.random.uniform(jax.random.key(2**32 - 1), (3,))).all()""",
        why="A negative seed is counted from 2^32 on both sides.",
        link=_SEED,
    ),
    Case(
        family="seeds",
        name="the first 3 of 5 normal numbers",
        torch="""\
torch.manual_seed(0)
first = torch.randn(5)[:3]
torch.manual_seed(0)
(first == torch.randn(3)).all()""",
        jax="(jax.random.normal(key, (5,))[:3] == jax.random.normal(key, (3,))).all()",
        why="The same on either side as long as there are fewer than 16.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="the first 10 of 20 normal numbers",
        torch="""\
torch.manual_seed(0)
first = torch.randn(20)[:10]
torch.manual_seed(0)
(first == torch.randn(10)).all()""",
        jax="(jax.random.normal(key, (20,))[:10] == jax.random.normal(key, (10,))).all()",
        jaxgrad="""\
state = replay.manual_seed(0)
(replay.randn(state, 20)[0][:10] == replay.randn(state, 10)[0]).all()""",
        verdict_jax="value",
        why="From 16 numbers on PyTorch draws them all in another way; JAX counts every element.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="numbers as (2, 3) and as (6,)",
        torch="""\
torch.manual_seed(0)
first = torch.rand(2, 3).flatten()
torch.manual_seed(0)
(first == torch.rand(6)).all()""",
        jax="""\
(jax.random.uniform(key, (2, 3)).ravel() == jax.random.uniform(key, (6,))).all()""",
        why="Both fill row by row.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="six numbers at once and one by one",
        torch="""\
torch.manual_seed(0)
first = torch.rand(6)
torch.manual_seed(0)
(first == torch.stack([torch.rand(()) for _ in range(6)])).all()""",
        jax="""\
one_by_one = jnp.stack([jax.random.uniform(k) for k in jax.random.split(key, 6)])
(jax.random.uniform(key, (6,)) == one_by_one).all()""",
        jaxgrad="""\
state, numbers = replay.manual_seed(0), []
for _ in range(6):
    number, state = replay.rand(state, ())
    numbers.append(number)
(replay.rand(replay.manual_seed(0), 6)[0] == jnp.stack(numbers)).all()""",
        verdict_jax="value",
        why=(
            "PyTorch's stream is one after the other; keys that were split are streams of their "
            "own."
        ),
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="the numbers in float32 and in float64",
        torch="""\
torch.manual_seed(0)
first = torch.rand(3)
torch.manual_seed(0)
torch.allclose(first.double(), torch.rand(3, dtype=torch.float64))""",
        jax="""\
first = jax.random.uniform(key, (3,), jnp.float32)
bool(jnp.allclose(first, jax.random.uniform(key, (3,), jnp.float64)))""",
        x64=True,
        why="Neither has the same numbers in two dtypes.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="a random number under vmap",
        torch="torch.vmap(lambda x: x + torch.rand(()))(torch.zeros(3))",
        jax="jax.vmap(lambda x: x + jax.random.uniform(key))(jnp.zeros(3))",
        remedy="""\
def sample(x, key=None):
    if key is None:
        raise ValueError("a key for each of the batch, or one for all?")
    return x + jax.random.uniform(key)

jax.vmap(sample)(jnp.zeros(3))""",
        verdict_jax="error",
        why=(
            "PyTorch asks whether the numbers are to be the same or different; a key that is "
            "closed over is the same for all."
        ),
        link=_VMAP,
    ),
    Case(
        family="seeds",
        name="a random number under vmap, different for each",
        torch="""\
x = torch.vmap(lambda x: x + torch.rand(()), randomness="different")(torch.zeros(3))
x.unique().numel()""",
        jax="""\
x = jax.vmap(lambda x: x + jax.random.uniform(key))(jnp.zeros(3))
jnp.unique(x).size""",
        remedy="""\
def sample(x, key):
    return x + jax.random.uniform(key)

x = jax.vmap(sample)(jnp.zeros(3), jax.random.split(key, 3))
jnp.unique(x).size""",
        verdict_jax="value",
        why="A key for each, handed in as another argument of vmap.",
        link=_VMAP,
    ),
    Case(
        family="seeds",
        name="a random number under vmap, the same for all",
        torch="""\
x = torch.vmap(lambda x: x + torch.rand(()), randomness="same")(torch.zeros(3))
x.unique().numel()""",
        jax="""\
x = jax.vmap(lambda x: x + jax.random.uniform(key))(jnp.zeros(3))
jnp.unique(x).size""",
        why="One key that is closed over gives one number.",
        link=_VMAP,
    ),
    Case(
        family="seeds",
        name="vmap over keys and a loop over keys",
        torch="""\
generators = [torch.Generator().manual_seed(i) for i in range(4)]
first = torch.stack([torch.rand((), generator=g) for g in generators])
again = [torch.rand((), generator=torch.Generator().manual_seed(i)) for i in range(4)]
(first == torch.stack(again)).all()""",
        jax="""\
keys = jax.random.split(key, 4)
loop = jnp.stack([jax.random.uniform(k) for k in keys])
(jax.vmap(jax.random.uniform)(keys) == loop).all()""",
        why="A generator's numbers depend on its seed alone; so do a key's, batched or not.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="vmap over keys of rbg and a loop over them",
        torch="""\
generators = [torch.Generator().manual_seed(i) for i in range(4)]
first = torch.stack([torch.rand((), generator=g) for g in generators])
again = [torch.rand((), generator=torch.Generator().manual_seed(i)) for i in range(4)]
(first == torch.stack(again)).all()""",
        jax="""\
keys = jax.random.split(jax.random.key(0, impl="rbg"), 4)
loop = jnp.stack([jax.random.uniform(k) for k in keys])
(jax.vmap(jax.random.uniform)(keys) == loop).all()""",
        remedy="""\
keys = jax.random.split(jax.random.key(0, impl="threefry2x32"), 4)
loop = jnp.stack([jax.random.uniform(k) for k in keys])
(jax.vmap(jax.random.uniform)(keys) == loop).all()""",
        verdict_jax="value",
        why=(
            "The generator rbg, which is fast on TPUs, takes the first key for a whole batch, as "
            "JAX documents."
        ),
        link=_RANDOM,
    ),
    Case(
        family="seeds",
        name="a random number of a compiled function, called twice",
        torch="""\
def fn():
    return torch.rand(())

fn() == fn()""",
        jax="""\
fn = jax.jit(lambda: jax.random.uniform(key))
fn() == fn()""",
        remedy="""\
fn = jax.jit(lambda key: jax.random.uniform(key))
fn(jax.random.fold_in(key, 0)) == fn(jax.random.fold_in(key, 1))""",
        verdict_jax="value",
        why=(
            "A key that is closed over is a constant of the compiled function; it has to be an "
            "argument."
        ),
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="NumPy's random number within a compiled function, called twice",
        torch="torch.rand(()) == torch.rand(())",
        jax="""\
rng = np.random.default_rng(0)
fn = jax.jit(lambda: jnp.float32(rng.random()))
fn() == fn()""",
        remedy="""\
fn = jax.jit(jax.random.uniform)
first, second = jax.random.split(key)
fn(first) == fn(second)""",
        verdict_jax="value",
        why="NumPy draws once, while the function is traced, and the number is compiled in.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="dropout's mask at each step of a scan",
        torch="""\
masks = [F.dropout(torch.ones(20), 0.5) for _ in range(3)]
bool((masks[0] == masks[1]).all())""",
        jax="""\
def step(key, _):
    return key, jax.random.bernoulli(key, 0.5, (20,))

masks = jax.lax.scan(step, key, length=3)[1]
bool((masks[0] == masks[1]).all())""",
        remedy="""\
def step(key, _):
    key, used = jax.random.split(key)
    return key, jax.random.bernoulli(used, 0.5, (20,))

masks = jax.lax.scan(step, key, length=3)[1]
bool((masks[0] == masks[1]).all())""",
        verdict_jax="value",
        why="What is carried through the scan must be a new key at each step.",
        link=_KEYS,
    ),
    Case(
        family="seeds",
        name="using a key after it was split",
        torch="""\
parent = torch.rand(4)
child = torch.rand(4)
bool((parent == child).any())""",
        jax="""\
parent = jax.random.uniform(key, (4,))
child = jax.random.uniform(jax.random.split(key, 4)[0], (4,))
bool((parent == child).any())""",
        why=(
            "The numbers differ here, but JAX promises nothing for a key that is used after it "
            "was split: jax_debug_key_reuse raises."
        ),
        link="https://docs.jax.dev/en/latest/jax.experimental.key_reuse.html",
    ),
    Case(
        family="seeds",
        name="an operation in between",
        torch="""\
torch.manual_seed(0)
first = torch.rand(3)
torch.manual_seed(0)
torch.nn.Linear(2, 2)
bool((first == torch.rand(3)).any())""",
        jax="""\
first = jax.random.uniform(key, (3,))
nnx.Linear(2, 2, rngs=nnx.Rngs(0))
bool((first == jax.random.uniform(key, (3,))).any())""",
        jaxgrad="""\
state = replay.manual_seed(0)
first, _ = replay.rand(state, 3)
_, state = replay.rand(state, 6)
bool((first == replay.rand(state, 3)[0]).any())""",
        verdict_jax="value",
        why=(
            "A layer more draws from the same stream, and all that follows is another run; keys "
            "know nothing of each other."
        ),
        link=_SEED,
    ),
    Case(
        family="seeds",
        name="a generator of its own",
        torch="""\
torch.manual_seed(0)
first = torch.rand(3)
torch.manual_seed(0)
torch.rand(5, generator=torch.Generator().manual_seed(1))
(first == torch.rand(3)).all()""",
        jax="""\
first = jax.random.uniform(key, (3,))
jax.random.uniform(jax.random.key(1), (5,))
(first == jax.random.uniform(key, (3,))).all()""",
        why="A generator of one's own leaves the hidden one alone, as another key does.",
        link=_DOCS + "torch.Generator.html",
    ),
)
