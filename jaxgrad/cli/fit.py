"""`jaxgrad fit`; `jaxgrad.fit.command` does the work."""

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
        help="names with commas (default: all the others but an index); repeatable",
    )
    add_argument(
        "--categorical",
        metavar="COLUMNS",
        action="append",
        help="features that are categories: 0 or 1 for each level but the first",
    )
    add_argument(
        "--missing", choices=("error", "drop"), default="error", help="rows without a value"
    )
    add_argument(
        "--delimiter", help="of CSV files, tab for a tab (default: what the first rows show)"
    )
    add_argument(
        "--no-standardize",
        dest="standardize",
        action="store_false",
        help="fit the columns as they are, not with mean 0 and deviation 1",
    )
    add_argument("--no-intercept", dest="intercept", action="store_false", help="a line through 0")
    add_argument("--loss", choices=LOSSES, default="mse_loss")
    add_argument(
        "--optimizer",
        choices=OPTIMIZERS,
        help="(default: what arrives, which is sgd with Nesterov's momentum over all rows; adam "
        "with --lr or --batch-size, or where the rows are too many for memory)",
    )
    add_argument(
        "--lr",
        type=positive,
        help="learning rate (default: by the largest curvature of the loss for sgd, else 0.01)",
    )
    add_argument(
        "--schedule",
        choices=("constant", "cosine"),
        default="constant",
        help="of the learning rate, cosine down to 0 at the end",
    )
    add_argument(
        "--epochs", type=int, help="(default: until it arrives over all rows, 50 over batches)"
    )
    add_argument("--batch-size", type=int, help="rows (default: a tenth of them, from 32 to 1024)")
    add_argument("--seed", type=int, default=0, help="of the order of the rows (default: 0)")
    add_argument(
        "--validation",
        metavar="FILE|SHARE",
        action="append",
        help="a table to watch the loss on, or a share of the rows such as 0.2, drawn by the seed; "
        "gives the line of the best epoch",
    )
    add_argument(
        "--patience", type=int, help="stop after so many epochs without a better loss there"
    )
    add_argument(
        "--checkpoint",
        metavar="FOLDER",
        type=Path,
        help="keep there how far it is; the same command goes on",
    )
    add_argument("--plot", metavar="FILE", type=Path, help="a picture of the fit")
    add_argument("--save", metavar="FILE", type=Path, help="weight and bias as safetensors")
    add_argument(
        "--save-exact",
        metavar="FILE",
        type=Path,
        help="those of least squares, in float64",
    )
    add_argument("--json", metavar="FILE", type=Path, help="both lines with every digit")
    add_argument("--digits", type=digits, metavar="N", help="to print of each number; 17 are all")
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
    _counts(options)
    need(data=_data(options), checkpoint=["orbax.checkpoint"] if options.checkpoint else [])
    from jaxgrad.fit import command

    try:
        return command.run(options, lambda: _writable(options))
    except command.Failed as error:
        raise Refused(of_options(str(error))) from error


def _counts(options: argparse.Namespace) -> None:
    """Refuses what is to be counted and is less than one."""
    for name in ("epochs", "batch_size", "patience"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise Refused(f"--{name.replace('_', '-')} must be at least 1, got {value}")


def _writable(options: argparse.Namespace) -> None:
    """Refuses before the work what could not be written after it."""
    files = {
        "--json": options.json,
        "--save": options.save,
        "--save-exact": options.save_exact,
        "--plot": options.plot,
    }
    outputs.check(files, [*options.files, *(options.validation or [])])
    outputs.check_folder("--checkpoint", options.checkpoint)


def _data(options: argparse.Namespace) -> list[str]:
    """The modules of the extra `data` that the options ask for."""
    asked = {
        "pyarrow": True,
        "safetensors": options.save or options.save_exact,
        "matplotlib": options.plot,
        "rich": sys.stderr.isatty(),
    }
    return [module for module, wanted in asked.items() if wanted]
