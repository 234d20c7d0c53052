"""Notices when log-ins fail in numbers: somebody guesses. Pure: time is fed, in seconds.

20 failures within 10 minutes ─▶ login-failures        10 minutes without one ─▶ …-over

While it lasts one failure a minute is noted, with how many there were before: days of guessing must
not push everything else out of the audit log.
"""

from collections import deque

MANY = 20
WITHIN = 600.0
NOTE_EVERY = 60.0
CODE = "login-failures"


class Burst:
    """The failures of one box."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MANY)
        self._raised = False
        self._noted_at = 0.0
        self._unnoted = 0

    def failed(self, now: float) -> bool:
        """Count one. Returns whether it is to be noted."""
        self._times.append(now)
        if self._is_many and now - self._noted_at < NOTE_EVERY:
            self._unnoted += 1
            return False
        self._noted_at = now
        return True

    def unnoted(self) -> tuple[str, ...]:
        """How many were not noted before this one, as an entry tells it."""
        count, self._unnoted = self._unnoted, 0
        return (f"+{count}",) if count else ()

    @property
    def _is_many(self) -> bool:
        return len(self._times) == MANY and self._times[-1] - self._times[0] <= WITHIN

    def look(self, now: float) -> tuple[str, str] | None:
        """The code and advice of an alarm that begins, or of its end; None without news."""
        if self._raised:
            return self._ended(now)
        if not self._is_many:
            return None
        self._raised = True
        return CODE, (
            f"{MANY} log-ins at the box's page failed within {WITHIN / 60:.0f} minutes: somebody in"
            " this network may be guessing a password; the audit log names the addresses."
        )

    def _ended(self, now: float) -> tuple[str, str] | None:
        if now - self._times[-1] <= WITHIN:
            return None
        self._raised = False
        self._times.clear()
        return f"{CODE}-over", "No log-in at the box's page has failed for a while."
