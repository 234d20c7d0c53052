"""What of PayamGostar's answers is read; the bodies of its errors are not documented at all."""

from datetime import datetime

from msgspec import Struct


class CallNamed(Struct, frozen=True):
    """Answer to POST call."""

    callid: int
    initchannelid: int | None = None


class ChannelNamed(Struct, frozen=True):
    """Answer to POST channel."""

    callchannelid: int


class ActiveCall(Struct, frozen=True):
    """One of the calls that go on. calldate: with an offset, or local time."""

    callid: int
    phonenumber: str | None = None
    calldate: datetime | None = None


class System(Struct, frozen=True):
    """A telephony system. updatepeersifnotexists: unknown lines and extensions are entered."""

    id: int | str
    key: str | None = None
    updatepeersifnotexists: bool | None = None


class Ticket(Struct, frozen=True):
    """Answer to a login. expiresin: seconds; expiresat: a time, in v2."""

    accesstoken: str
    expiresin: float | None = None
    expiresat: datetime | None = None
