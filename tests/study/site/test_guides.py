"""Markdown and notebooks as pages; the examples of the guides run."""

import doctest
import json

import jax
import pytest

from jaxgrad.study.site import guides

GUIDES = sorted(guides.FOLDER.glob("*.md"))


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_the_examples_of_a_guide_run(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    text = "\n".join("" if line.startswith("```") else line for line in lines)
    with jax.numpy_dtype_promotion("standard"):
        example = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
        assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_guides_are_ordered_by_their_numbers_and_notebooks_come_last(tmp_path):
    (tmp_path / "20_b.md").write_text("# Second\n")
    (tmp_path / "10_z.md").write_text("# First: a part\n")
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": []}))
    found = guides.guides(tmp_path, tmp_path / "nothing")
    assert [guide.name for guide in found] == ["z", "b", "a"]
    assert found[0].title == "First: a part" and found[0].short == "First"


def test_the_notebooks_of_a_checkout_are_guides():
    assert {"porting", "tour", "debugging_gradients", "port_a_training_script"} <= {
        g.name for g in guides.guides()
    }


def test_a_notebook_in_both_folders_is_one_guide(tmp_path):
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.ipynb").write_text(json.dumps({"cells": []}))
    assert len(guides.guides(tmp_path / "one", tmp_path / "other")) == 1


def test_markdown_is_marked_and_its_html_escaped():
    html = guides.markdown("# A\n\n<b>x</b> [to](https://x.org)\n\n```python\nx = 'a<b'\n```\n")
    assert '<pre><code class="language-python">x = <s>' in html
    assert "<h1>A</h1>" in html and "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<s>'a&lt;b'</s>" in html or "<s>&#39;a&lt;b&#39;</s>" in html
    assert "javascript:" not in guides.markdown("[x](javascript:alert(1))").replace(
        "[x](javascript:alert(1))", ""
    )


def test_a_table_is_a_table():
    assert "<td>1</td>" in guides.markdown("| a |\n|---|\n| 1 |\n")


def test_a_notebook_shows_text_code_output_and_pictures():
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {
            "cell_type": "code",
            "source": ["print(1 < 2)"],
            "outputs": [
                {"output_type": "stream", "text": ["True <\n"]},
                {"output_type": "display_data", "data": {"image/png": "AAAA\n"}},
                {"output_type": "display_data", "data": {"text/plain": "two", "text/html": "<i>"}},
            ],
        },
        {"cell_type": "code", "source": [], "outputs": []},
    ]
    html = guides.notebook({"cells": cells})
    assert "<h1>Title</h1>" in html and "print(" in html and "True &lt;" in html
    assert 'src="data:image/png;base64,AAAA"' in html
    assert "two</pre>" in html and "<i>" not in html.replace("<pre", "")


def test_a_picture_that_is_no_base64_is_not_shown():
    output = {"data": {"image/png": '"><script>', "text/plain": "a picture"}}
    cell = {"cell_type": "code", "source": "x", "outputs": [output]}
    html = guides.notebook({"cells": [cell]})
    assert "<script>" not in html and "a picture" in html
