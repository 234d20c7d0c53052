"""A small disk of its own for a test, and another program that fills it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import pytest

MIB = 1 << 20
Kind = Literal["ext4", "tmpfs"]


@contextmanager
def mounted(folder: Path, kind: Kind, megabytes: int) -> Iterator[Path]:
    """Skips the test where nothing can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(place)]
    if kind == "ext4":
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(megabytes * MIB)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
        mount = ["mount", "-o", "loop", str(image), str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


class Filler:
    """Another program's file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "filler"

    def fill(self) -> None:
        """Take what there is, until not one byte more fits."""
        with self.path.open("ab", buffering=0) as file:
            with suppress(OSError):
                while True:
                    self.take(16 * MIB)
            file.seek(0, os.SEEK_END)
            for size in (MIB, 4096):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def take(self, size: int) -> None:
        with self.path.open("ab", buffering=0) as file:
            os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)

    def give_back(self) -> None:
        """Harmless twice."""
        self.path.unlink(missing_ok=True)
