"""The site as its readers have it: built strictly, opened from a folder in a real browser."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import groupconv as gc

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LOADED = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=[\"']?([^\"' >]+)")
CATALOGUE = {"plane-p4m.html", "space-P4-over-mmm.html", "line-z1m.html"}
"""Those of the catalogue's pages that are opened; they are all made alike."""

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """[...document.querySelectorAll(".highlight pre > code")]
    .filter(code => code.scrollWidth > code.clientWidth + 1)
    .flatMap(code => code.textContent.split("\\n").filter(line => line.length > 76))
    .concat([...document.querySelectorAll(".katex-display")]
        .filter(formula => formula.scrollWidth > formula.clientWidth + 1)
        .map(formula => formula.textContent))"""
"""Lines of code and formulas that are wider than their column."""

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    commands = ["-m", "docs.generate"], ["-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    for command in commands:
        built = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        )  # fmt: skip
        assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(site, browser):
    """Open a page of the site; what its console and the network report is kept on it."""
    contexts = []

    def opened(name, width=1280, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.errors, page.requests = [], []
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(f"{site.as_uri()}/{name}")
        return page

    yield opened
    for context in contexts:
        context.close()


def pages(site):
    found = [path.relative_to(site) for path in site.rglob("*.html") if path.name != "404.html"]
    return sorted(
        str(path)
        for path in found
        if "catalogue" not in path.parts or path.name in {*CATALOGUE, "index.html"}
    )


def test_it_loads_nothing_from_elsewhere(site):
    loaded = {
        address for page in site.rglob("*.html") for address in LOADED.findall(page.read_text())
    }
    assert len(loaded) > 10
    assert not [address for address in loaded if "//" in address]
    styles = "".join(sheet.read_text() for sheet in site.rglob("*.css"))
    assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", styles)


@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
def test_every_group_has_a_page_whose_code_runs(site):
    found = list((ROOT / "docs" / "generated" / "catalogue").glob("*-*.md"))
    assert len(found) == len(list(gc.groups()))
    for page in found:
        (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
        exec(code, {})


def test_the_catalogue_names_every_group_once_in_the_order_of_the_tables(site):
    text = (site / "generated" / "catalogue" / "index.html").read_text()
    shown = re.findall(r"<br>([^<]+)</a><br><small>(\d+) plane", text)
    assert dict(shown) == {name: str(gc.group(name).order) for name in gc.groups()}
    names = [name for name, _ in shown]
    assert names == list(dict.fromkeys(names))
    assert names[:5] == ["z1", "z1m", "z2", "p2", "pm"]
    assert names[-3:] == ["Pm-3m", "Fm-3m", "Im-3m"]
    sections = re.findall(r'<h3 id="[^"]*">([A-Z]\w+)|<br>(p3|P4/mmm|R-3m|P432)</a>', text)
    for first, system in {
        "p3": "Hexagonal", "P4/mmm": "Tetragonal", "R-3m": "Trigonal", "P432": "Cubic",
    }.items():  # fmt: skip
        assert sections[sections.index(("", first)) - 1] == (system, "")


def test_every_public_name_has_an_entry_in_the_reference(site):
    entries = set()
    for page in (site / "reference").glob("*.html"):
        entries |= set(re.findall(r'id="groupconv[\w.]*?\.(\w+)"', page.read_text()))
    rooms = [gc, *(getattr(gc, room) for room in gc._ROOMS), gc.nn.functional]
    names = {name for room in rooms for name in room.__all__ if not name.startswith("_")}
    assert len(names) > 100
    assert names - {*gc._ROOMS, "functional"} <= entries


@needs_browser
def test_pages_load_cleanly_and_fit_wide_and_narrow_screens(site, visit):
    names, found = pages(site), {}
    assert len(names) > 50
    page = visit("index.html")
    for name in names:
        page.errors.clear()
        page.requests.clear()
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{site.as_uri()}/{name}")
        problems = [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))]
        problems += page.errors + page.evaluate(CUT)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(SIDEWAYS) > 0:
                problems.append(f"scrolls sideways at {width}")
        if problems:
            found[name] = problems
    assert not found


@needs_browser
def test_formulas_are_typeset(visit):
    page = visit("concepts.html")
    page.wait_for_selector(".katex")
    formulas, typeset = (
        page.locator(css).count()
        for css in (".arithmatex", ".arithmatex > .katex, .arithmatex .katex-display")
    )
    assert formulas > 15
    assert typeset >= formulas
    assert page.locator(".katex-error").count() == 0


@needs_browser
@pytest.mark.parametrize(
    "words", ["coset", "stride", "escnn", "ONNX", "upsample", "DDP", "ResNet", "GroupConv"]
)
def test_search_finds(visit, words):
    page = visit("index.html")
    page.locator("[data-md-component=search-query]").press_sequentially(words, delay=100)
    page.wait_for_selector(".md-search-result__item")
    texts = page.locator(".md-search-result__item").all_inner_texts()
    assert any(words.lower() in text.lower() for text in texts)


@needs_browser
def test_figures_follow_light_and_dark(visit):
    page = visit("concepts.html")
    light, dark = (page.locator(f"img[src$='#only-{kind}']").first for kind in ("light", "dark"))
    assert (light.is_visible(), dark.is_visible()) == (True, False)
    page.locator("label[title='Switch to a dark page']").click()
    assert (light.is_visible(), dark.is_visible()) == (False, True)


@needs_browser
def test_the_home_page_is_small(site, visit):
    """Without the search index, which only a site that is opened from a folder loads at once."""
    page = visit("index.html")
    files = {url.partition("?")[0] for url in page.requests}
    size = sum(
        Path(url.removeprefix("file://")).stat().st_size for url in files if "search" not in url
    )
    assert size < 500_000


@needs_browser
@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("index.html", "light"),
        ("concepts.html", "dark"),
        ("explorer.html", "light"),
        ("explorer.html", "dark"),
        ("generated/catalogue/index.html", "light"),
    ],
)
def test_accessibility(visit, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(name, scheme=scheme)
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [node["html"][:120] for node in v["nodes"]][:5])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious


class Explorer:
    """What a reader sees of the explorer, as numbers."""

    def __init__(self, page):
        self.page = page

    def shapes(self, figure, what):
        found = self.page.locator(f"{figure} polygon")
        return found.evaluate_all(f"shapes => shapes.map(s => [s.dataset.cell, {what}])")

    def cells(self, figure):
        return {cell: int(p) for cell, p in self.shapes(figure, "s.dataset.parameter")}

    def colours(self, figure):
        return self.shapes(figure, "s.getAttribute('fill')")

    def product(self):
        return int(self.page.locator("td.product").inner_text())

    def path(self):
        steps = self.page.locator("svg.graph").get_attribute("data-path")
        return [int(g) for g in steps.split()]


@needs_browser
@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
@pytest.mark.parametrize(("name", "size"), [("p4m", 3), ("p6", 5), ("cmm", 3), ("p31m", 5)])
def test_the_explorer_shows_what_the_library_has(visit, name, size):
    page = visit("explorer.html")
    group, shown = gc.group(name), Explorer(page)
    page.select_option("#explorer-group", name)
    page.select_option("#explorer-size", str(size))
    table = gc.filter_transform(group, size, "lattice").index[:, 0]
    S, half = group.stabilizer, (size - 1) / 2
    t = S.order - 1
    page.select_option("#explorer-t", str(t))
    for s in range(S.order):
        page.locator(f"[data-select='{s}']").click()
        cells = {
            f"{i - half:g},{j - half:g}": int(p)
            for i, row in enumerate(table[s])
            for j, p in enumerate(row)
            if p >= 0
        }
        assert shown.cells("figure.turned") == cells
        assert shown.colours("figure.turned") != shown.colours("figure:first-child") or s == 0
        assert shown.product() == S.composition[s, t]
        assert functools.reduce(lambda a, g: int(S.composition[a, g]), shown.path(), 0) == s
        assert page.locator("circle.on").get_attribute("data-element") == str(s)


@needs_browser
@pytest.mark.parametrize("name", ["z2", "pm", "p6m"])
def test_the_pictures_of_the_explorer_are_no_taller_than_wide(visit, name):
    page = visit(f"explorer.html#group={name}")
    for figure in ("svg.graph", "svg.map"):
        box = page.locator(figure).bounding_box()
        assert 0 < box["height"] <= box["width"] + 1


@needs_browser
def test_the_explorer_remembers_in_its_address(site, visit):
    page = visit("explorer.html")
    page.select_option("#explorer-group", "p4")
    page.locator("[data-select='3']").click()
    page.locator("[data-edit='4']").click()
    page.locator("polygon.domain").nth(3).click()
    again = visit(f"explorer.html#{page.url.partition('#')[2]}")
    for other in (page, again):
        assert other.locator("#explorer-group").input_value() == "p4"
        assert other.locator("[aria-pressed=true]").get_attribute("data-select") == "3"
    for css in ("section[aria-label=Filter]", "svg.painted", "section[aria-label='Feature map']"):
        assert page.locator(css).inner_html() == again.locator(css).inner_html()


@needs_browser
def test_painting_one_cell_paints_its_orbit_and_keys_do_the_same(visit):
    page = visit("explorer.html#group=p4m")
    page.locator("#explorer").get_by_role("button", name="Clear").click()
    painted = "svg.painted polygon:not([fill=transparent])"
    assert page.locator(painted).count() == 0
    cell = page.locator("polygon.domain").nth(9)
    orbit = page.locator(f"svg.painted polygon[data-orbit='{cell.get_attribute('data-orbit')}']")
    cell.click()
    assert page.locator(painted).count() == orbit.count() > 4
    page.locator("svg.painted").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.locator(painted).count() > orbit.count()


@needs_browser
def test_the_feature_map_moves_with_the_painting(visit):
    page, S = visit("explorer.html#group=p4m&s=0"), gc.group("p4m").stabilizer

    def sums():
        planes = page.locator("g[data-plane]")
        return planes.evaluate_all("planes => planes.map(plane => plane.dataset.sum)")

    first = sums()
    assert len(set(first)) > 4
    for g in (1, 4, 6):
        page.locator(f"[data-select='{g}']").click()
        moved = sums()
        assert [moved[S.composition[g, s]] for s in range(S.order)] == first
