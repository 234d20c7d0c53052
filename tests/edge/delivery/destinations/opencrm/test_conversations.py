"""Each kind of call, as the stand-in is asked: golden files, one a case."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.edge.delivery.call_store.office import CASE_NAMES, case, conversation

if TYPE_CHECKING:
    from tests.edge.delivery.destinations.opencrm.conftest import OpenCrmOffice

GOLDEN = Path(__file__).parent / "conversations"


@pytest.mark.parametrize("name", CASE_NAMES)
async def test_the_requests_of_each_kind_of_call(office: "OpenCrmOffice", name: str) -> None:
    await office.tell(*case(name))
    found = conversation(office.seen)
    assert found.decode().splitlines() == (GOLDEN / f"{name}.jsonl").read_text().splitlines()
    assert await office.journal.parked("crm") == []
