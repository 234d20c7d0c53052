"""A broker that misbehaves on order.

    python -m edge.delivery.destinations.mqtt.stand_in 1883

    CONNECT ─▶ CONNACK           PUBLISH (QoS 1) ─▶ PUBACK           PINGREQ ─▶ PINGRESP

It plays what a good broker seldom does: any reason code, few messages at once and strictly so, late
answers or none, a DISCONNECT in the middle. It keeps what it took and passes nothing on; where a
broker that works is wanted, there is mosquitto. Written from MQTT 5.0, chapters 2 and 3.
"""

import asyncio
import struct
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _PINGREQ, _PINGRESP, _DISCONNECT = 1, 2, 3, 4, 12, 13, 14
_CLEAN_START, _RECEIVE_MAXIMUM, _MAXIMUM_QOS, _REASON = 0x02, 0x21, 0x24, 0x1F
_TOO_MANY = 0x93


@dataclass(slots=True)
class Mood:
    """What to do. `ack` gives the code for the n-th PUBLISH of all, from 1; None: no answer ever.

    throw_out: the code of a DISCONNECT that answers the n-th PUBLISH, None to go on. most: receive
    maximum; who has more in flight is thrown out. delay: seconds from a PUBLISH to its PUBACK.
    """

    connack: int | None = 0
    ack: Callable[[int], int | None] = lambda _: 0
    throw_out: Callable[[int], int | None] = lambda _: None
    most: int = 65_535
    maximum_qos: int = 1
    delay: float = 0.0
    words: str = ""


@dataclass(slots=True)
class StandIn:
    """A running stand-in, and what it saw."""

    mood: Mood = field(default_factory=Mood)
    port: int = 0
    clients: list[tuple[str, bool]] = field(default_factory=list)
    """Client id and clean start of each CONNECT."""
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    """Topic and payload of each PUBLISH."""
    taken: list[bytes] = field(default_factory=list)
    """The payloads that were acknowledged as stored, in order."""
    most_in_flight: int = 0
    _number: "count[int]" = field(default_factory=lambda: count(1))

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, until one side ends it."""
        async with asyncio.TaskGroup() as group:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await _Connection(self, reader, writer, group).run()
            writer.close()


class _Connection:
    def __init__(
        self,
        broker: StandIn,
        reader: StreamReader,
        writer: StreamWriter,
        group: asyncio.TaskGroup,
    ) -> None:
        self._broker = broker
        self._reader = reader
        self._writer = writer
        self._group = group
        self._in_flight = 0

    async def run(self) -> None:
        while True:
            head, body = await self._packet()
            kind = head >> 4
            if kind == _CONNECT:
                await self._connect(body)
            elif kind == _PUBLISH:
                if not await self._publish(body):
                    return
            elif kind == _PINGREQ:
                await self._send(_PINGRESP, b"")
            elif kind == _DISCONNECT:
                return

    async def _connect(self, body: bytes) -> None:
        mood = self._broker.mood
        _, flags = struct.unpack_from("!BB", body, 6)
        length, at = _variable(body, 10)
        client, _ = _text(body, at + length)
        self._broker.clients.append((client, bool(flags & _CLEAN_START)))
        if mood.connack is None:
            return
        limits = struct.pack("!BH", _RECEIVE_MAXIMUM, mood.most)
        if mood.maximum_qos < 1:
            limits += bytes((_MAXIMUM_QOS, mood.maximum_qos))
        await self._send(_CONNACK, bytes((0, mood.connack, len(limits))) + limits)

    async def _publish(self, body: bytes) -> bool:
        """False when it ended the connection."""
        broker, mood = self._broker, self._broker.mood
        number = next(broker._number)  # noqa: SLF001 - of this module
        topic, at = _text(body, 0)
        packet = body[at : at + 2]
        length, at = _variable(body, at + 2)
        payload = body[at + length :]
        broker.seen.append((topic, payload))
        self._in_flight += 1
        broker.most_in_flight = max(broker.most_in_flight, self._in_flight)
        out = _TOO_MANY if self._in_flight > mood.most else mood.throw_out(number)
        if out is not None:
            await self._send(_DISCONNECT, bytes((out, 0)))
            return False
        if (code := mood.ack(number)) is None:
            return True
        if mood.delay:
            self._group.create_task(self._answer_late(packet, payload, code, mood.delay))
        else:
            await self._answer(packet, payload, code)
        return True

    async def _answer_late(self, packet: bytes, payload: bytes, code: int, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._answer(packet, payload, code)

    async def _answer(self, packet: bytes, payload: bytes, code: int) -> None:
        self._in_flight -= 1
        if code < 0x80:
            self._broker.taken.append(payload)
        words = self._broker.mood.words.encode()
        said = struct.pack("!BH", _REASON, len(words)) + words if words else b""
        if not self._writer.is_closing():
            await self._send(_PUBACK, packet + bytes((code, len(said))) + said)

    async def _packet(self) -> tuple[int, bytes]:
        head = (await self._reader.readexactly(1))[0]
        length, shift = 0, 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return head, await self._reader.readexactly(length)

    async def _send(self, kind: int, body: bytes) -> None:
        self._writer.write(bytes((kind << 4, len(body))) + body)
        await self._writer.drain()


def _variable(body: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer, and where it ends."""
    value, shift = 0, 0
    while True:
        digit = body[at]
        value |= (digit & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if digit < 0x80:
            return value, at


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A string with its length before it, and where it ends."""
    (length,) = struct.unpack_from("!H", body, at)
    end = at + 2 + length
    return body[at + 2 : end].decode(), end


async def _main(port: int) -> None:
    broker = StandIn()
    async with await asyncio.start_server(broker.serve, "127.0.0.1", port) as server:
        sys.stdout.write(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 1883))
