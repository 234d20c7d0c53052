"""What counts as stored, whatever the order and the kind of the answers."""

from hypothesis import given
from hypothesis import strategies as st

from edge.delivery.destination import BadBatch, DeliveryError, NotAllowed, TooBig, TryLater
from edge.delivery.destinations.mqtt.flight import Flight

LATER = TryLater("busy", "wait")


def sent(flight: Flight) -> list[int]:
    places = []
    while (place := flight.next()) is not None:
        places.append(place)
    return places


def test_only_what_has_no_gap_before_it_counts() -> None:
    flight = Flight([11, 12, 15, 16], 10, cautious=False)
    assert sent(flight) == [0, 1, 2, 3]
    for place in (0, 1, 3):
        flight.answered(place, None)
    flight.broken(LATER)
    delivered, trouble = flight.end(10)
    assert delivered is not None
    assert (delivered.through, trouble) == (12, LATER)


def test_after_trouble_one_goes_ahead_of_the_others() -> None:
    flight = Flight(range(1, 9), 3, cautious=True)
    assert sent(flight) == [0]
    flight.answered(0, None)
    assert sent(flight) == [1, 2, 3]


def test_nothing_follows_a_refusal() -> None:
    flight = Flight(range(1, 9), 2, cautious=False)
    assert sent(flight) == [0, 1]
    flight.answered(0, LATER)
    flight.answered(1, None)
    assert sent(flight) == []
    assert flight.end(0) == (None, LATER)


def test_one_that_is_thrown_out_alone_is_to_blame_one_of_many_is_not() -> None:
    alone = Flight([1, 2], 5, cautious=True)
    assert sent(alone) == [0]
    alone.broken(TooBig("too big", "why"))
    delivered, trouble = alone.end(0)
    assert delivered is not None
    assert ([each.sequence for each in delivered.rejected], trouble) == ([1], None)
    many = Flight([1, 2], 5, cautious=False)
    assert sent(many) == [0, 1]
    many.broken(TooBig("too big", "why"))
    delivered, trouble = many.end(0)
    assert delivered is None
    assert isinstance(trouble, TooBig)


answers = st.sampled_from(
    [None, None, None, BadBatch("no", "why"), TryLater("a", "b"), NotAllowed("a", "b")]
)


@given(
    sequences=st.sets(st.integers(1, 50), min_size=1, max_size=20).map(sorted),
    window=st.integers(1, 8),
    cautious=st.booleans(),
    said=st.lists(st.tuples(st.integers(0, 7), answers), max_size=30),
    breaks=st.booleans(),
)
def test_whatever_is_answered_nothing_unanswered_counts(
    *,
    sequences: list[int],
    window: int,
    cautious: bool,
    said: list[tuple[int, DeliveryError | None]],
    breaks: bool,
) -> None:
    flight = Flight(sequences, window, cautious=cautious)
    out = sent(flight)
    stored, parked = set[int](), set[int]()
    for which, refusal in said:
        if not out:
            break
        place = out.pop(which % len(out))
        flight.answered(place, refusal)
        if refusal is None:
            stored.add(sequences[place])
        elif isinstance(refusal, BadBatch):
            parked.add(sequences[place])
        out += sent(flight)
        assert len(out) <= window
    if breaks:
        flight.broken(LATER)
    delivered, _ = flight.end(0)
    if delivered is None:
        assert not parked
        assert sequences[0] not in stored
        return
    assert {each.sequence for each in delivered.rejected} == parked
    counted = {sequence for sequence in sequences if sequence <= delivered.through}
    assert counted <= stored | parked
    missing = [sequence for sequence in sequences if sequence not in stored | parked]
    assert delivered.through == max(
        (s for s in sequences if not missing or s < missing[0]), default=0
    )
