"""What is left of a call's texts in the dial column, which is too narrow for some of them."""

from drivers.panasonic.day import TrueCall
from drivers.panasonic.printout import Exchange

_TA_LONGEST_CALLER = 16
_TA_LONGEST_DIALLED = 32
_SHORTEST_NUMBER = 3


def has_ring_notice(call: TrueCall, exchange: Exchange) -> bool:
    """Whether TA/TE print the call's arrival: only with a caller to show."""
    return exchange.layout == "ta" and exchange.ring_notice and call.number is not None


def cut_dialled(call: TrueCall, exchange: Exchange) -> str:
    """The number and what was keyed after it."""
    width = _TA_LONGEST_DIALLED if exchange.layout == "ta" else exchange.dial_width
    return ((call.number or "") + call.keyed)[:width]


def before_caller(call: TrueCall, exchange: Exchange) -> str:
    """What the TDA family prints in front of the caller, and never cuts."""
    did = f"<D>{call.did}" if exchange.did and call.did else ""
    return did + exchange.marker


def cut_caller(call: TrueCall, exchange: Exchange) -> tuple[str, str | None, str | None]:
    """The caller: the text, and the number and the name that can still be read in it.

    A number cut to one or two digits behind a name can no longer be told from the name.
    """
    number = call.number or ""
    name = call.name or ""
    ta = exchange.layout == "ta"
    room = _TA_LONGEST_CALLER if ta else exchange.dial_width - len(before_caller(call, exchange))
    if ta or exchange.names == "none" or not name:
        return number[:room], number[:room] or None, None
    blank = "" if exchange.model.startswith("KX-NS") else " "
    if exchange.names == "after":
        text = (number + blank + name)[:room]
        return text, text[: len(number)] or None, text[len(number) :].strip() or None
    text = (name + blank + number)[:room]
    digits = text[len(name + blank) :]
    if len(digits) < _SHORTEST_NUMBER:
        return text, None, text.strip() or None
    return text, digits, name
