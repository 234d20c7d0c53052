"""A whole edge in this process, on real sockets, with a user of each role."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edge.access.kept import User
from edge.access.roles import ROLES, Role
from edge.journal.journal import Journal
from edge.local.client import Client
from edge.local.lock import DATABASE, hold
from edge.service.parts import Edge
from edge.site.file import load
from edge.site.site import FILE

SECONDS = 60
SITE = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"
"""


@dataclass
class Running:
    """An edge that serves; page: a client as the web process has it, without a session."""

    data: Path
    edge: Edge
    journal: Journal
    page: Client

    def token(self, role: Role) -> str:
        """A new session of the user who has the role's name."""
        access = self.edge._access
        return access.sessions.begin(role, "10.0.0.1", access.clock().monotonic)[0]

    def as_role(self, role: Role) -> Client:
        return self.page.for_session(self.token(role), "10.0.0.1")


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Running]:
    """Serve the site file in `data` until the context ends."""
    stop = asyncio.Event()
    with hold(data) as lock:
        journal = await Journal.open(data / DATABASE)
        edge = Edge(load(data / FILE), journal, lock)
        serving = asyncio.ensure_future(edge.serve(stop))
        try:
            async with asyncio.timeout(SECONDS):
                while not (data / "web.sock").exists():
                    assert not serving.done()
                    await asyncio.sleep(0.01)
            await _people(edge)
            async with Client(data, token="") as page:
                yield Running(data, edge, journal, page)
        finally:
            stop.set()
            await serving
            await journal.close()


async def _people(edge: Edge) -> None:
    access = edge._access
    now = access.clock().utc
    users = tuple(
        User(name=role, role=role, password="$argon2id$none", made_at=now, password_at=now)
        for role in ROLES
    )
    await access.save(replace(access.kept, users=users))
