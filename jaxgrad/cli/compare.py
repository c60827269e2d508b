"""`jaxgrad compare`; `jaxgrad.port` does the work."""

import argparse

from jaxgrad import _extras

from .refusal import Refused, need


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    compare = commands.add_parser(
        "compare",
        help="hold your own port against PyTorch's original",
        description="Compares FILE.py:NAME of PyTorch with its port FILE.py:NAME in values, "
        "gradients and dtypes; the inputs, params, state and mapping are what the port's file, or "
        "else the original's, has under these names (or functions that return it). Only these two "
        "files are executed. Exits with 1 where they differ.",
    )
    compare.add_argument("torch_fn", metavar="FILE.py:TORCH", help="a function or an nn.Module")
    compare.add_argument("jax_fn", metavar="FILE.py:JAX", help="its port")
    compare.add_argument(
        "--input",
        metavar="SHAPE",
        action="append",
        help="instead of `inputs`: draw normal numbers of that shape, such as 8,3 (repeatable)",
    )
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    need(study=_extras.EXTRAS["study"], torch=["torch"])
    from jaxgrad.port import files

    try:
        report = files.compared(options.torch_fn, options.jax_fn, options.input)
    except files.Unusable as error:
        raise Refused(str(error)) from None
    print(report)
    return 0 if report.agrees else 1
