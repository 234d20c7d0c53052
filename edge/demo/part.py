"""One process of the demo: started out of the terminal's reach, watched, and surely ended."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from edge.errors import CommandFailed

GOODBYE_SECONDS = 10.0
_LAST_WORDS = 3
_PR_SET_PDEATHSIG = 1
"""Of prctl(2); it outlives exec."""
_TIED = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGTERM)})
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""Becomes another Python that is told to end when the one that started it dies, even by SIGKILL."""


class PartDied(CommandFailed):
    """A process of the demo ended though nobody asked it to."""


class Part:
    """`payvand WORDS`, or another program of ours, as a process. Start it with `start`.

    name: what a person calls it.
    """

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self.process = process
        self._log = log
        self._dismissed = False

    @classmethod
    async def start(cls, name: str, log: Path, *words: str | Path, program: str = "edge") -> "Part":
        """Its own process group: a Ctrl-C in the terminal reaches the demo alone."""
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid())),
                *("-m", program, *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=PIPE,
                stderr=file,
                process_group=0,
            )
        return cls(name, process, log)

    async def line(self) -> str:
        """The next line of its standard output. Raises PartDied when there is none."""
        assert self.process.stdout is not None  # noqa: S101 - started with PIPE
        line = await self.process.stdout.readline()
        if not line:
            await self.process.wait()
            raise self._died()
        return line.decode()

    async def watch(self) -> None:
        """Return when it ended because of `end`. Raises PartDied when it ended by itself."""
        await self.process.wait()
        if not self._dismissed:
            raise self._died()

    async def end(self) -> None:
        """Ask it to end, then make it; harmless twice."""
        self._dismissed = True
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def _died(self) -> PartDied:
        words = self._log.read_text(errors="replace").splitlines()[-_LAST_WORDS:]
        last = "; its last words:" if words else " without a word"
        code = self.process.returncode or 0
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        text = f"{self.name} ended by itself ({how}){last}"
        return PartDied("\n  ".join([text, *words]))
