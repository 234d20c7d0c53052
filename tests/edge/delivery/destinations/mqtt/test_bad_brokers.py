"""A broker that does what mosquitto does not: the stand-in, on order."""

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.delivery.destinations.mqtt.stand_in import Mood

if TYPE_CHECKING:
    from edge.delivery.destinations.mqtt.stand_in import StandIn
    from tests.edge.delivery.destinations.mqtt.conftest import Office


def taken(broker: "StandIn") -> list[int]:
    return [int(msgspec.json.decode(payload)["sequence"]) for payload in broker.taken]


def once(broker: "StandIn") -> list[int]:
    return list(dict.fromkeys(taken(broker)))


@pytest.mark.parametrize("most", [1, 2, 7])
async def test_no_more_is_in_flight_than_the_broker_allows(
    office: "Office", stand_in: "StandIn", most: int
) -> None:
    stand_in.mood = Mood(most=most, delay=0.02)
    await office.fill(60)
    async with office.forwarding(stand_in.port):
        await office.settled()
    assert taken(stand_in) == list(range(1, 61))
    assert min(most, 2) <= stand_in.most_in_flight <= most
    assert len(stand_in.clients) == 1


async def test_late_acknowledgements_take_time_and_cost_nothing(
    office: "Office", stand_in: "StandIn"
) -> None:
    stand_in.mood = Mood(delay=0.3)
    await office.fill(400)
    async with office.forwarding(stand_in.port):
        await office.settled()
    assert taken(stand_in) == list(range(1, 401))
    assert stand_in.clients == [(f"payvand-{office.journal.box}", False)]


async def test_without_acknowledgement_another_connection_is_tried(
    office: "Office", stand_in: "StandIn"
) -> None:
    stand_in.mood = Mood(ack=lambda n: 0 if n <= 30 else None)
    await office.fill(60)
    async with office.forwarding(stand_in.port, patience=1.0) as forwarder:
        await office.until(lambda: forwarder.progress.state == "retrying")
        assert forwarder.progress.last_answer == "no acknowledgement in time"
        assert forwarder.progress.cursor == 30
        await office.until(lambda: len(stand_in.clients) > 2)
        stand_in.mood = Mood()
        await office.settled()
    assert taken(stand_in) == list(range(1, 61))


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        *(("connack", code) for code in (0x80, 0x83, 0x88, 0x89, 0x90, 0x95, 0x97, 0x9F)),
        *(("ack", code) for code in (0x80, 0x88, 0x89, 0x91, 0x97)),
        *(("throw_out", code) for code in (0x80, 0x89, 0x8B, 0x8D, 0x93, 0x96, 0x97, 0x9F, 0xA0)),
    ],
)
async def test_what_passes_is_waited_for(
    office: "Office", stand_in: "StandIn", packet: str, code: int
) -> None:
    stand_in.mood = _says(packet, code, after=30)
    await office.fill(60)
    async with office.forwarding(stand_in.port) as forwarder:
        # A connection that broke in a later attempt may be the last word for a moment.
        await office.until(lambda: f"0x{code:02x}" in forwarder.progress.last_answer)
        assert forwarder.progress.state == "retrying"
        assert forwarder.progress.advice
        # What was acknowledged before counts.
        assert forwarder.progress.cursor == (0 if packet == "connack" else 30)
        stand_in.mood = Mood()
        await office.settled()
    assert once(stand_in) == list(range(1, 61))
    assert await office.journal.parked("centre") == []


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        *(("connack", code) for code in (0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x9B, 0x9C, 0x9D)),
        ("ack", 0x87),
        *(("throw_out", code) for code in (0x87, 0x8E, 0x98, 0x9B, 0x9C, 0x9D)),
    ],
)
async def test_what_somebody_must_mend_is_an_alarm(
    office: "Office", stand_in: "StandIn", packet: str, code: int
) -> None:
    stand_in.mood = _says(packet, code, after=30)
    await office.fill(60)
    async with office.forwarding(stand_in.port) as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert f"0x{code:02x}" in forwarder.progress.last_answer
        stand_in.mood = Mood()
        await office.settled()
    assert once(stand_in) == list(range(1, 61))
    assert await office.journal.parked("centre") == []


@pytest.mark.parametrize("code", [0x83, 0x90, 0x95, 0x99])
async def test_an_event_refused_for_good_is_parked_with_the_brokers_words(
    office: "Office", stand_in: "StandIn", code: int
) -> None:
    stand_in.mood = Mood(ack=lambda n: code if n == 20 else 0, words="not this one")
    await office.fill(60)
    async with office.forwarding(stand_in.port) as forwarder:
        await office.settled()
        assert forwarder.progress.state == "idle"
        assert forwarder.progress.delivered == 59
    assert taken(stand_in) == [n for n in range(1, 61) if n != 20]
    (parked,) = await office.journal.parked("centre")
    assert parked.sequence == 20
    assert parked.reason.startswith(f"PUBACK 0x{code:02x}")
    assert parked.reason.endswith(": not this one")
    assert len(stand_in.clients) == 1


@pytest.mark.parametrize("code", [0x90, 0x95, 0x99])
async def test_an_event_for_which_the_broker_throws_us_out_is_found_and_parked(
    office: "Office", stand_in: "StandIn", code: int
) -> None:
    def throw_out(_: int) -> int | None:
        return code if b'"made-up-20"' in stand_in.seen[-1][1] else None

    stand_in.mood = Mood(throw_out=throw_out)
    await office.fill(60)
    async with office.forwarding(stand_in.port):
        await office.settled()
    assert once(stand_in) == [n for n in range(1, 61) if n != 20]
    (parked,) = await office.journal.parked("centre")
    assert parked.sequence == 20
    assert len(stand_in.clients) <= 4


async def test_a_broker_without_acknowledgements_is_an_alarm(
    office: "Office", stand_in: "StandIn"
) -> None:
    stand_in.mood = Mood(maximum_qos=0)
    await office.fill(1)
    async with office.forwarding(stand_in.port) as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "QoS 1" in forwarder.progress.advice
    assert stand_in.seen == []


# asyncio's server leaves open what it accepts in the very moment of its end: the far side's.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        bytes(200),
        b"\x20\x03\x00\x00\x7f",
        b"\x20\x09\x00\x00\x06\x21\x00\x00\x27\x00\x00",
        b"\xff" * 400,
        b"\x40\x02\x00\x01",
    ],
)
async def test_what_is_no_broker_loses_nothing(office: "Office", said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(said)
        await writer.drain()
        writer.close()

    await office.fill(5)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with office.forwarding(port) as forwarder:
            await office.until(lambda: forwarder.progress.state == "retrying")
            assert forwarder.progress.last_answer != "fault"
            assert "MQTT" in forwarder.progress.advice
    assert office.journal.position("centre").cursor == 0
    assert await office.journal.parked("centre") == []


def _says(packet: str, code: int, *, after: int) -> Mood:
    if packet == "connack":
        return Mood(connack=code)
    if packet == "ack":
        return Mood(ack=lambda n: 0 if n <= after else code)
    return Mood(throw_out=lambda n: None if n <= after else code)
