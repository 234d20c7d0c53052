"""Makes a data directory new while nothing serves it: emptied, or filled from a backup.

    erase     .erasing written ─▶ keys gone ─▶ all else gone ─▶ bare site.toml ─▶ .erasing gone
    restore   .restoring filled ─▶ .restored ─▶ old files gone ─▶ .placing ─▶ its files in place

A power cut in between is made good at the next start: `finish` goes on where it was. The keys go
first, since without them nobody reads what a card still holds of the vault. The setup code of the
label stays. One that the box made itself goes, and the next start makes and shows another.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.access import audit
from edge.access import kept as access
from edge.delivery import identity
from edge.durable_file import replace_file, sync_folder
from edge.local.lock import SOCKET, WEB_SOCKET
from edge.local.settings_records import UNNAMED
from edge.site.site import FILE
from edge.vault import FILE as VAULT
from edge.vault import KEY_FILE

ERASING, RESTORING, RESTORED, PLACING = ".erasing", ".restoring", ".restored", ".placing"
_KEYS = (KEY_FILE, VAULT, identity.FILE, access.FILE)
_STAYS = {"lock", SOCKET, WEB_SOCKET, ERASING, RESTORED}
_LOGS = {audit.FILE, f"{audit.FILE}.1", access.CODE_FILE}
"""What is of this box also under settings that came from another one."""


_LEFT = (".backup.page", ".backup.clear", ".restore.sealed", ".restore.clear")
"""Partly in clear: gone at the next start."""


class _Order(msgspec.Struct, frozen=True):
    """What an emptied directory begins with."""

    code: str
    timezone: str


def bare_site(timezone: str = "Asia/Tehran") -> str:
    """The settings of a box as it comes out of its carton."""
    return f'version = 1\nname = "{UNNAMED}"\ntimezone = "{timezone}"\n'


def erasing(data: Path, timezone: str) -> Callable[[], None]:
    """Empties the directory. Raises OSError."""

    def erase() -> None:
        kept = access.read(data)
        order = _Order("" if kept.code_made else kept.code, timezone)
        replace_file(data / ERASING, msgspec.json.encode(order))
        finish(data)

    return erase


def restoring(data: Path) -> Callable[[], None]:
    """Puts what lies in RESTORING in place of all. Raises OSError."""

    def restore() -> None:
        (data / RESTORING).rename(data / RESTORED)
        sync_folder(data)
        finish(data)

    return restore


def is_unfinished(data: Path) -> bool:
    """Whether the power went while a directory was made new."""
    return any((data / name).exists() for name in (ERASING, RESTORED, PLACING))


def finish(data: Path) -> None:
    """Go on with what was begun, and drop what a kill left of a backup. Raises OSError."""
    for name in _LEFT:
        (data / name).unlink(missing_ok=True)
    shutil.rmtree(data / RESTORING, ignore_errors=True)
    if (data / ERASING).exists():
        order = msgspec.json.decode((data / ERASING).read_bytes(), type=_Order)
        _empty(data, _STAYS)
        replace_file(data / FILE, bare_site(order.timezone).encode())
        if order.code:
            access.write(data, access.Kept(code=order.code))
        (data / ERASING).unlink()
        sync_folder(data)
    if (data / RESTORED).exists():
        _empty(data, _STAYS | _LOGS)
        (data / RESTORED).rename(data / PLACING)
        sync_folder(data)
    if (data / PLACING).exists():
        for path in sorted((data / PLACING).iterdir()):
            path.replace(data / path.name)
        sync_folder(data)
        (data / PLACING).rmdir()
        sync_folder(data)


def _empty(data: Path, stays: set[str]) -> None:
    for name in _KEYS:
        if name not in stays:
            (data / name).unlink(missing_ok=True)
    sync_folder(data)
    for path in list(data.iterdir()):
        if path.name in stays:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    sync_folder(data)
