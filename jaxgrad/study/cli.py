"""The command `jaxgrad`."""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jaxgrad

EXACT_FLAG = "--xla_cpu_max_isa=AVX"
"""Without fused multiply-add instructions XLA cannot contract a*b + c into one rounding."""


class Refused(Exception):
    """What was asked for cannot be done here; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status.

    0: every verdict held. 1: one did not. 2: it was not run. 130: it was interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return _study(options)
    except Refused as error:
        print(f"jaxgrad study: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("jaxgrad study: interrupted, no report written", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    from .cases import FAMILIES

    parser = argparse.ArgumentParser(
        prog="jaxgrad", description="PyTorch's semantics as pure JAX functions."
    )
    parser.add_argument("--version", action="version", version=f"jaxgrad {jaxgrad.__version__}")
    study = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "study",
        help="measure where JAX and PyTorch agree and differ",
        description="Asks every case's question of plain JAX and of jaxgrad, and holds the answers "
        "against PyTorch's: the recorded ones, or with --live the installed PyTorch's. Writes "
        "study.html and study.json; exits with 1 where a declared verdict does not hold.",
    )
    study.add_argument("--live", action="store_true", help="ask the installed PyTorch")
    study.add_argument("--record", action="store_true", help="rewrite the recorded answers")
    study.add_argument(
        "--only", metavar="FAMILY", action="append", choices=FAMILIES, help=", ".join(FAMILIES)
    )
    study.add_argument(
        "--exact", action="store_true", help="with contraction off, so that bits can be compared"
    )
    study.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to write (default: here)"
    )
    return parser


def _study(options: argparse.Namespace) -> int:
    missing = [name for name in ("rich", "jinja2", "matplotlib") if not _installed(name)]
    if missing:
        raise Refused(f"needs {', '.join(missing)}; run: pip install 'jaxgrad[study]'")
    if options.exact and EXACT_FLAG not in os.environ.get("XLA_FLAGS", ""):
        return _again_exact(options)
    if (options.live or options.record) and not _installed("torch"):
        raise Refused("PyTorch is not installed; without --live its recorded answers are used")
    if not os.access(options.out, os.W_OK) or not options.out.is_dir():
        raise Refused(f"cannot write into {options.out}; name another folder with --out")
    return _measure(options)


def _measure(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import track

    from . import record, report, rows
    from .cases import CASES, FAMILIES
    from .page import page

    console = Console(width=None if sys.stdout.isatty() else 200)
    bar = Console(stderr=True)
    families = options.only or FAMILIES
    cases = [case for case in CASES if case.family in families]
    if options.record:
        for family in families:
            chosen = [case for case in cases if case.family == family]
            progress = track(chosen, f"recording {family}", console=bar)
            answers = [(case, *rows.live(case)) for case in progress]
            record.write(family, answers[0][2], [(case, answer) for case, answer, _ in answers])
    answer = rows.live if options.live else rows.recorded
    measured = rows.measure(cases, answer, exact=options.exact)
    done = list(track(measured, "measuring", total=len(cases), console=bar))
    console.print(report.table(done, console.width))
    report.problems(done, console)
    console.print(report.summary(done), soft_wrap=True, highlight=False)
    document = report.document(done, exact=options.exact)
    (options.out / "study.json").write_text(
        json.dumps(document, indent=1, allow_nan=False), encoding="utf-8"
    )
    (options.out / "study.html").write_text(page(done, exact=options.exact), encoding="utf-8")
    console.print(f"Written: {options.out / 'study.html'}, {options.out / 'study.json'}")
    return 0 if document["held"] else 1


def _again_exact(options: argparse.Namespace) -> int:
    """The same command in a process where XLA compiles for a processor without contraction."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise Refused(f"--exact needs an x86-64 processor, not {platform.machine()}")
    flags = f"{os.environ.get('XLA_FLAGS', '')} {EXACT_FLAG}".strip()
    command = [sys.executable, "-m", "jaxgrad.study", "--exact", "--out", str(options.out)]
    command += ["--live"] * options.live + ["--record"] * options.record
    for family in options.only or ():
        command += ["--only", family]
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(command, env=environment, check=False).returncode


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
