"""CRMs are asked for commands wherever somebody may wait for an answer, from the moment on."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import drivers.catalog
from edge.crm.server import serve
from edge.local.settings_records import DestinationChange, DeviceChange
from edge.site.site import FILE
from tests.edge.commands.echo import far_end
from tests.edge.delivery.destinations.link.conftest import Operator
from tests.edge.running import SECONDS, SITE, running

CRM = """
[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}", claim = "{claim}" }}
"""


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - what it waits for raises no event
            await asyncio.sleep(0.01)


async def said_to(operator: Operator, box: str) -> dict[str, Any]:
    """What became of an order to say hello."""
    device = f"/boxes/{box}/echo1"
    wish = {"device": device, "type": "say", "args": {"text": "hello"}}
    order = await operator.ask("POST", "/commands", **wish)
    async with asyncio.timeout(SECONDS):
        while True:
            for each in await operator.ask("GET", "/commands"):
                if each["payload"]["id"] == order["id"] and each["state"]:
                    return dict(each)
            await asyncio.sleep(0.05)


async def test_a_crm_is_asked_for_commands_where_somebody_may_wait_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = drivers.catalog.MODULES | {"echo": "tests.edge.commands.echo"}
    monkeypatch.setattr(drivers.catalog, "MODULES", modules)
    monkeypatch.setattr(drivers.catalog, "NAMES", tuple(modules))
    crm = await serve("127.0.0.1", 0, tmp_path / "crm", None, enrolled_only=True)
    async with aiohttp.ClientSession() as session, far_end() as device:
        operator = Operator(crm, session)
        claim = await operator.claim()
        (tmp_path / FILE).write_text(SITE + CRM.format(url=crm.url, claim=claim))
        async with running(tmp_path) as box:
            served, edge = box.edge._crms, box.as_role("administrator")
            refused = await said_to(operator, box.journal.box)
            assert (refused["state"], refused["detail"]) == (
                "refused",
                "this box has no device echo1",
            )

            revision = (await edge.settings()).revision
            metered = DestinationChange(
                revision=revision,
                name="crm",
                kind="link",
                settings={"url": crm.url},
                forwarding={"metered": True},
            )
            revision = (await edge.change_destination(metered)).revision
            assert served.listeners == {}
            forwarder = served.forwarders["crm"]

            echo = DeviceChange(
                revision=revision,
                key="echo1",
                driver="echo",
                link={"tcp": f"127.0.0.1:{device.port}"},
                commands={"say": 30},
            )
            revision = (await edge.add_device(echo)).revision
            done = await said_to(operator, box.journal.box)
            assert (done["state"], device.names) == ("done", [done["payload"]["id"]])
            assert served.forwarders["crm"] is forwarder

            await edge.remove_device("echo1", revision)
            assert served.listeners == {}
    await crm.close()
