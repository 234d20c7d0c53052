"""What a driver says about bytes from a device that nobody has named yet.

Each driver judges bytes by its own grammar (`DriverSpec.evidence`); `drivers/detect/` ranks what
all of them say and knows no driver itself. The bytes may begin and end inside a record, and they
may be garbage: received at a wrong speed, or from something else altogether.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Evidence(Struct, frozen=True, kw_only=True):
    """What speaks for one way to read some bytes.

    settings: of the driver, as they would stand in site.toml, as far as these bytes tell them.
    choices: settings that these bytes cannot tell, with the values that they leave open, the
    likeliest first (it stands in `settings` too). records: whole records read. read, unread: bytes
    that records and what belongs between them took, and bytes that nothing explains; a record cut
    at either end of the bytes is in neither. sample: some of the records as they were understood,
    for the technician.
    """

    settings: Mapping[str, object]
    choices: Mapping[str, Sequence[object]] = {}
    records: int
    read: int
    unread: int
    sample: tuple[str, ...] = ()
    beware: tuple[str, ...] = ()


class KnownUnit(Struct, frozen=True, kw_only=True):
    """A unit on USB that a driver knows without hearing a byte.

    usb: its ids, `16c0:05da`. product: a regular expression that its product string must hold,
    where others have the same ids. title: what it is. settings: of the driver, for it.
    """

    usb: str
    product: str = ""
    title: str
    settings: Mapping[str, object] = {}
