"""A sealed event for a test that needs any; `msgspec.structs.replace` makes it a special one."""

from datetime import UTC, datetime

from edge.journal.journal import Sealed

PLAIN = Sealed(
    device="pbx1",
    type="call.ended",
    subject=None,
    time=datetime(2026, 3, 21, tzinfo=UTC),
    timequality="estimated",
    boot="5f1e0c6a",
    monotonic=1.5,
    data=b"{}",
)
