"""The machine of a measurement: the processor, its cores, the versions, what is missing."""

import importlib.util
import os
import platform
import shutil
from importlib import metadata
from typing import Any

import jaxgrad

LIBRARIES = ("jax", "jaxlib", "optax", "torch", "numpy")


def cores() -> int:
    """The cores that this process may use. PyTorch is set to this number; XLA finds it itself."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int | None:
    """Bytes of available memory, within the container's limit if it has one; None if unknown."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":", 1) for line in file)
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return None
    try:
        with open("/sys/fs/cgroup/memory.max") as file:
            return min(free, int(file.read()))
    except (OSError, ValueError):
        return free


def describe() -> dict[str, Any]:
    """The machine as JSON."""
    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "python": platform.python_version(),
        "versions": {
            "jaxgrad": jaxgrad.__version__,
            **{name: version(name) for name in LIBRARIES},
        },
    }


def processor() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def version(library: str) -> str | None:
    """The version of a library, without importing it; None if it is not installed."""
    try:
        return metadata.version(library) if installed(library) else None
    except metadata.PackageNotFoundError:
        return "source"


def installed(library: str) -> bool:
    """Whether a library can be imported."""
    return importlib.util.find_spec(library) is not None


def missing(competitor: str) -> str:
    """Why a competitor cannot run here; empty if it can."""
    if competitor.startswith("torch") and not installed("torch"):
        return "PyTorch is not installed"
    if competitor == "torch.compile" and not compiler():
        return "no C++ compiler"
    return ""


def compiler() -> str | None:
    """The C++ compiler that torch.compile needs, or None."""
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++", "cl"]
    return next((path for name in names if name and (path := shutil.which(name))), None)
