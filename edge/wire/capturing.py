"""One run of `payvand capture`: what comes from a port, or from a device of the running box.

    free port          opened for reading, at a speed that an ear seeks, or at the one that is given
    port of the box    heard through the box; with --test its calls are marked as a test meanwhile

A technician's lines become marks in the capture, at the time at which they were typed.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from drivers.detect.ear import Ear
from drivers.detect.framing import PLAIN, framing
from drivers.detect.proposal import Proposal
from drivers.errors import DeviceError
from drivers.wire.capture import LineChange, Mark, PortState, Received, Sent
from drivers.wire.quiet_port import QuietPort
from edge.detecting.detecting import ear_of, readers
from edge.errors import CommandFailed
from edge.local.client import Client, NotAnswering
from edge.local.wire_records import WireChunk
from edge.site.site import Device
from edge.version import VERSION
from edge.wire.readable import READ_AT
from edge.wire.recorder import Recorder

LOOK_SECONDS = 1.0

Say = Callable[[str], None]


class PortCapture:
    """From a port that nobody else has open. fixed: its speed, if it is known.

    ready: set when nothing of what is said from then on is missed.
    """

    def __init__(self, port: str, fixed: int | None, say: Say) -> None:
        self.ear = Ear(readers(), fixed)
        self.begun = monotonic()
        self.ready = asyncio.Event()
        self.ready.set()
        self.header = _header(self.begun, ("link", port))
        self._say = say
        try:
            self._port = QuietPort(port, self.ear.baud)
        except DeviceError as error:
            raise CommandFailed(error.advice) from error

    async def record(self, recorder: Recorder) -> None:
        """Until cancelled. Raises CommandFailed when the port is gone."""
        with self._port as port:
            recorder.note(LineChange(0.0, f"{port.baud} {PLAIN}"))
            counted = None
            while True:
                if (state := port.counters()) != counted:
                    broken = state.broken - counted.broken if state and counted else 0
                    counted = state
                    recorder.note(PortState(monotonic() - self.begun, str(state)))
                else:
                    broken = 0
                await self._once(port, recorder, broken)

    async def _once(self, port: QuietPort, recorder: Recorder, broken: int) -> None:
        due = self.ear.due()
        look = monotonic() + LOOK_SECONDS
        try:
            data = await port.read(look if due is None else min(due, look))
        except DeviceError as error:
            raise CommandFailed(f"{error.advice}; what was recorded is in the file") from error
        now = monotonic()
        if data:
            recorder.note(Received(now - self.begun, data))
            self._say(_shown(now - self.begun, data, self.ear.baud))
        if data or broken:
            self.ear.hear(now, data, broken)
        else:
            self.ear.tick(now)
        if self.ear.baud != port.baud:
            port.set_baud(self.ear.baud)
            recorder.note(LineChange(monotonic() - self.begun, f"{port.baud} {PLAIN}"))


class DeviceCapture:
    """From a device of the running box. test: its calls are marked as a test meanwhile.

    What the box has heard lately is recorded too, but not in a test.
    """

    def __init__(self, data: Path, device: Device, say: Say, *, test: bool) -> None:
        self.ear = ear_of(device)
        self.begun = monotonic()
        self.ready = asyncio.Event()
        self._data = data
        self._device = device
        self._test = test
        self._say = say
        self._before: list[WireChunk] = []
        self.header: list[tuple[str, str]] = []

    async def prepare(self) -> None:
        """Fetch what the box has kept. Raises what Client.wire does."""
        if not self._test:
            async with Client(self._data) as edge, aclosing(edge.wire(self._device.key)) as kept:
                self._before = [chunk async for chunk in kept]
        if self._before:
            self.begun = min(self.begun, self._before[0].at)
        line = getattr(self._device.link, "format", "")
        self.header = _header(
            self.begun,
            ("device", self._device.key),
            ("driver", self._device.driver),
            ("link", f"{getattr(self._device.link, 'baud', '')} {line}".strip() or "network"),
        )

    async def record(self, recorder: Recorder) -> None:
        """Until cancelled. Raises NotAnswering when the box stops."""
        last = self._before[-1].at if self._before else -1.0
        for chunk in self._before:
            self._note(recorder, chunk)
        async with (
            Client(self._data) as edge,
            aclosing(edge.wire(self._device.key, follow=True, test=self._test)) as chunks,
        ):
            async for chunk in chunks:
                if not chunk.data:
                    self.ready.set()
                elif chunk.at > last and (self.ready.is_set() or not self._test):
                    self._note(recorder, chunk)
                    self._say(_shown(chunk.at - self.begun, chunk.data, None))
        raise NotAnswering("payvand stopped while it was recorded; what came is in the file")

    def _note(self, recorder: Recorder, chunk: WireChunk) -> None:
        at = chunk.at - self.begun
        recorder.note(Received(at, chunk.data) if chunk.way == "<" else Sent(at, chunk.data))
        if chunk.way == "<":
            self.ear.hear(chunk.at, chunk.data)


async def marking(
    lines: "asyncio.Queue[str | None]",
    recorder: Recorder,
    begun: float,
    script: list[tuple[str, str]],
    say: Say,
) -> None:
    """Note what the technician types; with a script ask for each step and end after the last one.

    None among the lines is the end of the input: without a script nothing more is noted then.
    """
    for name, text in script:
        say(f"\n{text}\nThen press Enter; what you type before it is noted.")
        recorder.note(Mark(monotonic() - begun, f"begin {name}"))
        typed = await lines.get()
        recorder.note(Mark(monotonic() - begun, f"end {name}" + (f": {typed}" if typed else "")))
        if typed is None:
            return
    while not script:
        typed = await lines.get()
        if typed is None:
            await asyncio.Event().wait()
        recorder.note(Mark(monotonic() - begun, typed or "here"))


def conclude(recorder: Recorder, ear: Ear, *, seeks: bool) -> Proposal | None:
    """Write what was made of it at the end of the capture; the likeliest proposal.

    seeks: the bytes came as a port at eight bits without parity reads them.
    """
    ear.tick(monotonic() + 1.0)
    for score in recorder.scores:
        recorder.remark("heard", score)
    if ear.proposals and seeks:
        recorder.remark(READ_AT, f"{ear.proposals[0].baud} {ear.proposals[0].format}")
    for proposal in ear.proposals:
        told = ", ".join(f"{name} {value}" for name, value in proposal.settings.items())
        recorder.remark(
            "proposal",
            f"{proposal.driver}, {proposal.confidence} ({proposal.number:.2f}), {proposal.baud}"
            f" {proposal.format}, {told}",
        )
    return next(iter(ear.proposals), None)


def _header(begun: float, *more: tuple[str, str]) -> list[tuple[str, str]]:
    started = datetime.now(UTC) - timedelta(seconds=monotonic() - begun)
    when = started.isoformat(timespec="milliseconds")
    return [("started", when), ("made by", f"payvand {VERSION}"), *more]


def _shown(at: float, data: bytes, baud: int | None) -> str:
    speed = f" at {baud}" if baud else ""
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in framing(data)[1][:60])
    return f"{at:8.1f} s  {len(data)} bytes{speed}  {text}"


async def typed_lines(lines: "asyncio.Queue[str | None]") -> None:
    """Read standard input by the line until cancelled; at its end put None, once."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    rest = b""

    def take() -> None:  # only here is it sure that reading does not block
        nonlocal rest
        data = os.read(0, 4096)
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            lines.put_nowait(line.decode(errors="replace").strip())
        if not data:
            over.set()

    try:
        loop.add_reader(0, take)
    except (OSError, ValueError):  # a file, or closed
        over.set()
    try:
        await over.wait()
        lines.put_nowait(None)
    finally:
        with suppress(OSError, ValueError):
            loop.remove_reader(0)
