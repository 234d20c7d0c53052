"""Replaces a small file so that a power cut leaves the old one or the new one, never a part.

.site.toml.new   written and synced, then renamed over site.toml, then the folder is synced
site.toml.1 … 5  what it was before, the newest first
"""

import os
from itertools import pairwise
from pathlib import Path


def replace_file(path: Path, data: bytes, kept: int = 0) -> None:
    """Put `data` at `path`, readable by the owner alone; returns when it is on the disk.

    The last `kept` contents stay beside it. Writing what is there already changes nothing. Raises
    OSError; `path` is then as it was.
    """
    old = path.read_bytes() if path.exists() else None
    if old == data:
        return
    new = _written(path, "new", data)
    if kept and old is not None:
        _keep(path, old, kept)
    new.replace(path)
    sync_folder(path.parent)


def _keep(path: Path, old: bytes, kept: int) -> None:
    places = [path.with_name(f"{path.name}.{number}") for number in range(1, kept + 1)]
    if places[0].exists() and places[0].read_bytes() == old:
        return  # kept by an attempt that failed after this
    copy = _written(path, "old", old)
    for newer, older in reversed(list(pairwise(places))):
        if newer.exists():
            newer.replace(older)
    copy.replace(places[0])


def _written(path: Path, word: str, data: bytes) -> Path:
    """Write a temporary file in the same folder, where a rename is atomic."""
    temporary = path.with_name(f".{path.name}.{word}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    return temporary


def sync_file(path: Path) -> None:
    """Return when the file's content is on the disk."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Return when the names in the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
