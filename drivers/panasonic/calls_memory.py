"""The open and ended calls of one exchange, as they outlive a restart, a boot and a set clock.

same boot       the wall clock stepped: times taken from it move by the step
another boot    ages start anew; times of a clock that was not right are forgotten
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from drivers.contract import Moment
from drivers.panasonic.call import KnownCall

_STEP = timedelta(seconds=1)
"""Less than this is no step of the wall clock: it follows its source."""


class CallsMemory(Struct):
    """What must survive a restart.

    clock: the monotonic time, in boot `boot`, that the calls' ages refer to. utc: the wall clock at
    that time, and whether it was trusted.
    """

    prefix: str
    count: int = 0
    clock: float = 0.0
    utc: datetime | None = None
    trusted: bool = False
    boot: str = ""
    open: dict[str, KnownCall] = {}
    ended: dict[str, KnownCall] = {}
    groups: list[str] = []

    def wake(self, now: Moment, boot: str) -> None:
        """The first moment after a restart: the calls' times and ages are made to fit it."""
        if boot and boot == self.boot:
            self._follow_step(now)
        elif self.boot and not self.trusted:
            for call in self._calls():
                call.forget_times()
        for call in self._calls():
            call.touched += now.monotonic - self.clock
        self.boot = boot
        self._note(now)

    def advance(self, now: Moment) -> None:
        """Any later moment."""
        self._follow_step(now)
        self._note(now)

    def _calls(self) -> Iterator[KnownCall]:
        yield from self.open.values()
        yield from self.ended.values()

    def _note(self, now: Moment) -> None:
        self.clock, self.utc, self.trusted = now.monotonic, now.utc, now.trusted

    def _follow_step(self, now: Moment) -> None:
        """A clock that was set must make no call years long: its times move along."""
        if self.utc is None:
            return
        step = now.utc - self.utc - timedelta(seconds=now.monotonic - self.clock)
        if abs(step) >= _STEP:
            for call in self._calls():
                call.move(step, self.utc)
