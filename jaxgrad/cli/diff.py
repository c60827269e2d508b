"""`jaxgrad diff`; `jaxgrad.study.diff` does the work."""

import argparse
from pathlib import Path

from .refusal import Refused, need_study


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    diff = commands.add_parser(
        "diff",
        help="compare two studies, for instance of a CPU and a GPU",
        description="Prints what changed from the first study.json to the second: differences "
        "from PyTorch that are new, gone or of another kind, PyTorch's own answers, and the cases. "
        "Exits with 1 if anything changed.",
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
    print(f"Differences between the two studies: {len(changes)}")
    return 1 if changes else 0
