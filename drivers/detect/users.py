"""Who uses a port already: the programs that have it open, as far as this user may see.

    <root>/proc/PID/fd/*   what a process has open; of other users only root sees it
    <root>/proc/locks      1: FLOCK ADVISORY WRITE 812 00:06:431   who locked it, for all to see

Programs that read serial ports lock them, and a port that is locked must not be opened beside.
"""

import os
from pathlib import Path

_OWNER, _FILE = 4, 5
"""The words of a line of /proc/locks."""


def users(port: Path, root: Path = Path("/")) -> list[tuple[int, str]]:
    """The programs that hold a port, as (pid, name); this one is among them if it does."""
    try:
        status = port.stat()
    except OSError:
        return []
    found = {pid for pid in _pids(root) if _has_open(root / "proc" / str(pid), status.st_rdev)}
    found |= _locking(status, root)
    return [(pid, _program(pid, root)) for pid in sorted(found)]


def _pids(root: Path) -> list[int]:
    return [int(each.name) for each in (root / "proc").glob("[0-9]*")]


def _has_open(process: Path, device: int) -> bool:
    try:
        return any(_is_device(handle, device) for handle in (process / "fd").iterdir())
    except OSError:
        return False  # it ended meanwhile, or belongs to another user


def _is_device(handle: Path, device: int) -> bool:
    try:
        return device != 0 and os.stat(handle).st_rdev == device  # noqa: PTH116  many of these
    except OSError:
        return False


def _locking(status: os.stat_result, root: Path) -> set[int]:
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = (root / "proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return set()
    words = [line.split() for line in lines if "->" not in line]
    return {int(line[_OWNER]) for line in words if len(line) > _FILE and line[_FILE] == place}


def _program(pid: int, root: Path) -> str:
    try:
        return (root / "proc" / str(pid) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return "a program"
