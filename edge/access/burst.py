"""Notices when log-ins fail in numbers: somebody guesses. Pure: time is fed, in seconds.

20 failures within 10 minutes ─▶ login-failures        10 minutes without one ─▶ …-over
"""

from collections import deque

MANY = 20
WITHIN = 600.0
CODE = "login-failures"


class Burst:
    """The failures of one box."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MANY)
        self._raised = False

    def failed(self, now: float) -> None:
        """Count one."""
        self._times.append(now)

    def look(self, now: float) -> tuple[str, str] | None:
        """The code and advice of an alarm that begins, or of its end; None without news."""
        if self._raised:
            return self._ended(now)
        if len(self._times) < MANY or self._times[-1] - self._times[0] > WITHIN:
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
