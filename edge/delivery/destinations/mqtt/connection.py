"""One connection to a broker, from CONNECT until one side ends it.

    CONNECT ─▶ ◀─ CONNACK      PUBLISH ─▶ ◀─ PUBACK      PINGREQ ─▶ ◀─ PINGRESP

paho-mqtt speaks the protocol (of the libraries that build on it or stand beside it none tells what
a PUBACK says); the loop tells it when its socket has something. It never connects again: whatever
ends the connection is in `trouble`, and another Connection takes its place. What was not
acknowledged lies in the journal, which is our side of the session, and is sent again from there.
"""

import asyncio
import socket
import ssl
import struct
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.delivery.destination import DeliveryError, NotAllowed, TryLater
from edge.delivery.destinations.mqtt import reasons
from edge.delivery.destinations.mqtt.dial import CONNECT_SECONDS, Access, dial, hang_up
from edge.delivery.wire_bytes import WireBytes

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, SocketLike
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_MOST = 65_535
_LOOK_SECONDS = 5.0
# What paho-mqtt lets through when bytes are no MQTT.
_NO_MQTT = (ValueError, LookupError, TypeError, struct.error)
_BROKEN = "The connection to the broker broke; if it stays so, check the box's Internet line."
_SILENT = (
    "The broker does not answer in time; check the Internet connection of the box, and that MQTT"
    " is spoken at this address and port."
)
_OTHER = "What answers at this address speaks no MQTT 5: check the address and its port."
_NO_QOS = "The broker takes no messages that it acknowledges (QoS 1): allow them there."


@dataclass(frozen=True, slots=True)
class Limits:
    """What the broker said when it let us in; session_present: it knew us from before."""

    receive_maximum: int = _MOST
    longest_packet: int | None = None
    session_present: bool = False


Told = Callable[[int, str], None]
"""Gets the reason code and the broker's words of one PUBACK."""


class Connection:
    """Of use from the end of `open` until `trouble` is not None."""

    def __init__(self, wire: WireBytes) -> None:
        self.trouble: DeliveryError | None = None
        self.limits = Limits()
        self._let_in = False
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._waiting: dict[int, Told] = {}
        self._client: Client | None = None
        self._look: TimerHandle | None = None

    async def open(self, access: Access) -> None:
        """Connect and wait to be let in. Raises DeliveryError."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._client = await dial(access)
                self._begin(self._client)
                while not self._let_in and self.trouble is None:
                    await self.news()
        except TimeoutError:
            self._over(TryLater("no answer in time", _SILENT))
        finally:
            if not self._let_in:
                self.close()
        if self.trouble is not None:
            raise self.trouble

    async def news(self) -> None:
        """Wait until something was acknowledged or the connection ended."""
        await self._news.wait()
        self._news.clear()

    def publish(self, topic: str, payload: bytes, event: str, told: Told) -> None:
        """Send one event with QoS 1; `event` is its id. That there is room is the caller's care."""
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        if self._client is None:
            raise RuntimeError("open() comes before publish()")
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho-mqtt's
        properties.PayloadFormatIndicator = 1
        properties.ContentType = CONTENT_TYPE
        properties.UserProperty = ("id", event)
        sent = self._client.publish(topic, payload, qos=1, properties=properties)
        self._waiting[sent.mid] = told

    def close(self) -> None:
        """Leave the broker, which keeps our session; harmless twice."""
        self._over(TryLater("closed", _BROKEN))
        if self._look is not None:
            self._look.cancel()
        client, self._client = self._client, None
        if client is not None and (opened := client.socket()) is not None:
            client.on_socket_register_write = None  # it writes at once
            self._closing(client, None, opened)
            hang_up(client)

    def _begin(self, client: "Client") -> None:
        """Go on in the loop with what the thread has connected."""
        opened = client.socket()
        if not isinstance(opened, socket.socket):  # gone again, or it was never one of TCP
            self._over(TryLater("connection broken", _OTHER))
            return
        client.on_connect = self._answered
        client.on_publish = self._acknowledged
        client.on_disconnect = self._thrown_out
        client.on_socket_close = self._closing
        client.on_socket_register_write = self._has_to_write
        client.on_socket_unregister_write = self._has_written
        # Else the second of several waits until the broker's kernel has acknowledged the first.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wire.watch(opened)
        self._loop.add_reader(opened, self._read)
        self._look_after()
        self._read()  # TLS may have read ahead already

    def _read(self) -> None:
        if (client := self._client) is None:
            return
        try:
            client.loop_read()
            while isinstance(left := client.socket(), ssl.SSLSocket) and left.pending():
                client.loop_read()
        except _NO_MQTT:
            self._over(TryLater("no MQTT", _OTHER))
            self.close()

    def _write(self) -> None:
        if self._client is not None:
            self._client.loop_write()

    def _look_after(self) -> None:
        """Let paho-mqtt send its pings, and miss the answers."""
        if self._client is not None and self.trouble is None:
            self._client.loop_misc()
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_after)

    def _over(self, trouble: DeliveryError) -> None:
        self.trouble = self.trouble or trouble
        self._news.set()

    def _answered(
        self,
        _client: "Client",
        _data: object,
        flags: "ConnectFlags",
        reason: "ReasonCode",
        limits: "Properties | None",
    ) -> None:
        if (refusal := reasons.welcome(reason.value)) is not None:
            self._over(refusal)
            return
        if getattr(limits, "MaximumQoS", 1) < 1:
            self._over(NotAllowed("CONNACK maximum QoS 0", _NO_QOS))
            return
        self.limits = Limits(
            getattr(limits, "ReceiveMaximum", _MOST),
            getattr(limits, "MaximumPacketSize", None),
            flags.session_present,
        )
        self._let_in = True
        self._news.set()

    def _acknowledged(
        self,
        _client: "Client",
        _data: object,
        mid: int,
        reason: "ReasonCode",
        words: "Properties",
    ) -> None:
        if (told := self._waiting.pop(mid, None)) is not None:
            told(reason.value, getattr(words, "ReasonString", ""))
        self._news.set()

    def _thrown_out(
        self,
        _client: "Client",
        _data: object,
        flags: "DisconnectFlags",
        reason: "ReasonCode",
        _words: "Properties | None",
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._over(reasons.disconnected(reason.value))
        else:
            advice = _BROKEN if self._let_in else _OTHER
            self._over(TryLater("connection broken", advice))

    def _closing(self, _client: "Client", _data: object, opened: "SocketLike") -> None:
        self._wire.note()
        self._loop.remove_reader(opened)
        self._loop.remove_writer(opened)

    def _has_to_write(self, _client: "Client", _data: object, opened: "SocketLike") -> None:
        self._loop.add_writer(opened, self._write)

    def _has_written(self, _client: "Client", _data: object, opened: "SocketLike") -> None:
        self._loop.remove_writer(opened)
