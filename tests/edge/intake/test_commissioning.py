"""Which calls are marked as a test."""

import msgspec

from drivers.events import Call, DeviceState
from edge.intake.commissioning import KNOWN_CALLS, LONGEST_SECONDS, Commissioning
from edge.intake.tap import KEPT_BYTES, Chunk, Tap

CALL = Call(
    stage="ringing",
    call_id="a",
    direction="incoming",
    line="01",
    extension=None,
    number=None,
    masked=False,
    name=None,
    did=None,
    started_at=None,
    answered_at=None,
    ended_at=None,
    ring_seconds=None,
    talk_seconds=None,
    outcome=None,
    legs=(),
    hidden_extensions=(),
    account_code=None,
    time_resolution="second",
    device_time=None,
)


def is_marked(commissioning: Commissioning, call_id: str, now: float) -> bool:
    (fact,) = commissioning.marked([msgspec.structs.replace(CALL, call_id=call_id)], now)
    assert isinstance(fact, Call)
    return fact.test


def test_calls_that_begin_in_the_test_are_marked_to_their_end_and_others_stay_real() -> None:
    commissioning = Commissioning()
    assert not is_marked(commissioning, "before", 1.0)
    commissioning.begin(2.0)
    assert is_marked(commissioning, "a", 3.0)
    assert not is_marked(commissioning, "before", 4.0)
    commissioning.end()
    assert is_marked(commissioning, "a", 5.0)
    assert not is_marked(commissioning, "after", 6.0)


def test_it_lasts_until_the_last_tester_ends() -> None:
    commissioning = Commissioning()
    commissioning.begin(0.0)
    commissioning.begin(1.0)
    commissioning.end()
    assert is_marked(commissioning, "a", 2.0)
    commissioning.end()
    assert not is_marked(commissioning, "b", 3.0)


def test_test_ends_by_itself_after_half_an_hour() -> None:
    commissioning = Commissioning()
    commissioning.begin(0.0)
    assert is_marked(commissioning, "a", LONGEST_SECONDS - 1)
    assert not is_marked(commissioning, "b", LONGEST_SECONDS)


def test_what_is_known_is_bounded_and_states_pass() -> None:
    commissioning = Commissioning()
    commissioning.begin(0.0)
    state = DeviceState("online", "connected", "Connected.")
    assert commissioning.marked([state], 1.0) == [state]
    for number in range(2 * KNOWN_CALLS):
        is_marked(commissioning, str(number), 1.0)
    assert len(commissioning._calls) == KNOWN_CALLS


def test_tap_tells_each_chunk_and_keeps_the_last_bytes() -> None:
    tap = Tap()
    heard: list[Chunk] = []
    tap.hearers.append(heard.append)
    for _ in range(40):
        tap.note("<", bytes(4096))
    tap.note(">", b"x")
    assert len(heard) == 41
    assert heard[-1].way == ">"
    assert sum(len(chunk.data) for chunk in tap.chunks) <= KEPT_BYTES
    assert tap.bytes_in == 40 * 4096
