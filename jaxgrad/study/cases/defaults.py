"""Default arguments that differ."""

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."

CASES = (
    Case(
        family="defaults",
        name="var_mean default ddof",
        inputs={"x": f32([1.0, 2.0, 4.0])},
        torch="torch.var(x)",
        jax="jnp.var(x)",
        jaxgrad="T.var(x)",
        verdict_jax="value",
        grads=("x",),
        why="Bessel correction: torch default ddof=1, jnp default ddof=0.",
        link=_DOCS + "var.html",
    ),
    Case(
        family="defaults",
        name="std default ddof",
        inputs={"x": f32([1.0, 2.0, 4.0])},
        torch="torch.std(x)",
        jax="jnp.std(x)",
        jaxgrad="T.std(x)",
        verdict_jax="value",
        grads=("x",),
        why="torch default ddof=1, jnp default ddof=0.",
        link=_DOCS + "std.html",
    ),
    Case(
        family="defaults",
        name="cov default ddof",
        inputs={"x": f32([[1.0, 2.0, 4.0], [1.0, 0.0, 0.0]])},
        torch="torch.cov(x)",
        jax="jnp.cov(x)",
        grads=("x",),
        why="Both ddof=1.",
        link=_DOCS + "cov.html",
    ),
)
