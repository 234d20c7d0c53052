import gzip
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge.crm.server import Running, serve

JOURNAL = "1a2b3c4d"
Event = dict[str, Any]


def call_event(sequence: int, call_id: str | None = None, **changes: object) -> Event:
    """An event that is right in every field; `changes` go into the call."""
    call_id = call_id or f"k7-{sequence}"
    leg = {
        "extension": "1605",
        "ring_seconds": 6,
        "talk_seconds": 14,
        "condition": None,
        "transferred": False,
    }
    call = {
        "call_id": call_id,
        "direction": "incoming",
        "line": "05",
        "extension": "1605",
        "number": "+985135550123",
        "number_raw": "05135550123",
        "number_status": "ok",
        "name": None,
        "did": None,
        "started_at": "2026-11-21T19:14:00Z",
        "answered_at": "2026-11-21T19:14:06Z",
        "ended_at": "2026-11-21T19:14:20Z",
        "ring_seconds": 6,
        "talk_seconds": 14,
        "outcome": "answered",
        "legs": [leg],
        "hidden_extensions": [],
        "account_code": None,
        "time_resolution": "minute",
        "device_time": "21/11/26 19:14",
        "test": False,
    }
    return {
        "specversion": "1.0",
        "id": f"{JOURNAL}-{sequence}",
        "source": "/boxes/mashhad/pbx1",
        "type": "call.ended",
        "subject": f"call/{call_id}",
        "time": "2026-11-21T19:14:21.5Z",
        "datacontenttype": "application/json",
        "sequence": str(sequence),
        "timequality": "synced",
        "data": call | changes,
    }


@dataclass(frozen=True, slots=True)
class Got:
    """An answer. `body` is its JSON, or the bytes where it is none."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Box:
    """A client that speaks as a box does, and looks on as a person does."""

    session: aiohttp.ClientSession
    crm: Running

    def at(self, crm: Running) -> "Box":
        """The same client, at another server."""
        return Box(self.session, crm)

    def over(self, session: aiohttp.ClientSession) -> "Box":
        """The same server, over other connections."""
        return Box(session, self.crm)

    async def send(self, *events: Event, span: str | None = None, **headers: str) -> Got:
        body = gzip.compress(json.dumps(events, ensure_ascii=False).encode())
        sequences = [int(event["sequence"]) for event in events] or [1]
        span = span or f"{JOURNAL} {min(sequences)}-{max(sequences)}"
        return await self.post(body, **{"Payvand-Range": span} | headers)

    async def post(self, body: bytes | io.BytesIO, **headers: str) -> Got:
        usual = {
            "Content-Type": "application/cloudevents-batch+json",
            "Content-Encoding": "gzip",
            "Payvand-Range": f"{JOURNAL} 1-1",
        }
        url = f"{self.crm.url}/v1/events"
        async with self.session.post(url, data=body, headers=usual | headers) as response:
            return await _got(response)

    async def ask(self, method: str, path: str, **more: Any) -> Got:  # noqa: ANN401 - as aiohttp's
        async with self.session.request(method, self.crm.url + path, **more) as response:
            return await _got(response)

    async def get(self, path: str) -> Got:
        async with self.session.get(self.crm.url + path) as response:
            return await _got(response)

    async def order(self, **order: object) -> Got:
        async with self.session.post(f"{self.crm.url}/misbehave", json=order) as response:
            return await _got(response)

    async def stored(self) -> list[Event]:
        """What lies in the store, in order of arrival."""
        async with self.session.get(f"{self.crm.url}/events") as response:
            return [json.loads(line) for line in (await response.text()).splitlines()]

    async def calls(self) -> dict[str, Event]:
        return {event["data"]["call_id"]: event for event in (await self.get("/calls")).body}

    async def stats(self) -> dict[str, int]:
        stats: dict[str, int] = (await self.get("/stats")).body
        return stats


async def _got(response: aiohttp.ClientResponse) -> Got:
    body = await response.read()
    parsed = json.loads(body) if body and response.content_type == "application/json" else body
    return Got(response.status, dict(response.headers), parsed)


@pytest.fixture
def event() -> Callable[..., Event]:
    return call_event


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[Running]:
    running = await serve("127.0.0.1", 0, tmp_path / "crm", None)
    yield running
    await running.close()


@pytest.fixture
async def box(crm: Running) -> AsyncIterator[Box]:
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
        yield Box(session, crm)
