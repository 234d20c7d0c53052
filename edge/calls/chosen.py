"""Which calls fit a question. Pure: rows in, rows out."""

import unicodedata
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from edge.local.calls_records import CallQuery, CallRow

_DIGITS_OF_A_NUMBER = 4


def chosen(calls: Iterable[CallRow], query: CallQuery, zone: ZoneInfo) -> list[CallRow]:
    """Those that fit, in their order."""
    tests = list(_tests(query, zone))
    return [call for call in calls if all(test(call) for test in tests)]


def _tests(query: CallQuery, zone: ZoneInfo) -> Iterable[Callable[[CallRow], bool]]:
    if wanted := _plain(query.text):
        yield lambda call: _has_text(call, wanted)
    if query.direction:
        yield lambda call: call.direction == query.direction
    if query.outcome:
        yield lambda call: call.outcome == query.outcome
    if query.device:
        yield lambda call: call.device == query.device
    if extension := _plain(query.extension):
        yield lambda call: extension in _extensions(call)
    if since := query.since:
        yield lambda call: (call.started_at or call.at).astimezone(zone).date() >= since
    if until := query.until:
        yield lambda call: (call.started_at or call.at).astimezone(zone).date() <= until


def _has_text(call: CallRow, wanted: str) -> bool:
    texts = (
        *(call.number, call.number_raw, call.name, call.did, call.line, call.line_name),
        *(call.extension, call.extension_name, call.account_code),
    )
    if any(wanted in _plain(text) for text in texts if text):
        return True
    digits = "".join(sign for sign in wanted if sign.isdigit()).lstrip("0")
    # A number as people write it, 0912 123 4567, is in +989121234567.
    is_number = len(digits) >= _DIGITS_OF_A_NUMBER and not any(map(str.isalpha, wanted))
    return is_number and any(digits in text for text in (call.number, call.number_raw) if text)


def _extensions(call: CallRow) -> set[str | None]:
    return {call.extension, *(leg.extension for leg in call.legs), *call.hidden_extensions}


def _plain(text: str) -> str:
    """Without case, digits of every script as those of ASCII, Arabic letters as Persian ones."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    digits = (str(unicodedata.digit(sign, sign)) for sign in folded)
    return "".join(digits).replace("ي", "ی").replace("ك", "ک")
