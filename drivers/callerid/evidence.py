"""What speaks for a caller-ID box in bytes of an unknown device, profile by profile.

Profiles that read the same bytes equally well, such as Segal and Danjeh while only numbers came,
are one piece of evidence with a choice: bytes cannot tell them apart.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drivers.callerid.engine import Engine, Signal
from drivers.callerid.profile import Profile
from drivers.callerid.profile_file import FOLDER, ProfileWrong, find_profile
from drivers.callerid.profiles import PROFILES
from drivers.evidence import Evidence, KnownUnit

_SAMPLE = 5


@dataclass(frozen=True, slots=True)
class _Found:
    profile: Profile
    records: int
    read: int
    unread: int
    sample: tuple[str, ...]


def evidence(data: bytes) -> list[Evidence]:
    """See DriverSpec.evidence: the profiles that read at least one record, the best first."""
    found = [each for profile in PROFILES.values() if (each := _judge(profile, data)).records]
    found.sort(key=lambda each: (-each.records, each.unread, not each.profile.confirmed))
    alike: dict[tuple[int, int, int], list[_Found]] = {}
    for each in found:
        alike.setdefault((each.records, each.read, each.unread), []).append(each)
    return [_evidence(group) for group in alike.values()]


def _evidence(alike: list[_Found]) -> Evidence:
    first, ids = alike[0], [each.profile.id for each in alike]
    return Evidence(
        settings={"profile": first.profile.id},
        choices={"profile": ids} if len(ids) > 1 else {},
        records=first.records,
        read=first.read,
        unread=first.unread,
        sample=first.sample,
    )


def _judge(profile: Profile, data: bytes) -> _Found:
    """`info` frames are read, but speak for no profile: many devices say OK."""
    engine = Engine(profile)
    records = unread = cut = 0
    sample: list[str] = []
    for frame in engine.feed(data):
        if frame.fragment and frame.unread and len(frame.text) <= profile.framing.longest:
            cut += len(frame.unread)
            if frame.signal is None:
                continue
        else:
            unread += len(frame.unread)
        if frame.signal is not None and frame.signal.event != "info":
            records += 1
            if len(sample) < _SAMPLE:
                sample.append(in_words(frame.signal))
    pending = len(engine.pending.strip())
    if pending > profile.framing.longest:
        unread += pending
    else:
        cut += pending
    return _Found(profile, records, len(data) - unread - cut, unread, tuple(sample))


def units(folder: Path) -> list[KnownUnit]:
    """See DriverSpec.units: by the profiles that name USB ids, ours and those in `folder`."""
    files = sorted((folder / FOLDER).glob("*.toml"))
    found = list(PROFILES.values())
    for file in files:
        with suppress(ProfileWrong):  # told where a device uses it
            found.append(find_profile(file.stem, folder))
    return [
        KnownUnit(
            usb=ids.lower(),
            product=profile.match.product,
            title=profile.title,
            settings={"profile": profile.id},
        )
        for profile in found
        for ids in profile.match.usb
    ]


def in_words(signal: Signal) -> str:
    """A signal for a technician: `line 1: caller_id 09120001122`."""
    caller = signal.caller
    told = [signal.digits, *(filter(None, (caller.number, caller.told)) if caller else ())]
    rings = "" if signal.rings is None else str(signal.rings)
    words = " ".join(filter(None, [signal.event, rings, *told, signal.duration]))
    return f"line {signal.line}: {words}" if signal.line else words
