"""What a call and its channels should be, for every kind of call; and the steps that lead there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.delivery.call_store.picture import Peer, Picture, Response, picture_of
from edge.delivery.call_store.told import CreateCall, CreateChannel, Step, Told, after, next_step
from edge.intake.seal import CallData
from edge.journal.records import Stored
from tests.edge.delivery.call_store.office import CASE_NAMES, NOW, case

BEGIN = datetime(2026, 11, 21, 16, 41, 54, tzinfo=UTC)


def seconds(count: float) -> datetime:
    return BEGIN + timedelta(seconds=count)


def leg(extension: str | None, ring: int | None, talk: int | None, code: str | None = None) -> Any:  # noqa: ANN401 - JSON
    return {
        "extension": extension,
        "ring_seconds": ring,
        "talk_seconds": talk,
        "condition": code,
        "transferred": code == "TR",
    }


def picture(kind: str = "call.ended", **fields: Any) -> Picture:  # noqa: ANN401 - JSON
    (sealed,) = case("ended-only")
    data = msgspec.json.decode(sealed.data)
    data |= {
        "answered_at": None,
        "ended_at": None,
        "outcome": None,
        "legs": [],
        "extension": None,
        "ring_seconds": None,
        "talk_seconds": None,
    }
    data |= fields
    call = msgspec.json.decode(msgspec.json.encode(data), type=CallData)
    return picture_of(_stored(kind), call)


def _stored(kind: str) -> Stored:
    return Stored(
        device="pbx1",
        type=kind,
        subject="call/c1",
        time=NOW,
        timequality="synced",
        boot="now",
        monotonic=0.0,
        data=b"",
        sequence=1,
    )


def steps(told: Told, goal: Picture) -> tuple[list[Step], Told]:
    """All steps to a goal, with ids as a CRM gives them."""
    made: list[Step] = []
    while (step := next_step(told, goal)) is not None:
        made.append(step)
        assert len(made) < 50, "it never comes to an end"
        number = len(told.channels) + 2
        if isinstance(step, CreateCall):
            told = after(told, step, (1, number))
        else:
            told = after(told, step, (None, number if isinstance(step, CreateChannel) else None))
    return made, told


ANSWERED: dict[str, Any] = {"answered_at": seconds(6), "ring_seconds": 6, "outcome": "answered"}


@pytest.mark.parametrize(
    ("number", "raw", "status", "sent"),
    [
        ("+989120001122", "09120001122", "ok", "09120001122"),
        ("+985133000044", "33000044", "ok", "05133000044"),
        ("+4930123456", "004930123456", "ok", "004930123456"),
        (None, "110", "short", "110"),
        (None, "106", "extension", "106"),
        (None, "33000044", "unparsed", "33000044"),
        (None, "0912000", "masked", ""),
        (None, "091A2", "unreliable", ""),
        (None, None, "withheld", ""),
        (None, None, "unavailable", ""),
    ],
)
def test_the_number(number: str | None, raw: str | None, status: str, sent: str) -> None:
    goal = picture(number=number, number_raw=raw, number_status=status)
    assert goal.summary.number == sent


@pytest.mark.parametrize(
    ("direction", "outcome", "talk", "answered", "response"),
    [
        ("incoming", "answered", 0, True, "answered"),
        ("incoming", "missed", 0, False, "not answered"),
        ("outgoing", "unanswered", 0, False, "not answered"),
        ("outgoing", "unknown", 35, True, "answered"),
        ("outgoing", "unknown", 0, False, "not answered"),
        ("outgoing", "busy", 0, False, "busy"),
        ("outgoing", "failed", 0, False, "failed"),
        ("internal", "unknown", None, True, "answered"),
    ],
)
def test_the_outcome(
    direction: str, outcome: str, talk: int | None, *, answered: bool, response: Response
) -> None:
    goal = picture(
        direction=direction, outcome=outcome, talk_seconds=talk, ended_at=seconds(40), legs=[]
    )
    assert goal.summary.answered is answered
    assert {channel.condition.response for channel in goal.channels} == {response}


def test_a_call_that_nobody_ended_ends_with_what_is_known_last() -> None:
    assert picture(**ANSWERED).summary.ended_at == seconds(6)
    assert picture(outcome="missed").summary.ended_at == BEGIN


def test_an_incoming_call_begins_with_its_line_and_an_outgoing_with_its_extension() -> None:
    line, extension = Peer("04", "line"), Peer("109", "extension")
    incoming = picture("call.ringing", extension="109")
    assert [channel.peers for channel in incoming.channels] == [(line,), (extension,)]
    outgoing = picture("call.ringing", direction="outgoing", extension="109")
    assert [channel.peers for channel in outgoing.channels] == [(extension,), (line,)]


def test_a_device_without_lines_stands_for_its_line() -> None:
    goal = picture("call.ringing", line=None)
    assert [channel.peers for channel in goal.channels] == [(Peer("pbx1", "line"),)]


def test_legs_lie_end_to_end() -> None:
    goal = picture(
        outcome="answered",
        answered_at=seconds(26),
        ended_at=seconds(86),
        ring_seconds=26,
        talk_seconds=60,
        legs=[leg("104", 20, 0, "NA"), leg("105", 6, 40), leg("106", 5, 15, "TR")],
    )
    _, missed, talked = goal.channels
    assert missed.condition.response == "not answered"
    assert (missed.condition.connected_at, missed.condition.hung_up_at) == (None, seconds(20))
    assert [peer.name for peer in talked.peers] == ["105", "106"]
    assert (talked.begun_at, talked.condition.connected_at) == (seconds(20), seconds(26))
    assert talked.condition.hung_up_at == seconds(86)
    assert talked.condition.response == "transferred"


def test_a_consultation_leaves_the_channel_with_its_extension() -> None:
    goal = picture(
        **ANSWERED,
        ended_at=seconds(216),
        legs=[leg("104", 6, 30), leg("104", 0, 180, "TR")],
    )
    assert [channel.peers for channel in goal.channels[1:]] == [(Peer("104", "extension"),)]
    assert goal.channels[1].condition.response == "answered"


def test_a_call_handed_on_twice_is_told_one_hand_at_a_time() -> None:
    first = picture(**ANSWERED, ended_at=seconds(48), legs=[leg("109", 6, 42)])
    _, told = steps(Told(), first)
    last = picture(
        **ANSWERED,
        ended_at=seconds(90),
        legs=[leg("109", 6, 42), leg("150", 0, 20, "TR"), leg("107", 0, 22, "TR")],
    )
    made, told = steps(told, last)
    assert [getattr(getattr(step, "to", None), "name", None) for step in made] == [
        None,
        "150",
        "107",
        None,
    ]
    assert [channel.peers[-1].name for channel in told.channels] == ["04", "107"]


def test_an_extension_that_only_rang_hangs_up_with_the_call() -> None:
    _, told = steps(Told(), picture("call.ringing", extension="104"))
    made, told = steps(told, picture("call.updated", extension="105"))
    assert [type(step) for step in made] == [CreateChannel]
    end = picture(**ANSWERED, ended_at=seconds(48), extension="105", legs=[leg("105", 6, 42)])
    _, told = steps(told, end)
    conditions = {channel.peers[-1].name: channel.condition for channel in told.channels}
    assert conditions["104"].response == "not answered"
    assert conditions["104"].hung_up_at == seconds(48)
    assert conditions["105"].response == "answered"


def test_a_missed_call_that_rings_on_is_up_again() -> None:
    missed = picture(outcome="missed", ended_at=seconds(20), legs=[leg("104", 20, 0, "NA")])
    _, told = steps(Told(), missed)
    going = picture("call.answered", answered_at=seconds(30), legs=[leg("104", 20, 0, "NA")])
    _, told = steps(told, going)
    assert told.channels[0].condition.status == "up"
    assert told.channels[1].condition.status == "over"
    assert told.summary is not None
    assert (told.summary.answered, told.summary.ended_at) == (True, None)


def test_a_first_channel_without_a_name_is_left_alone() -> None:
    goal = picture(**ANSWERED, ended_at=seconds(48), legs=[leg("109", 6, 42)])
    step = next_step(Told(), goal)
    assert step is not None
    made, _ = steps(after(Told(), step, (1, None)), goal)
    assert not any(getattr(step, "index", 1) == 0 for step in made)


_LEGS = st.lists(
    st.builds(
        leg,
        st.sampled_from(["104", "105", "106", None]),
        st.sampled_from([None, 0, 5]),
        st.sampled_from([None, 0, 30]),
        st.sampled_from([None, "NA", "TR"]),
    ),
    max_size=4,
)
_CALLS = st.fixed_dictionaries(
    {
        "direction": st.just("incoming"),
        "extension": st.sampled_from([None, "104", "105"]),
        "answered_at": st.sampled_from([None, seconds(6)]),
        "ended_at": st.sampled_from([None, seconds(60)]),
        "outcome": st.sampled_from([None, "answered", "missed", "unknown"]),
        "talk_seconds": st.sampled_from([None, 0, 30]),
        "hidden_extensions": st.sampled_from([[], ["104"]]),
        "legs": _LEGS,
    }
)


@given(st.lists(_CALLS, min_size=1, max_size=4), st.sampled_from(["incoming", "outgoing"]))
def test_any_course_of_a_call_comes_to_rest(calls: list[dict[str, Any]], direction: str) -> None:
    """Whatever is told in whatever order: the steps end, and asked again there is none."""
    told = Told()
    for call in calls:
        kind = "call.updated" if call["outcome"] is None else "call.ended"
        goal = picture(kind, **{**call, "direction": direction})
        made, told = steps(told, goal)
        assert sum(isinstance(step, CreateCall) for step in made) <= 1
        assert told.summary == goal.summary
        if goal.over:
            assert {channel.condition.status for channel in told.channels} == {"over"}
        assert steps(told, goal)[0] == []


@pytest.mark.parametrize("name", CASE_NAMES)
def test_the_last_event_alone_comes_to_the_same_end(name: str) -> None:
    """Where the box was away: what the CRM holds of the call in the end does not depend on it."""
    events = [event for event in case(name) if event.subject == "call/c1"]
    decode = msgspec.json.Decoder(CallData).decode
    told = Told()
    for event in events:
        told = steps(told, picture_of(_stored(event.type), decode(event.data)))[1]
    alone = steps(Told(), picture_of(_stored(events[-1].type), decode(events[-1].data)))[1]
    assert told.summary == alone.summary
    assert told.channels[0].condition == alone.channels[0].condition
    assert {channel.peers[-1] for channel in told.channels} == {
        channel.peers[-1] for channel in alone.channels
    }
