"""Every page in a browser: whole, accessible, quiet, and no wider than a telephone."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import BrowserContext, Page

from tests.webui.house import House

Context = Callable[..., BrowserContext]
PAGES = (
    "/status",
    "/devices",
    "/devices/new?driver=panasonic&link=serial",
    "/devices/pbx1",
    "/calls",
    "/calls?text=0912&since=1403/12/30",
    "/queue",
    "/queue/new?kind=payamgostar",
    "/queue/crm",
    "/devices/pbx1/wire",
    "/commands",
    "/time",
    "/backup",
    "/logs",
    "/about",
    "/users",
    "/users/audit",
    "/users/vahid/change",
    "/setup/branch",
    "/setup/crm",
    "/setup/crm?kind=link",
    "/setup/devices",
    "/setup/names",
    "/setup/done",
    "/nowhere",
)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WHOLE_KB, MOST_REQUESTS = 120, 12
NARROW, WIDE = 320, 1280
TWICE = """[...document.querySelectorAll('[id]')].map(e => e.id)
    .filter((id, at, all) => all.indexOf(id) !== at)"""


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


@pytest.mark.parametrize(
    ("lang", "looked_at", "other"), [("fa", NARROW, WIDE), ("en", WIDE, NARROW)]
)
def test_every_page_is_accessible_quiet_and_fits(
    branch: House, context_for: Context, lang: str, looked_at: int, other: int
) -> None:
    """What axe looks at is the same in both widths but for the menu: one for each language."""
    context = context_for(branch, lang=lang, width=other)
    page = context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: console.append(str(error)))
    wrong: list[str] = []
    for path in PAGES:
        page.goto(branch.url + path)
        found = []
        for width in (other, looked_at):
            page.set_viewport_size({"width": width, "height": 844})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"wider than {width} pixels")
        found += violations(page)
        found += [f"twice on the page: #{each}" for each in page.evaluate(TWICE)]
        told = [
            line
            for line in console
            if line.startswith(("error", "warning")) and not ("404" in line and path == "/nowhere")
        ]
        console.clear()
        wrong += [f"{path}: {each}" for each in (*found, *told)]
        assert page.locator("html").get_attribute("lang") == lang
        assert page.locator("html").get_attribute("dir") == {"fa": "rtl", "en": "ltr"}[lang]
        assert "<bdi dir=" not in page.inner_text("body")
    assert wrong == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_in_the_dark_contrast_holds(branch: House, context_for: Context, lang: str) -> None:
    page = context_for(branch, lang=lang, color_scheme="dark").new_page()
    for path in ("/status", "/calls", "/devices/pbx1", "/setup/devices"):
        page.goto(branch.url + path)
        assert violations(page) == [], path


def test_log_in_and_setup_are_accessible_before_anybody_is_known(
    factory: House, context_for: Context
) -> None:
    page = context_for(factory, user="", width=320).new_page()
    page.goto(factory.url)
    assert page.url.endswith("/setup")
    assert violations(page) == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_first_load_is_small(branch: House, context_for: Context, lang: str) -> None:
    context = context_for(branch, lang=lang)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(branch.url + "/calls", wait_until="load")
    page.evaluate("document.fonts.ready")
    assert len(sizes) <= MOST_REQUESTS
    assert 10_000 < sum(sizes) <= WHOLE_KB * 1000


def test_targets_are_large_enough_for_a_thumb(branch: House, context_for: Context) -> None:
    page = context_for(branch).new_page()
    for path in ("/status", "/calls", "/users", "/setup/branch"):
        page.goto(branch.url + path)
        small = page.eval_on_selector_all(
            "button, .button, input:not([type=hidden], [type=checkbox]), select, summary",
            "all => all.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)"
            ".map(e => e.outerHTML.slice(0, 120))",
        )
        assert small == [], path
