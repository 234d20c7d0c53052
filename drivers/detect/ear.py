"""Listens to one line whose speed nobody knows: bytes and times in, speeds and findings out.

    115200 ──00 00 00── 9600 ──e0 1c fe── 4800 ──"01/02/07 20:12 …"── text ──▶ drivers ──▶ proposals
            in the middle of a burst, as soon as the bytes say so; else after it

A device speaks rarely and shortly, so nothing is tried by turns: each burst says which speed to
take next (drivers/detect/baud.py), and until then the speed stays. Only where an adapter keeps
what it cannot read to itself does a line look silent that is not; so after minutes of silence the
next speed has its turn.
"""

from dataclasses import dataclass, field
from typing import Literal

from drivers.detect.baud import FASTEST, USUAL, Speeds
from drivers.detect.framing import PLAIN, framing
from drivers.detect.proposal import Proposal, Readers, propose

BURST_SECONDS = 0.08
"""A longer silence ends a burst: adapters hand bytes on after up to 16 ms."""
SETTLE_SECONDS = 0.02
"""After a change of speed bytes of the old one may still come."""
SILENCE_SECONDS = 300.0
ENOUGH_BYTES = 10
"""So many bytes of a burst may decide in the middle of it."""
DOUBTFUL = 0.01
"""What is so unlikely is given up in the middle of a burst."""
KEPT_BYTES = 4096

State = Literal["silent", "garbled", "text", "known"]


@dataclass(slots=True)
class _Heard:
    """What came at one speed: the last bytes, and the framing errors among them."""

    data: bytearray = field(default_factory=bytearray)
    broken: int = 0


class Ear:
    """One line. Pure: the caller opens the port, keeps the clock and sets the speed.

    baud: the speed to listen at now. proposals: what was understood up to now, the likeliest first.
    heard: bytes since it began. Times are monotonic seconds and never go back.
    """

    def __init__(
        self, readers: Readers, fixed: int | None = None, line_format: str = "8N1"
    ) -> None:
        """`fixed`: another program holds the port at this speed, and `line_format` is taken out."""
        self.proposals: tuple[Proposal, ...] = ()
        self.heard = 0
        self.format = line_format
        self._opened_as = line_format
        self._readers = readers
        self._fixed = fixed
        self.baud = fixed or FASTEST
        self._speeds = Speeds()
        self._kept: dict[int, _Heard] = {}
        self._burst = bytearray()
        self._judge_at = ENOUGH_BYTES
        self._broken = 0
        self._entered = False
        self._last: float | None = None
        self._quiet_since: float | None = None
        self._changed: float | None = None

    @property
    def state(self) -> State:
        """How far it has come."""
        if self.proposals:
            return "known"
        if not self.heard:
            return "silent"
        return "text" if self.likely_baud == self.baud and self.baud in self._kept else "garbled"

    @property
    def likely_baud(self) -> int:
        """The speed at which the device seems to send."""
        return self._speeds.best

    def hear(self, now: float, data: bytes, broken: int = 0) -> None:
        """Bytes came, and the port counted so many framing errors since the last call.

        Errors without bytes are bytes that the adapter kept to itself.
        """
        self.tick(now)
        if self._changed is not None and now < self._changed + SETTLE_SECONDS:
            return
        data = data or bytes(min(broken, ENOUGH_BYTES))
        if not data:
            return
        self.heard += len(data)
        self._burst += data
        self._broken += broken
        self._last = now
        if len(self._burst) >= self._judge_at and self._fixed is None:
            self._judge_at = 2 * len(self._burst)
            self._maybe_change_within(now)
        if len(self._burst) > KEPT_BYTES:
            self._end_burst(now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._quiet_since is None:
            self._quiet_since = now
        if self._last is not None and now >= self._last + BURST_SECONDS:
            self._end_burst(now)
        elif self._last is None and now >= self._quiet_since + SILENCE_SECONDS:
            self._quiet_since = now
            if self._fixed is None and not self.proposals:
                self._listen_at(_next(self.baud), now)

    def due(self) -> float | None:
        """When `tick` has something to decide; None before the first call."""
        if self._last is not None:
            return self._last + BURST_SECONDS
        return None if self._quiet_since is None else self._quiet_since + SILENCE_SECONDS

    def _maybe_change_within(self, now: float) -> None:
        """A long burst at a low speed leaves time to hear the rest of it rightly."""
        tried = self._speeds.after(self.baud, bytes(self._burst), entered=self._entered)
        if tried.shares[self.baud] < DOUBTFUL:
            likely = tried.best
            self._speeds = tried
            self._forget_burst(now)
            self._listen_at(likely, now)
            self._entered = True

    def _end_burst(self, now: float) -> None:
        data, broken = bytes(self._burst), self._broken
        self._forget_burst(now)
        if not data:
            return
        at = self._fixed or self.baud
        if at in USUAL:
            self._speeds = self._speeds.after(at, data, entered=self._entered)
        self._entered = False
        if at not in USUAL or self.likely_baud == at:
            self._understand(at, data, broken)
        elif self._fixed is None:
            self._listen_at(self.likely_baud, now)

    def _understand(self, baud: int, data: bytes, broken: int) -> None:
        kept = self._kept.setdefault(baud, _Heard())
        kept.data += data
        kept.broken += broken
        if len(kept.data) > KEPT_BYTES:
            kept.broken = round(kept.broken * KEPT_BYTES / len(kept.data))
            del kept.data[:-KEPT_BYTES]
        if self._opened_as == PLAIN:
            self.format, text = framing(bytes(kept.data), kept.broken)
        else:
            self.format, text = self._opened_as, bytes(kept.data)
        found = propose(self._readers, text, baud, self.format)
        if found:
            self.proposals = found

    def _forget_burst(self, now: float) -> None:
        self._burst.clear()
        self._judge_at = ENOUGH_BYTES
        self._broken = 0
        self._last = None
        self._quiet_since = now

    def _listen_at(self, baud: int, now: float) -> None:
        self.baud = baud
        self._changed = now


def _next(baud: int) -> int:
    """The next slower usual speed, after the slowest the fastest."""
    order = sorted(USUAL, reverse=True)
    return order[(order.index(baud) + 1) % len(order)]
