"""The parts of the demo in one folder, joined as at a real site.

exchange (a real pty) ──▶ `payvand run --data FOLDER/box` ──▶ `payvand crm --data FOLDER/crm`
Segal box (another) ────▶

Box and CRM are processes like any other of their kind; only what is plugged in is played here.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from drivers.panasonic.exchange_port import SerialPort, serve_pty
from edge.demo import direct_lines
from edge.demo.direct_lines import DirectLines
from edge.demo.paper import OFFICE, PACE, TIMEZONE, Paper, Printout
from edge.demo.part import Part
from edge.errors import CommandFailed
from edge.local.client import Client, NotAnswering, NotRunning
from edge.local.status import Status
from edge.site import FILE, check
from edge.site_file import save

HOST = "127.0.0.1"
EXCHANGE = "pbx1"
BAUD = 9600
START_SECONDS = 30.0
_LOOK_SECONDS = 0.1


class Scene:
    """Everything is there after `open` and gone, ended and closed, when the context ends.

    A part that ends by itself ends the task group with PartDied. busy_port: the port asked for
    when it was in use; the CRM took a free one then.
    """

    def __init__(self, folder: Path, model: str, port: int, group: asyncio.TaskGroup) -> None:
        self.box = folder / "box"
        self.paper = Paper(model)
        self.lines = DirectLines()
        self.url = ""
        self.busy_port = None if _is_free(port) else port
        self.printing: asyncio.Task[None]
        self._folder = folder
        self._port = 0 if self.busy_port else port
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
        ports = str(self._cable.path), self.lines.uart.port
        save(check(_site(*ports, self.url, self.paper)), self.box / FILE)
        await self._start("the box", "run", "--data", self.box)
        await self._box_listens()
        printing = serve_pty(self.paper.lines(), self._cable, BAUD, PACE)
        self.printing = self._group.create_task(printing)
        self._tasks += [self.printing, self._group.create_task(self.lines.serve())]

    async def fall_silent(self) -> None:
        """Return when what was on its way has gone, and nothing more comes."""
        self.paper.end()
        self.lines.end()
        await self.printing

    def is_read(self, status: Status) -> bool:
        """Whether the box has read everything."""
        read = {device.key: device.bytes_in for device in status.devices}
        lines = read[direct_lines.KEY] >= self.lines.sent_bytes
        return lines and read[EXCHANGE] >= self.paper.printed_bytes

    @property
    def printout(self) -> Printout:
        """What the CRM must know by now."""
        return direct_lines.both(self.paper.printout(), self.lines.printout())

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

    async def _start(self, name: str, *words: str | Path) -> Part:
        log = self._folder / f"{words[0]}.log"
        self._parts[name] = part = await Part.start(name, log, *words)
        self._tasks.append(self._group.create_task(part.watch()))
        return part

    async def _box_listens(self) -> None:
        """Return when the box has its ports open: what is printed earlier nobody reads."""
        async with _in_time("the box did not open its serial ports"):
            while True:
                if await self._is_online():
                    return
                await asyncio.sleep(_LOOK_SECONDS)

    async def _is_online(self) -> bool:
        try:
            status = await self.status()
        except NotRunning:
            return False
        return all(device.state == "online" for device in status.devices)


@asynccontextmanager
async def _in_time(what: str) -> AsyncGenerator[None, None]:
    try:
        async with asyncio.timeout(START_SECONDS):
            yield
    except TimeoutError:
        raise CommandFailed(
            f"{what} within {START_SECONDS:.0f} s: let this machine do less, and try again"
        ) from None


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
