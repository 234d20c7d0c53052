"""Payvand: journal and forwarder as they are, behind a port that acknowledges as the peers do.

    7 {"call_id": …} ─▶ journal.append ─▶ 7        forwarder ─▶ reference CRM, once it is there

    python -m bench.peers.payvand FOLDER PORT URL

A telephone exchange waits for no acknowledgement; the port is there for the comparison only.
"""

import asyncio
import shutil
import signal
import sys
from asyncio import StreamReader, StreamWriter
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import aiohttp

from bench.peers.event import event, number_of
from bench.peers.peer import Peer, Ports, patiently, running, until_quiet
from bench.peers.sender import Sender
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.journal.journal import Journal, Sealed

_LOOK_SECONDS = 0.5


class Payvand(Peer):
    name = "Payvand"
    program = sys.executable
    package = "payvand"

    def command(self, room: Path, ports: Ports) -> list[str]:
        url = f"http://127.0.0.1:{ports.upstream}"
        return [sys.executable, "-m", "bench.peers.payvand", str(room), str(ports.peer), url]

    async def connect(self, ports: Ports) -> Sender:
        return await _Lines.to(ports.peer)

    async def survivors(self, room: Path, ports: Ports) -> set[int]:
        found: set[int] = set()
        url = f"http://127.0.0.1:{ports.upstream}"
        store = room.with_name(f"{room.name}-crm")
        crm = [sys.executable, "-m", "edge", "crm", "--port", str(ports.upstream)]
        with running([*crm, "--data", str(store)]):
            await patiently(lambda: _take(url, found))
            with running(self.command(room, ports)):
                async with asyncio.TaskGroup() as group:
                    looking = group.create_task(_keep_taking(url, found))
                    await until_quiet(found)
                    looking.cancel()
        shutil.rmtree(store)
        return found


async def _keep_taking(url: str, found: set[int]) -> None:
    while True:
        await _take(url, found)
        await asyncio.sleep(_LOOK_SECONDS)


async def _take(url: str, found: set[int]) -> None:
    """Ask the CRM what it has. Raises OSError while it is not there."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/events") as answer:
        lines = (await answer.read()).splitlines()
    found.update(number for line in lines if (number := number_of(line)) is not None)


class _Lines(Sender):
    async def send(self, number: int) -> None:
        await self.answer_to(number, b"%d %s\n" % (number, event(number)))

    async def hear(self) -> None:
        line = await self.reader.readline()
        if not line:
            raise EOFError
        self.answered(int(line))


async def _serve(folder: Path, port: int, url: str) -> None:
    journal = await Journal.open(folder / "journal.sqlite")
    forwarder = Forwarder("crm", journal, LinkDestination(LinkSettings(url=url)))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def store(number: int, data: bytes, writer: StreamWriter) -> None:
        await journal.append([_sealed(number, data)])
        writer.write(b"%d\n" % number)

    async def take(reader: StreamReader, writer: StreamWriter) -> None:
        async with asyncio.TaskGroup() as group:
            while line := await reader.readline():
                number, _, data = line.rstrip().partition(b" ")
                group.create_task(store(int(number), data, writer))
        writer.close()

    async with (
        await asyncio.start_server(take, "127.0.0.1", port, limit=1 << 20),
        asyncio.TaskGroup() as group,
    ):
        delivering = group.create_task(forwarder.run())
        await stop.wait()
        delivering.cancel()
    await journal.close()


def _sealed(number: int, data: bytes) -> Sealed:
    return Sealed(
        device="pbx1",
        type="call.ended",
        subject=f"call/bench-{number}",
        time=datetime.now(UTC),
        timequality="synced",
        boot="5f1e0c6a-9b3d-4e87-a1c2-d3e4f5061728",
        monotonic=monotonic(),
        data=data,
    )


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
