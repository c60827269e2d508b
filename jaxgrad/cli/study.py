"""`jaxgrad study` and `jaxgrad study show`; `jaxgrad.study.command` does the work."""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from .outputs import check_folder
from .refusal import Refused, need_folder, need_study, need_torch

EXACT_FLAG = "--xla_cpu_max_isa=AVX"
"""Without fused multiply-add instructions XLA cannot contract a*b + c into one rounding."""

LIMIT = 120.0
"""Seconds that a case may take, PyTorch's answer included where it is asked."""

_CASES = Path(__file__).parents[1] / "study" / "cases"


def families() -> list[str]:
    """The families of the cases, by the names of their pages: reading them takes half a second."""
    stems = (path.stem for path in _CASES.glob("*.md"))
    return sorted({stem.partition("_")[0] for stem in stems if stem != "README"})


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    study = commands.add_parser(
        "study",
        help="measure where JAX and PyTorch agree and differ",
        description="Asks each case's question of plain JAX and of jaxgrad, and holds the answers "
        "against PyTorch's: the recorded ones, or with --live the installed PyTorch's. Measured "
        "are the cases whose source is a cell or a sentence of the described notebook. Writes "
        "study.html, study.md and study.json; exits with 1 where a declared verdict does not hold "
        "or PyTorch's answer is not the recorded one.",
    )
    study.set_defaults(run=_study)
    names = families()
    study.add_argument("--all", action="store_true", help="measure every case")
    study.add_argument("--live", action="store_true", help="ask the installed PyTorch")
    study.add_argument("--record", action="store_true", help="rewrite all recorded answers")
    study.add_argument(
        "--only", metavar="FAMILY", action="append", choices=names, help=", ".join(names)
    )
    study.add_argument(
        "--exact", action="store_true", help="with contraction off, so that bits can be compared"
    )
    study.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to write (default: here)"
    )
    study.add_argument(
        "--site",
        metavar="FOLDER",
        type=Path,
        help="write a web site of what is measured as well: a page for each PyTorch name",
    )
    study.add_argument(
        "--jobs", metavar="N", type=int, help="processes (default: one for each core)"
    )
    study.add_argument(
        "--limit", metavar="S", type=float, default=LIMIT, help=f"seconds a case ({LIMIT:g})"
    )
    _add_show(study)


def _add_show(study: argparse.ArgumentParser) -> None:
    show = study.add_subparsers(metavar="show ROW", dest="action").add_parser(
        "show",
        help="measure one row and print all of it",
        description="Measures the row of that anchor or name, or the rows whose anchor or name "
        "contains it, and prints code, answers, verdicts and the reason. Lists the rows without "
        "measuring them if there are many.",
    )
    show.add_argument("row", metavar="ROW", nargs="+", help="an anchor or a name, or a part of one")
    show.set_defaults(run=_show)


def _study(options: argparse.Namespace) -> int:
    need_study()
    if options.exact and EXACT_FLAG not in os.environ.get("XLA_FLAGS", ""):
        return _again_exact(options)
    if options.live or options.record:
        need_torch("without --live its recorded answers are used")
    need_folder(options.out)
    check_folder("--site", options.site)
    if (options.jobs is not None and options.jobs < 1) or options.limit <= 0:
        raise Refused("--jobs and --limit must be above 0")
    from jaxgrad.study import command

    return command.study(options)


def _show(options: argparse.Namespace) -> int:
    need_study()
    if options.live:
        need_torch("without --live its recorded answers are used")
    from jaxgrad.study import command

    wanted = " ".join(options.row)
    chosen = command.found(wanted)
    if not chosen:
        raise Refused(f"no row is called {wanted!r}; `jaxgrad study` lists them all")
    if len(chosen) > command.SHOWN:
        return command.listed(chosen, wanted)
    return command.show(chosen, live=options.live)


def _again_exact(options: argparse.Namespace) -> int:
    """The same command in a process where XLA compiles for a processor without contraction."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise Refused(f"--exact needs an x86-64 processor, not {platform.machine()}")
    flags = f"{os.environ.get('XLA_FLAGS', '')} {EXACT_FLAG}".strip()
    again = [sys.executable, "-m", "jaxgrad", *options.arguments]
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(again, env=environment, check=False).returncode
