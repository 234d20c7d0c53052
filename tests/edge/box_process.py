"""A box in a process of its own, with a CRM that compares: fixtures for whoever imports them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from edge.journal.journal import Journal
from edge.local.client import Client, NotRunning
from tests.edge.delivery.comparing import ComparingCrm
from tests.edge.delivery.conftest import call

SITE = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"
[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}", token = "made-up-token" }}
[[destination]]
name = "store"
kind = "opencrm"
settings = {{ url = "{url}" }}
"""


@pytest.fixture
async def crm() -> AsyncIterator[ComparingCrm]:
    crm = ComparingCrm()
    app = web.Application()
    app.add_routes(crm.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield crm
    await runner.cleanup()


@asynccontextmanager
async def running(data: Path, root: Path) -> AsyncIterator[Client]:
    """A box that has delivered all that it had."""
    box = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "run", "--data", data),
        env=os.environ | {"PYTHONPATH": str(root)},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30), Client(data) as client:
            while True:
                try:
                    status = await client.status()
                except NotRunning:
                    await asyncio.sleep(0.05)
                    continue
                if status.destinations and status.destinations[0].backlog == 0:
                    break
                await asyncio.sleep(0.05)
            yield client
    finally:
        box.send_signal(signal.SIGTERM)
        await box.communicate()


@pytest.fixture
async def data(tmp_path: Path, crm: ComparingCrm) -> Path:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    await journal.append([call(number) for number in range(20)])
    await journal.close()
    (tmp_path / "site.toml").write_text(SITE.format(url=crm.url))
    return tmp_path
