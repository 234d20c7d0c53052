"""Says whether a box kept its promise, from what was told, what is on disk and what the CRM has.

    acknowledged   told to somebody as safe: append returned, `payvand events` showed it, the CRM
                   has it; noted outside the reach of the fault
    stored         in the journal after the fault
    delivered      at the CRM, in order of arrival, as it keeps them: each id once

Sound means: acknowledged ⊆ stored ∪ delivered; an id is one event for ever; what the device said
once is one event; a device's events rise as it said them, and its memory is of the last; the events
of one subject (a call) came to the CRM in their order, and all events in two lanes at most; the
cursor passed over nothing that the CRM lacks; the file is whole; memory and descriptors are flat;
no secret stands in a log.

    arrived     1 2 3   900   4   901   5 6   902      the live lane: above all that came before
                ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔      the backlog: below it, and rising by itself

In which lane an event was sent nobody notes; but what is neither above all others nor behind the
last one of the backlog was sent in no order.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

FLAT_KIB = 8 * 1024
FLAT_DESCRIPTORS = 2
"""A request of the test's and one of the box's own may be under way in one look and not the other.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `number` counts what the device said, from 1; `digest` is of all its data.

    subject: what it is about, such as a call, "" for nothing in particular.
    """

    id: str
    device: str
    number: int
    digest: int
    subject: str = ""

    @property
    def journal(self) -> str:
        return self.id.partition("-")[0]

    @property
    def sequence(self) -> int:
        return int(self.id.partition("-")[2])


@dataclass(frozen=True, slots=True)
class Vitals:
    """A process at rest: its resident memory and how many files it has open."""

    kib: int
    descriptors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known after a fault.

    memories: the highest number that each device remembers to have said, stored with its events.
    integrity: SQLite's own word, `ok` for a whole file.
    """

    acknowledged: Collection[Entry] = ()
    stored: Collection[Entry] = ()
    delivered: Collection[Entry] = ()
    cursor: int = 0
    memories: tuple[tuple[str, int], ...] = ()
    integrity: str = "ok"
    vitals: tuple[Vitals, ...] = ()
    log: str = ""
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, a line each; `acknowledged` is how many events were told safe."""

    acknowledged: int = 0
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=())

    @property
    def wrong(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.others]


def check(evidence: Evidence) -> Findings:
    """Judge the evidence."""
    acknowledged = set(evidence.acknowledged)
    kept = {*evidence.stored, *evidence.delivered}
    return Findings(
        acknowledged=len(acknowledged),
        lost=tuple(_lost(acknowledged - kept)),
        doubled=tuple(_doubled(evidence, kept)),
        others=(
            *_changed(acknowledged | kept),
            *_disordered(kept),
            *_overtaken(evidence.delivered),
            *_passed_over(evidence),
            *_forgotten(evidence),
            *_damaged(evidence),
            *_grown(evidence.vitals),
            *_leaked(evidence),
        ),
    )


def _lost(missing: Iterable[Entry]) -> Iterator[str]:
    for entry in missing:
        yield f"lost: {entry} was acknowledged"


def _doubled(evidence: Evidence, kept: Iterable[Entry]) -> Iterator[str]:
    arrived = Counter(entry.id for entry in evidence.delivered)
    yield from (f"doubled: {id_} is at the CRM {n} times" for id_, n in arrived.items() if n > 1)
    said = Counter((entry.device, entry.number) for entry in kept)
    yield from (f"doubled: {what} is {n} events" for what, n in said.items() if n > 1)


def _changed(known: Iterable[Entry]) -> Iterator[str]:
    meanings = Counter(entry.id for entry in known)
    yield from (f"changed: {id_} is {n} different events" for id_, n in meanings.items() if n > 1)


def _disordered(kept: Iterable[Entry]) -> Iterator[str]:
    lines: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in sorted(kept, key=lambda entry: entry.sequence):
        lines[entry.journal, entry.device].append(entry)
    for line in lines.values():
        for before, after in pairwise(line):
            if after.number < before.number:
                yield f"disordered: {before} comes before {after}"


def _overtaken(delivered: Iterable[Entry]) -> Iterator[str]:
    """By first arrival: a repeat is in order wherever it comes."""
    live = backlog = 0
    subjects: dict[str, int] = {}
    for entry in dict.fromkeys(delivered):
        if entry.sequence < subjects.get(entry.subject, 0):
            yield f"overtaken: {entry} came after {subjects[entry.subject]} of the same subject"
        if entry.subject:
            subjects[entry.subject] = entry.sequence
        if entry.sequence > live:
            live = entry.sequence
        elif entry.sequence > backlog:
            backlog = entry.sequence
        else:
            yield f"overtaken: {entry} came after {backlog} of the backlog"


def _passed_over(evidence: Evidence) -> Iterator[str]:
    there = {entry.id for entry in evidence.delivered}
    for entry in evidence.stored:
        if entry.sequence <= evidence.cursor and entry.id not in there:
            yield f"passed over: {entry.id} is before the cursor, the CRM never had it"


def _forgotten(evidence: Evidence) -> Iterator[str]:
    for device, number in evidence.memories:
        last = max((each.number for each in evidence.stored if each.device == device), default=0)
        if number != last:
            yield f"torn apart: {device} remembers {number}, its last event is {last}"


def _damaged(evidence: Evidence) -> Iterator[str]:
    if evidence.integrity != "ok":
        yield f"damaged: {evidence.integrity}"


def _grown(vitals: tuple[Vitals, ...]) -> Iterator[str]:
    for now in vitals[1:]:
        first = vitals[0]
        if now.kib > first.kib + FLAT_KIB or now.descriptors > first.descriptors + FLAT_DESCRIPTORS:
            yield f"grown: {first} became {now}"


def _leaked(evidence: Evidence) -> Iterator[str]:
    for secret in evidence.secrets:
        if secret in evidence.log:
            yield f"leaked: a secret of {len(secret)} characters stands in the log"
