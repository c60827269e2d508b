"""`jaxgrad compare`; `jaxgrad.port` does the work."""

import argparse

from jaxgrad import _extras

from .refusal import Refused, need


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    compare = commands.add_parser(
        "compare",
        help="compare your own port with its PyTorch original",
        description="Compares a PyTorch original, FILE.py:NAME, with its port in values, gradients "
        "and dtypes. Each file may define inputs, module, params, state and mapping, or functions "
        "that return them; those of the port's file come first. Only these two files are executed. "
        "Exits with 1 if the two differ.",
    )
    compare.add_argument("torch_fn", metavar="FILE.py:TORCH", help="a function or an nn.Module")
    compare.add_argument("jax_fn", metavar="FILE.py:JAX", help="its port")
    add_input(compare)
    compare.set_defaults(run=_compare)


def add_input(command: argparse.ArgumentParser) -> None:
    """Adds the option that draws the inputs of a module."""
    command.add_argument(
        "--input",
        metavar="SHAPE",
        action="append",
        help="draw normal numbers of this shape, such as 8,3, as an input (once for each input)",
    )


def _compare(options: argparse.Namespace) -> int:
    need(study=_extras.EXTRAS["study"], torch=["torch"])
    from jaxgrad.port import files

    try:
        report = files.compare_files(options.torch_fn, options.jax_fn, options.input)
    except files.Unusable as error:
        raise Refused(str(error)) from None
    print(report)
    return 0 if report.agrees else 1
