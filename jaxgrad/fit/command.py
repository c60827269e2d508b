"""What `jaxgrad fit` does: a line through the columns of files, and the exact one beside it."""

import argparse
import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec, Sharding

from jaxgrad import data, functional, optim, random, schedules
from jaxgrad.data.moments import about_zero, spread

from . import _arrival, _json, _report
from ._plan import Plan, planned
from ._table import opened, told
from ._written import picture, written
from .epochs import EpochFit, fit_epochs
from .linear_model import linear
from .lines import Line, described, least_squares_of

_IN_MEMORY = 2**28
"""Bytes up to which a table is kept on the devices, and its epochs are one compiled scan."""


class Failed(Exception):
    """The fit cannot be made; the text says why and what to do."""


class Rows(NamedTuple):
    """Numbers to go from the units of the fit to those of the data: x = centre + scale x'."""

    centre: np.ndarray
    scale: np.ndarray


def run(options: argparse.Namespace, ready: Callable[[], None]) -> int:
    """Runs the command; 0 where there is a line. `ready` refuses outputs before the work."""
    if options.distributed:
        jax.distributed.initialize()
    if jax.process_index() == 0:
        ready()
    try:
        if options.plot:
            picture("--plot", options.plot)
        return _run(options)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        raise Failed(str(error)) from error


def _run(options: argparse.Namespace) -> int:
    table, watched, apart, other, name = opened(options, options.files), None, None, None, ""
    moments = _of_all_processes(table.moments)
    if (share := _share(options.validation)) is not None:
        apart, name = _apart(table, share, options.seed), f"a share of {share:g}"
        rows = np.column_stack(_whole(table, None, "float64"))
        moments, other = (data.moments(rows[chosen]) for chosen in apart)
    elif options.validation:
        watched, name = opened(options, options.validation, table), ", ".join(options.validation)
        other = _of_all_processes(watched.moments)
    data.check(table, moments)
    exact = least_squares_of(moments, intercept=options.intercept, names=table.features)
    plan = planned(options, moments, jax.process_count() == 1 and _in_memory(table))
    standard = _standard(options, moments)
    fitted = _fit(options, plan, table, watched, standard, apart)
    line = _line(fitted, _units(standard, len(moments.mean)), moments, options.intercept)
    dropped = int(_gathered(np.array(table.dropped)).sum())
    there = (name, _described(options, other, *line[:2])) if other else None
    names = [*table.features, "(intercept)"]
    if jax.process_index() == 0:
        contents = {
            options.json: lambda: _json.made(
                names[:-1], moments.count, line, exact, options.intercept
            ),
            options.save: lambda: _report.saved(table, line),
            options.save_exact: lambda: _report.saved(table, exact, "float64"),
            options.plot: lambda: _report.plotted(options.plot, table, fitted, line, exact),
        }
        done, failed = written({path: made for path, made in contents.items() if path})
        for words in told(table):
            print(words)
        _report.tell(options, plan, table, (moments.count, dropped), fitted, line, exact, there)
        if said := _arrival.missed(options, plan, moments, names, fitted, (line, exact)):
            print(f"\n{said}")
        for path in done:
            print(f"Written: {path}")
        if failed:
            raise OSError("; ".join(failed))
    return 0


def _share(validation: list[str] | None) -> float | None:
    """The share of the rows that is to be set apart; None where files are named."""
    try:
        (text,) = validation or []
        share = float(text)
    except ValueError:
        return None
    if Path(text).exists():
        return None
    if not 0 < share < 1:
        raise ValueError(f"--validation must be a file or a share above 0 and below 1, got {text}")
    return share


def _apart(table: Any, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rows to fit, and which are set apart."""
    if jax.process_count() > 1 or not _in_memory(table):
        raise ValueError(
            "--validation must be a file where rows are too many for memory or shared among "
            f"processes, got a share of {table.rows} rows"
        )
    kept = table.rows - round(share * table.rows)
    if not 0 < kept < table.rows:
        got = f"{share:g} of {table.rows} rows"
        raise ValueError(f"--validation must leave rows on both sides, got {got}")
    order = random.randperm(jax.random.fold_in(random.key(seed), 1), table.rows)
    return np.asarray(order[:kept]), np.asarray(order[kept:])


def _in_memory(table: Any) -> bool:
    return table.rows * (len(table.features) + 1) * 4 <= _IN_MEMORY


def _of_all_processes(moments: data.Moments) -> data.Moments:
    """The moments of all parts of a table, of which each process has its own."""
    if jax.process_count() == 1:
        return moments
    numbers = np.concatenate([np.ravel(np.asarray(part, float)) for part in moments])
    sizes = np.cumsum([np.size(part) for part in moments])[:-1]
    parts = []
    for row in _gathered(numbers.view(np.uint8)):  # bytes: JAX may have no float64
        pieces = np.split(row.view(float), sizes)
        shaped = [p.reshape(np.shape(m)) for p, m in zip(pieces, moments, strict=True)]
        parts.append(data.Moments(int(shaped[0]), *shaped[1:]))
    return data.merge(*parts)


def _gathered(array: np.ndarray) -> np.ndarray:
    """An array of each process, stacked."""
    if jax.process_count() == 1:
        return array[None]
    gather = importlib.import_module("jax.experimental.multihost_utils").process_allgather
    return np.asarray(gather(array))


def _standard(options: argparse.Namespace, moments: data.Moments) -> data.Moments | None:
    """The moments that standardize the columns; without an intercept their mean stays."""
    if not options.standardize:
        return None
    if options.intercept:
        return moments
    zero = np.zeros_like(moments.mean)
    return moments._replace(shift=zero, offset=zero, factor=about_zero(moments))


def _units(standard: data.Moments | None, columns: int) -> Rows:
    """The units that the fit works in."""
    if standard is None:
        return Rows(np.zeros(columns), np.ones(columns))
    scale = spread(standard)
    return Rows(standard.mean, np.where(scale > 0, scale, 1.0))


def _described(options: argparse.Namespace, moments: Any, weight: Any, bias: float) -> Line:
    return described(moments, weight, bias, intercept=options.intercept)


def _fit(
    options: argparse.Namespace, plan: Plan, table: Any, watched: Any, standard: Any, apart: Any
) -> EpochFit:
    processes, key = jax.process_count(), random.key(options.seed)
    size = options.batch_size
    if size is None:
        rows = int(_gathered(np.array(table.rows)).sum()) if apart is None else len(apart[0])
        size = min(max(32, rows // 10), 1024)
    if size < processes:
        raise ValueError(f"--batch-size must be at least {processes}, got {size}")
    source: Any = _source(table, size // processes, key, standard)
    wanted: dict[str, Any] = {}
    if plan.schedule == "cosine":
        rows = len(apart[0]) if apart else table.rows
        batches = 1 if plan.whole else source.limit or -(-rows // source.batch_size)
        rate: Any = schedules.cosine_annealing_lr(plan.lr, plan.epochs * batches)
    else:
        rate = plan.lr
    momentum = {"momentum": plan.momentum, "nesterov": True} if plan.momentum else {}
    if processes == 1 and _in_memory(table):
        wanted = {} if plan.whole else {"batch_size": source.batch_size, "key": key}
        source = _whole(table, standard)
    if apart is not None:
        x, y = source
        source, wanted["validation"] = ((x[chosen], y[chosen]) for chosen in apart)
    if watched is not None:
        wanted["validation"] = _source(watched, size, None, standard)
    return fit_epochs(
        *(
            _loss(options.loss, options.intercept),
            _start(len(table.features), options.intercept),
            getattr(optim, plan.optimizer)(rate, **momentum),
        ),
        *(source,),
        epochs=plan.epochs,
        patience=options.patience,
        sharding=_sharding(),
        checkpoint=_folder(options, plan),
        progress=sys.stderr.isatty(),
        **wanted,
    )


def _source(table: Any, size: int, key: Any, standard: Any) -> data.TableSource:
    """The batches of a table, of which every process has as many, of as many rows."""
    least = int(_gathered(np.array(table.rows)).min())
    size = max(1, min(size, least))
    limit = least // size if jax.process_count() > 1 else None
    return data.source(table, size, key=key, standardize=standard, limit=limit)


def _folder(options: argparse.Namespace, plan: Plan) -> Path | None:
    """Where checkpoints of this loss and this descent are kept: no other is taken up for them."""
    if options.checkpoint is None:
        return None
    parts = [options.loss, plan.optimizer, f"{plan.lr:g}", plan.schedule]
    parts += [str(plan.epochs)] if plan.schedule == "cosine" else []
    parts += [f"{plan.momentum:g}"] if plan.momentum else []
    parts += [] if options.intercept else ["no-intercept"]
    return options.checkpoint / "-".join(parts)


def _sharding() -> Sharding | None:
    """Batches over all devices, where there are several."""
    if jax.device_count() == 1:
        return None
    mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(AxisType.Auto,))
    return NamedSharding(mesh, PartitionSpec("data"))


@functools.cache
def _loss(name: str, intercept: bool) -> Any:
    loss, none = getattr(functional, name), {} if intercept else {"bias": jnp.zeros(())}
    return lambda params, batch: loss(linear(params | none, batch[0]), batch[1])


def _start(features: int, intercept: bool) -> dict[str, jax.Array]:
    return {"weight": jnp.zeros(features)} | ({"bias": jnp.zeros(())} if intercept else {})


def _whole(table: Any, standard: Any, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    parts = list(data.batches(table, 2**17, standardize=standard, dtype=dtype))
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def _line(fitted: EpochFit, units: Rows, moments: Any, intercept: bool) -> Line:
    """The fitted line in the units of the data."""
    weight = np.asarray(fitted.params["weight"], float) * units.scale[-1] / units.scale[:-1]
    level = units.centre[-1] + units.scale[-1] * float(fitted.params.get("bias", 0))
    bias = float(level - weight @ units.centre[:-1]) if intercept else 0.0
    return described(moments, weight, bias, intercept=intercept)
