"""What a destination gets, by device, direction and number; the position moves over the rest."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.delivery.choosing import Choice
from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.restraint import Restraint
from edge.delivery.wanted import Wanted
from edge.journal.records import Position, Sealed
from edge.site.checking import check_table
from tests.edge.delivery.conftest import call
from tests.edge.delivery.test_fair import assert_ranges_true, quiet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edge.delivery.forwarder import Forwarder
    from tests.edge.delivery.conftest import House

PRIVATE = "+989120001122"
OTHER = "+982144556677"
ALL_BUT = Wanted(all_but_numbers=(PRIVATE, "+9831*", "105"))
ONLY = Wanted(only_numbers=(PRIVATE, "+9831*", "105"))


def event(type_: str, subject: str = "call/c", device: str = "pbx1", **data: object) -> Sealed:
    sealed = msgspec.structs.replace(call(1), type=type_, subject=subject, device=device)
    return msgspec.structs.replace(sealed, data=msgspec.json.encode(data))


def of_call(
    stage: str,
    number: str | None = None,
    *,
    subject: str = "call/c",
    device: str = "pbx1",
    **more: object,
) -> Sealed:
    data: dict[str, object] = msgspec.json.decode(call(1).data)
    data |= {"call_id": subject.removeprefix("call/"), "outcome": None}
    data |= {"number": number, "number_raw": number}
    data |= {"number_status": "unavailable" if number is None else "ok"}
    if stage == "ended":
        data["outcome"] = "answered"
    return event(f"call.{stage}", subject, device, **(data | more))


async def chosen(house: "House", wanted: Wanted, *events: Sealed) -> list[int]:
    """Which are wanted, by their place, from 1; the verdict is that of each read by itself."""
    await house.journal.append(events)
    stored = await house.journal.read(0)
    choice = Choice("crm", wanted, house.journal)
    together = [each.sequence for each in await choice.of(stored)]
    alone = [one.sequence for each in stored for one in await choice.of([each])]
    assert alone == together
    return together


@pytest.mark.parametrize(
    ("number", "status", "listed"),
    [
        (PRIVATE, "ok", True),
        (OTHER, "ok", False),
        ("+983155667788", "ok", True),
        ("105", "extension", True),
        ("105", "short", True),
        ("1055", "extension", False),
    ],
)
async def test_a_number_is_listed_exactly_or_by_its_beginning(
    house: "House", number: str, status: str, *, listed: bool
) -> None:
    normal = number if status == "ok" else None
    ended = of_call("ended", normal, number_raw=number, number_status=status)
    assert await chosen(house, ALL_BUT, ended) == ([] if listed else [1])
    stored = await house.journal.read(0)
    assert (await Choice("crm", ONLY, house.journal).of(stored) == []) is not listed


async def test_an_internal_call_has_two_ends(house: "House") -> None:
    to = of_call("ended", direction="internal", number_raw="105", number_status="extension")
    of = of_call(
        "ended",
        direction="internal",
        extension="105",
        number_raw="106",
        number_status="extension",
    )
    outside = of_call("ended", OTHER, extension="105")
    assert await chosen(house, ALL_BUT, to, of, outside) == [3]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("9120001122", "unparsed"),
        ("0098 912 000 11 22", "unreliable"),
        ("80001122", "unparsed"),
        ("...0001122", "masked"),
    ],
)
async def test_an_unread_number_that_may_be_private_is_kept_back(
    house: "House", raw: str, status: str
) -> None:
    unread = of_call("ended", number_raw=raw, number_status=status)
    harmless = of_call("ended", number_raw="0912000112", number_status=status)
    assert await chosen(house, ALL_BUT, unread, harmless) == [2]


async def test_an_unread_number_is_not_taken_for_a_listed_one(house: "House") -> None:
    unread = of_call("ended", number_raw="9120001122", number_status="unparsed")
    strange = of_call("ended", number_raw="105105105", number_status="unparsed")
    assert await chosen(house, ONLY, unread, strange) == []


async def test_a_private_number_that_is_known_late_never_leaves(house: "House") -> None:
    story = [of_call("ringing"), of_call("answered"), of_call("ended", PRIVATE)]
    assert await chosen(house, ALL_BUT, *story) == []


async def test_a_call_known_late_that_is_wanted_comes_whole_with_its_number(
    house: "House",
) -> None:
    story = [of_call("ringing"), of_call("answered", OTHER), of_call("ended", OTHER)]
    assert await chosen(house, ALL_BUT, *story) == [2, 3]


async def test_a_call_without_any_number_comes_when_it_is_over(house: "House") -> None:
    story = [of_call(stage, number_status="withheld") for stage in ("ringing", "ended")]
    assert await chosen(house, ALL_BUT, *story) == [2]
    stored = await house.journal.read(0)
    assert await Choice("crm", ONLY, house.journal).of(stored) == []


async def test_what_came_of_a_private_call_is_private_too(house: "House") -> None:
    story = [
        of_call("ended", PRIVATE),
        of_call("updated", outcome="answered"),
        event("recording.available", call_id="c", name="c.wav"),
        of_call("ended", OTHER, subject="call/d"),
        event("recording.available", "call/d", call_id="d", name="d.wav"),
        event("recording.available", "call/gone", call_id="gone", name="g.wav"),
    ]
    assert await chosen(house, ALL_BUT, *story) == [4, 5, 6]
    stored = await house.journal.read(0)
    assert [e.sequence for e in await Choice("crm", ONLY, house.journal).of(stored)] == [1, 2, 3]


async def test_a_call_corrected_to_a_private_number_goes_no_further(house: "House") -> None:
    story = [of_call("ended", OTHER), of_call("updated", PRIVATE, outcome="answered")]
    assert await chosen(house, ALL_BUT, *story) == [1]


async def test_messages_and_faxes_have_numbers_and_directions_too(house: "House") -> None:
    story = [
        event("sms.received", "sms/1", "gsm1", peer=PRIVATE, peer_raw="09120001122", text="a"),
        event("sms.received", "sms/2", "gsm1", peer=OTHER, peer_raw="02144556677", text="b"),
        event("sms.sent", "sms/3", "gsm1", peer=OTHER, peer_raw=OTHER, text="c"),
        event("sms.received", "sms/4", "gsm1", peer=None, peer_raw="BANK", text="d"),
        event("fax.received", "fax/1", "fax1", peer=PRIVATE, pages=1),
        event("fax.failed", "fax/2", "fax1", peer=OTHER, pages=0),
    ]
    assert await chosen(house, ALL_BUT, *story) == [2, 3, 4, 6]
    stored = await house.journal.read(0)
    incoming = Choice("crm", Wanted(only_directions=("incoming",)), house.journal)
    assert [e.sequence for e in await incoming.of(stored)] == [1, 2, 4, 5]


async def test_directions_are_those_of_the_call(house: "House") -> None:
    story = [
        of_call("ringing"),
        of_call("ended", OTHER, subject="call/d", direction="outgoing"),
        of_call("ended", subject="call/e", direction="internal", number_raw="105"),
        event("recording.available", "call/d", call_id="d"),
        event("recording.available", "call/e", call_id="e"),
    ]
    wanted = Wanted(all_but_directions=("internal",))
    assert await chosen(house, wanted, *story) == [1, 2, 4]


async def test_what_is_no_call_passes_unless_devices_are_listed(house: "House") -> None:
    story = [
        event("device.offline", "device/pbx1", device="pbx1"),
        event("box.started", device="box"),
        event("command.result", device="pbx2", command_id="x"),
        of_call("ended", OTHER, device="pbx2"),
    ]
    everything = Wanted(only_numbers=(OTHER,), only_directions=("incoming",))
    assert await chosen(house, everything, *story) == [1, 2, 3, 4]
    stored = await house.journal.read(0)
    for wanted, left in (
        (Wanted(only_devices=("pbx2",)), [3, 4]),
        (Wanted(all_but_devices=("pbx2",)), [1, 2]),
        (Wanted(only_devices=("pbx2", "box"), all_but_numbers=(OTHER,)), [2, 3]),
    ):
        assert [e.sequence for e in await Choice("crm", wanted, house.journal).of(stored)] == left


async def test_data_that_cannot_be_read_shows_nothing(house: "House") -> None:
    broken = msgspec.structs.replace(of_call("ended"), data=b'{"number": "+98912\xe9"}')
    assert await chosen(house, ONLY, broken) == []


def test_every_mistake_is_told_with_its_place() -> None:
    _, found = check_table(
        Wanted,
        {
            "only_devices": ["pbx1"],
            "all_but_devices": ["pbx2"],
            "only_directions": ["incoming", "in"],
            "all_but_numbers": [PRIVATE, "09120001122", "+9809120001122", "021*", "*", 5],
            "numbers": [],
        },
        "wanted",
    )
    assert [each.field for each in found] == [
        "wanted.numbers",
        "wanted.only_directions[1]",
        "wanted.all_but_numbers[5]",
        "wanted.all_but_devices",
    ]
    numbers = ("09120001122", "+9809120001122", "021*", "*", "+98 912", "۱۰۵", "")
    _, found = check_table(Wanted, {"only_numbers": [PRIVATE, *numbers]}, "wanted")
    assert [each.field for each in found] == [f"wanted.only_numbers[{n}]" for n in range(1, 8)]
    assert "leave that 0 out" in found[1].message
    assert not any("912" in each.message for each in found)
    _, found = check_table(Wanted, {"only_numbers": []}, "wanted")
    assert [each.field for each in found] == ["wanted.only_numbers"]


@asynccontextmanager
async def _forwarding(
    house: "House", wanted: Wanted, restraint: Restraint | None = None
) -> "AsyncIterator[Forwarder]":
    async with house.forwarding(restraint=restraint, wanted=wanted) as forwarder:
        yield forwarder


def mixed(numbers: range) -> list[Sealed]:
    """Calls, every third with the private number."""
    return [
        of_call("ended", PRIVATE if n % 3 == 0 else OTHER, subject=f"call/{n}") for n in numbers
    ]


async def test_the_range_covers_what_was_left_out(house: "House") -> None:
    await house.journal.append(mixed(range(1, 1201)))
    async with _forwarding(house, ALL_BUT) as forwarder:
        await house.settled()
        assert forwarder.progress.delivered == 800
        assert forwarder.progress.backlog == 0
    assert await house.stored() == [n for n in range(1, 1201) if n % 3]
    assert house.journal.position("crm") == Position(1200)
    private = {n for n in range(1, 1201) if n % 3 == 0}
    assert_ranges_true(house.requests, private)
    assert house.requests[0].first == 1


async def test_where_nothing_is_wanted_nothing_is_sent(house: "House") -> None:
    await house.stop_crm()
    await house.journal.append(
        [of_call("ended", PRIVATE, subject=f"call/{n}") for n in range(1300)]
    )
    async with _forwarding(house, ALL_BUT) as forwarder:
        await house.settled()
        assert forwarder.progress.state == "idle"
        await house.journal.append([of_call("ended", PRIVATE)])
        await house.settled()
    assert house.requests == []
    assert house.journal.position("crm") == Position(1301)


async def test_after_an_outage_both_lanes_leave_out_the_same(house: "House") -> None:
    await house.journal.append(mixed(range(1, 4 * MAX_EVENTS + 1)))
    async with _forwarding(house, ALL_BUT, quiet()) as forwarder:
        await house.until(lambda: forwarder.progress.behind > 0)
        last = house.journal.last
        # A call of the backlog goes on: what is wanted of it goes ahead, in its order.
        await house.journal.append(
            [of_call("updated", PRIVATE, subject="call/2000", outcome="answered")]
        )
        await house.until(lambda: house.journal.position("crm").live == (last + 1, last + 1))
        assert house.requests[-1].last < last + 1
        await house.journal.append(
            [of_call("updated", OTHER, subject="call/1999", outcome="answered")]
        )
        await house.until(lambda: house.journal.position("crm").live == (last + 1, last + 2))
    assert (await house.stored())[-1] == last + 2
    async with _forwarding(house, ALL_BUT):
        await house.settled()
    expected = [n for n in range(1, last + 1) if n % 3]
    assert sorted(await house.stored()) == [*expected, last + 2]
    left_out = set(range(1, last + 3)) - {*expected, last + 2}
    assert_ranges_true(house.requests, left_out)
    assert house.journal.position("crm") == Position(last + 2)


async def test_a_backlog_of_which_nothing_is_wanted_ends(house: "House") -> None:
    events = [of_call("ended", PRIVATE, subject=f"call/{n}") for n in range(3 * MAX_EVENTS)]
    await house.journal.append(events)
    house.journal.advance("crm", Position(100, (1501, 1500)))
    async with _forwarding(house, ALL_BUT):
        await house.until(lambda: house.journal.position("crm").live is None)
    assert house.journal.position("crm") == Position(1500)
    assert house.requests == []


async def test_events_refused_and_left_out_together(house: "House") -> None:
    await house.journal.append(mixed(range(1, 31)))
    house.misbehave("reject", every=7)
    async with _forwarding(house, ALL_BUT):
        await house.settled()
    assert [each.sequence for each in await house.journal.parked("crm")] == [7, 14, 28]
    expected = [n for n in range(1, 31) if n % 3 and n % 7]
    assert await house.stored() == expected


async def test_it_is_soon_done_where_no_call_has_a_number(house: "House") -> None:
    """Thousands of calls without caller ID: what came before is looked for once a batch."""
    events = [of_call("ended", subject=f"call/{n}") for n in range(6000)]
    await house.journal.append(events)
    async with asyncio.timeout(60), _forwarding(house, ALL_BUT):
        await house.settled()
    assert len(await house.stored()) == 6000
