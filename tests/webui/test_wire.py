"""The live wire of a device: its lines as they come, in hex too, held still, and saved."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext

from drivers.wire.capture import Received, read_capture
from tests.webui.house import House
from tests.webui.test_browser import wait_live

Context = Callable[..., BrowserContext]


def test_the_wire_beside_what_it_was_understood_as(
    branch: House, context_for: Context, tmp_path: Path
) -> None:
    page = context_for(branch, lang="en").new_page()
    page.goto(branch.url + "/devices/pbx1/wire")
    wait_live(page, "#wire")
    branch.call("09131117001", "02", "107")
    branch.call("09131117002", "03", "108")
    row = page.locator("#wire > div").filter(has_text="09131117002")
    row.wait_for()
    assert r"00:00'42\r\n" in row.inner_text()
    assert "09131117001" not in row.inner_text()  # each line on its own
    page.locator("#understood").get_by_text("+989131117002").wait_for()
    page.check("#hex")
    assert "30 39 31 33 31 31 31 37 30 30 32" in row.inner_text()
    page.check("#pause")
    branch.call("09131117003")
    other = context_for(branch, lang="en").new_page()
    other.goto(branch.url + "/devices/pbx1/wire")
    other.locator("#wire > div").filter(has_text="09131117003").wait_for()
    assert page.locator("#wire > div").filter(has_text="09131117003").count() == 0
    page.uncheck("#pause")
    page.locator("#wire > div").filter(has_text="09131117003").wait_for()
    with page.expect_download() as saved:
        page.click("text=Save as capture")
    saved.value.save_as(tmp_path / "pbx1.cap")
    entries = read_capture((tmp_path / "pbx1.cap").read_bytes()).entries
    heard = b"".join(entry.data for entry in entries if isinstance(entry, Received))
    assert heard.count(b"<I>") >= 6
    assert b"0913111700" not in heard
