"""Webhooks against a receiver that verifies them with the standard's own library."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from standardwebhooks import Webhook

from edge.delivery.destination import Batch, TryLater
from edge.delivery.destinations.webhook.destination import SPEC, WebhookDestination
from edge.delivery.destinations.webhook.settings import WebhookSettings
from edge.delivery.destinations.webhook.stand_in import Receiver, serve
from edge.journal.records import Sealed
from tests.edge.delivery.destinations.conftest import Box, captured, until

NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + "A" * 32
GOLDEN = Path(__file__).parent / "conversation.txt"
LONG_AGO = datetime(1970, 1, 1, 0, 20, tzinfo=UTC)


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[str]:
    runner, url = await serve(receiver)
    yield url
    await runner.cleanup()


def hook(
    box: Box,
    url: str,
    old_secret: str = "",
    wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience: float = 30.0,
) -> WebhookDestination:
    settings = WebhookSettings(url=url, secret=NEW, old_secret=old_secret)
    assert settings.problems() == []
    return WebhookDestination(settings, box.branch(), patience=patience, wall=wall)


def names(box: Box, count: int, first: int = 1) -> list[str]:
    return [f"{box.journal.id}-{n}" for n in range(first, first + count)]


def test_the_standards_own_vector() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    signature = Webhook(NEW).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_one_event_a_request() -> None:
    assert SPEC.most_events == 1


async def test_every_event_arrives_signed_once_and_in_order(box: Box) -> None:
    events = [*captured("tda200-received-answered"), *captured("tem824-missed")]
    await box.journal.append(events)
    async with (
        receiving(receiver := Receiver([NEW])) as url,
        box.forwarding(hook(box, url)),
    ):
        await box.settled()
    assert list(receiver.taken) == names(box, len(events))
    assert receiver.repeats == 0
    assert {verdict for verdict, _, _ in receiver.requests} == {"taken"}
    said = "".join(
        f"{headers['content-type']} {body}\n".replace(box.journal.id, "5f3a9c01").replace(
            box.journal.box, "5e1f00c0ffee"
        )
        for _, headers, body in receiver.requests
    )
    assert said == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("knows", [[NEW], [OLD], [OLD, NEW]])
async def test_while_secrets_change_either_is_enough(box: Box, knows: list[str]) -> None:
    await box.journal.append(captured("tda100-direct"))
    async with (
        receiving(receiver := Receiver(knows)) as url,
        box.forwarding(hook(box, url, OLD)),
    ):
        await box.settled()
    assert len(receiver.taken) == 6
    assert len(receiver.requests) == 6


@pytest.mark.parametrize("refusal", [400, 401, 403])
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_wrong_clock_is_set_right_by_the_receivers(
    box: Box, refusal: int, *, trusted: bool
) -> None:
    """Trusted and wrong is the receiver's fault; both are held up by nothing."""
    box.time = datetime.now(UTC) + timedelta(hours=1) if trusted else None
    await box.journal.append(captured("tda100-direct"))
    async with receiving(receiver := Receiver([NEW], refusal)) as url:
        destination = hook(box, url, wall=lambda: LONG_AGO)
        async with box.forwarding(destination) as forwarder:
            await box.settled()
            assert forwarder.progress.parked == 0
            assert forwarder.progress.advice == ""
    verdicts = [verdict for verdict, _, _ in receiver.requests]
    assert verdicts == [f"Message timestamp too {'new' if trusted else 'old'}", *["taken"] * 6]


@pytest.mark.parametrize("refusal", [400, 401])
async def test_a_wrong_secret_is_an_alarm_and_parks_nothing(box: Box, refusal: int) -> None:
    await box.journal.append(captured("tda100-direct"))
    async with (
        receiving(receiver := Receiver([OLD], refusal)) as url,
        box.forwarding(hook(box, url)) as forwarder,
    ):
        await until(lambda: len(receiver.requests) >= 3)
        assert forwarder.progress.state == "refused"
        assert "secret is not the one" in forwarder.progress.advice
        assert forwarder.progress.parked == 0
        receiver.secrets.append(NEW)
        await box.settled()
    assert list(receiver.taken) == names(box, 6)


async def test_a_wrong_secret_under_a_wrong_clock_is_told_for_what_it_is(box: Box) -> None:
    await box.journal.append(captured("tda100-direct")[:1])
    async with (
        receiving(receiver := Receiver([OLD])) as url,
        box.forwarding(hook(box, url, wall=lambda: LONG_AGO)) as forwarder,
    ):
        await until(lambda: len(receiver.requests) >= 2)
        await until(lambda: "secret is not the one" in forwarder.progress.advice)
    verdicts = [verdict for verdict, _, _ in receiver.requests]
    assert verdicts[:2] == ["Message timestamp too old", "No matching signature found"]


async def test_a_refused_event_is_parked_where_others_were_taken(box: Box) -> None:
    await box.journal.append(captured("tda100-direct")[:3])
    async with receiving(receiver := Receiver([NEW])) as url:
        async with box.forwarding(hook(box, url)):
            await box.settled()
        # Also after a restart the address is known to take events.
        receiver.bad_day.order("400", 1)
        await box.journal.append(captured("tda100-direct")[3:])
        async with box.forwarding(hook(box, url)):
            await box.settled()
    (parked,) = await box.journal.parked("crm")
    assert (parked.sequence, parked.reason) == (4, "HTTP 400: by order")
    assert list(receiver.taken) == [*names(box, 3), *names(box, 2, 5)]


async def test_a_closed_address_is_left_alone(box: Box) -> None:
    await box.journal.append(captured("tda100-direct"))
    async with receiving(receiver := Receiver([NEW], closed=True)) as url:
        async with box.forwarding(hook(box, url)) as forwarder:
            await until(lambda: forwarder._failures >= 4)
            assert forwarder.progress.state == "refused"
            assert "closed this address" in forwarder.progress.advice
        assert len(receiver.requests) == 1
        receiver.closed = False
        async with box.forwarding(hook(box, url)):
            await box.settled()
    assert list(receiver.taken) == names(box, 6)


@pytest.mark.parametrize("success", [200, 202, 204])
async def test_any_2xx_is_stored(box: Box, success: int) -> None:
    await box.journal.append(captured("tda100-direct")[:1])
    async with (
        receiving(receiver := Receiver([NEW], success=success)) as url,
        box.forwarding(hook(box, url)),
    ):
        await box.settled()
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("body", ["ok", "<p>taken</p>", '"<html>"'])
async def test_what_looks_a_little_like_a_page_is_none(box: Box, body: str) -> None:
    await box.journal.append(captured("tda100-direct")[:1])
    async with receiving(receiver := Receiver([NEW])) as url:
        receiver.bad_day.order("wrong-json", 1, body=body)
        async with box.forwarding(hook(box, url)):
            await box.settled()
    assert len(receiver.requests) == 1


async def test_text_that_is_no_utf8_is_parked_not_sent(box: Box) -> None:
    broken = msgspec.structs.replace(captured("tda100-direct")[0], data=b'{"name": "caf\xe9"}')
    await box.journal.append([broken, *captured("tda100-direct")])
    async with (
        receiving(receiver := Receiver([NEW])) as url,
        box.forwarding(hook(box, url)),
    ):
        await box.settled()
    assert [each.sequence for each in await box.journal.parked("crm")] == [1]
    assert list(receiver.taken) == names(box, 6, 2)


async def test_it_tells_the_time_to_a_box_that_has_none(box: Box) -> None:
    async with receiving(Receiver([NEW])) as url:
        destination = hook(box, url)
        await destination.start()
        heard = await destination.ask_time("5f3a9c01")
        await destination.close()
    assert heard is not None
    assert abs(heard.said - datetime.now(UTC)) < timedelta(seconds=5)


async def test_the_receivers_wish_to_wait_reaches_the_forwarder(box: Box) -> None:
    await box.journal.append(captured("tda100-direct")[:1])
    batch = Batch(box.journal.id, box.journal.box, 0, await box.journal.read(0))
    async with receiving(receiver := Receiver([NEW])) as url:
        receiver.bad_day.order("429", 1, seconds=1)
        destination = hook(box, url)
        await destination.start()
        with pytest.raises(TryLater) as raised:
            await destination.deliver(batch, destination.pack(batch))
        await destination.close()
    assert raised.value.seconds == 1.0


async def test_after_a_lost_answer_the_repeat_has_the_same_id(box: Box) -> None:
    events: list[Sealed] = captured("tda100-direct")
    await box.journal.append(events)
    async with receiving(receiver := Receiver([NEW])) as url:
        receiver.bad_day.order("drop-answer", 3)
        async with box.forwarding(hook(box, url)):
            await box.settled()
    assert receiver.repeats == 3
    assert list(receiver.taken) == names(box, 6)
    sent = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert sent[:4] == names(box, 1) * 4
