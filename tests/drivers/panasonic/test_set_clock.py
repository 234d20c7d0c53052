"""The wall clock is set while calls are open: their times move along, their durations stay."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from drivers.contract import Moment, Surroundings
from drivers.events import Call
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.settings import PanasonicSettings
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE, only, ta_in, tda_a

IN = "<I>09120000011"
RIGHT = MIDNIGHT + timedelta(hours=8)
IN_1970 = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Box:
    """Boots at monotonic 0 with a wall clock that shows `wall` then."""

    def __init__(
        self, wall: datetime, memory: bytes = b"", *, boot: str = "one", model: str = "KX-TDA100"
    ) -> None:
        made = msgspec.convert({"model": model, "date_order": "dmy"}, PanasonicSettings)
        self.decoder = SmdrDecoder(made, Surroundings(ZONE, "t", boot=boot), memory)
        self.wall = wall
        self.trusted = False

    def hear(self, monotonic: float, line: str) -> Call:
        utc = self.wall + timedelta(seconds=monotonic)
        facts = self.decoder.tick(Moment(utc, monotonic, trusted=self.trusted, live=True))
        return only([*facts, *self.decoder.feed(f"{line}\r\n".encode())])


RING = tda_a("08:01", "104", "02", IN, code="RC")
ANSWER = tda_a("08:01", "104", "02", IN, "0'09", code="AN")
END = tda_a("08:02", "104", "02", IN, "0'09", "00:01'00")


@pytest.mark.parametrize(
    "wall", [IN_1970, RIGHT + 400 * DAY, RIGHT + timedelta(hours=1), RIGHT - timedelta(hours=1)]
)
@pytest.mark.parametrize("when", [1, 2])
def test_a_clock_set_in_a_call(wall: datetime, when: int) -> None:
    box = Box(wall)
    for number, (at, line) in enumerate([(60, RING), (69, ANSWER), (129, END)]):
        if number == when:
            box.wall, box.trusted = RIGHT, True
        call = box.hear(at, line)
    assert call.started_at == RIGHT + timedelta(seconds=60)
    assert call.answered_at == RIGHT + timedelta(seconds=69)
    assert call.ended_at == RIGHT + timedelta(seconds=129)
    assert (call.ring_seconds, call.talk_seconds) == (9, 60)


def test_a_ta_exchange_s_ring_time_is_measured_over_the_step() -> None:
    box = Box(IN_1970, model="KX-TES824")
    box.hear(60, ta_in("8:01AM", "", "01", "05110001"))
    box.wall = RIGHT
    ended = box.hear(129, ta_in("8:01AM", "101", "01", "05110001", "00:01'00"))
    assert (ended.ring_seconds, ended.talk_seconds) == (9, 60)
    assert ended.started_at == RIGHT + timedelta(seconds=60)


def test_a_transfer_is_joined_over_a_step() -> None:
    box = Box(RIGHT)
    first = box.hear(60, END)
    box.wall = RIGHT - timedelta(hours=1)
    line = tda_a("08:02", "105", "02", IN, "0'00", "00:00'30", "TR")
    second = box.hear(95, line)
    assert (second.call_id, second.stage) == (first.call_id, "updated")
    assert second.ended_at == box.wall + timedelta(seconds=95)
    assert second.started_at == box.wall - timedelta(seconds=9)


def test_a_step_over_a_restart_in_the_same_boot() -> None:
    box = Box(IN_1970)
    box.hear(60, RING)
    again = Box(RIGHT, box.decoder.memory())
    ended = again.hear(129, tda_a("08:02", "104", "02", IN, "0'03", "00:01'00"))
    assert ended.started_at == RIGHT + timedelta(seconds=60), "remembered, not by the ring time"
    assert ended.ended_at == RIGHT + timedelta(seconds=129)


def test_another_boot_forgets_times_that_nobody_can_mend() -> None:
    box = Box(IN_1970)
    box.hear(60, RING)
    again = Box(RIGHT, box.decoder.memory(), boot="two")
    ended = again.hear(129, END)
    assert ended.answered_at == RIGHT + timedelta(seconds=69)
    assert ended.started_at == RIGHT + timedelta(seconds=60), "by the ring time of the line"


def test_another_boot_keeps_times_that_were_right() -> None:
    box = Box(RIGHT)
    box.trusted = True
    rang = box.hear(60, RING)
    again = Box(IN_1970, box.decoder.memory(), boot="two")
    again.hear(20, ANSWER)
    again.wall = RIGHT + timedelta(minutes=10)
    ended = again.hear(80, END)
    assert ended.started_at == rang.started_at
    assert ended.ended_at == again.wall + timedelta(seconds=80)
