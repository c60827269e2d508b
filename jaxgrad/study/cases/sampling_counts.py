"""Poisson and binomial numbers."""

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."

CASES = (
    Case(
        family="sampling",
        name="poisson(3)",
        torch="torch.poisson(torch.full((20000,), 3.0)).clip(0, 9)",
        jax="jax.random.poisson(key, 3.0, (20000,)).astype(jnp.float32).clip(0, 9)",
        jaxgrad="random.poisson(key, jnp.full(20000, 3.0)).clip(0, 9)",
        law="np.diff(stats.poisson(3).cdf(np.arange(0, 9)), prepend=0, append=1)",
        why="Each number of events against its exact probability; the last one holds the rest.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson(9.99)",
        torch="torch.poisson(torch.full((20000,), 9.99)).clip(2, 20) - 2",
        jax="jax.random.poisson(key, 9.99, (20000,)).astype(jnp.float32).clip(2, 20) - 2",
        jaxgrad="random.poisson(key, jnp.full(20000, 9.99)).clip(2, 20) - 2",
        law="np.diff(stats.poisson(9.99).cdf(np.arange(2, 20)), prepend=0, append=1)",
        why="Below a rate of 10 each side adds up probabilities or multiplies uniform numbers; the "
        "outer categories hold the tails.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson(50)",
        torch="torch.poisson(torch.full((20000,), 50.0)).clip(30, 70) - 30",
        jax="jax.random.poisson(key, 50.0, (20000,)).astype(jnp.float32).clip(30, 70) - 30",
        jaxgrad="random.poisson(key, jnp.full(20000, 50.0)).clip(30, 70) - 30",
        law="np.diff(stats.poisson(50).cdf(np.arange(30, 70)), prepend=0, append=1)",
        why="Above a rate of 10 PyTorch and jax.random reject, jaxgrad inverts the distribution; "
        "the outer categories hold the tails.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson(1000)",
        torch="(torch.poisson(torch.full((20000,), 1000.0)).clip(900, 1099) - 900) // 8",
        jax="x = jax.random.poisson(key, 1000.0, (20000,)).astype(jnp.float32)\n"
        "(x.clip(900, 1099) - 900) // 8",
        jaxgrad="(random.poisson(key, jnp.full(20000, 1000.0)).clip(900, 1099) - 900) // 8",
        law="np.diff(stats.poisson(1000).cdf(np.arange(907, 1099, 8)), prepend=0, append=1)",
        why="In groups of eight.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="the dtype of poisson",
        torch="torch.poisson(torch.zeros(3))",
        jax="jax.random.poisson(key, jnp.zeros(3))",
        jaxgrad="random.poisson(key, jnp.zeros(3))",
        verdict_jax="dtype",
        why="PyTorch answers in the dtype of the rates, jax.random in integers. A rate of 0 gives "
        "0.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson with a key of another generator",
        torch="torch.poisson(torch.full((20000,), 3.0)).clip(0, 9)",
        jax='key = jax.random.key(0, impl="philox4x32")\n'
        "jax.random.poisson(key, 3.0, (20000,)).astype(jnp.float32).clip(0, 9)",
        jaxgrad='key = jax.random.key(0, impl="philox4x32")\n'
        "random.poisson(key, jnp.full(20000, 3.0)).clip(0, 9)",
        law="np.diff(stats.poisson(3).cdf(np.arange(0, 9)), prepend=0, append=1)",
        verdict_jax="error",
        why="jax.random.poisson takes its own threefry keys only.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.random.poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson with a negative rate",
        torch="torch.poisson(torch.tensor([1.0, 0.0, -1.0]))[1:]",
        jax="jax.random.poisson(key, jnp.array([1.0, 0.0, -1.0]))[1:]",
        jaxgrad="random.poisson(key, jnp.array([1.0, 0.0, -1.0]))[1:]",
        verdict_jax="error",
        why="A rate is at least 0; jax.random answers -1.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson with a NaN rate",
        torch="torch.poisson(torch.tensor([1.0, 0.0, float('nan')]))[1:]",
        jax="jax.random.poisson(key, jnp.array([1.0, 0.0, jnp.nan]))[1:]",
        jaxgrad="random.poisson(key, jnp.array([1.0, 0.0, jnp.nan]))[1:]",
        verdict_jax="error",
        why="NaN is no rate.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="poisson with an infinite rate",
        torch="torch.poisson(torch.tensor([1.0, 0.0, float('inf')]))[1:]",
        jax="jax.random.poisson(key, jnp.array([1.0, 0.0, jnp.inf]))[1:].astype(jnp.float32)",
        jaxgrad="random.poisson(key, jnp.array([1.0, 0.0, jnp.inf]))[1:]",
        verdict_jax="value",
        verdict_jaxgrad="error",
        why="PyTorch gives -9.2e18, the least of its 64-bit integers; jaxgrad refuses.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="the gradient of poisson with respect to the rate",
        torch="rate = torch.full((3,), 2.0, requires_grad=True)\n"
        "torch.poisson(rate).sum().backward()\n"
        "rate.grad",
        jax="jax.grad(lambda rate: jax.random.poisson(key, rate).astype(float).sum())(jnp.full(3, "
        "2.0))",
        jaxgrad="backward(lambda rate: random.poisson(key, rate).sum())(jnp.full(3, 2.0))[1]",
        why="Zero: a draw is a constant.",
        link=_DOCS + "poisson.html",
    ),
    Case(
        family="sampling",
        name="binomial(10, 0.3)",
        torch="torch.binomial(torch.full((20000,), 10.0), torch.full((20000,), 0.3))",
        jax="jax.random.binomial(key, 10.0, 0.3, (20000,))",
        jaxgrad="random.binomial(key, jnp.full(20000, 10.0), jnp.full(20000, 0.3))",
        law="stats.binom(10, 0.3).pmf(np.arange(11))",
        why="Each of the eleven numbers against its exact probability.",
        link=_DOCS + "binomial.html",
    ),
    Case(
        family="sampling",
        name="binomial(1000, 0.5)",
        torch="x = torch.binomial(torch.full((20000,), 1000.0), torch.full((20000,), 0.5))\n"
        "(x.clip(440, 559) - 440) // 5",
        jax="x = jax.random.binomial(key, 1000.0, 0.5, (20000,))\n(x.clip(440, 559) - 440) // 5",
        jaxgrad="x = random.binomial(key, jnp.full(20000, 1000.0), jnp.full(20000, 0.5))\n"
        "(x.clip(440, 559) - 440) // 5",
        law="np.diff(stats.binom(1000, 0.5).cdf(np.arange(444, 559, 5)), prepend=0, append=1)",
        why="In groups of five; the outer ones hold the tails.",
        link=_DOCS + "binomial.html",
    ),
    Case(
        family="sampling",
        name="binomial with p above 1",
        torch="torch.binomial(torch.tensor([10.0]), torch.tensor([1.5]))",
        jax="jax.random.binomial(key, jnp.array([10.0]), jnp.array([1.5]))",
        jaxgrad="random.binomial(key, jnp.array([10.0]), jnp.array([1.5]))",
        verdict_jax="value",
        verdict_jaxgrad="error",
        why="PyTorch takes it for 1 without a word, jax.random gives NaN, jaxgrad refuses.",
        link=_DOCS + "binomial.html",
    ),
    Case(
        family="sampling",
        name="binomial with a negative count",
        torch="torch.binomial(torch.tensor([-1.0]), torch.tensor([0.5]))",
        jax="jax.random.binomial(key, jnp.array([-1.0]), jnp.array([0.5]))",
        jaxgrad="random.binomial(key, jnp.array([-1.0]), jnp.array([0.5]))",
        verdict_jax="value",
        verdict_jaxgrad="error",
        why="PyTorch takes it for 0 without a word, jax.random gives NaN, jaxgrad refuses.",
        link=_DOCS + "binomial.html",
    ),
    Case(
        family="sampling",
        name="binomial with a count of 2.5",
        torch="torch.binomial(torch.tensor([2.5]), torch.tensor([1.0]))",
        jax="jax.random.binomial(key, jnp.array([2.5]), jnp.array([1.0]))",
        jaxgrad="random.binomial(key, jnp.array([2.5]), jnp.array([1.0]))",
        verdict_jax="value",
        verdict_jaxgrad="error",
        why="PyTorch drops the half, jax.random keeps it, jaxgrad refuses.",
        link=_DOCS + "binomial.html",
    ),
    Case(
        family="sampling",
        name="the gradient of binomial with respect to p",
        torch="p = torch.full((3,), 0.5, requires_grad=True)\n"
        "torch.binomial(torch.full((3,), 4.0), p).sum().backward()\n"
        "p.grad",
        jax="jax.grad(lambda p: jax.random.binomial(key, 4.0, p, (3,)).sum())(jnp.full(3, 0.5))",
        jaxgrad="backward(lambda p: random.binomial(key, 4.0, p).sum())(jnp.full(3, 0.5))[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        why="PyTorch has not implemented it; zero is right, a draw being a constant.",
        link=_DOCS + "binomial.html",
    ),
)
