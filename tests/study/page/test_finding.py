"""Rows of the page are found, filtered, sorted and linked to."""

import re
from urllib.parse import quote_plus

import pytest
from browser import SHOWN, choice, settled, slugs, sync_api

pytestmark = pytest.mark.browser


def test_search_as_you_type(tab, all_rows):
    def holds(row, *words):
        parts = (row.case.family, row.case.name, row.case.why)
        text = "\n".join([*parts, row.case.torch, row.case.jax, row.case.jaxgrad, row.case.remedy])
        return all(word in text.lower() for word in words)

    box = tab.get_by_role("searchbox")
    for typed in ("clamp", "CLAMP max", "jnp.minimum", "tie", "sampling", "x + 1.0"):
        expected = slugs(row for row in all_rows if holds(row, *typed.lower().split()))
        assert 0 < len(expected) < len(all_rows), typed
        box.fill("")
        box.press_sequentially(typed)
        sync_api.expect(tab).to_have_url(re.compile(re.escape(f"?q={quote_plus(typed)}") + "$"))
        assert settled(tab, len(expected)) == expected
    box.fill("no such thing")
    assert settled(tab, 0) == []
    tab.get_by_role("button", name="Show all").click()
    assert settled(tab, len(all_rows)) == slugs(all_rows)


def test_filters(tab, all_rows):
    def choose(label, value, expected):
        choice(tab, label).select_option(value)
        expected = slugs(expected)
        assert 0 < len(expected) < len(all_rows)
        assert settled(tab, len(expected)) == expected
        option = choice(tab, label).locator("option:checked").inner_text()
        assert label == "Family" or option.endswith(f"({len(expected)})")
        tab.get_by_role("button", name="Show all").click()
        settled(tab, len(all_rows))

    for family in ("loop", "kinks", "made"):
        choose("Family", family, [row for row in all_rows if row.case.family == family])
    for verdict in ("same", "value", "gradient"):
        chosen = [row for row in all_rows if row.versus_jax.verdict == verdict]
        choose("Plain JAX", verdict, chosen)
    chosen = [row for row in all_rows if row.versus_jax.verdict != "same"]
    choose("Plain JAX", "differs", chosen)
    choose("jaxgrad", "none", [row for row in all_rows if row.jaxgrad is None])
    for kind in ("right", "refuses", "limit"):
        choose("jaxgrad", kind, [row for row in all_rows if row.case.difference == kind])
    tab.get_by_label("only rows that do not hold (1)").check()
    assert settled(tab, 1) == ["made-does-not-hold"]
    sync_api.expect(tab.get_by_text("Does not hold:")).to_be_hidden()
    tab.locator("#made-does-not-hold summary").click()
    sync_api.expect(tab.get_by_text("Does not hold:")).to_be_visible()


def test_sorting(tab, all_rows):
    def sorted_by(value):
        choice(tab, "Sort").select_option(value)
        sync_api.expect(tab.locator("#sorted")).to_be_visible()
        return tab.evaluate(SHOWN)

    names = {row.case.anchor(): row.case.name for row in all_rows}
    alphabetical = [names[found].lower() for found in sorted_by("name")]
    assert len(alphabetical) == len(all_rows)
    initials = [name[0] for name in alphabetical if name[0].isalpha()]
    assert initials == sorted(initials) and len(set(initials)) > 5
    families = [found.split("-")[0] for found in sorted_by("family")]
    assert families == sorted(families)
    verdicts = sorted_by("verdict")
    assert verdicts[0] == "made-does-not-hold"
    by_slug = {row.case.anchor(): row for row in all_rows}
    agree = [by_slug[found].versus_jax.verdict == "same" for found in verdicts[1:]]
    assert agree == sorted(agree)
    assert sorted_by("ulps")
    told = [text for text in tab.locator("#sorted summary i").all_text_contents() if text]
    distances = [float(text) for text in told]
    assert distances == sorted(distances, reverse=True) and distances[0] > 0
    choice(tab, "Sort").select_option("")
    sync_api.expect(tab.locator("#sorted")).to_be_hidden()
    assert tab.evaluate(SHOWN) == slugs(all_rows)


def test_the_address_holds_the_filters(visit, address, all_rows):
    tab = visit(address)
    choice(tab, "Family").select_option("kinks")
    choice(tab, "Plain JAX").select_option("gradient")
    tab.get_by_role("searchbox").fill("max")
    choice(tab, "Sort").select_option("name")
    sync_api.expect(tab).to_have_url(re.compile(r"\?.*q=max"))
    assert "family=kinks" in tab.url and "jax=gradient" in tab.url and "sort=name" in tab.url
    shown = tab.evaluate(SHOWN)
    assert 0 < len(shown) < len(all_rows)
    again = visit(tab.url)
    assert again.evaluate(SHOWN) == shown
    assert again.get_by_role("searchbox").input_value() == "max"
    nonsense = visit(f"{address}?family=nonsense&sort=nonsense&jax=&other=1")
    assert settled(nonsense, len(all_rows)) == slugs(all_rows)


def test_a_link_opens_its_row(visit, address, all_rows):
    wanted = all_rows[-1].case.anchor()
    for query in ("", "?family=loop&sort=ulps", "?q=no+such+thing"):
        tab = visit(f"{address}{query}#{wanted}", viewport={"width": 1000, "height": 700})
        row = tab.locator(f"#{wanted}")
        sync_api.expect(row).to_have_attribute("open", "")
        sync_api.expect(row.locator("summary")).to_be_in_viewport()
        tab.keyboard.press("Tab")
        sync_api.expect(row.locator("summary")).to_be_focused()
    sync_api.expect(tab.get_by_role("status")).to_contain_text(", and the one linked to")
    tab.get_by_role("searchbox").fill("loop")
    settled(tab, sum("loop" in row.case.family for row in all_rows))
    assert "#" not in tab.url and wanted not in tab.evaluate(SHOWN)


def test_every_row_has_its_link(tab, all_rows):
    assert len(set(slugs(all_rows))) == len(all_rows)
    for row in all_rows:
        link = tab.locator(f"#{row.case.anchor()} > div > p a").last
        assert link.get_attribute("href") == f"#{row.case.anchor()}"
    first = tab.locator(".rows > details").first
    first.locator("summary").click()
    first.get_by_role("link", name="Link to this row").click()
    assert tab.url.endswith(f"#{all_rows[0].case.anchor()}")
    tab.go_back()
    assert "#" not in tab.url


def test_the_families_lead_to_their_rows(tab):
    choice(tab, "Family").select_option("loop")
    tab.get_by_role("navigation").get_by_role("link", name="kinks").click()
    sync_api.expect(tab.get_by_role("heading", name="kinks", exact=True)).to_be_in_viewport()
