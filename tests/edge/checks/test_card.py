"""The kernel's files are laid out below a folder; a disk of this machine is read as well."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from edge.checks.card import findings, most_a_day
from edge.checks.card_reading import Card, CardWatch, SeenCard, Writing, read_card
from edge.checks.check import BOX
from edge.journal.flushes import Flushes, FlushTimes

SOUND = Card(disk="mmcblk0", name="SD16G", kind="SD", size=16 << 30, written=0, errors=0)
QUICK = FlushTimes(count=200, seconds=400.0, p50=0.01, p99=0.05)


class Kernel:
    """Files as Linux lays them out, for a folder that stands on the device number of `folder`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "data"
        self.folder.mkdir()
        found = self.folder.stat().st_dev
        self.number = f"{os.major(found)}:{os.minor(found)}"

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def link(self, path: str, target: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(self.root / target)

    def emmc(self) -> str:
        """An eMMC; returns its place."""
        card = "sys/devices/mmc0/mmc0:0001"
        disk = f"{card}/block/mmcblk0"
        self.write(f"{disk}/size", "30777344\n")
        self.write(f"{disk}/stat", " 100 0 800 50 70 9 4096 60 0 10 110 0 0 0 0 0 0\n")
        self.write(f"{card}/name", "DG4016\n")
        self.write(f"{card}/type", "MMC\n")
        self.write(f"{card}/life_time", "0x01 0x0a\n")
        self.write(f"{card}/pre_eol_info", "0x02\n")
        self.link(f"{disk}/device", card)
        self.write(f"{disk}/mmcblk0p4/partition", "4\n")
        return disk

    def mounted(self, options: str) -> None:
        others = "1 0 8:99 / / ro - ext4 /dev/sdz1 ro\n"
        line = f"36 1 {self.number} / /data rw,noatime shared:7 - ext4 /dev/mmcblk0p4 {options}\n"
        self.write("proc/self/mountinfo", others + line)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def _read(kernel: Kernel) -> Card:
    card = read_card(kernel.folder, kernel.root)
    assert card is not None
    return card


def test_a_partition_of_an_emmc_tells_of_the_whole_card(kernel: Kernel) -> None:
    disk = kernel.emmc()
    kernel.link(f"sys/dev/block/{kernel.number}", f"{disk}/mmcblk0p4")
    kernel.write("sys/fs/ext4/mmcblk0p4/errors_count", "3\n")
    kernel.mounted("rw,errors=remount-ro")
    assert _read(kernel) == Card(
        disk="mmcblk0",
        name="DG4016",
        kind="MMC",
        size=30777344 * 512,
        written=4096 * 512,
        life_time=10,
        pre_eol=2,
        errors=3,
        read_only=False,
    )


@pytest.mark.parametrize("options", ["ro,errors=remount-ro", "rw,emergency_ro"])
def test_a_file_system_that_went_read_only_shows(kernel: Kernel, options: str) -> None:
    disk = kernel.emmc()
    kernel.link(f"sys/dev/block/{kernel.number}", f"{disk}/mmcblk0p4")
    kernel.mounted(options)
    assert _read(kernel).read_only


def test_below_a_mapped_device_is_its_card(kernel: Kernel) -> None:
    disk = kernel.emmc()
    mapped = "sys/devices/virtual/block/dm-0"
    kernel.link(f"{mapped}/slaves/mmcblk0p4", f"{disk}/mmcblk0p4")
    kernel.link(f"sys/dev/block/{kernel.number}", mapped)
    kernel.write("sys/fs/ext4/dm-0/errors_count", "1\n")
    card = _read(kernel)
    assert (card.disk, card.errors, card.life_time) == ("mmcblk0", 1, 10)


def test_below_a_loop_is_the_card_of_its_file(kernel: Kernel) -> None:
    disk = kernel.emmc()
    elsewhere = Path("/proc/version")  # on another device than any folder for tests
    below = elsewhere.stat().st_dev
    kernel.link(f"sys/dev/block/{os.major(below)}:{os.minor(below)}", f"{disk}/mmcblk0p4")
    kernel.write("sys/devices/virtual/block/loop3/loop/backing_file", "/images/data.img\n")
    kernel.link(f"sys/dev/block/{kernel.number}", "sys/devices/virtual/block/loop3")
    (kernel.root / "images").mkdir()
    (kernel.root / "images/data.img").symlink_to(elsewhere)
    assert _read(kernel).disk == "mmcblk0"


def test_a_loop_that_lies_on_itself_ends(kernel: Kernel) -> None:
    kernel.write("sys/devices/virtual/block/loop3/loop/backing_file", "/data\n")
    kernel.link(f"sys/dev/block/{kernel.number}", "sys/devices/virtual/block/loop3")
    assert _read(kernel).disk == "loop3"


def test_what_an_sd_card_does_not_tell_is_unknown(kernel: Kernel) -> None:
    kernel.write("sys/devices/mmc0/block/mmcblk0/size", "nonsense\n")
    kernel.write("sys/devices/mmc0/block/mmcblk0/stat", "1 2\n")
    kernel.write("sys/devices/mmc0/block/mmcblk0/device/life_time", "0x00 what\n")
    kernel.write("sys/devices/mmc0/block/mmcblk0/device/pre_eol_info", "0x00\n")
    kernel.link(f"sys/dev/block/{kernel.number}", "sys/devices/mmc0/block/mmcblk0")
    assert _read(kernel) == Card(disk="mmcblk0")


def test_a_folder_without_a_disk_has_none(kernel: Kernel) -> None:
    assert read_card(kernel.folder, kernel.root) is None
    assert CardWatch(kernel.folder, Flushes(), kernel.root).look(0.0) is None
    assert read_card(kernel.root / "missing", kernel.root) is None


def test_the_disk_of_this_machine_counts_what_is_written(tmp_path: Path) -> None:
    before = read_card(tmp_path)
    if before is None or before.written is None:
        pytest.skip("needs a folder on a disk that the kernel tells of")
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(4 << 20))
        file.flush()
        os.fsync(file.fileno())
    after = read_card(tmp_path)
    assert after is not None
    assert after.written is not None
    assert after.written - before.written >= 4 << 20
    assert not after.read_only


def test_what_is_written_in_a_day_is_told_after_half_of_one() -> None:
    writing = Writing()
    assert writing.a_day() is None
    for minute in range(0, 72 * 60, 10):
        writing.note(minute * 60.0, minute * 1_000_000 if minute < 48 * 60 else 48 * 60_000_000)
        if minute == 11 * 60:
            assert writing.a_day() is None
        if minute == 13 * 60:
            assert writing.a_day() == pytest.approx(1440e6)
    assert writing.a_day() == pytest.approx(0, abs=50e6)


def _codes(seen: SeenCard, *raised: str) -> list[str]:
    return [found.code for found in findings(seen, {(code, BOX) for code in raised})]


def test_a_sound_card_is_not_spoken_of() -> None:
    assert _codes(SeenCard(SOUND, QUICK, 100e6)) == []
    assert _codes(SeenCard(SOUND, None, None)) == []


@pytest.mark.parametrize(
    ("card", "codes"),
    [
        (replace(SOUND, life_time=8, pre_eol=1), []),
        (replace(SOUND, life_time=9), ["card-wearing"]),
        (replace(SOUND, life_time=11, pre_eol=3), ["card-wearing"]),
        (replace(SOUND, pre_eol=2), ["card-wearing"]),
        (replace(SOUND, errors=1), ["card-failing"]),
        (replace(SOUND, read_only=True, errors=4), ["card-failing"]),
        (replace(SOUND, read_only=True, life_time=10), ["card-failing", "card-wearing"]),
    ],
)
def test_verdicts_on_a_card(card: Card, codes: list[str]) -> None:
    assert _codes(SeenCard(card, QUICK, None)) == codes


@pytest.mark.parametrize(
    ("times", "raised", "codes"),
    [
        (FlushTimes(200, 400.0, 0.1, 0.6), [], ["card-slow"]),
        (FlushTimes(200, 400.0, 0.1, 0.4), [], []),
        (FlushTimes(200, 400.0, 0.1, 0.4), ["card-slow"], ["card-slow"]),
        (FlushTimes(200, 400.0, 0.1, 0.2), ["card-slow"], []),
        (FlushTimes(19, 400.0, 0.1, 9.0), [], []),
        (FlushTimes(900, 100.0, 0.1, 9.0), [], []),
    ],
)
def test_a_slow_card_is_told_after_minutes_and_cleared_later(
    times: FlushTimes, raised: list[str], codes: list[str]
) -> None:
    assert _codes(SeenCard(SOUND, times, None), *raised) == codes


def test_one_card_of_16_gb_takes_some_470_mb_a_day_and_a_hard_disk_anything() -> None:
    assert most_a_day(SOUND) == pytest.approx(470e6, rel=0.01)
    assert _codes(SeenCard(SOUND, QUICK, 480e6)) == ["card-heavy"]
    assert _codes(SeenCard(SOUND, QUICK, 400e6)) == []
    assert _codes(SeenCard(SOUND, QUICK, 400e6), "card-heavy") == ["card-heavy"]
    assert _codes(SeenCard(SOUND, QUICK, 370e6), "card-heavy") == []
    assert _codes(SeenCard(replace(SOUND, disk="sda"), QUICK, 9e9)) == []


def test_a_watch_brings_it_together(kernel: Kernel) -> None:
    disk = kernel.emmc()
    kernel.link(f"sys/dev/block/{kernel.number}", f"{disk}/mmcblk0p4")
    flushes = Flushes()
    flushes.note(0.02, 5.0)
    watch = CardWatch(kernel.folder, flushes, kernel.root)
    first = watch.look(0.0)
    kernel.write(f"{disk}/stat", " 100 0 800 50 70 9 2004096 60 0 10 110 0 0 0 0 0 0\n")
    second = watch.look(24 * 3600.0)
    assert first is not None
    assert second is not None
    assert first.a_day is None
    assert second.a_day == pytest.approx(2_000_000 * 512)
    assert second.flushes == flushes.times()
    assert _codes(second) == ["card-wearing", "card-heavy"]


def test_every_verdict_speaks_both_languages_and_says_what_to_do() -> None:
    bad = replace(SOUND, life_time=11, errors=2)
    slow = FlushTimes(200, 400.0, 0.1, 0.6)
    found = list(findings(SeenCard(bad, slow, 9e9), set()))
    assert len(found) == 4
    for each in found:
        for words in (each.cause, each.advice):
            assert words.en.endswith(".")
            assert any("\u0600" <= letter <= "\u06ff" for letter in words.fa)
