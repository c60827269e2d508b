"""PyTorch's generator as a state: sequences of draws, its bytes and its seeds."""

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/"

CASES = (
    Case(
        family="replay",
        name="a mixed sequence",
        torch="torch.manual_seed(7)\n"
        "[torch.rand(20), torch.randn(15)[:2], torch.randperm(20), torch.randn(20)[:2]]",
        jax="key = jax.random.key(7)\n"
        "a, b, c, d = jax.random.split(key, 4)\n"
        "[jax.random.uniform(a, (20,)), jax.random.normal(b, (15,))[:2],\n"
        "    jax.random.permutation(c, 20), jax.random.normal(d, (20,))[:2]]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "a, state = replay.rand(state, 20)\n"
        "b, state = replay.randn(state, 15)\n"
        "c, state = replay.randperm(state, 20)\n"
        "d, state = replay.randn(state, 20)\n"
        "[a, b[:2], c, d[:2]]",
        verdict_jax="value",
        exact=True,
        why="In PyTorch each draw hangs on all before it; a state is handed on, keys are split.",
        link=_DOCS + "generated/torch.manual_seed.html",
    ),
    Case(
        family="replay",
        name="the bytes of the generator's state",
        torch="torch.manual_seed(7)\n"
        "torch.randn(3)\n"
        "bytes = torch.get_rng_state()\n"
        "[bytes[:40], int(np.dot(bytes.numpy().astype(np.int64), np.arange(5056)))]",
        jax="[jax.random.key_data(key)]",
        jaxgrad="state = replay.manual_seed(7)\n"
        "_, state = replay.randn(state, 3)\n"
        "bytes = replay.get_state(state)\n"
        "[bytes[:40], int(np.dot(bytes.astype(np.int64), np.arange(5056)))]",
        verdict_jax="structure",
        exact=True,
        why="5,056 bytes, of which the first forty and a sum weighted by place are held; a key has "
        "eight, and no position in a stream.",
        link=_DOCS + "generated/torch.Generator.html",
    ),
    Case(
        family="replay",
        name="a seed of 2^32 + 7 is one of 7",
        torch="torch.manual_seed(2**32 + 7)\ntorch.rand(20)",
        jax="jax.random.uniform(jax.random.key(2**32 + 7), (20,))",
        jaxgrad="replay.rand(replay.manual_seed(2**32 + 7), 20)[0]",
        verdict_jax="value",
        exact=True,
        why="Only the low 32 bits of a seed count in PyTorch, as in JAX without its 64-bit types.",
        link=_DOCS + "generated/torch.manual_seed.html",
    ),
    Case(
        family="replay",
        name="a negative seed",
        torch="torch.manual_seed(-1)\ntorch.rand(20)",
        jax="jax.random.uniform(jax.random.key(-1), (20,))",
        jaxgrad="replay.rand(replay.manual_seed(-1), 20)[0]",
        verdict_jax="value",
        exact=True,
        why="Counted modulo 2^64.",
        link=_DOCS + "generated/torch.manual_seed.html",
    ),
    Case(
        family="replay",
        name="a seed of 7.9",
        torch="torch.manual_seed(7.9)\ntorch.rand(20)",
        jax="jax.random.uniform(jax.random.key(7.9), (20,))",
        jaxgrad="replay.rand(replay.manual_seed(7.9), 20)[0]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch drops the fraction; JAX and jaxgrad refuse it.",
        link=_DOCS + "generated/torch.manual_seed.html",
    ),
)
