"""Serves one caller-ID box or modem: listens to its lines. Sends nothing but a modem's set-up."""

from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.callerid.decoder import CallerIdDecoder, read_signals
from drivers.callerid.engine import Signal
from drivers.callerid.evidence import evidence, units
from drivers.callerid.modem import set_up
from drivers.callerid.profile_file import ProfileWrong, find_profile, profile_problems
from drivers.callerid.settings import CallerIdSettings
from drivers.contract import Clock, DriverSpec, Emit, Link, Surroundings
from drivers.errors import DeviceRefused, LinkLost
from drivers.events import DeviceState
from drivers.wire.reading import read_until


class CallerIdDriver:
    """One unit. Its calls go on over a broken link, since the telephones do not know of it."""

    def __init__(
        self, settings: CallerIdSettings, surroundings: Surroundings, clock: Clock
    ) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._clock = clock
        self._decoder: CallerIdDecoder | None = None

    async def run(self, link: Link, emit: Emit, memory: bytes) -> None:
        """Serve until the link breaks. Raises LinkLost, DeviceRefused."""
        try:
            profile = find_profile(self._settings.profile, self._surroundings.folder)
        except ProfileWrong as wrong:
            raise DeviceRefused("profile-wrong", str(wrong)) from wrong
        if self._decoder is None:
            self._decoder = CallerIdDecoder(profile, self._settings, self._surroundings, memory)
        decoder = self._decoder
        early, trouble = await set_up(link, profile.init, self._clock)
        decoder.find_link()
        facts = decoder.tick(self._clock())
        online = DeviceState("online", "connected", f"Connected on {link.name}.")
        await emit([online, *trouble, *facts, *decoder.feed(early)], decoder.memory())
        try:
            while True:
                data = await read_until(link, decoder.due(), self._clock)
                facts = decoder.tick(self._clock())
                facts += decoder.feed(data)
                if facts:
                    await emit(facts, decoder.memory())
        except LinkLost:
            decoder.tick(self._clock())
            decoder.lose_link()
            raise

    async def pass_time(self, emit: Emit) -> None:
        """See drivers.contract.Waits: calls that were open when the link broke end in time."""
        if self._decoder is not None and (facts := self._decoder.tick(self._clock())):
            await emit(facts, self._decoder.memory())


def make_decoder(
    settings: CallerIdSettings, surroundings: Surroundings, memory: bytes
) -> CallerIdDecoder:
    """For bytes that were recorded. Raises DeviceRefused."""
    try:
        profile = find_profile(settings.profile, surroundings.folder)
    except ProfileWrong as wrong:
        raise DeviceRefused("profile-wrong", str(wrong)) from wrong
    return CallerIdDecoder(profile, settings, surroundings, memory)


def _reader(settings: CallerIdSettings, folder: Path) -> Callable[[bytes], Sequence[Signal]]:
    return read_signals(find_profile(settings.profile, folder))


def _asks(_settings: CallerIdSettings) -> list[dict[str, str]]:
    return [
        {
            "en": "Order caller ID from the telephone company for each line.",
            "fa": "سرویس نمایش شماره را برای هر خط از مخابرات بگیرید.",
        },
        {
            "en": "Connect the wall to the unit's input and the telephone to its output.",
            "fa": "خط شهری را به ورودی و تلفن را به خروجی دستگاه وصل کنید.",
        },
    ]


SPEC = DriverSpec(
    name="callerid",
    titles={"en": "Caller-ID box or modem", "fa": "دستگاه کالرآیدی یا مودم"},
    settings=CallerIdSettings,
    driver=CallerIdDriver,
    decoder=make_decoder,
    reader=_reader,
    asks=_asks,
    evidence=evidence,
    files=profile_problems,
    units=units,
)
