"""The smallest true edge: holds a data directory and answers on its control socket.

    python small_edge.py DATA      each line on standard input becomes the next event

It says `ready` on standard output when it can be asked, and ends at the end of its input.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import CommandFailed
from edge.local import control, status_routes
from edge.local.issue import Answer, Issue, Report, Words
from edge.local.lock import hold
from edge.local.route import Route
from edge.local.status import Alarm, DestinationStatus, DeviceStatus, Status

START = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


class SmallEdge:
    """Events in memory, sequence = place in the list, from 1."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.more = asyncio.Condition()
        self.nobody_asks = asyncio.Event()

    async def add(self, line: bytes) -> None:
        async with self.more:
            self.lines.append(line)
            self.more.notify_all()

    def status(self) -> Status:
        return Status(
            box="b0x",
            journal="5f3a9c01",
            version="0.1.0",
            name="mashhad",
            started_at=START,
            uptime_seconds=7500,
            last_sequence=len(self.lines),
            trouble="The disk is 91 % full: take the captures off the box.",
            devices=(
                DeviceStatus(
                    key="pbx1",
                    driver="panasonic",
                    link="/dev/ttyUSB0 19200 8N1",
                    state="online",
                    code="online",
                    advice="Nothing to do.",
                    since=START,
                    calls=512,
                    last_bytes_at=START,
                    unrecognized=3,
                ),
                DeviceStatus(
                    key="pbx2",
                    driver="panasonic",
                    link="192.168.1.20:2300",
                    state="offline",
                    code="link-missing",
                    advice="No exchange answers at 192.168.1.20 port 2300: look whether it has "
                    "power and whether its network cable is in.",
                    since=START,
                    alarms=(Alarm("clock", "Set the exchange's clock: it is off by 2 h.", START),),
                ),
            ),
            destinations=(
                DestinationStatus(
                    name="crm",
                    kind="link",
                    state="retrying",
                    code="connection refused",
                    next_try_in=12.4,
                    advice="The CRM does not answer: look whether the internet line is up.",
                    since=START,
                    cursor=922,
                    backlog=120,
                    parked=2,
                ),
            ),
        )

    def routes(self, events: status_routes.Events | None = None) -> list[Route]:
        return status_routes.routes(self.status, events or self.events, self.checks, self.metrics)

    async def checks(self) -> Report:
        issue = Issue(
            code="link-missing",
            concerns="pbx2",
            severity="alarm",
            since=START,
            cause=Words("pbx2 is not read.", "تماس‌های «pbx2» خوانده نمی‌شود."),
            advice=Words("Look at its cable.", "کابل آن را بررسی کنید."),
        )
        wrong = Answer(name="link", title=Words("Ports", "درگاه‌ها"), issues=(issue,))
        well = Answer(name="disk", title=Words("Room on the disk", "جای حافظه"))
        return Report(site="mashhad", now=START, answers=(well, wrong))

    async def metrics(self) -> str:
        return f"payvand_events_total {len(self.lines)}\n"

    async def events(self, after: int, through: int | None) -> AsyncGenerator[bytes, None]:
        self.nobody_asks.clear()
        try:
            while through is None or after < through:
                async with self.more:
                    while after >= len(self.lines):
                        await self.more.wait()
                yield self.lines[after]
                after += 1
        finally:
            self.nobody_asks.set()


async def main(data: Path) -> None:
    edge = SmallEdge()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with hold(data) as lock:
        async with control.serve(lock, edge.routes()):
            print("ready", flush=True)  # noqa: T201 - its starter waits for this
            while line := await reader.readline():
                await edge.add(line.rstrip(b"\n"))


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except CommandFailed as error:
        sys.exit(str(error))
