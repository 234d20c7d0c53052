"""The bytes of one caller-ID box: bytes in, facts out.

bytes ─▶ Engine ─▶ signals ─▶ Lines ─▶ facts
            └─▶ Unread (what no rule reads)
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from drivers.callerid.engine import Engine, Signal
from drivers.callerid.lines import Lines
from drivers.callerid.memory import Memory, keep, recall
from drivers.callerid.profile import Profile
from drivers.callerid.settings import CallerIdSettings
from drivers.contract import Moment, Surroundings
from drivers.events import DeviceState, Fact
from drivers.wire.unread import Unread

_MEMORY_LOST = (
    "What the driver kept over the restart cannot be read: calls that were open then stay open in"
    " the CRM; tell support."
)
_UNREAD = "no record of this profile"
_HOPELESS = (
    "Bytes come in, but no record can be read: check the speed and format of the link, and the"
    " profile in the settings."
)


class CallerIdDecoder:
    """A decoder as `drivers.contract` draws it."""

    def __init__(
        self,
        profile: Profile,
        settings: CallerIdSettings,
        surroundings: Surroundings,
        memory: bytes,
    ) -> None:
        semantics = profile.semantics
        if settings.quiet_seconds is not None:
            semantics = replace(semantics, quiet_seconds=settings.quiet_seconds)
        self._semantics = semantics
        self._surroundings = surroundings
        self._kept = memory
        self._engine = Engine(profile)
        self._unread = Unread(_UNREAD, _HOPELESS)
        self._lines: Lines | None = None
        self._now: Moment

    def tick(self, now: Moment) -> list[Fact]:
        """See Decoder.tick."""
        self._now = now
        facts: list[Fact] = []
        if self._lines is None:
            self._lines, facts = self._wake(now)
        return [*facts, *self._lines.tick(now), *self._unread.tick(now)]

    def feed(self, data: bytes) -> list[Fact]:
        """See Decoder.feed."""
        if self._lines is None:
            return []
        facts: list[Fact] = []
        for frame in self._engine.feed(data):
            if frame.signal is not None:
                self._unread.understood()
                facts += self._lines.take(frame.signal)
            if frame.unread and not (frame.fragment and frame.signal is None):
                self._unread.add(frame.unread)
        return [*facts, *self._unread.told()]

    def due(self) -> float | None:
        """See Decoder.due."""
        times = (self._lines.due() if self._lines else None, self._unread.due())
        return min((time for time in times if time is not None), default=None)

    def memory(self) -> bytes:
        """See Decoder.memory."""
        if self._lines is None:
            return self._kept
        return keep(self._lines.memory, self._now, self._surroundings.boot)

    def lose_link(self) -> None:
        """The link broke: the frame that had begun is over, and calls go on unheard."""
        self._engine.forget()
        if self._lines is not None:
            self._lines.away()

    def find_link(self) -> None:
        """The link is there again."""
        if self._lines is not None:
            self._lines.back()

    def _wake(self, now: Moment) -> tuple[Lines, list[Fact]]:
        fresh = Memory(self._surroundings.call_prefix)
        if not self._kept:
            return Lines(self._semantics, fresh), []
        kept = recall(self._kept, now, self._surroundings.boot)
        if kept is not None:
            return Lines(self._semantics, kept), []
        return Lines(self._semantics, fresh), [DeviceState("alarm", "memory-lost", _MEMORY_LOST)]


def read_signals(profile: Profile) -> Callable[[bytes], Sequence[Signal]]:
    """For `payvand decode --records`: each record that says something of a line."""
    engine = Engine(profile)

    def read(data: bytes) -> list[Signal]:
        signals = (frame.signal for frame in engine.feed(data))
        return [signal for signal in signals if signal is not None and signal.event != "info"]

    return read
