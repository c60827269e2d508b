"""The examples do what they say, and the notebooks print what they show."""

import ast
import contextlib
import importlib.util
import io
import json
import math
import os
import pathlib
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("ordinary")
EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("backward_and_accumulate", 1e-5),
        ("initial_weights", 1e-6),
        ("sampling", 0.01),
        ("linear_fit", 1e-5),
        ("fit_anywhere", 0.01),
    ],
)
def test_scripts(name, largest, capsys):
    path = EXAMPLES / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert capsys.readouterr().out == "", "importing an example prints"
    assert 0 <= module.main() < largest
    assert capsys.readouterr().out
    assert len(path.read_text(encoding="utf-8").splitlines()) < 80


def test_every_script_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "fit_anywhere",
        "backward_and_accumulate",
        "initial_weights",
        "sampling",
        "linear_fit",
    }


NETWORKS = {"gpt2": 0.01, "mtcnn_pnet": math.inf, "pitch_tracker": 0.2, "resnet18": 1e-3}
NETWORKS |= {"unet": 0.05, "vit": 0.05}
"""The networks, and what their `main` may return at most."""
TRAINED = {"digits_cnn", "lstm_classifier"}
"""The networks whose training `examples/test_training.py` runs."""
WITHOUT_TORCH = """
import json, runpy, sys
sys.modules["torch"] = None  # it cannot be imported
names = runpy.run_path(sys.argv[1])
print("ready")
print(json.dumps(names["main"]()))
"""


@pytest.mark.thinned(100)
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_networks_run_where_pytorch_cannot_be_imported(name):
    path = EXAMPLES / "networks" / f"{name}.py"
    command = [sys.executable, "-c", WITHOUT_TORCH, str(path)]
    env = os.environ | {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # to compile quickly
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    first, *told, value = done.stdout.splitlines()
    assert first == "ready" and told, "importing an example prints, or its main does not"
    assert 0 <= json.loads(value) < NETWORKS[name]
    assert done.stderr == ""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 200


def test_every_network_is_tested():
    assert {path.stem for path in (EXAMPLES / "networks").glob("*.py")} == {*NETWORKS, *TRAINED}
    tests = pathlib.Path(__file__).with_name("examples")
    assert all((tests / f"test_{name}.py").exists() for name in NETWORKS)


def outputs(cell):
    """What a committed cell shows as text."""
    parts = []
    for output in cell["outputs"]:
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"
        data = output.get("text") or output.get("data", {}).get("text/plain") or []
        if "image/png" not in output.get("data", {}):
            parts.append("".join(data))
    return "\n".join(part.strip() for part in parts)


def run(source, names):
    """What a cell shows when it runs: what it prints, then the value of its last line."""
    module = ast.parse(source)
    last = module.body.pop() if isinstance(module.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(module, "<cell>", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
    shown = [printed.getvalue().strip(), "" if value is None else repr(value)]
    return "\n".join(filter(None, shown))


def numbers(text):
    """A text as its words and its numbers, the latter to six digits."""
    text = re.sub(r"(\d+\.py|<cell>):", "cell:", text)  # the file that a notebook's cell is in
    text = re.sub(r"\s+", " ", text)
    pattern = r"-?\d+\.?\d*(?:e[+-]?\d+)?"
    return re.sub(pattern, "#", text), [float(n) for n in re.findall(pattern, text)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("tour", 3),
        ("port_a_training_script", 1),
        pytest.param("debugging_gradients", 3, marks=pytest.mark.nightly),
    ],
)
def test_notebooks_print_what_they_show(name, shown, monkeypatch):
    import matplotlib

    monkeypatch.setattr(matplotlib, "get_backend", matplotlib.get_backend)
    matplotlib.use("agg")
    notebook = json.loads((EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8"))
    names, pictures = {}, 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        words, values = numbers(run(source, names))
        shown_words, shown_values = numbers(outputs(cell))
        assert words == shown_words, source
        assert values == pytest.approx(shown_values, rel=1e-4, abs=1e-6), source
        pictures += sum("image/png" in output.get("data", {}) for output in cell["outputs"])
    assert pictures == shown


def originals():
    """PyTorch's cells in the tour: their numbers, their code and what they printed."""
    cells = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    for heading, section in re.findall(r"^## (In \[.*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        first, *last = [int(n) for n in re.findall(r"In \[(\d+)\]", heading)]
        blocks = re.findall(r"^```(python|text)\n(.*?)\n?^```", section, re.M | re.S)
        numbers = iter(range(first, last[0] + 1 if last else first + 1))
        for place, (language, code) in enumerate(blocks):
            if language == "python":
                following = blocks[place + 1 : place + 2]
                printed = [shown for kind, shown in following if kind == "text"]
                yield next(numbers), code, printed[0] if printed else ""


def test_the_tour_shows_every_original_cell():
    assert [number for number, _, _ in originals()] == list(range(1, 26))
    silent = [number for number, _, printed in originals() if not printed]
    assert silent == [9, 16, 19, 20, 22]


@pytest.mark.torch
def test_the_original_cells_print_what_the_tour_shows():
    """PyTorch's answers of today, to the digit where nothing is random."""
    names = {}
    sampled, renamed = {2, 3, 4, 5, 6, 7, 10, 11, 12, 13}, {14, 15, 23}
    for number, code, printed in originals():
        shown = run(code, names)
        if number in renamed:
            assert shown
        elif number in sampled:
            start = re.sub(r"\s|-?\d+\.?\d*(e[+-]\d+)?", "", printed)
            assert re.sub(r"\s|-?\d+\.?\d*(e[+-]\d+)?", "", shown)[:20] == start[:20]
        else:
            assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", printed), f"In [{number}]"


@pytest.mark.torch
def test_the_ported_script_prints_what_its_notebook_shows():
    """PyTorch's losses of today, and `compare_training` of the script and its port."""
    text = (EXAMPLES / "port_a_training_script.ipynb").read_text(encoding="utf-8")
    theirs, ours, verdicts = {}, {}, []
    printed = ""
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            if "plt.show" not in source:
                run(source, ours)
        elif "It printed:" in source:
            verdicts = re.findall(r"^```\w+\n(.*?)\n^```", source, re.M | re.S)
        else:
            for code in re.findall(r"^```python\n(.*?)\n^```", source, re.M | re.S):
                printed += run(code, theirs)
    assert_prints(printed, ours["PRINTED"])
    names = theirs | ours
    for code, shown in zip(verdicts[::2], verdicts[1::2], strict=True):
        assert_prints(run(code, names), shown)


def assert_prints(printed, shown):
    """The same words, and the same numbers to rounding."""
    words, values = numbers(printed.strip())
    shown_words, shown_values = numbers(shown.strip())
    assert words == shown_words
    assert values == pytest.approx(shown_values, rel=1e-4, abs=1e-5)
