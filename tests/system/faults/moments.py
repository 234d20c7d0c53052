"""At which moment of its work a journal stood when its process was killed, read from its log.

The index of SQLite's log (`-shm`) outlives the process, and tells how far it had come:

    mxFrame, aFrameCksum, aSalt   the last frame that a finished commit has in the log
    nBackfill                     up to which frame a checkpoint has written back and flushed
    nBackfillAttempted            up to which it was about to; more only within a checkpoint

A frame behind the last one that carries its salt, and its checksum on, is of a commit that has
begun to write and has not ended. A power cut takes the index away, so look between the kill and the
cut. Who opens a log that a kill has left sets the last number to all frames: so of checkpoints it
tells the truth only where the log began anew since. The layout is part of SQLite's description of
its file format.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_INDEX = 136
_HEADER = 24
_LOG_HEADER = 32


@dataclass(frozen=True, slots=True)
class Moment:
    """What was going on when it was looked at. frames: in the log, of finished commits."""

    frames: int = 0
    committing: bool = False
    checkpointing: bool = False


def look(journal: Path) -> Moment:
    """Look at a journal in service, or as a kill left it."""
    try:
        index = _read(journal.with_name(f"{journal.name}-shm"), 0, _INDEX)
        (page,) = struct.unpack_from("=H", index, 14)
        frames, _, *checksum = struct.unpack_from("=4I", index, 16)
        (written, *_, attempted) = struct.unpack_from("=9I", index, 96)
        at = _LOG_HEADER + frames * (_HEADER + page)
        next_ = _read(journal.with_name(f"{journal.name}-wal"), at, _HEADER + page)
        behind = next_[8:16] == index[32:40] and _goes_on(checksum, next_)
    except (FileNotFoundError, struct.error):
        return Moment()
    return Moment(frames, committing=behind, checkpointing=attempted > written)


def _goes_on(checksum: Sequence[int], frame: bytes) -> bool:
    """Whether it was written behind the frame with this checksum, and is whole."""
    one, two = checksum
    for first, second in struct.iter_unpack("=2I", frame[:8] + frame[_HEADER:]):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return struct.unpack_from(">2I", frame, 16) == (one, two)


def _read(path: Path, at: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(at)
        return file.read(size)
