"""From the carton to the first call, by keyboard alone, as somebody does who never saw the box."""

import asyncio
import threading
from collections.abc import Callable
from random import Random

import pytest
from playwright.sync_api import BrowserContext, Page

from drivers.callerid.day import Habits
from drivers.callerid.simulator import plan_unit
from drivers.wire.uart import Sender, Uart
from tests.webui.house import PASSWORD, House

Context = Callable[..., BrowserContext]
MOST_INTERACTIONS = 25


class Hands:
    """Counts what a person does: a text typed or pasted is one, and so is each key that acts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.interactions = 0

    def write(self, name: str, text: str) -> None:
        self._reach(name)
        self.page.keyboard.insert_text(text)
        self.interactions += 1

    def choose(self, name: str, text: str) -> None:
        """Go down a list until the entry is chosen: each key counts; a typed name is one."""
        self._reach(name)
        if text.isascii():
            self.page.keyboard.type(text)
            self.interactions += 1
        chosen = "document.activeElement.selectedOptions[0].textContent"
        for _ in range(20):
            if self.page.evaluate(chosen).startswith(text):
                return
            self.page.keyboard.press("ArrowDown")
            self.interactions += 1
        raise AssertionError(f"no entry {text!r} in {name!r}")

    def press(self, label: str) -> None:
        for _ in range(60):
            told = self.page.evaluate("document.activeElement.textContent.trim()")
            if told == label:
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab does not reach {label!r}")
        self.page.keyboard.press("Enter")
        self.interactions += 1

    def enter(self) -> None:
        self.page.keyboard.press("Enter")
        self.interactions += 1

    def _reach(self, name: str) -> None:
        for _ in range(60):
            if self.page.evaluate("document.activeElement.name") == name:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {name!r}")


@pytest.mark.parametrize(("lang", "width"), [("fa", 320), ("en", 1280)])
def test_from_the_carton_to_the_first_call(
    factory: House, context_for: Context, lang: str, width: int
) -> None:
    factory.start_crm()
    page = context_for(factory, lang=lang, user="", width=width).new_page()
    hands = Hands(page)
    words = {
        "fa": ("بعدی", "ذخیره", "تماس‌ها", "سانترال پ"),
        "en": ("Next", "Save", "Calls", "Panasonic"),
    }[lang]
    page.goto(factory.url)
    hands.write("code", factory.code.replace("-", "").lower())
    hands.enter()
    page.wait_for_url("**/setup/password")
    hands.write("name", "sara")
    hands.write("password", PASSWORD)
    hands.write("again", PASSWORD)
    hands.enter()
    page.wait_for_url("**/setup/branch")
    assert not (factory.data / "setup-code").exists()
    hands.press(words[0])
    page.wait_for_url("**/setup/crm")
    hands.write("settings.url", factory.crm)
    hands.enter()
    page.wait_for_url("**/setup/crm?try=crm")
    page.wait_for_selector(".trial")
    hands.press(words[0])
    page.wait_for_url("**/setup/devices")
    hands.choose("driver", words[3])
    hands.press(words[0])
    page.wait_for_url("**/devices/new?*")
    hands.write("link.serial", factory.port)
    hands.choose("settings.model", "KX-TDA100")
    hands.press(words[1])
    page.wait_for_url("**/setup/devices")
    page.wait_for_selector("#device-pbx1 .light.working")
    factory.call("09121234567")
    page.wait_for_selector(".heard >> text=+989121234567")
    hands.press(words[2])
    page.wait_for_url("**/calls")
    page.wait_for_selector("td:has-text('+989121234567') .badge")
    factory.call("09121234568")
    page.wait_for_selector("td >> text=+989121234568")
    assert page.locator("td:has-text('+989121234568') .badge").count() == 0
    assert hands.interactions <= MOST_INTERACTIONS


class Segal:
    """A Segal box on a pty, which says a record every tenth of a second at its own speed."""

    def __init__(self) -> None:
        self.wire = Uart(Sender(19200))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._speak()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self.wire.close()

    async def _speak(self) -> None:
        for _, record in plan_unit("segal-c", Random(7), 400, Habits()).sent:
            if self._ended.is_set():
                return
            await self.wire.write(record)
            await asyncio.sleep(0.1)


def test_what_is_plugged_in_is_found_and_used(factory: House, context_for: Context) -> None:
    factory.start_crm()
    factory.commission_user()
    segal = Segal()
    try:
        page = context_for(factory, lang="en").new_page()
        page.goto(factory.url + "/setup/devices")
        page.click("#detect summary")
        page.fill("#port", segal.wire.port)
        page.click(".one-port button")
        page.click(".sensed a.button", timeout=60_000)
        page.wait_for_url("**/devices/new?*")
        assert page.input_value("[id='link.serial']") == segal.wire.port
        assert page.input_value("[id='link.baud']") == "19200"
        page.click("form.guarded button:not([type=button])")
        page.wait_for_url("**/setup/devices")
        page.wait_for_selector("#call-now .heard .badge >> text=Test")
        page.click("text=Send them as real ones")
        page.wait_for_selector("#real")
    finally:
        segal.close()


def test_a_port_that_is_dead_is_mended_without_leaving_the_setup(
    factory: House, context_for: Context
) -> None:
    factory.commission_user()
    page = context_for(factory, lang="fa", width=320).new_page()
    page.goto(factory.url + "/devices/new?driver=panasonic&link=serial&back=/setup/devices")
    page.fill("[id='link.serial']", "ttyUSB0")
    page.click("form.guarded button:not([type=button])")
    said = page.locator(".mistake bdi").last
    assert said.inner_text() == "/dev/ttyUSB0"
    assert said.evaluate("e => getComputedStyle(e).direction") == "ltr"
    page.fill("[id='link.serial']", "/dev/ttyNONE7")
    page.select_option("[id='settings.model']", "KX-TDA100")
    page.click("form.guarded button:not([type=button])")
    page.wait_for_url("**/setup/devices")
    page.wait_for_selector("#device-pbx1 .light.down")
    assert "درگاه پیدا نشد" in page.inner_text("#device-pbx1")
    page.click("#device-pbx1 a.button")
    page.fill("[id='link.serial']", factory.port)
    page.click("form.guarded button:not([type=button])")
    page.wait_for_url("**/setup/devices")
    page.wait_for_selector("#device-pbx1 .light.working")


def test_each_step_can_be_left_and_taken_up_again(branch: House, context_for: Context) -> None:
    page = context_for(branch, lang="en").new_page()
    for step in ("branch", "crm", "devices", "names", "done"):
        page.goto(f"{branch.url}/setup/{step}")
        assert page.locator("[aria-current=step]").count() == 1
    page.goto(f"{branch.url}/setup/devices")
    page.click("text=That is right >> nth=0")
    page.wait_for_selector("text=Line tested")
    page.goto(f"{branch.url}/setup/done")
    assert page.inner_text("tbody").count("sara") == 1
    with page.expect_download() as saved:
        page.click("text=Save")
    report = saved.value.path().read_text()
    assert "+98" in report
    assert "delivered" in report


def test_a_code_works_once(factory: House, context_for: Context) -> None:
    page = context_for(factory, user="", lang="en").new_page()
    code = factory.code
    factory.commission()
    page.goto(factory.url + "/setup")
    assert page.url.endswith("/login")
    page.goto(factory.url + "/login")
    assert page.locator("#code").count() == 0
    assert code


def test_the_steps_lead_back_and_the_setup_goes_on_where_it_was_left(
    factory: House, context_for: Context
) -> None:
    factory.commission_user()
    page = context_for(factory, lang="en").new_page()
    page.goto(factory.url + "/status")
    go_on = page.locator(".note a")
    top = page.locator("#status").bounding_box()
    note = go_on.bounding_box()
    assert top
    assert note
    assert note["y"] < top["y"]
    go_on.click()
    page.wait_for_url("**/setup/branch")
    page.fill("#name", "mashhad")
    page.click("main .actions button")
    page.wait_for_url("**/setup/crm")
    page.goto(factory.url + "/status")
    page.locator(".note a").click()
    page.wait_for_url("**/setup/crm")
    page.click("text=Back: The branch")
    page.wait_for_url("**/setup/branch")
    page.click(".steps a[title=Devices]")
    page.wait_for_url("**/setup/devices")


def test_the_way_on_from_the_devices_opens_with_the_first_call(
    factory: House, context_for: Context
) -> None:
    factory.commission()
    page = context_for(factory, lang="en").new_page()
    page.goto(factory.url + "/setup/devices")
    assert page.inner_text("#onward a >> nth=0") == "Later"
    page.wait_for_selector("#marked")
    factory.call("09121234567")
    page.wait_for_selector("#onward a.button:not(.ghost) >> text=Next")


def test_an_old_tab_with_the_code_leads_to_the_log_in(factory: House, context_for: Context) -> None:
    tab = context_for(factory, user="", lang="en").new_page()
    tab.goto(factory.url + "/setup")
    tab.fill("#code", factory.code)
    other = context_for(factory, user="", lang="fa").new_page()
    other.goto(factory.url + "/setup")
    other.fill("#code", factory.code)
    other.keyboard.press("Enter")
    other.wait_for_url("**/setup/password")
    factory.commission_user()
    for page, field in ((tab, "#code"), (other, "#password")):
        page.fill(field, page.input_value(field) or PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("main a.button[href='/login']")
        assert "`" not in page.inner_text("main")
