"""What edge/wire/journal.py kept, read again: whole, or torn by a power cut.

A line that cannot be read is left out; all others count. Files come in the order in which they were
begun, whatever the clock said then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from drivers.wire.capture import Capture, CaptureError, Received, format_capture, read_capture
from edge.errors import BadInput
from edge.site.checking import non_defaults
from edge.site.site import Site
from edge.wire.journal import FOLDER, segments


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of one device: (seconds since `started`, bytes), in the order of their coming."""

    started: datetime
    chunks: Sequence[tuple[float, bytes]]


def kept(data: Path, device: str, since: datetime | None = None) -> Kept:
    """What the data directory holds of a device, `since` an aware time. Raises BadInput if nothing.

    Where the clock was set back in between, what followed comes at the time of what was before.
    """
    found: list[tuple[datetime, bytes]] = []
    for _, path in sorted(segments(data / FOLDER, device)):
        capture = read_torn(path.read_bytes())
        if capture is None or (started := capture.started) is None:
            continue
        for entry in capture.entries:
            if isinstance(entry, Received):
                at = started + timedelta(seconds=entry.at)
                found.append((max(at, found[-1][0]) if found else at, entry.data))
    found = [each for each in found if since is None or each[0] >= since]
    if not found:
        raise BadInput(
            f'nothing is kept of a device "{device}" in {data / FOLDER}: give its key in site.toml,'
            " and another --since"
        )
    started = found[0][0]
    return Kept(started, [((at - started).total_seconds(), chunk) for at, chunk in found])


def read_torn(data: bytes) -> Capture | None:
    """A capture without the lines that cannot be read; None where not even its head can be."""
    lines = data.split(b"\n")
    while True:
        try:
            return read_capture(b"\n".join(lines))
        except CaptureError as error:
            if error.line <= 1:
                return None
            lines[error.line - 1] = b""


def as_capture(data: Path, site: Site, key: str, since: datetime | None = None) -> bytes:
    """What is kept of a device as one capture, its settings in the header. Raises BadInput."""
    found = kept(data, key, since)
    device = next((each for each in site.device if each.key == key), None)
    header = [("started", found.started.isoformat()), ("timezone", site.timezone)]
    if device is not None:
        header.append(("link", device.link.kind))
        header += [(name, _text(value)) for name, value in non_defaults(device.settings).items()]
    entries = tuple(Received(at, chunk) for at, chunk in found.chunks)
    return format_capture(Capture(tuple(header), entries)).encode()


def _text(value: object) -> str:
    """As `payvand decode --set` takes it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
