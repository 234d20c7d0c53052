"""What is plugged in and who uses it, below a root path laid out as the kernel does."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from drivers.detect.plugged import Known, plugged
from drivers.detect.users import users
from drivers.evidence import KnownUnit
from drivers.wire.player import FarEnd

UNIT = KnownUnit(usb="16c0:05da", product="Caller", title="A unit", settings={"profile": "x"})


def lay_usb(root: Path, path: str, ids: str, **files: str) -> Path:
    """One USB device, with its link on the bus."""
    device = root / "sys/devices/usb1" / path
    device.mkdir(parents=True)
    vendor, product = ids.split(":")
    texts = {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": "7", **files}
    for name, text in texts.items():
        (device / name).write_text(f"{text}\n")
    bus = root / "sys/bus/usb/devices"
    bus.mkdir(parents=True, exist_ok=True)
    (bus / path).symlink_to(device)
    return device


def lay_interface(device: Path, number: int, classes: str, driver: str = "") -> Path:
    face = device / f"{device.name}:1.{number}"
    face.mkdir()
    names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    for name, text in zip(names, classes.split("/"), strict=True):
        (face / name).write_text(f"{text}\n")
    (face / "bInterfaceNumber").write_text(f"{number:02x}\n")
    if driver:
        (face / "driver").symlink_to(device / "nowhere" / driver)
    return face


def lay_tty(root: Path, tty: str, place: Path) -> None:
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / tty).touch()
    names = root / "sys/class/tty" / tty
    names.mkdir(parents=True)
    (names / "device").symlink_to(place)


def test_adapters_modems_units_and_uarts_each_by_what_stays_the_same(tmp_path: Path) -> None:
    adapter = lay_usb(tmp_path, "1-1.2", "1A86:7523", product="USB Serial")
    lay_tty(tmp_path, "ttyUSB7", lay_interface(adapter, 0, "ff/01/02", "ch341"))
    modem = lay_usb(tmp_path, "1-1.3", "0572:1340", manufacturer="Maker", product="Modem")
    lay_tty(tmp_path, "ttyACM0", lay_interface(modem, 0, "02/02/01", "cdc_acm"))
    unit = lay_usb(tmp_path, "1-1.4", "16c0:05da", product="Caller ID box")
    lay_interface(unit, 0, "03/00/00", "usbhid")
    other = lay_usb(tmp_path, "1-1.5", "16c0:05da", product="A thermometer")
    lay_interface(other, 0, "03/00/00")
    keyboard = lay_usb(tmp_path, "1-1.6", "046d:c31c", product="Keyboard")
    lay_interface(keyboard, 0, "03/01/01")
    lay_usb(tmp_path, "1-1", "0424:9514", product="Hub")
    board = tmp_path / "sys/devices/platform/3f201000.serial"
    board.mkdir(parents=True)
    (board / "driver").symlink_to(tmp_path / "nowhere/uart-pl011")
    lay_tty(tmp_path, "ttyAMA0", board)

    found = plugged([Known("callerid", UNIT)], tmp_path)
    assert [(each.kind, each.name, each.chip) for each in found] == [
        ("modem", "0572:1340 at 1-1.3, Maker Modem", "USB serial of its own (CDC-ACM)"),
        ("known", "16c0:05da at 1-1.4, Caller ID box", None),
        ("hid", "16c0:05da at 1-1.5, A thermometer", None),
        ("serial", "1a86:7523 at 1-1.2, USB Serial", "WCH CH340"),
        ("uart", "/dev/ttyAMA0", "uart-pl011"),
    ]
    assert found[1].known == Known("callerid", UNIT)
    assert [each.port for each in found] == [
        "/dev/ttyACM0", None, None, "/dev/ttyUSB7", "/dev/ttyAMA0",
    ]  # fmt: skip


def test_name_of_an_adapter_does_not_change_with_its_tty(tmp_path: Path) -> None:
    names = set()
    for number, tty in enumerate(("ttyUSB0", "ttyUSB5")):
        root = tmp_path / str(number)
        adapter = lay_usb(root, "1-1.2", "0403:6001", serial="A9XYZ", product="FT232R")
        lay_tty(root, tty, lay_interface(adapter, 0, "ff/ff/ff", "ftdi_sio"))
        names |= {each.name for each in plugged((), root)}
    assert names == {"0403:6001 at 1-1.2, FT232R, A9XYZ"}


def test_nothing_is_plugged_in(tmp_path: Path) -> None:
    assert plugged((), tmp_path) == []


@pytest.fixture
def far() -> FarEnd:
    return FarEnd()


def test_program_that_has_a_port_open_is_named(far: FarEnd) -> None:
    found = users(Path(far.port))
    assert (os.getpid(), Path("/proc/self/comm").read_text().strip()) in found
    far.close()


def test_lock_tells_the_program_where_its_files_may_not_be_seen(
    tmp_path: Path, far: FarEnd
) -> None:
    """/proc as another user sees it: only the table of locks can be read."""
    handle = os.open(far.port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    (tmp_path / "proc" / str(os.getpid())).mkdir(parents=True)
    (tmp_path / "proc/locks").write_text(Path("/proc/locks").read_text())
    (tmp_path / "proc" / str(os.getpid()) / "comm").write_text("payvand\n")
    assert users(Path(far.port), tmp_path) == [(os.getpid(), "payvand")]
    os.close(handle)
    (tmp_path / "proc/locks").write_text(Path("/proc/locks").read_text())
    assert users(Path(far.port), tmp_path) == []
    far.close()


def test_port_that_is_not_there_has_no_users() -> None:
    assert users(Path("/dev/ttyNONE")) == []
    assert sys.platform == "linux"
