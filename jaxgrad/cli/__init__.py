"""The command `jaxgrad`: its subcommands, and what they refuse before any work.

    fit        a line through the columns of files
    study      the comparison study, and one row of it
    diff       two studies
    compare    a user's own port and its original
    translate  a user's own module to JAX source
    speed      the same work in PyTorch, plain JAX and jaxgrad

Each file adds one subcommand to the parser, and imports what does the work once it is called. The
rest imports neither JAX nor what an extra brings: `--version` and `--help` answer at once, wherever
jaxgrad is installed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import jaxgrad

from . import compare, diff, fit, interruption, speed, study, translate
from .refusal import Refused
from .streams import Lost, lasting


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status.

    0: every verdict held, or nothing differs. 1: a verdict did not hold, or something differs. 2:
    the command did not run, or could not write its output. 130: it was interrupted. A reader of
    standard output that goes away does not change the status.
    """
    with lasting():
        try:
            try:
                return _main(arguments)
            finally:
                sys.stdout.flush()
        except Lost as error:
            print(f"jaxgrad: {error}", file=sys.stderr)
            return 2


def _main(arguments: Sequence[str] | None) -> int:
    if arguments is None and sys.argv[1:2] == ["fit"]:  # the process is the command's
        interruption.watch("fit")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments, argparse.Namespace(arguments=arguments))
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except Refused as error:
        print(f"jaxgrad {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"jaxgrad {options.command}: interrupted, no report written", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jaxgrad", description="PyTorch's semantics as pure JAX functions."
    )
    parser.add_argument("--version", action="version", version=f"jaxgrad {jaxgrad.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for subcommand in (study, diff, compare, translate, speed, fit):
        subcommand.add(commands)
    return parser
