"""The parts of the demo in one folder, joined as at a real site.

exchange (a real pty) ──▶ `payvand run --data FOLDER/box` ──▶ `payvand crm --data FOLDER/crm`
Segal box (another) ────▶                └── asked by `payvand-web --data FOLDER/box`

CRM, box and page are processes like any other of their kind; only what is plugged in is played.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drivers.panasonic.exchange_port import SerialPort, serve_pty
from drivers.panasonic.printout import heading
from edge.access.kept import read_code
from edge.demo import direct_lines
from edge.demo.direct_lines import DirectLines
from edge.demo.paper import OFFICE, PACE, TIMEZONE, Paper, Printout
from edge.demo.part import Part
from edge.errors import CommandFailed
from edge.local.client import Client, NotAnswering, NotRunning
from edge.local.settings_records import UNNAMED
from edge.local.status import Status
from edge.site.file import save
from edge.site.site import FILE, check

HOST = "127.0.0.1"
EXCHANGE = "pbx1"
BAUD = 9600
START_SECONDS = 60.0
_PAGE_SECONDS = 2.0
LINE_SECONDS = 5.0
"""Longer than any line and the wait before it."""
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Ports:
    """Where CRM and page listen; one that is in use, or 0, becomes a free one."""

    crm: int
    page: int


class Scene:
    """Everything is there after `open` and gone, ended and closed, when the context ends.

    A part that ends by itself ends the task group with PartDied. busy_port: the port asked for
    when it was in use; the CRM took a free one then. factory: the box knows of no exchange and no
    CRM, and the exchange begins to print when somebody has set it up.
    """

    def __init__(
        self, folder: Path, model: str, ports: Ports, group: asyncio.TaskGroup, *, factory: bool
    ) -> None:
        self.box = folder / "box"
        self.paper = Paper(model)
        self.lines = DirectLines()
        self.url = ""
        self.page = ""
        self.factory = factory
        self.started = not factory
        self.busy_port = None if _is_free(ports.crm) else ports.crm
        self.printing: asyncio.Task[None]
        self._folder = folder
        self._port = 0 if self.busy_port else ports.crm
        self._page_port = ports.page if _is_free(ports.page) else 0
        self._group = group
        self._cable = SerialPort()
        self._parts: dict[str, Part] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._cable.plug()
        return self

    async def __aexit__(self, *_reason: object) -> None:
        for task in self._tasks:
            task.cancel()
        for part in self._parts.values():
            await part.end()
        self._cable.unplug()
        self.lines.close()

    async def open(self) -> None:
        """Start the CRM, the box and then the exchange. Raises CommandFailed."""
        await self.open_crm()
        self.box.mkdir()
        ports = self.port, self.lines.uart.port
        site = _bare() if self.factory else _site(*ports, self.url, self.paper)
        save(check(site), self.box / FILE)
        await self._start("the box", "run", "--data", self.box)
        page = await self._start_page()
        if not self.factory:
            async with _in_time("the box did not open its serial ports"):
                await self._box_listens()
        await self._page_listens(page)
        self.printing = self._group.create_task(self._print())
        self._tasks.append(self.printing)
        if not self.factory:
            self._tasks.append(self._group.create_task(self.lines.serve()))

    async def fall_silent(self) -> None:
        """Return when what was on its way has gone, and nothing more comes."""
        self.paper.end()
        self.lines.end()
        if self.started:
            # A line that nobody reads, since its device was taken away, stays on its way.
            await asyncio.wait({self.printing}, timeout=LINE_SECONDS)

    def is_read(self, status: Status) -> bool:
        """Whether the box has read everything, or will not: what was set up may be changed."""
        if self.factory:
            return not (self._is_heard(status) and self._cable.unread)
        read = {device.key: device.bytes_in for device in status.devices}
        lines = read[direct_lines.KEY] >= self.lines.sent_bytes
        return lines and read[EXCHANGE] >= self.paper.printed_bytes

    @property
    def printout(self) -> Printout:
        """What the CRM must know by now."""
        if self.factory:
            return self.paper.printout()
        return direct_lines.both(self.paper.printout(), self.lines.printout())

    @property
    def port(self) -> str:
        """The exchange's serial port, as the box opens it."""
        return str(self._cable.path)

    @property
    def code(self) -> str:
        """The setup code of the box's page."""
        return read_code(self.box)

    async def _print(self) -> None:
        """Until it is read, headings without calls, by which who listens on the port knows it."""
        online = self._group.create_task(self._box_listens())
        self._tasks.append(online)
        while self.factory and not online.done():
            await self._cable.write(heading(self.paper.exchange))
            await asyncio.wait({online}, timeout=_PAGE_SECONDS)
        await online
        self.started = True
        await serve_pty(self.paper.lines(), self._cable, BAUD, PACE)

    async def _start_page(self) -> Part:
        """While the box starts: each takes a while."""
        words = ("--data", self.box, "--listen", f"{HOST}:{self._page_port}")
        return await self._start("the page", *words, program="webui")

    async def _page_listens(self, part: Part) -> None:
        async with _in_time("the page did not start to listen"):
            self.page = (await part.line()).split()[-1]
            while True:
                with suppress(NotRunning, NotAnswering):
                    await self.status()
                    if self.code:
                        return
                await asyncio.sleep(_LOOK_SECONDS)

    async def open_crm(self) -> None:
        """Start the CRM, on the port that it had before and with what it knew."""
        words = ("crm", "--host", HOST, "--port", str(self._port), "--data", self._folder / "crm")
        part = await self._start("the CRM", *words)
        async with _in_time("the CRM did not start to listen"):
            self.url = (await part.line()).split()[-1]
        self._port = int(self.url.rpartition(":")[2])

    async def close_crm(self) -> None:
        await self._parts["the CRM"].end()

    async def status(self) -> Status:
        """What `payvand status` says of the box. Raises CommandFailed, PartDied if it died."""
        try:
            async with Client(self.box) as edge:
                return await edge.status()
        except (NotRunning, NotAnswering):
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._parts["the box"].watch()
            raise

    async def _start(self, name: str, *words: str | Path, program: str = "edge") -> Part:
        log = self._folder / f"{name.rpartition(' ')[2]}.log"
        self._parts[name] = part = await Part.start(name, log, *words, program=program)
        self._tasks.append(self._group.create_task(part.watch()))
        return part

    async def _box_listens(self) -> None:
        """Return when the box has its ports open: what is printed earlier nobody reads."""
        while True:
            if await self._is_online():
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _is_online(self) -> bool:
        try:
            status = await self.status()
        except NotRunning:
            return False
        if self.factory:
            return self._is_heard(status)
        return bool(status.devices) and all(each.state == "online" for each in status.devices)

    def _is_heard(self, status: Status) -> bool:
        """Whether a device is read from the exchange's port, whatever else was set up."""
        return any(self.port in each.link for each in status.devices if each.state == "online")


@asynccontextmanager
async def _in_time(what: str) -> AsyncGenerator[None, None]:
    try:
        async with asyncio.timeout(START_SECONDS):
            yield
    except TimeoutError:
        raise CommandFailed(
            f"{what} within {START_SECONDS:.0f} s: let this machine do less, and try again"
        ) from None


def _bare() -> dict[str, object]:
    """The tables of a box as it leaves the factory."""
    return {"version": 1, "name": UNNAMED, "timezone": TIMEZONE}


def _site(port: str, lines_port: str, url: str, paper: Paper) -> dict[str, object]:
    """The tables of a well set up site: nothing is left to be guessed."""
    return {
        "version": 1,
        "name": "demo",
        "timezone": TIMEZONE,
        "device": [
            {
                "key": EXCHANGE,
                "driver": "panasonic",
                "link": {"serial": port, "baud": BAUD},
                "settings": {
                    "model": paper.exchange.model,
                    "date_order": paper.exchange.date_order,
                    "area_code": OFFICE.area_code.lstrip("0"),
                    "hidden_extensions": [*OFFICE.groups, OFFICE.disa],
                },
            },
            {
                "key": direct_lines.KEY,
                "driver": "callerid",
                "link": {"serial": lines_port, "baud": direct_lines.BAUD},
                "settings": {
                    "profile": direct_lines.PROFILE,
                    "area_code": OFFICE.area_code.lstrip("0"),
                },
            },
        ],
        "destination": [{"name": "crm", "kind": "link", "settings": {"url": url}}],
    }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
