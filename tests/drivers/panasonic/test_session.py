"""A connection to an exchange's network port: what is stored, what is new, what is live."""

from datetime import timedelta

import pytest

from drivers.contract import Moment, Surroundings
from drivers.errors import DeviceRefused
from drivers.events import Call, DeviceState, Fact
from drivers.panasonic.driver import make_decoder
from drivers.panasonic.session import LanSession
from drivers.panasonic.settings import PanasonicSettings
from edge.decoding import decode, parse_options
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE, clock, tda_a

HEADING = "  Date     Time    Ext CO        Dial Number        Ring Duration  Acc code  CD "
DIALOGUE = (b"-", b"SMDR\rEnter Password:", b"*******\r\n")


def out(time: str, number: str, talk: str = "00:00'42") -> str:
    return tda_a(time, "104", "02", number, talk=talk)


class Lan:
    """A session over its connections; time is set by clock text."""

    def __init__(self, memory: bytes = b"") -> None:
        made = PanasonicSettings(model="KX-NS500", hidden_extensions=("601",))
        self.session = LanSession(made, Surroundings(ZONE, "t", "tcp"), memory)
        self.sent = b""

    def at(self, time: str) -> list[Fact]:
        utc = clock(time)
        seconds = (utc - MIDNIGHT).total_seconds()
        facts = self.session.tick(Moment(utc, seconds, trusted=True, live=True))
        self._collect()
        return facts

    def feed(self, data: bytes) -> list[Fact]:
        facts = self.session.feed(data)
        self._collect()
        return facts

    def hear(self, time: str, *lines: str) -> list[Fact]:
        return self.at(time) + self.feed("".join(f"{line}\r\n" for line in lines).encode())

    def login(self, time: str) -> "Lan":
        self.at(time)
        for step in DIALOGUE:
            self.feed(step)
        return self

    def _collect(self) -> None:
        self.sent += self.session.outgoing
        self.session.outgoing = b""


def numbers(facts: list[Fact]) -> list[str | None]:
    return [fact.number for fact in facts if isinstance(fact, Call)]


def test_login_replay_live() -> None:
    lan = Lan().login("12:00:00")
    assert lan.sent == b"SMDR\r\nPCCSMDR\r\n"
    assert lan.session.logged_in
    held = lan.hear(
        "12:00:01", f"\f{HEADING}", "-" * 80, out("08:05", "0211"), out("08:07", "0212")
    )
    assert held == [], "held until the exchange falls quiet"
    facts = lan.at("12:00:30")
    state = facts[0]
    assert isinstance(state, DeviceState)
    assert (state.state, state.code) == ("online", "replayed")
    assert "2" in state.advice
    assert numbers(facts) == ["0211", "0212"]
    stored = facts[1]
    assert isinstance(stored, Call)
    assert stored.ended_at == clock("08:05:00")
    assert stored.time_resolution == "minute"
    (live,) = lan.hear("12:05:30", out("12:05", "0213"))
    assert isinstance(live, Call)
    assert (live.ended_at, live.time_resolution) == (clock("12:05:30"), "second")


def test_the_replay_ends_by_time_without_a_byte_more() -> None:
    lan = Lan().login("12:00:00")
    lan.hear("12:00:01", out("08:05", "0211"))
    due = lan.session.due()
    assert due is not None
    assert 12 * 3600 + 2 <= due <= 12 * 3600 + 12


def test_an_exchange_that_stores_nothing_is_live_at_once() -> None:
    lan = Lan().login("12:00:00")
    lan.at("12:00:20")
    (live,) = lan.hear("12:05:30", out("12:05", "0213"))
    assert isinstance(live, Call)
    assert live.time_resolution == "second"


def test_a_second_connection_replays_the_same_and_nothing_comes_twice() -> None:
    first = Lan().login("12:00:00")
    stored = [out("08:05", "0211"), out("08:07", "0212")]
    first.hear("12:00:01", *stored)
    first.at("12:00:30")
    live = [out("12:05", "0213"), out("12:06", "0214")]
    first.hear("12:05:30", live[0])
    first.hear("12:06:30", live[1])
    second = Lan(first.session.memory()).login("13:00:00")
    second.hear("13:00:01", f"\f{HEADING}", "-" * 80, *stored, *live)
    assert numbers(second.at("13:00:30")) == []
    third = Lan(second.session.memory()).login("14:00:00")
    third.hear("14:00:01", *stored, *live, out("13:30", "0215"))
    facts = third.at("14:00:30")
    assert numbers(facts) == ["0215"]
    assert [f.ended_at for f in facts if isinstance(f, Call)] == [clock("13:30:00")]


def test_equal_lines_within_a_minute_stay_two_calls() -> None:
    lan = Lan().login("12:00:00")
    intercom = tda_a("08:05", "104", "", "EXT105")
    lan.hear("12:00:01", intercom, intercom)
    assert len(numbers(lan.at("12:00:30"))) == 2
    again = Lan(lan.session.memory()).login("13:00:00")
    again.hear("13:00:01", intercom, intercom, intercom)
    assert len(numbers(again.at("13:00:30"))) == 1


def test_equal_lines_are_two_calls_live() -> None:
    lan = Lan().login("12:00:00")
    lan.at("12:00:30")
    line = out("12:05", "0213", "00:00'05")
    assert len(numbers(lan.hear("12:05:30", line, line))) == 2


def test_a_connection_that_dies_in_the_replay_loses_nothing() -> None:
    lan = Lan().login("12:00:00")
    assert lan.hear("12:00:01", out("08:05", "0211")) == []
    again = Lan(lan.session.memory()).login("12:01:00")
    again.hear("12:01:01", out("08:05", "0211"), out("08:07", "0212"))
    assert numbers(again.at("12:01:30")) == ["0211", "0212"]


def test_a_replay_that_stalls_and_goes_on_tells_nothing_twice() -> None:
    stored = [out(f"08:{n:02d}", f"02{n}") for n in range(10, 16)]
    lan = Lan().login("12:00:00")
    lan.hear("12:00:01", *stored)
    assert len(numbers(lan.at("12:00:30"))) == 6
    again = Lan(lan.session.memory()).login("13:00:00")
    again.hear("13:00:01", *stored[:3])
    assert numbers(again.at("13:00:30")) == []
    new = out("12:59", "0299")
    assert numbers(again.hear("13:00:31", *stored[3:], new)) == ["0299"]


def test_a_call_that_ends_after_a_reconnect_is_one_call() -> None:
    lan = Lan().login("08:00:00")
    lan.at("08:00:30")
    group = tda_a("08:05", "601", "02", "<I>0211", "0'17", "00:00'00")
    (answered,) = lan.hear("08:05:17", group)
    again = Lan(lan.session.memory()).login("08:06:00")
    again.hear("08:06:01", group)
    assert numbers(again.at("08:06:30")) == []
    (ended,) = again.hear("08:07:22", tda_a("08:07", "104", "02", "<I>0211", "0'00", "00:02'05"))
    assert isinstance(answered, Call)
    assert isinstance(ended, Call)
    assert (ended.stage, ended.call_id) == ("ended", answered.call_id)


def test_a_replay_cut_inside_a_line() -> None:
    lan = Lan().login("12:00:00")
    data = f"{out('08:05', '0211')}\r\n{out('08:07', '0212')}\r\n".encode()
    lan.at("12:00:01")
    for start in range(0, len(data), 7):
        lan.feed(data[start : start + 7])
    assert numbers(lan.at("12:00:30")) == ["0211", "0212"]


def test_a_wrong_password_and_a_busy_exchange_are_refused() -> None:
    lan = Lan().login("12:00:00")
    assert lan.at("12:00:08") == [], "the stars alone do not tell that the password was right"
    with pytest.raises(DeviceRefused, match="password"):
        lan.feed(b"Enter Password:")
    busy = Lan()
    busy.at("12:00:00")
    with pytest.raises(DeviceRefused, match="another SMDR client"):
        busy.feed(b"Rejected\r\n")


def test_a_silent_exchange_is_asked() -> None:
    lan = Lan()
    lan.at("12:00:00")
    assert lan.sent == b""
    lan.at("12:00:02")
    assert lan.sent == b"SMDR\r\n"


def test_a_serial_converter_of_a_model_without_a_port_is_sent_nothing() -> None:
    made = PanasonicSettings(model="KX-TES824")
    assert not isinstance(make_decoder(made, Surroundings(ZONE, "t", "tcp"), b""), LanSession)


def test_due_is_always_a_time() -> None:
    """`payvand decode` lets time run on by `due`: it must be finite and come to an end."""
    lan = Lan()
    lan.at("12:00:00")
    lan.feed(b"-")
    steps = 0
    while (due := lan.session.due()) is not None:
        at = timedelta(seconds=due)
        lan.session.tick(Moment(MIDNIGHT + at, due, trusted=True, live=True))
        steps += 1
        assert steps < 20


def test_a_capture_of_a_port_that_only_prompts_can_be_decoded() -> None:
    text = '# payvand capture 1\n# model: KX-NS500\n# link: tcp\n0.000 < "-"\n'
    job = parse_options("panasonic", text.encode(), [], "2026-03-09T08:00:00+03:30", "Asia/Tehran")
    assert len(list(decode(job))) <= 5
