"""The verdict on each name of PyTorch's operator database, and the command that records them.

    python tests/operation_verdicts.py [name …]

measures the names anew, or all, or those that are `missing`, and writes
`jaxgrad/port/translation/operations.json`.
"""

import contextlib
import functools
import json
import re
import sys
import warnings
from importlib import metadata
from pathlib import Path

import jax
from operation_reasons import REASONS
from operation_samples import Outcome, outcome, told
from ordinary import ordinarily

from jaxgrad.port.translation import operations

FILE = Path(operations.__file__).with_name("operations.json")
DTYPES = ("float64", "float32", "bfloat16", "int64", "int32", "bool")
SHARE = 4
"""About how many samples of each entry and dtype, spread over all of them."""
LITTLE = 10
"""How many times PyTorch's error is rounding still: what it is differs between processors."""


@functools.cache
def database():
    """The entries of each name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    names = {}
    for entry in op_db:
        names.setdefault(entry.name, []).append(entry)
    return names


def samples(entry, dtype):
    """Some samples of an entry, spread over all; none where it does not take the dtype."""
    import torch

    of = getattr(torch, dtype)
    if of not in entry.dtypes:
        return []
    floating = of.is_floating_point or of.is_complex
    backward = floating and entry.supports_autograd and of in entry.backward_dtypes
    torch.manual_seed(0)
    found = list(entry.sample_inputs("cpu", of, requires_grad=backward))
    return found[:: max(1, -(-len(found) // SHARE))]


def outcomes(name):
    """What becomes of the samples of a name, with their dtypes; complex where it has no others."""
    found = []
    for dtype in (*DTYPES, "complex128"):
        if dtype == "complex128" and found:
            break
        for entry in database()[name]:
            try:
                drawn = samples(entry, dtype)
            except Exception as error:  # such as of functions for a GPU
                drawn, found = [], [*found, (dtype, Outcome("skipped", told(error)))]
            found += [(dtype, outcome(entry, sample, dtype)) for sample in drawn]
    return found


def verdict(name):
    """The record of a name: verdict, expression, reason."""
    with settings():
        found = outcomes(name)
    exact = [one for _, one in found if one.kind == "exact"]
    wrong = [(dtype, one) for dtype, one in found if one.kind in ("differs", "error")]
    missing = [one for _, one in found if one.kind in ("refused", "export")]
    drawn = [one for _, one in found if one.kind == "random"]
    expression = shown([*exact, *drawn, *(one for _, one in wrong)])
    reason = REASONS.get(name, "")
    if wrong and all(is_rounding(dtype, one) for dtype, one in wrong) and not missing:
        kind, reason = "rounds", differing(wrong)
    elif wrong:
        kind, reason = "differs", reason or differing(wrong)
    elif missing or not exact:
        kind = "no counterpart" if reason else "not yet"
        others = [*missing, *drawn, *(one for _, one in found)]
        reason = reason or (others[0].reason if others else "PyTorch has no samples of it on a CPU")
    else:
        kind, reason = "exact", reason if drawn else ""
    return {"verdict": kind, "expression": expression, "reason": brief(reason)}


@contextlib.contextmanager
def settings():
    """The settings of a reader with 64-bit types."""
    with (
        jax.enable_x64(True),
        ordinarily(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # PyTorch's test modules use what they deprecate
        yield


_AS_JAX = r"^(\w+ = (jnp\.asarray\(|jax\.tree\.map\(jnp\.asarray, )\w+\)\n)+"
"""The lines that make arrays of JAX of the inputs."""


def shown(found):
    """The expression of the first sample that is more than a variable."""
    sources = [re.sub(_AS_JAX, "", one.source) for one in found]
    texts = [text.removeprefix("return ") for text in sources if text]
    return next((text for text in texts if not text.isidentifier()), texts[0] if texts else "")


def is_rounding(dtype, one):
    """Whether only the size of an error is above its bound, in bfloat16 or by little."""
    sizes = re.search(r"off by (\S+), PyTorch by ([^\s,]+)", one.reason)
    if sizes is None:
        return False
    ours, theirs = map(float, sizes.groups())
    return dtype == "bfloat16" or ours <= LITTLE * theirs


def differing(wrong):
    """What differs first, and in which dtypes."""
    dtypes = ", ".join(dict.fromkeys(dtype for dtype, _ in wrong))
    return f"{dtypes}: {wrong[0][1].reason}"


def brief(reason):
    """A reason without what a message says around it."""
    for text in (
        "Untranslatable: translate: expected operations that have a counterpart, got ",
        "Untranslatable: translate: PyTorch cannot export the module: ",
    ):
        reason = reason.replace(text, "")
    return reason.partition("; give the expression")[0].partition(" at tests/")[0][:200]


def main(names):
    """Measures names and records their verdicts."""
    known = json.loads(FILE.read_text(encoding="utf-8"))["operations"] if FILE.exists() else {}
    if names == ["missing"]:
        names = [name for name in database() if name not in known]
    for name in names or database():
        known[name] = verdict(name)
        write({name: known[name] for name in database() if name in known})


def write(known):
    """Writes the file, a line a name."""
    versions = {name: metadata.version(name).partition("+")[0] for name in ("torch", "jax")}
    lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in known.items()]
    text = f'{{\n"versions": {json.dumps(versions)},\n"operations": {{\n'
    FILE.write_text(text + ",\n".join(lines) + "\n}\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
