"""Which calls of a device were made to test it: they go out with `test` true.

    begin ──calls that begin now are marked──▶ end, or 30 minutes pass
            and stay marked beyond their end; those that were going on stay real

Several may test one device at once, a recording and the page: it lasts until the last one ends.
What is marked is known as long as the process lives.
"""

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from drivers.events import Call, Fact

LONGEST_SECONDS = 1800.0
KNOWN_CALLS = 1000


class Commissioning:
    """The commissioning test of one device. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._testers = 0
        self._until = 0.0
        self._calls: OrderedDict[str, bool] = OrderedDict()

    def begin(self, now: float) -> None:
        """From now on, for LONGEST_SECONDS at most; once more begins that time anew.

        Each begin has its end.
        """
        self._testers += 1
        self._until = now + LONGEST_SECONDS

    def end(self) -> None:
        """New calls are real again, unless somebody else still tests."""
        self._testers -= 1

    def on(self, now: float) -> bool:
        """Whether it is going on."""
        return self._testers > 0 and now < self._until

    def marked(self, facts: Sequence[Fact], now: float) -> Sequence[Fact]:
        """The facts, with the calls of the test marked."""
        return [self._marked(fact, now) if isinstance(fact, Call) else fact for fact in facts]

    def _marked(self, call: Call, now: float) -> Call:
        test = self._calls.setdefault(call.call_id, self.on(now) or call.test)
        self._calls.move_to_end(call.call_id)
        if len(self._calls) > KNOWN_CALLS:
            self._calls.popitem(last=False)
        return msgspec.structs.replace(call, test=True) if test else call
