"""The last lines of this process's own log, for the page; the system's log has all of them.

A handler beside the one that writes to standard error: bounded, in memory, numbers masked already.
"""

import logging
from collections import deque
from datetime import UTC, datetime

from edge.local.upkeep_records import LogLine

MOST_LINES = 1000
_LONGEST = 2000


class LogTail(logging.Handler):
    """Keeps the last lines."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
        at = datetime.fromtimestamp(record.created, UTC)
        self._lines.append(LogLine(at=at, level=record.levelname, text=text[:_LONGEST]))

    def last(self, most: int) -> tuple[LogLine, ...]:
        """The newest first."""
        return tuple(list(self._lines)[::-1][:most])


TAIL = LogTail()
"""Of this process: a process has one log."""
