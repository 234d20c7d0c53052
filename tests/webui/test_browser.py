"""What only a browser shows: live parts, tabs, restarts under a form, foreign pages, odd names."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route

from tests.webui.house import PASSWORD, House, eventually
from webui.addresses import addresses
from webui.dates import long_date, short_date
from webui.visit import LANGUAGE_COOKIE, SESSION_COOKIE

Context = Callable[..., BrowserContext]
TEHRAN = ZoneInfo("Asia/Tehran")
INTL = """
stamp => {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('fa-IR-u-ca-persian', {
    timeZone: 'Asia/Tehran', weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
    hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(new Date(stamp)).map(part => [part.type, part.value]));
  const day = `${parts.weekday} ${parts.day} ${parts.month} ${parts.year}`;
  return `${day}، ساعت ${parts.hour}:${parts.minute}`;
}
"""
TORTURE = (
    "\u202egro.live\u202c",
    "علی \u2066\u202dحسن\u2069 09121234567",
    "<img src=x onerror=alert(1)>",
    "📞" * 30,
    "ن" * 190,
    "x'\"</script>",
)


def wait_live(page: Page, selector: str) -> None:
    """Until its stream is open. Not by wait_for_function, whose polls our policy forbids."""
    look = f"Boolean(document.querySelector('{selector}')?._htmx?.sse)"
    eventually(lambda: page.evaluate(look), f"{selector} live at {page.url}")


def test_a_call_appears_by_itself_and_focus_stays(branch: House, context_for: Context) -> None:
    page = context_for(branch).new_page()
    page.goto(branch.url + "/calls")
    wait_live(page, "#calls")
    page.locator("td.number a").first.focus()
    focused = page.evaluate("document.activeElement.textContent")
    branch.call("09127770001", line="05")
    page.wait_for_selector("text=+989127770001")
    assert page.evaluate("document.activeElement.textContent") == focused


def test_a_live_part_lives_although_a_script_comes_late(
    branch: House, context_for: Context
) -> None:
    page = context_for(branch).new_page()
    came = threading.Event()

    def late(route: Route) -> None:
        came.wait(1.0)  # nobody sets it: what came before it has long been run
        route.continue_()

    page.route("**/hx-sse*", late)
    page.goto(branch.url + "/status")
    wait_live(page, "#status")


def test_six_tabs_starve_nobody(branch: House, context_for: Context) -> None:
    context = context_for(branch)
    tabs = [context.new_page() for _ in range(7)]
    for tab in tabs:
        tab.goto(branch.url + "/status")
        wait_live(tab, "#status")
    for tab in tabs[:3]:  # the oldest gave their places to newer ones, and say so
        tab.wait_for_selector(".stale", state="visible")
    assert not any(tab.locator(".stale").is_visible() for tab in tabs[3:])
    tabs[6].goto(branch.url + "/users")
    assert tabs[6].locator("h1").count() == 1
    for tab in tabs:
        tab.close()


def test_while_the_edge_restarts_a_form_waits_and_a_live_page_says_so(
    factory: House, context_for: Context
) -> None:
    factory.commission()
    context = context_for(factory, lang="en")
    page, status = context.new_page(), context.new_page()
    status.goto(factory.url + "/status")
    wait_live(status, "#status")
    page.goto(factory.url + "/devices/pbx1")
    page.fill("[id='link.serial']", "/dev/ttyUSB3")
    factory.end("edge")
    status.wait_for_selector("#status >> text=does not answer")
    page.click("form.guarded button:not([type=button])", no_wait_after=True)
    factory.start_edge()
    page.wait_for_url("**/devices?done=changed")
    assert "/dev/ttyUSB3" in page.inner_text("main")
    status.wait_for_selector("#device-pbx1")


def test_all_mistakes_at_once_beside_their_fields_and_nothing_is_lost(
    branch: House, context_for: Context
) -> None:
    page = context_for(branch, lang="fa").new_page()
    page.goto(branch.url + "/devices/new?driver=panasonic&link=tcp")
    page.fill("[id='key']", "Bad Key")
    page.fill("[id='link.tcp']", "nowhere")
    page.click("summary")
    page.fill("[id='settings.area_code']", "۰۵۱الف")
    page.fill("[id='settings.password']", "canary-secret")
    page.click("form.guarded button:not([type=button])")
    page.wait_for_selector(".mistake")
    wrong = page.eval_on_selector_all("[aria-invalid=true]", "all => all.map(e => e.name)")
    assert {"key", "link.tcp", "settings.area_code"} <= set(wrong)
    for name in wrong:
        described = page.get_attribute(f"[id='{name}']", "aria-describedby") or ""
        assert page.locator(f"[id='{described.split()[0]}']").inner_text()
    assert page.evaluate("document.activeElement.name") == wrong[0]
    assert page.input_value("[id='link.tcp']") == "nowhere"
    assert page.input_value("[id='settings.password']") == ""
    assert "canary-secret" not in page.content()


def test_persian_digits_are_taken_in_every_field(factory: House, context_for: Context) -> None:
    factory.commission()
    page = context_for(factory, lang="fa").new_page()
    page.goto(factory.url + "/devices/new?driver=panasonic&link=tcp")
    page.fill("[id='link.tcp']", "۱۹۲.۱۶۸.۱.۲۰:۲۳۰۰")
    page.select_option("[id='settings.model']", "KX-TDA100")
    page.click("summary")
    page.fill("[id='settings.release_codes']", "۹، ٠")
    page.fill("[id='settings.area_code']", "۵۱")
    page.fill("[id='settings.extension_lengths']", "۳")
    page.click("form.guarded button:not([type=button])")
    page.wait_for_url("**/devices?done=added")
    page.goto(factory.url + "/devices/pbx2")
    assert page.input_value("[id='link.tcp']") == "192.168.1.20:2300"
    assert page.input_value("[id='settings.release_codes']") == "9, 0"
    assert page.input_value("[id='settings.extension_lengths']") == "3"


def test_strange_names_turn_nothing_round(factory: House, context_for: Context) -> None:
    factory.commission()
    context = context_for(factory, lang="fa", width=320)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    for name in TORTURE:
        page.goto(factory.url + "/setup/branch")
        page.fill("#name", name)
        page.click("main .actions button")
        page.goto(factory.url + "/status")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert not any(sign in page.inner_text("main") for sign in "\u202e\u202d\u2066")
        assert page.locator("main img").count() == 0
    factory.call("09121112233")
    page.goto(factory.url + "/calls")
    number = page.locator("td.number bdi").first
    number.wait_for()
    assert number.get_attribute("dir") == "ltr"
    assert number.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    assert errors == []


def test_dates_are_those_of_the_browsers_own_calendar(branch: House, context_for: Context) -> None:
    page = context_for(branch).new_page()
    page.goto(branch.url + "/status")
    moments = [
        datetime(2024 + year, month, 20, 20, 45, tzinfo=UTC)
        for year in range(9)
        for month in (3, 9)
    ]
    for moment in moments:
        expected = long_date(moment, TEHRAN, "fa").replace("\u200c", "")
        shown = page.evaluate(INTL, moment.isoformat()).replace("\u200c", "")
        assert expected == shown
    assert short_date(moments[0], TEHRAN, "fa").startswith("۱۴۰۳/۰۱/۰۲")


def test_another_sites_form_is_refused_in_a_real_browser(
    branch: House, context_for: Context
) -> None:
    evil = f'<form method=post action="{branch.url}/logout"><button>win</button></form>'.encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(evil)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        page = context_for(branch, lang="en").new_page()
        page.goto(f"http://localhost:{site.server_port}")
        with page.expect_response("**/logout") as answer:
            page.click("button")
        assert answer.value.status == 403
        site.shutdown()
    page.goto(branch.url + "/status")
    assert page.url.endswith("/status")


def test_a_foreign_name_for_our_address_shows_nothing(
    branch: House, chromium: Browser, needs: Callable[[str, str], Path]
) -> None:
    port = branch.url.rpartition(":")[2]
    browser = chromium.browser_type.launch(
        executable_path=needs("chromium", "chromium"),
        args=["--host-resolver-rules=MAP evil.example 127.0.0.1"],
    )
    page = browser.new_context(ignore_https_errors=True).new_page()
    answer = page.goto(f"https://evil.example:{port}/login")
    assert answer is not None
    assert answer.status == 421
    assert page.locator("input[type=password]").count() == 0
    browser.close()


def test_on_the_machines_own_address_as_on_loopback(
    factory: House, chromium: Browser, context_for: Context
) -> None:
    own = next(
        (each for each in addresses() if ":" not in each and not each.startswith("127.")), ""
    )
    if not own:
        pytest.skip("this machine has no address but loopback")
    factory.commission()
    factory.end("web")
    factory.start_web("0.0.0.0")  # noqa: S104 - the test asks at the other address
    port = factory.url.rpartition(":")[2]
    factory.url = f"https://{own}:{port}"
    strict = chromium.new_context().new_page()
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        strict.goto(factory.url)
    strict.context.close()
    page = context_for(factory, user="", lang="en").new_page()
    page.goto(factory.url + "/login")
    page.fill("#name", "sara")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/status")
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert {SESSION_COOKIE, LANGUAGE_COOKIE} <= names
    assert page.evaluate("isSecureContext")
    wait_live(page, "#status")


def test_without_scripts_every_page_still_serves(branch: House, context_for: Context) -> None:
    context = context_for(branch, lang="en", java_script_enabled=False)
    page = context.new_page()
    for path in ("/status", "/calls", "/devices", "/queue", "/setup/devices", "/logs"):
        page.goto(branch.url + path)
        assert page.locator("h1").count() >= 1, path
    page.goto(branch.url + "/queue")
    page.click(".trial-form button")
    page.wait_for_selector(".trial")
    page.goto(branch.url + "/calls")
    page.click("summary")
    page.fill("#text", "09121110001")
    page.click("form.panel .actions button")
    assert page.locator("tbody tr").count() == 1


def test_what_needs_a_script_is_not_shown_without_any(branch: House, context_for: Context) -> None:
    for scripts in (True, False):
        page = context_for(branch, lang="en", java_script_enabled=scripts).new_page()
        for path, what in (
            ("/backup", "button:has-text('Show')"),
            ("/setup/done", "button:has-text('Print')"),
            ("/setup/devices", "text=Find what is plugged in"),
            ("/devices/pbx1/wire", "text=Pause"),
        ):
            page.goto(branch.url + path)
            assert page.locator(what).first.is_visible() is scripts, path
    page.goto(branch.url + "/setup/devices")
    assert "as real ones" in page.inner_text("main")
    assert "marked" not in page.inner_text("main")


def test_a_live_page_says_that_its_session_is_over(factory: House, context_for: Context) -> None:
    factory.commission()
    context = context_for(factory, lang="en")
    page = context.new_page()
    page.goto(factory.url + "/calls")
    wait_live(page, "#calls")
    other = context.new_page()
    other.goto(factory.url + "/status")
    other.click(".menu-button")
    other.click("form.leave button")
    other.wait_for_url("**/login")
    page.locator("a[href='/login?back=/calls']").wait_for(state="visible", timeout=60_000)
    page.click("a[href='/login?back=/calls']")
    page.fill("#name", "sara")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls")


def test_a_filter_that_nothing_fits_says_so(branch: House, context_for: Context) -> None:
    page = context_for(branch, lang="en").new_page()
    page.goto(branch.url + "/calls?text=nobody+at+all")
    assert "No call fits" in page.inner_text("#calls")
    assert "0 found" not in page.inner_text("#calls")
    page.click("#calls a[href='/calls']")
    page.wait_for_selector("tbody tr")


def test_a_user_is_removed_by_a_button_of_its_own(factory: House, context_for: Context) -> None:
    factory.commission()
    page = context_for(factory, lang="en").new_page()
    page.goto(factory.url + "/users/vahid/change")
    assert not page.locator("button.danger").is_visible()
    page.click("summary")
    page.click("button.danger")
    page.wait_for_url("**/users?done=removed")
    assert "The user is removed" in page.inner_text("main")
    assert "vahid" not in page.inner_text("table")
