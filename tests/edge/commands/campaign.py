"""The box killed at every step of a command: what the device did is held against what was told.

    python -m tests.edge.commands.campaign [KILLS]        200; exit code 1 when anything is wrong

One CRM, in which the box is enrolled, one device and one journal, over as many lives of the box. In
each life some commands are waiting or come while it runs, short and long ones, some with hardly any
time to live; then the box kills itself before or after one of the steps (box.py).
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import tomli_w

from edge.crm.boxes import new_claim
from edge.crm.server import Running, serve
from tests.edge.commands.box import STEPS
from tests.edge.commands.echo import FarEnd, far_end

ROOT = Path(__file__).parents[3]
KILLED = -9
LIFE_SECONDS = 60.0
PLACES = [f"{side}:{step}" for step in STEPS for side in ("before", "after")]


@dataclass(slots=True)
class Findings:
    """states: how the commands ended. missed: places at which no command came by in a life."""

    kills: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Campaign:
    """The CRM's operator, the device, and who starts the box."""

    def __init__(self, folder: Path, crm: Running, device: FarEnd, rng: Random) -> None:
        self._data = folder / "box"
        self._data.mkdir()
        self._log = folder / "box.log"
        self._crm = crm
        self._device = device
        self._rng = rng
        self._session = aiohttp.ClientSession()
        self.ordered: dict[str, dict[str, Any]] = {}
        self.findings = Findings()
        self.box = ""

    async def close(self) -> None:
        await self._session.close()

    async def settle(self) -> None:
        claim = await new_claim(self._crm.store, "mashhad")
        site = {
            "version": 1,
            "name": "mashhad",
            "timezone": "Asia/Tehran",
            "device": [
                {
                    "key": "echo1",
                    "driver": "echo",
                    "link": {"tcp": f"127.0.0.1:{self._device.port}"},
                    "commands": {"say": 100_000},
                }
            ],
            "destination": [
                {
                    "name": "crm",
                    "kind": "link",
                    "settings": {"url": self._crm.url, "claim": claim},
                }
            ],
        }
        (self._data / "site.toml").write_text(tomli_w.dumps(site))

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.edge.commands.box", str(self._data), *words]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    async def first_life(self) -> None:
        """Executes one command undisturbed: from then on the box knows what is of its time."""
        process = self.start()
        try:
            await self.until(self._knows_box, "the box tells its id")
            await self.until(self._one_is_done, "the first command is done")
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, LIFE_SECONDS)

    async def life(self, place: str) -> None:
        """One life, up to the kill at that place."""
        if self._rng.random() < 0.7:
            await self._order_some()
        once = place.endswith(":unknown")  # a life begins once
        process = self.start(place, "1" if once else str(self._rng.randint(1, 2)))
        end = time.monotonic() + LIFE_SECONDS
        try:
            while process.poll() is None and time.monotonic() < end:
                await asyncio.sleep(self._rng.uniform(0.1, 0.8))
                await self._order_some()
        finally:
            process.kill()
            process.wait()
        if process.returncode == KILLED and time.monotonic() < end:
            self.findings.kills[place] += 1
        else:
            self.findings.missed.append(f"{place} (ended with {process.returncode})")

    async def last_life(self) -> None:
        """Undisturbed, until every command has its result."""
        process = self.start()
        try:
            await self.until(self._all_ended, "every command has a result", 60)
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, LIFE_SECONDS)

    async def order(self, text: str, times: int = 1, ttl: float = 60.0) -> None:
        device = f"/boxes/{self.box}/echo1"
        wish = {"device": device, "type": "say", "args": {"text": text, "times": times}, "ttl": ttl}
        async with self._session.post(f"{self._crm.url}/commands", json=wish) as response:
            assert response.status == 200, await response.text()
            payload = await response.json()
            self.ordered[payload["id"]] = payload

    async def judge(self) -> Findings:
        """Hold what the device did against what the CRM was told."""
        found = self.findings
        for name, times in Counter(self._device.names).items():
            if times > 1:
                found.wrong.append(f"{name} was done {times} times")
        results: dict[str, list[str]] = {id_: [] for id_ in self.ordered}
        for event in await self._events():
            if event["type"] == "command.result":
                results[event["data"]["command_id"]].append(event["data"]["state"])
        for id_, states in results.items():
            found.states.update(states)
            if len(states) != 1:
                found.wrong.append(f"{id_} has the results {states}")
            else:
                found.wrong += self._told_wrongly(self.ordered[id_], states[0])
        return found

    def _told_wrongly(self, payload: dict[str, Any], state: str) -> list[str]:
        id_, times = payload["id"], payload["args"].get("times", 1)
        acted = [at for name, at in self._device.done if name.partition("/")[0] == id_]
        right = {"done": len(acted) == times, "unknown": True}.get(state, not acted)
        wrong = [] if right else [f"{id_} was {state}, and the device acted {len(acted)} times"]
        deadline = datetime.fromisoformat(payload["issued"]).timestamp() + payload["ttl"]
        if acted and acted[0] > deadline:
            wrong.append(f"{id_} was done {acted[0] - deadline:.3f} s after its deadline")
        return wrong

    async def _order_some(self) -> None:
        for _ in range(self._rng.randint(1, 2)):
            ttl = self._rng.choice((60.0, 60.0, self._rng.uniform(0.01, 1.5)))
            text = self._rng.choice(("hello", "hello", "refuse"))
            await self.order(text, self._rng.choice((1, 1, 1, 1, 3)), ttl)

    async def _knows_box(self) -> bool:
        for event in await self._events():
            if event["type"] == "device.online":
                self.box = event["source"].split("/")[2]
        return bool(self.box)

    async def _one_is_done(self) -> bool:
        """What was ordered before the box asked for the first time is refused: order again."""
        if not await self._all_ended():
            return False
        if not self._device.done:
            await self.order("hello")
        return bool(self._device.done)

    async def _all_ended(self) -> bool:
        told = {
            event["data"]["command_id"]
            for event in await self._events()
            if event["type"] == "command.result"
        }
        return told >= set(self.ordered)

    async def _events(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self._crm.url}/events") as response:
            return [json.loads(line) for line in (await response.text()).splitlines()]

    async def until(
        self, look: Callable[[], Awaitable[bool]], what: str, seconds: float = LIFE_SECONDS
    ) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await look():  # noqa: ASYNC110 - another process sets no event
                    await asyncio.sleep(0.1)
        except TimeoutError:
            log = self._log.read_text()[-4000:]
            raise AssertionError(f"not within {seconds:g} s: {what}; log:\n{log}") from None


async def campaign(folder: Path, kills: int, rng: Random) -> Findings:
    """So many lives, each ended at another place until all had their turn."""
    places = rng.sample(PLACES, len(PLACES))
    crm = await serve("127.0.0.1", 0, folder / "crm", None, enrolled_only=True)
    try:
        async with far_end() as device:
            running = Campaign(folder, crm, device, rng)
            try:
                await running.settle()
                await running.first_life()
                for place in itertools.islice(itertools.cycle(places), kills):
                    await running.life(place)
                await running.last_life()
                return await running.judge()
            finally:
                await running.close()
    finally:
        await crm.close()


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(time.time())
    with TemporaryDirectory() as folder:
        found = asyncio.run(campaign(Path(folder), kills, Random(seed)))
    say = sys.stdout.write
    say(f"seed {seed}: {found.kills.total()} kills at {len(found.kills)} places, ")
    say(f"{found.states.total()} commands: {dict(found.states)}\n")
    for line in (*found.missed, *found.wrong):
        say(f"  {line}\n")
    say("sound\n" if not found.wrong else "NOT SOUND\n")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
