"""The site in a real browser: on a desktop, a phone, in the dark, without scripts."""

import re

import pytest
from browser import contrast, sync_api

pytestmark = pytest.mark.browser
PAGES = (
    *("index.html", "names.html", "guides/porting.html", "guides/tour.html"),
    *("f/torch.clamp.html", "f/torch.multinomial.html", "f/torch.optim.RMSprop.html"),
)
OPEN = "document.querySelectorAll('details').forEach((row) => { row.open = true; })"
NAMES = """() => [...document.querySelectorAll("#names > li")]
  .filter((name) => name.checkVisibility()).map((name) => name.firstElementChild.textContent)"""


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(visit, site, page, scheme):
    screen = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    tab = visit((site / page).as_uri(), **screen)
    tab.evaluate(OPEN)
    tab.wait_for_timeout(200)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (contrast(paper, "rgb(255, 255, 255)") < 2) == (scheme == "light")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(visit, site, page, scheme):
    tab = visit((site / page).as_uri(), color_scheme=scheme)
    tab.evaluate(OPEN)
    seen = tab.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((part) => part.checkVisibility()
          && [...part.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
          .map((part) => { let around = part;
            while (getComputedStyle(around).backgroundColor === "rgba(0, 0, 0, 0)"
              && around.parentElement) around = around.parentElement;
            return [part.tagName, getComputedStyle(part).color,
              getComputedStyle(around).backgroundColor]; })"""
    )
    assert len(seen) > 20
    for part, ink, paper in {tuple(each) for each in seen}:
        assert contrast(ink, paper) >= 4.5, (part, ink, paper)


@pytest.mark.parametrize("page", PAGES)
def test_screen_readers_are_told(visit, site, page):
    tab = visit((site / page).as_uri())
    for role in ("main", "navigation"):
        sync_api.expect(tab.get_by_role(role)).to_have_count(1)
    sync_api.expect(tab.get_by_role("heading", level=1)).to_have_count(1)
    alts = tab.locator("img").evaluate_all("(all) => all.map((image) => image.alt)")
    assert all(len(alt) > 20 for alt in alts)
    unlabelled = "(all) => all.filter((field) => !field.labels.length && !field.textContent).length"
    assert tab.locator("input, select, button").evaluate_all(unlabelled) == 0


def test_the_first_screen_has_the_ten_with_their_code_and_pictures(visit, site):
    tab = visit((site / "index.html").as_uri())
    sync_api.expect(tab.locator("article")).to_have_count(10)
    for article in tab.locator("article").all():
        titles = article.locator("h4").all_inner_texts()
        assert titles[:2] == ["PyTorch", "plain JAX"] and len(titles) == 3
    pictures = tab.locator("article img")
    assert pictures.count() >= 6
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("async (it) => { await it.decode(); return it.naturalWidth; }") > 0
    tab.get_by_role("link", name="The case in full").nth(2).click()
    row = tab.locator("#kinks-abs")
    sync_api.expect(row).to_have_attribute("open", "")
    sync_api.expect(row.locator("summary")).to_be_in_viewport()


def test_names_are_filtered(visit, site):
    tab = visit((site / "names.html").as_uri())
    everything = tab.evaluate(NAMES)
    told = tab.get_by_role("status")
    tab.keyboard.press("/")
    tab.keyboard.type("Clamp")
    sync_api.expect(told).to_have_text(re.compile(rf"^\d+ of {len(everything)} names"))
    shown = tab.evaluate(NAMES)
    assert shown == [name for name in everything if "clamp" in name.lower()] and len(shown) > 1
    assert tab.url.endswith("?q=Clamp")
    tab.get_by_role("searchbox").fill("")
    tab.get_by_role("combobox").select_option("same with jaxgrad")
    verdicts = tab.locator("#names > li:visible b").all_inner_texts()
    assert set(verdicts) == {"same with jaxgrad"} and 0 < len(verdicts) < len(everything)
    again = visit(tab.url)
    assert again.evaluate(NAMES) == tab.evaluate(NAMES)
    tab.get_by_role("searchbox").fill("no such name")
    sync_api.expect(told).to_have_text(re.compile("^none of"))
    nonsense = visit((site / "names.html").as_uri() + "?verdict=nonsense")
    assert nonsense.evaluate(NAMES) == everything


def test_a_name_leads_to_its_page(visit, site):
    tab = visit((site / "names.html").as_uri())
    tab.get_by_role("link", name="torch.clamp", exact=True).click()
    sync_api.expect(tab.get_by_role("heading", level=1)).to_have_text("torch.clamp")
    sync_api.expect(tab.get_by_role("heading", name="jaxgrad.tensor.clamp").first).to_be_visible()
    row = tab.locator("details").nth(1)
    row.locator("summary").click()
    sync_api.expect(row.locator("pre").first).to_be_visible()


def test_without_scripts_the_names_are_a_list_and_the_cases_open(visit, site):
    tab = visit((site / "names.html").as_uri(), java_script_enabled=False)
    sync_api.expect(tab.get_by_role("search")).to_have_count(0)
    assert tab.locator("#names > li").count() > 600
    tab.get_by_role("link", name="torch.clamp", exact=True).click()
    row = tab.locator("details").nth(1)
    row.locator("summary").click()
    sync_api.expect(row.locator("pre").first).to_be_visible()


def test_a_link_to_a_case_opens_it(visit, site):
    address = (site / "f" / "torch.clamp.html").as_uri()
    tab = visit(f"{address}#kinks-clamp-to-1-1")
    sync_api.expect(tab.locator("#kinks-clamp-to-1-1")).to_have_attribute("open", "")
    tab.evaluate("location.hash = '#no-such-case'")
    tab.evaluate("location.hash = '#%E0%A4%A'")


def test_all_cases_are_there_and_lead_back(visit, site, all_rows):
    tab = visit((site / "cases.html").as_uri())
    assert tab.locator(".rows > details").count() == len(all_rows)
    tab.get_by_role("link", name="jaxgrad", exact=True).first.click()
    sync_api.expect(tab.locator("article")).to_have_count(10)


def test_a_case_in_brief_leads_to_the_whole_case(visit, site):
    tab = visit((site / "cases.html").as_uri())
    row = tab.locator("#kinks-abs")
    row.locator("summary").click()
    sync_api.expect(row.locator("pre")).to_have_count(1)
    sync_api.expect(row.locator("pre")).to_contain_text("abs")
    row.get_by_role("link", name="All code and answers").click()
    whole = tab.locator("#kinks-abs")
    sync_api.expect(whole).to_have_attribute("open", "")
    assert whole.locator("pre").count() > 1
    assert "/f/torch." in tab.url


def test_rows_that_are_the_same_many_ulps_apart_say_why(visit, site, all_rows):
    from jaxgrad.study.site import blocks

    tab = visit((site / "cases.html").as_uri())
    far = [row for row in all_rows if blocks.far(row)]
    told = tab.locator("summary .far").all_text_contents()
    assert told == [blocks.far(row) for row in far]
