"""The last calls, found in a journal of many events; their stories; what was refused of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import date
from pathlib import Path

import msgspec
import pytest

from edge.access.refusals import Mistakes, NoSession, TooOften, Unable, Unknown
from edge.calls.masking import hidden
from edge.crm.misbehave import Order
from edge.crm.server import Running as Crm
from edge.crm.server import serve
from edge.local.calls_records import CallQuery, ParkedQuery
from edge.local.client import Client
from edge.local.feed_records import Change
from edge.local.settings_records import DestinationChange, DeviceChange
from edge.site.site import FILE
from tests.edge.calls.stored import calls, event
from tests.edge.running import SECONDS, SITE, Running, running

MANY = 33_334
"""Calls of three events each: a hundred thousand."""


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as found:
        yield found


async def _store(box: Running, count: int, first: int = 0) -> None:
    waiting = list(calls(count, first))
    for at in range(0, len(waiting), 2000):
        await box.journal.append(waiting[at : at + 2000])


async def test_of_a_hundred_thousand_events_the_last_thousand_calls_are_found(
    box: Running,
) -> None:
    await _store(box, MANY)
    edge = box.as_role("technician")
    page = await edge.calls(CallQuery(most=200))
    assert (page.found, len(page.calls)) == (1000, 200)
    assert page.calls[0].call_id == f"b-{MANY - 1}"
    assert {call.stage for call in page.calls} == {"ended"}
    page = await edge.calls(CallQuery(skip=990, most=50))
    assert [call.call_id for call in page.calls][-1] == f"b-{MANY - 1000}"
    await _store(box, 2, first=MANY)
    page = await edge.calls()
    assert (page.found, page.calls[0].call_id) == (1000, f"b-{MANY + 1}")
    story = await edge.call(f"b-{MANY - 1000 + 2}")
    assert [each.type for each in story.events] == ["call.ringing", "call.answered", "call.ended"]
    with pytest.raises(Unknown):
        await edge.call("b-7")


async def test_a_call_is_shown_as_its_last_event_has_it(box: Running) -> None:
    edge = box.as_role("technician")
    await box.journal.append([event(1, "ringing")])
    assert (await edge.calls()).calls[0].stage == "ringing"
    await box.journal.append([event(1, "ended", talk_seconds=7)])
    await box.journal.append([event(1, "updated", talk_seconds=9, outcome="answered")])
    row = (await edge.calls()).calls[0]
    assert (row.stage, row.talk_seconds, row.outcome) == ("ended", 9, "answered")
    story = await edge.call("b-1")
    assert [each.call.talk_seconds for each in story.events] == [None, 7, 9]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (CallQuery(text="0912 000 0003"), {"b-3"}),
        (CallQuery(text="۰۹۱۲۰۰۰۰۰۰۳"), {"b-3"}),
        (CallQuery(text="كرمانی"), {"b-5"}),
        (CallQuery(text="KERMANI"), set()),
        (CallQuery(outcome="missed"), {"b-4"}),
        (CallQuery(direction="outgoing"), {"b-2"}),
        (CallQuery(extension="۲۵۰"), {"b-2"}),
        (CallQuery(device="pbx2"), set()),
        (CallQuery(since=date(2026, 11, 2)), {"b-150"}),
        (CallQuery(until=date(2026, 11, 1), text="b-"), set()),
        (CallQuery(since=date(2026, 11, 2), until=date(2026, 11, 1)), set()),
    ],
)
async def test_filters_find_what_is_meant(box: Running, query: CallQuery, found: set[str]) -> None:
    await box.journal.append(
        [
            event(2, "ended", direction="outgoing", extension="250"),
            event(3, "ended"),
            event(4, "ended", outcome="missed"),
            event(5, "ended", name="علی کرمانی"),
            event(150, "ended"),  # a day later in Tehran: 25 hours and more
        ]
    )
    page = await box.as_role("technician").calls(query)
    assert {call.call_id for call in page.calls} == found


async def test_a_query_that_cannot_be_read_is_told(box: Running) -> None:
    edge = box.as_role("viewer")
    with pytest.raises(Mistakes):
        await edge._get("/calls", object, {"since": "yesterday"})


async def test_a_viewer_sees_no_number_and_finds_none_by_asking(box: Running) -> None:
    await box.journal.append([event(1, "ended", name="Kermani"), event(2, "ended")])
    viewer = box.as_role("viewer")
    whole = msgspec.json.encode([await viewer.calls(), await viewer.call("b-1")])
    assert b"912000" not in whole
    assert b"Kermani" not in whole
    assert "+••••••••••01" in whole.decode()
    for text in ("09120000001", "kermani", "0000001"):
        assert (await viewer.calls(CallQuery(text=text))).found == 0
    assert b"Kermani" in msgspec.json.encode(await box.as_role("technician").calls())


def test_a_hidden_number_keeps_its_length_and_its_last_two_digits() -> None:
    assert hidden("+989121234567") == "+••••••••••67"
    assert hidden("1") == "1"
    assert hidden(None) is None


async def test_names_of_lines_and_extensions_stand_beside_them(box: Running) -> None:
    edge = box.as_role("technician")
    change = DeviceChange(
        revision=(await edge.settings()).revision,
        key="pbx1",
        driver="panasonic",
        link={"tcp": "127.0.0.1:9"},
        settings={
            "model": "KX-TDA100",
            "line_names": {"04": "Sales"},
            "extension_names": {"109": "مریم"},
        },
    )
    await edge.add_device(change)
    await box.journal.append([event(1, "ended")])
    row = (await edge.calls()).calls[0]
    assert (row.line_name, row.extension_name) == ("Sales", "مریم")
    assert (await edge.calls(CallQuery(text="sales"))).found == 1


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[Crm]:
    data = tmp_path / "crm"
    data.mkdir()
    served = await serve("127.0.0.1", 0, data, "x")
    yield served
    await served.close()


async def _connect(edge: Client, crm: Crm) -> None:
    change = DestinationChange(
        revision=(await edge.settings()).revision,
        name="crm",
        kind="link",
        settings={"url": crm.url, "token": "x"},
        wanted={"all_but_numbers": ["+989120000009"]},
    )
    await edge.add_destination(change)


async def _settled(edge: Client, parked: int) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            queue = (await edge.queues())[0]
            if (queue.backlog, queue.parked) == (0, parked):
                return
            await asyncio.sleep(0.02)


async def _states(edge: Client, call_id: str) -> list[str]:
    return [each.deliveries[0].state for each in (await edge.call(call_id)).events]


async def test_what_was_refused_is_sent_again_or_given_up_and_the_story_tells_where_it_is(
    box: Running, crm: Crm, tmp_path: Path
) -> None:
    edge = box.as_role("administrator")
    crm.mood.order = Order("reject", type="call.ended")
    await _connect(edge, crm)
    await box.journal.append([event(1, "ringing"), event(1, "ended"), event(2, "ended")])
    await box.journal.append([event(9, "ended")])
    await _settled(edge, parked=2)
    assert await _states(edge, "b-1") == ["delivered", "parked"]
    assert await _states(edge, "b-9") == ["not-wanted"]
    page = await edge.parked("crm")
    assert [(each.call and each.call.call_id, page.found) for each in page.events] == [
        ("b-1", 2),
        ("b-2", 2),
    ]
    assert page.events[0].reason.startswith("refused by order")
    first, second = (each.sequence for each in page.events)
    (again,) = await edge.send_again("crm", first)
    assert (again.stored, again.reason[:16]) == (False, "refused by order")
    (other := tmp_path / "other").mkdir()  # the reference CRM answers a repeat as it did before
    await crm.close()
    mended = await serve("127.0.0.1", int(crm.url.rpartition(":")[2]), other, "x")
    (again,) = await edge.send_again("crm", first)
    assert again.stored
    assert await _states(edge, "b-1") == ["delivered", "delivered"]
    await edge.drop_parked("crm", second)
    assert (await edge.parked("crm")).events == ()
    assert (await edge.status()).destinations[0].parked == 0
    assert await edge.send_again("crm", first, 999_999) == ()
    await mended.close()
    assert [e.what for e in (await edge.audit())[:4]] == [
        *("parked.sent", "parked.dropped", "parked.sent", "parked.sent")
    ]


@pytest.mark.parametrize("sequence", [10**18, 2**63, 10**30, 0, -1])
async def test_what_can_be_no_sequence_is_refused_at_the_door_and_the_edge_goes_on(
    box: Running, crm: Crm, sequence: int
) -> None:
    """SQLite's error at a number that it cannot hold would end the edge."""
    edge = box.as_role("technician")
    await _connect(edge, crm)
    with pytest.raises(Mistakes):
        await edge.drop_parked("crm", sequence)
    with pytest.raises(Mistakes):
        await edge.send_again("crm", sequence)
    if sequence > 0:
        with pytest.raises(Mistakes):
            await edge.parked("crm", ParkedQuery(after=sequence))
        with pytest.raises(Mistakes):
            await anext(edge.changes(sequence))
    assert (await edge.status()).destinations[0].parked == 0


async def test_while_the_crm_is_away_nothing_is_unparked_and_all_waits(
    box: Running, crm: Crm
) -> None:
    edge = box.as_role("technician")
    crm.mood.order = Order("reject", type="call.ended")
    await _connect(edge, crm)
    await box.journal.append([event(1, "ended")])
    await _settled(edge, parked=1)
    await crm.close()
    await box.journal.append([event(2, "ended")])
    assert await _states(edge, "b-2") == ["waiting"]
    with pytest.raises(Unable):
        await edge.send_again("crm", (await edge.parked("crm")).events[0].sequence)
    assert (await edge.parked("crm")).found == 1
    assert (await edge.queues())[0].oldest_at is not None
    with pytest.raises(Unknown):
        await edge.parked("nobody")


async def test_parked_events_come_in_pages_and_masked_for_viewers(box: Running, crm: Crm) -> None:
    crm.mood.order = Order("reject", type="call.ended")
    await _connect(box.as_role("technician"), crm)
    await box.journal.append([event(number, "ended") for number in range(20, 27)])
    viewer = box.as_role("viewer")
    await _settled(viewer, parked=7)
    page = await viewer.parked("crm", ParkedQuery(most=5))
    rest = await viewer.parked("crm", ParkedQuery(after=page.events[-1].sequence, most=5))
    assert (len(page.events), len(rest.events), page.found) == (5, 2, 7)
    assert b"912000" not in msgspec.json.encode([page, rest])


async def test_a_call_proves_its_line_and_the_report_outlives_the_process(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as box:
        await box.journal.append(
            [event(1, "ended"), event(2, "ended"), event(3, "ended", line="05")]
        )
        edge = box.as_role("technician")
        for call in ("b-1", "b-2", "b-3"):
            await edge.prove_line(call)
        with pytest.raises(Unknown):
            await edge.prove_line("b-9")
        await edge.finish_commissioning()
    async with running(tmp_path) as box:
        report = await box.as_role("viewer").commissioning()
    proofs = [(each.line, each.call_id, each.by) for each in report.lines]
    assert proofs == [("04", "b-2", "technician"), ("05", "b-3", "technician")]
    assert (report.finished_by, report.finished_at is None) == ("technician", False)


async def _next(changes: AsyncIterator[Change], what: str) -> Change:
    async with asyncio.timeout(SECONDS):
        async for change in changes:
            if getattr(change, what):
                return change
    raise AssertionError("the feed ended")


async def test_the_feed_tells_calls_and_changes_of_the_status_and_is_resumed(
    box: Running,
) -> None:
    edge = box.as_role("technician")
    async with aclosing(edge.changes()) as changes:
        first = await anext(changes)
        await box.journal.append([event(1, "ringing")])
        told = await _next(changes, "call")
        assert told.call
        assert (told.call.call_id, told.call.number) == ("b-1", "+989120000001")
        revision = (await edge.settings()).revision
        change = DeviceChange(
            revision=revision,
            key="pbx1",
            driver="panasonic",
            link={"tcp": "127.0.0.1:9"},
            settings={"model": "KX-TDA100"},
        )
        await edge.add_device(change)
        assert await _next(changes, "status")
    await box.journal.append([event(1, "ended")])
    async with aclosing(edge.changes(after=first.sequence)) as changes:
        stages = [(await _next(changes, "call")).call, (await _next(changes, "call")).call]
        assert [call.stage for call in stages if call] == ["ringing", "ended"]


async def test_a_listener_that_was_away_for_long_is_told_to_look_at_all(box: Running) -> None:
    begin = box.journal.last
    await _store(box, 300)
    async with aclosing(box.as_role("technician").changes(after=begin)) as changes:
        assert (await _next(changes, "missed")).sequence == box.journal.last - 500


async def test_the_feed_masks_for_viewers_ends_with_the_session_and_is_bounded(
    box: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = box.token("viewer")
    viewer = box.page.for_session(token, "10.0.0.1")
    async with aclosing(viewer.changes()) as changes:
        await anext(changes)
        await box.journal.append([event(1, "ended")])
        call = (await _next(changes, "call")).call
        assert call
        assert call.number == "+••••••••••01"
        monkeypatch.setattr("edge.local.feed.MOST_LISTENERS", 1)
        with pytest.raises(TooOften):
            await anext(viewer.changes())
        await viewer.log_out()
        async with asyncio.timeout(SECONDS):
            assert [change async for change in changes if change.call] == []
    with pytest.raises(NoSession):
        await anext(viewer.changes())
