"""The link table of site.toml: the three forms, and every problem at once."""

import tomllib

import pytest

from drivers.wire.address import (
    AddressError,
    LinkAddress,
    SerialAddress,
    TcpAddress,
    UsbAddress,
    check_link,
    link_address,
)


def table(text: str) -> dict[str, object]:
    link = tomllib.loads(f"link = {text}")["link"]
    assert isinstance(link, dict)
    return link


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            '{ serial = "/dev/ttyUSB0", baud = 19200, format = "7e1" }',
            SerialAddress("/dev/ttyUSB0", 19200, "7E1"),
        ),
        ('{ serial = "/dev/ttyS0" }', SerialAddress("/dev/ttyS0", 9600, "8N1")),
        ('{ tcp = "192.168.1.20:2300" }', TcpAddress("192.168.1.20", 2300)),
        ('{ tcp = "pbx-1.branch:23000" }', TcpAddress("pbx-1.branch", 23000)),
        ('{ tcp = "[fd00::20]:2300" }', TcpAddress("fd00::20", 2300)),
        (
            '{ usb = "1A86:7523", path = "1-1.2", baud = 115200 }',
            UsbAddress("1a86:7523", "1-1.2", 115200, "8N1"),
        ),
        ('{ usb = "1a86:7523" }', UsbAddress("1a86:7523", None, 9600, "8N1")),
    ],
)
def test_three_forms_are_read(text: str, address: LinkAddress) -> None:
    assert check_link(table(text)) == []
    assert link_address(table(text)) == address


@pytest.mark.parametrize("parity", "NEOMS")
@pytest.mark.parametrize("bits", ["7", "8"])
@pytest.mark.parametrize("stop", ["1", "2"])
def test_every_line_format_of_a_uart_is_accepted(bits: str, parity: str, stop: str) -> None:
    assert check_link({"serial": "/dev/ttyUSB0", "format": bits + parity + stop}) == []


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("{}", "link", "serial, tcp, usb, udp or hid"),
        ('{ serial = "ttyUSB0" }', "link.serial", "full name"),
        ('{ serial = "COM3" }', "link.serial", "/dev/ttyUSB0"),
        ("{ serial = 3 }", "link.serial", "full name"),
        ('{ serial = "/dev/ttyUSB0", baud = 9601 }', "link.baud", "9600, 19200"),
        ('{ serial = "/dev/ttyUSB0", baud = "9600" }', "link.baud", "must be a number"),
        ('{ serial = "/dev/ttyUSB0", baud = true }', "link.baud", "must be a number"),
        ('{ serial = "/dev/ttyUSB0", format = "9N1" }', "link.format", "data bits"),
        ('{ serial = "/dev/ttyUSB0", format = "8N1.5" }', "link.format", "stop bits"),
        ('{ serial = "/dev/ttyUSB0", format = 8 }', "link.format", "data bits"),
        ('{ serial = "/dev/ttyUSB0", bauds = 9600 }', "link.bauds", "did you mean baud?"),
        ('{ serial = "/dev/ttyUSB0", path = "1-1" }', "link.path", "baud, format, hold, serial"),
        ('{ serial = "/dev/ttyUSB0", hold = "rts" }', "link.hold", "must be a list"),
        ('{ serial = "/dev/ttyUSB0", hold = ["cts"] }', "link.hold", "rts, dtr, xoff"),
        ('{ tcp = "pbx:2300", hold = ["rts"] }', "link.hold", "use tcp"),
        ('{ tcp = "192.168.1.20" }', "link.tcp", "no port number"),
        ('{ tcp = "192.168.1.20:" }', "link.tcp", "no port number"),
        ('{ tcp = "[fd00::20]" }', "link.tcp", "no port number"),
        ('{ tcp = "fd00::20:2300" }', "link.tcp", "brackets"),
        ('{ tcp = "192.168.1.20:0" }', "link.tcp", "1 to 65535"),
        ('{ tcp = "192.168.1.20:70000" }', "link.tcp", "1 to 65535"),
        ('{ tcp = "192.168.1.20:smdr" }', "link.tcp", "no host and port"),
        ('{ tcp = "http://pbx:80" }', "link.tcp", "http://pbx:80"),
        ('{ tcp = "pbx:2300", baud = 9600 }', "link.baud", "use tcp"),
        ('{ usb = "1a86" }', "link.usb", "vendor and product"),
        ('{ usb = "1a86:7523", path = "port 2" }', "link.path", "1-1.2"),
    ],
)
def test_one_fault_is_told_on_its_field(text: str, field: str, part: str) -> None:
    [(at, problem)] = check_link(table(text))
    assert at == field
    assert part in problem


def test_all_problems_are_told_at_once() -> None:
    faulty = table('{ serial = "ttyUSB0", tcp = "pbx", baud = 1, format = "8X1", sped = 9 }')
    with pytest.raises(AddressError) as caught:
        link_address(faulty)
    fields = [field for field, _ in caught.value.problems]
    assert fields == [
        "link.tcp",
        "link.sped",
        "link.serial",
        "link.tcp",
        "link.baud",
        "link.format",
    ]


def test_tcp_name_puts_ipv6_in_brackets() -> None:
    assert TcpAddress("fd00::20", 2300).name == "[fd00::20]:2300"
    assert TcpAddress("pbx", 2300).name == "pbx:2300"
