"""A simulated modem, as a link: it answers commands by what its chip knows, and rings.

AT+VCID=1  ─▶ OK, and from then on DATE, TIME and NMBR come with the rings
AT#CID=1   ─▶ ERROR where the chip does not know it
"""

import asyncio
from collections.abc import Collection

from drivers.errors import LinkLost


class SimulatedModem:
    """One modem. knows: the commands that it takes; none at all: it is mute or no modem."""

    name = "simulated modem"

    def __init__(self, knows: Collection[str]) -> None:
        self.shows_caller = False
        self.taken: list[str] = []
        self._knows = knows
        self._said = bytearray()
        self._news = asyncio.Event()
        self._line = b""
        self._gone = False

    async def read(self) -> bytes:
        while not self._said:
            if self._gone:
                raise LinkLost("link-lost", "the modem is gone; see whether it is plugged in")
            self._news.clear()
            await self._news.wait()
        data = bytes(self._said)
        self._said.clear()
        return data

    async def write(self, data: bytes) -> None:
        self._line += data
        while b"\r" in self._line:
            command, _, self._line = self._line.partition(b"\r")
            self._obey(command.decode("latin-1"))

    async def close(self) -> None:
        self.unplug()

    def ring(self, number: str | None = None) -> None:
        """One ring, and behind the first one the number."""
        self._say("RING")
        if number is not None and self.shows_caller:
            self._say("DATE = 1121", "TIME = 1200", f"NMBR = {number}")

    def unplug(self) -> None:
        self._gone = True
        self._news.set()

    def _obey(self, command: str) -> None:
        self.taken.append(command)
        if not self._knows:
            return
        known = command in self._knows
        self.shows_caller = self.shows_caller or (known and "ID" in command)
        self._say("OK" if known else "ERROR")

    def _say(self, *lines: str) -> None:
        self._said += "".join(f"\r\n{line}\r\n" for line in lines).encode()
        self._news.set()
