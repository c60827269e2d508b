"""The site as files: whole, linked, escaped, small."""

import re

import pytest
from made import measured

from jaxgrad.study.site import build, names

HOSTILE = """</script><img src=x onerror="window.hurt = 1">{{ 7 * 7 }}'"&amp;"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    rows = measured(
        {"torch": "torch.abs(x)", "jaxgrad": "x + 1", "name": "an offered function"},
        {"torch": "torch.linalg.eigh(x)", "jax": "x - 1", "verdict_jax": "value"}
        | {"remedy": "x + 1", "name": "mended"},
        {"torch": f"torch.abs({HOSTILE!r})", "name": HOSTILE, "why": HOSTILE, "source": HOSTILE}
        | {"link": "javascript:window.hurt=1"},
    )
    written = build.write(rows, folder, exact=False)
    return folder, written


def read(path):
    """A page's text; a long name may be broken after a dot."""
    return path.read_text(encoding="utf-8").replace("<wbr>", "")


def pages(folder):
    return {path: read(path) for path in folder.rglob("*.html")}


def test_the_first_file_is_the_first_screen_and_all_are_there(site):
    folder, written = site
    assert written[0] == folder / "index.html"
    assert {path for path in folder.rglob("*") if path.is_file()} == set(written)


def test_a_page_for_each_name_with_something_to_show(site):
    folder, _ = site
    for name in ("torch.abs", "torch.linalg.eigh", "jaxgrad.graph.trace", "torch.optim.AdamW"):
        assert (folder / "f" / f"{name}.html").is_file()
    assert not (folder / "f" / "torch.linalg.svd.html").exists()
    assert "torch.linalg.svd" in read(folder / "names.html")


def test_every_link_leads_somewhere(site):
    folder, _ = site
    texts = pages(folder)
    for path, text in texts.items():
        for link in re.findall(r'(?:href|src)="([^"]*)"', text):
            if re.match(r"https://|data:|#|mailto:", link):
                continue
            target, _, place = link.partition("#")
            there = (path.parent / target).resolve()
            assert there.is_file(), (path.name, link)
            assert not place or f'id="{place}"' in texts[folder / there.relative_to(folder)], link


def test_nothing_is_loaded_from_elsewhere(site):
    folder, _ = site
    for path, text in pages(folder).items():
        assert 'http-equiv="Content-Security-Policy" content="default-src' in text, path
        for tag in re.findall(r"<(?:script|img|link|iframe|object|source)\b[^>]*>", text):
            assert "http" not in tag, (path, tag)
    styles = (folder / "site.css").read_text(encoding="utf-8")
    assert "url(" not in styles and "@import" not in styles


def test_what_a_case_says_is_escaped(site):
    folder, _ = site
    for path, text in pages(folder).items():
        assert "<img src=x" not in text and 'href="javascript' not in text, path
    page = (folder / "f" / "torch.abs.html").read_text(encoding="utf-8")
    assert "&lt;img src=x" in page and "{{ 7 * 7 }}" in page


def test_a_function_page_tells_what_the_name_has(site):
    folder, _ = site
    page = read(folder / "f" / "torch.linalg.eigh.html")
    for told in ("not offered", "What mends plain JAX", "x + <u>1</u>", "PyTorch 2.13.0, JAX"):
        assert told in page
    page = read(folder / "f" / "torch.nn.functional.mse_loss.html")
    for told in ("jaxgrad.functional.mse_loss", "Arguments", "Returns", "Differs from PyTorch"):
        assert told in page


def test_names_that_differ_by_capitals_have_files_that_do_not():
    entries = [
        names.Entry(name, (), measured({}), (), "") for name in ("torch.Tensor", "torch.tensor")
    ]
    found = build.addresses(entries)
    assert len({address.lower() for address in found.values()}) == 2


def test_a_folder_is_made_and_written_again(tmp_path):
    for _ in range(2):
        build.write(measured({}), tmp_path / "deep" / "er", exact=True)
    text = (tmp_path / "deep" / "er" / "index.html").read_text(encoding="utf-8")
    assert "contraction off" in text and "10 of them were not measured" in text
