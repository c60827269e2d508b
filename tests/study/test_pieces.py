"""The blocks of the pages as code: each parses, knows its names, is short enough and laid out."""

import ast
import builtins
import pathlib
import re
import subprocess
import sys

import pytest
from tiers import each

from jaxgrad.study import cases, run

PAGES = sorted(p for p in pathlib.Path(cases.__file__).parent.glob("*.md") if p.stem != "README")
BLOCK = re.compile(r"^\*\*(\w+)\*\*[^\n]*\n\n```python\n(.*?)^```$", re.M | re.S)
SIDES = {"PyTorch": "torch", "plain JAX": "jax", "jaxgrad": "jaxgrad"}
TOLD = {
    SIDES[side]: set(re.findall(r"\w+", re.sub(r"\(.*?\)|;.*", "", told)))
    for side, told in run.NAMES.items()
    if side in SIDES
}
SEEN = {
    "inputs": {"np", "rng"},
    "torch": TOLD["torch"],
    "jax": TOLD["jax"],
    "remedy": TOLD["jax"],
    "jaxgrad": TOLD["jax"] | TOLD["jaxgrad"] | {"jaxgrad"},
    "oracle": {"np", "scipy", "math"},
    "distribution": {"np", "stats"},
}
"""What a block sees beside the case's inputs."""


def stored(tree):
    """The names that a piece of code gives something to, parameters included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.alias | ast.ExceptHandler):
            yield str(node.name)


def pieces():
    """Every block: {its file and line: (label, code, the names that it sees)}."""
    found = {}
    for path in PAGES:
        text, seen = path.read_text(encoding="utf-8"), set()
        for match in re.finditer(rf"^## |{BLOCK.pattern}", text, re.M | re.S):
            label, code = match.groups()
            if label is None:
                seen = set()
                continue
            if label == "inputs":
                seen = set(stored(ast.parse(code)))
            line = text.count("\n", 0, match.start(2)) + 1
            found[f"{path.name}:{line}"] = label, code, SEEN[label] | seen
    return found


PIECES = pieces()


def test_no_block_is_overlooked():
    labels = [label for label, _, _ in PIECES.values()]
    for label in SEEN:
        assert labels.count(label) == sum(bool(getattr(case, label)) for case in cases.CASES), label


def test_blocks_parse_and_are_short_and_know_their_names():
    each(PIECES, assert_good)


def assert_good(piece):
    label, code, seen = piece
    tree = ast.parse(code)
    assert isinstance(tree.body[-1], ast.Expr) == (label != "inputs")
    assert max(map(len, code.splitlines())) <= 100
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - set(stored(tree))
    assert not loaded - seen - set(dir(builtins))


def test_a_name_that_no_side_has_is_noticed():
    with pytest.raises(AssertionError):
        assert_good(("jax", "torch.abs(x)\n", SEEN["jax"] | {"x"}))


LEFT = {
    "F821": "names are looked up above",
    "B018": "the last line is the answer",
    "B015": "the last line is the answer",
    "E731": "a formula is one line",
    "B905": "as in the code that is ported",
    "B007": "a loop's counter is called epoch or step, as in the code that is ported",
    "F841": "the described notebook computes what it does not use",
    "E741": "the described notebook calls the loss l",
}


def test_ruff_finds_nothing(tmp_path):
    pytest.importorskip("ruff", reason="ruff is not installed")
    for where, (_, code, _) in PIECES.items():
        (tmp_path / f"{where.replace('.md:', '_')}.py").write_text(code, encoding="utf-8")
    root = pathlib.Path(__file__).parents[2]
    check = ["check", "--isolated", "--line-length=100", "--select=E,F,I,UP,B", tmp_path]
    ruff(*check, f"--ignore={','.join(LEFT)}", cwd=root)
    ruff("format", "--check", "--config", root / "pyproject.toml", *PAGES, cwd=root)


def ruff(*arguments, cwd):
    command = [sys.executable, "-m", "ruff", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
