"""A page of real rows in a real browser, which is skipped where there is none."""

import dataclasses
import pickle
import shutil
import subprocess
import sys

import pytest

CHROMIUM = shutil.which("chromium")
MEASURE = """
import pickle, sys
from jaxgrad.study import measurement
from jaxgrad.study.cases import CASES
from jaxgrad.study.site.costly import COSTLY
sampling = [case for case in CASES if case.family == "sampling"][:8]
cases = [case for case in CASES if case.family == "loop" or case.picture == "cover"
         or case.anchor() in COSTLY or "kinks-clamp" in case.anchor() or case in sampling]
rows = [measurement.measure(case, measurement.recorded) for case in cases]
pickle.dump(rows, open(sys.argv[1], "wb"))
"""


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Real rows, measured where the study runs: not in the tests' hostile environment."""
    path = tmp_path_factory.mktemp("rows") / "rows.pickle"
    subprocess.run([sys.executable, "-c", MEASURE, str(path)], check=True)
    return pickle.loads(path.read_bytes())


@pytest.fixture(scope="session")
def all_rows(study):
    """The real rows, and one of each kind that they lack; what is said of them is made up."""
    from browser import case, measured

    (answered,) = measured(case(name="plain JAX differs, and is mended", jaxgrad=""))
    another = dataclasses.replace(answered.versus_jax, verdict="value", detail="another value")
    mended = dataclasses.replace(
        answered,
        case=dataclasses.replace(answered.case, remedy="x + 1.0", verdict_jax="value"),
        remedy=answered.jax,
        versus_jax=another,
        versus_remedy=answered.versus_jax,
    )
    differing = [
        dataclasses.replace(
            row,
            case=dataclasses.replace(row.case, difference=row.case.name, verdict_jaxgrad="value"),
            versus_jaxgrad=another,
            versus_oracle=row.versus_jax if row.case.oracle else None,
        )
        for row in measured(
            case(name="right", jaxgrad="x + 1", oracle="x + np.float32(1)"),
            case(name="refuses", jaxgrad="x + 1"),
            case(name="limit", jaxgrad="x + 1"),
        )
    ]
    (broken,) = measured(case(name="does not hold", jaxgrad="x + 2"))
    assert broken.problems
    return [*study, mended, *differing, broken]


@pytest.fixture(scope="session")
def address(all_rows, tmp_path_factory):
    from jaxgrad.study.page import page

    path = tmp_path_factory.mktemp("page") / "study.html"
    path.write_text(page(all_rows, exact=False), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="session")
def site(all_rows, tmp_path_factory):
    """The folder of the site of all rows."""
    from jaxgrad.study.site import build

    folder = tmp_path_factory.mktemp("site")
    build.write(all_rows, folder, exact=False)
    return folder


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens an address in a fresh window; in the end, nothing may have failed or been fetched."""
    complaints, contexts = [], []

    def visit(address, **options):
        contexts.append(chromium.new_context(**options))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(10_000)
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("requestfailed", lambda request: complaints.append(request.url[:99]))
        tab.on("request", lambda request: fetched(request.url))
        tab.goto(address)
        return tab

    def fetched(url):
        if not url.startswith(("file:", "data:", "blob:")):
            complaints.append(url)

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def tab(visit, address):
    return visit(address)
