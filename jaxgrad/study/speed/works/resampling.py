"""Images at another size and at the positions of a grid, forward and with the gradient."""

from .work import Work

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.randn({batch}, {channels}, {size}, {size}, device=device)
grid = torch.rand({batch}, {size}, {size}, 2, device=device) * 2 - 1
given = {given}
{decorator}
def fn(x, grid=None):
    return {expression}

ones = torch.ones_like(fn(*given))
{work}
work"""

_TORCH_WORK = {
    "forward": """
def work():
    with torch.no_grad():
        return fn(*given)
""",
    "forward and backward": """
for array in given:
    array.requires_grad_()

def work():
    value = fn(*given)
    return value, torch.autograd.grad(value, given, ones)
""",
}

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
keys = jax.random.split(jax.random.key(0))
x = jax.random.normal(keys[0], ({batch}, {channels}, {size}, {size}))
grid = jax.random.uniform(keys[1], ({batch}, {size}, {size}, 2), minval=-1.0)
given = {given}

def fn(x, grid=None):
    return {expression}

ones = jnp.ones_like(fn(*given))
{work}
def work():
    return jax.block_until_ready(measured(ones, *given))

work"""

_JAX_WORK = {
    "forward": """
@jax.jit
def measured(ones, *given):
    return fn(*given)
""",
    "forward and backward": """
@jax.jit
def measured(ones, *given):
    value, pull = jax.vjp(fn, *given)
    return value, pull(ones)
""",
}

_PLACES = "((grid[..., 1] + 1) * {size} - 1) / 2, ((grid[..., 0] + 1) * {size} - 1) / 2"
_SAMPLED = (
    "jax.vmap(lambda image, at: jax.vmap(lambda plane: jax.scipy.ndimage.map_coordinates("
    f"plane, at, order=1))(image))(x, jnp.stack([{_PLACES}], 1))"
)
_RESIZED = "jax.image.resize(x, (*x.shape[:2], 2 * {size}, 2 * {size}), {mode!r})"


def sides(
    torch: str, jax: str, given: str, kind: str, size: int, batch: int = 8, channels: int = 64
) -> dict[str, str]:
    """The code of each side: an expression over x, and over a grid where `given` has one."""
    made = {"given": given, "size": size, "batch": batch, "channels": channels}

    def of_torch(decorator: str) -> str:
        work = _TORCH_WORK[kind]
        return _TORCH.format(expression=torch, decorator=decorator, work=work, **made)

    def of_jax(expression: str) -> str:
        return _JAX.format(expression=expression, work=_JAX_WORK[kind], **made)

    return {
        "torch": of_torch(""),
        "torch.compile": of_torch("@torch.compile"),
        "jax": of_jax(jax.format(size=size)),
        "jaxgrad": of_jax(torch),
    }


def _resized(mode: str, kind: str) -> Work:
    torch = f'F.interpolate(x, scale_factor=2, mode="{mode}")'
    jax = _RESIZED.replace("{mode!r}", repr(mode))
    name = f"interpolate, {mode}, (8, 64, 56, 56) to twice the size, {kind}"
    code = sides(torch, jax, "(x,)", kind, 56)
    return Work(family="resampling", name=name, times="functional.interpolate", code=code)


def _sampled(kind: str) -> Work:
    torch = "F.grid_sample(x, grid, align_corners=False)"
    name = f"grid_sample, bilinear, (8, 64, 56, 56) at 56 x 56 positions, {kind}"
    code = sides(torch, _SAMPLED, "(x, grid)", kind, 56)
    return Work(family="resampling", name=name, times="functional.grid_sample", code=code)


WORKS = (
    *(_resized(mode, kind) for mode in ("bilinear", "nearest", "bicubic") for kind in _JAX_WORK),
    *(_sampled(kind) for kind in _JAX_WORK),
)
