"""How long a call takes from the exchange's last byte to the page that somebody looks at.

exchange's pty ─▶ payvand run ─▶ web.sock ─▶ payvand-web ─▶ Chromium: the row stands in the list

Aim: the first call of an installation is seen within a second.
"""

import shutil
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.table import Table
from tests.webui.house import House, eventually
from webui.visit import SESSION_COOKIE

_CALLS = 30
_PAGES = (("Calls", "/calls"), ("Setup, step 5", "/setup/devices"))
_WATCH = """
() => {
  window.seen = {};
  const look = () => {
    const text = document.querySelector("main").textContent;
    for (const [each] of text.matchAll(/98912\\d{7}/g)) window.seen[each] ??= Date.now();
  };
  new MutationObserver(look).observe(document.querySelector("main"),
    { childList: true, subtree: true, characterData: true });
  look();
}
"""


def measure() -> Table:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("needs chromium: apt-get install chromium")
    with TemporaryDirectory(prefix="pw-") as name:
        house = House(Path(name))
        try:
            house.factory()
            house.commission()
            rows = _watched(house, chromium)
        finally:
            house.close()
    notes = (
        f"{_CALLS} calls on each page, one at a time, by the clock of one machine;",
        "each line was written to the pty whole: what it takes on a real wire comes before.",
    )
    return Table("From the line's last byte to the page", ("page", "median", "worst"), rows, notes)


def _watched(house: House, chromium: str) -> tuple[tuple[str, ...], ...]:
    from playwright.sync_api import sync_playwright

    rows: list[tuple[str, ...]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        context = browser.new_context(ignore_https_errors=True)
        token = house.log_in().token
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": house.url}])
        page = context.new_page()
        for place, (title, path) in enumerate(_PAGES):
            page.goto(house.url + path)
            page.evaluate(_WATCH)
            time.sleep(2.0)
            seconds = []
            for number in range(_CALLS):
                called = f"912{place}{number:06d}"
                house.call(f"0{called}")
                begun = time.time() * 1000
                ask = partial(page.evaluate, "number => window.seen[number]", f"98{called}")
                seconds.append((eventually(ask, "the call on the page") - begun) / 1000)
                time.sleep(0.6)
            rows.append((title, *(f"{each:.2f} s" for each in (median(seconds), max(seconds)))))
        browser.close()
    return tuple(rows)
