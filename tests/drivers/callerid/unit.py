"""A decoder of one unit with a clock of the test's, and the calls in short."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers.callerid.driver import make_decoder
from drivers.callerid.settings import CallerIdSettings
from drivers.contract import Moment, Surroundings
from drivers.events import Call, Fact

ZONE = ZoneInfo("Asia/Tehran")
NOON = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
BOOT = "b00t0001"


def moment(seconds: float, *, live: bool = True, trusted: bool = True) -> Moment:
    return Moment(NOON + timedelta(seconds=seconds), 1000 + seconds, trusted=trusted, live=live)


class Unit:
    """Feeds a decoder; `facts` is all it said."""

    def __init__(
        self,
        profile: str = "segal-c",
        memory: bytes = b"",
        *,
        live: bool = True,
        boot: str = BOOT,
        folder: Path = Path(),
    ) -> None:
        settings = CallerIdSettings(profile=profile)
        around = Surroundings(ZONE, "t", boot=boot, folder=folder)
        self.decoder = make_decoder(settings, around, memory)
        self.facts: list[Fact] = []
        self.now = 0.0
        self._live = live
        self.at(0.0)

    def at(self, seconds: float, data: bytes = b"") -> list[Fact]:
        """Let time run on to there, then give the bytes; what that brought."""
        before = len(self.facts)
        while (due := self.decoder.due()) is not None and due - 1000 <= seconds:
            self.now = max(self.now, due - 1000)
            self.facts += self.decoder.tick(moment(self.now, live=self._live))
        self.now = seconds
        self.facts += self.decoder.tick(moment(seconds, live=self._live))
        self.facts += self.decoder.feed(data)
        return self.facts[before:]

    def later(self, seconds: float, data: bytes = b"") -> list[Fact]:
        return self.at(self.now + seconds, data)

    def rest(self) -> None:
        """Until nothing is pending."""
        while (due := self.decoder.due()) is not None:
            self.at(max(self.now, due - 1000))

    @property
    def calls(self) -> list[Call]:
        return [fact for fact in self.facts if isinstance(fact, Call)]

    @property
    def stages(self) -> list[str]:
        return [call.stage for call in self.calls]

    @property
    def told(self) -> list[Call]:
        """The last word on each call, in the order in which they began."""
        last = {call.call_id: call for call in self.calls}
        return list(last.values())


def short(calls: Iterable[Call]) -> list[tuple[str, str | None, str | None, str | None]]:
    """Direction, line, number and outcome."""
    return [(call.direction, call.line, call.number, call.outcome) for call in calls]
