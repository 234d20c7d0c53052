"""Which events a destination gets: by device, direction and number all, all but some, or only some.

    device      every event has one: the key of a device, or `box` for the box's own events
    direction   calls and recordings; a message or fax received is incoming, any other outgoing
    number      of the other party: calls, recordings, SMS and fax

What is restricted in several ways must be wanted in each. Events that are none of these (states of
devices, alarms, results of commands) have no direction and no number, and only a list of devices
keeps them back.

A number is listed as E.164, exact or with a * at its end for all that begin so, and compared with
the normalized number; without a plus it is an extension or a short number, compared as printed. Of
an internal call both ends count. An outside number that could not be read stands on an "all but"
list when its last seven digits stand there: better a call too few at that CRM than a private one.

A call may show its number late, but a number that is kept back must never be seen there:

    going on, no number yet     left out: the number to come may be one to keep back. Nothing is
                                missing later, since each event holds all that is known by then.
    shows a number              judged by it, also where an earlier event of the call showed another
    over, shows none            judged by the last number that its earlier events showed; where
                                none did, "all but" lets it pass, and "only" does not

choosing.py finds the earlier events.
"""

import re
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from drivers.contract import Settings
from drivers.events import Direction
from edge.journal.records import Stored

_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}|\+[1-9][0-9]{0,13}\*|[1-9][0-9]{0,5}\*?|0")
_FORMS = (
    "must be a full number such as +982144556677, the beginning of some such as +9821*, or an"
    " extension or short number of up to 6 digits"
)
_TRUNK_ZERO = "has the 0 of dialling inside the country behind +98: leave that 0 out"
_TAIL = 7
_TRAFFIC = frozenset({"call", "recording", "sms", "fax"})
_GOING_ON = frozenset({"call.ringing", "call.answered"})
_AS_PRINTED = frozenset({"extension", "short"})
_UNREAD = frozenset({"unparsed", "unreliable", "masked"})


class Wanted(Settings, frozen=True, kw_only=True):
    """What a destination gets. Without a word here it gets everything."""

    only_devices: Annotated[
        tuple[str, ...] | None,
        Meta(title="Only from these devices", extra={"fa": "فقط از این دستگاه‌ها"}),
    ] = None
    all_but_devices: Annotated[
        tuple[str, ...] | None,
        Meta(title="From all devices but these", extra={"fa": "از همه دستگاه‌ها به جز این‌ها"}),
    ] = None
    only_directions: Annotated[
        tuple[Direction, ...] | None,
        Meta(title="Only in these directions", extra={"fa": "فقط در این جهت‌ها"}),
    ] = None
    all_but_directions: Annotated[
        tuple[Direction, ...] | None,
        Meta(title="In all directions but these", extra={"fa": "در همه جهت‌ها به جز این‌ها"}),
    ] = None
    only_numbers: Annotated[
        tuple[str, ...] | None,
        Meta(title="Only with these numbers", extra={"fa": "فقط با این شماره‌ها"}),
    ] = None
    all_but_numbers: Annotated[
        tuple[str, ...] | None,
        Meta(title="With all numbers but these", extra={"fa": "با همه شماره‌ها به جز این‌ها"}),
    ] = None

    def problems(self) -> list[tuple[str, str]]:
        """See Settings. Whether a device exists only the site knows."""
        found: list[tuple[str, str]] = []
        for what in ("devices", "directions", "numbers"):
            only, but = f"only_{what}", f"all_but_{what}"
            if getattr(self, only) is not None and getattr(self, but) is not None:
                found.append(
                    (but, "“only” and “all but” contradict each other: fill in one of the two")
                )
            found += [
                (field, "lists nothing: name some, or leave it out")
                for field in (only, but)
                if getattr(self, field) == ()
            ]
        for field in ("only_numbers", "all_but_numbers"):
            for at, number in enumerate(getattr(self, field) or ()):
                if wrong := _wrong(number):
                    found.append((f"{field}[{at}]", wrong))
        return found


def _wrong(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        return _FORMS
    return _TRUNK_ZERO if number.startswith("+980") else ""


class Shown(Struct, frozen=True):
    """What the data of an event shows of who is at the other end, under the names it has there."""

    direction: Direction | None = None
    extension: str | None = None
    number: str | None = None
    number_raw: str | None = None
    number_status: str | None = None
    outcome: str | None = None
    peer: str | None = None
    peer_raw: str | None = None

    @property
    def has_number(self) -> bool:
        """Whether it shows who it is, readable or not."""
        if self.number_status in ("withheld", "unavailable"):
            return False
        return any((self.number, self.number_raw, self.peer, self.peer_raw))


_SHOWN = msgspec.json.Decoder(Shown)


def shown(event: Stored) -> Shown:
    """Read an event; data that cannot be read shows nothing."""
    try:
        return _SHOWN.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Shown()


def is_traffic(event: Stored) -> bool:
    """Whether somebody is at the other end of it."""
    return event.type.partition(".")[0] in _TRAFFIC


def goes_on(event: Stored, seen: Shown) -> bool:
    """Whether it is of a call that is not over, whose number may still come."""
    if event.type == "call.updated":
        return seen.outcome is None
    return event.type in _GOING_ON


def direction(event: Stored, seen: Shown) -> Direction | None:
    """Of a message or fax its own, where its data names none."""
    if seen.direction is None and event.type.startswith(("sms.", "fax.")):
        return "incoming" if event.type.endswith(".received") else "outgoing"
    return seen.direction


@dataclass(frozen=True, slots=True)
class Numbers:
    """A list of numbers, as the settings have it."""

    exact: frozenset[str]
    beginnings: tuple[str, ...]
    tails: frozenset[str]

    @classmethod
    def of(cls, listed: tuple[str, ...]) -> "Numbers":
        exact = frozenset(number for number in listed if not number.endswith("*"))
        beginnings = tuple(number[:-1] for number in listed if number.endswith("*"))
        tails = frozenset(n[-_TAIL:] for n in exact if n.startswith("+") and len(n) > _TAIL)
        return cls(exact, beginnings, tails)

    def hold(self, seen: Shown) -> bool:
        """Whether one of the parties is listed."""
        return any(
            party in self.exact or party.startswith(self.beginnings) for party in _parties(seen)
        )

    def may_hold(self, seen: Shown) -> bool:
        """Whether one of them is listed, or may be and could not be read."""
        return self.hold(seen) or _tail(seen) in self.tails


def _parties(seen: Shown) -> list[str]:
    parties = [seen.number, seen.peer]
    if seen.number is None and seen.number_status in _AS_PRINTED:
        parties.append(seen.number_raw)
    if seen.direction == "internal":
        parties.append(seen.extension)
    if seen.peer is None:
        parties.append(seen.peer_raw)
    return [party for party in parties if party]


def _tail(seen: Shown) -> str:
    unread = seen.number_raw if seen.number_status in _UNREAD else None
    if seen.peer is None:
        unread = unread or seen.peer_raw
    digits = "".join(sign for sign in unread or "" if sign.isdecimal())
    return digits[-_TAIL:] if len(digits) >= _TAIL else ""
