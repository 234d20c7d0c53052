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


def test_a_model_is_chosen_by_a_person_and_by_nobody_else(
    branch: House, context_for: Context
) -> None:
    page = context_for(branch, lang="en").new_page()
    page.goto(branch.url + "/devices/new?driver=panasonic&link=tcp")
    assert page.input_value("[id='settings.model']") == ""
    page.fill("[id='link.tcp']", "127.0.0.1:9")
    page.click(SAVE)
    page.wait_for_selector("[id='settings.model-mistake']")
    assert focused(page) == "settings.model"
    assert page.locator("[id='settings.model-mistake'] span").count() == 1
    page.goto(branch.url + "/devices")
    assert page.locator("text=pbx2").count() == 0


def test_a_certificate_keeps_its_lines(factory: House, context_for: Context) -> None:
    factory.commission_user()
    certificate = (factory.data / "web" / "certificate.pem").read_text()
    page = context_for(factory, lang="en").new_page()
    page.goto(factory.url + "/queue/new?kind=mqtt")
    page.fill("[id='settings.url']", "mqtts://broker.example.com")
    page.locator("details", has=page.locator("[id='settings.ca']")).locator("summary").click()
    page.fill("[id='settings.ca']", certificate)
    page.click(SAVE)
    page.wait_for_url("**/queue?done=added")
    page.goto(factory.url + "/queue/crm")
    assert page.input_value("[id='settings.ca']").strip() == certificate.strip()


@pytest.mark.parametrize(
    ("lang", "said"),
    [("fa", "ده حرف و رقم روی برچسب را بنویسید."), ("en", "Write the ten letters")],
)
def test_an_empty_code_is_asked_for(
    factory: House, context_for: Context, lang: str, said: str
) -> None:
    page = context_for(factory, lang=lang, user="").new_page()
    page.goto(factory.url + "/setup")
    page.keyboard.press("Enter")
    page.wait_for_selector("#code-mistake")
    assert page.inner_text("#code-mistake").startswith(said)


def test_an_address_shows_what_one_looks_like(branch: House, context_for: Context) -> None:
    page = context_for(branch, lang="fa").new_page()
    page.goto(branch.url + "/setup/crm?kind=link")
    assert page.get_attribute("[id='settings.url']", "inputmode") == "url"
    assert "https://crm.example.com" in page.inner_text("[id='settings.url-hint']")
    assert "توکن لازم نیست" in (page.text_content("[id='settings.claim-hint']") or "")
    page.goto(branch.url + "/devices/new?driver=panasonic&link=serial")
    assert "/dev/ttyUSB0" in page.inner_text("[id='link.serial-hint']")
