"""USB identities out of a sysfs laid out below a root path, as the kernel lays it out."""

from pathlib import Path

import pytest

from drivers.detect.usb import (
    UsbIdentity,
    find,
    identity_of,
    matching,
    plugged_in,
    serial_ports,
)


def plug(
    root: Path, tty: str, path: str, serial_number: str | None = None, interface: int = 0
) -> None:
    """Lay out one adapter; a ttyACM's device link ends at the interface, a ttyUSB's below it."""
    device = root / "sys/devices/platform/soc/usb1" / path.partition(".")[0] / path
    face = device / f"{path}:1.{interface}"
    end = face if tty.startswith("ttyACM") else face / tty
    (end / "tty" / tty).mkdir(parents=True)
    (device / "idVendor").write_text("1A86\n")
    (device / "idProduct").write_text("7523\n")
    (face / "bInterfaceNumber").write_text(f"{interface:02x}\n")
    if serial_number is not None:
        (device / "serial").write_text(f"{serial_number}\n")
    (end / "tty" / tty / "device").symlink_to(end)
    names = root / "sys/class/tty"
    names.mkdir(parents=True, exist_ok=True)
    (names / tty).symlink_to(end / "tty" / tty)


def unplug(root: Path, tty: str) -> None:
    (root / "sys/class/tty" / tty).unlink()


def identity(path: str, serial_number: str | None = None, interface: int = 0) -> UsbIdentity:
    return UsbIdentity("1a86", "7523", serial_number, path, interface)


@pytest.mark.parametrize("tty", ["ttyUSB0", "ttyACM0"])
def test_identity_is_read_from_the_parents_of_the_port(tmp_path: Path, tty: str) -> None:
    plug(tmp_path, tty, "1-1.2", "A7", interface=11)
    assert identity_of(f"/dev/{tty}", tmp_path) == identity("1-1.2", "A7", 11)
    assert identity_of(tty, tmp_path) == identity("1-1.2", "A7", 11)


def test_link_by_id_is_followed_to_its_port(tmp_path: Path) -> None:
    plug(tmp_path, "ttyUSB3", "1-1.2")
    by_id = tmp_path / "dev/serial/by-id"
    by_id.mkdir(parents=True)
    (tmp_path / "dev/ttyUSB3").touch()
    (by_id / "usb-adapter-port0").symlink_to("../../ttyUSB3")
    assert identity_of("/dev/serial/by-id/usb-adapter-port0", tmp_path) == identity("1-1.2")


def test_built_in_port_has_no_identity(tmp_path: Path) -> None:
    board = tmp_path / "sys/devices/platform/serial8250"
    (board / "tty/ttyS0").mkdir(parents=True)
    (board / "tty/ttyS0/device").symlink_to(board)
    (tmp_path / "sys/class/tty").mkdir(parents=True)
    (tmp_path / "sys/class/tty/ttyS0").symlink_to(board / "tty/ttyS0")
    assert identity_of("ttyS0", tmp_path) is None
    assert identity_of("ttyUSB9", tmp_path) is None
    assert plugged_in(tmp_path) == []


def test_adapter_with_serial_number_is_found_in_any_socket(tmp_path: Path) -> None:
    plug(tmp_path, "ttyUSB0", "1-1.2", "B8")
    plug(tmp_path, "ttyUSB1", "1-1.4", "A7")
    assert find(identity("1-1.2", "A7"), tmp_path) == "/dev/ttyUSB1"


def test_adapter_without_serial_number_is_found_in_its_socket_only(tmp_path: Path) -> None:
    plug(tmp_path, "ttyUSB0", "1-1.4")
    plug(tmp_path, "ttyUSB1", "1-1.2")
    assert find(identity("1-1.2"), tmp_path) == "/dev/ttyUSB1"
    unplug(tmp_path, "ttyUSB1")
    assert find(identity("1-1.2"), tmp_path) is None


def test_one_serial_number_on_several_adapters_decides_by_the_socket(tmp_path: Path) -> None:
    plug(tmp_path, "ttyUSB0", "1-1.2", "0001")
    plug(tmp_path, "ttyUSB1", "1-1.4", "0001")
    assert find(identity("1-1.4", "0001"), tmp_path) == "/dev/ttyUSB1"
    assert find(identity("1-1.3", "0001"), tmp_path) is None


def test_ports_of_one_adapter_are_told_apart_by_interface(tmp_path: Path) -> None:
    plug(tmp_path, "ttyUSB0", "1-1.2", interface=0)
    plug(tmp_path, "ttyUSB1", "1-1.2", interface=2)
    assert find(identity("1-1.2", interface=2), tmp_path) == "/dev/ttyUSB1"
    assert [name for name, _ in matching("1a86:7523", "1-1.2:1.2", tmp_path)] == ["ttyUSB1"]
    assert [name for name, _ in matching("1A86:7523", None, tmp_path)] == ["ttyUSB0", "ttyUSB1"]
    assert matching("1a86:7524", None, tmp_path) == []


def test_serial_ports_leave_out_built_in_names_without_hardware(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    for name, kind in (("ttyS0", "4"), ("ttyS1", "0"), ("ttyUSB0", None), ("ttyAMA0", None)):
        (tmp_path / "dev" / name).touch()
        folder = tmp_path / "sys/class/tty" / name
        folder.mkdir(parents=True)
        if kind is not None:
            (folder / "type").write_text(f"{kind}\n")
    (tmp_path / "dev/tty1").touch()
    assert serial_ports(tmp_path) == ["/dev/ttyAMA0", "/dev/ttyS0", "/dev/ttyUSB0"]
