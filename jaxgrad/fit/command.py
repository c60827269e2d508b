"""What `jaxgrad fit` does: a line through the columns of files, and the exact one beside it."""

import argparse
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec, Sharding

from jaxgrad import data, functional, optim, random, schedules
from jaxgrad.data.moments import about_zero, standard_deviation

from . import _convergence, _json, _report
from ._hyperparameters import Hyperparameters, choose
from ._output_files import check_picture, write_all
from ._rows import Rows, all_rows, gathered, in_memory, rows_of
from ._table_options import column_notes
from .epochs import EpochFit, fit_epochs
from .linear_model import linear
from .lines import Line, evaluate_line, least_squares_from_moments


class Failed(Exception):
    """The fit is impossible; the text says why and what to do."""


class Units(NamedTuple):
    """Goes from the units of the fit, x', to those of the data: x = centre + scale x'."""

    centre: np.ndarray
    scale: np.ndarray


def run(options: argparse.Namespace, check_outputs: Callable[[], None]) -> int:
    """Runs the command and returns 0. `check_outputs` is called before the work, and may refuse."""
    if options.distributed:
        jax.distributed.initialize()
    if jax.process_index() == 0:
        check_outputs()
    try:
        if options.plot:
            check_picture("--plot", options.plot)
        return _run(options)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        raise Failed(str(error)) from error


def _run(options: argparse.Namespace) -> int:
    rows = rows_of(options)
    table, moments, intercept = rows.table, rows.moments, options.intercept
    exact = least_squares_from_moments(moments, intercept=intercept, names=table.features)
    chosen = choose(options, moments, jax.process_count() == 1 and in_memory(table))
    standard = _standard(options, moments)
    fitted = _fit(options, chosen, rows, standard)
    line = _line(fitted, _units(standard, len(moments.mean)), moments, intercept)
    counts = moments.count, int(gathered(np.array(table.dropped)).sum())
    if jax.process_index() == 0:
        files = _files(options, rows, fitted, line, exact)
        done, failed = write_all({path: made for path, made in files.items() if path})
        for note in column_notes(table):
            print(note)
        _report.show(options, chosen, table, counts, fitted, line, exact)
        if rows.validation_moments:
            other = evaluate_line(rows.validation_moments, *line[:2], intercept=intercept)
            print(f"on {rows.validation_name}: rmse {other.rmse:.6g}, R² {other.r2:.6f}")
        if words := _convergence.warning(options, chosen, rows, fitted, (line, exact)):
            print(f"\n{words}")
        for path in done:
            print(f"Written: {path}")
        if failed:
            raise OSError("; ".join(failed))
    return 0


def _files(
    options: argparse.Namespace, rows: Rows, fitted: EpochFit, line: Line, exact: Line
) -> dict[Path | None, Callable[[], bytes]]:
    """What to write to the file of each option; the key is None for one that is not given."""
    table, count = rows.table, rows.moments.count
    return {
        options.json: lambda: _json.content(table.features, count, line, exact, options.intercept),
        options.save: lambda: _report.safetensors(table, line),
        options.save_exact: lambda: _report.safetensors(table, exact, "float64"),
        options.plot: lambda: _report.picture(options.plot, table, fitted, line, exact),
    }


def _standard(options: argparse.Namespace, moments: data.Moments) -> data.Moments | None:
    """The moments that standardize the columns; without an intercept these keep their mean."""
    if not options.standardize:
        return None
    if options.intercept:
        return moments
    zero = np.zeros_like(moments.mean)
    return moments._replace(shift=zero, offset=zero, factor=about_zero(moments))


def _units(standard: data.Moments | None, columns: int) -> Units:
    """The units that the fit works in."""
    if standard is None:
        return Units(np.zeros(columns), np.ones(columns))
    scale = standard_deviation(standard)
    return Units(standard.mean, np.where(scale > 0, scale, 1.0))


def _fit(
    options: argparse.Namespace,
    chosen: Hyperparameters,
    rows: Rows,
    standard: data.Moments | None,
) -> EpochFit:
    """The fit in epochs, in the units that `standard` makes."""
    table, split, key = rows.table, rows.split, random.key(options.seed)
    size = _batch_size(options, rows)
    source: Any = _source(table, size // jax.process_count(), key, standard)
    rate, wanted = _rate(chosen, rows, source), {}
    if jax.process_count() == 1 and in_memory(table):
        wanted = {} if chosen.full_batch else {"batch_size": source.batch_size, "key": key}
        source = all_rows(table, standard)
    if split is not None:
        x, y = source
        source, wanted["validation"] = ((x[part], y[part]) for part in split)
    if rows.validation is not None:
        wanted["validation"] = _source(rows.validation, size, None, standard)
    momentum = {"momentum": chosen.momentum, "nesterov": True} if chosen.momentum else {}
    return fit_epochs(
        _loss(options.loss, options.intercept),
        _start(len(table.features), options.intercept),
        getattr(optim, chosen.optimizer)(rate, **momentum),
        source,
        epochs=chosen.epochs,
        patience=options.patience,
        sharding=_sharding(),
        checkpoint=_checkpoint_folder(options, chosen),
        progress=sys.stderr.isatty(),
        **wanted,
    )


def _batch_size(options: argparse.Namespace, rows: Rows) -> int:
    """The rows of a batch, in all processes together."""
    processes, size = jax.process_count(), options.batch_size
    if size is None:
        size = min(max(32, _count(rows) // 10), 1024)
    if size < processes:
        raise ValueError(f"--batch-size must be at least {processes}, got {size}")
    return size


def _count(rows: Rows) -> int:
    """The number of rows to fit, in all processes."""
    return (
        int(gathered(np.array(rows.table.rows)).sum()) if rows.split is None else len(rows.split[0])
    )


def _rate(chosen: Hyperparameters, rows: Rows, source: data.TableSource) -> Any:
    """The learning rate, or its schedule over all steps."""
    if chosen.schedule != "cosine":
        return chosen.lr
    count = rows.table.rows if rows.split is None else len(rows.split[0])
    batches = 1 if chosen.full_batch else source.limit or -(-count // source.batch_size)
    return schedules.cosine_annealing_lr(chosen.lr, chosen.epochs * batches)


def _source(table: Any, size: int, key: Any, standard: Any) -> data.TableSource:
    """The batches of a table: in every process as many, and of as many rows."""
    least = int(gathered(np.array(table.rows)).min())
    size = max(1, min(size, least))
    limit = least // size if jax.process_count() > 1 else None
    return data.source(table, size, key=key, standardize=standard, limit=limit)


def _checkpoint_folder(options: argparse.Namespace, chosen: Hyperparameters) -> Path | None:
    """The folder for checkpoints of this loss and these hyperparameters alone."""
    if options.checkpoint is None:
        return None
    parts = [options.loss, chosen.optimizer, f"{chosen.lr:g}", chosen.schedule]
    parts += [str(chosen.epochs)] if chosen.schedule == "cosine" else []
    parts += [f"{chosen.momentum:g}"] if chosen.momentum else []
    parts += [] if options.intercept else ["no-intercept"]
    return options.checkpoint / "-".join(parts)


def _sharding() -> Sharding | None:
    """Batches are sharded over all devices, if there are several."""
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


def _line(fitted: EpochFit, units: Units, moments: Any, intercept: bool) -> Line:
    """The fitted line in the units of the data."""
    weight = np.asarray(fitted.params["weight"], float) * units.scale[-1] / units.scale[:-1]
    level = units.centre[-1] + units.scale[-1] * float(fitted.params.get("bias", 0))
    bias = float(level - weight @ units.centre[:-1]) if intercept else 0.0
    return evaluate_line(moments, weight, bias, intercept=intercept)
