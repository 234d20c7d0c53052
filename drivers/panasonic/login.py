r"""The dialogue before the call log on a network port (reference section 7).

    exchange: "-"                                   prompt, without line end
    box:      "SMDR\r\n"
    exchange: "SMDR\r" "Enter Password:"            echo and prompt, without line end
    box:      "PCCSMDR\r\n"
    exchange: "*******\r\n" and then the log

A wrong password is answered with the stars and, after some seconds, the password prompt again. A
busy exchange says "Rejected". A serial converter has no dialogue: the log comes at once.
"""

import re
from typing import Literal

from drivers.errors import DeviceRefused

USER = b"SMDR\r\n"
PATIENCE = 2.0
"""Seconds to wait for the first prompt before the user id is sent all the same."""
SILENCE = 30.0
"""Seconds to wait for the password prompt; then whatever comes is taken for the log."""
DOUBT = 60.0
"""Seconds after the password in which a second prompt means that it was wrong."""
_TAIL = 64
_RECORD = re.compile(rb"\d[/.-][\s\d]\d[/.-]\d\d\s|Dial")
_TELNET = re.compile(rb"\xff[\xfb-\xfe].|\xff[\xf0-\xfa]", re.DOTALL)


class Login:
    """Bytes in, bytes to send out. `unasked`: no password was ever asked for."""

    def __init__(self, password: str, now: float) -> None:
        self._password = password.encode("latin-1", "replace") + b"\r\n"
        self._state: Literal["prompt", "user", "password", "log"] = "prompt"
        self._since = now
        self._tail = b""
        self.unasked = False

    @property
    def inside(self) -> bool:
        """Whether what comes now is the log."""
        return self._state in ("password", "log")

    def due(self) -> float | None:
        """When `tick` has something to do, in monotonic seconds."""
        if self._state == "prompt":
            return self._since + PATIENCE
        return self._since + SILENCE if self._state == "user" else None

    def tick(self, now: float) -> bytes:
        """Bytes to send because nothing came."""
        if self._state == "password" and now - self._since > DOUBT:
            self._state = "log"
        if self._state == "user" and now - self._since >= SILENCE:
            self._state, self.unasked = "log", True
        if self._state == "prompt" and now - self._since >= PATIENCE:
            return self._send_user()
        return b""

    def feed(self, data: bytes, now: float) -> tuple[bytes, bytes]:
        """Take bytes; return what to send and what of them is the log.

        Raises DeviceRefused with code `rejected` or `wrong-password`.
        """
        if self._state == "log":
            return b"", data
        self._tail = _TELNET.sub(b"", self._tail + data)
        if _RECORD.search(self._tail):
            log = data if self._state == "password" else self._tail
            self._state = "log"
            return b"", log
        self._refused()
        if self._state == "password":
            self._tail = self._tail[-_TAIL:]
            return b"", data
        if self._state == "prompt" and b"-" in self._tail:
            return self._send_user(), b""
        if self._state == "user" and b"assword" in self._tail:
            self._state, self._tail, self._since = "password", b"", now
            return self._password, b""
        self._tail = self._tail[-_TAIL:]
        return b"", b""

    def _send_user(self) -> bytes:
        self._state, self._tail = "user", b""
        return USER

    def _refused(self) -> None:
        if b"ejected" in self._tail:
            advice = (
                "The exchange rejects the connection: another SMDR client holds it; end that"
                " program, or take its address out of the network."
            )
            raise DeviceRefused("rejected", advice)
        if self._state == "password" and re.search(rb"assword|nvalid", self._tail):
            advice = (
                "The exchange does not take the SMDR password: enter the one that is set in the"
                " exchange (by default PCCSMDR)."
            )
            raise DeviceRefused("wrong-password", advice)
