"""What the tap of a device holds, as a capture that may leave the box: its numbers are others."""

import time
from datetime import datetime

from drivers.wire.capture import Capture, Entry, Received, Sent, format_capture
from edge.service.devices import Served
from edge.wire.scramble import scramble


def exported(served: Served, now: datetime) -> bytes:
    """The text of a capture. now: aware UTC. Blocks for as long as the tap's 64 KiB take."""
    chunks = served.supervisor.tap.chunks
    first = chunks[0].at if chunks else time.monotonic()
    started = datetime.fromtimestamp(now.timestamp() - (time.monotonic() - first), now.tzinfo)
    entries: tuple[Entry, ...] = tuple(
        Received(chunk.at - first, chunk.data)
        if chunk.way == "<"
        else Sent(chunk.at - first, chunk.data)
        for chunk in chunks
    )
    header = (
        ("started", started.isoformat(timespec="milliseconds")),
        ("driver", served.device.driver),
    )
    return format_capture(scramble(Capture(header, entries))).encode()
