"""True times of stored events, by what is known of each boot."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from edge.journal.records import Stored
from edge.journal.retime import (
    MOST_BOOTS,
    MOST_POINTS,
    Point,
    Timeline,
    corrected,
    recall,
    to_utc,
)

WRONG = datetime(1970, 1, 1, tzinfo=UTC)
RIGHT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KNOWN = Timeline().with_point("a", Point(500.0, RIGHT.timestamp()))


def event(kind: str, data: object, at: float = 300.0, boot: str = "a") -> Stored:
    """Of boot a, whose wall clock started in 1970 with the boot."""
    return Stored(
        sequence=1,
        device="pbx1",
        type=kind,
        subject=None,
        time=WRONG + timedelta(seconds=at),
        timequality="estimated",
        boot=boot,
        monotonic=at,
        data=msgspec.json.encode(data),
    )


def call(resolution: str = "second", **times: datetime | None) -> dict[str, object]:
    told: dict[str, object] = {"call_id": "c1", "time_resolution": resolution}
    return told | {"device_time": "21/11/26 11:30"} | times


def at(seconds: float) -> datetime:
    return WRONG + timedelta(seconds=seconds)


def test_a_call_takes_its_times_along() -> None:
    told = call(started_at=at(250), answered_at=None, ended_at=at(300))
    mended = corrected(event("call.ended", told), KNOWN)
    assert (mended.time, mended.timequality) == (RIGHT + timedelta(seconds=300), "corrected")
    assert msgspec.json.decode(mended.data) == {
        "call_id": "c1",
        "time_resolution": "second",
        "device_time": "21/11/26 11:30",
        "started_at": "2026-11-21T08:04:10Z",
        "answered_at": None,
        "ended_at": "2026-11-21T08:05:00Z",
    }


def test_what_the_exchange_printed_stays() -> None:
    told = call("minute", started_at=RIGHT, ended_at=at(300))
    mended = corrected(event("call.ended", told), KNOWN)
    assert mended.time == RIGHT + timedelta(seconds=300)
    assert mended.data == msgspec.json.encode(told)


def test_a_time_of_an_earlier_boot_stays() -> None:
    rang = RIGHT - timedelta(hours=1)
    mended = corrected(event("call.ended", call(started_at=rang, ended_at=at(300))), KNOWN)
    data = msgspec.json.decode(mended.data)
    assert data["started_at"] == "2026-11-21T07:00:00Z"
    assert data["ended_at"] == "2026-11-21T08:05:00Z"


def test_a_call_that_began_before_the_boot() -> None:
    told = call(started_at=at(-600), ended_at=at(300))
    data = msgspec.json.decode(corrected(event("call.ended", told), KNOWN).data)
    assert data["started_at"] == "2026-11-21T07:50:00Z"


def test_since_when_a_device_is_so() -> None:
    mended = corrected(event("device.online", {"state": "online", "since": at(300)}), KNOWN)
    assert msgspec.json.decode(mended.data)["since"] == "2026-11-21T08:05:00Z"


@pytest.mark.parametrize("data", [{}, {"time_resolution": "second"}, {"since": None}])
def test_other_events_keep_their_data(data: dict[str, object]) -> None:
    for kind in ("box.started", "call.ended", "device.online", "wire.unrecognized"):
        assert corrected(event(kind, data), KNOWN).data == msgspec.json.encode(data)


def test_a_trusted_time_is_left_alone() -> None:
    estimated = event("call.ended", call(ended_at=at(300)))
    synced = msgspec.structs.replace(estimated, timequality="synced")
    assert corrected(synced, KNOWN) is synced


def test_a_boot_that_nobody_knows_is_left_alone() -> None:
    other = event("call.ended", call(ended_at=at(300)), boot="b")
    assert corrected(other, KNOWN) is other


def test_between_two_points_the_clock_drifts_evenly() -> None:
    timeline = KNOWN.with_point("a", Point(1500.0, RIGHT.timestamp() + 10))
    offsets = [
        (timeline.true_time("a", seconds) or WRONG) - to_utc(seconds)
        for seconds in (0, 500, 1000, 1500, 9000)
    ]
    assert [(offset - offsets[0]).total_seconds() for offset in offsets] == [0, 0, 5, 10, 10]


def test_the_timeline_stays_small_and_keeps_the_first_point() -> None:
    timeline = Timeline()
    for boot in range(2 * MOST_BOOTS):
        for number in range(2 * MOST_POINTS):
            timeline = timeline.with_point(f"boot {boot}", Point(number, RIGHT.timestamp()))
    assert len(timeline.boots) == MOST_BOOTS
    points = timeline.points(f"boot {2 * MOST_BOOTS - 1}")
    assert [point.monotonic for point in points] == [0, *range(MOST_POINTS + 1, 2 * MOST_POINTS)]


def test_what_is_kept_comes_back() -> None:
    assert recall(msgspec.msgpack.encode(KNOWN)) == KNOWN
    assert recall(b"") == recall(b"\xffother") == Timeline()
