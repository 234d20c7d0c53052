"""Finds out what is plugged in, for the page: `payvand detect` over a socket.

operate  GET /detect?seconds=N           one Sensed a line: first every port as it is, then what is
                                        heard; &port=/dev/… listens to that one alone
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.detect.ear import Ear
from edge.access.refusals import Conflict
from edge.detecting.detecting import Found, place_of
from edge.detecting.session import Session
from edge.errors import CommandFailed
from edge.local.detect_records import Proposed, Sensed
from edge.local.issue import Words
from edge.local.route import Ask, Route

if TYPE_CHECKING:
    from aiohttp import web

MOST_SECONDS = 600.0


class DetectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """port: one that is not found by itself, or the only one to be heard."""

    seconds: float = 120.0
    port: str = ""


class _ToTheAsker:
    """Tells what is found into a queue. See edge.detecting.words.Teller."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Sensed] = asyncio.Queue()
        self._ports: dict[str, Sensed] = {}

    def plugged(self, found: Sequence[Found], blocks: Sequence[str]) -> None:  # noqa: ARG002
        for each in found:
            if place := place_of(each):
                self._tell(
                    Sensed(
                        name=place.name,
                        state="silent",
                        link=dict(place.link),
                        device=each.device,
                        trouble=", ".join(each.held_by) if not each.device else "",
                    )
                )

    def trouble(self, name: str, advice: str) -> None:
        before = self._ports.get(name) or Sensed(name=name, state="silent", link={})
        self._tell(msgspec.structs.replace(before, trouble=advice))

    def heard(self, name: str, ear: Ear, blocks: Sequence[str]) -> None:
        """Nothing: the session below tells it with its link."""

    def sensed(self, name: str, ear: Ear, link: Mapping[str, object]) -> None:
        best = next(iter(ear.proposals), None)
        speed = (best.baud, best.format) if best else (ear.likely_baud, ear.format)
        known = self._ports.get(name)
        self._tell(
            Sensed(
                name=name,
                state=ear.state,
                link={**link, "baud": speed[0], "format": speed[1]},
                device=known.device if known else _device_of(name),
                proposals=tuple(
                    Proposed(
                        driver=each.driver,
                        settings=_plain(each.settings),
                        confidence=each.confidence,
                        records=each.records,
                        sample=each.sample,
                    )
                    for each in ear.proposals
                ),
            )
        )

    def _tell(self, sensed: Sensed) -> None:
        self._ports[sensed.name] = sensed
        self.told.put_nowait(sensed)


class _Session(Session):
    """Tells a port with its link, not as text for site.toml."""

    def tell(self, name: str, ear: Ear, link: Mapping[str, object]) -> None:
        if isinstance(self._tell, _ToTheAsker):
            self._tell.sensed(name, ear, link)


def routes(data: Path) -> list[Route]:
    """One asker at a time: a port is heard by one ear."""
    busy = asyncio.Lock()

    async def answer(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        query = ask.query(DetectQuery)
        seconds = min(MOST_SECONDS, max(1.0, query.seconds))
        if busy.locked():
            raise Conflict(Words("Somebody listens already.", "هم‌اکنون کسی در حال گوش دادن است."))
        async with busy:
            teller = _ToTheAsker()
            session = await _Session.begin(data, teller)
            stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await stream.prepare(ask.request)
            listening = asyncio.ensure_future(_listen(session, teller, query.port, seconds))
            try:
                while not (listening.done() and teller.told.empty()):
                    await _tell_next(stream, teller.told, listening)
                await stream.write_eof()
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        return stream

    return [Route("GET", "/detect", "operate", answer)]


async def _listen(session: _Session, teller: _ToTheAsker, port: str, seconds: float) -> None:
    """Tell too why a port that was named cannot be heard."""
    try:
        await session.listen(port or None, seconds)
    except CommandFailed as error:
        teller.trouble(port, str(error))


def _device_of(name: str) -> str | None:
    """The key in what a session calls a device whose port the box holds."""
    key = name.removeprefix("device ")
    return key if key != name else None


async def _tell_next(
    stream: "web.StreamResponse", told: "asyncio.Queue[Sensed]", listening: "asyncio.Future[None]"
) -> None:
    """Whichever comes first: something to tell, or the end of listening."""
    coming = asyncio.ensure_future(told.get())
    try:
        both: set[asyncio.Future[Any]] = {coming, listening}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            await stream.write(msgspec.json.encode(coming.result()) + b"\n")
        else:
            listening.result()
    finally:
        coming.cancel()


def _plain(settings: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(dict(settings))
    return found
