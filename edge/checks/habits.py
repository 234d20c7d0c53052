"""The habit of each device, kept over restarts; see edge/checks/habit.py for what is learned.

intake ──each ended call──▶ heard ─▶ habit ◀── look, every round while its link is up
                                       └── kept in the journal once an hour
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NoReturn
from zoneinfo import ZoneInfo

from drivers.contract import Moment
from edge.checks.habit import Habit, Silence
from edge.journal.journal import Journal

KEEP_SECONDS = 3600.0


class Habits:
    """Of all devices of a site, by their keys; everything belongs to the loop's thread."""

    def __init__(self, keys: Iterable[str], zone: ZoneInfo, journal: Journal) -> None:
        self._journal = journal
        self._zone = zone
        self._habits = {key: Habit(zone, journal.memory(_name(key))) for key in keys}

    def serve(self, keys: Iterable[str], zone: ZoneInfo) -> None:
        """From now on these are the devices, and their hours of the week are those of the zone."""
        old = self._habits if zone == self._zone else {}
        kept = {key: habit.kept() for key, habit in self._habits.items()}
        self._zone = zone
        self._habits = {
            key: old.get(key) or Habit(zone, kept.get(key) or self._journal.memory(_name(key)))
            for key in keys
        }

    def heard(self, key: str) -> Callable[[Moment], None]:
        """What to call with the moment of each call of a device that ended."""
        return lambda now: self._habits[key].note(now) if key in self._habits else None

    def silence(self, key: str, now: Moment) -> Silence | None:
        """How long a device whose link is up has been too quiet, None where it is not."""
        return self._habits[key].silence(now)

    async def keep(self) -> NoReturn:
        """Save what was learned until cancelled. Raises JournalFailed."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            for key, habit in self._habits.items():
                await self._journal.append([], (_name(key), habit.kept()))


def _name(key: str) -> str:
    return f"{key}/habit"
