"""Serial links on real ptys; sysfs and /dev laid out below a root path."""

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from drivers.detect.usb import UsbIdentity
from drivers.errors import DeviceRefused, LinkBusy, LinkLost, LinkMissing
from drivers.wire.address import SerialAddress, UsbAddress
from drivers.wire.open import open_link
from drivers.wire.player import FarEnd
from drivers.wire.serial_port import SerialLink, open_serial
from drivers.wire.stream import HIGH

LIMIT = 60
HOLDER = """
import sys, serial
port = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def far() -> Iterator[FarEnd]:
    end = FarEnd()
    yield end
    end.close()


@pytest.fixture
async def holder(far: FarEnd) -> AsyncIterator[int]:
    """Another program that holds the port; its pid."""
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, far.port, stdin=pipe, stdout=pipe
    )
    assert program.stdout is not None
    async with asyncio.timeout(LIMIT):
        assert await program.stdout.readline() == b"held\n"
    yield program.pid
    assert program.stdin is not None
    program.stdin.close()
    async with asyncio.timeout(LIMIT):
        assert await program.wait() == 0


async def opened(
    address: SerialAddress | UsbAddress, root: Path = Path("/"), known: UsbIdentity | None = None
) -> SerialLink:
    link = await open_serial(address, root, known)
    assert isinstance(link, SerialLink)
    return link


async def take(link: SerialLink, count: int) -> bytes:
    got = bytearray()
    async with asyncio.timeout(LIMIT):
        while len(got) < count:
            got += await link.read()
    return bytes(got)


async def take_at(far: FarEnd, count: int) -> bytes:
    """What came to the device's end."""
    loop = asyncio.get_running_loop()
    got = bytearray()
    came = asyncio.Event()
    loop.add_reader(far._master, came.set)
    async with asyncio.timeout(LIMIT):
        while len(got) < count:
            await came.wait()
            came.clear()
            with contextlib.suppress(BlockingIOError):  # it was readable a moment ago
                got += os.read(far._master, count - len(got))
    loop.remove_reader(far._master)
    return bytes(got)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110  the kernel tells nobody
            await asyncio.sleep(0.001)


def lay_out(root: Path, tty: str, path: str, port: str, serial_number: str | None = None) -> None:
    """One USB adapter in sysfs, its /dev name leading to a pty."""
    device = root / "sys/devices/usb1" / path
    end = device / f"{path}:1.0" / tty
    (end / "tty" / tty).mkdir(parents=True, exist_ok=True)
    (device / "idVendor").write_text("1a86\n")
    (device / "idProduct").write_text("7523\n")
    if serial_number is not None:
        (device / "serial").write_text(f"{serial_number}\n")
    (end / "tty" / tty / "device").symlink_to("../..")
    for folder, name, target in (
        ("sys/class/tty", tty, end / "tty" / tty),
        ("dev", tty, Path(port)),
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / name).symlink_to(target)


def take_away(root: Path, tty: str) -> None:
    (root / "sys/class/tty" / tty).unlink()
    (root / "dev" / tty).unlink()


async def test_bytes_go_both_ways_under_the_name_with_its_speed(far: FarEnd) -> None:
    link = await open_link(SerialAddress(far.port, 19200))
    assert link.name == f"{far.port} 19200 8N1"
    await far.write(b"\x00\x03\x11\x13\r\n\xff")
    assert isinstance(link, SerialLink)
    assert await take(link, 7) == b"\x00\x03\x11\x13\r\n\xff"
    assert link.bytes_in == 7
    await link.write(b"AT\r\n\x11")
    assert await take_at(far, 5) == b"AT\r\n\x11"
    await link.close()
    await link.close()


async def test_part_of_a_line_is_given_out_as_it_comes(far: FarEnd) -> None:
    link = await opened(SerialAddress(far.port))
    for part in (b"01/0", b"2", b"/07 20:12\r"):
        await far.write(part)
        assert await take(link, len(part)) == part
    await link.close()


async def test_port_settings_leave_every_byte_alone(far: FarEnd) -> None:
    attributes = termios.tcgetattr(far._slave)
    attributes[0] |= termios.BRKINT | termios.IXON | termios.ICRNL
    termios.tcsetattr(far._slave, termios.TCSANOW, attributes)
    link = await opened(SerialAddress(far.port, 19200))
    iflag, oflag, cflag, lflag, _, speed, _ = termios.tcgetattr(far._slave)
    forbidden = termios.BRKINT | termios.IXON | termios.IXOFF | termios.ICRNL | termios.ISTRIP
    assert iflag & forbidden == 0
    assert oflag & termios.OPOST == 0
    assert lflag & (termios.ICANON | termios.ECHO | termios.ISIG) == 0
    assert cflag & termios.CRTSCTS == 0
    assert speed == termios.B19200
    await link.close()


async def test_held_port_is_told_with_the_program_that_holds_it(far: FarEnd, holder: int) -> None:
    with pytest.raises(LinkBusy) as caught:
        await open_serial(SerialAddress(far.port))
    assert caught.value.code == "port-busy"
    advice = caught.value.advice
    assert advice.startswith(f"{far.port} is held by ")
    assert f"(pid {holder})" in advice
    assert advice.endswith("end that program")
    assert "\n" not in advice


async def test_second_device_on_one_port_is_told_until_the_first_lets_go(far: FarEnd) -> None:
    first = await opened(SerialAddress(far.port))
    with pytest.raises(LinkBusy, match="another device of this site"):
        await open_serial(SerialAddress(far.port))
    await far.write(b"still here")
    assert await take(first, 10) == b"still here"
    await first.close()
    second = await opened(SerialAddress(far.port))
    await second.close()


async def test_missing_port_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(LinkMissing, match="no serial port is") as caught:
        await open_serial(SerialAddress("/dev/ttyUSB0"), tmp_path)
    assert caught.value.advice.startswith("/dev/ttyUSB0 is not there")
    (tmp_path / "dev").mkdir()
    for name in ("ttyUSB1", "ttyACM0", "null"):
        (tmp_path / "dev" / name).touch()
    with pytest.raises(LinkMissing, match="ports found: /dev/ttyACM0, /dev/ttyUSB1") as caught:
        await open_serial(SerialAddress("/dev/ttyUSB0"), tmp_path)
    assert caught.value.code == "port-missing"


async def test_what_is_no_serial_port_is_told(tmp_path: Path) -> None:
    with pytest.raises(LinkMissing, match="/dev/null is no serial port"):
        await open_serial(SerialAddress("/dev/null"))
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/ttyUSB0").touch()
    with pytest.raises(LinkMissing, match="/dev/ttyUSB0 is no serial port"):
        await open_serial(SerialAddress("/dev/ttyUSB0"), tmp_path)


async def test_a_folder_is_no_serial_port(tmp_path: Path) -> None:
    with pytest.raises(LinkMissing, match="is no serial port") as caught:
        await open_serial(SerialAddress(str(tmp_path)))
    assert caught.value.code == "port-wrong"


async def test_denied_port_is_told_with_the_group(far: FarEnd) -> None:
    """Root may open everything, so it becomes nobody for a moment."""
    os.chmod(far.port, 0)  # noqa: PTH101
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        with pytest.raises(DeviceRefused, match="group dialout") as caught:
            await open_serial(SerialAddress(far.port))
    finally:
        if user == 0:
            os.seteuid(0)
    assert caught.value.code == "port-denied"


async def test_unplugging_is_told_after_the_last_bytes(far: FarEnd) -> None:
    link = await opened(SerialAddress(far.port))
    await far.write(b"last words")
    assert await take(link, 4) == b"last words"
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        reading = group.create_task(read_lost(link))
        await asyncio.sleep(0)
        far.close()
    assert reading.result().advice.startswith(f"{far.port} is gone")
    with pytest.raises(LinkLost):
        await link.write(b"anyone?")
    await link.close()


async def test_seven_bits_with_parity_are_checked_and_cleared(far: FarEnd) -> None:
    link = await opened(SerialAddress(far.port, 9600, "7E1"))
    assert link.name == f"{far.port} 9600 7E1"
    assert termios.tcgetattr(far._slave)[2] & termios.PARENB == 0
    await far.write(b"A\xc3A\xc3")
    assert await take(link, 4) == b"ACAC"
    assert link.parity_errors == 0
    await far.write(b"\xc1C")
    assert await take(link, 2) == b"AC"
    assert link.parity_errors == 2
    await link.write(b"AC")
    assert await take_at(far, 2) == b"A\xc3"
    await link.close()


@pytest.mark.parametrize("line_format", ["7N1", "8E1", "8O2", "8M1", "7S2"])
async def test_other_formats_open_too(far: FarEnd, line_format: str) -> None:
    link = await opened(SerialAddress(far.port, 1200, line_format))
    await far.write(b"A")
    assert await take(link, 1) == b"A"
    await link.close()


async def test_slow_reader_is_bounded_and_loses_nothing(far: FarEnd) -> None:
    link = await opened(SerialAddress(far.port))
    data = bytes(range(256)) * 4096
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        writing = group.create_task(far.write(data))
        await until(lambda: link._stream._paused)  # nobody reads, so it must come to this
        assert len(link._stream._buffer) <= HIGH + 1024
        assert not writing.done()
        assert await take(link, len(data)) == data
    await link.close()


async def test_slow_device_is_waited_for_and_gets_every_byte(far: FarEnd) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    link = await opened(SerialAddress(far.port))
    data = bytes(range(256)) * 1024
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        writing = group.create_task(link.write(data))
        assert await take_at(far, len(data) // 2) == data[: len(data) // 2]
        assert not writing.done()
        assert await take_at(far, len(data) // 2) == data[len(data) // 2 :]
    await link.write(b"next")
    assert await take_at(far, 4) == b"next"
    await link.close()
    assert faults == []


async def test_device_that_takes_nothing_is_told(
    far: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.wire.stream.WRITE_SECONDS", 0.2)
    link = await opened(SerialAddress(far.port))
    os.set_blocking(far._slave, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(far._slave, bytes(4096))
    with pytest.raises(LinkLost, match="takes no bytes"):
        await link.write(bytes(1 << 16))  # more than room can appear for
    await link.close()


@pytest.mark.parametrize("serial_number", ["A7", None])
async def test_port_that_comes_back_under_another_name_is_found(
    tmp_path: Path, far: FarEnd, serial_number: str | None
) -> None:
    lay_out(tmp_path, "ttyUSB0", "1-1.2", far.port, serial_number)
    address = SerialAddress("/dev/ttyUSB0", 9600)
    link = await opened(address, tmp_path)
    known = link.identity
    assert known == UsbIdentity("1a86", "7523", serial_number, "1-1.2")
    far.close()
    with pytest.raises(LinkLost):
        await take(link, 1)
    await link.close()
    take_away(tmp_path, "ttyUSB0")
    with pytest.raises(LinkMissing):
        await open_serial(address, tmp_path, known)

    back, stranger = FarEnd(), FarEnd()
    lay_out(tmp_path, "ttyUSB0", "1-1.4", stranger.port, None)
    lay_out(tmp_path, "ttyUSB1", "1-1.2", back.port, serial_number)
    again = await opened(address, tmp_path, known)
    assert again.name == "/dev/ttyUSB1 9600 8N1"
    assert again.identity == known
    await stranger.write(b"not this one")
    await back.write(b"back")
    assert await take(again, 4) == b"back"
    await again.close()
    back.close()
    stranger.close()


async def test_another_adapter_under_the_old_name_is_not_read(tmp_path: Path, far: FarEnd) -> None:
    lay_out(tmp_path, "ttyUSB0", "1-1.4", far.port, "B8")
    known = UsbIdentity("1a86", "7523", "A7", "1-1.2")
    with pytest.raises(LinkMissing, match=r"1a86:7523 at 1-1.2 is not plugged in"):
        await open_serial(SerialAddress("/dev/ttyUSB0"), tmp_path, known)


async def test_new_adapter_in_the_socket_of_a_broken_one_is_read(
    tmp_path: Path, far: FarEnd
) -> None:
    lay_out(tmp_path, "ttyUSB0", "1-1.2", far.port, "B8")
    known = UsbIdentity("1a86", "7523", "A7", "1-1.2")
    link = await opened(SerialAddress("/dev/ttyUSB0"), tmp_path, known)
    assert link.identity == UsbIdentity("1a86", "7523", "B8", "1-1.2")
    await link.close()


async def test_usb_address_finds_its_port_and_asks_where_two_are_alike(
    tmp_path: Path, far: FarEnd
) -> None:
    with pytest.raises(LinkMissing, match="no USB adapter 1a86:7523 is plugged in"):
        await open_serial(UsbAddress("1a86:7523"), tmp_path)
    lay_out(tmp_path, "ttyUSB5", "1-1.2", far.port)
    link = await opened(UsbAddress("1a86:7523"), tmp_path)
    assert link.name == "/dev/ttyUSB5 9600 8N1"
    await link.close()

    lay_out(tmp_path, "ttyUSB6", "1-1.4", far.port)
    with pytest.raises(LinkMissing, match=r"one of 1-1\.2:1\.0, 1-1\.4:1\.0"):
        await open_serial(UsbAddress("1a86:7523"), tmp_path)
    link = await opened(UsbAddress("1a86:7523", "1-1.4:1.0"), tmp_path)
    assert link.name == "/dev/ttyUSB6 9600 8N1"
    await link.close()


async def read_lost(link: SerialLink) -> LinkLost:
    with pytest.raises(LinkLost) as caught:
        await link.read()
    return caught.value
