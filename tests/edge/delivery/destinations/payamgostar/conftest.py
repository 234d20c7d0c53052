"""PayamGostar's stand-in, and a forwarder to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.delivery.destination import Branch
from edge.delivery.destinations.payamgostar.destination import PayamGostar
from edge.delivery.destinations.payamgostar.login import Slowness
from edge.delivery.destinations.payamgostar.settings import LoginForm, PayamGostarSettings
from edge.delivery.destinations.payamgostar.stand_in import PayamGostarStandIn
from edge.journal.journal import Journal
from tests.edge.delivery.call_store.office import Office


class PayamGostarOffice(Office):
    """An office whose settings a test may change before it forwards."""

    def __init__(self, journal: Journal) -> None:
        self.crm = PayamGostarStandIn()
        self.password = self.crm.password
        self.login: LoginForm = "auto"
        self.system_keys: dict[str, str] = {}
        self.slowness = Slowness(0.02, 0.02)
        self.patience = 30.0
        super().__init__(journal, self.crm, self._destination)

    def _destination(self, url: str, branch: Branch) -> PayamGostar:
        settings = PayamGostarSettings(
            url=url,
            username=self.crm.user,
            password=self.password,
            login=self.login,
            system_keys=self.system_keys,
        )
        assert settings.problems() == []
        return PayamGostar(settings, branch, patience=self.patience, slowness=self.slowness)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[PayamGostarOffice]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    office = PayamGostarOffice(journal)
    await office.open()
    yield office
    await office.close()
    await journal.close()
