"""A serial port that is only listened to, at one speed after the other.

    open for reading ─▶ lock ─▶ raw, eight bits, no parity ─▶ set speed, read, set speed …

Nothing is ever sent, and the control lines stay as opening leaves them. At the end the port gets
back the settings that it had.
"""

import asyncio
import fcntl
import os
import struct
import termios
import tty
from pathlib import Path
from time import monotonic
from typing import Any, Self

from msgspec import Struct

from drivers.errors import LinkLost
from drivers.wire.port_errors import not_opened

CHUNK = 4096
_INPUT_SPEED, _OUTPUT_SPEED, _CONTROL = 4, 5, 2
_TIOCGICOUNT = 0x545D
_COUNTERS = struct.Struct("20i")  # struct serial_icounter_struct of linux/serial.h
_RECEIVED, _FRAMING, _OVERRUN, _PARITY, _BREAK = 4, 6, 7, 8, 9
_LINES = (("CTS", 0x020), ("DSR", 0x100), ("CD", 0x040), ("RI", 0x080))


class PortCounters(Struct, frozen=True):
    """What the kernel counted at a port since it knows it, and the lines that the device holds up.

    Adapters differ in what they tell; a pty tells nothing.
    """

    received: int = 0
    framing: int = 0
    overrun: int = 0
    parity: int = 0
    breaks: int = 0
    lines: tuple[str, ...] = ()

    @property
    def broken(self) -> int:
        """Framing errors and breaks: what a wrong speed makes."""
        return self.framing + self.breaks

    def __str__(self) -> str:
        up = " ".join(self.lines) or "none up"
        return (
            f"framing {self.framing}, parity {self.parity}, overrun {self.overrun}, "
            f"break {self.breaks}; lines {up}"
        )


class QuietPort:
    """An open port. Raises the errors of `open_link` when it does not open; see that."""

    def __init__(self, port: str, baud: int, root: Path = Path("/")) -> None:
        self.name = port
        self.baud = baud
        self._handle = -1
        try:
            self._open(root / port.lstrip("/"))
        except (OSError, termios.error) as error:
            self.close()
            raise not_opened(error, port, f"{baud} 8N1", root) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def set_baud(self, baud: int) -> None:
        """Listen at this speed; what waited unread is of the old one, and dropped.

        Raises LinkLost.
        """
        self.baud = baud
        try:
            self._set_speed(baud)
            termios.tcflush(self._handle, termios.TCIFLUSH)
        except (OSError, termios.error):
            raise self._lost() from None

    async def read(self, until: float | None) -> bytes:
        """Wait for bytes, until a monotonic time at most: nothing then. Raises LinkLost."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._handle, ready.set)
        try:
            wait = None if until is None else max(0.0, until - monotonic())
            async with asyncio.timeout(wait):
                await ready.wait()
        except TimeoutError:
            return b""
        finally:
            loop.remove_reader(self._handle)
        try:
            data = os.read(self._handle, CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            raise self._lost() from None
        if not data:
            raise self._lost()
        return data

    def counters(self) -> PortCounters | None:
        """What was counted up to now; None where the port counts nothing."""
        try:
            found = fcntl.ioctl(self._handle, _TIOCGICOUNT, bytes(_COUNTERS.size))
        except OSError:
            return None
        counts = _COUNTERS.unpack(found)
        return PortCounters(
            counts[_RECEIVED],
            counts[_FRAMING],
            counts[_OVERRUN],
            counts[_PARITY],
            counts[_BREAK],
            self._lines(),
        )

    def close(self) -> None:
        """Give the port back as it was; harmless twice."""
        handle, self._handle = self._handle, -1
        if handle < 0:
            return
        try:
            if self._before is not None:
                termios.tcsetattr(handle, termios.TCSANOW, self._before)
        except (OSError, termios.error):
            pass  # it is gone
        finally:
            os.close(handle)

    def _open(self, place: Path) -> None:
        self._before: list[Any] | None = None
        self._handle = os.open(place, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._before = termios.tcgetattr(self._handle)
        tty.setraw(self._handle, termios.TCSANOW)
        self._set_speed(self.baud)

    def _set_speed(self, baud: int) -> None:
        speed = getattr(termios, f"B{baud}")
        attributes = termios.tcgetattr(self._handle)
        attributes[0] &= ~(termios.BRKINT | termios.INPCK | termios.IXON | termios.IXOFF)
        attributes[_CONTROL] |= termios.CLOCAL | termios.CREAD
        attributes[_INPUT_SPEED] = attributes[_OUTPUT_SPEED] = speed
        termios.tcsetattr(self._handle, termios.TCSANOW, attributes)

    def _lines(self) -> tuple[str, ...]:
        try:
            state = int.from_bytes(fcntl.ioctl(self._handle, termios.TIOCMGET, bytes(4)), "little")
        except OSError:
            return ()
        return tuple(name for name, bit in _LINES if state & bit)

    def _lost(self) -> LinkLost:
        advice = f"{self.name} is gone; see whether its adapter is plugged in"
        return LinkLost("link-lost", advice)
