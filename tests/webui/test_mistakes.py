"""Where a form shows what is wrong: in sight, opened, with the focus, and what to type again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.webui.house import House

Context = Callable[..., BrowserContext]
SAVE = "form.guarded button:not([type=button])"


def focused(page: Page) -> str:
    """The id of what has the focus, once it is in sight."""
    seen = "e => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().top < innerHeight"
    assert page.locator(":focus").evaluate(seen), page.url
    return page.locator(":focus").get_attribute("id") or ""


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_secret_that_was_typed_is_asked_for_again(
    branch: House, context_for: Context, lang: str
) -> None:
    page = context_for(branch, lang=lang).new_page()
    page.goto(branch.url + "/queue/new?kind=link")
    page.fill("[id='settings.url']", "nowhere")
    page.locator("details", has=page.locator("[id='settings.claim']")).evaluate_all(
        "all => all.forEach(e => { e.open = true })"
    )
    page.fill("[id='settings.claim']", "7KQ2M-XW4HD")
    page.click(SAVE)
    page.wait_for_selector("[id='settings.url-mistake']")
    said = page.locator("[id='settings.claim-gone']").inner_text()
    assert said == {"fa": "آن را دوباره بنویسید؛ بار دوم نشان داده نمی‌شود.", "en": said}[lang]
    described = page.get_attribute("[id='settings.claim']", "aria-describedby") or ""
    assert "settings.claim-gone" in described.split()
    assert page.locator("[id='settings.token-gone']").count() == 0


def test_the_entry_that_is_wrong_is_named_beside_its_opened_field(
    branch: House, context_for: Context
) -> None:
    page = context_for(branch, lang="fa").new_page()
    page.goto(branch.url + "/devices/pbx1")
    page.locator("details", has=page.locator("[id='settings.release_codes']")).locator(
        "summary"
    ).click()
    page.fill("[id='settings.release_codes']", "۹، x")
    page.click(SAVE)
    said = page.locator("[id='settings.release_codes-mistake']")
    said.wait_for(state="visible")
    assert said.inner_text().startswith("مورد ۲: ")
    assert focused(page) == "settings.release_codes"
    assert page.locator(".note.bad").count() == 0


def test_on_the_backup_page_the_first_mistake_is_in_sight(
    branch: House, context_for: Context
) -> None:
    page = context_for(branch, lang="en").new_page()
    page.goto(branch.url + "/backup")
    page.click("text=Back to how it left the factory")
    page.fill("form[action='/backup/reset'] input[name=name]", "another")
    page.click("form[action='/backup/reset'] button.danger")
    page.wait_for_selector("#name-mistake")
    assert focused(page) == "name"
    page.click("text=Put a backup in place of what is here")
    page.fill("[id='restore-passphrase']", "four words of no sense")
    page.click("form[action='/backup/restore'] button.danger")
    page.wait_for_selector("#file-mistake")
    assert focused(page) == "file"
    assert page.locator("#restore-passphrase-gone").is_visible()


def test_a_password_that_is_missing_is_one_mistake(branch: House, context_for: Context) -> None:
    page = context_for(branch, lang="en").new_page()
    page.goto(branch.url + "/users")
    page.click("text=Add a user >> nth=0")
    page.click("form[action='/users'] .actions button")
    page.wait_for_selector("#password-mistake")
    assert page.locator("#password-mistake span").all_inner_texts() == ["Write a password."]
    page.fill("#password", "1234")
    page.click("form[action='/users'] .actions button")
    lines = page.locator("#password-mistake span")
    page.wait_for_selector("#password-mistake span >> nth=1")
    first, second = (lines.nth(n).bounding_box() for n in range(2))
    assert first
    assert second
    assert second["y"] >= first["y"] + first["height"]
