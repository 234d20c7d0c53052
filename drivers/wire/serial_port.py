"""A device behind a serial port.

    pyserial opens, locks and sets the port ──▶ transport ──▶ Stream ──▶ seven bits ──▶ driver

Only one program may read a line, or both get half of it: the port is locked (flock) and, where it
is no pty, closed to later openers (TIOCEXCL). DTR and RTS are raised, so that an exchange with
hardware handshake sends, and lowered only where the link's `hold` says so.
"""

import asyncio
import fcntl
import os
import termios
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import serial
from serial_asyncio_fast import SerialTransport

from drivers.contract import Link
from drivers.detect.usb import UsbIdentity, identity_of
from drivers.errors import LinkMissing
from drivers.wire.address import SerialAddress, UsbAddress
from drivers.wire.hold import Hold
from drivers.wire.locate import locate
from drivers.wire.parity import Parity, SevenBits
from drivers.wire.port_errors import not_opened
from drivers.wire.stream import Stream

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OPEN_SECONDS = 10.0
_PTY_MAJORS = range(136, 144)


class SerialLink:
    """A Link over a serial port.

    identity: the USB adapter it was opened on, to be kept and given again as `known`.
    parity_errors: bytes of a seven bit line that came with wrong parity; they are passed on.
    inputs: asks which of `cts`, `dsr` and `cd` the far end raises, None where the port has none.
    """

    def __init__(
        self,
        stream: Stream,
        identity: UsbIdentity | None,
        seven_bits: SevenBits | None,
        inputs: Callable[[], frozenset[str] | None] = lambda: None,
    ) -> None:
        self.name = stream.name
        self.inputs = inputs
        self.identity = identity
        self.parity_errors = 0
        self._stream = stream
        self._seven_bits = seven_bits

    @property
    def bytes_in(self) -> int:
        """Bytes read since it was opened."""
        return self._stream.bytes_in

    async def read(self) -> bytes:
        """Wait for bytes, at least one. Raises LinkLost when the port is gone."""
        data = await self._stream.read()
        if self._seven_bits is None:
            return data
        data, wrong = self._seven_bits.received(data)
        self.parity_errors += wrong
        return data

    async def write(self, data: bytes) -> None:
        """Send. Raises LinkLost."""
        await self._stream.write(self._seven_bits.to_send(data) if self._seven_bits else data)

    async def close(self) -> None:
        """Give the port back; harmless twice."""
        await self._stream.close()


async def open_serial(
    address: SerialAddress | UsbAddress,
    root: Path = Path("/"),
    known: UsbIdentity | None = None,
) -> Link:
    """Open a port below `root`, exclusively; of `known`, the adapter seen before, its port now.

    Raises LinkMissing, LinkBusy, and DeviceRefused when its permissions keep us out.
    """
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            port, tty, identity = await asyncio.to_thread(_open, address, root, known)
    except TimeoutError:
        advice = f"the port does not open within {OPEN_SECONDS:.0f} s; unplug the adapter and wait"
        raise LinkMissing("port-stuck", advice) from None
    name = f"{tty} {address.baud} {address.format}"
    stream = Stream(name, lambda _: f"{tty} is gone; see whether its adapter is plugged in")
    transport = _Transport(asyncio.get_running_loop(), stream, port)
    stream.connection_made(transport)  # the loop does so too, but only in its next round
    seven_bits = _seven_bits(address.format)
    if address.hold:
        stream.hold = Hold(port, address.hold, partial(_send, transport, seven_bits))
    return SerialLink(stream, identity, seven_bits, partial(_inputs, port))


def _inputs(port: "_Port") -> frozenset[str] | None:
    try:
        return frozenset(name for name in ("cts", "dsr", "cd") if getattr(port, name))
    except (OSError, TypeError):  # a pty, or an adapter pulled out
        return None


def _send(transport: SerialTransport, seven_bits: SevenBits | None, data: bytes) -> None:
    transport.write(seven_bits.to_send(data) if seven_bits else data)


class _Port(serial.Serial):
    def write(self, data: "ReadableBuffer") -> int:
        """Write what the kernel takes. The original spins in place while the kernel takes none."""
        return os.write(self.fileno(), data)

    def _reconfigure_port(self, force_update: bool = False) -> None:  # noqa: FBT001, FBT002
        """Set the line once, at opening. The original does it again for every time limit set."""
        if force_update:
            super()._reconfigure_port(force_update)  # type: ignore[misc]


class _Transport(SerialTransport):
    def _write_ready(self) -> None:
        """Write what waits. The original goes on asking for more when all is written."""
        super()._write_ready()
        if not self.get_write_buffer_size():
            self._remove_writer()


def _open(
    address: SerialAddress | UsbAddress, root: Path, known: UsbIdentity | None
) -> tuple[_Port, str, UsbIdentity | None]:
    tty = locate(address, root, known)
    place = root / tty.lstrip("/")
    try:
        port = _port(str(place), address)
    except (OSError, termios.error) as error:
        raise not_opened(error, tty, f"{address.baud} {address.format}", root) from None
    return port, tty, identity_of(tty, root)


def _port(place: str, address: SerialAddress | UsbAddress) -> _Port:
    """Open, lock and set the port, or leave it closed. pyserial's own errors are OSErrors."""
    data_bits, parity, stop_bits = tuple(address.format)
    by_us = _seven_bits(address.format) is not None
    port = _Port(
        place,
        baudrate=address.baud,
        bytesize=8 if by_us else int(data_bits),
        parity="N" if by_us else parity,
        stopbits=int(stop_bits),
        timeout=0,
        write_timeout=0,
        exclusive=True,
    )
    try:
        _settle(port.fileno())
    except BaseException:
        port.close()
        raise
    return port


def _seven_bits(line_format: str) -> SevenBits | None:
    """Return the parity rule that we check ourselves, or None where the port does all."""
    if line_format[0] == "8" or line_format[1] == "N":
        return None
    return SevenBits.of(cast("Parity", line_format[1]))


def _settle(handle: int) -> None:
    """Do what pyserial leaves undone: a break must not flush what came before it."""
    attributes = termios.tcgetattr(handle)
    attributes[0] &= ~termios.BRKINT
    termios.tcsetattr(handle, termios.TCSANOW, attributes)
    if os.major(os.fstat(handle).st_rdev) not in _PTY_MAJORS:  # a pty would stay closed for good
        fcntl.ioctl(handle, termios.TIOCEXCL)
