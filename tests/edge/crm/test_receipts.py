"""What boxes tell that they sent, held against what is here."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.edge.crm.conftest import Box, Got

MakeEvent = Callable[..., dict[str, Any]]


def receipt(*sequences: int, calls: int, device: str = "pbx1", **more: object) -> dict[str, Any]:
    digest = hashlib.sha256("".join(f"{sequence}\n" for sequence in sequences).encode())
    told = {"device": device, "day": "2026-11-21", "first": sequences[0], "last": sequences[-1]}
    told |= {"events": len(sequences), "calls": calls, "sha256": digest.hexdigest()}
    return told | more


async def post(box: "Box", *receipts: dict[str, Any], journal: str = "1a2b3c4d") -> "Got":
    body = {"journal": journal, "through": 99, "receipts": receipts}
    return await box.ask("POST", "/v1/receipts", json=body)


async def shown(box: "Box") -> list[dict[str, Any]]:
    """What the page gets."""
    async with asyncio.timeout(60), box.session.get(f"{box.crm.url}/live") as response:
        line = await response.content.readline()
    days: list[dict[str, Any]] = json.loads(line.removeprefix(b"data: "))["receipts"]
    return days


def of(device: str, event: dict[str, Any]) -> dict[str, Any]:
    return event | {"source": f"/boxes/mashhad/{device}"}


async def test_what_is_all_here_agrees(box: "Box", event: MakeEvent) -> None:
    # 2 belongs to another device, 4 was kept back by the box.
    await box.send(event(1, "a"), of("pbx2", event(2)), event(3, "a"), event(5, "b"))
    got = await post(box, receipt(1, 3, 5, calls=2), receipt(2, calls=1, device="pbx2"))
    assert (got.status, got.body) == (200, {"missing": []})
    assert await shown(box) == [
        {"branch": "mashhad", "day": "2026-11-21", "seen": 3, "here": 3, "missing": []}
    ]


async def test_what_is_missing_is_named_until_it_came(box: "Box", event: MakeEvent) -> None:
    events = [event(sequence) for sequence in range(1, 10)]
    await box.send(*(events[place] for place in (0, 1, 4, 8)))
    told = receipt(*range(1, 10), calls=9)
    assert (await post(box, told)).body == {"missing": [[3, 4], [6, 8]]}
    [day] = await shown(box)
    assert (day["seen"], day["here"], day["missing"]) == (9, 4, [[3, 4], [6, 8]])
    await box.send(*events[2:4])
    assert (await post(box, told)).body == {"missing": [[6, 8]]}
    await box.send(*events)
    [day] = await shown(box)  # the page does not wait for the next night
    assert (day["seen"], day["here"], day["missing"]) == (9, 9, [])
    assert (await post(box, told)).body == {"missing": []}


async def test_gaps_of_two_devices_are_told_once(box: "Box", event: MakeEvent) -> None:
    await box.send(event(1), of("pbx2", event(2)), event(9), of("pbx2", event(8)))
    both = receipt(1, 5, 9, calls=3), receipt(2, 4, 8, calls=3, device="pbx2")
    assert (await post(box, *both)).body == {"missing": [[3, 7]]}


async def test_what_was_refused_counts_on_neither_side(box: "Box", event: MakeEvent) -> None:
    await box.send(event(1), event(2) | {"time": "yesterday"}, event(3))
    assert (await post(box, receipt(1, 3, calls=2))).body == {"missing": []}
    assert (await post(box, receipt(1, 2, 3, calls=3))).body == {"missing": []}


async def test_a_day_may_come_in_parts_and_a_repeat_replaces(box: "Box", event: MakeEvent) -> None:
    await box.send(*(event(sequence) for sequence in range(1, 7)))
    await post(box, receipt(1, 2, calls=2))
    await post(box, receipt(3, 4, calls=2))
    await post(box, receipt(3, 4, 5, 6, calls=4))
    [day] = await shown(box)
    assert (day["seen"], day["here"]) == (6, 6)


async def test_of_an_unknown_journal_all_is_missing(box: "Box") -> None:
    got = await post(box, receipt(7, 9, calls=1), journal="99999999")
    assert got.body == {"missing": [[7, 9]]}
    assert [day["branch"] for day in await shown(box)] == ["99999999"]


async def test_not_more_than_a_thousand_gaps_are_told(box: "Box", event: MakeEvent) -> None:
    for first in range(0, 3000, 1000):
        await box.send(*(event(sequence) for sequence in range(first, first + 1000, 2)))
    got = await post(box, receipt(*range(2999), calls=1))
    assert got.body["missing"] == [[sequence, sequence] for sequence in range(1, 2000, 2)]


@pytest.mark.parametrize(
    "change",
    [{"sha256": "A" * 64}, {"device": "a/b"}, {"day": "yesterday"}, {"first": -1}, {"events": 0}],
)
async def test_a_receipt_of_another_form_is_a_bad_request(
    box: "Box", change: dict[str, Any]
) -> None:
    got = await post(box, receipt(1, calls=1) | change)
    assert (got.status, got.body["code"]) == (400, "bad-request")
    assert await shown(box) == []
