"""A capture played into a device of a running box, as calls of a test.

    capture ─▶ a decoder of its own, with the device's settings ─▶ facts ─▶ test = true ─▶ journal

The device itself goes on untouched: neither its link nor what its driver knows of open calls is
touched, so that a call that rings now and one that is played cannot be mixed up.
"""

import asyncio
import secrets
from datetime import timedelta

from drivers import catalog
from drivers.contract import Surroundings
from drivers.events import Call
from drivers.wire.capture import CaptureError, read_capture
from edge.decoding import Job, facts
from edge.errors import BadInput
from edge.service.devices import Served
from edge.wire.readable import sent_bytes

_PATIENCE_SECONDS = 60.0
"""What only time decides after the capture's end is told after so long at the latest."""


async def play_into(served: Served, text: bytes, speed: float) -> int:
    """Play it at `speed` times the recorded one; how many events it made.

    The first chunk comes so long ago that the last one comes as the playing ends. Raises BadInput
    when it is no capture, and JournalFailed.
    """
    try:
        capture = read_capture(text)
    except CaptureError as error:
        raise BadInput(f"the capture cannot be read: {error}") from error
    chunks = list(sent_bytes(capture))
    length = chunks[-1][0] if chunks else 0.0
    spec = catalog.spec(served.device.driver)
    surroundings = Surroundings(
        served.zone, secrets.token_hex(4), served.device.link.kind, folder=served.folder
    )
    loop = asyncio.get_running_loop()
    begun = loop.time()
    started = served.clock().utc - timedelta(seconds=length * (1 - 1 / speed))
    job = Job(spec, served.device.settings, surroundings, chunks, started, live=True)
    events = 0
    for moment, fact in facts(job):
        if not isinstance(fact, Call):
            continue
        due = begun + min(moment.monotonic, length + _PATIENCE_SECONDS) / speed
        await asyncio.sleep(max(0.0, due - loop.time()))
        await served.intake.tell_played([fact])
        events += 1
    return events
