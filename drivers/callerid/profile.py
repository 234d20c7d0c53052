r"""A profile: all that differs from one make of caller-ID box to another, as data.

    bytes ─▶ framing: frames ─▶ rules, the first whose regex fits a whole frame ─▶ event, groups
             ends = "@"         L(?P<line>[1-8])C(?P<number>[0-9]*) = caller_id

A regex is matched against the frame's text (Latin-1, blanks around it stripped; `\w` and `\d` mean
ASCII). What its groups mean is told by their names, see GROUPS. Vocabulary and keys: reference 4.5
and 5.1.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Event = Literal[
    "ring",  # one ring; `rings` is its count where the unit counts
    "caller_id",  # the number of a call that rings, or is about to
    "incoming",  # a number that itself says that the line rings, from a unit that tells no rings
    "caller_name",
    "clock",  # the unit's date or time, on its own
    "off_hook",
    "answered",  # who rang was answered; nothing else lifts the line
    "on_hook",  # with `digits` and `duration` where the unit tells them
    "digit",
    "dialled",  # a whole number dialled here
    "over",  # the unit's closing record: of an incoming call with `number`, else of an outgoing one
    "missed",
    "line_lost",
    "line_back",
    "device_in",
    "device_out",
    "info",  # known, and says nothing of a call
]
Transport = Literal["serial", "udp", "hid"]

GROUPS = (
    "line", "line_hex",      # as printed; or two hex digits of a number counted from 0
    "number", "number_hex",  # the caller's number; or its characters as pairs of hex digits
    "message",               # SDMF or MDMF in hex, see caller_text.py
    "name", "rings", "bad",  # bad: matched by a record whose own checksum was wrong
    "digits", "digits_hex", "duration", "printed",
)  # fmt: skip
NEEDED: dict[str, tuple[str, ...]] = {
    "caller_id": ("number", "number_hex", "message"),
    "caller_name": ("name",),
    "clock": ("printed",),
    "digit": ("digits", "digits_hex"),
    "dialled": ("digits", "digits_hex"),
}
"""Of each event the groups of which its regex must have one."""
LONGEST_FRAME = 256


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a frame that fits `regex` as a whole says."""

    event: Event
    regex: str


class Framing(Struct, frozen=True, forbid_unknown_fields=True):
    """ends: the characters of which each ends a frame. longest: characters of a frame."""

    ends: str = "\r\n"
    longest: Annotated[int, Meta(ge=8, le=LONGEST_FRAME)] = 160


class Semantics(Struct, frozen=True, forbid_unknown_fields=True):
    """How to take what the unit says.

    hook_off_means_lifted: false swaps off_hook and on_hook. quiet_seconds: so long after the last
    ring the call no longer rings, and was quiet_means, since no unit says that ringing stopped.
    duration: what the unit's figure is; it counts only where bytes have no time of arrival.
    """

    hook_off_means_lifted: bool = True
    quiet_seconds: Annotated[float, Meta(ge=3, le=120)] = 9.0
    quiet_means: Literal["missed", "unknown"] = "missed"
    duration: Literal["ignore", "seconds", "mmss"] = "ignore"


class SerialLine(Struct, frozen=True, forbid_unknown_fields=True):
    """Speeds that the unit is known or likely to have, the likeliest first."""

    baud: tuple[int, ...] = (9600,)
    format: str = "8N1"


class UsbMatch(Struct, frozen=True, forbid_unknown_fields=True):
    """By what a unit is known on USB: `1a86:7523`, and a regex for its product string."""

    usb: tuple[str, ...] = ()
    product: str = ""


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One make. confirmed: read from a capture or a maker's own manual, not partly inferred.

    init: what to send when the link opens, each step as texts to try in turn until one is answered
    with OK; nothing is ever sent to a unit without it.
    """

    id: str
    title: str
    confirmed: bool
    transports: tuple[Transport, ...] = ("serial",)
    framing: Framing = Framing()
    rules: tuple[Rule, ...]
    semantics: Semantics = Semantics()
    serial: SerialLine = SerialLine()
    match: UsbMatch = UsbMatch()
    init: tuple[tuple[str, ...], ...] = ()
