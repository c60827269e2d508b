"""The modules of each extra in pyproject.toml, and the errors where one is missing."""

import importlib
import importlib.util
from collections.abc import Iterable
from typing import Any

EXTRAS = {
    "study": (
        *("equinox", "fastjsonschema", "flax", "jinja2", "markdown_it", "markupsafe"),
        *("matplotlib", "ml_dtypes", "pebble", "pygments", "rich", "scipy"),
    ),
    "data": ("matplotlib", "pyarrow", "rich", "safetensors", "scipy"),
    "checkpoint": ("orbax.checkpoint",),
    "torch": ("torch",),
}
"""The modules that each extra installs."""


def installed(module: str) -> bool:
    """Whether a module can be found; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it is in is missing
        return False


def lacking(**wanted: Iterable[str]) -> str:
    """The missing modules among those wanted, and the remedy; "" if none is missing.

    Args:
        wanted: the modules, by the extra that installs them.
    """
    missing = {
        extra: [module for module in modules if not installed(module)]
        for extra, modules in wanted.items()
    }
    names = dict.fromkeys(_package(name) for found in missing.values() for name in found)
    extras = [extra for extra, found in missing.items() if found]
    return f"needs {', '.join(names)}; {_remedy(*extras)}" if extras else ""


def load(caller: str, module: str, extra: str) -> Any:
    """A module that an extra installs.

    Raises:
        ModuleNotFoundError: it is not installed; the text names the caller and the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        text = f"{caller} needs {_package(module)}; {_remedy(extra)}"
        raise ModuleNotFoundError(text, name=error.name) from error


def _package(module: str) -> str:
    return module.partition(".")[0]


def _remedy(*extras: str) -> str:
    return f"run: pip install 'jaxgrad[{','.join(extras)}]'"
