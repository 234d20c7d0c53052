"""Opens the journal PATH and reads all that waits; prints what this cost.

    python starting.py PATH

Three numbers: seconds of the processor to open it, events read, and the process's highest resident
memory in KiB above that before the opening.
"""

import asyncio
import resource
import sys
import time
from pathlib import Path

from edge.journal.journal import Journal


def _highest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def _run(path: Path) -> None:
    before, begun = _highest(), time.process_time()
    journal = await Journal.open(path)
    opened = time.process_time()
    cursor = count = 0
    while events := await journal.read(cursor):
        cursor = events[-1].sequence
        count += len(events)
    sys.stdout.write(f"{opened - begun} {count} {_highest() - before}\n")
    await journal.close()


asyncio.run(_run(Path(sys.argv[1])))
