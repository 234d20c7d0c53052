"""Extensions that stand for a ring group or DISA, not for a person.

listed   the setting `hidden_extensions`: the technician knows
found    a line betrayed it: a member's leg came after the group's, or DISA handed a caller over;
         hidden from then on, and an alarm asks for its place in the list
"""

from collections.abc import Iterable

from drivers.events import DeviceState, Fact
from drivers.telephony import HIDDEN

_MOST_FOUND = 512
"""More than any exchange has, so that garbage fills no memory."""


class HiddenExtensions:
    """`all` has the listed and the found. The caller keeps `found`, which grows, over a restart."""

    def __init__(self, listed: Iterable[str], found: list[str]) -> None:
        self._listed = frozenset(listed)
        self._found = found
        self.all = {*self._listed, *found}

    def add(self, extension: str, what: str) -> list[Fact]:
        """Hide an extension that turned out to be `what`; the alarm, unless it was known."""
        if not extension or extension in self.all or len(self._found) >= _MOST_FOUND:
            return []
        self._found.append(extension)
        self.all.add(extension)
        return [_unlisted(extension, what)]

    def person_talked(self, extension: str | None) -> None:
        """A group has no talk time of its own: what was found there was wrong."""
        if extension in self.all and extension in self._found:
            self._found.remove(extension)
            self.all = {*self._listed, *self._found}

    def remind(self) -> list[Fact]:
        """After a restart: alarms for what was found before and is still not listed."""
        return [
            _unlisted(extension, "a ring group or DISA number")
            for extension in self._found
            if extension not in self._listed
        ]


def _unlisted(extension: str, what: str) -> DeviceState:
    where = f"“{HIDDEN['en']}” (hidden_extensions)"
    advice = f"Extension {extension} acts as {what}: add it to {where} in the device's settings."
    return DeviceState("alarm", "unlisted-group", advice)
