"""Events to a broker of MQTT 5, each a message of its own, with QoS 1.

    topic          payvand/<box id>/<device key>/<type>, as payvand/5e1f00c0ffee/pbx1/call.ended
    content type   application/cloudevents+json; charset=utf-8      (structured mode)
    user property  id = 5f3a9c01-42, the event's own; a repeat has the same
    payload        {"specversion": "1.0", "id": "5f3a9c01-42", …, "data": {…}}

    PUBLISH 1 2 3 4 5 ─▶       as many in flight as the broker's receive maximum allows
             ◀─ PUBACK 1 2     an event counts as stored when its own PUBACK says so

The connection stays between batches, its session for a week. A batch has its time: what did not go
by then goes with the next, so that a slow broker does not hold up what is new.
"""

import asyncio
import ssl
from importlib import import_module
from time import monotonic

import msgspec

from edge.delivery.cloudevents import encode_event, event_id
from edge.delivery.destination import (
    BadBatch,
    Batch,
    Branch,
    Delivered,
    DeliveryError,
    DestinationSpec,
    TooBig,
    TryLater,
)
from edge.delivery.destinations.mqtt.connection import Connection
from edge.delivery.destinations.mqtt.dial import Access, widen
from edge.delivery.destinations.mqtt.flight import Flight
from edge.delivery.destinations.mqtt.reasons import acknowledged
from edge.delivery.destinations.mqtt.settings import MqttSettings
from edge.delivery.tls import of_the_system
from edge.delivery.wire_bytes import WireBytes

PATIENCE = 30.0
"""Seconds without any acknowledgement after which the connection is given up."""

_MOST_IN_FLIGHT = 100
_TURN_SECONDS = 5.0
# Of a PUBLISH, all but topic and payload: header, lengths, packet id, properties.
_AROUND = 160
_BODY = msgspec.msgpack.Decoder(list[bytes])
_LATE = "The broker takes events, but acknowledges none in time; if it stays so, tell who runs it."


class MqttDestination:
    """Speaks MQTT to one broker. Settings must be free of problems. box: 12 hex digits."""

    def __init__(self, settings: MqttSettings, box: str, *, patience: float = PATIENCE) -> None:
        self._settings = settings
        self._box = box
        self._patience = patience
        self._wire = WireBytes()
        self._access: Access | None = None
        self._connection: Connection | None = None
        self._owed: DeliveryError | None = None
        self._cautious = False

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._wire.total

    async def start(self) -> None:
        """Import paho-mqtt and read the authorities' certificates, in a thread."""
        self._access = await asyncio.to_thread(self._prepared)

    def pack(self, batch: Batch) -> bytes:
        """The payload of each message, in order."""
        events = [encode_event(batch.journal, batch.box, event) for event in batch.events]
        return msgspec.msgpack.encode(events)

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """Publish until all is acknowledged, its time is up, or something is wrong.

        What was acknowledged before something went wrong counts; what went wrong is then raised
        by the next call.
        """
        if (owed := self._owed) is not None:
            self._owed = None
            raise owed
        connection = await self._connected()
        flight = self._flight(connection, batch)
        try:
            await self._fly(connection, flight, batch, _BODY.decode(body))
        finally:
            self._wire.note()
        delivered, trouble = flight.end(batch.after)
        self._cautious = trouble is not None
        if delivered is None:
            raise trouble or TryLater("no acknowledgement in time", _LATE)
        # One that blames an event has to come from the try that holds this event.
        self._owed = None if isinstance(trouble, BadBatch) else trouble
        return delivered

    async def close(self) -> None:
        """See Destination."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _prepared(self) -> Access:
        import_module("paho.mqtt.client")
        widen()
        settings = self._settings
        return Access(
            settings.host,
            settings.port,
            settings.client_id or f"payvand-{self._box}",
            settings.username,
            settings.password,
            _authorities(settings.ca) if settings.is_tls else None,
        )

    async def _connected(self) -> Connection:
        if self._access is None:
            raise RuntimeError("start() comes before deliver()")
        if self._connection is not None and self._connection.trouble is None:
            return self._connection
        await self.close()
        connection = Connection(self._wire)
        try:
            await connection.open(self._access)
        except DeliveryError:
            self._cautious = True
            raise
        self._connection = connection
        return connection

    def _flight(self, connection: Connection, batch: Batch) -> Flight:
        window = min(connection.limits.receive_maximum, _MOST_IN_FLIGHT)
        sequences = [event.sequence for event in batch.events]
        return Flight(sequences, window, cautious=self._cautious)

    async def _fly(
        self, connection: Connection, flight: Flight, batch: Batch, payloads: list[bytes]
    ) -> None:
        landing = monotonic() + _TURN_SECONDS
        while connection.trouble is None:
            while monotonic() < landing and (place := flight.next()) is not None:
                self._send(connection, flight, batch, place, payloads[place])
            if not flight.is_out:
                return
            try:
                async with asyncio.timeout(self._patience):
                    await connection.news()
            except TimeoutError:
                connection.close()
                flight.broken(TryLater("no acknowledgement in time", _LATE))
                return
        flight.broken(connection.trouble)

    def _send(
        self, connection: Connection, flight: Flight, batch: Batch, place: int, payload: bytes
    ) -> None:
        event = batch.events[place]
        topic = f"{self._settings.topic_prefix}/{batch.box}/{event.device}/{event.type}"
        size, most = len(topic) + len(payload) + _AROUND, connection.limits.longest_packet
        if most is not None and size > most:
            short = f"the message has {size} bytes, the broker takes {most}"
            flight.answered(place, TooBig("over the broker's maximum packet size", short))
            return

        def told(code: int, words: str) -> None:
            unheard = not self._settings.await_subscriber
            flight.answered(place, acknowledged(code, words, unheard=unheard))

        connection.publish(topic, payload, event_id(batch.journal, event.sequence), told)


def _authorities(own: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=own) if own else of_the_system()


def _destination(settings: MqttSettings, branch: Branch) -> MqttDestination:
    return MqttDestination(settings, branch.box)


SPEC = DestinationSpec(
    name="mqtt",
    titles={"en": "MQTT broker", "fa": "کارگزار پیام MQTT"},
    settings=MqttSettings,
    destination=_destination,
)
