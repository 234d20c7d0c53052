r"""An event's data as its row holds it: deflated, with a text known beforehand that it resembles.

    {"call_id":"…","direction":"incoming",…}  530 bytes  ◀──▶  \x01, deflated  110 bytes

An event is written four times, into the log and into the file, when it comes and when it goes. Byte
for byte the same comes out. What is not packed begins with another byte, as JSON does.
"""

import zlib

_PACKED = b"\x01"
"""And packed with this text: another one takes another mark, and this one is kept for reading."""

_TEXT = (
    b'"call_id":"null,"line":null,"number":null,"number_status":"extension","name":null,"did":null'
    b',"answered_at":null,"ended_at":null,"outcome":"unknown","unanswered","outgoing","internal"'
    b'"condition":"TR","transferred":true}],"hidden_extensions":["60"],"outcome":null,"legs":[],'
    b'{"call_id":"b00t0001-81","direction":"incoming","line":"07","extension":"109","number":"+989'
    b'0","number_raw":"09","number_status":"ok","name":null,"did":null,"started_at":"2026-03-21T04:'
    b'50:29Z","answered_at":"2026-03-21T04:50:59Z","ended_at":"2026-03-21T04:56:41Z","ring_seconds":'
    b'null,"talk_seconds":null,"outcome":"answered","legs":[{"extension":"10","ring_seconds":null,"t'
    b'alk_seconds":null,"condition":null,"transferred":false}],"hidden_extensions":[],"account_code"'
    b':null,"time_resolution":"second","device_time":"21/03/26 08:26","test":false}'
)
_LEVEL, _WINDOW, _EFFORT = 3, -12, 3


def packed(data: bytes) -> bytes:
    """What is to be stored."""
    deflate = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW, _EFFORT, zlib.Z_DEFAULT_STRATEGY, _TEXT
    )
    return _PACKED + deflate.compress(data) + deflate.flush()


def unpacked(stored: bytes) -> bytes:
    """The data again; what is damaged comes as it is, and is refused where broken JSON is."""
    if not stored.startswith(_PACKED):
        return stored
    try:
        return zlib.decompressobj(_WINDOW, _TEXT).decompress(stored[1:])
    except zlib.error:
        return stored
