"""What a module imports is declared in pyproject.toml: by the package, or by the module's extra."""

import ast
import pathlib
import re
import sys
import tomllib

import jaxgrad
from jaxgrad import _extras
from jaxgrad.study import run

ROOT = pathlib.Path(jaxgrad.__file__).parent
PYPROJECT = pathlib.Path(__file__).parent.parent / "pyproject.toml"
PROJECT = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
EXTRAS_OF = {"data": {"data"}, "fit": {"data", "checkpoint"}, "study": {"study", "torch"}}
"""The extras that a part of the package may import from; the others have none."""
GIVEN = {"import_module": 1, "load": 2}
"""Functions that import what they are given the name of: it is the last of so many arguments."""


def declared(extra=None):
    """The names of the distributions, as modules are spelled."""
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return {re.match(r"[\w-]+", name)[0].replace("-", "_") for name in wanted}


def modules(node):
    """The modules that a node of a program imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [] if node.level else [node.module]
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        given = node.args[: GIVEN[name]][-1:] if name in GIVEN else []
        return [a.value for a in given if isinstance(a, ast.Constant)]
    return []


def distribution(module):
    top = "orbax_checkpoint" if module.startswith("orbax.") else module.partition(".")[0]
    return {"markdown_it": "markdown_it_py"}.get(top, top)


def imported():
    """What each file imports from beside Python and jaxgrad: {(part of the package, name)}."""
    found = {("study", distribution(module)) for module in run.LAYERS.values()}
    for path in ROOT.rglob("*.py"):
        part = path.relative_to(ROOT).parts[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {(part, distribution(m)) for node in ast.walk(tree) for m in modules(node)}
    return {(part, name) for part, name in found if name not in {*sys.stdlib_module_names, ""}}


def test_what_is_imported_is_declared():
    allowed = {
        part: declared().union(*(declared(extra) for extra in EXTRAS_OF.get(part, ())))
        for part, _ in imported()
    }
    undeclared = {(p, name) for p, name in imported() if name not in {"jaxgrad", *allowed[p]}}
    assert not undeclared


def test_what_is_declared_is_imported():
    used = imported()
    assert declared() <= {name for _, name in used}
    for extra in _extras.EXTRAS:
        parts = {part for part, extras in EXTRAS_OF.items() if extra in extras}
        assert declared(extra) <= {name for part, name in used if part in parts}, extra


def test_the_extras_are_those_of_the_project():
    told = {extra: {*map(distribution, names)} for extra, names in _extras.EXTRAS.items()}
    assert told == {extra: declared(extra) for extra in told}
    assert {*PROJECT["optional-dependencies"]} - {*told} == {"test", "browser"}
