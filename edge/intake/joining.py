"""Which calls of two devices are one: lines of a caller-ID unit that feed trunks of an exchange.

    unit, line 1 ──ringing 0912…──▶ ┐
                                    ├─ trunk 01: one call, under the first one's id, in the
    exchange ──answered by 105────▶ ┘            exchange's name
    unit, line 1 ──put back───────▶ held for HOLD seconds, for the exchange prints after the end

At most one call is on a trunk at a time, so time and trunk tell; numbers of different people keep
two calls apart. A device that is late or down holds nothing up: what one of them told goes out,
and the other's word, when it comes, corrects it. Pure: no I/O, reads no clock.
"""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from drivers.events import Call, DeviceState
from edge.intake.joined_call import JoinedCall, differ, tail
from edge.intake.numbers import NumberPlan

HOLD = 20.0
"""Seconds that an end told by the line waits for the exchange's word."""
REACH = 180.0
"""Seconds after its last word in which a call can still be the other device's too."""
KEPT_SECONDS = 6 * 3600.0
MOST_KEPT = 8
"""Calls of a trunk."""
VOTES = 3
"""So many calls on another trunk than the settings say: the wires are swapped."""

Line = tuple[str, str]
"""A unit's key, and its line as printed."""


class State(Struct, kw_only=True):
    """Of one exchange; kept in the journal. votes: (unit, line, trunk) -> calls seen there."""

    trunks: dict[str, list[JoinedCall]] = {}
    votes: dict[str, int] = {}
    alarmed: list[str] = []


class Joining:
    """The trunks of one exchange. `feeds`: which line of which unit feeds which trunk."""

    def __init__(
        self, exchange: str, feeds: Mapping[Line, str], plan: NumberPlan, state: State
    ) -> None:
        self.state = state
        self._exchange = exchange
        self._feeds = feeds
        self._trunks = Counter(feeds.values())
        self._plan = plan

    def from_line(self, unit: str, call: Call, now: float) -> list[Call] | None:
        """What the exchange's name tells of a unit's fact; None where its line feeds nothing."""
        trunk = self._feeds.get((unit, call.line or ""))
        if trunk is None:
            return None
        joined = self._known(trunk, "line", call.call_id)
        if joined is None:
            joined = self._open(trunk, call, "line", now)
        if joined is None:
            joined = self._begin(
                trunk, JoinedCall(call_id=call.call_id, unit=unit, began=now, touched=now)
            )
        joined.line, joined.unit, joined.touched = call, unit, now
        if call.outcome is not None and not joined.told_ended and joined.held is None:
            joined.held = now + HOLD
        if joined.held is not None:
            return []
        return self._told(joined, trunk, call)

    def from_exchange(self, call: Call, now: float) -> list[Call] | None:
        """What becomes of the exchange's own fact; None where no line of ours feeds its trunk."""
        trunk = call.line or ""
        if trunk not in self._trunks:
            return None
        joined = self._known(trunk, "exchange", call.call_id)
        if joined is None:
            joined = self._open(trunk, call, "exchange", now)
        if joined is None:
            joined = self._begin(
                trunk, JoinedCall(call_id=call.call_id, unit="", began=now, touched=now)
            )
        joined.exchange, joined.touched = call, now
        if call.outcome is not None:
            joined.held = None
        return self._told(joined, trunk, call)

    def tick(self, now: float) -> list[Call]:
        """The ends for which the exchange had no word."""
        facts: list[Call] = []
        for trunk, calls in self.state.trunks.items():
            for joined in calls:
                if joined.held is not None and joined.held <= now:
                    joined.held = None
                    fact = joined.fact("ended", trunk, self._exchange, self._plan)
                    facts += [fact] if fact else []
        return facts

    def due(self) -> float | None:
        """When `tick` has something to tell."""
        held = [
            joined.held
            for calls in self.state.trunks.values()
            for joined in calls
            if joined.held is not None
        ]
        return min(held, default=None)

    def swapped(self, call: Call, now: float) -> list[tuple[str, DeviceState]]:
        """Count on which trunk the number of a call shows that one of our lines has too.

        A unit and what to tell in its name, once for each line.
        """
        number = tail(call)
        if not number or call.direction != "incoming":
            return []
        told = []
        for (unit, line), trunk in self._feeds.items():
            lately = (each for each in self.state.trunks.get(trunk, ()) if each.unit == unit)
            if any(now - each.began < REACH and tail(each.line) == number for each in lately):
                told += self._vote(unit, line, trunk, call.line or "")
        return told

    def _vote(self, unit: str, line: str, trunk: str, seen: str) -> list[tuple[str, DeviceState]]:
        key = f"{unit} {line}"
        if seen == trunk:
            self.state.votes.pop(key, None)
            if key not in self.state.alarmed:
                return []
            self.state.alarmed.remove(key)
            right = f"Line {line} feeds trunk {trunk}, as the settings say."
            return [(unit, DeviceState("online", "lines-swapped-over", right))]
        votes = self.state.votes.get(key, 0) + 1
        self.state.votes[key] = votes
        if votes < VOTES or key in self.state.alarmed:
            return []
        self.state.alarmed.append(key)
        advice = (
            f"Line {line} seems to feed trunk {seen} of {self._exchange}, not {trunk}: {votes}"
            " calls came there with the same number; swap the wires, or correct feeds in site.toml."
        )
        return [(unit, DeviceState("alarm", "lines-swapped", advice))]

    def _told(self, joined: JoinedCall, trunk: str, call: Call) -> list[Call]:
        fact = joined.fact(call.stage, trunk, self._exchange, self._plan)
        return [fact] if fact else []

    def _known(self, trunk: str, side: str, call_id: str) -> JoinedCall | None:
        for joined in self.state.trunks.get(trunk, ()):
            its: Call | None = getattr(joined, side)
            if its is not None and its.call_id == call_id:
                return joined
        return None

    def _open(self, trunk: str, call: Call, side: str, now: float) -> JoinedCall | None:
        """A call that the other device told of, and this one not yet."""
        other = "exchange" if side == "line" else "line"
        for joined in self._by_likelihood(trunk, call):
            its: Call | None = getattr(joined, other)
            if its is None or getattr(joined, side) is not None:
                continue
            late = now - joined.touched > REACH and its.outcome is not None
            if its.direction == call.direction and not late and not differ(its, call):
                return joined
        return None

    def _by_likelihood(self, trunk: str, call: Call) -> list[JoinedCall]:
        """An end is of the oldest call that has none; a beginning is of the newest."""
        calls = self.state.trunks.get(trunk, [])
        return list(calls) if call.outcome is not None else list(reversed(calls))

    def _begin(self, trunk: str, joined: JoinedCall) -> JoinedCall:
        calls = self.state.trunks.setdefault(trunk, [])
        calls.append(joined)
        waiting = [each for each in calls[:-MOST_KEPT] if each.held is not None]
        kept = [each for each in calls[-MOST_KEPT:] if joined.began - each.touched < KEPT_SECONDS]
        self.state.trunks[trunk] = [*waiting, *kept]
        return joined
