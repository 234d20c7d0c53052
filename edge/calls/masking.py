"""What a viewer may see of a call: who called, but not with which number, and no name."""

from msgspec.structs import replace

from edge.local.calls_records import CallRow

_SHOWN = 2
_INSIDE = ("extension", "short")


def masked(call: CallRow) -> CallRow:
    """The call with all digits of people's numbers hidden but the last two."""
    inside = call.direction == "internal" or call.number_status in _INSIDE
    return replace(
        call,
        number=hidden(call.number),
        number_raw=call.number_raw if inside else hidden(call.number_raw),
        name=None,
        account_code=None,
    )


def hidden(number: str | None) -> str | None:
    """+989121234567 as +••••••••••67."""
    if number is None:
        return None
    cut = max(0, len(number) - _SHOWN)
    return "".join("•" if sign.isalnum() else sign for sign in number[:cut]) + number[cut:]
