r"""A simulated exchange's LAN port: SMDR over TCP, telnet-like, for one client at a time.

    S "-"   C "SMDR\r\n"   S "SMDR\rEnter Password:"   C "PCCSMDR\r\n"   S "*******\r\n"
    S heading, every record still in memory, then each new one as it is printed

The exchange prints on into its memory while nobody is connected, overwrites the oldest record when
the memory is full, and sends all of it again to every new connection.
"""

import asyncio
import itertools
import re
import socket
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from drivers.panasonic.exchange_port import Pace, paced
from drivers.panasonic.printout import Exchange, Pager, Printed

_WORDS = {b"q": b"Goodbye.", b"help": b"q, smdr"}
_TELNET_COMMAND = re.compile(rb"\xff[\xfb-\xfe].|\xff.", re.DOTALL)
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LanRules:
    """How the exchange treats its clients.

    second_client: one that comes while another is connected is told `Rejected`, or throws the
    first out; both exist. memory: records it keeps. retry_seconds: until it asks again after a
    wrong password. login_seconds: until it hangs up on a client that does not log in, or does not
    read.
    """

    password: str = "PCCSMDR"
    second_client: Literal["rejected", "takes over"] = "rejected"
    memory: int = 500
    retry_seconds: float = 3.0
    login_seconds: float = 60.0


class LanPort:
    """The exchange's LAN card. While `busy` is set, every new client is told `Rejected`."""

    def __init__(self, exchange: Exchange, rules: LanRules | None = None) -> None:
        self.busy = False
        self._exchange = exchange
        self._rules = rules or LanRules()
        self._records: deque[bytes] = deque(maxlen=self._rules.memory)
        self._printed = 0
        self._news = asyncio.Condition()
        self._client: asyncio.StreamWriter | None = None

    async def serve(
        self, listener: socket.socket, printed: Iterable[Printed], pace: Pace | None = None
    ) -> None:
        """Print the records (without headings) and serve clients, on and on, until cancelled.

        The listener is bound and listening, so that its port is known beforehand; it is closed
        at the end, together with the client's connection.
        """
        async with asyncio.TaskGroup() as group:
            server = await asyncio.start_server(
                lambda reader, writer: group.create_task(self._answer(reader, writer)),
                sock=listener,
            )
            try:
                async for record in paced(printed, pace or Pace()):
                    await self._keep(record.text)
                await asyncio.get_running_loop().create_future()
            finally:
                server.close()
                self.drop()

    async def wait_printed(self, records: int) -> None:
        """Return when so many records have been printed since the start."""
        async with self._news:
            await self._news.wait_for(lambda: self._printed >= records)

    def drop(self) -> None:
        """Break the client's connection, as the exchange does when another takes over."""
        if self._client is not None:
            self._client.transport.abort()
            self._client = None

    async def _keep(self, record: bytes) -> None:
        async with self._news:
            self._records.append(record)
            self._printed += 1
            self._news.notify_all()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = self._client is not None and self._rules.second_client == "rejected"
        try:
            if self.busy or taken:
                writer.write(b"Rejected\r\n")
                return
            self.drop()
            self._client = writer
            async with asyncio.timeout(self._rules.login_seconds):
                admitted = await self._log_in(_Keyboard(reader), writer)
            if admitted:
                await self._session(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # The client is gone; the exchange takes no notice.
        finally:
            if self._client is writer:
                self._client = None
            writer.close()

    async def _log_in(self, keyboard: "_Keyboard", writer: asyncio.StreamWriter) -> bool:
        """The dialogue up to the first record; False when the client said goodbye."""
        while True:
            writer.write(b"-")
            typed = await keyboard.line()
            word = typed.strip().lower()
            if word == b"smdr":
                writer.write(typed + b"\r")
                break
            answer = _WORDS.get(word, b"No such command." if word else b"")
            writer.write(typed + b"\r\n" + (answer + b"\r\n" if answer else b""))
            if word == b"q":
                return False
        while True:
            writer.write(b"Enter Password:")
            typed = await keyboard.line()
            writer.write(b"*" * len(typed) + b"\r\n")
            if typed == self._rules.password.encode():
                return True
            await asyncio.sleep(self._rules.retry_seconds)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send_records(writer))
                while await reader.read(1024):
                    pass  # Nothing that is typed after the login means anything.
                sending.cancel()
        except* (OSError, TimeoutError):
            pass  # The same: the client is gone.

    async def _send_records(self, writer: asyncio.StreamWriter) -> None:
        pager = Pager(self._exchange)
        writer.write(pager.begin())
        sent = 0
        while True:
            await self.wait_printed(sent + 1)
            oldest = self._printed - len(self._records)
            waiting = list(itertools.islice(self._records, max(0, sent - oldest), None))
            sent = self._printed
            for record in waiting:
                writer.write(pager.before_line() + record)
            async with asyncio.timeout(self._rules.login_seconds):
                await writer.drain()


class _Keyboard:
    """Lines that a client types, ended by CR, LF or both; telnet commands are dropped."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._after_return = False

    async def line(self) -> bytes:
        """The next line without its end. Raises IncompleteReadError when the client hangs up."""
        typed = bytearray()
        while True:
            key = await self._reader.readexactly(1)
            second_half = self._after_return and key == b"\n"
            self._after_return = key == b"\r"
            if second_half:
                continue
            if key in b"\r\n" or len(typed) > _LONGEST_LINE:
                return _TELNET_COMMAND.sub(b"", bytes(typed))
            typed += key
