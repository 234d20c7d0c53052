"""Why a serial port does not open, named by the reaction that it asks for, with what to do."""

import errno
import os
import termios
from pathlib import Path
from typing import cast

from drivers.detect.users import users
from drivers.errors import DeviceError, DeviceRefused, LinkBusy, LinkMissing
from drivers.wire.locate import missing

_BUSY = {errno.EWOULDBLOCK, errno.EBUSY}
_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR}
_DENIED = {errno.EACCES, errno.EPERM}
_WRONG = {
    errno.ENOTTY: ("port-wrong", "is no serial port; correct the link"),
    errno.EISDIR: ("port-wrong", "is no serial port; correct the link"),
    errno.EINVAL: ("port-format", "cannot do {line}; try another adapter"),
    errno.EIO: ("port-dead", "has no hardware behind it; correct the link"),
}


def not_opened(error: BaseException, tty: str, line: str, root: Path) -> DeviceError:
    """The error for a port `tty` below `root` that could not be opened as `line`, `9600 8N1`."""
    number = _number(error) or _number(error.__context__)
    if number in _BUSY:
        return _busy(tty, root / tty.lstrip("/"))
    if number in _ABSENT:
        return missing(tty, root)
    if number in _DENIED:
        advice = f"{tty} may not be opened; add this program's user to the group dialout"
        return DeviceRefused("port-denied", advice)
    code, what = _WRONG.get(number or 0, ("port-failed", ""))
    why = "no reason given" if number is None else os.strerror(number)
    what = what or f"cannot be opened ({why}); unplug it and plug it in"
    return LinkMissing(code, f"{tty} {what.format(line=line)}")


def _number(error: BaseException | None) -> int | None:
    """Return the system's error number; `termios.error` has it only among its arguments."""
    if isinstance(error, termios.error):
        return cast("int", error.args[0])
    return error.errno if isinstance(error, OSError) else None


def _busy(tty: str, place: Path) -> LinkBusy:
    found = users(place)
    others = ", ".join(f"{program} (pid {pid})" for pid, program in found if pid != os.getpid())
    if others:
        advice = f"{tty} is held by {others}; end that program"
    elif found:
        advice = f"{tty} is in use by another device of this site; give each device its own port"
    else:
        advice = f"{tty} is held by another program; find it with `fuser -v {tty}` and end it"
    return LinkBusy("port-busy", advice)
