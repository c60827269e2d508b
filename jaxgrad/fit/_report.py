"""What `jaxgrad fit` prints, saves and draws."""

import argparse
import csv
import importlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from jaxgrad import data, random

from .epochs import EpochFit
from .lines import Line


def tell(
    options: argparse.Namespace,
    table: Any,
    counts: tuple[int, int],
    fitted: EpochFit,
    line: Line,
    exact: Line,
    there: tuple[str, Line] | None,
) -> None:
    """Prints the fit, the exact line beside it, and how well it does on the validation rows."""
    rows = f"{counts[0]} rows" + (f" ({counts[1]} dropped)" if counts[1] else "")
    print(f"{', '.join(map(str, options.files))}: {rows}, target {table.target}")
    loss = fitted.losses[fitted.best]
    print(
        f"{options.optimizer}, learning rate {options.lr:g}: {fitted.epochs} epochs, "
        f"{options.loss} {loss:.6g}"
        + (" of the standardized target" if options.standardize else "")
        + (f", in epoch {fitted.best + 1}" if there else "")
    )
    names = [*table.features, "(intercept)"]
    width = max(map(len, names))
    print(f"\n{'':{width}}  {'fitted':>14}  {'least squares':>14}  {'standard error':>14}")
    ours = [*line.weight, line.bias]
    theirs = zip([*exact.weight, exact.bias], [*exact.weight_error, exact.bias_error], strict=True)
    for name, own, (value, error) in zip(names, ours, theirs, strict=True):
        print(f"{name:{width}}  {own:14.6g}  {value:14.6g}  {error:14.3g}")
    print(f"\n{'rmse':{width}}  {line.rmse:14.6g}  {exact.rmse:14.6g}")
    print(f"{'R²':{width}}  {line.r2:14.6f}  {exact.r2:14.6f}")
    if there is not None:
        rows, other = there
        print(f"on {rows}: rmse {other.rmse:.6g}, R² {other.r2:.6f}")
    errors = np.array([*exact.weight_error, exact.bias_error], float)
    away = np.abs(np.array(ours) - [*exact.weight, exact.bias]) / np.where(
        errors > 0, errors, np.inf
    )
    if options.loss == "mse_loss" and away.max() > 1:
        place = int(away.argmax())
        farthest = f"{names[place]} is {away[place]:.1f} standard errors away"
        remedy = "more --epochs, another --lr or --schedule cosine"
        print(f"\n{farthest}: the descent has not arrived; {remedy}")


def saved(table: Any, line: Line) -> bytes:
    """The line as `torch.nn.Linear` keeps them: weight (1, features), bias (1,)."""
    numbers = {"weight": line.weight[None], "bias": np.array([line.bias])}
    arrays = {name: array.astype(np.float32) for name, array in numbers.items()}
    names = io.StringIO(newline="")
    csv.writer(names, lineterminator="").writerow(table.features)  # quotes where commas are
    about = {"features": names.getvalue(), "target": table.target}
    return importlib.import_module("safetensors.numpy").save(arrays, about)


def plotted(path: Path, table: Any, fitted: EpochFit, line: Line, exact: Line) -> bytes:
    """The rows and the line, or what is predicted of them; and the loss of the epochs."""
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
