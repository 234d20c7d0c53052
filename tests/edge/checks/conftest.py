"""A box that is well, and what is seen of it at a moment that the test feeds."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from drivers.contract import Moment
from edge.checks.card_reading import SeenCard
from edge.checks.check import Seen, SeenDestination, SeenDevice
from edge.checks.habit import Silence
from edge.journal.journal import Journal, Recovery
from edge.local.status import (
    ClockStatus,
    DestinationStatus,
    DeviceStatus,
    DiskStatus,
    Status,
)

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DEVICE = DeviceStatus(
    key="pbx1",
    driver="panasonic",
    link="/dev/ttyUSB0 9600 8N1",
    state="online",
    code="connected",
    advice="Connected.",
    since=START,
)
DESTINATION = DestinationStatus(
    name="crm", kind="link", state="delivering", code="HTTP 200", advice="", since=START
)
STATUS = Status(
    box="b0x",
    journal="5f3a9c01",
    version="0.1.0",
    name="mashhad",
    started_at=START,
    uptime_seconds=0,
    last_sequence=0,
    clock=ClockStatus(now=START, source="kernel", since=START),
    disk=DiskStatus(percent=40, free=1 << 30, days_left=None, ballast=True),
    devices=(DEVICE,),
    destinations=(DESTINATION,),
)

See = Callable[..., Seen]


@pytest.fixture
def see() -> See:
    """`see(device={"state": "offline"}, destination={…}, status={…}, …)`: a well box but for that.

    at: seconds since the start. hour: calls and unread lines of the last hour.
    """

    def make(
        at: float = 0.0,
        *,
        device: dict[str, object] | None = None,
        destination: dict[str, object] | None = None,
        status: dict[str, object] | None = None,
        hour: tuple[int, int] = (0, 0),
        silence: Silence | None = None,
        steady: float = 0.0,
        oldest_waits: float | None = None,
        card: SeenCard | None = None,
        waits: str | None = None,
        recovered: Recovery | None = None,
    ) -> Seen:
        of_device = msgspec.structs.replace(DEVICE, **device or {})
        of_crm = msgspec.structs.replace(DESTINATION, **destination or {})
        whole = {"devices": (of_device,), "destinations": (of_crm,)} | (status or {})
        return Seen(
            now=Moment(START + timedelta(seconds=at), 1000.0 + at, trusted=True, live=True),
            status=msgspec.structs.replace(STATUS, **whole),
            devices=(SeenDevice(of_device, *hour, silence),),
            destinations=(SeenDestination(of_crm, steady, oldest_waits),),
            waits=waits,
            card=card,
            recovered=recovered,
        )

    return make


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield journal
    await journal.close()
