"""The feed of changes for live pages: lines of JSON without end, resumed by their sequence.

    journal: each new event ──┐
    status, once a second ────┴─▶ Change, a line ─▶ one of at most 20 listeners

Nothing is queued for a listener: it reads the journal at its own pace, and one that is far behind,
or takes nothing for ten seconds, is told so or let go. It ends with its session.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.access.access import Access
from edge.access.caller import Caller
from edge.access.refusals import TooOften
from edge.calls.history import Calls
from edge.journal.journal import Journal, JournalFailed
from edge.local.feed_records import Change
from edge.local.route import Ask, Route
from edge.local.sequence import After
from edge.local.status import Status

if TYPE_CHECKING:
    from aiohttp import web

MOST_LISTENERS = 20
LOOK_SECONDS = 1.0
_ALIVE_EVERY = 15
"""Looks after which a listener without news is told that the edge lives."""
_FURTHEST = 500
_TAKE_SECONDS = 10.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class FeedQuery(Struct, frozen=True):
    """after: -1 begins with what comes next."""

    after: After = -1


class Feed:
    """Of one edge."""

    def __init__(
        self, journal: Journal, calls: Calls, status: Callable[[], Status], access: Access
    ) -> None:
        self._journal = journal
        self._calls = calls
        self._status = status
        self._access = access
        self._listeners = 0

    def routes(self) -> list[Route]:
        """GET /feed?after=N, for whoever may look."""
        return [Route("GET", "/feed", "look", self._answer)]

    async def _answer(self, ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        after = ask.query(FeedQuery).after
        if self._listeners >= MOST_LISTENERS:
            raise TooOften(LOOK_SECONDS)
        self._listeners += 1
        try:
            stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await stream.prepare(ask.request)
            await self._tell(stream, ask.caller, after if after >= 0 else self._journal.last)
        except (TimeoutError, JournalFailed, ConnectionError):
            if ask.request.transport is not None:
                ask.request.transport.close()
        finally:
            self._listeners -= 1
        return stream

    async def _tell(self, stream: "web.StreamResponse", caller: Caller, after: int) -> None:
        seen, looks = self._picture(), 0
        changes = [Change(sequence=after)]
        while self._lives(caller):
            async with asyncio.timeout(_TAKE_SECONDS):
                for change in changes:
                    await stream.write(_encode(change) + b"\n")
            await self._journal.changed(after, LOOK_SECONDS)
            changes = await self._news(after, in_full=caller.may("numbers"))
            after = changes[-1].sequence if changes else after
            looks += 1
            if (picture := self._picture()) != seen:
                seen = picture
                changes.append(Change(sequence=after, status=True))
            elif not changes and looks % _ALIVE_EVERY == 0:
                changes.append(Change(sequence=after))

    async def _news(self, after: int, *, in_full: bool) -> list[Change]:
        """Of the events behind `after`, the last ones where there are too many."""
        begin = max(after, self._journal.last - _FURTHEST)
        if self._journal.last <= after:
            return []
        names, changes = self._calls.names(), []
        for event in await self._journal.read(begin):
            call = self._calls.row(event, names, in_full=in_full)
            if call:
                changes.append(Change(sequence=event.sequence, call=call))
            else:
                changes.append(
                    Change(sequence=event.sequence, type=event.type, device=event.device)
                )
        if begin > after:
            changes.insert(0, Change(sequence=begin, missed=True))
        return changes

    def _picture(self) -> bytes:
        """What of the status is news when it changes: all that does not move by itself."""
        status = self._status()
        alarms = {each.key: [alarm.code for alarm in each.alarms] for each in status.devices}
        still = replace(
            status,
            uptime_seconds=0,
            last_sequence=0,
            started_at=_NEVER,
            clock=status.clock and replace(status.clock, now=_NEVER, since=_NEVER),
            disk=status.disk and replace(status.disk, free=0, days_left=None),
            devices=tuple(
                replace(each, since=_NEVER, bytes_in=0, last_bytes_at=None, alarms=())
                for each in status.devices
            ),
            destinations=tuple(
                replace(each, since=_NEVER, next_try_in=None, wire_bytes=0, behind_waits=None)
                for each in status.destinations
            ),
            issues=tuple(replace(each, since=_NEVER) for each in status.issues),
        )
        return _encode((still, alarms))

    def _lives(self, caller: Caller) -> bool:
        return caller.session is None or self._access.sessions.lives(
            caller.session, self._access.clock().monotonic
        )
