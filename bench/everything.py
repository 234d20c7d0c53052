"""The edge's resident memory with everything on, from its first minute to a page that was used.

    exchange, Segal box (ptys) ──▶ payvand run ──▶ link CRM (enrolled by claim code), webhook
    browser ──https──▶ payvand-web ──web.sock──┘   100,000 events stored, raw wire kept

All rows are of one process, one after the other. Aim: ≤ 60 MB resident in each of them.
"""

import asyncio
import os
import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from zoneinfo import ZoneInfo

from bench.processes import Box, Cable, box_of, cable, program, said, wait_for
from bench.start import lying, megabytes
from bench.table import Table
from bench.webui import PASSWORD, USER, browser, opened, store
from drivers.callerid.day import Habits, happenings, plan
from drivers.callerid.unit_print import PRINTS
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.printout import exchange_of, with_headings
from drivers.panasonic.simulator import print_calls
from edge.journal.journal import Journal
from edge.journal.records import Position
from edge.local.client import Client
from edge.local.lock import DATABASE, hold

_CALLS = 33_334
_UNSENT = 100
"""Of the stored ones, for the webhook: it takes one event a request."""
_DAY_CALLS, _LINE_CALLS = 300, 60
_LOOKS = 30
_QUIET_SECONDS = 5.0
_MILLISECOND = 0.001
_SECRET = "whsec_" + 43 * "A" + "="
_PAGES = ("/status", "/calls", "/devices", "/calls?text=0912003", f"/calls/b-{_CALLS - 50}")
_OTHERS = ("/queue", "/commands", "/time", "/users", "/backup", "/logs", "/about")
_SITE = """\
version = 1
name = "bench"
timezone = "Asia/Tehran"
commands = {{ forget = 5 }}

[[device]]
key = "pbx1"
driver = "panasonic"
link = {{ serial = "{exchange}", baud = 9600, format = "8N1" }}
settings = {{ model = "KX-TDA100", release_codes = ["9"], area_code = "51" }}

[[device]]
key = "lines"
driver = "callerid"
link = {{ serial = "{unit}", baud = 115200 }}
settings = {{ profile = "segal-c", area_code = "51" }}

[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{crm}", claim = "{claim}" }}

[[destination]]
name = "hook"
kind = "webhook"
settings = {{ url = "{hook}", secret = "{secret}" }}
"""


def measure() -> Table:
    with TemporaryDirectory(prefix="pw-bench-") as name, ExitStack() as open_:
        folder = Path(name)
        exchange, unit = open_.enter_context(cable()), open_.enter_context(cable())
        words = ("crm", "--port", "0", "--data", str(folder / "crm"), "--claim", "bench")
        crm = open_.enter_context(program("edge", *words))
        stand_in = "edge.delivery.destinations.webhook.stand_in"
        hook = open_.enter_context(program(stand_in, "--secret", _SECRET, "--port", "0"))
        site = _SITE.format(
            exchange=exchange.port,
            unit=unit.port,
            crm=said(crm),
            claim=said(crm),
            hook=said(hook),
            secret=_SECRET,
        )
        # It shows what it took, and would stand still when nobody reads that.
        Thread(target=deque, args=(hook.stdout, 0), daemon=True).start()
        (folder / "box").mkdir()
        asyncio.run(_stored(folder / "box"))
        box = open_.enter_context(box_of(folder / "box", site))
        rows = tuple(_life(box, exchange, unit))
    notes = (
        f"MB of 1024 * 1024 bytes, after {_QUIET_SECONDS:.0f} s of quiet; aim: 60 resident.",
        f"{3 * _CALLS:,} events stored; a day: {_DAY_CALLS} calls and {_LINE_CALLS} a direct line.",
    )
    return Table("everything on", ("when", "VmRSS", "anonymous", "Pss", "highest"), rows, notes)


async def _stored(data: Path) -> None:
    await store(data, _CALLS)
    with hold(data):
        journal = await Journal.open(data / DATABASE)
        journal.advance("hook", Position(journal.last - _UNSENT))
        await journal.close()


def _life(box: Box, exchange: Cable, unit: Cable) -> Iterator[tuple[str, ...]]:
    token = asyncio.run(opened(box.folder)).token
    wait_for(lambda: box.delivered)
    yield _row(box, "idle, set up, all delivered")
    words = ("--data", str(box.folder), "--listen", "127.0.0.1:0")
    with program("webui", *words) as page:
        url = said(page)
        _print_day(exchange, unit)
        wait_for(lambda: box.status().devices[0].calls > _DAY_CALLS / 2 and box.delivered)
        yield _row(box, "after a day of calls")
        asyncio.run(_look(url, token, _PAGES))
        yield _row(box, "Status, Calls, Devices looked at")
        asyncio.run(_look(url, token, _OTHERS))
        yield _row(box, "every other page too")
        asyncio.run(_log_in(box.folder))
        yield _row(box, "ten log-ins")
        asyncio.run(_back_up(box.folder))
        yield _row(box, "a backup, a support bundle")


def _row(box: Box, when: str) -> tuple[str, ...]:
    time.sleep(_QUIET_SECONDS)
    status = Path(f"/proc/{box.pid}/status").read_text(encoding="ascii")
    rollup = Path(f"/proc/{box.pid}/smaps_rollup").read_text(encoding="ascii")
    figures = (
        megabytes(status, "VmRSS"),
        megabytes(status, "RssAnon"),
        megabytes(rollup, "Pss"),
        megabytes(status, "VmHWM"),
    )
    # So that the next row has a highest of its own.
    Path(f"/proc/{box.pid}/clear_refs").write_text("5", encoding="ascii")
    return (when, *(f"{figure:.1f}" for figure in figures))


def _print_day(exchange: Cable, unit: Cable) -> None:
    """All lines of a day and what the direct lines did, as fast as the box takes them."""
    model = exchange_of("KX-TDA100", ZoneInfo("Asia/Tehran"))
    day = plan_day(random.Random(1), Office(), _DAY_CALLS, datetime.now(UTC))
    for line in with_headings(print_calls(day, model), model):
        _lay(exchange, line.text)
    for each in happenings(plan(random.Random(3), Habits(lines=3), _LINE_CALLS)):
        if record := PRINTS["segal-c"](each):
            _lay(unit, record)


def _lay(wire: Cable, text: bytes) -> None:
    os.write(wire.exchange, text)
    wait_for(lambda: lying(wire) == 0, every=_MILLISECOND)


async def _look(url: str, token: str, pages: tuple[str, ...]) -> None:
    async with browser(url, token) as visitor:
        for _ in range(_LOOKS):
            for path in pages:
                async with visitor.get(path, raise_for_status=True) as answer:
                    await answer.read()


async def _log_in(data: Path) -> None:
    async with Client(data, token="") as nobody:
        for _ in range(10):
            await nobody.log_in(USER, PASSWORD)


async def _back_up(data: Path) -> None:
    async with Client(data) as console:
        async for _ in console.backup("a boat, a lamp, a pear, a stone"):
            pass
        await console.support_bundle()
