"""A small device that really acts: it is told a line over TCP, does it, and says so.

    box ──do <id> <text> <time>──▶ device, which counts it
        ◀──────── ok <id> ────────

`FarEnd` is the device, `EchoDriver` serves it. A device that is told to `hang` acts and says
nothing; one told to `refuse` does not act.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

from drivers.commands import Command, Outcome, Report
from drivers.contract import Clock, DriverSpec, Emit, Link, Settings, Surroundings
from drivers.errors import DeviceError, LinkLost
from drivers.events import DeviceState
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.lines import LineSplitter

ANSWER_SECONDS = 5.0


class Say(Struct, frozen=True):
    """Args of `say`. times: a long command reports each time."""

    text: Annotated[str, Meta(pattern="^[a-z]+$")]
    times: int = 1


class EchoSettings(Settings, frozen=True, kw_only=True):
    """Nothing to be set."""


class EchoDriver:
    def __init__(self, _settings: EchoSettings, _around: Surroundings, _clock: Clock) -> None:
        self._link: Link | None = None
        self._answers: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self, link: Link, emit: Emit, _memory: bytes) -> None:
        self._link = link
        splitter = LineSplitter()
        try:
            await emit([DeviceState("online", "connected", f"Connected on {link.name}.")], b"")
            while True:
                for line in splitter.feed(await link.read()):
                    self._answers.put_nowait(line)
        finally:
            self._link = None
            self._answers.put_nowait(None)

    async def execute(self, command: Command, report: Report) -> Outcome:
        say: Say = command.args
        if time.monotonic() > command.deadline:
            raise DeviceError("late", "The echo was told too late.")
        for number in range(1, say.times + 1):
            name = command.id if say.times == 1 else f"{command.id}/{number}"
            outcome = await self._do(name, say.text)
            if outcome.state != "done":
                return outcome
            if say.times > 1:
                await report(f"{number} of {say.times} said")
        return outcome

    async def _do(self, name: str, text: str) -> Outcome:
        if self._link is None:
            raise DeviceError("not-connected", "The echo is not connected.")
        self._answers = asyncio.Queue()
        try:
            await self._link.write(f"do {name} {text} {time.time()}\n".encode())
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._answers.get()
        except (LinkLost, TimeoutError):
            return Outcome("unknown", "The echo did not say whether it did it.")
        if answer is None:
            return Outcome("unknown", "The echo hung up before it said whether it did it.")
        if answer == f"no {name}":
            return Outcome("failed", "The echo will not do it.")
        return Outcome("done", f"said {text}")


# What every line of the table needs: an echo has no decoder of its own.
SPEC = DriverSpec(
    name="echo",
    titles={"en": "Echo", "fa": "پژواک"},
    settings=EchoSettings,
    driver=EchoDriver,
    decoder=lambda _settings, around, memory: SmdrDecoder(
        PanasonicSettings(model="KX-TDA100"), around, memory
    ),
    reader=lambda _settings, _folder: lambda _data: [],
    asks=lambda _settings: [],
    commands={"say": Say},
)


@dataclass(slots=True)
class FarEnd:
    """done: what it was told to do, with the time of day at which the box said so."""

    port: int = 0
    done: list[tuple[str, float]] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while line := await reader.readline():
                _, name, text, told = line.decode().split()
                if text == "refuse":
                    writer.write(f"no {name}\n".encode())
                    continue
                self.done.append((name, float(told)))
                if text == "hangup":
                    return
                if text != "hang":
                    writer.write(f"ok {name}\n".encode())
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.done]


@asynccontextmanager
async def far_end() -> AsyncIterator[FarEnd]:
    device = FarEnd()
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    async with server:
        yield device
        for writer in device.writers:
            writer.close()
