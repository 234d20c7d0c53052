"""Boxes with keys of their own, and a reference CRM that takes events from enrolled ones only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge.crm.server import Running, serve
from edge.delivery.destination import Batch, Branch, Delivered
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.enrolment import Enrolment
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.identity import IdentityFile
from edge.delivery.notebook import JournalNotebook
from edge.journal.journal import Journal
from tests.edge.delivery.conftest import call


@dataclass(slots=True)
class Box:
    """One box. off, knows: its clock's error, and whether it knows the time at all."""

    folder: Path
    journal: Journal
    off: timedelta = timedelta()
    knows: bool = True

    @asynccontextmanager
    async def link(
        self, crm: Running, claim: str = "", identity: IdentityFile | None = None
    ) -> AsyncIterator[LinkDestination]:
        """The link as from one start of the box; of the one that opened `identity`, if given."""
        settings = LinkSettings(url=crm.url, claim=claim)
        assert settings.problems() == []
        branch = self.branch()
        enrolment = Enrolment(settings, branch, identity or IdentityFile(self.folder))
        link = LinkDestination(settings, enrolment, patience=30.0)
        await link.start()
        try:
            yield link
        finally:
            await link.close()

    def branch(self, identity: IdentityFile | None = None) -> Branch:
        return Branch(
            self.journal.box,
            UTC,
            JournalNotebook(self.journal, "crm"),
            lambda _event: 0.0,
            lambda: datetime.now(UTC) + self.off if self.knows else None,
            identity=identity,
        )

    async def send(self, link: LinkDestination) -> Delivered:
        """Store one more call, and deliver it."""
        after = self.journal.last
        await self.journal.append([call(after + 1)])
        batch = Batch(self.journal.id, self.journal.box, after, await self.journal.read(after))
        return await link.deliver(batch, link.pack(batch))


@dataclass(slots=True)
class Operator:
    """Who runs the CRM."""

    crm: Running
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - any JSON
        url = self.crm.url + path
        async with self.session.request(method, url, json=body or None) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def claim(self, branch: str = "mashhad") -> str:
        return str((await self.ask("POST", "/claims", branch=branch))["code"])

    async def boxes(self) -> dict[str, Any]:
        """By device id."""
        return {box["device"]: box for box in await self.ask("GET", "/boxes")}

    async def states(self) -> list[str]:
        """Of all keys, the newest first."""
        return [box["state"] for box in await self.ask("GET", "/boxes")]

    async def decide(self, device: str, state: str, **more: str) -> None:
        await self.ask("POST", f"/boxes/{device}", state=state, **more)

    async def stored(self) -> int:
        return int((await self.ask("GET", "/stats"))["stored"])


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[Running]:
    running = await serve("127.0.0.1", 0, tmp_path / "crm", None, enrolled_only=True)
    yield running
    await running.close()


@pytest.fixture
async def operator(crm: Running) -> AsyncIterator[Operator]:
    async with aiohttp.ClientSession() as session:
        yield Operator(crm, session)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with new_box(tmp_path / "box") as made:
        yield made


@pytest.fixture
async def other_box(tmp_path: Path) -> AsyncIterator[Box]:
    async with new_box(tmp_path / "other") as made:
        yield made


@asynccontextmanager
async def new_box(folder: Path) -> AsyncIterator[Box]:
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    journal = await Journal.open(folder / "journal.sqlite")
    yield Box(folder, journal)
    await journal.close()
