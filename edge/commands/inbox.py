"""The durable inbox: every command of one CRM that this box knows, in the journal's notes.

    accepted ──▶ started ──▶ ended          each arrow is one commit; `ended` with its result event
        └───────────────────▶ ended         refused or expired: never started

An id is accepted once. What has ended is kept for a week beyond, so that a repeat is known again;
later its time to live has long passed. A journal that was restored or recovered may not know what
was done since: it executes only what was issued after it first heard the CRM's time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.commands.signed import Order
from edge.journal.journal import Journal
from edge.journal.records import Sealed

KEPT_SECONDS = 7 * 86_400
HEAD = ""
"""The note beside the commands: see `_Head`."""
_DETAIL = 200

_encode = msgspec.msgpack.encode


class Entry(Struct, frozen=True, omit_defaults=True):
    """One command. Times are seconds since 1970 by the CRM's clock; None where nobody knew it.

    outcome, detail: of its result, once it has ended.
    """

    device: str
    type: str
    args: bytes
    issued: float
    deadline: float
    wrong: str
    state: Literal["accepted", "started", "ended"] = "accepted"
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    detail: str = ""


class _Head(Struct, frozen=True):
    """after: acknowledged up to here. since: commands from before are not of this journal."""

    after: int = 0
    journal: str = ""
    since: float | None = None


class Inbox:
    """Of the CRM with the settings' `name`. Call `open` first; every method raises JournalFailed.

    after: the CRM may forget all up to this number.
    """

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal = journal
        self._name = notes_name(name)
        self._entries: dict[str, Entry] = {}
        self._head = self._saved = _Head()

    @property
    def after(self) -> int:
        return self._head.after

    @property
    def since(self) -> float | None:
        """What was issued before is not executed; None while the CRM's time was never heard."""
        return self._head.since

    async def open(self) -> None:
        """Read what is on disk, behind all that is still being written."""
        await self._journal.note(self._name, [])
        notes = await self._journal.notes(self._name)
        head = notes.pop(HEAD, None)
        self._head = self._saved = msgspec.msgpack.decode(head, type=_Head) if head else _Head()
        decode = msgspec.msgpack.Decoder(Entry).decode
        self._entries = {id_: decode(note) for id_, note in notes.items()}
        if self._head.journal != self._journal.id:
            self._head = replace(self._head, journal=self._journal.id, since=None)

    def in_state(self, state: Literal["accepted", "started"]) -> list[str]:
        """The ids of such commands, the first issued first."""
        found = [id_ for id_, entry in self._entries.items() if entry.state == state]
        return sorted(found, key=lambda id_: self._entries[id_].issued)

    def entry(self, id_: str) -> Entry:
        return self._entries[id_]

    def started_since(self, device: str, kind: str, time: float) -> int:
        """How many commands of a type a device was given to execute after that time."""
        return sum(
            entry.started is not None and entry.started > time
            for entry in self._entries.values()
            if (entry.device, entry.type) == (device, kind)
        )

    def asked_first(self, time: float) -> None:
        """When it was asked, by the CRM's clock; the next `accept` keeps the first one known.

        An earlier one corrects it: a CRM whose clock was ahead then must not be refused for years.
        """
        if self._head.since is None or time < self._head.since:
            self._head = replace(self._head, since=time)

    async def accept(
        self, orders: Iterable[Order], after: int, now: float | None, alarms: Sequence[Sealed]
    ) -> list[str]:
        """Keep what is new, and acknowledge up to `after`; returns the ids of what is new.

        now: the CRM's time if it is known. alarms: stored in the same commit.
        """
        new: dict[str, Entry | None] = {}
        for order in orders:
            if order.id not in self._entries and order.id not in new:
                new[order.id] = _entry(order)
        head = replace(self._head, after=max(after, self._head.after))
        if not new and head == self._saved and not alarms:
            return []
        await self._write(self._aged(now) | new, head, alarms)
        return list(new)

    async def start(self, id_: str, now: float) -> None:
        """Returns when it is on disk that this command is being executed."""
        await self._write({id_: replace(self._entries[id_], state="started", started=now)})

    async def end(
        self, id_: str, now: float | None, result: Sealed, outcome: str, detail: str
    ) -> None:
        """Returns when it is on disk that this command is over, together with its result."""
        ended = replace(
            self._entries[id_],
            state="ended",
            args=b"",
            ended=now,
            outcome=outcome,
            detail=detail[:_DETAIL],
        )
        await self._write({id_: ended}, None, [result])

    def _aged(self, now: float | None) -> dict[str, Entry | None]:
        """What of the ended ones is to be forgotten, or given the time at which nobody knew it."""
        changes: dict[str, Entry | None] = {}
        if now is None:
            return changes
        for id_, entry in self._entries.items():
            if entry.state == "ended" and entry.ended is None:
                changes[id_] = replace(entry, ended=now)
            elif entry.state == "ended" and (entry.ended or 0) < now - KEPT_SECONDS:
                changes[id_] = None
        return changes

    async def _write(
        self,
        changes: Mapping[str, Entry | None],
        head: _Head | None = None,
        events: Sequence[Sealed] = (),
    ) -> None:
        notes = [
            (self._name, id_, None if entry is None else _encode(entry))
            for id_, entry in changes.items()
        ]
        if head is not None:
            notes.append((self._name, HEAD, _encode(head)))
        await self._journal.append(events, None, notes)
        if head is not None:
            self._head = self._saved = head
        for id_, entry in changes.items():
            if entry is None:
                del self._entries[id_]
            else:
                self._entries[id_] = entry


def notes_name(crm: str) -> str:
    """Under which the journal keeps the commands of a CRM."""
    return f"commands/{crm}"


def _entry(order: Order) -> Entry:
    return Entry(order.device, order.type, order.args, order.issued, order.deadline, order.wrong)
