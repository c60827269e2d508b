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
"""Seconds that a case may take. With `--live` they include PyTorch's answer."""

_CASES = Path(__file__).parents[1] / "study" / "cases"


def families() -> list[str]:
    """The families of the cases, from the names of their pages. To read the pages would be slow."""
    stems = (path.stem for path in _CASES.glob("*.md"))
    return sorted({stem.partition("_")[0] for stem in stems if stem != "README"})


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    study = commands.add_parser(
        "study",
        help="measure where JAX and PyTorch agree and differ",
        description="Runs each case in plain JAX and in jaxgrad, and compares the answers with "
        "PyTorch's recorded ones. By default it runs the cases that come from one notebook. "
        "Writes study.html, study.md and study.json. Exits with 1 if a declared verdict does not "
        "hold or PyTorch's answer is not the recorded one.",
    )
    study.set_defaults(run=_study)
    names = families()
    study.add_argument("--all", action="store_true", help="run every case")
    study.add_argument("--live", action="store_true", help="compare with the installed PyTorch")
    study.add_argument(
        "--record",
        action="store_true",
        help="ask the installed PyTorch, and record its answers anew",
    )
    study.add_argument(
        "--only", metavar="FAMILY", action="append", choices=names, help=", ".join(names)
    )
    study.add_argument(
        "--exact",
        action="store_true",
        help="without XLA's single rounding of a*b + c, so that bits can be compared",
    )
    study.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to write (default: here)"
    )
    study.add_argument(
        "--site",
        metavar="FOLDER",
        type=Path,
        help="write a web site too, with a page for each PyTorch name",
    )
    study.add_argument(
        "--jobs", metavar="N", type=int, help="number of processes (default: one for each core)"
    )
    study.add_argument(
        "--limit",
        metavar="S",
        type=float,
        default=LIMIT,
        help=f"seconds for each case (default: {LIMIT:g})",
    )
    _add_show(study)


def _add_show(study: argparse.ArgumentParser) -> None:
    show = study.add_subparsers(metavar="show ROW", dest="action").add_parser(
        "show",
        help="run one case and print it in full",
        description="Finds the case with the anchor or name ROW, or the cases whose anchor or name "
        "contains it. Runs them and prints code, answers, verdicts and the reason. If there are "
        "many, only lists them.",
    )
    show.add_argument("row", metavar="ROW", nargs="+", help="an anchor or a name, or a part of one")
    show.set_defaults(run=_show)


def _study(options: argparse.Namespace) -> int:
    need_study()
    if options.exact and EXACT_FLAG not in os.environ.get("XLA_FLAGS", ""):
        return _again_exact(options)
    if options.live or options.record:
        need_torch("leave --live out to use the recorded answers")
    need_folder(options.out)
    check_folder("--site", options.site)
    if (options.jobs is not None and options.jobs < 1) or options.limit <= 0:
        raise Refused("--jobs and --limit must be above 0")
    from jaxgrad.study import command

    return command.study(options)


def _show(options: argparse.Namespace) -> int:
    need_study()
    if options.live:
        need_torch("leave --live out to use the recorded answers")
    from jaxgrad.study import command

    wanted = " ".join(options.row)
    chosen = command.matching(wanted)
    if not chosen:
        raise Refused(f"no row is called {wanted!r}; `jaxgrad study` lists them all")
    if len(chosen) > command.SHOWN:
        return command.print_names(chosen, wanted)
    return command.show(chosen, live=options.live)


def _again_exact(options: argparse.Namespace) -> int:
    """Runs the same command in a process whose XLA compiles for a processor without contraction."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise Refused(f"--exact needs an x86-64 processor, not {platform.machine()}")
    flags = f"{os.environ.get('XLA_FLAGS', '')} {EXACT_FLAG}".strip()
    again = [sys.executable, "-m", "jaxgrad", *options.arguments]
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(again, env=environment, check=False).returncode
