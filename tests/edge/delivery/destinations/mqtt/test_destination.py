"""What arrives at a subscriber of a real mosquitto, on its good and its bad days."""

from typing import TYPE_CHECKING

from tests.edge.delivery.conftest import call

if TYPE_CHECKING:
    from tests.edge.delivery.destinations.mqtt.conftest import Broker, Office, Subscriber


async def fill(office: "Office", count: int) -> None:
    first = office.journal.last + 1
    await office.journal.append([call(first + n) for n in range(count)])


async def test_all_arrive_once_in_order(
    office: "Office", broker: "Broker", centre: "Subscriber"
) -> None:
    await fill(office, 1200)
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
