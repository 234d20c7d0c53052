"""Which port to open: the adapter seen before, by its USB identity, wins over a tty name.

    seen before and plugged in      its name now
    seen before, not plugged in     the named port if it sits in the same socket (a new adapter in
                                    place of a broken one) or is no USB port; never another adapter
    never seen                      the named port, or the only one that the USB ids match

Everything is read below a root path. These calls block for some milliseconds.
"""

from pathlib import Path

from drivers.detect.usb import UsbIdentity, find, identity_of, matching, serial_ports
from drivers.errors import LinkMissing
from drivers.wire.address import SerialAddress, UsbAddress


def locate(address: SerialAddress | UsbAddress, root: Path, known: UsbIdentity | None) -> str:
    """Return the port's name, `/dev/ttyUSB0`. Raises LinkMissing when it cannot be told."""
    if isinstance(address, UsbAddress):
        if known is not None and f"{known.vendor}:{known.product}" == address.usb:
            return find(known, root) or _by_ids(address, root)
        return _by_ids(address, root)
    if known is None:
        return address.serial
    return find(known, root) or _by_name(address, root, known)


def missing(port: str, root: Path) -> LinkMissing:
    """The error for a port that is not there."""
    return LinkMissing("port-missing", f"{port} is not there; {_what_is_there(root)}")


def _by_ids(address: UsbAddress, root: Path) -> str:
    found = matching(address.usb, address.path, root)
    if len(found) == 1:
        return f"/dev/{found[0][0]}"
    place = f"{address.usb} at {address.path}" if address.path else address.usb
    if not found:
        advice = f"no USB adapter {place} is plugged in; {_what_is_there(root)}"
        raise LinkMissing("port-missing", advice)
    choices = ", ".join(f"{identity.path}:1.{identity.interface}" for _, identity in found)
    advice = f"several ports belong to USB adapter {place}; add path, one of {choices}"
    raise LinkMissing("port-ambiguous", advice)


def _by_name(address: SerialAddress, root: Path, known: UsbIdentity) -> str:
    there = identity_of(address.serial, root)
    if there is None or there.path == known.path:
        return address.serial
    advice = (
        f"the USB adapter {known} is not plugged in, and {address.serial} is another one, {there};"
        " plug it in again, or save this device's link anew"
    )
    raise LinkMissing("port-missing", advice)


def _what_is_there(root: Path) -> str:
    ports = serial_ports(root)
    if not ports:
        return "no serial port is; check that the adapter is plugged in"
    return f"ports found: {', '.join(ports)}; check the adapter, or correct the link"
