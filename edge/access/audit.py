"""The audit log: who changed what, when and from where, and never to what.

    DATA/audit.jsonl     one AuditEntry a line, only ever appended to, synced with each
    DATA/audit.jsonl.1   what came before, when half a megabyte was full

An entry is short whatever was done, so that nobody pushes out what he did before by doing more.

It stays on the box: what a CRM gets is promised, and none of its events is about users. A burst of
wrong log-ins goes out as `box.alarm`. Everything here blocks: call it in a thread.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge.access.records import AuditEntry
from edge.durable_file import sync_folder

FILE = "audit.jsonl"
MOST_BYTES = 512 * 1024
MOST_FIELDS, MOST_SIGNS = 40, 80
_encode = msgspec.json.Encoder().encode


class Audit:
    """The log of one data directory. The methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._older = folder / f"{FILE}.1"

    def note(self, entry: AuditEntry) -> None:
        """Returns when it is on the disk."""
        line = _encode(_short(entry)) + b"\n"
        if self._path.exists() and self._path.stat().st_size + len(line) > MOST_BYTES:
            self._path.replace(self._older)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            if self._is_torn():
                line = b"\n" + line
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(self._path.parent)

    def last(self, most: int) -> list[AuditEntry]:
        """The newest first. A line that a power cut tore is left out."""
        lines: list[bytes] = []
        for path in (self._older, self._path):
            if path.exists():
                lines += path.read_bytes().splitlines()
        return list(islice(_entries(reversed(lines)), most))

    def _is_torn(self) -> bool:
        """Whether the last line has no end, after a power cut."""
        with self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def _short(entry: AuditEntry) -> AuditEntry:
    names = [name[:MOST_SIGNS] for name in entry.fields[:MOST_FIELDS]]
    if (more := len(entry.fields) - len(names)) > 0:
        names.append(f"+{more}")
    return replace(entry, concerns=entry.concerns[:MOST_SIGNS], fields=tuple(names))


def _entries(lines: Iterable[bytes]) -> Iterator[AuditEntry]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=AuditEntry)
        except msgspec.MsgspecError:
            continue
