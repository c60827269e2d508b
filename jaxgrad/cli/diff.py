"""`jaxgrad diff`; `jaxgrad.study.diff` does the work."""

import argparse
from pathlib import Path

from .refusal import Refused, need_study


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    diff = commands.add_parser(
        "diff",
        help="compare two studies, for instance of a CPU and a GPU",
        description="Prints what changed from one study.json to another: new, vanished and changed "
        "differences, PyTorch's own answers, rows. Exits with 1 where anything did.",
    )
    diff.add_argument("before", metavar="A.json", type=Path)
    diff.add_argument("after", metavar="B.json", type=Path)
    diff.set_defaults(run=_diff)


def _diff(options: argparse.Namespace) -> int:
    need_study()
    from jaxgrad.study import diff, schema

    try:
        before, after = (schema.document(path) for path in (options.before, options.after))
    except (OSError, schema.Malformed) as error:
        raise Refused(str(error)) from None
    changes = diff.between(before, after)
    for change in changes:
        print(change)
    print(f"{len(changes)} differences between the two studies.")
    return 1 if changes else 0
