"""`jaxgrad translate`; `jaxgrad.port` does the work."""

import argparse
import json
from pathlib import Path
from typing import Any

from jaxgrad import _extras

from . import outputs
from .compare import add_input
from .refusal import Refused, need


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the subcommand to a parser."""
    translate = commands.add_parser(
        "translate",
        help="translate your own nn.Module to JAX source, and compare the two",
        description="Translates a PyTorch module, FILE.py:NAME, to a file of pure functions in JAX "
        "that needs no PyTorch. NAME is a module, or a class or a function that makes one. The "
        "file is executed; it may define inputs, a tuple of arrays, and dynamic_shapes. Then the "
        "command compares the two in values, gradients and dtypes, and writes a test that does so "
        "later without PyTorch. Exits with 1 if they differ.",
    )
    translate.add_argument("module", metavar="FILE.py:NAME", help="an nn.Module")
    translate.add_argument("-o", "--out", type=Path, required=True, help="the file to write")
    add_input(translate)
    translate.add_argument("--training", action="store_true", help="translate it in training mode")
    translate.add_argument(
        "--scan",
        action="store_true",
        help="write rows of equal modules as scans over their stacked parameters",
    )
    translate.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="also write the parameters, to a .safetensors or .pt file",
    )
    translate.add_argument(
        "--no-test",
        action="store_true",
        help="do not write test_OUT.py, and beside it what PyTorch gives",
    )
    translate.add_argument("--json", action="store_true", help="print the comparison as JSON")
    translate.set_defaults(run=_translate)


def _translate(options: argparse.Namespace) -> int:
    need(study=_extras.EXTRAS["study"], torch=["torch"])
    test = None if options.no_test else options.out.with_name(f"test_{options.out.name}")
    answers = test and test.with_suffix(".safetensors")
    written = {"the test of --out": test, "the answers for the test": answers}
    if test and test.is_file() and "assert_as_recorded" not in test.read_text(encoding="utf-8"):
        raise Refused(f"{test} is not a test that this command wrote; move it, or give --no-test")
    outputs.check(
        {"--out": options.out, "--weights": options.weights, **written},
        [options.module.rpartition(":")[0]],
    )
    from jaxgrad.port.files import Unusable
    from jaxgrad.port.translation.files import translate_file

    try:
        report = translate_file(
            options.module,
            options.out,
            shapes=options.input,
            training=options.training,
            scan=options.scan,
            weights=options.weights,
            test=not options.no_test,
        )
    except Unusable as error:
        raise Refused(str(error)) from None
    print(json.dumps(_facts(report, options.out)) if options.json else f"{options.out}: {report}")
    return 0 if report.verdict != "differs" else 1


def _facts(report: Any, out: Path) -> dict[str, object]:
    return {
        "file": str(out),
        "verdict": report.verdict,
        "first": report.first,
        "differences": [str(difference) for difference in report.differences],
        "notes": list(report.notes),
    }
