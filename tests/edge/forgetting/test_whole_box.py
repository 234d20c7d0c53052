"""The CRM's order to forget, from its operator to the last byte of a box that runs."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge.crm.server import serve
from edge.journal.journal import Journal
from tests.edge.box_process import running
from tests.edge.delivery.destinations.link.conftest import Operator
from tests.edge.forgetting.test_forgetting import NUMBER, of_person, traces

ANOTHER = "+989350003344"
SITE = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"
[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}", claim = "{claim}" }}
"""
ALLOWED = """
[commands]
forget = 60
"""


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    crm = await serve("127.0.0.1", 0, tmp_path / "crm", None, enrolled_only=True)
    async with aiohttp.ClientSession() as session:
        yield Operator(crm, session)
    await crm.close()


async def ordered(operator: Operator, number: str) -> dict[str, Any]:
    """Order it as a person at the CRM does, and wait for what the box says."""
    (box,) = (await operator.boxes()).values()
    device = f"/boxes/{box['box']}/box"
    args = {"number": number}
    order = await operator.ask("POST", "/commands", device=device, type="forget", args=args)
    async with asyncio.timeout(60):
        while True:
            shown = await operator.ask("GET", "/commands")
            found = {each["payload"]["id"]: each for each in shown}[order["id"]]
            if found["state"] is not None:
                return dict(found)
            await asyncio.sleep(0.05)


async def test_a_box_is_ordered_to_forget(
    tmp_path: Path, operator: Operator, pytestconfig: pytest.Config
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    journal = await Journal.open(data / "journal.sqlite")
    await journal.append([of_person(1), of_person(2, raw="9 0912-000-1122")])
    await journal.close()
    site = SITE.format(url=operator.crm.url, claim=await operator.claim())
    (data / "site.toml").write_text(site)
    async with running(data, pytestconfig.rootpath):
        refused = await ordered(operator, ANOTHER)
    assert refused["state"] == "refused"
    assert "forget is not allowed" in refused["detail"]
    left = [path for path in data.iterdir() if path.is_file()]
    assert not [each for each in left if re.search(rb"935\D?000\D?3344", each.read_bytes())]
    assert traces(data)

    (data / "site.toml").write_text((data / "site.toml").read_text() + ALLOWED)
    async with running(data, pytestconfig.rootpath) as client:
        done = await ordered(operator, NUMBER)
        assert done["state"] == "done"
        assert "…22 is erased from 2 events" in done["detail"]
        assert "Not reached: the CRMs that have it" in done["detail"]
        assert not [line async for line in client.events() if b"9120001122" in line]
    assert traces(data) == []
