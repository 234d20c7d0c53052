"""Access with a clock that the test moves, and a box as a real process with its web socket."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.contract import Moment
from edge.access.access import Access
from edge.access.records import FirstUser
from edge.access.setup import Setup
from edge.access.users import Users

START = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
PASSWORD = "a good long one"


@dataclass
class FedClock:
    """Monotonic seconds that only the test moves."""

    seconds: float = 1000.0
    boot: str = "boot-1"
    jumps: timedelta = field(default_factory=timedelta)

    def __call__(self) -> Moment:
        utc = START + timedelta(seconds=self.seconds) + self.jumps
        return Moment(utc, self.seconds, trusted=True, live=True)


@dataclass
class House:
    """What one process has of access, on one folder."""

    access: Access
    setup: Setup
    users: Users
    clock: FedClock

    async def claimed(self, name: str = "maryam", address: str = "10.0.0.1") -> str:
        """Set the box up; the token of its administrator."""
        await self.setup.prepare()
        code = (self.access.folder / "setup-code").read_text()
        ticket = await self.setup.begin(code, address)
        return (await self.setup.finish(FirstUser(ticket.token, name, PASSWORD), address)).token


@pytest.fixture
def clock() -> FedClock:
    return FedClock()


@pytest.fixture
def house(tmp_path: Path, clock: FedClock) -> Callable[[], House]:
    """Each call is a process that begins, on the same folder and clock."""

    def begin() -> House:
        access = Access(tmp_path, clock, clock.boot, lambda: ("mashhad-branch",))
        return House(access, Setup(access), Users(access), clock)

    return begin
