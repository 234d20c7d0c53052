"""What was found at a port, as a technician and a program read it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from drivers.evidence import Evidence

Word = Literal["certain", "likely", "possible"]
Readers = Mapping[str, Callable[[bytes], Sequence[Evidence]]]
"""The drivers that may explain bytes, by name: `DriverSpec.evidence` of each."""

CERTAIN = 0.85
LIKELY = 0.5
_ONE_MORE = 0.4
"""What each whole record leaves of the doubt."""
_HEADING_ONLY = 0.2


class Proposal(Struct, frozen=True, kw_only=True):
    """One way to read a port: for `driver`, `link` and `settings` of a `[[device]]`.

    confidence, number: how sure that is, as a word and from 0 to 1. choices: settings that no byte
    tells, with what is left, the likeliest first. records, read, unread, sample, beware: see
    drivers.evidence.
    """

    driver: str
    baud: int
    format: str
    settings: Mapping[str, object]
    choices: Mapping[str, Sequence[object]]
    confidence: Word
    number: float
    records: int
    read: int
    unread: int
    sample: tuple[str, ...]
    beware: tuple[str, ...]


def propose(readers: Readers, text: bytes, baud: int, line_format: str) -> tuple[Proposal, ...]:
    """What each driver makes of a text that was read at this speed, the likeliest first."""
    found = [(name, each) for name, evidence in readers.items() for each in evidence(text)]
    proposals = []
    for name, each in found:
        rivals = [_strength(other) for _, other in found if _explains_as_much(other, each)]
        own = _strength(each)
        if own:
            number = own * own / sum(rivals)
            proposals.append(_proposal(name, each, number, baud, line_format))
    return tuple(sorted(proposals, key=lambda each: -each.number))


def _explains_as_much(other: Evidence, evidence: Evidence) -> bool:
    """Evidence that is its own rival, too."""
    return other.unread <= evidence.unread and other.records >= evidence.records


def _strength(evidence: Evidence) -> float:
    """How much of the bytes is explained, and by how many whole records."""
    share = evidence.read / max(1, evidence.read + evidence.unread)
    doubt = _ONE_MORE**evidence.records if evidence.records else 1 - _HEADING_ONLY
    return float(share * (1 - doubt))


def _proposal(
    driver: str, evidence: Evidence, number: float, baud: int, line_format: str
) -> Proposal:
    word: Word = "certain" if number >= CERTAIN else "likely" if number >= LIKELY else "possible"
    return Proposal(
        driver=driver,
        baud=baud,
        format=line_format,
        settings=evidence.settings,
        choices=evidence.choices,
        confidence=word,
        number=round(number, 3),
        records=evidence.records,
        read=evidence.read,
        unread=evidence.unread,
        sample=evidence.sample,
        beware=evidence.beware,
    )
