"""What holds for the whole package: the import arrows, the public names, their docstrings."""

import ast
import doctest
import importlib
import inspect
import json
import pathlib
import pkgutil
import re
import subprocess
import sys

import jax
import pytest
from tiers import each

import jaxgrad

ROOT = pathlib.Path(jaxgrad.__file__).parent
README = pathlib.Path(__file__).parent.parent / "README.md"
GUIDES = sorted((ROOT / "study" / "guides").glob("*.md"))
LAYERS = [
    "_dtypes",
    "_remedies",
    "_values",
    "_checks",
    "_calls",
    "_extras",
    "_ending",
    "_jaxpr",
    "_torch_names",
    "_operands",
    "_complex",
    "_sigmoids",
    "_leaves",
    "_closeness",
    "data",
    "random",
    "tensor",
    "functional",
    "autocast",
    "init",
    "replay",
    "state_dict",
    "autograd",
    "graph",
    "schedules",
    "optim",
    "fit",
    "port",
    "study",
    "cli",
    "__main__",
]
"""A later one may import an earlier one, never the reverse."""

PUBLIC = [
    "autocast",
    "autograd",
    "data",
    "fit",
    "functional",
    "graph",
    "init",
    "optim",
    "random",
    "replay",
    "schedules",
    "state_dict",
    "tensor",
]


def public():
    """Every public name: what `__all__` lists, or where there is none, what is re-exported."""
    for name in PUBLIC:
        module = importlib.import_module(f"jaxgrad.{name}")
        for attribute, value in vars(module).items():
            listed = getattr(module, "__all__", [attribute])
            if attribute in listed and (inspect.isfunction(value) or inspect.isclass(value)):
                yield f"{name}.{attribute}", value


def modules():
    return [name for _, name, _ in pkgutil.walk_packages([str(ROOT)], "jaxgrad.")]


def imported(path):
    """The layers of jaxgrad that a file imports, anywhere in it."""
    package = ("jaxgrad", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            prefix = ".".join([*base, *filter(None, [node.module])])
            names = [f"{prefix}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "jaxgrad" and len(parts) > 1 and parts[1] in LAYERS:
                yield parts[1]
            elif parts[0] == "torch":
                yield "torch"


def test_import_arrows():
    each({str(path): path for path in ROOT.rglob("*.py")}, assert_arrows)


def assert_arrows(path):
    layer = "__main__" if path.stem == "__main__" else path.relative_to(ROOT).parts[0]
    layer = layer.removesuffix(".py")
    if layer == "__init__":
        allowed = {"_checks", *PUBLIC}
    elif layer == "data":
        allowed = {"_checks", "_ending", "_extras", "data"}
    else:
        allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    assert set(imported(path)) <= allowed


def run(code):
    """Runs code in a fresh interpreter; what it prints is JSON."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    return json.loads(result.stdout)


EVERY = "[getattr(jaxgrad, name) for name in jaxgrad.__all__]"
"""Modules are imported when they are named; this names all of them."""


def test_import_alone_loads_no_jax():
    code = "import jaxgrad.cli, json, sys; print(json.dumps(list(sys.modules)))"
    assert not {"jax", "jaxlib", "numpy", "optax"} & set(run(code))


def test_modules_are_imported_when_they_are_named():
    """Here under jit, where an array that a module makes as it is imported would be a tracer."""
    code = """
import jax, jaxgrad, json, sys
listed = set(jaxgrad.__all__) <= set(dir(jaxgrad))
named = lambda: [getattr(jaxgrad, name).__name__ for name in jaxgrad.__all__]
with jax.checking_leaks():
    jax.jit(lambda x: (x, named())[0])(1.0)
ours = [vars(module) for name, module in sys.modules.items() if name.startswith("jaxgrad")]
leaked = [key for names in ours for key, x in names.items() if isinstance(x, jax.core.Tracer)]
print(json.dumps([listed, leaked, *sorted(named())]))
"""
    assert run(code) == [True, [], "checkify", *(f"jaxgrad.{name}" for name in PUBLIC)]
    with pytest.raises(AttributeError, match="module 'jaxgrad' has no attribute 'nonsense'"):
        _ = jaxgrad.nonsense


def test_import_loads_neither_torch_nor_the_study():
    loaded = run(f"import jaxgrad, json, sys; {EVERY}; print(json.dumps(list(sys.modules)))")
    heavy = (
        "torch",
        "jaxgrad.port",
        "jaxgrad.study",
        "pyarrow",
        "orbax",
        "rich",
        "jinja2",
        "matplotlib",
    )
    assert not [name for name in loaded if name.startswith(heavy)]


def test_import_has_no_side_effects():
    code = """
import json, os, jax, optax
before = dict(jax.config.values), dict(os.environ)
import jaxgrad
EVERY
same = [dict(jax.config.values) == before[0], dict(os.environ) == before[1]]
jax.config.update("jax_num_cpu_devices", 3)  # refused once anything ran on a device
print(json.dumps(same))
"""
    assert run(code.replace("EVERY", EVERY)) == [True, True]


def test_the_study_imports_torch_lazily():
    code = """
import json, sys
import jaxgrad.cli, jaxgrad.study.measurement, jaxgrad.study.cases
print(json.dumps("torch" in sys.modules))
"""
    assert run(code) is False


def test_there_are_public_names():
    assert {"autograd.backward", "fit.fit", "fit.Fit", "functional.mse_loss", "random.normal"} <= {
        name for name, _ in public()
    }


def test_docstrings():
    each({name: (name, value) for name, value in public()}, assert_documented)


def assert_documented(named):
    name, value = named
    text = inspect.getdoc(value) or ""
    if inspect.isclass(value):
        assert "Attributes:" in text
        return
    for part in ("Args:", "Returns:", "Raises:", "Source:", ">>>"):
        assert part in text, f"{name} lacks {part}"
    for parameter in inspect.signature(value).parameters:
        assert f"    {parameter}: " in text, f"{name} does not explain {parameter}"


def test_modules_say_what_they_are():
    named = {name: name for name in ["jaxgrad", *modules()] if not name.endswith("__main__")}
    each(named, assert_said)


def assert_said(name):
    assert importlib.import_module(name).__doc__


@pytest.mark.thinned(1)
@pytest.mark.parametrize("page", [README, *GUIDES], ids=lambda page: page.stem)
def test_readme_and_guides_run(page):
    # The settings are a reader's, and the closing fence is no part of what an example prints.
    lines = page.read_text(encoding="utf-8").split("\n")
    text = "\n".join("" if line.startswith("```") else line for line in lines)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        example = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
        results = doctest.DocTestRunner(verbose=False).run(example)
    assert results == (0, text.count("\n>>> "))


def test_readme_and_guides_have_their_examples():
    with_examples = {page.stem[:2] for page in GUIDES if ">>> " in page.read_text(encoding="utf-8")}
    assert with_examples >= {"10", "20", "30", "40", "50", "60"}
    for page in (README, *GUIDES):
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S):
            assert ">>> " in code or ast.parse(code), page.name


def test_readme_is_short_and_its_links_lead_somewhere():
    assert len(README.read_bytes()) <= 6000
    repository = README.parent  # the package may be installed elsewhere
    guides = [repository / "jaxgrad" / page.relative_to(ROOT) for page in GUIDES]
    for page in (README, repository / ".github" / "CONTRIBUTING.md", *guides):
        links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", page.read_text(encoding="utf-8"))
        missing = [link for link in links if not (page.parent / link).exists()]
        assert not missing, page.name


def test_readme_tells_what_the_study_guide_tells():
    """`.ci/run study` holds the guide against the study."""
    (guide,) = (page for page in GUIDES if page.stem.endswith("study"))
    text = " ".join(guide.read_text(encoding="utf-8").split())
    sentences = r"(\d+) cases\. .*? in (\d+) of them\. .*? in (\d+), and jaxgrad agrees in (\d+)\."
    found = re.search(sentences, text)
    cases, offered, plain, ours = map(int, found.groups())
    told = (
        f"{cases:,} cases, run in PyTorch",
        f"something in {offered:,} of them. There, plain JAX agrees with PyTorch in {plain:,} and "
        f"jaxgrad in {ours:,}. Each of the other {offered - ours:,} is declared",
    )
    readme = " ".join(README.read_text(encoding="utf-8").split())
    assert all(sentence in readme for sentence in told)


def test_version():
    changelog = README.with_name("CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {jaxgrad.__version__}" in changelog
