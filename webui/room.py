"""Who may have one of the few connections, and who gives way to whom comes next.

    connected ─▶ waits ─▶ request ─▶ answered ─▶ waits …
                             └─ of somebody with a session: stays until it is answered

A connection takes 256 KB, most of it for TLS, and anybody may open some. When there is no room,
the one that has waited longest without a complete request gives way; only where none waits, the
longest request without a session. What stays, such as a live stream or an upload, gives way to
nobody: then the newcomer finds no room. A browser opens six. Pure: time is fed.
"""

from collections.abc import Callable
from dataclasses import dataclass

MOST = 64
MOST_EACH = 24
"""From one address, which may be a proxy's; two such leave room for somebody from a third."""


@dataclass(eq=False, slots=True)
class Guest:
    """One connection. since: when it began to wait, or its request was complete.

    give_way: hangs up, at once.
    """

    address: str
    since: float
    give_way: Callable[[], object]
    is_served: bool = False
    stays: bool = False

    def begin(self, now: float) -> None:
        """A request is complete, but for its body."""
        self.is_served, self.since = True, now

    def end(self, now: float) -> None:
        """It is answered."""
        self.is_served, self.stays, self.since = False, False, now


class Room:
    """All connections of the process."""

    def __init__(self) -> None:
        self._guests: list[Guest] = []

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest) -> bool:
        """Let it in, in the place of another where that must be; false where it finds no room."""
        near = [each for each in self._guests if each.address == guest.address]
        if len(near) >= MOST_EACH:
            found = self._give_way(near)
        else:
            found = len(self._guests) < MOST or self._give_way(self._guests)
        if found:
            self._guests.append(guest)
        return found

    def leave(self, guest: Guest) -> None:
        """It hung up; one that gave way has left already."""
        if guest in self._guests:
            self._guests.remove(guest)

    def close(self) -> None:
        """All hang up."""
        for guest in self._guests:
            guest.give_way()
        self._guests.clear()

    def _give_way(self, among: list[Guest]) -> bool:
        movable = (guest for guest in among if not guest.stays)
        first = min(movable, key=lambda guest: (guest.is_served, guest.since), default=None)
        if first is None:
            return False
        self._guests.remove(first)
        first.give_way()
        return True
