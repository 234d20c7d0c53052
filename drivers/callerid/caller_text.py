r"""The caller's number as units pass it on, from what the exchange signalled on the line.

    FSK    SDMF  04 len MMDDhhmm number                    sum     number: digits, P or O
           MDMF  80 len (tag len value)...                 sum     02 number, 04 why none, 07 name
    DTMF   A<number>[D<redirecting>][B<code>]C    A<number>#    D<number>C    <number>#
           D1# private   D2# overseas   D3# not available    B00 not available   B10 restricted

All bytes of an FSK message add up to 0 modulo 256. A number that the detector cut or misread
(`093d`) is marked and never mended. Sources: reference 6.1 and 6.2.
"""

import re
from typing import Final

from msgspec import Struct

from drivers.events import NumberTold

_WITHHELD = frozenset({"p", "private", "anonymous", "withheld", "restricted", "blocked"})
_UNAVAILABLE = frozenset(
    {"", "o", "unavailable", "unknown", "out-of-area", "out of area", "no data", "no-data"}
)
_MARKED = re.compile(r"A(?P<a>\d*)(?:D\d*)?(?:B(?P<code>\d\d))?C|A(?P<hash>\d*)#|D(?P<d>\d+)C")
_BARE = re.compile(r"(?P<bare>\d+)#")
_NO_NUMBER = re.compile(r"D(?P<why>[123])#|B(?P<code>\d\d)C?")
_CUT = re.compile(r"[AD]\d*|(?=.*\d)(?=.*[A-D*#])[\d*#A-D]+")
_DOUBTFUL: Final = "unreliable"
_LONGEST = 64

_SDMF, _MDMF = 0x04, 0x80
_NUMBER, _NO_NUMBER_TAG, _NAME = 0x02, 0x04, 0x07
_SDMF_TIME = 8


class Caller(Struct, frozen=True, gc=False):
    """number: as the unit gave it, without the signalling's own marks. told: see events.Call."""

    number: str | None = None
    told: NumberTold | None = None
    name: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is a number that nothing speaks against."""
        return self.number is not None and self.told is None


NOBODY = Caller(told="unavailable")


def read_caller(text: str) -> Caller:
    """The text in a unit's number field. Never raises, guesses nothing."""
    text = text.strip()[:_LONGEST]
    word = text.casefold()
    if word in _WITHHELD:
        return Caller(text, "withheld")
    if word in _UNAVAILABLE:
        return Caller(text or None, "unavailable")
    return _read_tones(text)


def _read_tones(text: str) -> Caller:
    """DTMF caller ID with its marks, or anything else as it stands."""
    tones = text.upper()
    if found := _NO_NUMBER.fullmatch(tones):
        withheld = found["why"] == "1" or found["code"] == "10"
        return Caller(text, "withheld" if withheld else "unavailable")
    if found := _MARKED.fullmatch(tones):
        number = found["a"] or found["hash"] or found["d"]
        if number:
            return Caller(number)
        return Caller(text, "withheld" if found["code"] == "10" else "unavailable")
    if found := _BARE.fullmatch(tones):
        return Caller(found["bare"])
    return Caller(text, _DOUBTFUL if _CUT.fullmatch(tones) else None)


def read_message(text: str) -> Caller | None:
    """An FSK message in hex, whole or one field of it; None where it holds nothing of a caller."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    if len(data) < 3 or len(data) < data[1] + 3:
        return Caller(None, _DOUBTFUL)
    kind, body = data[0], data[2 : 2 + data[1]]
    right = sum(data[: data[1] + 3]) % 256 == 0
    if kind == _SDMF and len(body) > _SDMF_TIME:
        caller: Caller | None = _caller(body[_SDMF_TIME:], None)
    elif kind == _MDMF:
        caller = _fields(body)
    else:
        caller = _fields(data[: data[1] + 2])
    if caller is not None and not right:
        return Caller(caller.number, _DOUBTFUL, caller.name)
    return caller


def _fields(body: bytes) -> Caller | None:
    number = name = None
    while len(body) >= 2 and len(body) >= 2 + body[1]:
        tag, value, body = body[0], body[2 : 2 + body[1]], body[2 + body[1] :]
        if tag in {_NUMBER, _NO_NUMBER_TAG}:
            number = value
        elif tag == _NAME:
            name = value.decode("latin-1").strip() or None
    return None if number is None and name is None else _caller(number, name)


def _caller(number: bytes | None, name: str | None) -> Caller:
    if number is None:
        return Caller(None, None, name)
    read = read_caller(number.decode("latin-1"))
    return Caller(read.number, read.told, name)
