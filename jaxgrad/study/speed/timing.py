"""One measurement, in a process that holds one library: work as JSON on stdin -> times on stdout.

Run as a file by its path, so that PyTorch is timed in a process without JAX.
"""

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

SECONDS = 1.0
"""Warm calls are repeated for this long."""
BATCHES = 5
BATCH_SECONDS = 0.02
"""A small call is timed in batches, each of about this length."""


def main() -> None:
    """Times what stdin asks for: `{"library", "code", "cores"}`."""
    asked = json.load(sys.stdin)
    library: Any = importlib.import_module(asked["library"])
    start = _START.get(asked["library"], _nothing)
    device, name, synchronize, device_peak = start(library, asked["cores"])
    forget_peak()
    before = peak_memory()
    names: dict[str, Any] = {"device": device, "cores": asked["cores"]}
    exec(compile(asked["code"], "<work>", "exec"), names)
    forget_peak()  # memory that only the inputs needed for their making does not count
    work, calls = names["work"], {}
    if isinstance(work, dict):
        calls = {name: timed_call(call, names["forget"]) for name, call in work.items()}
        first, warm = (sum(times) for times in zip(*calls.values(), strict=True))
    else:
        first, warm = timed(work, synchronize)
    after = peak_memory()
    peak = device_peak()
    if peak is None and before is not None and after is not None:
        peak = max(0, after - before)
    report = {"first": first, "warm": warm, "peak": peak, "device": name, "calls": calls}
    print(json.dumps(report))


def timed(work: Callable[[], Any], synchronize: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the first call, and the median of the calls after the second."""

    def seconds() -> float:
        start = time.perf_counter()
        work()
        synchronize()
        return time.perf_counter() - start

    synchronize()
    first, _ = seconds(), seconds()
    times: list[float] = []
    total = 0.0
    while total < SECONDS:
        times.append(seconds())
        total += times[-1]
    return first, statistics.median(times)


def timed_call(call: Callable[[int], Any], forget: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the first call and of a warm one, the median over batches of calls."""

    def seconds(count: int) -> float:
        start = time.perf_counter()
        call(count)
        return (time.perf_counter() - start) / count

    forget()
    first, _ = seconds(1), seconds(1)
    count = max(1, int(BATCH_SECONDS / seconds(10)))
    return first, statistics.median(seconds(count) for _ in range(BATCHES))


def forget_peak() -> None:
    """Makes `peak_memory` count from now on, where Linux allows it."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def peak_memory() -> int | None:
    """The most bytes this process has held."""
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):
        return _resource_peak()


def _resource_peak() -> int | None:
    try:
        resource: Any = importlib.import_module("resource")
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _nothing(library: Any, cores: int) -> tuple[str, str, Callable[[], Any], Callable[[], Any]]:
    return "cpu", "cpu", lambda: None, lambda: None


def _torch(torch: Any, cores: int) -> tuple[str, str, Callable[[], Any], Callable[[], Any]]:
    """PyTorch's device for the code, its name, how to wait for it, and its peak memory."""
    torch.set_num_threads(cores)
    if not torch.cuda.is_available():
        return _nothing(torch, cores)
    torch.cuda.init()
    name = torch.cuda.get_device_name()
    return "cuda", name, torch.cuda.synchronize, torch.cuda.max_memory_allocated


def _jax(jax: Any, cores: int) -> tuple[str, str, Callable[[], Any], Callable[[], Any]]:
    """JAX's default device; its work waits for itself."""
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        return _nothing(jax, cores)
    # By default PyTorch multiplies float32 in full precision and JAX on a GPU does not.
    jax.config.update("jax_default_matmul_precision", "highest")

    def peak() -> int | None:
        return (device.memory_stats() or {}).get("peak_bytes_in_use")

    return device.platform, device.device_kind, lambda: None, peak


_START = {"torch": _torch, "jax": _jax}

if __name__ == "__main__":
    main()
