"""A box killed with SIGKILL again and again while it delivers to a stand-in.

    python -m tests.edge.delivery.call_store.killing [ROUNDS]     the long form, 100 rounds each

A kill comes when the stand-in gets a certain request, when it has done what that asks but has not
answered, or at a moment of chance. What a kill may double is known exactly: the call or channel
that the last request of that life created, since its name may not have come to the notebook.
Everything else is there once, and as it is in a control run that nobody killed.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from aiohttp import web

from edge.delivery.call_store.stand_in import Moment, Seen, StandIn
from edge.delivery.destinations.opencrm.stand_in import OpenCrmStandIn
from edge.delivery.destinations.payamgostar.stand_in import PayamGostarStandIn

ROOT = Path(__file__).parents[4]
SECONDS = 60.0
MOST_REQUESTS = 14
CALLS_A_ROUND = 4
STAND_INS: dict[str, Callable[[], StandIn]] = {
    "payamgostar": PayamGostarStandIn,
    "opencrm": OpenCrmStandIn,
}


@dataclass
class Toll:
    """calls, channels: sources that were the last creation of a killed life. live: of calls."""

    kills: int = 0
    calls: list[str] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    channels: list[str] = field(default_factory=list)


class Killing:
    """Lives of one box, one after the other."""

    def __init__(self, kind: str, rounds: int, seed: int, data: Path, calls: int = 0) -> None:
        self.stand_in: Any = STAND_INS[kind]()
        self.toll = Toll()
        self.control: Any = None
        self._kind = kind
        self._rounds = rounds
        self._calls = calls or CALLS_A_ROUND * rounds
        self._seed = seed
        self._rng = Random(seed)
        self._data = data
        self._url = ""

    async def run(self) -> None:
        """Raises AssertionError where a life does not end as it should."""
        if self._rounds:
            undisturbed = self._data / "undisturbed"
            undisturbed.mkdir()
            control = Killing(self._kind, 0, self._seed, undisturbed, self._calls)
            await control.run()
            self.control = control.stand_in
        runner = web.AppRunner(self.stand_in.app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for _ in range(self._rounds):
            await self._live_and_die()
        self.stand_in.watch = lambda _moment, _what: None
        process = await self._spawn()
        async with asyncio.timeout(SECONDS + self._rounds):
            assert await process.wait() == 0
        await runner.cleanup()

    async def _spawn(self) -> asyncio.subprocess.Process:
        module = "tests.edge.delivery.call_store.life"
        words = (self._kind, self._data, self._url, str(self._calls), str(self._seed))
        return await asyncio.create_subprocess_exec(sys.executable, "-m", module, *words, cwd=ROOT)

    async def _live_and_die(self) -> None:
        """One life, killed at a request, before or after it is done, or a little later."""
        before = len(self.stand_in.seen)
        left = self._rng.randint(1, MOST_REQUESTS)
        wanted: Moment = self._rng.choice(["asked", "done"])
        later = self._rng.choice([0.0, 0.0, self._rng.uniform(0.0, 0.02)])
        struck = asyncio.Event()

        def watch(moment: Moment, _: str) -> None:
            nonlocal left
            if moment == wanted:
                left -= 1
            if left == 0 and not struck.is_set():
                if not later:
                    os.kill(process.pid, signal.SIGKILL)
                struck.set()

        self.stand_in.watch = watch
        process = await self._spawn()
        async with asyncio.timeout(SECONDS):
            await struck.wait()
            await asyncio.sleep(later)  # the moment of the kill
            if process.returncode is None and later:
                process.kill()
            await process.wait()
        self.toll.kills += 1
        await asyncio.sleep(0.02)  # what the server still does with the last request
        self._note(self.stand_in.seen[before:])

    def _note(self, seen: list[Seen]) -> None:
        creations = [created for each in seen[-1:] if (created := _creation(each))]
        for source, live, is_call in creations:
            if is_call:
                self.toll.calls.append(source)
                if live:
                    self.toll.live.add(source)
            else:
                self.toll.channels.append(source)


def _creation(seen: Seen) -> tuple[str, bool, bool] | None:
    """(our name, live, whether it is a call) of what a request creates."""
    body: Any = msgspec.json.decode(seen.body)
    if not isinstance(body, dict):
        return None
    for name, is_call in (
        ("SourceId", True),
        ("SourceCallId", True),
        ("ChannelSourceId", False),
        ("SourceCallChannelId", False),
    ):
        if name in body:
            return body[name], body["IsLive"], is_call
    return None


def doubled(stand_in: Any) -> tuple[Counter[str], Counter[str]]:  # noqa: ANN401 - either
    """Our names of calls, and of channels within a call, with how often too often."""
    calls = Counter(call.source for call in stand_in.calls)
    channels: Counter[str] = Counter()
    for call in stand_in.calls:
        for source, count in Counter(channel.source for channel in call.channels).items():
            channels[source] += count - 1
    return calls - Counter(set(calls)), +channels


async def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=100, help="kills each (%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    wrong = 0
    for kind in STAND_INS:
        with TemporaryDirectory() as folder:
            killing = Killing(kind, given.rounds, given.seed, Path(folder))
            await killing.run()
            found = verdict(killing)
            calls, channels = doubled(killing.stand_in)
            toll = killing.toll
            sys.stdout.write(
                f"{kind}: {toll.kills} kills (seed {given.seed}), {len(toll.calls)} of them behind"
                f" the sending of a call, {len(toll.live)} of these live;"
                f" {CALLS_A_ROUND * given.rounds} calls, {calls.total()} doubled,"
                f" {channels.total()} channels doubled, {len(found)} wrong\n"
            )
            for line in found:
                sys.stdout.write(f"  WRONG {line}\n")
            wrong += len(found)
    return 1 if wrong else 0


def verdict(killing: Killing) -> list[str]:
    """What is not as promised; nothing, if all is well."""
    stand_in = killing.stand_in
    toll = killing.toll
    calls, channels = doubled(stand_in)
    wrong = []
    allowed = Counter(toll.calls)
    if isinstance(stand_in, PayamGostarStandIn):
        allowed = Counter(source for source in toll.calls if source not in toll.live)
    wrong += [f"call {source} doubled" for source in calls - allowed]
    wrong += [f"channel {source} doubled" for source in channels - Counter(toll.channels)]
    over = {call.source: call for call in stand_in.calls if call.end is not None}
    touched = {source.partition("-")[0] for source in (*toll.calls, *toll.channels)}
    for call in killing.control.calls:
        if call.source not in over:
            wrong.append(f"call {call.source} lost, or without end")
        elif call.source not in touched and _shape(over[call.source]) != _shape(call):
            wrong.append(f"call {call.source} differs: {over[call.source]}, not {call}")
    return wrong


def _shape(call: Any) -> dict[str, Any]:  # noqa: ANN401 - of either stand-in
    """All that does not come from the order in which the server gave its ids."""
    shape = asdict(call)
    del shape["id"]
    for channel in shape["channels"]:
        del channel["id"]
        # A change whose answer was lost is made again.
        channel["peers"] = [name for name, _ in groupby(channel["peers"])]
    return shape


if __name__ == "__main__":
    raise SystemExit(asyncio.run(_main()))
