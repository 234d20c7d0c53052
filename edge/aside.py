"""Work that is seldom asked for and takes much memory, in a process of its own that ends with it.

    given ──standard input──▶ python -m MODULE WORDS ──standard output──▶ what it makes

What Python has imported and what its heap has grown to stays with a process for good.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE

from edge.errors import CommandFailed


async def aside(module: str, *words: str, given: bytes = b"") -> bytes:
    """What it printed. Raises CommandFailed with its last line of error; ends it when cancelled."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        made, said = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        last = (said.decode(errors="replace").splitlines() or ["it ended without a word"])[-1]
        raise CommandFailed(last)
    return made
