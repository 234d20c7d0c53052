"""Where a device is: the forms of `link` in site.toml.

    { serial = "/dev/ttyUSB0", baud = 19200, format = "8N1" }
    { tcp = "192.168.1.20:2300" }
    { usb = "1a86:7523", path = "1-1.2", baud = 115200 }
    { udp = 3520 }                                              broadcasts to this port
    { hid = "16c0:05da", path = "1-1.2" }                       a unit without a serial port

`format` is data bits (7, 8), parity (N, E, O, M, S) and stop bits (1, 2). `hold = ["rts"]`, of rts,
dtr and xoff, says how to hold a serial device back while the box cannot take its bytes. Nothing is
opened here.
"""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from msgspec import Struct

from drivers.contract import LinkKind

ControlLine = Literal["rts", "dtr", "xoff"]
"""By what a device is held back; drivers/wire/hold.py does it."""
CONTROL_LINES: tuple[ControlLine, ...] = ("rts", "dtr", "xoff")

DEFAULT_BAUD = 9600
DEFAULT_FORMAT = "8N1"
BAUDS = (
    *(300, 600, 1200, 2400, 4800, 9600, 19200, 38400),
    *(57600, 115200, 230400, 460800, 921600),
)

_FORMAT = re.compile(r"[78][NEOMS][12]", re.IGNORECASE)
_TCP = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:/\[\]@]+)):([0-9]{1,5})", re.ASCII)
_USB = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}", re.IGNORECASE)
_USB_PATH = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*(:1\.[0-9]+)?")
_HIGHEST_PORT = 65535
_KEYS = {
    "serial": ("serial", "baud", "format", "hold"),
    "tcp": ("tcp",),
    "usb": ("usb", "path", "baud", "format", "hold"),
    "udp": ("udp",),
    "hid": ("hid", "path"),
}


class SerialAddress(Struct, frozen=True):
    """A port by its full name, below /dev or linked to from elsewhere."""

    serial: str
    baud: int = DEFAULT_BAUD
    format: str = DEFAULT_FORMAT
    hold: tuple[ControlLine, ...] = ()

    kind: ClassVar[LinkKind] = "serial"

    @property
    def port_held(self) -> str:
        """What only one device can have; empty where several may."""
        return self.serial


class TcpAddress(Struct, frozen=True):
    """A TCP server. `host` is a name or an address, IPv6 without brackets."""

    host: str
    port: int

    kind: ClassVar[LinkKind] = "tcp"
    port_held: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """Return `host:port`, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class UsbAddress(Struct, frozen=True):
    """A port by the ids of its USB adapter and, where several are alike, its socket.

    usb: vendor and product id in lower case. path: as the kernel names the socket, `1-1.2`, with
    the interface, `1-1.2:1.2`, where the adapter has several ports.
    """

    usb: str
    path: str | None = None
    baud: int = DEFAULT_BAUD
    format: str = DEFAULT_FORMAT
    hold: tuple[ControlLine, ...] = ()

    kind: ClassVar[LinkKind] = "serial"

    @property
    def port_held(self) -> str:
        """See SerialAddress."""
        return f"{self.usb} {self.path or ''}"


class UdpAddress(Struct, frozen=True):
    """A port of this box to which a unit on the network sends its records."""

    udp: int

    kind: ClassVar[LinkKind] = "udp"

    @property
    def name(self) -> str:
        return f"UDP port {self.udp}"

    @property
    def port_held(self) -> str:
        """See SerialAddress."""
        return self.name


class HidAddress(Struct, frozen=True):
    """A USB unit that speaks in HID reports, by its ids and, where several are alike, its socket.

    hid: vendor and product id in lower case. path: as the kernel names the socket, `1-1.2`.
    """

    hid: str
    path: str | None = None

    kind: ClassVar[LinkKind] = "hid"

    @property
    def port_held(self) -> str:
        """See SerialAddress."""
        return f"{self.hid} {self.path or ''}"


LinkAddress = SerialAddress | TcpAddress | UsbAddress | UdpAddress | HidAddress


class AddressError(ValueError):
    """A link table that `check_link` finds fault with. `problems` holds what it found."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems))
        self.problems = problems


def check_link(table: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return every problem as (field, what is wrong and what to do); fields begin with `link`."""
    forms = [form for form in _KEYS if form in table]
    if not forms:
        problem = "say where the device is: serial, tcp, usb, udp or hid"
        return [
            ("link", problem),
            *_unknown_keys(table, {key for k in _KEYS.values() for key in k}),
        ]
    known = {key for form in forms for key in _KEYS[form]}
    checked = [(key, check(table[key])) for key, check in _CHECKS.items() if key in table]
    return [
        *_two_forms(forms),
        *_unknown_keys(table, known),
        *((f"link.{key}", problem) for key, problem in checked if problem and key in known),
    ]


def link_address(table: Mapping[str, object]) -> LinkAddress:
    """Return the address of a link table. Raises AddressError with all problems."""
    if problems := check_link(table):
        raise AddressError(problems)
    if "tcp" in table:
        found = _TCP.fullmatch(str(table["tcp"]))
        assert found is not None  # noqa: S101  check_link matched it
        return TcpAddress(found[1] or found[2], int(found[3]))
    if "udp" in table:
        return UdpAddress(int(str(table["udp"])))
    path = None if "path" not in table else str(table["path"])
    if "hid" in table:
        return HidAddress(str(table["hid"]).lower(), path)
    baud = int(str(table.get("baud", DEFAULT_BAUD)))
    line_format = str(table.get("format", DEFAULT_FORMAT)).upper()
    hold = tuple(line for line in CONTROL_LINES if line in _list(table.get("hold")))
    if "serial" in table:
        return SerialAddress(str(table["serial"]), baud, line_format, hold)
    return UsbAddress(str(table["usb"]).lower(), path, baud, line_format, hold)


def _two_forms(forms: list[str]) -> list[tuple[str, str]]:
    first, *others = forms
    return [(f"link.{form}", f"{first} is given too; remove one of them") for form in others]


def _unknown_keys(table: Mapping[str, object], known: set[str]) -> list[tuple[str, str]]:
    problems = []
    for key in table:
        if key in known:
            continue
        from difflib import get_close_matches

        near = get_close_matches(key, known, n=1)
        advice = f"did you mean {near[0]}?" if near else f"use {', '.join(sorted(known))}"
        problems.append((f"link.{key}", f"not known here; {advice}"))
    return problems


def _check_serial(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return "write the port by its full name, such as /dev/ttyUSB0"
    if not value.startswith("/") or value.endswith("/") or "\x00" in value:
        return f"{value!r} is no port; write its full name, such as /dev/ttyUSB0"
    return None


def _check_baud(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a number, such as 9600"
    if value not in BAUDS:
        return f"{value} is no usual speed; use one of {', '.join(map(str, BAUDS))}"
    return None


def _check_format(value: object) -> str | None:
    if isinstance(value, str) and _FORMAT.fullmatch(value):
        return None
    return (
        f"{value!r} is no line format; write data bits (7, 8), parity (N, E, O, M, S) and"
        " stop bits (1, 2), such as 8N1 or 7E1"
    )


def _check_tcp(value: object) -> str | None:
    example = "such as 192.168.1.20:2300"
    if not isinstance(value, str) or not value:
        return f"write host and port, {example}"
    found = _TCP.fullmatch(value)
    if found is not None:
        if 1 <= int(found[3]) <= _HIGHEST_PORT:
            return None
        return f"port {found[3]} does not exist; use 1 to {_HIGHEST_PORT}"
    if value.count(":") > 1 and not value.startswith("["):
        return f"{value!r}: put an IPv6 address in brackets, such as [fd00::20]:2300"
    if value.rpartition(":")[2] == "" or ":" not in value or value.endswith("]"):
        return f"{value!r} has no port number; add it, {example}"
    return f"{value!r} is no host and port; write them {example}"


def _check_usb(value: object) -> str | None:
    if isinstance(value, str) and _USB.fullmatch(value):
        return None
    return f"{value!r} is no vendor and product id; write both, such as 1a86:7523"


def _check_udp(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _HIGHEST_PORT:
        return None
    return f"{value!r} is no port; write a number from 1 to {_HIGHEST_PORT}, such as 3520"


def _check_path(value: object) -> str | None:
    if isinstance(value, str) and _USB_PATH.fullmatch(value):
        return None
    return f"{value!r} is no USB socket; write it as the kernel names it, such as 1-1.2"


def _check_hold(value: object) -> str | None:
    if not isinstance(value, (list, tuple)):
        return 'must be a list, such as ["rts"]'
    for line in value:
        if line not in CONTROL_LINES:
            return f"{line!r} is no control line; choose among {', '.join(CONTROL_LINES)}"
    return None


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


_CHECKS: dict[str, Callable[[object], str | None]] = {
    "serial": _check_serial,
    "tcp": _check_tcp,
    "usb": _check_usb,
    "udp": _check_udp,
    "hid": _check_usb,
    "path": _check_path,
    "baud": _check_baud,
    "format": _check_format,
    "hold": _check_hold,
}
