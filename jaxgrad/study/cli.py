"""The command `jaxgrad`."""

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import jaxgrad
from jaxgrad.fit import command

EXACT_FLAG = "--xla_cpu_max_isa=AVX"
"""Without fused multiply-add instructions XLA cannot contract a*b + c into one rounding."""


class Refused(Exception):
    """What was asked for cannot be done here; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status.

    0: every verdict held, or nothing differs. 1: one did not, or something does. 2: it was not
    run. 130: it was interrupted.
    """
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (Refused, command.Failed) as error:
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
    _add_study(commands)
    _add_diff(commands)
    _add_compare(commands)
    _add_speed(commands)
    command.add(commands)
    return parser


def _add_study(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from .cases import FAMILIES
    from .workers import LIMIT

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
    study.add_argument("--all", action="store_true", help="measure every case")
    study.add_argument("--live", action="store_true", help="ask the installed PyTorch")
    study.add_argument("--record", action="store_true", help="rewrite all recorded answers")
    study.add_argument(
        "--only", metavar="FAMILY", action="append", choices=FAMILIES, help=", ".join(FAMILIES)
    )
    study.add_argument(
        "--exact", action="store_true", help="with contraction off, so that bits can be compared"
    )
    study.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to write (default: here)"
    )
    study.add_argument(
        "--jobs", metavar="N", type=int, help="processes (default: one for each core)"
    )
    study.add_argument(
        "--limit", metavar="S", type=float, default=LIMIT, help=f"seconds a case ({LIMIT:g})"
    )
    show = study.add_subparsers(metavar="show ROW", dest="action").add_parser(
        "show",
        help="measure one row and print all of it",
        description="Measures the row of that anchor or name, or the rows whose anchor contains "
        "it, and prints code, answers, verdicts and the reason.",
    )
    show.add_argument("row", metavar="ROW", nargs="+", help="an anchor or a name, or a part of one")
    show.set_defaults(run=_show)


def _add_diff(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    diff = commands.add_parser(
        "diff",
        help="compare two studies, for instance of a CPU and a GPU",
        description="Prints what changed from one study.json to another: new, vanished and changed "
        "differences, PyTorch's own answers, rows. Exits with 1 where anything did.",
    )
    diff.add_argument("before", metavar="A.json", type=Path)
    diff.add_argument("after", metavar="B.json", type=Path)
    diff.set_defaults(run=_diff)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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


def _add_speed(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from .speed.rounds import LIMIT, ROUNDS

    speed = commands.add_parser(
        "speed",
        help="time the same work in PyTorch, torch.compile, plain JAX and jaxgrad",
        description="Times each work in processes that hold one library each, the competitors "
        "taking turns, beside what the machine can do. Writes speed.json, speed.md and, with "
        "--sizes, speed.svg; exits with 1 where a competitor failed. Without PyTorch its columns "
        "are empty.",
    )
    speed.set_defaults(run=_speed)
    speed.add_argument("--only", metavar="PART", default="", help="part of a family or a name")
    speed.add_argument(
        "--rounds", metavar="N", type=int, default=ROUNDS, help=f"processes each ({ROUNDS})"
    )
    speed.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="where to write (default: here)"
    )
    speed.add_argument(
        "--sizes", action="store_true", help="draw the cost against the size too, from 10^2 to 10^8"
    )
    speed.add_argument(
        "--limit", metavar="S", type=float, default=LIMIT, help=f"seconds a process ({LIMIT:g})"
    )


def _study(options: argparse.Namespace) -> int:
    _need("rich", "jinja2", "matplotlib", "pebble", "fastjsonschema", "flax", "equinox")
    if options.exact and EXACT_FLAG not in os.environ.get("XLA_FLAGS", ""):
        return _again_exact(options)
    if (options.live or options.record) and not _installed("torch"):
        raise Refused("PyTorch is not installed; without --live its recorded answers are used")
    if not os.access(options.out, os.W_OK) or not options.out.is_dir():
        raise Refused(f"cannot write into {options.out}; name another folder with --out")
    if (options.jobs is not None and options.jobs < 1) or options.limit <= 0:
        raise Refused("--jobs and --limit must be above 0")
    from . import measuring

    return measuring.study(options)


def _show(options: argparse.Namespace) -> int:
    _need("rich", "pebble", "fastjsonschema")
    if options.live and not _installed("torch"):
        raise Refused("PyTorch is not installed; without --live its recorded answers are used")
    from . import measuring

    wanted = " ".join(options.row)
    chosen = measuring.found(wanted)
    if not chosen:
        raise Refused(f"no row is called {wanted!r}; `jaxgrad study` lists them all")
    if len(chosen) > measuring.SHOWN:
        names = ", ".join(case.anchor() for case in chosen[: measuring.SHOWN])
        raise Refused(f"{len(chosen)} rows are called {wanted!r}: {names}, …; say more")
    return measuring.show(chosen, live=options.live)


def _diff(options: argparse.Namespace) -> int:
    _need("fastjsonschema")
    from . import diff, schema

    try:
        before, after = (schema.document(path) for path in (options.before, options.after))
    except (OSError, schema.Malformed) as error:
        raise Refused(str(error)) from None
    changes = diff.between(before, after)
    for change in changes:
        print(change)
    print(f"{len(changes)} differences between the two studies.")
    return 1 if changes else 0


def _compare(options: argparse.Namespace) -> int:
    if not _installed("torch"):
        raise Refused("PyTorch is not installed; run: pip install torch")
    from .port import files

    try:
        report = files.compared(options.torch_fn, options.jax_fn, options.input)
    except files.Unusable as error:
        raise Refused(str(error)) from None
    print(report)
    return 0 if report.agrees else 1


def _speed(options: argparse.Namespace) -> int:
    _need("rich", "matplotlib")
    if not os.access(options.out, os.W_OK) or not options.out.is_dir():
        raise Refused(f"cannot write into {options.out}; name another folder with --out")
    if options.rounds < 1 or options.limit <= 0:
        raise Refused("--rounds and --limit must be above 0")
    from .speed import command, limits

    works = command.found(options.only)
    if not works:
        names = "\n  ".join(f"{work.family}: {work.name}" for work in command.WORKS)
        raise Refused(f"no work is called {options.only!r}; there are\n  {names}")
    return command.speed(options, works, limits.limits())


def _again_exact(options: argparse.Namespace) -> int:
    """The same command in a process where XLA compiles for a processor without contraction."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise Refused(f"--exact needs an x86-64 processor, not {platform.machine()}")
    flags = f"{os.environ.get('XLA_FLAGS', '')} {EXACT_FLAG}".strip()
    command = [sys.executable, "-m", "jaxgrad.study", "--exact", "--out", str(options.out)]
    command += ["--all"] * options.all + ["--live"] * options.live
    command += ["--record"] * options.record
    command += ["--limit", str(options.limit)]
    command += ["--jobs", str(options.jobs)] if options.jobs else []
    for family in options.only or ():
        command += ["--only", family]
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(command, env=environment, check=False).returncode


def _need(*names: str) -> None:
    missing = [name for name in names if not _installed(name)]
    if missing:
        raise Refused(f"needs {', '.join(missing)}; run: pip install 'jaxgrad[study]'")


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
