"""`payvand access` on a real box, and the setup of one by processes that race for it."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.access.setup_code import read
from edge.local.client import Client
from edge.site.site import FILE
from tests.edge.running import SITE
from tests.system.processes import ROOT, Box, eventually, payvand

PASSWORD = "a good long one"
_SET_UP = """
import asyncio, sys
from pathlib import Path
from edge.access.refusals import Conflict
from edge.local.client import Client

async def main(data, name, code):
    async with Client(Path(data), token="", address=f"10.0.0.{len(name)}") as page:
        ticket = await page.begin_setup(code)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        try:
            await page.finish_setup(ticket.token, name, "a good long one")
            print("won")
        except Conflict:
            print("lost")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    box = Box(tmp_path / "box")
    (box.data / FILE).write_text(SITE)
    box.spawn()
    await eventually(box.status, "an answer")
    yield box
    box.kill()


def _access(what: str, box: Box) -> str:
    done = payvand("access", what, "--data", box.data)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_code_is_shown_until_the_box_is_set_up_and_the_log_never_has_it(
    box: Box,
) -> None:
    code = _access("code", box).strip()
    assert len(read(code)) == 10
    async with Client(box.data, token="") as page:
        ticket = await page.begin_setup(code)
        await page.finish_setup(ticket.token, "maryam", PASSWORD)
    assert _access("users", box) == "maryam  administrator  1 sessions\n"
    gone = payvand("access", "code", "--data", box.data)
    assert gone.returncode == 1
    assert "stands on the box's label" in gone.stderr
    assert code not in box.log
    assert PASSWORD not in box.log


async def test_who_lost_password_and_label_gets_in_from_the_box_itself(box: Box) -> None:
    first = _access("code", box).strip()
    async with Client(box.data, token="") as page:
        ticket = await page.begin_setup(first)
        await page.finish_setup(ticket.token, "maryam", PASSWORD)
        new = _access("new-code", box).strip()
        assert _access("reopen", box) == "the setup is open for 10 minutes\n"
        assert (await page.setup_state()).setup == "reopened"
        ticket = await page.begin_setup(new)
        opened = await page.finish_setup(ticket.token, "maryam", "another good one")
        assert (await page.for_session(opened.token, "").whoami()).user == "maryam"
    lines = _access("audit", box).splitlines()
    words = [re.split(r"  +", line)[3] for line in lines]
    assert words == ["setup.done", "login", "setup.new-code", "setup.reopened", *words[:2]]


async def test_of_two_processes_that_race_with_the_right_code_one_wins(box: Box) -> None:
    code = _access("code", box).strip()
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _SET_UP, box.data, name, code),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for name in ("maryam", "intruder")
    ]
    for racer in racers:
        assert racer.stdout
        assert await racer.stdout.readline() == b"ready\n"
    ends = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    assert sorted(out for out, _ in ends) == [b"lost\n", b"won\n"]
    assert _access("users", box).count("\n") == 1


async def test_sessions_outlive_a_restart_of_the_edge(box: Box) -> None:
    async with Client(box.data, token="") as page:
        ticket = await page.begin_setup(_access("code", box))
        opened = await page.finish_setup(ticket.token, "maryam", PASSWORD)
    await box.stop()
    box.spawn()
    await eventually(box.status, "an answer")
    async with Client(box.data, token=opened.token) as page:
        assert (await page.whoami()).user == "maryam"
