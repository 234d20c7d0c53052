"""A CRM that stores events by their ids and compares receipts, as openapi.yaml has it.

lose(3, 4)      as if its database had been brought back from before them
deaf            the sequences of which it says that they are stored, and never stores one
"""

import gzip
import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web


@dataclass(slots=True)
class ComparingCrm:
    """events: device and call by (journal, sequence). asked: the receipts as they came.

    status: of every answer to receipts, 200 for a true one. always: what it misses whatever comes.
    """

    url: str = ""
    events: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    came: list[int] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    deaf: set[int] = field(default_factory=set)
    status: int = 200
    always: list[tuple[int, int]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    def lose(self, *sequences: int) -> None:
        self.events = {key: each for key, each in self.events.items() if key[1] not in sequences}

    def stored(self) -> list[int]:
        return sorted(sequence for _, sequence in self.events)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/events", self._take), web.post("/v1/receipts", self._compare)]

    async def _take(self, request: web.Request) -> web.Response:
        journal, _, span = request.headers["Payvand-Range"].partition(" ")
        body = await request.read()
        # aiohttp has undone gzip already where it is told of it
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        for event in msgspec.json.decode(text):
            sequence = int(event["sequence"])
            self.came.append(sequence)
            assert event["id"] == f"{journal}-{sequence}"
            if sequence not in self.deaf:
                self.events[(journal, sequence)] = event
        return web.json_response({"through": int(span.partition("-")[2])})

    async def _compare(self, request: web.Request) -> web.Response:
        self.headers.append(request.headers.get("Authorization", ""))
        asked = await request.json()
        self.asked.append(asked)
        missing = list(self.always)
        for receipt in asked["receipts"]:
            first, last = receipt["first"], receipt["last"]
            here = {n for journal, n in self.events if journal == asked["journal"]}
            own = sorted(
                n
                for n in here
                if first <= n <= last
                and self.events[(asked["journal"], n)]["source"].endswith(f"/{receipt['device']}")
            )
            digest = hashlib.sha256("".join(f"{n}\n" for n in own).encode()).hexdigest()
            if (len(own), digest) != (receipt["events"], receipt["sha256"]):
                missing += [(n, n) for n in range(first, last + 1) if n not in here]
        return web.json_response({"missing": missing}, status=self.status)
