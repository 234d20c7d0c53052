"""The commands that CRMs gave, for people: read from the notes that the inboxes keep."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from edge.commands.inbox import HEAD, Entry, notes_name
from edge.journal.journal import Journal
from edge.local.calls_records import CommandShown

_decode = msgspec.msgpack.Decoder(Entry).decode


class Commands:
    """crms: the names of those that may have given some."""

    def __init__(self, journal: Journal, crms: Callable[[], Sequence[str]]) -> None:
        self._journal = journal
        self._crms = crms

    async def last(self, most: int, *, in_full: bool) -> tuple[CommandShown, ...]:
        """The latest issued first; in_full: with details, which may name a number of a person.

        Raises JournalFailed.
        """
        found: list[CommandShown] = []
        for name in self._crms():
            found += _shown(name, await self._journal.notes(notes_name(name)))
        found.sort(key=lambda each: (each.issued_at is not None, each.issued_at), reverse=True)
        shown = found[:most]
        return tuple(shown if in_full else (replace(each, detail="") for each in shown))


def _shown(name: str, notes: Mapping[str, bytes]) -> list[CommandShown]:
    entries = [(id_, _decode(note)) for id_, note in notes.items() if id_ != HEAD]
    return [
        CommandShown(
            id=id_,
            destination=name,
            device=entry.device,
            type=entry.type,
            state=entry.state,
            outcome=entry.outcome,
            detail=entry.detail,
            issued_at=_time(entry.issued),
            started_at=_time(entry.started),
            ended_at=_time(entry.ended),
        )
        for id_, entry in entries
    ]


def _time(seconds: float | None) -> datetime | None:
    """None also for a time that no calendar has, since a CRM may say anything."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
