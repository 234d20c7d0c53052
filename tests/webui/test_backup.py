"""A box that is saved, erased and brought back over the page alone."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from edge.local.settings_records import UNNAMED
from tests.webui.house import PASSWORD, USER, House, eventually

Context = Callable[..., BrowserContext]
PASSPHRASE = "four words of no sense"


def test_saved_erased_and_restored_over_the_page(factory: House, context_for: Context) -> None:
    page, backup = _saved(factory, context_for)
    _erased(factory, page)
    _begun_anew(factory, page)
    _restored(factory, page, backup)
    page.goto(factory.url + "/devices")
    page.wait_for_url("**/login?*")
    page.fill("#name", USER)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("h2 >> text=pbx1")
    page.goto(factory.url + "/calls")
    page.wait_for_selector("td >> text=+989121234567")


def _saved(factory: House, context_for: Context) -> tuple[Page, Path]:
    factory.commission()
    factory.call("09121234567")
    page = context_for(factory, lang="en").new_page()
    page.goto(factory.url + "/calls")
    page.wait_for_selector("td >> text=+989121234567")
    page.goto(factory.url + "/backup")
    page.fill("#passphrase", PASSPHRASE)
    page.fill("#again", "another one of them")
    page.click("form[action='/backup'] button:not([type=button])")
    page.wait_for_selector("#again-mistake")
    page.fill("#passphrase", PASSPHRASE)
    page.fill("#again", PASSPHRASE)
    with page.expect_download() as saved:
        page.click("form[action='/backup'] button:not([type=button])")
    assert page.locator("form[action='/backup'] .mistake").count() == 0
    return page, saved.value.path()


def _erased(factory: House, page: Page) -> None:
    page.click("text=Back to how it left the factory")
    page.fill("form[action='/backup/reset'] input[name=name]", "another")
    page.click("form[action='/backup/reset'] button.danger")
    assert page.locator("form[action='/backup/reset'] .mistake").count() == 1
    page.fill("form[action='/backup/reset'] input[name=name]", UNNAMED)
    page.click("form[action='/backup/reset'] button.danger")
    page.wait_for_selector("text=Everything is erased")
    eventually((factory.data / "setup-code").exists, "a new code")
    eventually(factory.answers, "the edge, anew")


def _begun_anew(factory: House, page: Page) -> None:
    page.goto(factory.url + "/calls")
    page.wait_for_url("**/setup")
    page.fill("#code", factory.code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/setup/password")
    for field in ("password", "again"):
        page.fill(f"#{field}", "another, of nine boats")
    page.fill("#name", "maryam")
    page.keyboard.press("Enter")
    page.wait_for_url("**/setup/branch")
    page.goto(factory.url + "/calls")
    assert page.locator("tbody tr").count() == 0


def _restored(factory: House, page: Page, backup: Path) -> None:
    page.goto(factory.url + "/backup")
    page.click("text=Put a backup in place of what is here")
    form = page.locator("form[action='/backup/restore']")
    form.locator("input[type=file]").set_input_files(backup)
    form.locator("input[name=passphrase]").fill("not the right words")
    form.locator("button.danger").click()
    page.wait_for_selector("form[action='/backup/restore'] .mistake")
    form.locator("input[type=file]").set_input_files(backup)
    form.locator("input[name=passphrase]").fill(PASSPHRASE)
    form.locator("button.danger").click()
    page.wait_for_selector("text=The backup is in place")
    eventually(factory.online, "the edge, as it was")
