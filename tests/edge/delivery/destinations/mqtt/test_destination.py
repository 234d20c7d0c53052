"""What arrives at a subscriber of a real mosquitto, on its good and its bad days."""

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.edge.delivery.destinations.mqtt.conftest import UNLIMITED, Subscriber, here

if TYPE_CHECKING:
    from tests.edge.delivery.destinations.mqtt.conftest import Broker, Office, Start


async def test_all_arrive_once_in_order(
    office: "Office", broker: "Broker", centre: "Subscriber"
) -> None:
    await office.fill(1200)
    async with office.forwarding(broker.port) as forwarder:
        await office.settled()
        assert forwarder.progress.state == "idle"
        assert forwarder.progress.delivered == 1200
        await office.until(lambda: len(centre.messages) == 1200)
    assert centre.sequences == list(range(1, 1201))
    journal, box = office.journal.id, office.journal.box
    first = centre.messages[0]
    assert first.topic == f"payvand/{box}/pbx1/call.ended"
    assert first.content_type == "application/cloudevents+json; charset=utf-8"
    assert first.user == [("id", f"{journal}-1")]
    assert first.event["id"] == f"{journal}-1"
    assert first.event["source"] == f"/boxes/{box}/pbx1"
    assert first.event["data"]["call_id"] == "made-up-1"
    assert (first.expiry, first.retain) == (None, False)


async def test_live_events_go_over_the_connection_that_is_there(
    office: "Office", broker: "Broker", centre: Subscriber
) -> None:
    async with office.forwarding(broker.port) as forwarder:
        await office.fill(1)
        await office.settled()
        connection = office.destinations[0]._connection
        first = forwarder.progress.wire_bytes
        await office.fill(1)
        await office.settled()
        assert office.destinations[0]._connection is connection
        # An event of about 800 bytes, its acknowledgement, and the headers of both.
        assert 800 < forwarder.progress.wire_bytes - first < 1500
    await office.until(lambda: centre.sequences == [1, 2])


async def test_the_session_is_kept(office: "Office", broker: "Broker", centre: Subscriber) -> None:
    async with office.forwarding(broker.port):
        await office.fill(1)
        await office.settled()
        connection = office.destinations[0]._connection
        assert connection is not None
        assert not connection.limits.session_present
    async with office.forwarding(broker.port):
        await office.fill(1)
        await office.settled()
        connection = office.destinations[1]._connection
        assert connection is not None
        assert connection.limits.session_present
    await office.until(lambda: centre.sequences == [1, 2])


async def test_a_broker_restarted_in_the_middle_loses_nothing(
    office: "Office", mosquitto: "Start", tmp_path: Path
) -> None:
    broker = mosquitto(*UNLIMITED, "persistence true", f"persistence_location {tmp_path}/")
    await broker.start()
    centre = Subscriber(broker.port)
    centre.start()
    await office.fill(8000)
    async with office.forwarding(broker.port) as forwarder:
        for cursor in (400, 2000, 4000):
            await office.past(cursor)
            broker.stop()
            await office.until(lambda: forwarder.progress.state == "retrying")
            assert office.journal.pending("centre") > 0
            await broker.start()
        await office.settled(60)
        await office.until(lambda: len(set(centre.sequences)) == 8000)
    centre.stop()
    assert centre.once == list(range(1, 8001))
    assert await office.journal.parked("centre") == []


async def test_what_a_killed_broker_had_not_acknowledged_comes_again(
    office: "Office", broker: "Broker", centre: Subscriber
) -> None:
    """What it had acknowledged and not yet passed on is gone with its memory: that is its part."""
    await office.fill(8000)
    settled = set[int]()
    async with office.forwarding(broker.port) as forwarder:
        for cursor in (400, 2000, 4000):
            await office.past(cursor)
            broker.kill()
            await office.until(lambda: forwarder.progress.state == "retrying")
            assert office.journal.pending("centre") > 0
            settled |= set(range(1, forwarder.progress.cursor + 1))
            await broker.start()
        await office.settled(60)
        await office.until(lambda: set(range(1, 8001)) - settled <= set(centre.sequences))
    assert centre.once == sorted(centre.once)
    assert await office.journal.parked("centre") == []


async def test_nothing_goes_while_nobody_is_subscribed(office: "Office", broker: "Broker") -> None:
    await office.fill(300)
    async with office.forwarding(broker.port) as forwarder:
        await office.until(lambda: forwarder.progress.state == "retrying")
        assert forwarder.progress.last_answer == "PUBACK 0x10 no subscriber"
        assert "subscribed" in forwarder.progress.advice
        assert forwarder.progress.cursor == 0
        late = Subscriber(broker.port)
        late.start()
        try:
            await office.settled()
            await office.until(lambda: len(late.messages) >= 300)
        finally:
            late.stop()
    assert late.once == list(range(1, 301))


async def test_a_broker_with_rules_of_its_own_needs_no_subscriber(
    office: "Office", broker: "Broker"
) -> None:
    await office.fill(300)
    async with office.forwarding(here(broker.port, await_subscriber=False)):
        await office.settled()


@pytest.mark.parametrize("limit", ["max_packet_size 2000", "message_size_limit 1800"])
async def test_one_event_over_the_brokers_limit_is_parked(
    office: "Office", mosquitto: "Start", limit: str
) -> None:
    broker = mosquitto(limit)
    await broker.start()
    centre = Subscriber(broker.port)
    centre.start()
    await office.fill(30)
    await office.fill(1, data=b'{"name": "%s"}' % (b"x" * 2000))
    await office.fill(30)
    async with office.forwarding(broker.port) as forwarder:
        await office.settled()
        await office.until(lambda: len(centre.messages) == 60)
        assert forwarder.progress.state == "idle"
    centre.stop()
    assert centre.sequences == [n for n in range(1, 62) if n != 31]
    (parked,) = await office.journal.parked("centre")
    assert parked.sequence == 31
    assert parked.reason


async def test_a_wrong_password_is_an_alarm_until_it_is_right(
    office: "Office", mosquitto: "Start", tmp_path: Path
) -> None:
    broker = mosquitto("allow_anonymous false", f"password_file {tmp_path}/users")
    _write_users(tmp_path / "users")
    await broker.start()
    await office.fill(10)
    for wrong in (
        here(broker.port, username="box", password="guess"),
        here(broker.port, username="nobody", password="secret"),
        here(broker.port),
    ):
        async with office.forwarding(wrong) as forwarder:
            await office.until(lambda: forwarder.progress.state == "refused")
            assert "password" in forwarder.progress.advice
            assert "guess" not in forwarder.progress.advice
    assert office.journal.position("centre").cursor == 0
    right = here(broker.port, username="box", password="secret", await_subscriber=False)
    async with office.forwarding(right):
        await office.settled()


async def test_a_box_that_may_not_publish_is_an_alarm_and_parks_nothing(
    office: "Office", mosquitto: "Start", tmp_path: Path
) -> None:
    (tmp_path / "acl").write_text("topic write elsewhere/#\ntopic read payvand/#\n")
    broker = mosquitto(f"acl_file {tmp_path}/acl")
    await broker.start()
    await office.fill(10)
    async with office.forwarding(broker.port) as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert forwarder.progress.last_answer == "PUBACK 0x87 not authorized"
        assert "publish" in forwarder.progress.advice
    assert await office.journal.parked("centre") == []
    assert office.journal.position("centre").cursor == 0
    settings = here(broker.port, topic_prefix="elsewhere/branches", await_subscriber=False)
    async with office.forwarding(settings):
        await office.settled()


def _write_users(path: Path) -> None:
    """User box, password secret, in mosquitto's form: PBKDF2 with SHA-512."""
    salt = b"made-up salt"
    digest = hashlib.pbkdf2_hmac("sha512", b"secret", salt, 101)
    words = (base64.b64encode(each).decode() for each in (salt, digest))
    path.write_text("box:$7$101$" + "$".join(words) + "\n")
