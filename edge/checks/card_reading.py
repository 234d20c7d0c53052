"""The disk below the data folder, as the kernel tells it: no byte of it is read or written.

    folder ─st_dev─▶ /sys/dev/block/179:4 ─▶ mmcblk0p4 ─partition of─▶ mmcblk0 ─device─▶ the card
                            │                    └─ a loop's file, or what is below dm: further down
                            ├─ /sys/fs/ext4/mmcblk0p4: errors since the last check of it
                            └─ /proc/self/mountinfo: became read-only

The card's own figures (kernel documentation, mmc device attributes; JEDEC eMMC 5.0, EXT_CSD):
life_time is `0x01 0x02`, the share of its life used in steps of ten percent for either kind of
cells, 0x0b when it is over; pre_eol_info tells of the spare blocks: 1 normal, 2 four fifths are
used, 3 nearly all. Zero is unknown in both. SD cards have neither; there only errors and slow
flushes warn. Written bytes count from the start of the box.
"""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from edge.journal.flushes import Flushes, FlushTimes

SAMPLE_SECONDS = 1800.0
KNOWN_AFTER = 12 * 3600.0
"""What is written in a day is told after half of one: an update takes an hour."""
_KEPT = 49  # a day of samples
_SECTOR = 512  # of `stat` and `size`, whatever the disk's own is
_WRITTEN = 6  # the seventh figure of `stat`: sectors written
_DEEPEST = 8
_READ_ONLY = {"ro", "emergency_ro"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One look. None is what the disk does not tell.

    disk: the whole disk, e.g. mmcblk0. name: what the card calls itself. kind: SD or MMC. size,
    written: bytes. life_time: the higher one of both. errors: that ext4 met. read_only: the file
    system of the folder takes nothing any more.
    """

    disk: str
    name: str | None = None
    kind: str | None = None
    size: int | None = None
    written: int | None = None
    life_time: int | None = None
    pre_eol: int | None = None
    errors: int | None = None
    read_only: bool = False

    @property
    def is_card(self) -> bool:
        """Whether it is an SD card or an eMMC."""
        return self.disk.startswith("mmcblk")


@dataclass(frozen=True, slots=True)
class SeenCard:
    """The disk, how long commits took, and how many bytes a day are written to it at this rate."""

    card: Card
    flushes: FlushTimes | None
    a_day: float | None


class CardWatch:
    """Looks at the disk of one folder. `flushes` is the journal's."""

    def __init__(self, folder: Path, flushes: Flushes, root: Path = Path("/")) -> None:
        self._folder = folder
        self._flushes = flushes
        self._root = root
        self._writing = Writing()

    def look(self, monotonic: float) -> SeenCard | None:
        """Now, in monotonic seconds; None where no disk is below (tmpfs). It waits for no disk."""
        card = read_card(self._folder, self._root)
        if card is None:
            return None
        if card.written is not None:
            self._writing.note(monotonic, card.written)
        return SeenCard(card, self._flushes.times(), self._writing.a_day())


class Writing:
    """How many bytes a day a disk takes, from its counter over the last day."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=_KEPT)

    def note(self, at: float, written: int) -> None:
        """The counter at a monotonic time in seconds; may be called as often as one likes."""
        if not self._samples or at >= self._samples[-1][0] + SAMPLE_SECONDS:
            self._samples.append((at, written))

    def a_day(self) -> float | None:
        """None before half a day is known."""
        if not self._samples:
            return None
        (begun, first), (ended, last) = self._samples[0], self._samples[-1]
        if ended - begun < KNOWN_AFTER:
            return None
        return (last - first) * 86400 / (ended - begun)


def read_card(folder: Path, root: Path = Path("/")) -> Card | None:
    """Look at the disk of a folder; None where there is none, or the kernel tells nothing of it.

    root: below it `sys`, `proc` and the files of loop devices are looked for; for tests.
    """
    number = _number(folder)
    place = _block(root, number) if number else None
    if number is None or place is None:
        return None
    disk = _whole(root, place)
    life = [_hex(each) for each in (_text(disk / "device/life_time") or "").split()]
    size, counted = _text(disk / "size"), (_text(disk / "stat") or "").split()
    return Card(
        disk=disk.name,
        name=_text(disk / "device/name"),
        kind=_text(disk / "device/type"),
        size=_whole_number(size, _SECTOR),
        written=_whole_number(counted[_WRITTEN], _SECTOR) if len(counted) > _WRITTEN else None,
        life_time=max((each for each in life if each), default=None),
        pre_eol=_hex(_text(disk / "device/pre_eol_info") or "") or None,
        errors=_whole_number(_text(root / "sys/fs/ext4" / place.name / "errors_count")),
        read_only=_is_read_only(root, number),
    )


def _number(path: Path) -> str | None:
    try:
        found = path.stat().st_dev
    except OSError:
        return None
    return f"{os.major(found)}:{os.minor(found)}"


def _block(root: Path, number: str) -> Path | None:
    place = root / "sys/dev/block" / number
    return place.resolve() if place.exists() else None


def _whole(root: Path, place: Path) -> Path:
    """Down from what the file system lies on to what can wear."""
    for _ in range(_DEEPEST):
        below = _below(root, place)
        if below is None:
            break
        place = below
    return place


def _below(root: Path, place: Path) -> Path | None:
    if (place / "partition").exists():
        return place.parent
    if file := _text(place / "loop/backing_file"):
        number = _number(root / file.lstrip("/"))
        return _block(root, number) if number else None
    slaves = sorted((place / "slaves").glob("*"))
    return slaves[0].resolve() if slaves else None


def _is_read_only(root: Path, number: str) -> bool:
    """`36 25 179:4 / /data rw,noatime - ext4 /dev/mmcblk0p4 ro,errors=…`: the last field tells."""
    for line in (_text(root / "proc/self/mountinfo") or "").splitlines():
        fields = line.split()
        if len(fields) > 2 and fields[2] == number:
            return bool(_READ_ONLY & set(fields[-1].split(",")))
    return False


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _whole_number(text: str | None, times: int = 1) -> int | None:
    return int(text) * times if text and text.isdecimal() else None


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0
