"""A box without a clock and a CRM behind TLS: real processes, a wall clock that is wrong.

box ──TLS, a certificate made for the test──▶ relay ──▶ reference CRM, enrolled boxes only
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w

from edge.crm.boxes import new_claim
from edge.crm.server import serve
from edge.site.secret_fields import MARK
from tests.certificates import DAY, Authority, Shown
from tests.system.test_clock import Branch, check_call, qualities, to_1970, until


class SecureBranch(Branch):
    """A box that knows its CRM by an authority of the office's own, and has a claim code for it."""

    async def settle_for(self, url: str, authority: Path) -> None:
        """Write the settings; the code is one of the CRM's that `crm` runs."""
        folder = self._folder / "crm"
        running = await serve("127.0.0.1", self._crm_port, folder, None, enrolled_only=True)
        code = await new_claim(running.store, "mashhad")
        await running.close()
        device = {
            "key": "pbx1",
            "driver": "panasonic",
            "link": {"serial": os.ttyname(self._port), "baud": 9600},
            "settings": {"model": "KX-TDA100", "date_order": "dmy", "area_code": "51"},
        }
        crm = {
            "name": "crm",
            "kind": "link",
            "settings": {"url": url, "claim": code},
            "connection": {"ca_file": str(authority)},
        }
        site = {"version": 1, "name": "mashhad", "timezone": "Asia/Tehran"}
        text = tomli_w.dumps(site | {"device": [device], "destination": [crm]})
        (self.data / "site.toml").write_text(text)

    @property
    def crm_port(self) -> int:
        return self._crm_port

    @asynccontextmanager
    async def crm(self) -> AsyncIterator[str]:
        folder = self._folder / "crm"
        running = await serve("127.0.0.1", self._crm_port, folder, None, enrolled_only=True)
        try:
            yield running.url
        finally:
            await running.close()


class Relay:
    """Ends TLS for the port of somebody who speaks none."""

    def __init__(self) -> None:
        self.port = 0
        self.to = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def relay(shown: Shown) -> AsyncIterator[Relay]:
    relay = Relay()
    async with asyncio.TaskGroup() as group:

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(relay.serve(reader, writer))

        server = await asyncio.start_server(begin, "127.0.0.1", ssl=shown.context)
        relay.port = server.sockets[0].getsockname()[1]
        async with server:
            yield relay


@pytest.fixture
def branch(tmp_path: Path, needs: Callable[[str, str], Path]) -> SecureBranch:
    needs("faketime", "faketime")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return SecureBranch(tmp_path, library, needs("strace", "strace"))


@asynccontextmanager
async def office(branch: SecureBranch, begin: timedelta, end: timedelta) -> AsyncIterator[None]:
    """The CRM's TLS, with a certificate in force between these from now; and the box's settings."""
    authority = Authority(branch.data.parent)
    async with relay(authority.shows("localhost", begin, end)) as crm:
        await branch.settle_for(crm.url, authority.file)
        crm.to = branch.crm_port
        yield
    branch.close()


@pytest.mark.parametrize("wall", ["1970", "+400 days"])
async def test_a_box_without_a_clock_gets_the_time_over_tls(
    branch: SecureBranch, wall: str
) -> None:
    branch.set_wall(to_1970() if wall == "1970" else 400 * 86400)
    async with office(branch, -DAY, 30 * DAY), branch.box():
        await branch.say("ring", code="RC")
        await branch.say("end", "0'01", "00:00'02")
        async with branch.crm() as url:
            events = await branch.received(url)
            assert await branch.wall_is_off_by(0)
    assert set(qualities(events)) == {"corrected"}
    check_call(events, branch)
    assert MARK in (branch.data / "site.toml").read_text()


async def test_a_certificate_that_expired_is_no_good_because_the_clock_is_wrong(
    branch: SecureBranch,
) -> None:
    branch.set_wall(-20 * 86400)  # a day on which it was in force
    async with office(branch, -30 * DAY, -10 * DAY), branch.box(), branch.crm() as url:

        async def is_told() -> bool:
            status = await branch.status()
            return status is not None and (
                status.destinations[0].code == "certificate not in force"
            )

        await until(is_told)
        status = await branch.status()
        assert status
        assert status.destinations[0].backlog > 0
        assert status.clock
        assert status.clock.source is None
        assert url
