import re

import numpy as np
import pytest

from jaxgrad.study import measurement, reading, record
from jaxgrad.study.answer import Answer
from jaxgrad.study.case import Case
from jaxgrad.study.cases import pages
from jaxgrad.study.reading import Misread

HEAD = "# Made\n\nMade up.\n\n## twice\n\nThe same.\n\n"
INPUTS = "**inputs**\n\n```python\nx = np.float32([1, 2])\n```\n\n"
TORCH = "**torch**\n\n```python\nx * 2\n```\n\n"
JAX = "**jax**: same\n\n```python\nx + x\n```\n\n"
OURS = JAX.replace("jax", "jaxgrad")
WHOLE = """\
# Made: everything

What the page is about,
in two lines and with `code`.

A second paragraph.

- place: 2.5

## x \\* y \\* z, twice_over

The reason, which is
`wrapped`.

And goes on.

- source: In [3]
- grads: x, y
- rtol: 1e-3
- exact
- x64
- eager
- picture: kink
- link: https://example.org/a_b_c.html

**inputs**

```python
_half = np.float32(0.5)
x = np.array([1.0, 2.0], np.float32) * _half
y = rng.randn(3)
rate = 0.25
words = ["a", None]
```

**torch**

```python
z = x * 2

z + 1
```

**jax**: gradient

```python
x * 2 + 1
```

**jaxgrad**: value (right)

```python
F.relu(x)
```

**remedy**

```python
x
```

**oracle**

```python
x
```

**distribution**

```python
[0.5, 0.5]
```
"""


def written(folder, text, name="made_page"):
    path = folder / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_that_a_page_can_say(tmp_path):
    page = reading.page(written(tmp_path, WHOLE))
    assert (page.stem, page.title, page.place) == ("made_page", "Made: everything", 2.5)
    assert (
        page.about == "What the page is about, in two lines and with code.\n\nA second paragraph."
    )
    assert page.lines == (10,)
    (case,) = page.cases
    inputs = case.inputs
    assert list(inputs) == ["x", "y", "rate", "words"]
    assert inputs["x"].dtype == np.float32 and inputs["x"].tolist() == [0.5, 1.0]
    assert inputs["y"].shape == (3,) and inputs["rate"] == 0.25 and inputs["words"] == ["a", None]
    assert case == Case(
        family="made",
        name="x * y * z, twice_over",
        why="The reason, which is wrapped.\n\nAnd goes on.",
        source="In [3]",
        grads=("x", "y"),
        rtol=1e-3,
        exact=True,
        x64=True,
        eager=True,
        picture="kink",
        link="https://example.org/a_b_c.html",
        inputs=inputs,
        torch="z = x * 2\n\nz + 1",
        jax="x * 2 + 1",
        verdict_jax="gradient",
        jaxgrad="F.relu(x)",
        verdict_jaxgrad="value",
        difference="right",
        remedy="x",
        oracle="x",
        distribution="[0.5, 0.5]",
    )


def test_a_case_needs_little(tmp_path):
    (case,) = reading.page(written(tmp_path, HEAD + TORCH + JAX, "made")).cases
    plain = Case(family="made", name="twice", why="The same.", torch="x * 2", jax="x + x")
    assert case == plain


@pytest.mark.thinned(1)
@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "the page ends too early"),
        ("Made up.\n", 1, "a page begins with its title, such as # Kinks, and has no second"),
        ("## twice\n", 1, "a page begins with its title, such as # Kinks, and has no second"),
        (HEAD + "# Again\n", 9, "a page begins with its title, such as # Kinks, and has no second"),
        (HEAD + "### deeper\n", 9, "a page has headings of two levels, prose, lists and python"),
        (HEAD + "> said\n", 9, "a page has headings of two levels, prose, lists and python blocks"),
        (HEAD + "1. one\n", 9, "a page has headings of two levels, prose, lists and python blocks"),
        (HEAD + "    x * 2\n", 9, "a page has headings of two levels, prose, lists and python"),
        (HEAD + "<b>\nx\n</b>\n", 9, "a page has headings of two levels, prose, lists and python"),
        (HEAD + "as *said*\n", 9, r"write \ before the sign that begins em_open: prose is plain"),
        ("# a **b** c\n", 1, r"write \ before the sign that begins strong_open: prose is plain"),
        (HEAD + "at [0](x)\n", 9, r"write \ before the sign that begins link_open"),
        (HEAD + "a <b> c\n", 9, r"write \ before the sign that begins html_inline"),
        (HEAD + "```python\nx\n```\n", 9, "a label, such as **torch**, and a block of code come"),
        (HEAD + "**torch**\n\nx\n", 11, "a label, such as **torch**, and a block of code come"),
        (HEAD + TORCH + "**jax**: same\n\n## next\n", 17, "a label, such as **torch**, and a"),
        (HEAD + TORCH + "**jax**: same\n", 15, "the page ends too early"),
        (
            HEAD + "**numpy**\n\n```python\nx\n```\n",
            11,
            "**numpy** is the label of no block; blocks ",
        ),
        (HEAD + "**torch** x\n\n```python\nx\n```\n", 11, "**torch** x is the label of no block"),
        (HEAD + "**torch**\n\n```\nx\n```\n", 11, "a block of python, not of nothing"),
        (HEAD + "**torch**\n\n```c\nx\n```\n", 11, "a block of python, not of c"),
        (HEAD + TORCH.replace("```\n\n", "\n") + JAX, 11, "the block does not end"),
        (HEAD + JAX + TORCH.replace("```\n\n", "\n"), 17, "the block does not end"),
        (HEAD + JAX + "**torch**\n\n```python\n", 17, "the block does not end"),
        (HEAD + JAX.replace(": same", ""), 11, "the verdict of jax is same or error or "),
        (HEAD + JAX.replace("same", "other"), 11, "the verdict of jax is same or error or "),
        (
            HEAD + "**torch**: same\n\n```python\nx\n```\n",
            11,
            "the verdict of torch is none, not same",
        ),
        (
            HEAD + JAX.replace("same", "value (right)"),
            11,
            "the reason after value is none, not right",
        ),
        (
            HEAD + "**jaxgrad**: value (so)\n\n```python\nx\n```\n",
            11,
            "the reason after value is right or refuses or limit, not so",
        ),
        (
            HEAD + OURS.replace("same", "value"),
            11,
            "the reason after value is rig",
        ),
        (
            HEAD + OURS.replace("same", "same (right)"),
            11,
            "the reason after same is ",
        ),
        (HEAD + TORCH.replace("x * 2", "x *\n2"), 12, "torch: invalid syntax"),
        (HEAD + JAX.replace("x + x", "y = x\nx + * y"), 13, "jax: invalid syntax"),
        (HEAD + TORCH + TORCH, 17, "torch comes twice"),
        (HEAD + "- x64\n- x64\n", 10, "x64 comes twice"),
        (HEAD + "- colour: red\n", 9, "colour is no fact; facts are source, grads, rtol, "),
        (HEAD + "- source: In [1]\n  - x64: yes\n", 10, "x64 takes no value, not yes"),
        (HEAD + "- rtol: small\n", 9, "rtol takes a number, not small"),
        (HEAD + "- rtol: nan\n", 9, "rtol takes a number, not nan"),
        (HEAD + "- source\n", 9, "source takes words, not nothing"),
        (HEAD + "- grads: x y\n", 9, "grads takes names of inputs, not x y"),
        (HEAD + "- picture: bars\n", 9, "picture takes one of curve, kink, cover, not "),
        (HEAD + "- place: 3\n\n" + TORCH + JAX, 9, "place is a fact of the page"),
        ("# Made\n\n- x64\n", 3, "x64 comes before the first case"),
        ("# Made\n\n" + TORCH, 5, "torch comes before the first case"),
        (HEAD + JAX, 5, "the case has no torch"),
        (HEAD + TORCH, 5, "the case has no jax"),
        (HEAD + TORCH.replace("x * 2", "") + JAX, 5, "the case has no torch"),
        ("# Made\n\n## twice\n\n" + TORCH + JAX, 3, "the case has no why"),
        (HEAD + "- grads: y\n\n" + INPUTS + TORCH + JAX, 9, "grads: y is no array of the inputs"),
        (HEAD + INPUTS.replace(")", "") + TORCH + JAX, 12, "inputs: '(' was never closed"),
        (
            HEAD + INPUTS.replace("2]", "2, z]") + TORCH + JAX,
            12,
            "the inputs do not run: NameError(",
        ),
        (
            HEAD + INPUTS.replace("x =", "y = 1\nx = 1 / 0 +") + TORCH + JAX,
            13,
            "the inputs do not run",
        ),
        (HEAD + INPUTS.replace("[1, 2]", "1") + TORCH + JAX, 11, "the input x is neither an array"),
        (HEAD + INPUTS.replace("x =", "import math\nx =") + TORCH + JAX, 11, "the input math is n"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(tmp_path, text, line, message):
    path = written(tmp_path, text)
    with pytest.raises(Misread, match=rf"^{re.escape(f'{path}:{line}: {message}')}"):
        reading.page(path)


def test_other_fences_and_references(tmp_path):
    tildes = TORCH.replace("```", "~~~~").replace("x * 2", "x * len('```')")
    text = HEAD + "[x]: is the input.\n\n" + tildes + JAX.replace("```\n\n", "```  \n\n")
    (case,) = reading.page(written(tmp_path, text)).cases
    assert case.torch == "x * len('```')" and case.why == "The same.\n\n[x]: is the input."


def test_what_is_no_page_is_told(tmp_path):
    with pytest.raises(Misread, match=r"Made.md:1: the name of a page is like family_topic.md"):
        pages(written(tmp_path, HEAD + TORCH + JAX, "Made").parent)
    (tmp_path / "Made.md").unlink()
    (tmp_path / "made.md").write_bytes(b"# Made\n\xff\n")
    with pytest.raises(Misread, match=r"made.md:1: 'utf-8' codec can't decode byte 0xff"):
        pages(tmp_path)


def test_two_cases_of_one_name(tmp_path):
    one = written(tmp_path, HEAD + TORCH + JAX, "made_one")
    two = written(tmp_path, HEAD + TORCH + JAX, "made_two")
    with pytest.raises(Misread, match=rf"^{two}:5: 'twice' is at made_one.md:5 too$"):
        pages(tmp_path)
    other = written(tmp_path, (HEAD + TORCH + JAX).replace("Made", "Other"), "other")
    two.unlink()
    assert [page.stem for page in pages(tmp_path)] == ["made_one", "other"]
    both = HEAD + TORCH + JAX + "## Twice!\n\nAgain.\n\n" + TORCH + JAX
    one.write_text(both, encoding="utf-8")
    with pytest.raises(Misread, match=rf"^{one}:21: 'Twice!' is at made_one.md:5 too$"):
        pages(tmp_path)
    assert other.exists()


def test_pages_are_found_in_the_order_of_their_places(tmp_path):
    for name, place in {"a": "", "b": "- place: 20", "c": "- place: 3", "aa": ""}.items():
        written(tmp_path, f"# Made\n\n{place}\n\n## {name}\n\nIt is.\n\n{TORCH}{JAX}", name)
    written(tmp_path, "How a case is written.\n", "README")
    assert [page.stem for page in pages(tmp_path)] == ["c", "b", "a", "aa"]
    assert pages(tmp_path / "nowhere") == ()


def test_rng_is_seeded_by_the_cases_own_name(tmp_path):
    draw = TORCH + JAX + "**inputs**\n\n```python\nx = rng.randn(3)\n```\n\n"
    text = HEAD + draw + "## thrice\n\nThe same.\n\n" + draw
    twice, thrice = (case.inputs["x"] for case in reading.page(written(tmp_path, text)).cases)
    assert (twice != thrice).all()
    alone = text[: text.index("## twice")] + text[text.index("## thrice") :]
    (case,) = reading.page(written(tmp_path, alone)).cases
    np.testing.assert_array_equal(case.inputs["x"], thrice, strict=True)


def test_a_case_is_added_by_writing_markdown_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    text = HEAD + INPUTS + TORCH + JAX
    (case,) = pages(written(tmp_path, text).parent)[0].cases
    record.write("made", "2.13.0", [(case, Answer(np.float32([2, 4])))])
    row = measurement.measure(case, measurement.recorded)
    assert row.problems == () and row.versus_jax.verdict == "same"
    written(tmp_path, text.replace("x + x", "x + x + 1"))
    (case,) = pages(tmp_path)[0].cases
    row = measurement.measure(case, measurement.recorded)
    assert row.problems == (
        "plain JAX: declared same, measured value (answer is out of tolerance)",
    )


@pytest.mark.torch
def test_pytorch_is_asked_of_a_case_that_was_just_written(tmp_path):
    text = HEAD + "- grads: x\n\n" + INPUTS + TORCH.replace("x * 2", "F.relu(x) * 2") + JAX
    (case,) = pages(written(tmp_path, text).parent)[0].cases
    row = measurement.measure(case, measurement.live)
    assert row.problems == () and row.torch.grads["x"].tolist() == [2, 2]
