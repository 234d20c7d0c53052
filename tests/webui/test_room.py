"""Who gives way when there is no room."""

import pytest

from webui.room import MOST, MOST_EACH, Guest, Room


class Crowd:
    """Guests who come one a second, each with a number; it notes who gave way."""

    def __init__(self) -> None:
        self.room = Room()
        self.left: list[int] = []
        self._now = 0.0

    def come(self, address: str) -> Guest | None:
        """None where there is no room."""
        self._now += 1
        number = int(self._now)
        guest = Guest(address, self._now, lambda: self.left.append(number))
        return guest if self.room.enter(guest) else None

    def fill(self, most: int = MOST) -> list[Guest]:
        """From as many addresses as needed."""
        guests = [self.come(f"192.0.2.{number // MOST_EACH}") for number in range(most)]
        return [guest for guest in guests if guest]


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


def test_whoever_waited_longest_gives_way(crowd: Crowd) -> None:
    crowd.fill()
    assert crowd.come("192.0.2.99")
    assert crowd.come("192.0.2.99")
    assert (crowd.left, len(crowd.room)) == ([1, 2], MOST)


def test_one_address_takes_the_places_of_its_own(crowd: Crowd) -> None:
    crowd.come("192.0.2.1")
    for _ in range(MOST_EACH * 3):
        assert crowd.come("192.0.2.2")
    assert crowd.left == list(range(2, MOST_EACH * 2 + 2))
    assert len(crowd.room) == MOST_EACH + 1


def test_an_answer_begins_the_wait_anew(crowd: Crowd) -> None:
    guests = crowd.fill()
    guests[0].begin(1000.0)
    guests[0].end(1001.0)
    crowd.come("192.0.2.99")
    assert crowd.left == [2]


def test_a_request_gives_way_only_where_nobody_waits(crowd: Crowd) -> None:
    *served, waiting = crowd.fill()
    for moment, guest in enumerate(served):
        guest.begin(1000.0 + moment)
    crowd.come("192.0.2.98")
    assert crowd.left == [MOST]
    crowd.room.close()
    assert len(crowd.room) == 0

    for guest in crowd.fill():
        guest.begin(2000.0)
    crowd.left.clear()
    assert crowd.come("192.0.2.98")
    assert len(crowd.left) == 1
    assert not waiting.is_served


def test_what_stays_gives_way_to_nobody_until_it_is_answered(crowd: Crowd) -> None:
    guests = crowd.fill()
    for guest in guests:
        guest.begin(1000.0)
        guest.stays = True
    assert crowd.come("192.0.2.99") is None
    assert (crowd.left, len(crowd.room)) == ([], MOST)
    guests[7].end(1001.0)
    assert crowd.come("192.0.2.99")
    assert crowd.left == [8]


def test_who_leaves_makes_room_and_who_gave_way_may_leave_too(crowd: Crowd) -> None:
    guests = crowd.fill()
    crowd.room.leave(guests[3])
    assert crowd.come("192.0.2.99")
    assert crowd.left == []
    assert crowd.come("192.0.2.99")
    assert crowd.left == [1]
    crowd.room.leave(guests[0])
    assert len(crowd.room) == MOST
