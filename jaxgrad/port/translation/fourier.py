"""The table of operations: Fourier transforms."""

from .bound import Bound, Rule
from .promotion import floating

_ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_SEVERAL = ("fft", "ifft", "rfft", "irfft")


def _scaled(step: Bound, *, forward: bool) -> str:
    """The norm of a transform: PyTorch divides by nothing, the root of the size, or the size."""
    names = ("", "ortho", "forward") if forward else ("forward", "ortho", "")
    name = names[step["normalization"]]
    return f", norm='{name}'" if name else ""


def _complex(step: Bound) -> str:
    inverse = "" if step["forward"] else "i"
    return f"jnp.fft.{inverse}fftn(self, axes=dim{_scaled(step, forward=bool(step['forward']))})"


def _from_real(step: Bound) -> str:
    half = "r" if step["onesided"] else ""
    return f"jnp.fft.{half}fftn(self, axes=dim{_scaled(step, forward=True)})"


def _to_real(step: Bound) -> str:
    dims = [step.axis(dim) for dim in step["dim"]]
    sizes = ", ".join([*(f"self.shape[{dim}]" for dim in dims[:-1]), "last_dim_size"])
    return f"jnp.fft.irfftn(self, ({sizes},), dim{_scaled(step, forward=False)})"


def _of_two(function: str) -> Rule:
    """PyTorch takes any number of axes here too."""

    def rule(step: Bound) -> str:
        many = "2" if step["dim"] is None or len(step["dim"]) == 2 else "n"
        return f"jnp.fft.{function}{many}(self, s, dim, norm=norm)"

    return rule


FOURIER: dict[str, Rule] = {
    **{f"fft_{name}": floating(f"jnp.fft.{name}(self, n, dim, norm=norm)") for name in _ONE},
    **{f"fft_{name}2": floating(_of_two(name)) for name in _SEVERAL},
    **{f"fft_{name}n": floating(f"jnp.fft.{name}n(self, s, dim, norm=norm)") for name in _SEVERAL},
    "fft_fftshift": "jnp.fft.fftshift(self, dim)",
    "fft_ifftshift": "jnp.fft.ifftshift(self, dim)",
    "_fft_c2c": _complex,
    "_fft_r2c": floating(_from_real),
    "_fft_c2r": _to_real,
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""
