"""Serves one exchange: reads its call log over RS-232C or its network port, disturbs nothing."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from drivers.contract import Clock, DriverSpec, Emit, Link, Surroundings
from drivers.errors import DeviceRefused, LinkLost
from drivers.events import DeviceState
from drivers.panasonic.decoder import SmdrDecoder, SmdrReader, begin
from drivers.panasonic.evidence import evidence
from drivers.panasonic.exchange_setup import exchange_settings
from drivers.panasonic.record import Record
from drivers.panasonic.session import LanSession
from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.reading import read_until

SHORT = 30.0
"""A session that dies sooner after its login, three times on end, was taken over by another client
(reference section 7)."""
FIGHTS = 3


class PanasonicDriver:
    """One exchange. Keeps, over broken links, how often another client threw us out."""

    def __init__(
        self, settings: PanasonicSettings, surroundings: Surroundings, clock: Clock
    ) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._clock = clock
        self._short_sessions = 0
        self._decoder: SmdrDecoder | LanSession | None = None

    @property
    def clock_skew(self) -> float | None:
        """See SmdrDecoder; for `payvand status`."""
        return self._decoder.clock_skew if self._decoder else None

    async def run(self, link: Link, emit: Emit, memory: bytes) -> None:
        """Serve until the link breaks. Raises LinkLost, DeviceRefused."""
        decoder = self._decoder = make_decoder(self._settings, self._surroundings, memory)
        if isinstance(decoder, LanSession):
            await self._run_session(link, emit, decoder)
        await emit([DeviceState("online", "connected", f"Connected on {link.name}.")], memory)
        while True:
            data = await read_until(link, decoder.due(), self._clock)
            facts = decoder.tick(self._clock())
            facts += decoder.feed(data)
            if facts:
                await emit(facts, decoder.memory())

    async def _run_session(self, link: Link, emit: Emit, session: LanSession) -> NoReturn:
        opened = self._clock().monotonic
        data = b""
        try:
            while True:
                facts = session.tick(self._clock())
                facts += session.feed(data)
                if session.outgoing:
                    sent, session.outgoing = session.outgoing, b""
                    await link.write(sent)
                if facts:
                    await emit(facts, session.memory())
                data = await read_until(link, session.due(), self._clock)
        except LinkLost as lost:
            if session.logged_in:
                self._count_fight(self._clock().monotonic - opened)
            raise lost if self._short_sessions < FIGHTS else _taken_over() from None

    def _count_fight(self, seconds: float) -> None:
        self._short_sessions = self._short_sessions + 1 if seconds < SHORT else 0


def make_decoder(
    settings: PanasonicSettings, surroundings: Surroundings, memory: bytes
) -> SmdrDecoder | LanSession:
    """The decoder for the way in which the exchange is connected."""
    if surroundings.link == "tcp" and settings.features.lan:
        return LanSession(settings, surroundings, memory)
    return SmdrDecoder(settings, surroundings, memory)


def _taken_over() -> DeviceRefused:
    advice = (
        "Another SMDR client is connected to the exchange and takes the line over again and again:"
        " end that program; the exchange serves one client at a time."
    )
    return DeviceRefused("taken-over", advice)


def _reader(settings: PanasonicSettings, _folder: Path) -> Callable[[bytes], Sequence[Record]]:
    fresh = begin(None, settings, "")
    return SmdrReader(settings, fresh.order, fresh.layout).read


def _asks(settings: PanasonicSettings) -> list[Mapping[str, str]]:
    texts = (each.text for each in exchange_settings(settings.model))
    return [{"en": text.en, "fa": text.fa} for text in texts]


SPEC = DriverSpec(
    name="panasonic",
    titles={"en": "Panasonic exchange (SMDR)", "fa": "سانترال پاناسونیک (SMDR)"},
    settings=PanasonicSettings,
    driver=PanasonicDriver,
    decoder=make_decoder,
    reader=_reader,
    asks=_asks,
    evidence=evidence,
)
