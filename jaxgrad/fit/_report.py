"""What `jaxgrad fit` prints, saves and draws."""

import argparse
import csv
import importlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from jaxgrad import data, random

from . import _t_distribution
from ._hyperparameters import Hyperparameters
from .epochs import EpochFit
from .lines import Line


def show(
    options: argparse.Namespace,
    chosen: Hyperparameters,
    table: Any,
    counts: tuple[int, int],
    fitted: EpochFit,
    line: Line,
    exact: Line,
) -> None:
    """Prints the fit, and the exact line beside it."""
    rows = f"{counts[0]} rows" + (f" ({counts[1]} dropped)" if counts[1] else "")
    print(f"{', '.join(map(str, options.files))}: {rows}, target {table.target}")
    _show_descent(options, chosen, fitted, options.validation is not None)
    names = [*table.features, "(intercept)"]
    _show_coefficients(names, line, exact, options)
    _show_inference(names, exact, options)
    _show_condition(exact, options)


def _show_descent(
    options: argparse.Namespace, chosen: Hyperparameters, fitted: EpochFit, watched: bool
) -> None:
    momentum = f", Nesterov momentum {chosen.momentum:.3g}" if chosen.momentum else ""
    print(
        f"{chosen.optimizer}, learning rate {chosen.lr:.6g}{momentum}: {fitted.epochs} epochs, "
        f"{options.loss} {fitted.losses[fitted.best]:.6g}"
        + (" of the standardized target" if options.standardize else "")
        + (f", in epoch {fitted.best + 1}" if watched else "")
    )


def _show_coefficients(
    names: list[str], line: Line, exact: Line, options: argparse.Namespace
) -> None:
    """The fitted line beside that of least squares."""
    digits, few = options.digits or 6, options.digits or 3
    width, wide = max(map(len, names)), max(14, digits + 8)
    heads = "".join(f"  {head:>{wide}}" for head in ("fitted", "least squares", "standard error"))
    print(f"\n{'':{width}}{heads}")
    rows = [*zip(names, line.weight, exact.weight, exact.weight_error, strict=False)]
    rows += [(names[-1], line.bias, exact.bias, exact.bias_error)] if options.intercept else []
    for name, own, value, error in rows:
        numbers = f"  {own:{wide}.{digits}g}  {value:{wide}.{digits}g}  {error:{wide}.{few}g}"
        print(f"{name:{width}}{numbers}")
    print(f"\n{'rmse':{width}}  {line.rmse:{wide}.{digits}g}  {exact.rmse:{wide}.{digits}g}")
    print(f"{'R²':{width}}  {line.r2:{wide}.{digits}f}  {exact.r2:{wide}.{digits}f}")


def _show_inference(names: list[str], exact: Line, options: argparse.Namespace) -> None:
    """The 95 % interval, t and p of each coefficient of least squares."""
    digits, width = options.digits or 6, max(map(len, names))
    rows = [*zip(names, exact.weight, exact.weight_error, strict=False)]
    rows += [(names[-1], exact.bias, exact.bias_error)] if options.intercept else []
    found = [
        _t_distribution.inference(float(value), float(error), exact.freedom)
        for _, value, error in rows
    ]
    ends = [f"[{low:.{digits}g}, {high:.{digits}g}]" for _, _, low, high in found]
    wide = max(map(len, ["95 % interval", *ends]))
    print(f"\n{'':{width}}  {'95 % interval':>{wide}}  {'t':>10}  {'p':>10}")
    for (name, _, _), between, (t, p, _, _) in zip(rows, ends, found, strict=True):
        print(f"{name:{width}}  {between:>{wide}}  {t:10.4g}  {p:10.3g}")
    print(f"\n{exact.freedom} degrees of freedom, ", end="")


def _show_condition(exact: Line, options: argparse.Namespace) -> None:
    print(f"condition {exact.condition:.3g}", end="")
    if exact.digits < max(8, options.digits or 0):
        sure = max(0, int(exact.digits))
        print(f": rounding of the data may leave {sure} digits of least squares", end="")
    print()


def safetensors(table: Any, line: Line, dtype: str = "float32") -> bytes:
    """The line as safetensors, shaped as in `torch.nn.Linear`: weight (1, features), bias (1,)."""
    numbers = {"weight": line.weight[None], "bias": np.array([line.bias])}
    arrays = {name: array.astype(dtype) for name, array in numbers.items()}
    names = io.StringIO(newline="")
    csv.writer(names, lineterminator="").writerow(table.features)  # quotes where commas are
    about = {"features": names.getvalue(), "target": table.target}
    return importlib.import_module("safetensors.numpy").save(arrays, about)


def picture(path: Path, table: Any, fitted: EpochFit, line: Line, exact: Line) -> bytes:
    """A picture: the rows and the line, or their targets and predictions; and the losses."""
    matplotlib = importlib.import_module("matplotlib.figure")
    figure = matplotlib.Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    x, y = next(iter(data.batches(table, 2000, key=random.key(0), dtype="float64")))
    if len(table.features) == 1:
        across = np.linspace(x.min(), x.max(), 2)
        left.plot(x[:, 0], y, ".", color="0.6", label="rows")
        left.plot(across, line.bias + line.weight[0] * across, "C0", label="fitted")
        left.plot(across, exact.bias + exact.weight[0] * across, "k:", label="least squares")
        left.set(xlabel=table.features[0], ylabel=table.target)
    else:
        predicted = x @ line.weight + line.bias
        span = [min(y.min(), predicted.min()), max(y.max(), predicted.max())]
        left.plot(y, predicted, ".", color="C0", label="rows")
        left.plot(span, span, "k:", label="as they are")
        left.set(xlabel=table.target, ylabel=f"{table.target}, fitted")
    left.legend()
    right.plot(np.arange(1, len(fitted.losses) + 1), fitted.losses, "C0", label="rows")
    if np.isfinite(fitted.validation).any():
        right.plot(
            np.arange(1, len(fitted.losses) + 1), fitted.validation, "C1", label="validation"
        )
        right.legend()
    right.set(xlabel="epoch", ylabel="loss", yscale="log")
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:].lower())
    return content.getvalue()
