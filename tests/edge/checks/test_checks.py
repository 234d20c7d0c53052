"""Each check on what is seen of a box: what raises its issue, what ends it, and that it is calm."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import pytest
from msgspec import structs

from drivers.contract import Moment
from drivers.events import DeviceState
from drivers.panasonic.hidden_extensions import HiddenExtensions
from drivers.panasonic.settings import PanasonicSettings
from edge.checks.backlog import waited
from edge.checks.card_reading import Card, SeenCard
from edge.checks.catalog import CHECKS
from edge.checks.check import BOX, Finding, Raised, Seen, Unsure, Words
from edge.checks.habit import Silence
from edge.checks.quiet import shown
from edge.journal.flushes import FlushTimes
from edge.journal.journal import Recovery
from edge.journal.records import Stored
from edge.local.issue import Issue
from edge.local.persian_advice import of_device
from edge.local.status import Alarm, ClockStatus, DiskStatus
from edge.site.forms import fields
from tests.edge.checks.conftest import DEVICE, START

See = Callable[..., Seen]
Quality = Literal["synced", "estimated"]
PERSIAN = re.compile(r"[\u0600-\u06ff]")


def answers(seen: Seen, raised: Raised = frozenset()) -> list[Finding | Unsure]:
    return [each for check in CHECKS for each in check.look(seen, raised)]


def keys(seen: Seen, raised: Raised = frozenset()) -> set[tuple[str, str]]:
    """What all checks find, each with words in both languages."""
    found = [each for each in answers(seen, raised) if isinstance(each, Finding)]
    for each in found:
        for words in (each.cause, each.advice):
            assert words.en.endswith((".", "damaged-1Z.")), words.en
            assert not PERSIAN.search(words.en)
            assert PERSIAN.search(words.fa), words.fa
            assert words.fa.count("\u2066") == words.fa.count("\u2069")
    return {each.key for each in found}


def test_a_box_that_is_well_has_no_issue_and_nothing_unsure(see: See) -> None:
    assert answers(see()) == []


@pytest.mark.parametrize(("mark", "code"), [(0, None), (80, "disk-80"), (95, "disk-95")])
def test_the_disk_has_the_issue_of_its_highest_mark(see: See, mark: int, code: str | None) -> None:
    disk = DiskStatus(percent=96, free=1, days_left=2.6, ballast=True, mark=mark)
    seen = see(status={"disk": disk})
    assert keys(seen) == ({(code, BOX)} if code else set())
    if code:
        (found,) = answers(seen)
        assert isinstance(found, Finding)
        assert "96 % full and lasts for about 3 days" in found.cause.en
        assert "۹۶" in found.cause.fa


def test_a_disk_too_small_is_an_issue_beside_the_mark(see: See) -> None:
    disk = DiskStatus(percent=81, free=1, days_left=None, ballast=True, mark=80, small=True)
    assert keys(see(status={"disk": disk})) == {("disk-80", BOX), ("disk-small", BOX)}


@pytest.mark.parametrize(("minutes", "found"), [(59, False), (61, True)])
def test_a_clock_is_given_an_hour_to_be_told_the_time(
    see: See, minutes: int, *, found: bool
) -> None:
    clock = ClockStatus(now=START + timedelta(minutes=minutes), source=None, since=START)
    seen = see(status={"clock": clock})
    assert keys(seen) == ({("clock-untrusted", BOX)} if found else set())
    assert [isinstance(each, Unsure) for each in answers(seen)] == [not found]


def test_a_device_that_is_not_served_has_the_issue_of_its_error(see: See) -> None:
    seen = see(
        device={
            "state": "offline",
            "code": "port-missing",
            "advice": "/dev/ttyUSB0 is not there; ports found: /dev/ttyS0; check the adapter",
        }
    )
    assert keys(seen) == {("port-missing", "pbx1")}
    found = next(each for each in answers(seen) if isinstance(each, Finding))
    assert found.cause.en == "pbx1 is not read: /dev/ttyUSB0 is not there; ports found: /dev/ttyS0."
    assert found.advice.en == "Check the adapter."


def test_a_drivers_alarms_are_one_issue_for_each_code(see: See) -> None:
    alarms = (
        Alarm("unlisted-group", "Extension 601 acts as a ring group: add it.", START),
        Alarm("clock-skew", "The exchange's clock is 9 minutes ahead: set its time.", START),
        Alarm("unlisted-group", "Extension 602 acts as a ring group: add it.", START),
    )
    seen = see(device={"alarms": alarms})
    assert keys(seen) == {("unlisted-group", "pbx1"), ("clock-skew", "pbx1")}
    group = next(each for each in answers(seen) if getattr(each, "code", "") == "unlisted-group")
    assert isinstance(group, Finding)
    assert "601" in group.cause.en
    assert "602" in group.cause.en
    assert group.advice.en == "Add it."
    assert "601" in group.cause.fa
    assert "602" in group.cause.fa


def test_the_setting_for_a_ring_group_is_called_as_its_form_calls_it() -> None:
    named = {field.name: field.title for field in fields(PanasonicSettings)}["hidden_extensions"]
    (alarm,) = HiddenExtensions((), []).add("601", "a ring group")
    assert isinstance(alarm, DeviceState)
    assert alarm.advice.startswith("Extension 601 acts as a ring group: ")
    assert named.en in alarm.advice
    assert named.fa in of_device("unlisted-group")


UNREAD = {("unrecognized-lines", "pbx1")}


@pytest.mark.parametrize(
    ("calls", "unread", "raised", "expected"),
    [
        (0, 19, set(), set()),
        (0, 20, set(), UNREAD),
        (181, 20, set(), set()),  # noise on a busy line: under a tenth
        (179, 20, set(), UNREAD),
        (500, 5, UNREAD, UNREAD),
        (0, 4, UNREAD, set()),
    ],
)
def test_much_that_is_not_understood(
    see: See, calls: int, unread: int, raised: Raised, expected: Raised
) -> None:
    assert keys(see(hour=(calls, unread)), raised) == expected


def test_what_the_driver_calls_unreadable_is_not_told_a_second_time(see: See) -> None:
    alarms = (Alarm("unreadable", "Bytes come in, but no line can be read: check it.", START),)
    assert keys(see(hour=(0, 400), device={"alarms": alarms})) == {("unreadable", "pbx1")}


def test_an_unconnected_device_keeps_what_was_found_of_its_lines(see: See) -> None:
    seen = see(device={"state": "offline", "code": "port-missing", "advice": "It is gone."})
    unsure = [each.concerns for each in answers(seen) if isinstance(each, Unsure)]
    assert unsure == ["pbx1", "pbx1"]  # quiet, unrecognized


QUIET = {("device-quiet", "pbx1")}


@pytest.mark.parametrize(
    ("silence", "text"),
    [
        (Silence(START - timedelta(hours=5), 31.2), "no call for 5 hours, where about 31 are"),
        (Silence(START - timedelta(days=4), None), "no call for 4 days."),
        (Silence(None, None), "not one call has come"),
    ],
)
def test_a_device_that_is_silent_beyond_its_habit(see: See, silence: Silence, text: str) -> None:
    seen = see(silence=silence)
    assert keys(seen) == QUIET
    (found,) = answers(seen)
    assert isinstance(found, Finding)
    assert text in found.cause.en
    assert keys(see(silence=silence, device={"state": "offline", "code": "x", "advice": "x"})) == {
        ("x", "pbx1")
    }


def test_a_quiet_device_is_shown_as_such_while_its_link_is_up() -> None:
    issue = Issue(
        code="device-quiet",
        concerns="pbx1",
        severity="alarm",
        since=START - timedelta(hours=1),
        cause=Words("", ""),
        advice=Words("Make a test call.", ""),
    )
    device = shown(DEVICE, [issue])
    assert (device.state, device.code, device.since) == ("quiet", "device-quiet", issue.since)
    offline = structs.replace(DEVICE, state="offline")
    assert shown(offline, [issue]) == offline
    assert shown(structs.replace(DEVICE, key="pbx2"), [issue]).state == "online"


NO_RING = {("no-ring-lines", "pbx1")}


@pytest.mark.parametrize(
    ("rung", "unrung", "raised", "expected"),
    [
        (0, 19, set(), set()),
        (0, 20, set(), NO_RING),
        (7, 20, set(), NO_RING),  # switched off in the exchange meanwhile
        (0, 0, NO_RING, NO_RING),  # raised before a restart
        (1, 0, NO_RING, set()),
    ],
)
def test_an_exchange_that_does_not_say_when_it_rings(
    see: See, rung: int, unrung: int, raised: Raised, expected: Raised
) -> None:
    assert keys(see(device={"rung": rung, "unrung": unrung}), raised) == expected


AWAY = {("crm-unreachable", "crm")}


@pytest.mark.parametrize(
    ("state", "steady", "raised", "expected"),
    [
        ("retrying", 599, set(), set()),
        ("retrying", 600, set(), AWAY),
        ("retrying", 1, AWAY, AWAY),
        ("delivering", 119, AWAY, AWAY),
        ("delivering", 120, AWAY, set()),
        ("stopped", 0, set(), {("crm-refuses", "crm")}),
        ("stopped", 0, AWAY, {("crm-refuses", "crm")}),
        ("delivering", 0, {("crm-refuses", "crm")}, set()),
    ],
)
def test_a_crm_that_is_away_is_told_late_and_one_that_refuses_at_once(
    see: See, state: str, steady: float, raised: Raised, expected: Raised
) -> None:
    trouble = {"code": "HTTP 401", "advice": "Get a new token."}
    of_crm = {"state": state} | (trouble if state != "delivering" else {})
    assert keys(see(destination=of_crm, steady=steady), raised) == expected


@pytest.mark.parametrize(("ok", "backlog"), [(None, 3), (None, 0), (START, 3)])
def test_after_a_restart_a_crm_that_refused_is_not_well_before_it_answered(
    see: See, ok: datetime | None, backlog: int
) -> None:
    seen = see(destination={"backlog": backlog, "last_ok_at": ok})
    unsure = [each.concerns for each in answers(seen) if isinstance(each, Unsure)]
    assert unsure == (["crm"] if ok is None and backlog else [])


def test_after_a_restart_a_card_that_was_slow_is_not_well_before_it_was_measured(see: See) -> None:
    few, enough = FlushTimes(3, 400.0, 0.01, 0.02), FlushTimes(50, 400.0, 0.01, 0.02)
    for times, known in ((None, False), (few, False), (enough, True)):
        seen = see(card=SeenCard(Card(disk="mmcblk0"), times, None))
        assert keys(seen) == set()
        raised = {("card-slow", BOX)}
        unsure = [each for each in answers(seen, raised) if isinstance(each, Unsure)]
        assert [each.concerns for each in unsure] == ([] if known else [BOX])
        assert answers(seen) == []


def test_refused_events_are_an_issue_beside_that_of_the_crm(see: See) -> None:
    seen = see(destination={"parked": 2, "state": "stopped", "code": "HTTP 403", "advice": "Ask."})
    assert keys(seen) == {("crm-parked", "crm"), ("crm-refuses", "crm")}


@pytest.mark.parametrize(
    ("hours", "raised", "found"),
    [(5.9, False, False), (6.1, False, True), (3.1, True, True), (2.9, True, False)],
)
def test_a_backlog_is_told_by_the_age_of_its_oldest_event(
    see: See, hours: float, *, raised: bool, found: bool
) -> None:
    key = {("backlog-old", "crm")}
    seen = see(oldest_waits=hours * 3600, destination={"backlog": 7}, steady=300)
    assert keys(seen, key if raised else set()) == (key if found else set())


@pytest.mark.parametrize(
    ("state", "steady", "raised", "found"),
    [
        ("delivering", 0, False, False),  # the box was off over the weekend, and starts
        ("delivering", 119, False, False),
        ("delivering", 120, False, True),
        ("delivering", 0, True, True),
        ("retrying", 0, False, True),
        ("stopped", 0, False, True),
    ],
)
def test_old_events_get_a_moment_to_leave_before_it_is_told_that_they_wait(
    see: See, state: str, steady: float, *, raised: bool, found: bool
) -> None:
    key = {("backlog-old", "crm")}
    of_crm = {"state": state, "backlog": 7, "last_ok_at": START, "advice": "Wait."}
    seen = see(oldest_waits=7 * 3600, destination=of_crm, steady=steady)
    before = key if raised else set()
    assert keys(seen, before) & key == (key if found else set())
    if not found:
        assert [each.concerns for each in answers(seen, before)] == ["crm"]


def test_a_journal_that_waits_or_was_recovered(see: See) -> None:
    waits = "the disk of journal.sqlite is full (0 KiB free): free space on it; events wait"
    recovered = Recovery(40, 2, "journal.sqlite.damaged-1Z", "malformed")
    found = {("journal-waits", BOX), ("journal-recovered", BOX)}
    assert keys(see(waits=waits, recovered=recovered)) == found


def stored(
    at: float, *, boot: str = "now", quality: Quality = "synced", wall: float = 0.0
) -> Stored:
    return Stored(
        sequence=1,
        device="pbx1",
        type="call.ended",
        subject=None,
        time=START + timedelta(seconds=wall),
        timequality=quality,
        boot=boot,
        monotonic=at,
        data=b"{}",
    )


@pytest.mark.parametrize(
    ("event", "trusted", "seconds"),
    [
        (stored(900, wall=-9e8), True, 100),  # of this boot: whatever the wall clocks say
        (stored(5, boot="before", wall=-5000), True, 5000),
        (stored(5, boot="before", wall=-5000), False, 1000),  # since this boot at least
        (stored(5, boot="before", wall=-9e8, quality="estimated"), True, 1000),
        (stored(5, boot="before", wall=-10), True, 1000),
    ],
)
def test_how_long_an_event_waited_for_sure(event: Stored, *, trusted: bool, seconds: float) -> None:
    assert waited(event, Moment(START, 1000.0, trusted=trusted, live=True), "now") == seconds
