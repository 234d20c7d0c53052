"""The exchange's clock against the box's, by what live lines print."""

from datetime import timedelta

import pytest

from drivers.events import DeviceState
from drivers.panasonic.skew import FEWEST, LINES
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE, Listener, clock, ta, tda_a

IN = "<I>09120000011"


def printed(arrival: str, minutes: int) -> str:
    """What a clock that is ahead by so many minutes shows at a time of the day."""
    local = (clock(arrival) + timedelta(minutes=minutes)).astimezone(ZONE)
    return f"{local:%H:%M}"


def hear(box: Listener, count: int, minutes: int, hour: int = 10, apart: int = 47) -> list[str]:
    """So many calls from a full hour on; the codes of what is told of the device."""
    codes = []
    for number in range(count):
        seconds = number * apart
        arrival = f"{hour:02}:{seconds // 60:02}:{seconds % 60:02}"
        line = tda_a(printed(arrival, minutes), "104", "02", IN, "0'05", "00:00'12")
        facts = box.hear(arrival, line)
        codes += [fact.code for fact in facts if isinstance(fact, DeviceState)]
    return codes


@pytest.mark.parametrize("minutes", [0, 1, -1, 7, -62])
def test_the_skew_is_known_to_half_a_minute(minutes: int) -> None:
    box = Listener()
    hear(box, FEWEST - 1, minutes)
    assert box.decoder.clock_skew is None
    hear(box, LINES, minutes, hour=11)
    assert box.decoder.clock_skew is not None
    assert abs(box.decoder.clock_skew - minutes * 60) <= 30


def test_a_clock_that_is_off_is_told_once_and_when_it_is_right_again() -> None:
    box = Listener()
    assert hear(box, 40, 62) == ["clock-skew"]
    (alarm,) = [fact for fact in box.facts if isinstance(fact, DeviceState)]
    assert alarm.state == "alarm"
    assert "62 minutes ahead" in alarm.advice
    again = Listener(memory=box.decoder.memory())
    assert hear(again, 40, 62, hour=12) == []
    assert hear(again, 40, 0, hour=14) == ["clock-skew-over"]
    assert hear(again, 40, 0, hour=16) == []


def test_three_minutes_are_the_bound() -> None:
    assert hear(Listener(), 40, 2) == []
    assert hear(Listener(), 40, -2) == []
    assert hear(Listener(), 40, 4) == ["clock-skew"]
    assert hear(Listener(), 40, -4) == ["clock-skew"]


def test_a_clock_of_ours_that_is_not_trusted_judges_nobody() -> None:
    box = Listener(trusted=False)
    assert hear(box, 40, 62) == []
    assert box.decoder.clock_skew is None


def test_replayed_lines_tell_nothing() -> None:
    box = Listener(live=False)
    hear(box, 40, -62)
    assert box.decoder.clock_skew is None


def test_lines_that_were_held_back_count_once() -> None:
    """The cable was out for an hour; what the exchange kept comes at once."""
    box = Listener()
    hear(box, FEWEST, 0)
    held = [tda_a("10:30", "104", f"{line:02}", IN, "0'05", "00:00'12") for line in range(60)]
    assert not [fact for fact in box.hear("11:30:00", *held) if isinstance(fact, DeviceState)]
    assert box.decoder.clock_skew is not None
    assert abs(box.decoder.clock_skew) <= 30


def test_a_ta_exchange_prints_when_the_call_began() -> None:
    box = Listener("KX-TES824")
    for minute in range(0, 50, 2):
        line = ta(f"11:{minute:02}AM", "101", "01", "09120000022", "00:10'00")
        box.hear(f"11:{minute + 10}:20" if minute else "11:10:20", line)
    assert box.decoder.clock_skew is not None
    assert abs(box.decoder.clock_skew) <= 30


def test_the_day_is_the_site_s_own() -> None:
    assert (MIDNIGHT.astimezone(ZONE).hour, printed("00:10:00", -20)) == (0, "23:50")
