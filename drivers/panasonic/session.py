"""A connection to an exchange's own network port: login, replay, then the live log.

    connect ─▶ Login ─▶ replayed records, held until the line is quiet ─▶ live records

What is held is in the exchange too, so nothing is lost if the box stops here. Should a replay stall
and go on later, lines that we had and that it has not shown yet are still known as old.
"""

import math
from collections import Counter
from collections.abc import Sequence

from drivers.contract import Moment, Surroundings
from drivers.events import DeviceState, Fact
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.layouts import heading, is_noise
from drivers.panasonic.login import Login
from drivers.panasonic.replay import digest, remember, strike_out, unseen
from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.lines import LineSplitter

QUIET = 3.0
"""Seconds without a byte after which the replay counts as over."""
LONGEST_REPLAY = 60.0
"""Seconds of a replay without any silence: a busy exchange already prints its live log."""
EMPTY = 10.0
"""Seconds after the password without any byte: nothing is stored there."""
MOST_HELD = 20_000
"""More stored lines than any exchange keeps; beyond it the replay counts as over."""


_NO_LOGIN = (
    "The exchange asks for no password: behind a serial converter that is right; else check that"
    " the address and port are those of its SMDR service (port 2300)."
)


class LanSession:
    """A decoder with a dialogue: `outgoing` is what to send after each `tick` and `feed`."""

    def __init__(
        self, settings: PanasonicSettings, surroundings: Surroundings, memory: bytes
    ) -> None:
        self._decoder = SmdrDecoder(settings, surroundings, memory)
        self._window = self._decoder.kept.window
        self._password = settings.password
        self._login: Login | None = None
        self._splitter = LineSplitter()
        self._held: list[str] = []
        self._replaying = True
        self._last_byte = math.inf
        self._first_record = math.inf
        self._late: Counter[int] = Counter()
        self._now: Moment
        self.outgoing = b""

    @property
    def logged_in(self) -> bool:
        """Whether the exchange let us in."""
        return self._login is not None and self._login.inside

    @property
    def clock_skew(self) -> float | None:
        """See SmdrDecoder."""
        return self._decoder.clock_skew

    def tick(self, now: Moment) -> list[Fact]:
        """See Decoder.tick. Raises DeviceRefused."""
        self._now = now
        if self._login is None:
            self._login = Login(self._password, now.monotonic)
        facts: list[Fact] = []
        asked = not self._login.unasked
        self.outgoing += self._login.tick(now.monotonic)
        if asked and self._login.unasked:
            facts.append(DeviceState("alarm", "no-login", _NO_LOGIN))
            self._last_byte = now.monotonic + EMPTY - QUIET
        if self._replaying and self._patience() <= now.monotonic:
            facts += self._end_replay()
        return [*facts, *self._decoder.tick(now)]

    def feed(self, data: bytes) -> list[Fact]:
        """See Decoder.feed. Raises DeviceRefused."""
        if self._login is None:
            return []
        send, log = self._login.feed(data, self._now.monotonic)
        self.outgoing += send
        if self.logged_in and self._last_byte == math.inf:
            self._last_byte = self._now.monotonic + EMPTY - QUIET
        if not log:
            return []
        if log.strip(b"*\r\n"):  # the echo of the password alone is no sign that it was right
            self._last_byte = self._now.monotonic
        lines = self._splitter.feed(log)
        if self._replaying:
            self._held += lines
            self._first_record = min(self._first_record, self._now.monotonic)
            return self._end_replay() if len(self._held) > MOST_HELD else []
        lines = strike_out(self._late, lines)
        remember(self._window, _records(lines))
        return self._decoder.take(lines)

    def due(self) -> float | None:
        """See Decoder.due."""
        times = [self._decoder.due(), self._login.due() if self._login else None]
        if self._replaying and self.logged_in:
            times.append(self._patience())
        return min((time for time in times if time is not None), default=None)

    def memory(self) -> bytes:
        """See Decoder.memory."""
        return self._decoder.memory()

    def _patience(self) -> float:
        """When the replay counts as over, in monotonic seconds."""
        return min(self._last_byte + QUIET, self._first_record + LONGEST_REPLAY)

    def _end_replay(self) -> list[Fact]:
        """Give what is new to the decoder, with its printed times: it did not happen now."""
        self._replaying = False
        records = _records(self._held)
        new = unseen(self._window, records)
        self._late = Counter(self._window)
        self._late.subtract(digest(text) for text in records)
        remember(self._window, new)
        past = Moment(self._now.utc, self._now.monotonic, self._now.trusted, live=False)
        told = f"Connected; the exchange replayed {len(records)} stored records, {len(new)} new."
        self._held = []
        return [
            DeviceState("online", "replayed", told),
            *self._decoder.tick(past),
            *self._decoder.take(new),
        ]


def _records(lines: Sequence[str]) -> list[str]:
    """The lines that can be records: headings come and go with every connection."""
    return [line for line in lines if not is_noise(line) and heading(line) is None]
