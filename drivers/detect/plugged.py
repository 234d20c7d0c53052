"""Everything that is plugged in, by what stays the same: never by the number of a tty.

    <root>/sys/bus/usb/devices/1-1.2           idVendor, idProduct, manufacturer, product, serial
                          '- 1-1.2:1.0         bInterfaceClass; driver -> …/ch341-uart
                               '- ttyUSB0      or tty/ttyACM0
    <root>/sys/class/tty/ttyAMA0, ttyS0        the board's own UARTs

Hubs and what hangs on no port that carries calls (a disk, a keyboard) are left out, unless a
driver knows their ids.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from drivers.detect.usb import UsbIdentity, identity_of, serial_ports

_CHIPS = {
    ("0403", "6001"): "FTDI FT232R",
    ("0403", "6010"): "FTDI FT2232",
    ("0403", "6011"): "FTDI FT4232",
    ("0403", "6014"): "FTDI FT232H",
    ("0403", "6015"): "FTDI FT-X",
    ("067b", "2303"): "Prolific PL2303",
    ("067b", "23a3"): "Prolific PL2303GC",
    ("10c4", "ea60"): "Silicon Labs CP210x",
    ("10c4", "ea70"): "Silicon Labs CP2105",
    ("10c4", "ea71"): "Silicon Labs CP2108",
    ("1a86", "5523"): "WCH CH341",
    ("1a86", "55d4"): "WCH CH9102",
    ("1a86", "7523"): "WCH CH340",
}
_FAMILIES = {
    "ch341": "WCH CH340/CH341",
    "cp210x": "Silicon Labs CP210x",
    "ftdi_sio": "FTDI",
    "pl2303": "Prolific PL2303",
    "cdc_acm": "USB serial of its own (CDC-ACM)",
}
"""By the kernel's driver, where the ids are none of those above."""
_AT_COMMANDS = ("02", "02", "01")
"""Class, subclass and protocol by which a modem says what it is (USB CDC 1.2, PSTN subclass)."""

Kind = Literal["serial", "modem", "uart", "known", "hid"]


class Unit(Struct, frozen=True, kw_only=True):
    """A USB device that one driver knows by its ids, and how it is to be set up.

    product: the beginning of its product string, where others share its ids.
    """

    vendor: str
    product_id: str
    product: str = ""
    driver: str
    title: str
    settings: dict[str, str] = {}


class Plugged(Struct, frozen=True, kw_only=True):
    """One thing that may bring calls.

    kind: a serial adapter, a modem, a UART of the board itself, a unit that a driver knows by its
    USB ids, or another HID unit. port: its name now, None where it has none. chip: of the adapter.
    unit: what a driver knows of it.
    """

    kind: Kind
    port: str | None = None
    identity: UsbIdentity | None = None
    manufacturer: str | None = None
    product: str | None = None
    chip: str | None = None
    unit: Unit | None = None

    @property
    def name(self) -> str:
        """What a technician recognizes it by, which is the same after plugging it in anew."""
        if self.identity is None:
            return self.port or "a port of the board"
        words = " ".join(word for word in (self.manufacturer, self.product) if word)
        number = self.identity.serial_number
        return (
            f"{self.identity}" + (f", {words}" if words else "") + (f", {number}" if number else "")
        )


def plugged(units: Sequence[Unit] = (), root: Path = Path("/")) -> list[Plugged]:
    """Everything below `root` that may bring calls, in the order of the USB sockets."""
    ports = serial_ports(root)
    found = [_port(port, units, root) for port in ports]
    taken = {each.identity.path for each in found if each.identity}
    devices = (root / "sys/bus/usb/devices").glob("[0-9]*-*[0-9]")
    for device in sorted(devices):
        if ":" not in device.name and device.name not in taken:
            found += _without_port(device, units)
    return sorted(found, key=lambda each: (each.identity is None, str(each.identity), each.port))


def _port(port: str, units: Sequence[Unit], root: Path) -> Plugged:
    identity = identity_of(port, root)
    if identity is None:
        return Plugged(kind="uart", port=port, chip=_text(_tty(port, root) / "driver", link=True))
    device = _device(_tty(port, root), identity.path)
    product = _text(device / "product")
    unit = _unit(units, identity, product)
    return Plugged(
        kind="known" if unit else "modem" if _is_modem(device) else "serial",
        port=port,
        identity=identity,
        manufacturer=_text(device / "manufacturer"),
        product=product,
        chip=_chip(identity, _tty(port, root)),
        unit=unit,
    )


def _without_port(device: Path, units: Sequence[Unit]) -> list[Plugged]:
    vendor, product_id = _text(device / "idVendor"), _text(device / "idProduct")
    if vendor is None or product_id is None:
        return []
    identity = UsbIdentity(
        vendor.lower(), product_id.lower(), _text(device / "serial"), device.name
    )
    product = _text(device / "product")
    unit = _unit(units, identity, product)
    hid = any(_classes(device, ("03", "00")))
    if unit is None and not hid:
        return []
    kind: Kind = "known" if unit else "hid"
    maker = _text(device / "manufacturer")
    return [Plugged(kind=kind, identity=identity, manufacturer=maker, product=product, unit=unit)]


def _unit(units: Sequence[Unit], identity: UsbIdentity, product: str | None) -> Unit | None:
    return next(
        (
            unit
            for unit in units
            if (unit.vendor, unit.product_id) == (identity.vendor, identity.product)
            and (product or "").startswith(unit.product)
        ),
        None,
    )


def _chip(identity: UsbIdentity, tty: Path) -> str | None:
    """By its ids, else by the kernel's driver of the interface."""
    if chip := _CHIPS.get((identity.vendor, identity.product)):
        return chip
    place = tty.resolve()
    for folder in (place, *place.parents[:3]):
        if driver := _text(folder / "driver", link=True):
            name = driver.removesuffix("-uart")
            return _FAMILIES.get(name, _FAMILIES.get(driver, driver))
    return None


def _is_modem(device: Path) -> bool:
    return any(_classes(device, _AT_COMMANDS))


def _classes(device: Path, wanted: tuple[str, ...]) -> list[Path]:
    """The interfaces whose class, and as much more as is asked for, is this."""
    files = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    return [
        face
        for face in device.glob(f"{device.name}:*")
        if tuple(_text(face / file) for file in files[: len(wanted)]) == wanted
    ]


def _tty(port: str, root: Path) -> Path:
    return root / "sys/class/tty" / port.rpartition("/")[2] / "device"


def _device(tty: Path, path: str) -> Path:
    place = tty.resolve()
    return next((folder for folder in place.parents if folder.name == path), place)


def _text(file: Path, *, link: bool = False) -> str | None:
    """A file's text in one line; of a link, the name that it leads to."""
    try:
        if link:
            return file.readlink().name
        return " ".join(file.read_text(encoding="utf-8", errors="replace").split()) or None
    except OSError:
        return None
