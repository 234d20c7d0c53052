"""The call log of one exchange: bytes in, facts out.

bytes ─▶ LineSplitter ─▶ LineReader ─▶ Calls ─▶ facts
                              └─▶ Unread (what no rule reads)
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from drivers.contract import Moment, Surroundings
from drivers.events import DeviceState, Fact
from drivers.panasonic.calls import Calls
from drivers.panasonic.calls_memory import CallsMemory
from drivers.panasonic.memory import Memory, MemoryBytes, recall
from drivers.panasonic.models import LayoutName, Order
from drivers.panasonic.printed_time import PrintedTime
from drivers.panasonic.record import Line, LineReader, Record
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.skew import Skew
from drivers.wire.lines import LONGEST, LineSplitter
from drivers.wire.unread import Unread

_MEMORY_LOST = (
    "What the driver kept over the restart cannot be read: calls that were open then stay open in"
    " the CRM, and records that the exchange replays may come twice; tell support."
)
_UNREAD = "not a call line of this model, nor known noise"
_HOPELESS = (
    "Bytes come in, but no line can be read: check speed, data bits and parity of the link against"
    " the exchange, and the model in the settings."
)


def begin(kept: Memory | None, settings: PanasonicSettings, prefix: str) -> Memory:
    """What to go on from: the kept memory as far as the settings let it stand, else a new one."""
    family = settings.features.family
    order = family.order if settings.date_order == "auto" else settings.date_order
    layout = family.layouts[0] if settings.layout == "auto" else settings.layout
    if kept is None:
        return Memory(calls=CallsMemory(prefix=prefix), order=order, layout=layout)
    if settings.date_order != "auto":
        kept.order = order
    if settings.layout != "auto" or kept.layout not in family.layouts:
        kept.layout = layout
    return kept


class SmdrReader:
    """Bytes to lines that were understood; the first half of the decoder."""

    def __init__(self, settings: PanasonicSettings, order: Order, layout: LayoutName) -> None:
        family = settings.features.family
        layouts = family.layouts if settings.layout == "auto" else (settings.layout,)
        self.time = PrintedTime(
            order, order_is_set=settings.date_order != "auto", clock=settings.clock
        )
        self.lines = LineReader(layouts, self.time)
        self.lines.layout = layout
        self.splitter = LineSplitter()
        self.unread = Unread(_UNREAD, _HOPELESS)

    def read(self, data: bytes) -> list[Record]:
        """Every call line and ring notice, as printed."""
        return [line.record() for line in self.understood(self.splitter.feed(data))]

    def understood(self, texts: Iterable[str]) -> Iterable[Line]:
        """The lines that are records; what no rule reads is counted."""
        fragment = self.splitter.first_may_be_fragment
        for text in texts:
            line = self.lines.read(text) if len(text) <= LONGEST else False
            if isinstance(line, Line):
                self.unread.understood()
                yield line
            elif not line and not fragment:
                self.unread.add(text)
            fragment = False


class SmdrDecoder:
    """A decoder as `drivers.contract` draws it, for a wire that carries nothing but the log."""

    def __init__(
        self, settings: PanasonicSettings, surroundings: Surroundings, memory: bytes
    ) -> None:
        kept = recall(memory) if memory else None
        self._forgot = bool(memory) and kept is None
        self.kept = begin(kept, settings, surroundings.call_prefix)
        self._zone = surroundings.timezone
        self._reader = SmdrReader(settings, self.kept.order, self.kept.layout)
        family = settings.features.family
        self._calls = Calls(
            family,
            settings.hidden_extensions,
            lambda local: to_utc(local, self._zone),
            self.kept.calls,
            surroundings.boot,
        )
        self._skew = Skew(time_is_start=family.time_is_start, alarmed=self.kept.skewed)
        self._bytes = MemoryBytes()
        self._now: Moment

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which the exchange's clock is ahead of ours; None until lines have told."""
        return self._skew.seconds

    def tick(self, now: Moment) -> list[Fact]:
        """See Decoder.tick."""
        self._now = now
        self._reader.time.tick(now, self._zone)
        facts = [*self._calls.tick(now), *self._reader.unread.tick(now)]
        if self._forgot:
            self._forgot = False
            facts.append(DeviceState("alarm", "memory-lost", _MEMORY_LOST))
        return facts

    def feed(self, data: bytes) -> list[Fact]:
        """See Decoder.feed."""
        texts = self._reader.splitter.feed(data)
        return self.take(texts) if texts else []

    def take(self, texts: Iterable[str]) -> list[Fact]:
        """Lines instead of bytes."""
        facts: list[Fact] = []
        for line in self._reader.understood(texts):
            facts += self._calls.add(line)
            self._skew.note(line, self._now, self._zone)
        return [*facts, *self._reader.unread.told(), *self._skew.told()]

    def due(self) -> float | None:
        """See Decoder.due."""
        times = (self._calls.due(), self._reader.unread.due())
        return min((time for time in times if time is not None), default=None)

    def memory(self) -> bytes:
        """See Decoder.memory."""
        self.kept.order = self._reader.time.order
        self.kept.layout = self._reader.lines.layout
        self.kept.skewed = self._skew.alarmed
        return self._bytes.encode(self.kept)


@lru_cache(maxsize=16)
def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A printed local time as aware UTC. In the doubled hour of a clock change, the first."""
    return local.replace(tzinfo=zone).astimezone(UTC)
