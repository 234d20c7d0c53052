"""A real journal, a real CRM on a real port, and a forwarder between them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest

from edge.crm.misbehave import Order
from edge.crm.server import Running, serve
from edge.delivery.backoff import Pace
from edge.delivery.destination import Batch, Delivered
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.delivery.restraint import Restraint
from edge.delivery.terms import Terms
from edge.delivery.wanted import Wanted
from edge.journal.journal import Journal, Sealed
from tests.ports import free_port

TOKEN = "made-up-token"
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Recording(LinkDestination):
    """The link, with the batches that the CRM took, by their range."""

    def __init__(self, settings: LinkSettings, taken: list[Batch], patience: float) -> None:
        super().__init__(settings, patience=patience)
        self._taken = taken

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        delivered = await super().deliver(batch, body)
        self._taken.append(batch)
        return delivered


class House:
    """The box's side and the CRM's side, as a test sees them."""

    def __init__(self, journal: Journal, crm: Running, data: Path) -> None:
        self.journal = journal
        self.crm = crm
        self.requests: list[Batch] = []
        self._data = data

    async def fill(self, count: int, **replaced: bytes) -> None:
        """Append calls; `data` replaces the data of all of them."""
        first = self.journal.last + 1
        await self.journal.append([call(first + n, **replaced) for n in range(count)])

    def misbehave(self, mode: str, **more: object) -> None:
        self.crm.mood.order = msgspec.convert({"mode": mode, **more}, Order)

    async def stop_crm(self) -> None:
        await self.crm.close()

    async def start_crm(self) -> None:
        """Listen where the CRM listened before, with what it stored before."""
        port = int(self.crm.url.rpartition(":")[2])
        self.crm = await serve("127.0.0.1", port, self._data, TOKEN)

    async def stored(self) -> list[int]:
        """The sequences that the CRM has, in order of arrival."""
        lines = (await self._get("/events")).splitlines()
        return [int(msgspec.json.decode(line)["sequence"]) for line in lines]

    async def count(self, what: str) -> int:
        found: dict[str, int] = msgspec.json.decode(await self._get("/stats"))
        return found[what]

    async def _get(self, path: str) -> bytes:
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.crm.url + path) as response,
        ):
            return await response.read()

    @asynccontextmanager
    async def forwarding(
        self,
        url: str = "",
        token: str = TOKEN,
        patience: float = 30.0,
        restraint: Restraint | None = None,
        wanted: Wanted = Wanted(),  # noqa: B008 - it is frozen
    ) -> AsyncIterator[Forwarder]:
        settings = LinkSettings(url=url or self.crm.url, token=token)
        assert settings.problems() == []
        link = Recording(settings, self.requests, patience)
        pace = Pace(base=0.01, cap=0.05, refused=0.05)
        terms = Terms(pace, restraint or Restraint(), wanted=wanted)
        forwarder = Forwarder("crm", self.journal, link, terms)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(forwarder.run())
            yield forwarder
            task.cancel()

    async def settled(self, seconds: float = 60.0) -> None:
        """Wait until the journal has nothing left for the CRM."""
        await self.until(lambda: self.journal.pending("crm") == 0, seconds)

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what it waits for raises no event
                await asyncio.sleep(0.005)


def call(number: int, data: bytes = b"") -> Sealed:
    return Sealed(
        device="pbx1",
        type="call.ended",
        subject=f"call/made-up-{number}",
        time=START + timedelta(seconds=number),
        timequality="synced",
        boot="b00t",
        monotonic=float(number),
        data=data or msgspec.json.encode(_call_data(number)),
    )


def _call_data(number: int) -> dict[str, object]:
    return {
        "call_id": f"made-up-{number}",
        "direction": "incoming",
        "line": "01",
        "extension": "101",
        "number": "+985100000000",
        "number_raw": "05100000000",
        "number_status": "ok",
        "name": None,
        "did": None,
        "started_at": START,
        "answered_at": None,
        "ended_at": None,
        "ring_seconds": 4,
        "talk_seconds": number % 600,
        "outcome": "answered",
        "legs": [],
        "hidden_extensions": [],
        "account_code": None,
        "time_resolution": "minute",
        "device_time": "21/11/26 11:30",
        "test": False,
    }


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    crm = await serve("127.0.0.1", free_port(), tmp_path / "crm", TOKEN)
    house = House(journal, crm, tmp_path / "crm")
    yield house
    await house.crm.close()
    await journal.close()
