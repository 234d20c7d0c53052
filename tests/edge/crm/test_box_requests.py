"""What a real box asks is held against the contract: every request of one, recorded on its way."""

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import tomli_w
from aiohttp import web
from jsonschema import Draft202012Validator
from openapi_spec_validator.readers import read_from_filename
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

import edge.crm
from edge.crm.boxes import new_claim
from edge.crm.server import Running, serve
from tests.edge.commands.echo import FarEnd, far_end

FOLDER = Path(edge.crm.__file__).parent
CONTRACT, _ = read_from_filename(str(FOLDER / "openapi.yaml"))
ROOT = Path(__file__).parents[3]
SCHEMAS = {
    f"schemas/{file.name}": json.loads(file.read_text()) for file in FOLDER.glob("schemas/*.json")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema, DRAFT202012)) for name, schema in SCHEMAS.items()
)


@dataclass(slots=True)
class Recorder:
    """Passes on what a box asks, unchanged, and keeps it."""

    session: aiohttp.ClientSession
    crm: Running
    asked: list[tuple[web.BaseRequest, bytes]] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        self.asked.append((request, body))
        url = self.crm.url + request.path_qs
        async with self.session.request(
            request.method, url, headers=request.headers, data=body or None
        ) as answer:
            kept = {"Content-Type": answer.headers["Content-Type"]}
            if "Payvand-Time" in answer.headers:
                kept["Payvand-Time"] = answer.headers["Payvand-Time"]
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@pytest.fixture
async def recorder(tmp_path: Path) -> AsyncIterator[tuple[Recorder, str]]:
    crm = await serve("127.0.0.1", 0, tmp_path / "crm", None, enrolled_only=True)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        recorder = Recorder(session, crm)
        server = web.Server(recorder, handler_cancellation=True, auto_decompress=False)
        runner = web.ServerRunner(server)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield recorder, f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()
    await crm.close()


def check(schema: Mapping[str, Any], value: object) -> None:
    whole = {**schema, "components": CONTRACT["components"]}
    Draft202012Validator(whole, registry=REGISTRY).validate(value)


def check_request(request: web.BaseRequest, body: bytes) -> str:
    """Hold one request against the contract; returns which operation it is."""
    operation = CONTRACT["paths"][request.path][request.method.lower()]
    for parameter in operation.get("parameters", ()):
        told = request.query if parameter["in"] == "query" else request.headers
        value: object = told[parameter["name"]]
        if parameter["schema"].get("type") == "integer":
            value = int(told[parameter["name"]])
        check(parameter["schema"], value)
    if "requestBody" in operation:
        [(media_type, content)] = operation["requestBody"]["content"].items()
        assert request.content_type == media_type
        text = gzip.decompress(body) if request.headers.get("Content-Encoding") else body
        check(content["schema"], json.loads(text))
    for header in ("Signature", "Signature-Input", "Content-Digest"):
        assert header in request.headers
    return str(operation["operationId"])


async def test_all_that_a_box_asks_is_in_the_contract(
    recorder: tuple[Recorder, str], tmp_path: Path
) -> None:
    recording, url = recorder
    claim = await new_claim(recording.crm.store, "mashhad")
    async with far_end() as device, asyncio.timeout(60):
        settle(tmp_path, url, claim, device)
        command = [sys.executable, "-m", "tests.edge.commands.box", str(tmp_path)]
        box = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220 - returns at once
        try:
            while not device.done:
                await order(recording)
                await asyncio.sleep(0.2)
        finally:
            box.terminate()
            await asyncio.to_thread(box.wait, 20)
    found = [check_request(*asked) for asked in recording.asked]
    assert set(found) == {"postEnrol", "postEvents", "getCommands"}


def settle(data: Path, url: str, claim: str, device: FarEnd) -> None:
    link = {"tcp": f"127.0.0.1:{device.port}"}
    echo = {"key": "echo1", "driver": "echo", "link": link, "commands": {"say": 1000}}
    crm = {"name": "crm", "kind": "link", "settings": {"url": url, "claim": claim}}
    site = {"version": 1, "name": "mashhad", "timezone": "Asia/Tehran"}
    (data / "site.toml").write_text(tomli_w.dumps(site | {"device": [echo], "destination": [crm]}))


async def order(recording: Recorder) -> None:
    """One for each box that is known; what it did not ask for in time was ordered too early."""
    async with recording.session.get(f"{recording.crm.url}/boxes") as answer:
        boxes = await answer.json()
    for box in boxes:
        wish = {"device": f"/boxes/{box['box']}/echo1", "type": "say", "args": {"text": "hello"}}
        async with recording.session.post(f"{recording.crm.url}/commands", json=wish) as answer:
            assert answer.status == 200
