"""A connection on which many events wait for their acknowledgements at once."""

import asyncio
from abc import ABC, abstractmethod
from asyncio import Future, StreamReader, StreamWriter, Task
from contextlib import suppress
from typing import Self


class Sender(ABC):
    """What the far end says, `hear` reads; it calls `answered` for what it acknowledges."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._waiting: dict[int, Future[None]] = {}
        self._hearing: Task[None] = asyncio.ensure_future(self._hear())

    @classmethod
    async def to(cls, port: int) -> Self:
        """Raises OSError while nobody listens on the port of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    @abstractmethod
    async def send(self, number: int) -> None:
        """Return when the event is acknowledged. Raises EOFError when the connection is gone."""

    @abstractmethod
    async def hear(self) -> None:
        """Read one thing that the far end says."""

    async def answer_to(self, key: int, data: bytes) -> None:
        """Write, and wait until `answered` is called with the key. Raises EOFError."""
        if self._hearing.done():
            raise EOFError
        answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        self.writer.write(data)
        await answer

    def answered(self, key: int) -> None:
        if (answer := self._waiting.pop(key, None)) and not answer.done():
            answer.set_result(None)

    async def close(self) -> None:
        self._hearing.cancel()
        with suppress(asyncio.CancelledError):
            await self._hearing
        self.writer.close()

    async def _hear(self) -> None:
        try:
            while True:
                await self.hear()
        except (EOFError, OSError):
            return
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(EOFError())
