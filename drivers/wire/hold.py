"""Holds the device back while nobody takes its bytes: the journal waits for its disk, for example.

    bytes wait for 1 s ──▶ RTS or DTR down, or XOFF ──▶ the device keeps the rest
    they are taken     ──▶ up again, XON            ──▶ and sends on

Which of the three the device heeds depends on its cable: the link's `hold` names them, none without
it. Opening the port raises both lines anyhow; XON is sent then, because the program may have ended
after an XOFF.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from drivers.wire.address import ControlLine

PATIENCE = 1.0
"""Seconds that bytes may wait: longer than any commit, shorter than what memory has room for."""

_XON, _XOFF = b"\x11", b"\x13"


class Port(Protocol):
    """The control lines, as pyserial sets them: True is raised. Raises OSError."""

    rts: bool
    dtr: bool


class Hold:
    """The control lines of one open port. `send` sends bytes after those that wait to be sent."""

    def __init__(
        self, port: Port, lines: Sequence[ControlLine], send: Callable[[bytes], None]
    ) -> None:
        self._port = port
        self._lines = lines
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._held = False
        if "xoff" in lines:
            send(_XON)

    def waiting(self) -> None:
        """Bytes came in and nobody has taken them yet."""
        if self._lines and self._timer is None and not self._held:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._hold)

    def taken(self) -> None:
        """They were taken."""
        self.end()
        if self._held:
            self._held = False
            self._set(up=True)

    def end(self) -> None:
        """The port is closed or gone: set nothing any more that waits to be set."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hold(self) -> None:
        self._timer = None
        self._held = True
        self._set(up=False)

    def _set(self, *, up: bool) -> None:
        try:
            if "rts" in self._lines:
                self._port.rts = up
            if "dtr" in self._lines:
                self._port.dtr = up
        except OSError:
            return  # the adapter was pulled out: the stream tells it
        if "xoff" in self._lines:
            self._send(_XON if up else _XOFF)
