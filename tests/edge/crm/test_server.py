import asyncio
import gzip
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator.readers import read_from_filename

import edge.crm
from edge.crm.server import serve

CONTRACT, _ = read_from_filename(str(Path(edge.crm.__file__).parent / "openapi.yaml"))
if TYPE_CHECKING:
    from tests.edge.crm.conftest import Box, Got

MakeEvent = Callable[..., dict[str, Any]]


def check(got: "Got", status: int) -> dict[str, Any]:
    """Assert the status, and that the contract foresees this answer; return its JSON."""
    assert got.status == status, got.body
    promised = CONTRACT["paths"]["/v1/events"]["post"]["responses"][str(status)]
    for name, header in promised.get("headers", {}).items():
        assert name in got.headers or not header["required"]
    assert got.headers["Content-Type"].split(";")[0] == "application/json"
    reference = promised["content"]["application/json"]["schema"]["$ref"]
    part = CONTRACT["components"]["schemas"][reference.rpartition("/")[2]]
    Draft202012Validator(part).validate(got.body)
    body: dict[str, Any] = got.body
    return body


async def test_stores_what_it_answers_for(box: "Box", event: MakeEvent) -> None:
    events = [event(1), event(2, name="شرکت «نمونه» 📞"), event(3)]
    assert check(await box.send(*events), 200) == {"through": 3, "rejected": []}
    assert await box.stored() == events
    assert await box.stats() == {
        "received": 3,
        "stored": 3,
        "duplicates": 0,
        "rejected": 0,
        "calls": 3,
    }


async def test_repeat_is_answered_like_the_first_time_and_changes_nothing(
    box: "Box", event: MakeEvent
) -> None:
    bad = event(2) | {"timequality": "guessed"}
    first = await box.send(event(1), bad, event(3))
    assert check(first, 200)["through"] == 3
    # Even when the same ids come with another content.
    again = await box.send(event(1, name="other"), event(2), event(3))
    assert check(again, 200) == first.body
    assert await box.stored() == [event(1), event(3)]
    stats = await box.stats()
    assert (stats["received"], stats["stored"], stats["duplicates"]) == (6, 2, 3)


async def test_repeat_in_other_batches_is_answered_the_same(box: "Box", event: MakeEvent) -> None:
    bad = event(2) | {"source": "mashhad"}
    rejected = check(await box.send(event(1), bad, event(3), event(4)), 200)["rejected"]
    assert check(await box.send(event(1)), 200) == {"through": 1, "rejected": []}
    assert check(await box.send(bad, event(3)), 200) == {"through": 3, "rejected": rejected}
    assert check(await box.send(event(1), event(3), span="1a2b3c4d 1-4"), 200)["rejected"] == []


async def test_same_event_twice_in_a_batch_is_one(box: "Box", event: MakeEvent) -> None:
    bad = event(2) | {"time": "yesterday"}
    answer = check(await box.send(event(1), event(1), bad, bad), 200)
    assert answer["through"] == 2
    assert [rejection["id"] for rejection in answer["rejected"]] == ["1a2b3c4d-2"]
    assert await box.stored() == [event(1)]


async def test_bad_events_are_named_and_the_others_stand(box: "Box", event: MakeEvent) -> None:
    short = event(2)
    del short["data"]["outcome"]
    strange = event(4) | {"id": "call-4"}
    answer = check(await box.send(event(1), short, event(3), strange), 200)
    assert answer["through"] == 3
    reasons = {rejection["id"]: rejection["reason"] for rejection in answer["rejected"]}
    assert set(reasons) == {"1a2b3c4d-2", "call-4"}
    assert "outcome" in reasons["1a2b3c4d-2"]
    assert await box.stored() == [event(1), event(3)]


async def test_batch_of_nothing_but_bad_events_still_moves_on(box: "Box", event: MakeEvent) -> None:
    bad = event(7) | {"data": None}
    assert check(await box.send(bad), 200)["through"] == 7
    assert await box.stored() == []


async def test_empty_batch_covers_its_range(box: "Box") -> None:
    answer = check(await box.send(span="1a2b3c4d 5-9"), 200)
    assert answer == {"through": 9, "rejected": []}


async def test_highest_sequence_is_the_truth_of_a_call(box: "Box", event: MakeEvent) -> None:
    late = event(9, "k7-1", talk_seconds=90)
    await box.send(event(10), late)
    await box.send(event(3, "k7-1", talk_seconds=None) | {"type": "call.answered"})
    assert await box.calls() == {"k7-1": late, "k7-10": event(10)}
    final = event(11, "k7-1", talk_seconds=91) | {"type": "call.updated"}
    await box.send(final)
    listed = (await box.get("/calls?limit=1")).body
    assert listed == [final]
    assert (await box.stats())["calls"] == 2


async def test_rejected_event_is_no_truth(box: "Box", event: MakeEvent) -> None:
    await box.send(event(1, "k7-1"), event(2, "k7-1") | {"source": ""})
    assert await box.calls() == {"k7-1": event(1, "k7-1")}


async def test_second_journal_of_a_box_is_another_row_of_events(
    box: "Box", event: MakeEvent
) -> None:
    await box.send(event(5, "k7-1"))
    other = event(1, "k7-1", talk_seconds=1) | {"id": "99999999-1"}
    assert check(await box.send(other, span="99999999 1-1"), 200)["through"] == 1
    # A repeat from the old journal does not turn the call back.
    await box.send(event(5, "k7-1"))
    assert await box.calls() == {"k7-1": other}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\x1f\x8b",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"[1]", mtime=0),
        gzip.compress(b'[{"id": 1}]', mtime=0),
        gzip.compress(b'[{"id": "1a2b3c4d-1", "type": "\xff"}]', mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
        gzip.compress(b'[{"id": "1a2b3c4d-1"}', mtime=0)[:-3],
        b"[]",
    ],
)
async def test_garbage_is_a_bad_request(box: "Box", body: bytes) -> None:
    check(await box.post(body), 400)
    assert (await box.stats())["received"] == 0


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "identity"),
        ("Payvand-Range", "1a2b3c4d 2-1"),
        ("Payvand-Range", "1a2b3c4d 2-9"),
        ("Payvand-Range", "1a2b3c4e 1-9"),
    ],
)
async def test_header_that_does_not_fit_is_a_bad_request(
    box: "Box", event: MakeEvent, header: str, value: str
) -> None:
    got = await box.send(event(1), **{header: value})
    assert check(got, 400)["code"] == "bad-request"
    assert await box.stored() == []


async def test_501_events_are_too_large_and_500_are_not(box: "Box", event: MakeEvent) -> None:
    events = [event(sequence) for sequence in range(1, 502)]
    check(await box.send(*events), 413)
    assert await box.stored() == []
    assert check(await box.send(*events[:500]), 200)["through"] == 500
    assert check(await box.send(*events[500:]), 200)["through"] == 501
    assert await box.stored() == events


async def test_body_over_a_mebibyte_is_too_large(box: "Box") -> None:
    check(await box.post(io.BytesIO(b"\x1f\x8b" + bytes(1 << 20))), 413)


async def test_gzip_bomb_is_too_large(box: "Box", event: MakeEvent) -> None:
    check(await box.post(gzip.compress(bytes(900 << 20 >> 3))), 413)
    padded = b"[" + b" " * ((8 << 20) + 1) + b"]"
    check(await box.post(gzip.compress(padded)), 413)
    # As large as allowed is taken, and the server is none the worse.
    text = json.dumps([event(1)]).encode()
    check(await box.post(gzip.compress(text + b" " * ((8 << 20) - len(text)))), 200)
    assert await box.stored() == [event(1)]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "s3cret", "Bearer s3cret ø"])
async def test_wrong_token_is_not_allowed(
    tmp_path: Path, box: "Box", event: MakeEvent, header: str | None
) -> None:
    running = await serve("127.0.0.1", 0, tmp_path / "locked", "s3cret")
    try:
        locked = box.at(running)
        headers = {} if header is None else {"Authorization": header}
        assert check(await locked.send(event(1), **headers), 401)["code"] == "bad-token"
        assert await locked.stored() == []
        check(await locked.send(event(1), Authorization="Bearer s3cret"), 200)
        assert await locked.stored() == [event(1)]
    finally:
        await running.close()


@pytest.mark.parametrize("limit", ["0", "-1", "x", "10001", "٣", "9" * 5000])
async def test_limit_of_calls_is_checked(box: "Box", limit: str) -> None:
    assert (await box.get(f"/calls?limit={limit}")).status == 400


async def test_events_longer_than_one_page_come_in_order(box: "Box", event: MakeEvent) -> None:
    for first in (2001, 1, 1001):
        for start in (first, first + 500):
            await box.send(*(event(sequence) for sequence in range(start, start + 500)))
    sequences = [int(stored["sequence"]) for stored in await box.stored()]
    assert sequences == [*range(2001, 3001), *range(1, 1001), *range(1001, 2001)]


async def test_events_survive_a_restart(tmp_path: Path, box: "Box", event: MakeEvent) -> None:
    bad = event(2) | {"source": ""}
    first = await box.send(event(1), bad)
    stats = await box.stats()
    await box.crm.close()
    running = await serve("127.0.0.1", 0, tmp_path / "crm", None)
    try:
        again = box.at(running)
        assert await again.stored() == [event(1)]
        assert await again.stats() == stats
        assert (await again.send(event(1), bad)).body == first.body
    finally:
        await running.close()


@contextmanager
def unwritable(data: Path) -> Iterator[None]:
    """Hold the write lock: it stands in for every way in which a write can wait, and fail."""
    other = sqlite3.connect(data / "crm.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


async def test_write_that_fails_is_a_503_and_stores_nothing(
    tmp_path: Path, box: "Box", event: MakeEvent
) -> None:
    with unwritable(tmp_path / "crm"):
        got = await box.send(event(1))
    assert check(got, 503)["code"] == "not-stored"
    assert await box.stored() == []
    check(await box.send(event(1)), 200)
    assert (await box.stats())["duplicates"] == 0


async def test_too_many_at_once_are_sent_away_with_a_time(
    tmp_path: Path, box: "Box", event: MakeEvent
) -> None:
    answers: dict[int, Got] = {}

    async def send(sequence: int) -> None:
        answers[sequence] = await crowd.send(event(sequence))
        answered.set()

    answered = asyncio.Event()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        crowd = box.over(session)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            with unwritable(tmp_path / "crm"):
                for sequence in range(1, 101):
                    group.create_task(send(sequence))
                await answered.wait()
    codes = [check(got, got.status).get("code") for got in answers.values()]
    assert set(codes) - {"not-stored"} == {None, "busy"}
    taken = {sequence for sequence, got in answers.items() if got.status == 200}
    assert {int(stored["sequence"]) for stored in await box.stored()} == taken
