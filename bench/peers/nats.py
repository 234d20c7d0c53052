"""NATS JetStream: a stream in files, as `nats-server -js` makes it, read by a consumer afterwards.

PUB calls _INBOX.a.7 500 ─▶      ◀─ MSG _INBOX.a.7 1 26 {"stream":…,"seq":7}: stored
"""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from pathlib import Path

from bench.peers.event import event, number_of
from bench.peers.peer import Peer, Ports, patiently, running, until_quiet
from bench.peers.sender import Sender

_STREAM = {"name": "CALLS", "subjects": ["calls"], "storage": "file"}
_CONSUMER = {
    "stream_name": "CALLS",
    "config": {"deliver_subject": "_INBOX.b", "deliver_policy": "all", "ack_policy": "none"},
}
_ORDER = -1
_CONFIG = 'listen: "127.0.0.1:{peer}"\njetstream {{ store_dir: "{room}" }}\n'


class Nats(Peer):
    name = "NATS JetStream"
    program = "nats-server"
    package = "nats-server"

    def command(self, room: Path, ports: Ports) -> list[str]:
        config = room / "nats.conf"
        config.write_text(_CONFIG.format(room=room, peer=ports.peer), encoding="ascii")
        return ["nats-server", "-c", str(config)]

    async def prepare(self, ports: Ports) -> None:
        nats = await _Connection.to(ports.peer)
        await nats.order("STREAM.CREATE.CALLS", _STREAM)
        await nats.close()

    async def connect(self, ports: Ports) -> Sender:
        return await _Connection.to(ports.peer)

    async def survivors(self, room: Path, ports: Ports) -> set[int]:
        with running(self.command(room, ports)):
            nats = await patiently(lambda: _Connection.to(ports.peer))
            await patiently(lambda: nats.order("CONSUMER.CREATE.CALLS", _CONSUMER))
            await until_quiet(nats.taken)
            await nats.close()
        return nats.taken


class _Connection(Sender):
    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        super().__init__(reader, writer)
        self.taken: set[int] = set()
        writer.write(b'CONNECT {"verbose":false}\r\nSUB _INBOX.a.* 1\r\nSUB _INBOX.b 2\r\n')

    async def send(self, number: int) -> None:
        await self._ask(b"calls", number, event(number))

    async def order(self, what: str, details: Mapping[str, object]) -> None:
        """Ask the server for something. Raises TimeoutError if it does not answer soon."""
        async with asyncio.timeout(1):
            await self._ask(f"$JS.API.{what}".encode(), _ORDER, json.dumps(details).encode())

    async def hear(self) -> None:
        line = await self.reader.readline()
        if not line:
            raise EOFError
        if line.startswith(b"PING"):
            self.writer.write(b"PONG\r\n")
        if not line.startswith((b"MSG", b"HMSG")):
            return
        words = line.split()
        data = await self.reader.readexactly(int(words[-1]) + 2)
        _, _, key = words[1].partition(b"_INBOX.a.")
        if key and b'"error"' not in data:
            self.answered(int(key))
        elif (number := number_of(data)) is not None:
            self.taken.add(number)

    async def _ask(self, subject: bytes, key: int, data: bytes) -> None:
        head = b"PUB %s _INBOX.a.%d %d\r\n" % (subject, key, len(data))
        await self.answer_to(key, head + data + b"\r\n")
