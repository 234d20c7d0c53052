"""A device that was given another key in the settings keeps what its driver knew.

    key/link   which driver served which link under this key, beside the driver's own memory

Without it, an exchange on the network would be new to us, and all the records that it stores would
reach the CRM a second time.
"""

from collections.abc import Sequence

import msgspec

from edge.journal.journal import Journal
from edge.site.site import Device


async def hand_down(journal: Journal, devices: Sequence[Device]) -> None:
    """Give each device without a memory that of a key no longer used, of the same driver and link.

    Raises JournalFailed.
    """
    used = {device.key for device in devices}
    for device in devices:
        mark = msgspec.msgpack.encode((device.driver, repr(device.link)))
        if not journal.memory(device.key):
            for key in journal.remembered():
                if key not in used and journal.memory(_link(key)) == mark and journal.memory(key):
                    await journal.append([], (device.key, journal.memory(key)))
        if journal.memory(_link(device.key)) != mark:
            await journal.append([], (_link(device.key), mark))


def _link(key: str) -> str:
    return f"{key}/link"
