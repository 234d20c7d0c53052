import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.faults.beginnings import beginnings
from tests.system.faults.disk import Disk, NoDisk, disk_in
from tests.system.faults.writing import Work

Needs = Callable[[str, str], Path]


@pytest.fixture
def strace(needs: Needs) -> str:
    return str(needs("strace", "strace"))


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A journal to be, in a folder of its own."""
    (tmp_path / "data").mkdir()
    return Work(tmp_path / "data", tmp_path / "notes")


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Work]:
    """What lives begin with, by name."""
    return beginnings(tmp_path_factory.mktemp("beginnings"))


@pytest.fixture
def new_disk(needs: Needs, tmp_path: Path) -> Iterator[Callable[..., Disk]]:
    """`new_disk(64)`: a disk of so many megabytes whose power can be cut."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a disk")
    needs("mount", "mount")
    needs("mkfs.ext4", "e2fsprogs")
    with ExitStack() as stack:

        def make(megabytes: int, block: int = 4096) -> Disk:
            try:
                return stack.enter_context(disk_in(tmp_path, megabytes, block))
            except NoDisk as lack:
                pytest.skip(f"needs loop devices: {lack}")

        yield make
