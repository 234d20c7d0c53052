import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.edge.crm.conftest import Box

MakeEvent = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("status", [400, 401, 403, 413, 429, 500, 503])
async def test_answers_a_status_as_often_as_ordered(
    box: "Box", event: MakeEvent, status: int
) -> None:
    await box.order(mode=str(status), requests=2)
    for _ in range(2):
        got = await box.send(event(1))
        assert got.status == status
        assert ("Retry-After" in got.headers) == (status in {429, 503})
        assert await box.stored() == []
    assert (await box.send(event(1))).body == {"through": 1, "rejected": []}
    assert (await box.get("/misbehave")).body == {"mode": "none"}


async def test_retry_after_is_one_second_or_as_ordered(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="429")
    assert (await box.send(event(1))).headers["Retry-After"] == "1"
    await box.order(mode="503", seconds=7)
    assert (await box.send(event(1))).headers["Retry-After"] == "7"


async def test_goes_on_until_told_otherwise(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="500")
    assert [(await box.send(event(1))).status for _ in range(5)] == [500] * 5
    await box.order(mode="none")
    assert (await box.send(event(1))).status == 200


async def test_refuses_the_connection_and_stores_nothing(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="refuse", requests=1)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await box.send(event(1))
    assert await box.stored() == []
    assert (await box.send(event(1))).status == 200


async def test_drops_the_answer_of_what_it_stored(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="drop-answer", requests=1)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await box.send(event(1), event(2))
    assert await box.stored() == [event(1), event(2)]
    assert (await box.send(event(1), event(2))).body == {"through": 2, "rejected": []}
    stats = await box.stats()
    assert (stats["stored"], stats["duplicates"]) == (2, 2)


async def test_stalls_as_long_as_ordered(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="stall", requests=1, seconds=0.5)
    started = time.monotonic()
    got = await box.send(event(1))
    assert time.monotonic() - started >= 0.5
    assert got.body == {"through": 1, "rejected": []}


async def test_ends_cleanly_while_stalling(box: "Box", event: MakeEvent) -> None:
    async def send() -> None:
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await box.send(event(1))

    await box.order(mode="stall", requests=1, seconds=3600)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(send())
        while (await box.get("/misbehave")).body["mode"] == "stall":
            pass
        await box.crm.close()


async def test_answers_as_a_captive_portal(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="html", requests=1)
    got = await box.send(event(1))
    assert got.status == 200
    assert got.headers["Content-Type"].startswith("text/html")
    assert got.body.startswith(b"<!doctype html>")
    assert await box.stored() == []


async def test_rejects_every_third_for_good(box: "Box", event: MakeEvent) -> None:
    await box.send(event(3))
    await box.order(mode="reject", every=3, requests=1)
    events = [event(sequence) for sequence in range(1, 8)]
    first = await box.send(*events)
    # 3 was taken before the order came, and a repeat is answered like the first time.
    assert [rejection["id"] for rejection in first.body["rejected"]] == ["1a2b3c4d-6"]
    assert first.body["rejected"][0]["reason"]
    assert first.body["through"] == 7
    assert (await box.get("/misbehave")).body == {"mode": "none"}
    assert (await box.send(*events)).body == first.body
    assert [stored["sequence"] for stored in await box.stored()] == ["3", "1", "2", "4", "5", "7"]


async def test_rejects_a_type(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="reject", type="call.updated")
    got = await box.send(event(1), event(2) | {"type": "call.updated"})
    assert [rejection["id"] for rejection in got.body["rejected"]] == ["1a2b3c4d-2"]


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"mode": "sulk"},
        {"mode": "500", "requests": 0},
        {"mode": "stall", "seconds": -1},
        {"mode": "reject", "ever": 3},
    ],
)
async def test_order_that_cannot_be_read_changes_nothing(box: "Box", order: dict[str, Any]) -> None:
    await box.order(mode="429", requests=5)
    got = await box.order(**order)
    assert (got.status, got.body["code"]) == (400, "bad-request")
    assert (await box.get("/misbehave")).body == {"mode": "429", "requests": 5}
