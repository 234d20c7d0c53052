"""Writes every page in both languages to a folder: `make screenshots`, or
`python -m tests.webui.screenshots FOLDER`.

With a telephone's width and a desk's, from a branch of the tests' own; made-up numbers only.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.webui.house import PASSWORD, USER, House, eventually
from tests.webui.test_look import PAGES

WIDTHS = {"phone": 390, "desk": 1280}
LOCALES = {"fa": "fa-IR", "en": "en-GB"}
CALLS = (
    ("09121234567", "01", "101"),
    ("02144556677", "02", "109"),
    ("05138430003", "04", "105"),
    ("09351112233", "01", "107"),
    ("09901234560", "03", "101"),
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("needs chromium: apt-get install chromium")
    with TemporaryDirectory(prefix="pw-") as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        house = House(Path(name))
        try:
            house.factory()
            for lang, locale in LOCALES.items():
                page = browser.new_context(
                    ignore_https_errors=True, locale=locale, viewport=_window("phone")
                ).new_page()
                page.goto(house.url)
                _shoot(page, folder / f"setup-{lang}-phone.png")
            house.commission()
            before = house.stored()
            for number, line, extension in CALLS:
                house.call(number, line, extension)
            eventually(lambda: house.stored() >= before + len(CALLS), "the calls")
            for lang, locale in LOCALES.items():
                for width in WIDTHS:
                    context = browser.new_context(
                        ignore_https_errors=True,
                        locale=locale,
                        timezone_id="Asia/Tehran",
                        viewport=_window(width),
                    )
                    _walk(context.new_page(), house, folder, f"{lang}-{width}")
        finally:
            house.close()
            browser.close()


def _walk(page: Page, house: House, folder: Path, suffix: str) -> None:
    page.goto(house.url + "/login")
    _shoot(page, folder / f"login-{suffix}.png")
    page.fill("#name", USER)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/status")
    for path in PAGES:
        page.goto(house.url + path)
        name = path.partition("?")[0].strip("/").replace("/", "-") + (
            "-more" if "?" in path else ""
        )
        _shoot(page, folder / f"{name}-{suffix}.png")
    page.goto(house.url + "/calls")
    page.click("td.number a")
    page.wait_for_selector(".list")
    _shoot(page, folder / f"call-{suffix}.png")


def _shoot(page: Page, path: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, full_page=True)


def _window(width: str) -> ViewportSize:
    return ViewportSize(width=WIDTHS[width], height=844)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
