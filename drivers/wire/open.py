"""Any link by its address: the one call that the supervisor needs."""

from pathlib import Path

from drivers.contract import Link
from drivers.detect.usb import UsbIdentity
from drivers.wire.address import HidAddress, LinkAddress, TcpAddress, UdpAddress
from drivers.wire.tcp import open_tcp


async def open_link(
    address: LinkAddress, root: Path = Path("/"), known: UsbIdentity | None = None
) -> Link:
    """Open the link. `known` is the USB identity that the link had when it was open before.

    Raises LinkMissing, LinkBusy, DeviceRefused.
    """
    if isinstance(address, TcpAddress):
        return await open_tcp(address)
    if isinstance(address, UdpAddress):
        from drivers.wire.udp import open_udp

        return await open_udp(address)
    if isinstance(address, HidAddress):
        from drivers.wire.hid import open_hid

        return await open_hid(address, root, known)
    from drivers.wire.serial_port import open_serial

    return await open_serial(address, root, known)
