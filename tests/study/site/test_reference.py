"""Docstrings and signatures as HTML."""

from jaxgrad import fit, functional
from jaxgrad.study.site import names, reference
from jaxgrad.study.site.names import Offer


def documented(a: int, /, b: float = 1.0, *rest: str, c: bool = True, d, **more: int) -> list[int]:
    """The sum of `a` and <b>.

        y = a + b < 3

    A second paragraph, see https://example.org/a_b.html.

    Args:
        a: a number,
            on two lines: with a colon.
        b: `another`.

    Returns:
        A list of them.

    Raises:
        TypeError: `a` is no number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.add.html
    and others.

    Differs from PyTorch: it is a list;
    PyTorch gives a tensor.

    >>> 1 + 1
    2
    """
    return [a, int(b), len(rest), c, d, len(more)]


SECTIONS = {part.title: str(part.html) for part in reference.sections(documented)}


def test_every_section_is_there_in_its_order():
    assert list(SECTIONS) == [
        *("", "Arguments", "Returns", "Raises", "Source", "Differs from PyTorch", "Example")
    ]


def test_text_is_escaped_and_marked():
    assert "<p>The sum of <code>a</code> and &lt;b&gt;.</p>" in SECTIONS[""]
    assert "<pre>y = a + b &lt; 3</pre>" in SECTIONS[""]
    assert '<a href="https://example.org/a_b.html">' in SECTIONS[""]


def test_lists_are_terms_and_their_meanings():
    told = "<dt>a</dt><dd>a number, on two lines: with a colon.</dd>"
    assert told in SECTIONS["Arguments"]
    assert "<dt>b</dt><dd><code>another</code>.</dd>" in SECTIONS["Arguments"]
    assert "<dt>TypeError</dt>" in SECTIONS["Raises"]


def test_prose_goes_on_over_lines():
    assert SECTIONS["Returns"] == "<p>A list of them.</p>"
    assert SECTIONS["Differs from PyTorch"] == "<p>it is a list; PyTorch gives a tensor.</p>"
    assert SECTIONS["Source"].endswith("and others.</p>")


def test_an_example_is_a_console():
    assert SECTIONS["Example"].startswith("<pre>") and "<samp>2\n</samp>" in SECTIONS["Example"]


def test_a_long_signature_has_a_line_for_each_argument():
    text = reference.signature(Offer("made", "documented", documented)).striptags()
    words = " ".join(text.split())
    assert words == (
        "documented( a: int, /, b: float = 1.0, *rest: str, c: bool = True, d, **more: int, ) "
        "-> list[int]"
    )


def test_a_short_signature_has_one_line():
    text = reference.signature(Offer("functional", "relu", functional.relu)).striptags()
    assert text == "relu(input: ArrayLike) -> jax.Array"


def test_a_class_is_told_as_one():
    assert reference.signature(Offer("fit", "Fit", fit.Fit)).striptags() == "class Fit"


def test_every_public_docstring_can_be_read():
    for offer in names.offered():
        first, *others = reference.sections(offer.value)
        assert first.title == "" and first.html.striptags(), offer.path
        assert all(part.title and part.html for part in others), offer.path
        assert reference.signature(offer).striptags(), offer.path
