"""The calls as the demo's CRM knows them: asked over HTTP, as anybody may, and put into lines.

21:43:10  ↙  105  03  +989125550142   answered    3:12
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Self

import aiohttp
import msgspec
from msgspec import Struct

from edge.demo import direct_lines
from edge.demo.paper import Sight, sight
from edge.errors import CommandFailed

ALL = 10_000
SCREEN = 500
ANSWER_SECONDS = 30.0
HEADING = f"{'time':8}  {'':1}  {'ext':4}  {'line':4}  {'number':16}  {'outcome':10}  talk"
_ARROWS = {"incoming": "↙", "outgoing": "↗", "internal": "⇄"}


class CallData(Struct):
    """What the demo shows of a call; an event has more."""

    call_id: str
    direction: str
    line: str | None
    extension: str | None
    number: str | None
    number_raw: str | None
    answered_at: datetime | None
    outcome: str | None
    talk_seconds: int | None


class CallEvent(Struct):
    """The event that is the truth of its call."""

    time: datetime
    sequence: int
    data: CallData
    source: str = ""

    @property
    def sight(self) -> Sight:
        """What is compared with the other side."""
        call = self.data
        direct = self.source.endswith(f"/{direct_lines.KEY}")
        talk = 0 if direct else call.talk_seconds
        return sight(call.direction, call.line, call.number_raw, call.extension, talk)

    def text(self) -> str:
        """One line for a person, in the machine's own time zone."""
        call = self.data
        phase = call.outcome or ("talking" if call.answered_at else "ringing")
        columns = (
            f"{self.time.astimezone():%H:%M:%S}",
            _ARROWS.get(call.direction, "?"),
            f"{call.extension or '-':4}",
            f"{call.line or '-':4}",
            f"{call.number or call.number_raw or '-':16}",
            f"{phase:10}",
            _clock(call.talk_seconds),
        )
        return "  ".join(columns).rstrip()


class Stats(Struct):
    """The CRM's counters, as far as the demo tells them."""

    duplicates: int


class CrmAway(CommandFailed):
    """The CRM gives no answer."""


class Onlooker:
    """Looks at the CRM between `async with` and its end. Its methods raise CrmAway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._shown: dict[str, int] = {}
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), raise_for_status=True
        )
        return self

    async def __aexit__(self, *_reason: object) -> None:
        await self._session.close()

    async def news(self) -> Iterator[CallEvent]:
        """The calls of which more is known than last time, in the order in which it was stored."""
        calls = await self._calls(SCREEN)
        fresh = [call for call in calls if call.sequence > self._shown.get(call.data.call_id, 0)]
        self._shown |= {call.data.call_id: call.sequence for call in fresh}
        return reversed(fresh)

    async def sights(self) -> list[Sight]:
        """Every call that the CRM has."""
        return [call.sight for call in await self._calls(ALL)]

    async def stats(self) -> Stats:
        return msgspec.json.decode(await self._get("/stats"), type=Stats)

    async def _calls(self, limit: int) -> list[CallEvent]:
        body = await self._get(f"/calls?limit={limit}")
        return msgspec.json.decode(body, type=list[CallEvent], strict=False)

    async def _get(self, path: str) -> bytes:
        try:
            async with self._session.get(self._url + path) as response:
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CrmAway(f"the demo's CRM at {self._url} gives no answer ({error})") from error


def _clock(seconds: int | None) -> str:
    """Minutes and seconds, hours where there are any; nothing for nobody talked."""
    if not seconds:
        return ""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"
