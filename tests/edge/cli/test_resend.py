"""`payvand events --resend`, against a real box in a process of its own and a CRM that compares."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import CompletedProcess

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
Payvand = Callable[..., CompletedProcess[str]]


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


async def test_old_events_go_once_more_on_request(
    data: Path, crm: ComparingCrm, payvand: Payvand, pytestconfig: pytest.Config
) -> None:
    def resend(*words: str) -> Awaitable[CompletedProcess[str]]:
        return asyncio.to_thread(payvand, "events", "--data", data, "--resend", *words)

    async with running(data, pytestconfig.rootpath) as client:
        crm.lose(5, 6, 7)
        done = await resend("5..7", "--to", "crm")
        assert (done.returncode, done.stdout) == (0, "crm: 3 events go once more\n")
        async with asyncio.timeout(10):
            while {5, 6, 7} - set(crm.stored()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert sorted(crm.came[-3:]) == [5, 6, 7]
        assert (await client.status()).destinations[0].repeats == 0

        to_all = await resend("3")
        assert "crm: 1 events go once more\n" in to_all.stdout
        assert "store: not sent: it knows calls by no id of ours" in to_all.stdout
        assert to_all.returncode == 0
        refused = await resend("3", "--to", "store")
        assert refused.returncode == 1
        unknown = await resend("3", "--to", "nobody")
        assert (unknown.returncode, unknown.stderr) == (
            1,
            "payvand: there is no CRM nobody: it is one of crm, store\n",
        )
        beyond = await resend("3..4000")
        assert beyond.returncode == 1
        assert "the last event is " in beyond.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--resend", "7..5"], "write the lower sequence first"),
        (["--resend", "0..5"], "from 1 up"),
        (["--resend", "x..5"], "is no range of sequences such as 110..112"),
        (["--resend", "1..2", "--follow"], "leave --follow"),
        (["--to", "crm"], "--to belongs to --resend"),
    ],
)
def test_a_wrong_request_is_told(
    tmp_path: Path, payvand: Payvand, words: list[str], told: str
) -> None:
    done = payvand("events", "--data", tmp_path, *words)
    assert done.returncode == 2
    assert told in done.stderr
