"""One call that a unit on the line and the exchange both told of."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest

from drivers.events import Call, DeviceState, Leg
from edge.intake.joining import HOLD, MOST_KEPT, REACH, Joining, State
from edge.intake.numbers import NumberPlan

NOON = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
FEEDS = {("lines", "1"): "01", ("lines", "2"): "02"}
MOBILE = "09120001122"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def call(stage: str, call_id: str, line: str, **known: object) -> Call:
    unknown = dict.fromkeys(
        (
            *("extension", "number", "name", "did", "started_at", "answered_at", "ended_at"),
            *("ring_seconds", "talk_seconds", "outcome", "account_code", "device_time"),
        )
    )
    always = {"direction": "incoming", "masked": False, "legs": (), "hidden_extensions": ()}
    ids = {"stage": stage, "call_id": call_id, "line": line, "time_resolution": "second"}
    return msgspec.convert(unknown | always | ids | known, Call)


@dataclass
class Branch:
    """A joining, and what went out in the exchange's name."""

    state: State = field(default_factory=State)
    told: list[Call] = field(default_factory=list)
    alarms: list[DeviceState] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.joining = Joining("pbx1", FEEDS, NumberPlan(area_code="51"), self.state)

    def line(self, now: float, told: Call) -> list[Call] | None:
        facts = self.joining.from_line("lines", told, now)
        self.told += facts or []
        return facts

    def exchange(self, now: float, told: Call) -> list[Call] | None:
        self.alarms += [state for _, state in self.joining.swapped(told, now)]
        facts = self.joining.from_exchange(told, now)
        self.told += facts or []
        return facts

    def tick(self, now: float) -> None:
        self.told += self.joining.tick(now)

    def restarted(self) -> "Branch":
        kept = msgspec.msgpack.encode(self.state)
        again = Branch(msgspec.msgpack.decode(kept, type=State))
        again.told = self.told
        return again

    @property
    def stages(self) -> list[tuple[str, str]]:
        return [(each.call_id, each.stage) for each in self.told]


def answered_by_both(branch: Branch) -> Branch:
    """Rings at 1 on line 1, 105 answers at 9, talks until 49; the exchange prints at 50."""
    line = {"number": MOBILE, "started_at": at(1)}
    branch.line(1, call("ringing", "u-1", "1", **line))
    branch.exchange(3, call("ringing", "x-1", "01", started_at=at(3), extension="105"))
    branch.line(9, call("answered", "u-1", "1", **line, answered_at=at(9)))
    branch = branch.restarted()
    line |= {"answered_at": at(9), "ended_at": at(49), "talk_seconds": 40, "outcome": "answered"}
    branch.line(49, call("ended", "u-1", "1", **line))
    legs = (Leg("105", 5, 40, None, False),)  # noqa: FBT003 - as the struct has it
    other = {"started_at": at(3), "ended_at": at(50), "talk_seconds": 40, "outcome": "answered"}
    branch.exchange(50, call("ended", "x-1", "01", **other, extension="105", legs=legs))
    return branch


def test_two_devices_tell_one_call() -> None:
    branch = answered_by_both(Branch())
    assert [each for each, _ in branch.stages] == ["u-1"] * len(branch.told)
    assert [stage for _, stage in branch.stages].count("ended") == 1
    last = branch.told[-1]
    assert (last.number, last.extension, last.line) == (MOBILE, "105", "01")
    assert (last.started_at, last.answered_at, last.talk_seconds) == (at(1), at(9), 40)
    assert last.provenance is not None
    assert last.provenance["number"] == "lines"
    assert last.provenance["extension"] == "pbx1"
    assert last.provenance["started_at"] == "lines"
    branch.tick(1000)
    assert branch.told[-1] is last


def test_the_exchange_knows_the_number_and_the_line_does_not() -> None:
    branch = Branch()
    branch.line(1, call("ringing", "u-1", "1", number_told="unavailable", started_at=at(1)))
    branch.exchange(3, call("ringing", "x-1", "01", number="9120001122", started_at=at(3)))
    last = branch.told[-1]
    assert (last.call_id, last.stage, last.number) == ("u-1", "updated", "9120001122")
    assert last.number_told is None
    assert last.provenance is not None
    assert last.provenance["number"] == "pbx1"


def test_the_exchange_was_first() -> None:
    branch = Branch()
    branch.exchange(1, call("ringing", "x-1", "01", started_at=at(1)))
    branch.line(2, call("ringing", "u-1", "1", number=MOBILE, started_at=at(2)))
    assert branch.stages == [("x-1", "ringing"), ("x-1", "updated")]
    assert branch.told[-1].number == MOBILE


def test_without_a_word_of_the_exchange_the_line_tells_the_end() -> None:
    branch = Branch()
    line = {"number": MOBILE, "started_at": at(1)}
    branch.line(1, call("ringing", "u-1", "1", **line))
    branch.line(20, call("ended", "u-1", "1", **line, outcome="missed", ended_at=at(11)))
    assert branch.joining.due() == 20 + HOLD
    branch = branch.restarted()
    branch.tick(20 + HOLD - 1)
    assert branch.stages == [("u-1", "ringing")]
    branch.tick(20 + HOLD)
    assert branch.stages == [("u-1", "ringing"), ("u-1", "ended")]
    assert branch.told[-1].provenance is None
    assert branch.joining.due() is None


def test_a_late_word_of_the_exchange_corrects_the_end() -> None:
    branch = Branch()
    line = {"number": MOBILE, "started_at": at(1)}
    branch.line(1, call("ringing", "u-1", "1", **line))
    branch.line(20, call("ended", "u-1", "1", **line, outcome="answered", ended_at=at(20)))
    branch.tick(60)
    branch.exchange(
        70, call("ended", "x-1", "01", outcome="answered", extension="105", ended_at=at(69))
    )
    assert branch.stages[1:] == [("u-1", "ended"), ("u-1", "updated")]
    assert branch.told[-1].extension == "105"


def test_the_unit_is_down() -> None:
    branch = Branch()
    branch.exchange(1, call("ended", "x-1", "01", outcome="answered", ended_at=at(1)))
    branch.exchange(500, call("ringing", "x-2", "01"))
    assert branch.stages == [("x-1", "ended"), ("x-2", "ringing")]
    assert branch.told[0].provenance is None


def test_a_call_of_long_ago_is_another() -> None:
    branch = Branch()
    branch.line(1, call("ended", "u-1", "1", number=MOBILE, outcome="missed", ended_at=at(1)))
    branch.tick(30)
    branch.exchange(900, call("ringing", "x-1", "01"))
    assert branch.stages == [("u-1", "ended"), ("x-1", "ringing")]


def test_numbers_of_different_people_are_two_calls() -> None:
    branch = Branch()
    branch.line(1, call("ringing", "u-1", "1", number=MOBILE))
    branch.exchange(2, call("ringing", "x-1", "01", number="09120003344"))
    assert branch.stages == [("u-1", "ringing"), ("x-1", "ringing")]


def test_what_goes_elsewhere_is_left_alone() -> None:
    branch = Branch()
    assert branch.line(1, call("ringing", "u-1", "3")) is None
    assert branch.exchange(1, call("ringing", "x-1", "07")) is None
    assert branch.told == []


def test_an_outgoing_call_is_joined_too() -> None:
    branch = Branch()
    line = {"direction": "outgoing", "number": "33776655", "started_at": at(1)}
    branch.line(8, call("ringing", "u-1", "1", **line))
    branch.line(60, call("ended", "u-1", "1", **line, outcome="unknown", talk_seconds=50))
    branch.exchange(
        61,
        call("ended", "x-1", "01", direction="outgoing", number="33776655", extension="105",
             outcome="unknown", talk_seconds=48),
    )  # fmt: skip
    assert branch.stages == [("u-1", "ringing"), ("u-1", "ended")]
    assert (branch.told[-1].extension, branch.told[-1].answered_at) == ("105", None)


def test_swapped_wires_are_named_after_a_few_calls() -> None:
    branch = Branch()
    for number in range(4):
        start = number * 1000
        caller = f"0912000{number:04d}"
        branch.line(start, call("ringing", f"u-{number}", "1", number=caller))
        branch.exchange(start + 2, call("ringing", f"x-{number}", "02", number=caller))
        branch = _with_alarms(branch.restarted(), branch)
        branch.line(start + 9, call("ended", f"u-{number}", "1", number=caller, outcome="missed"))
    (alarm,) = branch.alarms
    assert alarm.code == "lines-swapped"
    assert alarm.advice.startswith("Line 1 seems to feed trunk 02 of pbx1, not 01: 3 calls")
    branch.line(9000, call("ringing", "u-9", "1", number=MOBILE))
    branch.exchange(9002, call("ringing", "x-9", "01", number=MOBILE))
    assert branch.alarms[-1].code == "lines-swapped-over"


def _with_alarms(branch: Branch, before: Branch) -> Branch:
    branch.alarms = before.alarms
    return branch


def test_what_is_kept_is_bounded_and_no_held_end_is_forgotten() -> None:
    branch = Branch()
    for number in range(100):
        branch.line(number / 100, call("ended", f"u-{number}", "1", outcome="missed"))
    branch.tick(HOLD + 2)
    assert len(branch.told) == 100
    branch.line(30, call("ringing", "u-x", "1"))
    assert len(branch.state.trunks["01"]) == MOST_KEPT


@pytest.mark.parametrize("seed", range(20))
def test_whoever_is_late_or_down_each_call_is_told_once(seed: int) -> None:
    """Some calls one device sees, some both; the exchange's end comes up to 15 s late."""
    random = Random(seed)
    script: list[tuple[float, str, Call]] = []
    truth: dict[str, str | None] = {}
    now = 0.0
    for number in range(60):
        caller = f"0912000{number:04d}"
        line_sees, exchange_sees = random.choice([(True, True), (True, False), (False, True)])
        line_knows, exchange_knows = random.random() < 0.8, random.random() < 0.5
        end = now + random.uniform(5, 60)
        known = {"started_at": at(now), "outcome": None}
        over = {"outcome": "answered", "ended_at": at(end), "talk_seconds": 3}
        if line_sees:
            mine = known | {"number": caller if line_knows else None}
            script.append((now, "line", call("ringing", f"u-{number}", "1", **mine)))
            script.append((end, "line", call("ended", f"u-{number}", "1", **mine | over)))
        if exchange_sees:
            theirs = known | {"number": caller if exchange_knows else None}
            late = end + random.uniform(0, 15)
            if random.random() < 0.5:
                script.append((now + 2, "exchange", call("ringing", f"x-{number}", "01", **theirs)))
            script.append((late, "exchange", call("ended", f"x-{number}", "01", **theirs | over)))
        told_by = f"u-{number}" if line_sees else f"x-{number}"
        knows = (line_sees and line_knows) or (exchange_sees and exchange_knows)
        truth[told_by] = caller if knows else None
        now = end + random.uniform(REACH + 20, REACH + 200)
    branch = Branch()
    for when, side, told in sorted(script, key=lambda each: each[0]):
        while (due := branch.joining.due()) is not None and due <= when:
            branch.tick(due)
        if random.random() < 0.1:
            branch = branch.restarted()
        getattr(branch, side)(when, told)
    branch.tick(now + HOLD)
    assert {each.call_id: each.number for each in branch.told} == truth
    ended = [call_id for call_id, stage in branch.stages if stage == "ended"]
    assert sorted(ended) == sorted(truth)
