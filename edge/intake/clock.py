"""The box's clock: wall time with the kernel's word on whether it is right, and monotonic time."""

import ctypes
import time
from datetime import UTC, datetime
from pathlib import Path

from drivers.contract import Moment

_UNSYNCHRONIZED = 5
"""TIME_ERROR of adjtimex(2): no time source disciplines the clock."""
_TIMEX_BYTES = 512
"""More than any kernel's struct timex; all zero asks without changing anything."""

_libc = ctypes.CDLL(None, use_errno=True)


def is_synchronized() -> bool:
    """Whether the kernel knows that a time source disciplines its clock (adjtimex(2))."""
    state: int = _libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _UNSYNCHRONIZED


def now() -> Moment:
    """The moment of bytes that arrive now."""
    return Moment(datetime.now(UTC), time.monotonic(), trusted=is_synchronized(), live=True)


def boot_id() -> str:
    """The kernel's id of this boot: monotonic times of two boots cannot be compared."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
