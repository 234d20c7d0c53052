"""A small ext4 disk in a file, whose power can be cut.

    disk.img ──loop──▶ mounted ──cut──▶ every call fails, what was not flushed is gone
                          ▲                        │
                          └────────plug────────────┘  ext4 replays its journal

`cut` is ext4's shutdown without a last flush of its journal: what the page cache held and nobody
had flushed is lost, as on a power cut. It models neither torn sectors nor a card that lies.

Kill who writes there before the cut. A power cut stops everything at once, while here programs live
on; and an fdatasync of a growing file that is under way at that moment returns success (seen in one
of seven cuts on Linux 6.18) though what it was to flush is gone.
"""

import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 10.0
MEGABYTE = 1 << 20
_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = struct.pack("I", 2)


class NoDisk(Exception):
    """This machine does not let us have such a disk; the text says why."""


class Disk:
    """Made by `disk_in`. `room` is where it is mounted while it is plugged in."""

    def __init__(self, image: Path, room: Path) -> None:
        self.room = room
        self._image = image

    def plug(self) -> None:
        """Mount it. Raises NoDisk."""
        mount = ["mount", "-o", "loop,noatime", str(self._image), str(self.room)]
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise NoDisk(f"cannot mount a loop image: {mounted.stderr.partition(chr(10))[0]}")

    def make_folder(self, folder: Path) -> None:
        """Make a folder on it that no power cut takes away; harmless when it is there."""
        folder.mkdir(exist_ok=True)
        os.sync()

    def cut(self) -> None:
        """Cut the power; who has files open there sees only errors from now on."""
        # The call itself, as `xfs_io -x -c shutdown` makes it, but within microseconds of the kill.
        room = os.open(self.room, os.O_RDONLY)
        try:
            fcntl.ioctl(room, _SHUTDOWN, _NO_LOG_FLUSH)
        finally:
            os.close(room)

    def unplug(self) -> None:
        """Take it out, once nobody has a file open on it any more.

        A mount namespace made meanwhile holds it too; plugged in again it would still be dead.
        """
        deadline = time.monotonic() + BUSY_SECONDS
        out = False
        while not (out and not self._attached()):
            assert time.monotonic() < deadline, f"{self.room} is still in use"
            out = out or _umount(str(self.room))
            time.sleep(0.005)  # until the kernel has let go of it

    def pull(self) -> None:
        """Take it out of the tree of files under whoever uses it."""
        assert _umount("-l", str(self.room))

    def undo(self) -> None:
        """Leave nothing mounted or attached, whatever has happened."""
        while _umount("-l", str(self.room)):
            pass
        for device in self._attached():
            subprocess.run(["losetup", "--detach", device], capture_output=True, check=False)

    def _attached(self) -> list[str]:
        """The loop devices on the image."""
        said = subprocess.run(
            ["losetup", "--noheadings", "--output", "NAME", "--associated", str(self._image)],
            capture_output=True,
            text=True,
            check=False,
        )
        return said.stdout.split()


@contextmanager
def disk_in(folder: Path, megabytes: int, block: int = 4096) -> Iterator[Disk]:
    """A new disk, plugged in; at the end nothing of it is left. Raises NoDisk."""
    room = folder / "disk"
    room.mkdir()
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(megabytes * MEGABYTE)
    make = ["mkfs.ext4", "-q", "-F", "-b", str(block), "-E", "lazy_itable_init=0,nodiscard"]
    subprocess.run([*make, str(image)], check=True)
    disk = Disk(image, room)
    try:
        disk.plug()
        yield disk
    finally:
        disk.undo()


def _umount(*words: str) -> bool:
    ended = subprocess.run(["umount", *words], capture_output=True, check=False)
    return ended.returncode == 0
