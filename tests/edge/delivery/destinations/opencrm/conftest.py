"""OpenCRM's stand-in, and a forwarder to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.delivery.destination import Branch
from edge.delivery.destinations.opencrm.destination import OpenCrm
from edge.delivery.destinations.opencrm.settings import OpenCrmSettings
from edge.delivery.destinations.opencrm.stand_in import OpenCrmStandIn
from edge.journal.journal import Journal
from tests.edge.delivery.call_store.office import Office


class OpenCrmOffice(Office):
    """An office whose settings a test may change before it forwards."""

    def __init__(self, journal: Journal) -> None:
        self.crm = OpenCrmStandIn()
        self.user = ("", "")
        self.prefix = "/call"
        self.patience = 30.0
        super().__init__(journal, self.crm, self._destination)

    def _destination(self, url: str, branch: Branch) -> OpenCrm:
        username, password = self.user
        settings = OpenCrmSettings(
            url=url, username=username, password=password, prefix=self.prefix
        )
        assert settings.problems() == []
        return OpenCrm(settings, branch, patience=self.patience)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[OpenCrmOffice]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    office = OpenCrmOffice(journal)
    await office.open()
    yield office
    await office.close()
    await journal.close()
