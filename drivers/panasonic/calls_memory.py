"""The open and ended calls of one exchange, as they outlive a restart, a boot and a set clock.

same boot       the wall clock stepped: times taken from it move by the step
another boot    ages start anew; times of a clock that was not right are forgotten
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drivers.contract import Moment
from drivers.panasonic.call import KnownCall
from drivers.panasonic.kept_call import KeptCall, pack

_STEP = timedelta(seconds=1)
"""Less than this is no step of the wall clock: it follows its source."""


@dataclass(slots=True)
class CallsMemory:
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
    open: dict[str, KnownCall] = field(default_factory=dict)
    ended: dict[str, KnownCall] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    _packed: dict[str, KeptCall] = field(default_factory=dict)

    def wake(self, now: Moment, boot: str) -> None:
        """The first moment after a restart: the calls' times and ages are made to fit it."""
        if boot and boot == self.boot:
            self._follow_step(now)
        elif self.boot and not self.trusted:
            for call in self._calls():
                call.forget_times()
        for call in self._calls():
            call.touched += now.monotonic - self.clock
        self._packed.clear()
        self.boot = boot
        self._note(now)

    def advance(self, now: Moment) -> None:
        """Any later moment."""
        self._follow_step(now)
        self._note(now)

    def changed(self, key: str) -> None:
        """Among the ended calls, the one under `key` is new or knows more."""
        self._packed.pop(key, None)

    def packed(self) -> tuple[dict[str, KeptCall], dict[str, KeptCall]]:
        """The open and the ended calls, to be written; ended ones are packed once."""
        old = self._packed
        self._packed = {key: old.get(key) or pack(call, key) for key, call in self.ended.items()}
        return {key: pack(call, key) for key, call in self.open.items()}, self._packed

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
            self._packed.clear()
