"""Wrong clocks, from the wire to the CRM: the real box on a wall clock that the test sets.

    libfaketime    what the wall clock shows, changed while the box runs; monotonic time stays true
    strace         what the kernel says of its clock: nobody can make it disciplined for a test
    the CRM        runs on the true time, and tells it in the Date header of its answers

The truth of an event is when its line went into the wire, or a little later, as long as the box
takes to read it: at most until it is stored.
"""

import asyncio
import os
import signal
import sys
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
import pytest

from edge.cli.status import page
from edge.crm.server import serve
from edge.errors import CommandFailed
from edge.intake.clock import is_synchronized
from edge.local.client import Client
from edge.local.status import Status
from tests.drivers.panasonic.paper import tda_a
from tests.ports import free_port
from tests.system.processes import Box

ZONE = ZoneInfo("Asia/Tehran")
SECONDS = 60.0
EXACT = 2.0
"""Seconds by which an event's time may be off once the time is known."""
WHOLE = 3.0
"""The same for times in its data, which are whole seconds."""
DAY = 86400
SITE = """version = 1
name = "mashhad"
timezone = "Asia/Tehran"
[[device]]
key = "pbx1"
driver = "panasonic"
link = {{ serial = "{port}", baud = 9600 }}
settings = {{ model = "KX-TDA100", date_order = "dmy", country_code = "98", area_code = "51" }}
[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}" }}
"""

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """The truth lies somewhere in it."""

    begin: datetime
    end: datetime

    def later(self, seconds: float) -> "Span":
        by = timedelta(seconds=seconds)
        return Span(self.begin + by, self.end + by)


def now() -> datetime:
    return datetime.now(UTC)


def to_1970() -> int:
    """Seconds by which a clock is off that starts at three minutes past midnight of 1970."""
    return 180 - int(now().timestamp())


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await true():  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.05)


class Branch:
    """A box, the wire of its exchange, and the CRM that it knows of."""

    def __init__(self, folder: Path, faketime: Path, strace: Path) -> None:
        self.said: dict[str, Span] = {}
        self._box = Box(folder / "box")
        self.data = self._box.data
        self._folder = folder
        self._faketime = faketime
        self._strace = strace
        self._wall = folder / "wall"
        self._wire, self._port = os.openpty()
        tty.setraw(self._wire)
        self._crm_port = free_port()

    def settle(self) -> None:
        """Write the settings."""
        url = f"http://127.0.0.1:{self._crm_port}"
        site = SITE.format(port=os.ttyname(self._port), url=url)
        (self.data / "site.toml").write_text(site)

    def close(self) -> None:
        os.close(self._wire)
        os.close(self._port)

    def set_wall(self, seconds: int) -> None:
        """The wall clock is off by so much from now on."""
        new = self._wall.with_name("wall.new")
        new.write_text(f"{seconds:+d}")
        new.replace(self._wall)

    @asynccontextmanager
    async def box(self, *injected: str) -> AsyncIterator[int]:
        """A running box and its pid; `injected` is what strace makes of the kernel's word."""
        inject = ":".join(("adjtimex,clock_adjtime", *(injected or ("retval=5",))))
        faked = {
            "LD_PRELOAD": self._faketime,
            "FAKETIME_TIMESTAMP_FILE": self._wall,
            "FAKETIME_NO_CACHE": 1,
            "DONT_FAKE_MONOTONIC": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
        }
        environment = [word for name, value in faked.items() for word in ("-E", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(self._strace, "-f", "-qq", "--seccomp-bpf", "-o", os.devnull),
                *("-e", "trace=adjtimex,clock_adjtime", "-e", f"inject={inject}", *environment),
                *(sys.executable, "-m", "edge", "run", "--data", self.data),
                stderr=log,
                stdout=log,
            )
        try:
            await until(self._is_online)
            (pid,) = _children(process.pid)  # by now strace has no other
            yield pid
        finally:
            for pid in _children(process.pid):
                os.kill(pid, signal.SIGTERM)
            async with asyncio.timeout(SECONDS):
                await process.wait()

    def told(self, event: Event) -> str:
        """An event that was not expected, and what the box said meanwhile."""
        return f"{event}; log:\n{(self._folder / 'log').read_text()}"

    async def status(self) -> Status | None:
        """None while the box does not answer."""
        with suppress(CommandFailed):
            async with Client(self.data) as client:
                return await client.status()
        return None

    async def _is_online(self) -> bool:
        status = await self.status()
        return status is not None and status.devices[0].state == "online"

    async def wall_is_off_by(self, seconds: int) -> bool:
        """Whether the box goes by a clock that is off by so much."""
        asked = now()
        status = await self.status()
        assert status
        assert status.clock
        return _seconds_off(status.clock.now, Span(asked, now()).later(seconds)) < WHOLE

    async def knows_the_time(self) -> bool:
        status = await self.status()
        return bool(status and status.clock and status.clock.source)

    async def looked(self) -> None:
        """Return when the box must have looked at the wall clock again."""
        before = await self.status()
        assert before

        async def later() -> bool:
            status = await self.status()
            return status is not None and status.uptime_seconds >= before.uptime_seconds + 3

        await until(later)

    async def say(self, what: str, ring: str = "", talk: str = "", code: str = "") -> None:
        """A line of one call into the wire; return when the box has stored what it tells."""
        before, said = self._box.stored("call.%"), now()
        printed = said.astimezone(ZONE)
        line = tda_a(
            f"{printed:%H:%M}", "104", "02", "<I>09120000011", ring, talk, code,
            date=f"{printed:%d/%m/%y}",
        )  # fmt: skip
        os.write(self._wire, f"{line}\r\n".encode())

        async def stored() -> bool:
            return self._box.stored("call.%") > before

        await until(stored)
        self.said[what] = Span(said, now())

    @asynccontextmanager
    async def crm(self) -> AsyncIterator[str]:
        running = await serve("127.0.0.1", self._crm_port, self._folder / "crm", None)
        try:
            yield running.url
        finally:
            await running.close()

    async def received(self, url: str) -> list[Event]:
        """What the CRM has when the box has nothing left for it, in order of sequence."""

        async def settled() -> bool:
            status = await self.status()
            return status is not None and status.destinations[0].backlog == 0

        await until(settled)
        async with aiohttp.ClientSession() as session, session.get(f"{url}/events") as answer:
            lines = (await answer.text()).splitlines()
        events = [msgspec.json.decode(line) for line in lines]
        sequences = [int(event["sequence"]) for event in events]
        assert sequences == list(range(1, len(events) + 1)), "order depends on no clock"
        return events


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@pytest.fixture(scope="session")
def faketime(needs: Callable[[str, str], Path]) -> Path:
    """The library that the program loads; where it lies tells the architecture."""
    needs("faketime", "faketime")
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.fixture
async def branch(
    tmp_path: Path, needs: Callable[[str, str], Path], faketime: Path
) -> AsyncIterator[Branch]:
    branch = Branch(tmp_path, faketime, needs("strace", "strace"))
    branch.settle()
    yield branch
    branch.close()


def seconds_off(text: str | None, truth: Span) -> float:
    assert text is not None
    return _seconds_off(datetime.fromisoformat(text), truth)


def _seconds_off(time: datetime, truth: Span) -> float:
    return max((truth.begin - time).total_seconds(), (time - truth.end).total_seconds())


def check_call(events: list[Event], branch: Branch) -> None:
    """One call of two lines, `ring` and `end`, whose times are all true."""
    ringing, ended = [event for event in events if event["type"].startswith("call.")]
    assert (ringing["type"], ended["type"]) == ("call.ringing", "call.ended")
    assert seconds_off(ringing["time"], branch.said["ring"]) < EXACT
    assert seconds_off(ended["time"], branch.said["end"]) < EXACT
    ring, end, data = branch.said["ring"], branch.said["end"], ended["data"]
    assert seconds_off(ringing["data"]["started_at"], ring) < WHOLE
    assert seconds_off(data["started_at"], ring) < WHOLE
    assert seconds_off(data["answered_at"], end.later(-2)) < WHOLE
    assert seconds_off(data["ended_at"], end) < WHOLE
    assert (data["ring_seconds"], data["talk_seconds"]) == (1, 2)


def qualities(events: list[Event]) -> list[str]:
    return [event["timequality"] for event in events]


@pytest.mark.parametrize("off", ["1970", "+400 days"])
async def test_events_before_the_time_is_known_are_corrected(branch: Branch, off: str) -> None:
    started = now()
    wrong = to_1970() if off == "1970" else 400 * DAY
    branch.set_wall(wrong)
    async with branch.box():
        assert await branch.wall_is_off_by(wrong)
        await branch.say("ring", code="RC")
        await branch.say("end", "0'01", "00:00'02")
        status = await branch.status()
        assert status
        assert status.clock
        assert status.clock.source is None
        assert "clock: not trusted" in "\n".join(page(status, status.clock.now))
        async with branch.crm() as url:
            events = await branch.received(url)
            assert await branch.wall_is_off_by(0)
            await branch.say("late", "0'01", "00:00'02")
            later = (await branch.received(url))[len(events) :]
        status = await branch.status()
        assert status
        assert status.clock
        assert status.clock.source == "crm"
        assert "right by the CRM's time" in "\n".join(page(status, status.clock.now))
    assert set(qualities(events)) == {"corrected"}
    check_call(events, branch)
    before = Span(started, branch.said["ring"].end)
    for event in events[:-2]:
        assert event["type"] in {"box.started", "device.online"}, branch.told(event)
        assert seconds_off(event["time"], before) < EXACT
    assert qualities(later) == ["synced"]
    assert seconds_off(later[0]["time"], branch.said["late"]) < EXACT


async def test_a_crm_in_reach_is_asked_before_anything_leaves(branch: Branch) -> None:
    branch.set_wall(to_1970())
    async with branch.crm() as url, branch.box():
        await branch.say("ring", code="RC")
        await until(branch.knows_the_time)
        await branch.say("end", "0'01", "00:00'02")
        events = await branch.received(url)
    assert "estimated" not in qualities(events)
    assert qualities(events)[-1] == "synced"
    check_call(events, branch)


async def test_an_hour_back_in_a_call_while_the_time_is_known(branch: Branch) -> None:
    branch.set_wall(0)
    async with branch.crm() as url, branch.box():
        await branch.received(url)
        await branch.say("ring", code="RC")
        branch.set_wall(-3600)
        await branch.looked()
        await branch.say("end", "0'01", "00:00'02")
        events = await branch.received(url)
    check_call(events, branch)
    assert qualities(events)[-2:] == ["synced", "synced"]


@pytest.mark.parametrize("step", [-3600, 400 * DAY])
async def test_a_step_in_a_call_while_nobody_knows_the_time(branch: Branch, step: int) -> None:
    branch.set_wall(0)
    async with branch.box():
        await branch.say("ring", code="RC")
        branch.set_wall(step)
        await until(lambda: branch.wall_is_off_by(step))
        await branch.say("end", "0'01", "00:00'02")
        async with branch.crm() as url:
            events = await branch.received(url)
    assert set(qualities(events)) == {"corrected"}
    check_call(events, branch)


async def test_the_time_comes_in_the_middle_of_a_call(branch: Branch) -> None:
    branch.set_wall(to_1970())
    async with branch.box():
        await branch.say("ring", code="RC")
        async with branch.crm() as url:
            await branch.received(url)
            await branch.say("end", "0'01", "00:00'02")
            events = await branch.received(url)
    check_call(events, branch)
    assert qualities(events)[-2:] == ["corrected", "synced"]


async def test_a_restart_on_another_wrong_clock(branch: Branch) -> None:
    """The same boot, so that monotonic time goes on."""
    branch.set_wall(to_1970())
    async with branch.box() as pid:
        await branch.say("ring", code="RC")
        os.kill(pid, signal.SIGKILL)
    branch.set_wall(400 * DAY)
    async with branch.box():
        await branch.say("end", "0'01", "00:00'02")
        async with branch.crm() as url:
            events = await branch.received(url)
    assert set(qualities(events)) == {"corrected"}
    check_call(events, branch)


async def test_trust_that_is_lost_again(branch: Branch) -> None:
    """A time server answered until the third look; then the wall clock is set by hand."""
    if is_synchronized():
        pytest.skip("the clock of this machine is disciplined, so it cannot lose that here")
    branch.set_wall(0)
    async with branch.box("retval=0", "when=1..3"):

        async def is_lost() -> bool:
            status = await branch.status()
            return bool(status and status.clock and status.clock.source is None)

        await until(is_lost)
        branch.set_wall(-400 * DAY)
        await branch.say("ring", code="RC")
        await branch.looked()
        assert await branch.wall_is_off_by(0)
        await branch.say("end", "0'01", "00:00'02")
        async with branch.crm() as url:
            events = await branch.received(url)
    assert qualities(events)[-2:] == ["corrected", "corrected"]
    check_call(events, branch)
