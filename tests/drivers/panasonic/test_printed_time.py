"""The order of a printed date is learned and kept; the hours are read in 12 and in 24.

The day of all tests is 9 March 2026; `Listener` sets the clock.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from drivers.contract import Moment, Surroundings
from drivers.events import Call
from drivers.panasonic.decoder import SmdrDecoder, to_utc
from drivers.panasonic.settings import PanasonicSettings
from tests.drivers.panasonic.paper import ZONE, Listener, clock, ta, tda_a


def line(date: str, time: str = "08:05") -> str:
    return tda_a(time, "104", "02", "0218000", talk="00:00'00", date=date)


def ended(box: Listener, *lines: str) -> list[str]:
    """The printed days of the calls, by the order that was in force, as the site's own date."""
    facts = box.hear("08:05:30", *lines)
    calls = [fact for fact in facts if isinstance(fact, Call)]
    return [c.ended_at.astimezone(ZONE).strftime("%Y-%m-%d") for c in calls if c.ended_at]


def printed(*, trusted: bool = True, memory: bytes = b"", **settings: str) -> Listener:
    """A box that takes the printed times."""
    return Listener(live=False, trusted=trusted, memory=memory, **settings)


def test_each_layout_starts_from_its_usual_order() -> None:
    assert ended(printed(), line("02/01/26")) == ["2026-01-02"]
    start = ta("8:05AM", "104", "02", "0218000", "00:00'00", date="02/01/26")
    assert ended(printed(model="KX-TES824"), start) == ["2026-02-01"]


def test_an_impossible_date_changes_the_order_and_it_stays() -> None:
    assert ended(printed(), line("01/02/26"), line("02/13/26"), line("02/01/26")) == [
        "2026-02-01",
        "2026-02-13",
        "2026-02-01",
    ]


def test_a_year_first_is_found_by_an_impossible_date() -> None:
    assert ended(printed(), line("32/12/31"), line("32/02/01")) == ["2032-12-31", "2032-02-01"]


def test_an_order_that_was_set_is_never_changed() -> None:
    box = printed(date_order="dmy")
    ended(box, line("02/13/26"))
    assert ended(box, line("02/01/26")) == ["2026-01-02"]
    live = Listener(date_order="dmy")
    ended(live, line("03/09/26"))
    live.live = False
    assert ended(live, line("03/09/26")) == ["2026-09-03"]


@pytest.mark.parametrize(
    ("date", "learned"), [("03/09/26", "2026-03-09"), ("26/03/09", "2026-03-09")]
)
def test_a_live_line_near_a_trusted_clock_teaches_the_order(date: str, learned: str) -> None:
    box = Listener()
    ended(box, line(date))
    box.live = False
    assert ended(box, line(date)) == [learned]


@pytest.mark.parametrize("date", ["03/07/26", "03/08/26", "03/10/26", "03/11/26"])
def test_two_days_are_near(date: str) -> None:
    box = Listener()
    ended(box, line(date, "08:06" if date < "03/09/26" else "08:05"))
    box.live = False
    assert ended(box, line("03/09/26")) == ["2026-03-09"]


def test_three_days_are_far() -> None:
    box = Listener()
    ended(box, line("03/06/26"))
    box.live = False
    assert ended(box, line("03/09/26")) == ["2026-09-03"]


def test_a_clock_that_is_not_trusted_teaches_nothing() -> None:
    box = Listener(trusted=False)
    ended(box, line("03/09/26"))
    box.live = False
    assert ended(box, line("03/09/26")) == ["2026-09-03"]


def test_replayed_lines_teach_nothing_by_the_clock() -> None:
    assert ended(printed(), line("03/09/26"), line("03/09/26")) == ["2026-09-03"] * 2


def test_a_date_that_already_fits_the_clock_is_left() -> None:
    box = Listener()
    ended(box, line("09/03/26"), line("08/03/26"), line("10/03/26"))
    box.live = False
    assert ended(box, line("09/03/26")) == ["2026-03-09"]


def test_a_learned_order_is_in_the_memory() -> None:
    box = Listener()
    ended(box, line("03/09/26"))
    again = printed(memory=box.decoder.memory())
    assert ended(again, line("02/01/26")) == ["2026-02-01"]


def test_a_setting_wins_over_the_memory() -> None:
    box = Listener()
    ended(box, line("03/09/26"))
    again = printed(memory=box.decoder.memory(), date_order="dmy")
    assert ended(again, line("02/01/26")) == ["2026-01-02"]


@pytest.mark.parametrize("date", ["31/31/31", "00/00/00", "99/99/99", "30/02/26"])
def test_a_date_that_is_none_takes_the_boxs_time(date: str) -> None:
    box = printed(date_order="dmy")
    (fact,) = box.hear("08:05:30", line(date))
    assert isinstance(fact, Call)
    assert fact.ended_at == clock("08:05:30")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("12:05AM", "00:05"), ("01:05AM", "01:05"), ("11:05AM", "11:05"), ("12:05PM", "12:05"),
        ("01:05PM", "13:05"), ("11:05PM", "23:05"), ("00:05", "00:05"), ("12:05", "12:05"),
        ("13:05", "13:05"), ("23:05", "23:05"),
    ],
)  # fmt: skip
def test_hours_in_12_and_24(text: str, hours: str) -> None:
    (fact,) = printed(date_order="dmy").hear("23:59:00", line("09/03/26", text))
    assert isinstance(fact, Call)
    assert fact.ended_at == clock(f"{hours}:00")


@pytest.mark.parametrize(
    ("heard", "hours"), [("20:06:00", "20:05"), ("08:06:00", "08:05"), ("00:04:00", "20:05")]
)
def test_a_12_hour_clock_without_a_readable_mark(heard: str, hours: str) -> None:
    """Set as a 12 hour clock: the half of the day that is nearer to the box's clock."""
    box = Listener(clock="12", date_order="dmy")
    box.hear(heard, line("09/03/26", "08:05"))
    assert next(iter(box.calls)).device_time == "09/03/26 08:05"
    local = box.decoder._reader.time.read("09/03/26", "08:05 ")
    assert local is not None
    assert local.strftime("%H:%M") == hours


def test_a_24_hour_clock_by_setting_ignores_marks() -> None:
    (fact,) = printed(clock="24").hear("23:59:00", line("09/03/26", "08:05PM"))
    assert isinstance(fact, Call)
    assert fact.ended_at == clock("08:05:00")


def test_other_separators() -> None:
    assert ended(printed(), line("02-01-26"), line("02.01.26")) == ["2026-01-02"] * 2


@pytest.mark.parametrize("time", ["25:05", "08:61", "\xb20:05", "08:\xb25", "\xb9\xb2:\xb35AM"])
def test_a_time_that_is_none_takes_the_boxs_time(time: str) -> None:
    (fact,) = printed().hear("08:05:30", line("09/03/26", time))
    assert isinstance(fact, Call)
    assert fact.ended_at == clock("08:05:30")


def test_the_doubled_hour_of_a_clock_change_is_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    doubled = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - printed without a zone
    assert to_utc(doubled, berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_printed_time_is_of_the_sites_zone() -> None:
    made = PanasonicSettings(model="KX-TDA100")
    decoder = SmdrDecoder(made, Surroundings(ZoneInfo("Europe/Berlin"), "t"), b"")
    decoder.tick(Moment(datetime(2026, 7, 1, tzinfo=UTC), 0.0, trusted=True, live=False))
    (fact,) = decoder.feed(f"\r\n{line('01/07/26', '14:00')}\r\n".encode())
    assert isinstance(fact, Call)
    assert fact.ended_at == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
