r"""A USB unit that speaks in HID reports, read through pyusb.

    unit ──report 01 08 07 00──▶ thread ──▶ "01080700\n" ──▶ read

Each report becomes a line of hex digits, so that captures show it and any cut of the bytes can be
put together again; what its bytes mean is the profile's. A thread asks without a pause, because a
unit forgets a report that nobody fetched. The kernel's own HID driver is asked to let go, and gets
the unit back at the end. Nothing is ever written to a unit.
"""

import asyncio
import errno
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import usb.core
import usb.util
from usb.backend import IBackend

from drivers.contract import Link
from drivers.detect.usb import UsbIdentity
from drivers.detect.usb_units import UsbUnit, matching_units
from drivers.errors import DeviceError, DeviceRefused, LinkBusy, LinkLost, LinkMissing
from drivers.wire.address import HidAddress

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 5.0
MOST_WAITING = 1000
"""Reports; beyond them the oldest is dropped."""
_ASK_MILLISECONDS = 250
_HID = 3
_INTERRUPT = 3
_LONGEST_REPORT = 64


class HidLink:
    """A Link over one interface. identity: see SerialLink."""

    def __init__(self, name: str, identity: UsbIdentity, taken: "_Taken") -> None:
        self.name = name
        self.identity = identity
        self._taken = taken
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._gone = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=name, daemon=True)
        self._thread.start()

    async def read(self) -> bytes:
        """Wait for reports. Raises LinkLost when the unit was pulled out."""
        while not self._waiting:
            if self._gone or self._stop.is_set():
                advice = f"{self.name} is gone; see whether the unit is plugged in"
                raise LinkLost("link-lost", advice)
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data

    async def write(self, data: bytes) -> None:
        """Nothing is sent to a unit: see Link.write."""
        raise LinkLost("link-deaf", f"{self.name} only listens; {len(data)} bytes were not sent")

    async def close(self) -> None:
        """Give the unit back to the kernel; harmless twice."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._news.set()
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._thread.join(CLOSE_SECONDS)
        self._taken.give_back()

    def _listen(self) -> None:
        """In the thread: reports until the unit is gone or the link is closed."""
        while not self._stop.is_set():
            try:
                report = self._taken.report()
            except usb.core.USBTimeoutError:
                continue
            except usb.core.USBError:
                self._tell(None)
                return
            if report:
                self._tell(report.hex().encode() + b"\n")

    def _tell(self, line: bytes | None) -> None:
        with suppress(RuntimeError):  # the loop ended before us
            self._loop.call_soon_threadsafe(self._take, line)

    def _take(self, line: bytes | None) -> None:
        if line is None:
            self._gone = True
        else:
            self._waiting.append(line)
        self._news.set()


class _Taken:
    """A unit that is ours alone: its device, interface, and where reports come from."""

    def __init__(self, device: Any, interface: int, endpoint: Any, *, reattach: bool) -> None:  # noqa: ANN401 - pyusb has no types
        self._device = device
        self._interface = interface
        self._endpoint = endpoint
        self._reattach = reattach
        packet = endpoint.wMaxPacketSize or _LONGEST_REPORT
        self._size = -(-_LONGEST_REPORT // packet) * packet

    def report(self) -> bytes:
        """The next one. Raises USBTimeoutError where none came, USBError where the unit is gone."""
        address = self._endpoint.bEndpointAddress
        return bytes(self._device.read(address, self._size, _ASK_MILLISECONDS))

    def give_back(self) -> None:
        with suppress(usb.core.USBError):
            usb.util.release_interface(self._device, self._interface)
        if self._reattach:
            with suppress(usb.core.USBError, NotImplementedError):
                self._device.attach_kernel_driver(self._interface)
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)


async def open_hid(
    address: HidAddress,
    root: Path = Path("/"),
    known: UsbIdentity | None = None,
    backend: IBackend | None = None,
) -> Link:
    """Take the unit. Raises LinkMissing, LinkBusy, DeviceRefused."""
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            unit = await asyncio.to_thread(_locate, address, root, known)
            taken = await asyncio.to_thread(_take, unit, backend)
    except TimeoutError:
        advice = f"{address.hid} does not open within {OPEN_SECONDS:.0f} s; unplug it and wait"
        raise LinkMissing("unit-stuck", advice) from None
    return HidLink(f"USB unit {unit.identity}", unit.identity, taken)


def _locate(address: HidAddress, root: Path, known: UsbIdentity | None) -> UsbUnit:
    """The unit of the settings; among several alike the one that was served before."""
    found = matching_units(address.hid, address.path, root)
    if len(found) > 1 and known is not None:
        found = [unit for unit in found if unit.identity == known] or found
    if len(found) == 1:
        return found[0]
    place = f"{address.hid} at {address.path}" if address.path else address.hid
    if not found:
        raise LinkMissing("unit-missing", f"no USB unit {place} is plugged in; check its cable")
    sockets = ", ".join(unit.identity.path for unit in found)
    raise LinkMissing("unit-ambiguous", f"several units are {place}; add path, one of {sockets}")


def _take(unit: UsbUnit, backend: IBackend | None) -> _Taken:
    try:
        device = usb.core.find(backend=backend, bus=unit.bus, address=unit.address)
    except usb.core.NoBackendError:
        advice = "the library libusb is not installed; install the package libusb-1.0-0"
        raise DeviceRefused("usb-library", advice) from None
    if device is None:
        raise LinkMissing("unit-missing", f"the USB unit {unit.identity} was just pulled out")
    try:
        return _claimed(device)
    except usb.core.USBError as error:
        usb.util.dispose_resources(device)
        raise _failed(unit, error) from None


def _claimed(device: Any) -> _Taken:  # noqa: ANN401 - pyusb has no types
    for configuration in device:
        for interface in configuration:
            endpoint = usb.util.find_descriptor(interface, custom_match=_gives_reports)
            if interface.bInterfaceClass == _HID and endpoint is not None:
                number = interface.bInterfaceNumber
                held = device.is_kernel_driver_active(number)
                if held:
                    device.detach_kernel_driver(number)
                usb.util.claim_interface(device, number)
                return _Taken(device, number, endpoint, reattach=held)
    raise usb.core.USBError("no HID interface", errno=errno.ENXIO)


def _gives_reports(endpoint: Any) -> bool:  # noqa: ANN401 - pyusb has no types
    inward = usb.util.endpoint_direction(endpoint.bEndpointAddress) == usb.util.ENDPOINT_IN
    return bool(inward and usb.util.endpoint_type(endpoint.bmAttributes) == _INTERRUPT)


def _failed(unit: UsbUnit, error: Any) -> DeviceError:  # noqa: ANN401 - pyusb has no types
    name = str(unit.identity)
    if error.errno == errno.EACCES:
        ids = unit.identity
        rule = (
            f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{ids.vendor}",'
            f' ATTR{{idProduct}}=="{ids.product}", GROUP="dialout", MODE="0660"'
        )
        advice = (
            f"the USB unit {name} may not be opened; write this line into"
            f" /etc/udev/rules.d/60-payvand.rules and plug the unit in again: {rule}"
        )
        return DeviceRefused("unit-denied", advice)
    if error.errno == errno.EBUSY:
        return LinkBusy("unit-busy", f"another program holds the USB unit {name}; end it")
    if error.errno == errno.ENXIO:
        return LinkMissing("unit-wrong", f"the USB unit {name} is no HID unit; correct the link")
    return LinkMissing("unit-failed", f"the USB unit {name} cannot be opened ({error}); replug it")
