"""mosquitto: a broker that keeps what a subscriber with a persistent session has not taken yet.

    CONNECT/CONNACK   PUBLISH QoS 1 ─▶ PUBACK      MQTT 3.1.1: type, length in sevens of bits, body

The session of the one subscriber (upstream) is made first and then left. The broker saves its store
each second; as shipped it would each half an hour.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from pathlib import Path

from bench.peers.event import event, number_of
from bench.peers.peer import Peer, Ports, patiently, running, until_quiet
from bench.peers.sender import Sender

_TOPIC = b"calls"
_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x32, 0x40, 0x82, 0x90
_OPENED, _SUBSCRIBED = 0x10000, 0x10001  # keys beside the packet numbers of 16 bits
_SAVE_SECONDS = 2.5
_CONFIG = """\
listener {peer} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {room}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages 1000
user root
"""


class Mosquitto(Peer):
    name = "mosquitto, saved each second"
    program = "mosquitto"
    package = "mosquitto"

    def command(self, room: Path, ports: Ports) -> list[str]:
        config = room / "mosquitto.conf"
        config.write_text(_CONFIG.format(room=room, peer=ports.peer), encoding="ascii")
        return ["mosquitto", "-c", str(config)]

    async def prepare(self, ports: Ports) -> None:
        upstream = await Mqtt.to(ports.peer)
        await upstream.open(b"upstream", clean=False)
        await upstream.subscribe()
        await upstream.close()
        await asyncio.sleep(_SAVE_SECONDS)  # until the session is saved

    async def connect(self, ports: Ports) -> Sender:
        mqtt = await Mqtt.to(ports.peer)
        await mqtt.open(b"bench", clean=True)
        return mqtt

    async def survivors(self, room: Path, ports: Ports) -> set[int]:
        with running(self.command(room, ports)):
            upstream = await patiently(lambda: Mqtt.to(ports.peer))
            await upstream.open(b"upstream", clean=False)
            await until_quiet(upstream.taken)
            await upstream.close()
        return upstream.taken


class Mqtt(Sender):
    """Publishes and takes; `taken` are the calls that came."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        super().__init__(reader, writer)
        self.taken: set[int] = set()
        self._number = 0

    async def open(self, name: bytes, *, clean: bool) -> None:
        body = b"\0\4MQTT\4" + bytes((2 if clean else 0, 0, 0)) + _text(name)
        await self.answer_to(_OPENED, _packet(_CONNECT, body))

    async def subscribe(self) -> None:
        await self.answer_to(_SUBSCRIBED, _packet(_SUBSCRIBE, b"\0\1" + _text(_TOPIC) + b"\1"))

    async def send(self, number: int) -> None:
        self._number = self._number % 0xFFFF + 1
        body = _text(_TOPIC) + self._number.to_bytes(2, "big") + event(number)
        await self.answer_to(self._number, _packet(_PUBLISH, body))

    async def hear(self) -> None:
        kind = (await self.reader.readexactly(1))[0]
        body = await self.reader.readexactly(await self._length())
        if kind == _CONNACK:
            self.answered(_OPENED)
        elif kind == _SUBACK:
            self.answered(_SUBSCRIBED)
        elif kind == _PUBACK:
            self.answered(int.from_bytes(body, "big"))
        elif kind & 0xF0 == _PUBLISH & 0xF0:
            begin = 2 + len(_TOPIC)
            if (number := number_of(body[begin + 2 :])) is not None:
                self.taken.add(number)
            self.writer.write(_packet(_PUBACK, body[begin : begin + 2]))

    async def _length(self) -> int:
        length = shift = 0
        while True:
            digit = (await self.reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            if digit < 0x80:
                return length
            shift += 7


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _packet(kind: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((kind, *digits, length)) + body
