"""The command line of `jaxgrad fit`; `jaxgrad.fit.command` does the work."""

import argparse
import sys
from pathlib import Path

from . import outputs
from .refusal import Refused, need
from .wording import of_options

OPTIMIZERS = ("sgd", "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta")
LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    fit = commands.add_parser(
        "fit",
        help="fit a line to the columns of CSV, Parquet or Arrow files of any size",
        description="Fits target = weight · features + intercept by minibatch gradient descent, "
        "prints the coefficients in the units of the data, and beside them the exact answer of "
        "least squares with its standard errors.",
    )
    fit.set_defaults(run=_fit)
    add_argument = fit.add_argument
    add_argument("files", nargs="+", help="one table, of one format, in one file or more")
    add_argument("--target", required=True, metavar="COLUMN")
    add_argument(
        "--features",
        metavar="COLUMNS",
        action="append",
        help="names separated by commas (default: all other columns but an index); repeatable",
    )
    add_argument(
        "--categorical",
        metavar="COLUMNS",
        action="append",
        help="the features that are categories: a column of 0 and 1 for each level but the first",
    )
    add_argument(
        "--missing",
        choices=("error", "drop"),
        default="error",
        help="what to do with rows that miss a value",
    )
    add_argument(
        "--delimiter", help="of CSV files; tab for a tab (default: a guess from the first rows)"
    )
    add_argument(
        "--no-standardize",
        dest="standardize",
        action="store_false",
        help="fit the columns as they are, not scaled to mean 0 and deviation 1",
    )
    add_argument("--no-intercept", dest="intercept", action="store_false", help="a line through 0")
    add_argument("--loss", choices=LOSSES, default="mse_loss")
    add_argument(
        "--optimizer",
        choices=OPTIMIZERS,
        help="(default: what converges, which is sgd with Nesterov's momentum over all rows; adam "
        "with --lr or --batch-size, or where the rows are too many for memory)",
    )
    add_argument(
        "--lr",
        type=positive,
        help="learning rate (default: for sgd from the largest curvature of the loss, else 0.01)",
    )
    add_argument(
        "--schedule",
        choices=("constant", "cosine"),
        default="constant",
        help="of the learning rate; cosine falls to 0 at the end",
    )
    add_argument(
        "--epochs", type=int, help="(default: until it converges over all rows, 50 over batches)"
    )
    add_argument(
        "--batch-size", type=int, help="rows of a batch (default: a tenth of all, from 32 to 1024)"
    )
    add_argument("--seed", type=int, default=0, help="of the order of the rows (default: 0)")
    add_argument(
        "--validation",
        metavar="FILE|SHARE",
        action="append",
        help="a table, or a share of the rows such as 0.2, drawn by the seed: the loss is taken on "
        "it after each epoch, and the line is that of the best epoch",
    )
    add_argument(
        "--patience", type=int, help="stop after this many epochs without a lower validation loss"
    )
    add_argument(
        "--checkpoint",
        metavar="FOLDER",
        type=Path,
        help="write checkpoints there; the same command goes on from the last one",
    )
    add_argument("--plot", metavar="FILE", type=Path, help="a picture of the fit")
    add_argument("--save", metavar="FILE", type=Path, help="weight and bias as safetensors")
    add_argument(
        "--save-exact",
        metavar="FILE",
        type=Path,
        help="those of least squares as safetensors, in float64",
    )
    add_argument("--json", metavar="FILE", type=Path, help="both lines as JSON, with all digits")
    add_argument(
        "--digits", type=digits, metavar="N", help="digits to print of each number; 17 are all"
    )
    add_argument(
        "--distributed",
        action="store_true",
        help="one of several processes, as a launcher started them",
    )


def positive(text: str) -> float:
    """A number above 0, as `--lr` needs."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0 and finite, got {text}")
    return value


def digits(text: str) -> int:
    """How many digits to print."""
    value = int(text)
    if not 1 <= value <= 17:
        raise argparse.ArgumentTypeError(f"must be from 1 to 17, got {text}")
    return value


def _fit(options: argparse.Namespace) -> int:
    _check_counts(options)
    need(data=_modules(options), checkpoint=["orbax.checkpoint"] if options.checkpoint else [])
    from jaxgrad.fit import command

    try:
        return command.run(options, lambda: _check_outputs(options))
    except command.Failed as error:
        raise Refused(of_options(str(error))) from error


def _check_counts(options: argparse.Namespace) -> None:
    """Refuses a count below one."""
    for name in ("epochs", "batch_size", "patience"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise Refused(f"--{name.replace('_', '-')} must be at least 1, got {value}")


def _check_outputs(options: argparse.Namespace) -> None:
    """Refuses outputs that could not be written after the work."""
    files = {
        "--json": options.json,
        "--save": options.save,
        "--save-exact": options.save_exact,
        "--plot": options.plot,
    }
    outputs.check(files, [*options.files, *(options.validation or [])])
    outputs.check_folder("--checkpoint", options.checkpoint)


def _modules(options: argparse.Namespace) -> list[str]:
    """The modules of the extra `data` that the options need."""
    asked = {
        "pyarrow": True,
        "safetensors": options.save or options.save_exact,
        "matplotlib": options.plot,
        "rich": sys.stderr.isatty(),
    }
    return [module for module, wanted in asked.items() if wanted]
