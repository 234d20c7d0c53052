"""The event that every peer gets: a call as 500 bytes of JSON, known again by its number."""

import re

SIZE = 500
_NUMBER = re.compile(rb'"call_id":"bench-(\d+)"')
_EVENT = (
    '{"call_id":"bench-%d","direction":"incoming","line":"03","extension":"104",'
    '"number":"+985138400%03d","number_raw":"05138400%03d","number_status":"ok","name":"%s",'
    '"did":null,"started_at":"2026-03-21T08:30:05Z","answered_at":"2026-03-21T08:30:12Z",'
    '"ended_at":"2026-03-21T08:31:05Z","ring_seconds":7,"talk_seconds":53,"outcome":"answered",'
    '"legs":[],"hidden_extensions":[],"account_code":null,"time_resolution":"second",'
    '"device_time":"21/03/26 12:01","test":false}'
)


def event(number: int) -> bytes:
    """The call of that number, SIZE bytes."""
    digits = number % 1000
    bare = _EVENT % (number, digits, digits, "")
    return (_EVENT % (number, digits, digits, "x" * (SIZE - len(bare)))).encode()


def number_of(text: bytes) -> int | None:
    """Which call it is; None if it is none, or not whole."""
    found = _NUMBER.search(text)
    return int(found[1]) if found and text.rstrip().endswith(b"}") else None
