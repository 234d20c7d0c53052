"""The calls of an exchange and of the units on its lines, on their way into the journal.

    unit ──facts──▶ ┐                            ┌─▶ its own: state, unread bytes, other lines
                    ├─ Joining ─ sealed in whose name they go ─ one commit with memory and state
    exchange ─────▶ ┘                            └─▶ the exchange's: calls, joined

What Joining knows is committed together with the events that it made and the driver's memory, so
that after a power cut no end is held that nobody remembers.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import msgspec

from drivers.contract import Clock, Moment
from drivers.events import Call, Fact
from edge.intake.joining import HOLD, Joining, Line, State
from edge.intake.seal import Seal
from edge.journal.journal import Journal
from edge.journal.records import Sealed

NOTES = "box/joined"
"""Under this name the journal keeps the states, by exchange; no destination can have it."""

Note = tuple[str, str, bytes | None]


class JoinedLines:
    """One exchange, sealed by `seal`, and the lines that feed its trunks. of: what makes it up."""

    def __init__(
        self, seal: Seal, feeds: Mapping[Line, str], journal: Journal, clock: Clock
    ) -> None:
        self.of = (dict(feeds), seal.plan)
        self._feeds = feeds
        self._seal = seal
        self._journal = journal
        self._clock = clock
        self._joining: Joining | None = None
        self._loading = asyncio.Lock()
        self._changed = asyncio.Event()

    async def ready(self) -> None:
        """Read what is known from before; harmless twice. Comes before `sealed`."""
        async with self._loading:
            if self._joining is None:
                kept = (await self._journal.notes(NOTES)).get(self._seal.source, b"")
                state = _recalled(kept, self._clock().monotonic)
                self._joining = Joining(self._seal.source, self._feeds, self._seal.plan, state)

    @property
    def known(self) -> bytes:
        """What it knows of calls, as it is kept."""
        return msgspec.msgpack.encode(self._joining.state) if self._joining else b""

    def forget(self) -> None:
        """Begin anew from what the journal keeps; nothing may be on its way meanwhile."""
        self._joining = None

    def sealed(
        self, own: Seal, facts: Sequence[Fact], now: Moment
    ) -> tuple[list[Sealed], Sequence[Note]]:
        """Events of a device's facts, and what is to be committed with them."""
        assert self._joining is not None  # noqa: S101 - ready() came before
        events = [event for fact in facts for event in self._sealed(own, fact, now)]
        calls = any(isinstance(fact, Call) for fact in facts)
        return events, [self._note()] if calls else []

    def _sealed(self, own: Seal, fact: Fact, now: Moment) -> list[Sealed]:
        assert self._joining is not None  # noqa: S101
        if not isinstance(fact, Call):
            return [own.fact(fact, now)]
        self._changed.set()
        exchange = own.source == self._seal.source
        if not exchange:
            joined = self._joining.from_line(own.source, fact, now.monotonic)
            return self._events(joined, now) if joined is not None else [own.fact(fact, now)]
        swapped = [
            Seal(unit, own.boot, own.plan).fact(state, now)
            for unit, state in self._joining.swapped(fact, now.monotonic)
        ]
        joined = self._joining.from_exchange(fact, now.monotonic)
        events = self._events(joined, now) if joined is not None else [own.fact(fact, now)]
        return [*events, *swapped]

    def _events(self, calls: Sequence[Call], now: Moment) -> list[Sealed]:
        return [self._seal.fact(call, now) for call in calls]

    async def keep(self) -> NoReturn:
        """Tell the ends for which the exchange had no word. Raises JournalFailed."""
        await self.ready()
        assert self._joining is not None  # noqa: S101
        while True:
            now = self._clock()
            if calls := self._joining.tick(now.monotonic):
                await self._journal.append(self._events(calls, now), None, [self._note()])
            due = self._joining.due()
            wait = None if due is None else max(0.0, due - now.monotonic)
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def _note(self) -> Note:
        return NOTES, self._seal.source, self.known


def _recalled(kept: bytes, now: float) -> State:
    """The state as it was left; its times may be another boot's, so what is held is told soon."""
    try:
        state = msgspec.msgpack.decode(kept, type=State) if kept else State()
    except msgspec.DecodeError:
        return State()
    for calls in state.trunks.values():
        for joined in calls:
            joined.began, joined.touched = min(joined.began, now), min(joined.touched, now)
            if joined.held is not None:
                joined.held = min(joined.held, now + HOLD)
    return state
