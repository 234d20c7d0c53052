"""USB units that give no serial port, read from sysfs; see usb.py for what an identity is.

<root>/sys/bus/usb/devices/1-1.2/{idVendor,idProduct,serial,product,busnum,devnum}
"""

from pathlib import Path

from msgspec import Struct

from drivers.detect.usb import UsbIdentity


class UsbUnit(Struct, frozen=True):
    """One plugged in device. bus and address change with every plugging in."""

    identity: UsbIdentity
    bus: int
    address: int
    product: str | None


def usb_units(root: Path = Path("/")) -> list[UsbUnit]:
    """Every device on every bus but the hubs' own roots, by path."""
    places = sorted((root / "sys/bus/usb/devices").glob("[0-9]*-[0-9]*"))
    found = (_unit(place) for place in places if ":" not in place.name)
    return [unit for unit in found if unit is not None]


def matching_units(usb: str, path: str | None, root: Path = Path("/")) -> list[UsbUnit]:
    """Those of the ids `16c0:05da`, in the socket `1-1.2` if one is given."""
    return [
        unit
        for unit in usb_units(root)
        if f"{unit.identity.vendor}:{unit.identity.product}" == usb.lower()
        and path in {None, unit.identity.path}
    ]


def _unit(place: Path) -> UsbUnit | None:
    vendor, product = _text(place / "idVendor"), _text(place / "idProduct")
    bus, address = _text(place / "busnum"), _text(place / "devnum")
    if not (vendor and product and bus and address):
        return None
    identity = UsbIdentity(vendor.lower(), product.lower(), _text(place / "serial"), place.name)
    try:
        return UsbUnit(identity, int(bus), int(address), _text(place / "product"))
    except ValueError:
        return None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None
