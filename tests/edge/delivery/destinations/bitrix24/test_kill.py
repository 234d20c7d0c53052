"""kill -9 at every step of a conversation: each call stands in the statistics once."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from edge.delivery.destinations.bitrix24.stand_in import Portal
from edge.journal.journal import Journal
from edge.journal.records import Sealed
from tests.edge.delivery.destinations.bitrix24.conftest import opened, portal
from tests.edge.delivery.destinations.conftest import captured

ROOT = Path(__file__).parents[5]
PROGRAM = Path(__file__).with_name("box_process.py")
# When the portal has done what a request asks for: before the answer leaves, and milliseconds
# after, while the box writes down what it was told.
MOMENTS = (None, 0.0, None, 0.002, 0.005)


class Killer:
    """Kills the box of this run at its nth request, at a moment; each run at another."""

    def __init__(self, there: Portal) -> None:
        self.kills = 0
        self._there = there
        self._plan = cycle((nth, moment) for moment in MOMENTS for nth in (1, 2, 3))
        there.after = self._after
        self._pid = 0
        self._at = 0
        self._moment: float | None = None

    def aim(self, pid: int) -> None:
        nth, self._moment = next(self._plan)
        self._pid, self._at = pid, len(self._there.said) + nth

    def _after(self) -> None:
        if len(self._there.said) != self._at:
            return
        if self._moment is None:
            self._kill(self._pid)
        else:
            asyncio.get_running_loop().call_later(self._moment, self._kill, self._pid)

    def _kill(self, pid: int) -> None:
        if pid == self._pid:
            with suppress(ProcessLookupError):  # it had just ended
                os.kill(pid, signal.SIGKILL)
                self.kills += 1


async def _run_killed(path: Path, url: str, killer: Killer, there: Portal, away: float) -> None:
    """Start the box again and again until it has nothing left; `away` seconds between two runs."""
    slept = 0.0
    there.now = lambda: monotonic() + slept
    code: int | None = None
    while code != 0:
        box = await asyncio.create_subprocess_exec(
            *(sys.executable, str(PROGRAM), str(path), url),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        killer.aim(box.pid)
        async with asyncio.timeout(60):
            code = await box.wait()
        assert code in (0, -signal.SIGKILL)
        killer._pid = 0
        slept += away


@pytest.mark.parametrize("away", [0.0, 31 * 60.0], ids=["soon", "later"])
async def test_killed_again_and_again(tmp_path: Path, away: float) -> None:
    path = tmp_path / "journal.sqlite"
    journal = await Journal.open(path)
    cases = ("tda100-direct", "tda200-received-answered", "tda600-group", "tde100-markers")
    events = [event for n, case in enumerate(cases) for event in _named(case, n)]
    await journal.append(events)
    ended = [msgspec.json.decode(each.data) for each in events if each.type == "call.ended"]
    told = [call["call_id"] for call in ended if call["direction"] != "internal"]
    calls = [f"{journal.box}-{call}" for call in told]
    await journal.close()
    async with opened(there := portal()) as url:
        killer = Killer(there)
        await _run_killed(path, url, killer, there, away)
    assert killer.kills >= 10
    assert there.external_ids() == calls
    # Within 30 minutes a repeat of `register` returns the same call; later it cannot be avoided
    # that one stays behind, in no statistics.
    assert (len(there.registered) > len(calls)) is (away > 0)
    journal = await Journal.open(path)
    assert await journal.parked("crm") == []
    await journal.close()


def _named(case: str, number: int) -> list[Sealed]:
    """The events of a capture, its calls renamed."""
    name = f'"call_id":"{"abcd"[number]}'.encode()
    return [
        msgspec.structs.replace(event, data=event.data.replace(b'"call_id":"c', name))
        for event in captured(case)
    ]
