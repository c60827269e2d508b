"""`jaxgrad speed`; `jaxgrad.study.speed` does the work."""

import argparse
from pathlib import Path

from .refusal import Refused, need_folder, need_study

ROUNDS = 5
"""The number of processes for each competitor."""

LIMIT = 300.0
"""Seconds that one measurement may take."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    speed = commands.add_parser(
        "speed",
        help="time the same work in PyTorch, torch.compile, plain JAX and jaxgrad",
        description="Times each work in separate processes, with one library in each. The "
        "competitors take turns. Measures how fast the machine reads, copies and multiplies too. "
        "Writes speed.json, speed.md and, with --sizes, speed.svg. Exits with 1 if a competitor "
        "failed. If PyTorch is not installed, its columns are empty.",
    )
    speed.set_defaults(run=_speed)
    speed.add_argument(
        "--only", metavar="PART", default="", help="a part of the family or the name"
    )
    speed.add_argument(
        "--rounds",
        metavar="N",
        type=int,
        default=ROUNDS,
        help=f"processes for each competitor (default: {ROUNDS})",
    )
    speed.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to write (default: here)"
    )
    speed.add_argument(
        "--sizes", action="store_true", help="plot the time over the size too, from 10^2 to 10^8"
    )
    speed.add_argument(
        "--limit",
        metavar="S",
        type=float,
        default=LIMIT,
        help=f"seconds for each process (default: {LIMIT:g})",
    )


def _speed(options: argparse.Namespace) -> int:
    need_study()
    need_folder(options.out)
    if options.rounds < 1 or options.limit <= 0:
        raise Refused("--rounds and --limit must be above 0")
    from jaxgrad.study.speed import command, limits

    works = command.matching(options.only)
    if not works:
        names = "\n  ".join(f"{work.family}: {work.name}" for work in command.WORKS)
        raise Refused(f"no work is called {options.only!r}; there are\n  {names}")
    return command.speed(options, works, limits.limits())
