"""A simulated USB bus with HID units: a backend of pyusb, and the same units in a sysfs of its own.

    bus.plug("1-1.2") ─▶ <root>/sys/bus/usb/devices/1-1.2/…     unit.send(report) ─▶ pyusb reads it
    bus.unplug("1-1.2")      the reader gets ENODEV, and each plugging in gives a new address

Reports wait until they are fetched. The kernel's driver holds an interface until somebody
detaches it.
"""

import errno
import queue
import shutil
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

_MOST_REPORTS = 1000


@dataclass(eq=False)
class SimulatedUnit:
    """One unit. denied: its permissions keep us out. held: the kernel's driver has it."""

    path: str
    vendor: int
    product: int
    address: int
    denied: bool = False
    held: bool = True
    claimed: bool = False
    plugged: bool = True
    hid: bool = True
    reports: "queue.Queue[bytes]" = field(default_factory=lambda: queue.Queue(_MOST_REPORTS))

    def send(self, report: bytes) -> None:
        self.reports.put_nowait(report)

    @property
    def port_numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.path.partition("-")[2].split("."))


class SimulatedUsb(IBackend):  # type: ignore[misc] # pyusb has no types
    """The bus. root: where its sysfs is laid out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._units: dict[str, SimulatedUnit] = {}
        self._address = 0

    def plug(
        self, path: str, vendor: int = 0x16C0, product: int = 0x05DA, serial: str | None = None
    ) -> SimulatedUnit:
        """Put a unit into a socket."""
        self._address += 1
        unit = SimulatedUnit(path, vendor, product, self._address)
        place = self.root / "sys/bus/usb/devices" / path
        place.mkdir(parents=True)
        texts = {
            "idVendor": f"{vendor:04x}",
            "idProduct": f"{product:04x}",
            "busnum": path.partition("-")[0],
            "devnum": str(unit.address),
            "product": "Caller ID",
        }
        for name, text in (texts | ({"serial": serial} if serial else {})).items():
            (place / name).write_text(f"{text}\n")
        self._units[path] = unit
        return unit

    def unplug(self, path: str) -> None:
        """Pull it out, whatever it was doing."""
        self._units.pop(path).plugged = False
        shutil.rmtree(self.root / "sys/bus/usb/devices" / path)

    # --- what pyusb asks ----------------------------------------------------------------------

    def enumerate_devices(self) -> list[SimulatedUnit]:
        return list(self._units.values())

    def get_parent(self, dev: SimulatedUnit) -> None:
        """No hubs here."""

    def get_device_descriptor(self, dev: SimulatedUnit) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=8,
            idVendor=dev.vendor,
            idProduct=dev.product,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            bus=int(dev.path.partition("-")[0]),
            address=dev.address,
            speed=1,
            port_number=dev.port_numbers[-1],
            port_numbers=dev.port_numbers,
        )

    def get_configuration_descriptor(self, dev: SimulatedUnit, config: int) -> SimpleNamespace:
        _only(config)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=34,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(
        self, dev: SimulatedUnit, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        _only(intf, alt, config)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=1,
            bInterfaceClass=3 if dev.hid else 0xFF,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(
        self, dev: SimulatedUnit, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        _only(ep, intf, alt, config)
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=0x81,
            bmAttributes=3,
            wMaxPacketSize=8,
            bInterval=10,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: SimulatedUnit) -> SimulatedUnit:
        if dev.denied:
            raise USBError("Access denied", errno=errno.EACCES)
        return dev

    def close_device(self, dev_handle: SimulatedUnit) -> None:
        """Nothing to free."""

    def get_configuration(self, dev_handle: SimulatedUnit) -> int:
        return 1

    def claim_interface(self, dev_handle: SimulatedUnit, intf: int) -> None:
        if dev_handle.held or dev_handle.claimed:
            raise USBError("Resource busy", errno=errno.EBUSY)
        dev_handle.claimed = True

    def release_interface(self, dev_handle: SimulatedUnit, intf: int) -> None:
        dev_handle.claimed = False

    def is_kernel_driver_active(self, dev_handle: SimulatedUnit, intf: int) -> bool:
        return dev_handle.held

    def detach_kernel_driver(self, dev_handle: SimulatedUnit, intf: int) -> None:
        dev_handle.held = False

    def attach_kernel_driver(self, dev_handle: SimulatedUnit, intf: int) -> None:
        dev_handle.held = True

    def intr_read(
        self, dev_handle: SimulatedUnit, ep: int, intf: int, buff: "array[int]", timeout: int
    ) -> int:
        if not dev_handle.plugged:
            raise USBError("No such device", errno=errno.ENODEV)
        try:
            report = dev_handle.reports.get(timeout=timeout / 1000)
        except queue.Empty:
            if not dev_handle.plugged:
                raise USBError("No such device", errno=errno.ENODEV) from None
            raise USBTimeoutError("Operation timed out", errno=errno.ETIMEDOUT) from None
        report = report[: len(buff)]
        buff[: len(report)] = array("B", report)
        return len(report)


def _only(*indexes: int) -> None:
    """There is one of each."""
    if any(indexes):
        raise IndexError
