"""A disk of its own, whose flushes and bytes the kernel counts exactly.

    image file ── loop device ── ext4 ── directory        counters: /sys/block/<loop>/stat

Times on a shared machine say little; counts say all. Without root or loop devices a plain
directory serves, and only CPU is counted.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SECTORS_WRITTEN = 6
_FLUSHES = 15
_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Counts:
    """flushes and written bytes of the disk, None where nobody counts; cpu in seconds."""

    flushes: int | None
    written: int | None
    cpu: float

    def since(self, before: "Counts") -> "Counts":
        flushes = written = None
        if self.flushes is not None and before.flushes is not None:
            flushes = self.flushes - before.flushes
        if self.written is not None and before.written is not None:
            written = self.written - before.written
        return Counts(flushes, written, self.cpu - before.cpu)


@dataclass(frozen=True, slots=True)
class Disk:
    directory: Path
    stat: Path | None
    note: str

    def counts(self) -> Counts:
        """As of now; CPU is user and system time of the process with all its threads."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        if self.stat is None:
            return Counts(None, None, cpu)
        fields = [int(field) for field in self.stat.read_text().split()]
        return Counts(fields[_FLUSHES], fields[_SECTORS_WRITTEN] * _SECTOR, cpu)


@contextmanager
def own_disk(megabytes: int = 512) -> Iterator[Disk]:
    """An empty disk, taken away afterwards."""
    with tempfile.TemporaryDirectory(prefix="payvand-bench-") as name:
        room = Path(name)
        lack = _lack()
        if lack:
            yield Disk(room, None, f"{lack}: flushes and bytes are not counted")
            return
        image, directory = room / "image", room / "disk"
        directory.mkdir()
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", str(image))
        loop = _run("losetup", "--find", "--show", str(image))
        try:
            _run("mount", "-o", "noatime", loop, str(directory))
            try:
                yield Disk(directory, Path("/sys/block", Path(loop).name, "stat"), "ext4 on a loop")
            finally:
                _run("umount", str(directory))
        finally:
            _run("losetup", "--detach", loop)


def _lack() -> str:
    if os.geteuid() != 0:
        return "not root"
    missing = [tool for tool in ("losetup", "mkfs.ext4", "mount") if shutil.which(tool) is None]
    if missing:
        return f"no {missing[0]}"
    try:
        _run("losetup", "--find")
    except subprocess.CalledProcessError:
        return "no loop device"
    return ""


def _run(*command: str) -> str:
    ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return ended.stdout.strip()
