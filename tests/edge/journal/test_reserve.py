"""Blocks that a file has ahead of its length, on a real small disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.journal.reserve import NoRoom, Reserve
from tests.small_disk import MIB, Filler, mounted

PAGE = 4096


@pytest.fixture(params=["tmpfs", "ext4"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, request.param, 32) as place:
        path = place / "journal.sqlite"
        path.write_bytes(bytes(10 * PAGE))
        yield path


@pytest.fixture
def descriptor(file: Path) -> Iterator[int]:
    opened = os.open(file, os.O_RDWR)
    yield opened
    os.close(opened)


def test_what_is_held_can_be_written_on_a_full_disk(file: Path, descriptor: int) -> None:
    Reserve(descriptor).hold(300 * PAGE)
    assert file.stat().st_size == 10 * PAGE
    Filler(file.parent).fill()
    with file.open("r+b") as opened:
        opened.seek(0, os.SEEK_END)
        opened.write(bytes(290 * PAGE))
        os.fsync(opened.fileno())
    assert file.stat().st_size == 300 * PAGE


def test_a_full_disk_gives_nothing_and_keeps_what_is_there(file: Path, descriptor: int) -> None:
    filler = Filler(file.parent)
    filler.take(MIB)
    reserve = Reserve(descriptor)
    reserve.hold(20 * PAGE)
    filler.fill()
    blocks = file.stat().st_blocks
    reserve.hold(20 * PAGE)
    reserve.hold(250 * PAGE)  # asked for ahead
    with pytest.raises(NoRoom):
        reserve.hold(2000 * PAGE)
    assert file.stat().st_blocks == blocks
    filler.give_back()
    reserve.hold(2000 * PAGE)
    assert file.stat().st_blocks * 512 >= 2000 * PAGE


def test_what_lies_in_the_file_needs_no_reserve(file: Path, descriptor: int) -> None:
    Filler(file.parent).fill()
    reserve = Reserve(descriptor)
    reserve.renew(10 * PAGE)
    reserve.hold(10 * PAGE)
    with pytest.raises(NoRoom):
        reserve.hold(11 * PAGE)
