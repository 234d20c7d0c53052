"""Which USB adapter stands behind a serial port, read from sysfs.

    <root>/sys/class/tty/ttyUSB0/device
        -> .../usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0
                        |     '- interface: bInterfaceNumber
                        '- device: idVendor, idProduct, serial; its folder's name is the path

A tty name follows the order of plugging in; the identity stays. An adapter is known again by its
serial number, and one without a serial number by its path, that is, the socket it is plugged into.
"""

from pathlib import Path

from msgspec import Struct


class UsbIdentity(Struct, frozen=True):
    """What stays the same about an adapter. Ids are four hex digits in lower case."""

    vendor: str
    product: str
    serial_number: str | None
    path: str
    interface: int = 0

    def __str__(self) -> str:
        return f"{self.vendor}:{self.product} at {self.path}"


def identity_of(tty: str, root: Path = Path("/")) -> UsbIdentity | None:
    """Return the identity of the adapter behind a port, `ttyUSB0` or `/dev/ttyUSB0`, or None."""
    link = root / "sys/class/tty" / _class_name(tty, root) / "device"
    if not link.exists():
        return None
    interface = 0
    top = root.resolve()
    place = link.resolve()
    while place not in {place.parent, top}:
        if (number := _text(place / "bInterfaceNumber")) is not None:
            interface = _hex(number)
        vendor = _text(place / "idVendor")
        product = _text(place / "idProduct")
        if vendor is not None and product is not None:
            serial_number = _text(place / "serial")
            return UsbIdentity(
                vendor.lower(), product.lower(), serial_number, place.name, interface
            )
        place = place.parent
    return None


def plugged_in(root: Path = Path("/")) -> list[tuple[str, UsbIdentity]]:
    """Return every serial port that a USB adapter gives, by name, such as ("ttyUSB0", ...)."""
    names = sorted(port.name for port in (root / "sys/class/tty").glob("*"))
    found = [(name, identity_of(name, root)) for name in names]
    return [(name, identity) for name, identity in found if identity is not None]


def find(identity: UsbIdentity, root: Path = Path("/")) -> str | None:
    """Return the port's name now, `/dev/ttyUSB1`, or None when the adapter is not plugged in.

    Some makers give every adapter the same serial number: then the path decides.
    """
    alike = [
        (name, other)
        for name, other in plugged_in(root)
        if (other.vendor, other.product, other.serial_number, other.interface)
        == (identity.vendor, identity.product, identity.serial_number, identity.interface)
    ]
    if identity.serial_number is None or len(alike) > 1:
        alike = [(name, other) for name, other in alike if other.path == identity.path]
    return f"/dev/{alike[0][0]}" if len(alike) == 1 else None


def matching(usb: str, path: str | None, root: Path = Path("/")) -> list[tuple[str, UsbIdentity]]:
    """Return the ports of adapters `1a86:7523`, of a socket `1-1.2` or interface `1-1.2:1.2`."""
    socket, _, interface = (path or "").partition(":1.")
    return [
        (name, identity)
        for name, identity in plugged_in(root)
        if f"{identity.vendor}:{identity.product}" == usb.lower()
        and (path is None or identity.path == socket)
        and (not interface or identity.interface == int(interface))
    ]


def serial_ports(root: Path = Path("/")) -> list[str]:
    """Return the names of the serial ports of this machine, `/dev/ttyUSB0`, sorted.

    A built-in `ttyS` counts only when its sysfs `type` says that hardware is behind it.
    """
    ports = [
        port
        for pattern in ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS[0-9]*")
        for port in (root / "dev").glob(pattern)
    ]
    return sorted(
        f"/dev/{port.name}"
        for port in ports
        if not port.name.startswith("ttyS")
        or _text(root / "sys/class/tty" / port.name / "type") not in {None, "0"}
    )


def _class_name(tty: str, root: Path) -> str:
    """Return the name in sysfs; a link such as /dev/serial/by-id/... is followed when needed."""
    name = tty.rpartition("/")[2]
    if (root / "sys/class/tty" / name).exists() or not tty.startswith("/"):
        return name
    return (root / tty.lstrip("/")).resolve().name


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _hex(number: str) -> int:
    try:
        return int(number, 16)
    except ValueError:
        return 0
