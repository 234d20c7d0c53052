"""Backup, restore, factory reset, logs and privacy as they cross the socket."""

from datetime import datetime

from msgspec import Struct

from edge.local.issue import Words

PASSPHRASE_HEADER = "Payvand-Passphrase"
"""Holds the passphrase of what is restored, in base64: the body is the file."""


class LogLine(Struct, frozen=True, kw_only=True):
    """level: `INFO`, `WARNING` or `ERROR`. text: of one or more lines."""

    at: datetime
    level: str
    text: str


class LogQuery(Struct, frozen=True):
    most: int = 200


class Passphrase(Struct, frozen=True):
    """What a backup is put under: 12 characters or more. again: as it was typed once more."""

    passphrase: str
    again: str | None = None


class Restored(Struct, frozen=True, kw_only=True):
    """What will be in place when the edge has begun anew, in some seconds."""

    box: str
    events: int
    last: int


class ResetOrder(Struct, frozen=True):
    """name: of the branch, typed once more by whoever wants all of it erased."""

    name: str


class PrivateField(Struct, frozen=True, kw_only=True):
    """A field that leaves the box. personal: it is about a person, and what for it is sent."""

    name: str
    personal: Words | None = None


class PrivateEvent(Struct, frozen=True, kw_only=True):
    """What one kind of event carries to the CRMs. wanted: they may be told not to get it."""

    types: tuple[str, ...]
    about: Words
    fields: tuple[PrivateField, ...]


class Privacy(Struct, frozen=True, kw_only=True):
    """All that leaves the box, to whom, and how long it is kept here."""

    destinations: tuple[str, ...]
    days: int
    events: tuple[PrivateEvent, ...]
