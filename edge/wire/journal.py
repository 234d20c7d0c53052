"""Keeps what devices sent on the disk for some days, so that a newer decoder can read it again.

    tap ─▶ buffer ─▶ every 10 s, in a thread ─▶ DATA/wire/pbx1/00000041.cap     0600
                                              '- numbered through all devices: lowest = oldest

A file is a capture like any other, and no two processes write to one: a start begins a new one, as
do a day, 128 KB, and a clock that became right. Nothing is flushed to the disk: a power cut costs
the last half minute and may tear the last line, which the reader leaves out. It is the first to go
on a full disk, and when it cannot be written, nothing but it is lost.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import NoReturn

from drivers.contract import Moment
from drivers.wire.capture import Received, Sent, format_entry, format_header
from edge.intake.tap import Chunk, Hearer
from edge.wire.settings import Wire

FOLDER = "wire"
WRITE_SECONDS = 10.0
SEGMENT_BYTES = 128 * 1024
SEGMENT_SECONDS = 24 * 3600.0
MOST_BUFFERED = 256 * 1024
"""Of one device: more comes only from a wire gone mad, and the rest of that is not kept."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Device:
    """One device's buffer, and the file that its bytes go to."""

    header: tuple[tuple[str, str], ...]
    waiting: list[Chunk] = field(default_factory=list)
    buffered: int = 0
    path: Path | None = None
    begun: float = 0.0
    size: int = 0
    trusted: bool = False


_Batch = list[tuple[str, _Device, list[Chunk]]]


class WireJournal:
    """Belongs to the loop's thread; only `drop`, which blocks, may be called in another."""

    def __init__(self, data: Path, settings: Wire, clock: Callable[[], Moment]) -> None:
        self._folder = data / FOLDER
        self.settings = settings
        self._clock = clock
        self._devices: dict[str, _Device] = {}
        self._failed = False
        self._files = Lock()

    def hearer(self, key: str, driver: str, link: str) -> Hearer:
        """What is to be called with each chunk of a device, from now on."""
        header = (("device", key), ("driver", driver), ("link", link))
        before = self._devices.get(key)
        device = self._devices[key] = _Device(header, before.waiting if before else [])

        def hear(chunk: Chunk) -> None:
            if self._on and device.buffered < MOST_BUFFERED:
                device.waiting.append(chunk)
                device.buffered += len(chunk.data)

        return hear

    async def keep(self) -> NoReturn:
        """Write and tidy up until cancelled; what waits is written then."""
        try:
            while True:
                await asyncio.sleep(WRITE_SECONDS)
                await asyncio.to_thread(self._write, self._taken())
        finally:
            self.flush()

    def flush(self) -> None:
        """Write what waits now. Blocks; never raises."""
        self._write(self._taken())

    def drop(self) -> int:
        """Give all of it up, for a full disk; the bytes that it freed."""
        with self._files:
            for device in self._devices.values():
                device.path = None
            return sum(_remove(path) for _, path in segments(self._folder))

    def _taken(self) -> _Batch:
        """What waits, which then waits no longer."""
        batch = [(key, device, device.waiting) for key, device in self._devices.items()]
        for _, device, _ in batch:
            device.waiting, device.buffered = [], 0
        return batch

    def _write(self, batch: _Batch) -> None:
        """Append it, and drop what is too old or too much. Blocks; never raises."""
        try:
            with self._files:
                for key, device, chunks in batch:
                    if chunks:
                        self._append(key, device, chunks)
                        self._failed = False
                self._tidy()
        except OSError as error:
            if not self._failed:
                _log.warning("What devices send is not kept: %s fails: %s", self._folder, error)
            self._failed = True

    @property
    def _on(self) -> bool:
        return bool(self.settings.days and self.settings.megabytes)

    def _append(self, key: str, device: _Device, chunks: Sequence[Chunk]) -> None:
        now = self._clock()
        head = "" if self._fits(device, now) else self._new_segment(key, device, chunks[0].at, now)
        assert device.path is not None  # noqa: S101  _new_segment made it
        text = (head + "".join(_line(chunk, device.begun) for chunk in chunks)).encode()
        handle = os.open(device.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, text)
        except OSError:
            device.path = None  # its end may be torn now
            raise
        finally:
            os.close(handle)
        device.size += len(text)

    def _fits(self, device: _Device, now: Moment) -> bool:
        return (
            device.path is not None
            and device.size < SEGMENT_BYTES
            and now.monotonic - device.begun < SEGMENT_SECONDS
            and now.trusted == device.trusted
        )

    def _new_segment(self, key: str, device: _Device, begun: float, now: Moment) -> str:
        """The header of a new file, whose time begins at a monotonic time."""
        folder = self._folder / key
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        last = max((number for number, _ in segments(self._folder)), default=0)
        device.path = folder / f"{last + 1:08d}.cap"
        device.begun, device.size, device.trusted = begun, 0, now.trusted
        started = now.utc - timedelta(seconds=now.monotonic - begun)
        clock = "synced" if now.trusted else "estimated"
        when = started.isoformat(timespec="milliseconds")
        return format_header((("started", when), *device.header, ("clock", clock)))

    def _tidy(self) -> None:
        now = self._clock()
        files = sorted(segments(self._folder))
        room = self.settings.megabytes * 1_000_000 if self._on else 0
        used = 0
        written = {device.path for device in self._devices.values()}
        for _, path in reversed(files):
            used += path.stat().st_size
            old = now.trusted and _age(path, now.utc) > timedelta(days=self.settings.days)
            if (used > room or old) and (path not in written or not self._on):
                _remove(path)


def segments(folder: Path, device: str = "*") -> Iterator[tuple[int, Path]]:
    """The files below DATA/wire, of one device or of all, each with its number."""
    for path in folder.glob(f"{device}/*.cap"):
        if path.stem.isdecimal():
            yield int(path.stem), path


def _line(chunk: Chunk, begun: float) -> str:
    at = max(0.0, chunk.at - begun)
    return format_entry(Received(at, chunk.data) if chunk.way == "<" else Sent(at, chunk.data))


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)


def _remove(path: Path) -> int:
    size = path.stat().st_blocks * 512
    path.unlink()
    return size
