"""The box's side in a process of its own, to be killed: delivers a journal to a portal.

python box_process.py JOURNAL URL      ends when nothing is left
"""

import asyncio
import sys
from pathlib import Path

from edge.journal.journal import Journal
from tests.edge.delivery.destinations.bitrix24.conftest import bitrix
from tests.edge.delivery.destinations.conftest import Box


async def main(path: Path, url: str) -> None:
    box = Box(await Journal.open(path))
    async with box.forwarding(bitrix(box, url)):
        await box.settled()
    await box.journal.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
