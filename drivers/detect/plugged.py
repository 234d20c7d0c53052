"""Everything that is plugged in, by what stays the same: never by the number of a tty.

    <root>/sys/bus/usb/devices/1-1.2           idVendor, idProduct, manufacturer, product, serial
                          '- 1-1.2:1.0         bInterfaceClass; driver -> …/ch341-uart
                               '- ttyUSB0      or tty/ttyACM0
    <root>/sys/class/tty/ttyAMA0, ttyS0        the board's own UARTs

Hubs and what hangs on no port that carries calls (a disk, a keyboard) are left out, unless a
driver knows their ids.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from drivers.detect.usb import UsbIdentity, identity_of, serial_ports
from drivers.detect.usb_units import UsbUnit, usb_units
from drivers.evidence import KnownUnit

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
_GENERIC = "port"
"""The kernel's name for any UART: it tells nothing."""
_PLAIN_HID = ("03", "00")
"""Not a keyboard or a mouse, whose subclass is 01."""

Kind = Literal["serial", "modem", "uart", "known", "hid"]


class Known(Struct, frozen=True):
    """What the named driver knows of a unit by its USB ids."""

    driver: str
    unit: KnownUnit


class Plugged(Struct, frozen=True, kw_only=True):
    """One thing that may bring calls.

    kind: a serial adapter, a modem, a UART of the board itself, a unit that a driver knows by its
    USB ids, or another HID unit. port: its name now, None where it has none. chip: of the adapter.
    """

    kind: Kind
    port: str | None = None
    identity: UsbIdentity | None = None
    manufacturer: str | None = None
    product: str | None = None
    chip: str | None = None
    known: Known | None = None

    @property
    def name(self) -> str:
        """What a technician recognizes it by, which is the same after plugging it in anew."""
        if self.identity is None:
            return self.port or "a port of the board"
        words = " ".join(word for word in (self.manufacturer, self.product) if word)
        parts = (str(self.identity), words, self.identity.serial_number)
        return ", ".join(part for part in parts if part)


def plugged(known: Sequence[Known] = (), root: Path = Path("/")) -> list[Plugged]:
    """Everything below `root` that may bring calls, in the order of the USB sockets."""
    found = [_port(port, known, root) for port in serial_ports(root)]
    taken = {each.identity.path for each in found if each.identity}
    for unit in usb_units(root):
        if unit.identity.path not in taken:
            found += _without_port(unit, known, root)
    return sorted(
        found, key=lambda each: (each.identity is None, str(each.identity), each.port or "")
    )


def _port(port: str, known: Sequence[Known], root: Path) -> Plugged:
    tty = root / "sys/class/tty" / port.rpartition("/")[2] / "device"
    identity = identity_of(port, root)
    if identity is None:
        return Plugged(kind="uart", port=port, chip=_driver(tty))
    place = tty.resolve()
    device = next((each for each in place.parents if each.name == identity.path), place)
    product = _text(device / "product")
    match = _matching(known, identity, product)
    return Plugged(
        kind="known" if match else "modem" if _has_interface(device, _AT_COMMANDS) else "serial",
        port=port,
        identity=identity,
        manufacturer=_text(device / "manufacturer"),
        product=product,
        chip=_chip(identity, tty),
        known=match,
    )


def _without_port(unit: UsbUnit, known: Sequence[Known], root: Path) -> list[Plugged]:
    device = root / "sys/bus/usb/devices" / unit.identity.path
    match = _matching(known, unit.identity, unit.product)
    if match is None and not _has_interface(device, _PLAIN_HID):
        return []
    return [
        Plugged(
            kind="known" if match else "hid",
            identity=unit.identity,
            manufacturer=_text(device / "manufacturer"),
            product=unit.product,
            known=match,
        )
    ]


def _matching(known: Sequence[Known], identity: UsbIdentity, product: str | None) -> Known | None:
    ids = f"{identity.vendor}:{identity.product}"
    fits = (
        each
        for each in known
        if each.unit.usb == ids and re.search(each.unit.product, product or "")
    )
    return next(fits, None)


def _chip(identity: UsbIdentity, tty: Path) -> str | None:
    """By its ids, else by the kernel's driver of the interface."""
    driver = _driver(tty)
    named = None if driver is None else _FAMILIES.get(driver.removesuffix("-uart"), driver)
    return _CHIPS.get((identity.vendor, identity.product), named)


def _driver(tty: Path) -> str | None:
    """The kernel's driver of a port: its own link, or that of the interface above it."""
    place = tty.resolve()
    for folder in (place, place.parent):
        try:
            name = (folder / "driver").readlink().name
        except OSError:
            continue
        return None if name == _GENERIC else name
    return None


def _has_interface(device: Path, wanted: tuple[str, ...]) -> bool:
    """Whether one has this class, and as much more as is asked for."""
    files = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    return any(
        tuple(_text(face / file) for file in files[: len(wanted)]) == wanted
        for face in device.glob(f"{device.name}:*")
    )


def _text(file: Path) -> str | None:
    """A file's text in one line."""
    try:
        return " ".join(file.read_text(encoding="utf-8", errors="replace").split()) or None
    except OSError:
        return None
