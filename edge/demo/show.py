"""What the demo tells, from start to end: calls as the CRM knows them, an outage, the verdict."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from edge.demo import direct_lines
from edge.demo.crm import HEADING, CrmAway, Onlooker
from edge.demo.paper import PACE
from edge.demo.part import PartDied
from edge.demo.scene import BAUD, Ports, Scene
from edge.demo.verdict import Verdict, compare
from edge.errors import CommandFailed

BEFORE_SECONDS = 5.0
AFTER_SECONDS = 3.0
"""Calls are seen so long before the CRM goes, and after the backlog has come."""
BACK_SECONDS = 330.0
"""The box asks a CRM that was away again after 300 s at the longest."""
SETTLE_SECONDS = 60.0
_TELL_SECONDS = 3.0
_LOOK_SECONDS = 0.3


async def show(model: str, ports: Ports, outage: float | None, *, factory: bool = False) -> bool:
    """Run until SIGINT, SIGTERM or SIGHUP, with an outage until it is over.

    True when the CRM has every call once. A second signal cancels. Raises CommandFailed.
    """
    stop = _stop_on_signal()
    with TemporaryDirectory(prefix="payvand-demo-") as name:
        try:
            async with (
                asyncio.TaskGroup() as group,
                Scene(Path(name), model, ports, group, factory=factory) as scene,
            ):
                await scene.open()
                async with Onlooker(scene.url) as onlooker, _followed(onlooker, group):
                    return await Show(scene, onlooker, stop).tell(outage)
        except ExceptionGroup as errors:
            raise _reason(errors) from errors


class Show:
    """One showing on an open scene."""

    def __init__(self, scene: Scene, onlooker: Onlooker, stop: asyncio.Event) -> None:
        self._scene = scene
        self._onlooker = onlooker
        self._stop = stop

    async def tell(self, outage: float | None) -> bool:
        """See `show`."""
        self._introduce()
        if outage is None:
            await self._pause(None)
        else:
            await self._take_crm_away(outage)
        _say("\nThe exchange and the lines fall silent; waiting until all of it is in the CRM …")
        settled = await self._settle()
        await _tell_news(self._onlooker)
        verdict = compare(self._scene.printout, await self._onlooker.sights())
        await self._conclude(verdict)
        return settled and verdict.good

    def _introduce(self) -> None:
        scene, command = self._scene, _command()
        if scene.busy_port:
            _say(f"Port {scene.busy_port} is in use, so the CRM listens on another one.\n")
        _say(
            f"A simulated {scene.paper.exchange.model} prints a day of made-up calls,"
            f" {PACE.speed:.0f} times as fast,\nand a simulated Segal box tells what happens on"
            f" {direct_lines.LINES} direct lines (1 to {direct_lines.LINES}); the box reads both\n"
            "from serial ports and brings the calls to a CRM, all on this machine.\n\n"
            f"  the box's page          {scene.page}\n"
            f"                          setup code {scene.code}; the browser warns once,"
            " because the box vouches for itself\n"
            f"  the CRM, in a browser   {scene.url}\n"
            f"  the box                 {command} status --data {scene.box}\n"
            f"                          {command} events --follow --data {scene.box}\n\n"
            f"{self._to_set_up()}"
            "Calls as the CRM knows them (↙ incoming, ↗ outgoing, ⇄ internal); Ctrl-C ends the"
            f" demo.\n\n{HEADING}"
        )

    def _to_set_up(self) -> str:
        if not self._scene.factory:
            return ""
        return (
            "The box knows neither exchange nor CRM yet: set it up on its page. The exchange"
            " prints headings\nuntil it is read, then calls.\n\n"
            f"  model and port          {self._scene.paper.exchange.model} on {self._scene.port},"
            f" {BAUD} baud\n"
            f"  the CRM's address       {self._scene.url}\n\n"
        )

    async def _take_crm_away(self, seconds: float) -> None:
        await self._pause(BEFORE_SECONDS)
        await self._scene.close_crm()
        _say(f"\n--- The CRM is away for {seconds:g} s. The exchange prints on, the box keeps all.")
        back = monotonic() + seconds
        while not self._stop.is_set() and (left := back - monotonic()) > 0:
            await self._pause(min(_TELL_SECONDS, left))
            await self._tell_backlog()
        await self._scene.open_crm()
        _say("--- The CRM is back.")
        if await self._backlog_arrives():
            _say("--- The backlog is in the CRM.\n")
            await self._pause(AFTER_SECONDS)

    async def _backlog_arrives(self) -> bool:
        """Tell how the box waits for its next try, until all of it is in the CRM."""
        limit = monotonic() + BACK_SECONDS
        tell = monotonic() + _TELL_SECONDS
        while monotonic() < limit:
            destination = (await self._scene.status()).destinations[0]
            if destination.state == "delivering" and not destination.backlog:
                await _tell_news(self._onlooker)
                return True
            if monotonic() > tell:
                tell += _TELL_SECONDS
                await self._tell_backlog()
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _tell_backlog(self) -> None:
        destination = (await self._scene.status()).destinations[0]
        wait = destination.next_try_in
        waiting = (
            "1 event waits" if destination.backlog == 1 else f"{destination.backlog} events wait"
        )
        again = "" if wait is None else f", which tries again in {wait:.0f} s"
        _say(f"--- {waiting} in the box{again}.")

    async def _settle(self) -> bool:
        """End the printing and wait until the box has brought everything; False if it cannot."""
        last = -1
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._scene.fall_silent()
                while True:
                    status = await self._scene.status()
                    if not (status.devices and status.destinations):
                        return True  # nobody has set it up
                    read = self._scene.is_read(status)
                    brought = status.destinations[0].backlog == 0
                    if read and brought and status.last_sequence == last:
                        return True
                    last = status.last_sequence
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            _say(f"Not all of it came within {SETTLE_SECONDS:.0f} s:")
            await self._tell_backlog()
            return False

    async def _conclude(self, verdict: Verdict) -> None:
        stats = await self._onlooker.stats()
        lasting = f", {verdict.under_way} of them under way" if verdict.under_way else ""
        _say(
            f"\ncalls that were made          {verdict.made}{lasting}"
            f" ({self._scene.paper.printed} printed lines,"
            f" {self._scene.lines.calls} calls on direct lines)\n"
            f"calls in the CRM              {verdict.known}\n"
            f"lost {len(verdict.lost)}, double {len(verdict.double)}"
            f" (events that came twice and were recognized: {stats.duplicates})"
        )
        for word, sights in (("lost", verdict.lost), ("double", verdict.double)):
            for sight in sights:
                _say(f"  {word:6} {sight.text()}")

    async def _pause(self, seconds: float | None) -> None:
        """Wait so long, or without a limit, but no longer than the show goes on."""
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait(
                {stopped, self._scene.printing},
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopped.cancel()


@asynccontextmanager
async def _followed(onlooker: Onlooker, group: asyncio.TaskGroup) -> AsyncGenerator[None, None]:
    """Tell what is new in the CRM while the context lasts."""
    task = group.create_task(_follow(onlooker))
    try:
        yield
    finally:
        task.cancel()


async def _follow(onlooker: Onlooker) -> None:
    while True:
        with suppress(CrmAway):  # that is the show
            await _tell_news(onlooker)
        await asyncio.sleep(_LOOK_SECONDS)


async def _tell_news(onlooker: Onlooker) -> None:
    for call in await onlooker.news():
        _say(call.text())


def _stop_on_signal() -> asyncio.Event:
    """An event set by the first signal; the second one cancels this task."""
    stop = asyncio.Event()
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def obey() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, obey)
    return stop


def _reason(errors: ExceptionGroup) -> Exception:
    """What to tell of a failed show: which part died, if one did."""
    for kind in (PartDied, CommandFailed, BrokenPipeError):
        found: BaseException | None = errors.subgroup(kind)
        while isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        if isinstance(found, Exception):
            return found
    return errors


def _command() -> str:
    """How to call this program again, as it was called."""
    name = sys.argv[0]
    return name if Path(name).name == "payvand" else f"{sys.executable} -m edge"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
