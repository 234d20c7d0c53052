"""The reference CRM's side of commands: queued, signed, served until acknowledged, shown."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft202012Validator
from openapi_spec_validator.readers import read_from_filename

import edge.crm
from edge.crm.keys import OwnKey
from edge.crm.server import Running, serve

BOX = "5e1f00c0ffee"
WISH = {"device": f"/boxes/{BOX}/echo1", "type": "say", "args": {"text": "hello"}, "ttl": 30}


class Office:
    """A box that asks and a person who orders."""

    def __init__(self, session: aiohttp.ClientSession, crm: Running) -> None:
        self._session = session
        self.crm = crm

    async def ask(
        self, after: int = 0, wait: int = 0, box: str = BOX
    ) -> tuple[list[dict[str, Any]], str]:
        url = f"{self.crm.url}/v1/commands?after={after}&wait={wait}"
        headers = {"Payvand-Box": box, "Payvand-Nonce": "00" * 16}
        async with self._session.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json(), response.headers["Payvand-Time"]

    async def order(self, **changes: object) -> dict[str, Any]:
        async with self._session.post(f"{self.crm.url}/commands", json=WISH | changes) as response:
            found: dict[str, Any] = await response.json()
            return found | {"status": response.status}

    async def shown(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self.crm.url}/commands") as response:
            shown: list[dict[str, Any]] = await response.json()
            return shown


@pytest.fixture
async def office(crm: Running) -> AsyncIterator[Office]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield Office(session, crm)


async def test_commands_come_signed_and_again_until_acknowledged(office: Office) -> None:
    await office.order(id="c1")
    await office.order(id="c2")
    await office.order(id="c3", device="/boxes/0123456789ab/echo1")
    found, _ = await office.ask()
    assert (await office.ask())[0] == found
    public = Ed25519PublicKey.from_public_bytes(office.crm.key.public)
    payloads = []
    for item in found:
        payload = base64.b64decode(item["payload"])
        public.verify(base64.b64decode(item["signature"]), payload)
        payloads.append(json.loads(payload))
    assert [payload["id"] for payload in payloads] == ["c1", "c2"]
    first, second = (item["seq"] for item in found)
    assert first < second
    assert [item["seq"] for item in (await office.ask(after=first))[0]] == [second]
    # Acknowledged is acknowledged, also for a box that has forgotten it.
    assert [item["seq"] for item in (await office.ask(after=0))[0]] == [second]


async def test_a_question_waits_for_a_command(office: Office) -> None:
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(office.ask(wait=15))
        nobody = group.create_task(office.ask(wait=1, box="0123456789ab"))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await office.order()
    ended = time.monotonic()
    assert len(asking.result()[0]) == 1
    found, signed_time = nobody.result()
    assert found == []
    payload, keyid, signature = signed_time.split()
    text = base64.b64decode(payload)
    Ed25519PublicKey.from_public_bytes(office.crm.key.public).verify(
        base64.b64decode(signature), text
    )
    said = json.loads(text)
    assert keyid == office.crm.key.id
    assert said["nonce"] == "00" * 16
    assert 1 <= said["held"] <= ended - begun


async def test_what_is_sent_is_what_the_contract_says(office: Office) -> None:
    spec, _ = read_from_filename(str(Path(edge.crm.__file__).parent / "openapi.yaml"))
    schemas = spec["components"]["schemas"]
    await office.order()
    ((item,), signed_time) = await office.ask()
    Draft202012Validator(schemas["SignedCommand"]).validate(item)
    payload = json.loads(base64.b64decode(item["payload"]))
    Draft202012Validator(schemas["Command"]).validate(payload)
    answers = spec["paths"]["/v1/commands"]["get"]["responses"]
    header = answers["200"]["headers"]["Payvand-Time"]["schema"]
    Draft202012Validator(header).validate(signed_time)


async def test_results_are_shown_and_the_first_one_counts(office: Office, box: Any) -> None:  # noqa: ANN401 - see conftest
    await office.order(id="c1")
    await office.order(id="c2")
    await box.send(result(1, "c1", "done"), result(2, "c1", "unknown"), result(3, "zz", "done"))
    assert [(each["payload"]["id"], each["state"]) for each in await office.shown()] == [
        ("c2", None),
        ("c1", "done"),
    ]


async def test_wrong_orders_and_questions_are_told(office: Office, crm: Running) -> None:
    assert (await office.order(device="echo1"))["status"] == 400
    assert (await office.order(ttl=0))["status"] == 400
    assert (await office.order(args={"text": "a" * 4096}))["status"] == 400
    assert (await office.order(id="c1"))["status"] == 200
    assert (await office.order(id="c1"))["code"] == "known-id"
    async with aiohttp.ClientSession() as session:
        for query in ("", "?after=1", "?after=x&wait=1", "?after=-1&wait=1"):
            async with session.get(f"{crm.url}/v1/commands{query}") as response:
                assert response.status == 400


async def test_the_token_is_asked_for(tmp_path: Path) -> None:
    crm = await serve("127.0.0.1", 0, tmp_path, "s3cret")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{crm.url}/v1/commands?after=0&wait=0") as response,
    ):
        assert response.status == 401
    await crm.close()


async def test_who_waits_is_let_go_at_the_end(office: Office, crm: Running) -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        asking = group.create_task(office.ask(wait=60))
        await asyncio.sleep(0.2)
        await crm.close()
    assert asking.result()[0] == []


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    made = OwnKey(tmp_path / "crm")
    assert OwnKey(tmp_path / "crm").id == made.id
    path = tmp_path / "crm" / "command.key"
    assert path.stat().st_mode & 0o777 == 0o600


def result(sequence: int, id_: str, state: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"1a2b3c4d-{sequence}",
        "source": f"/boxes/{BOX}/echo1",
        "type": "command.result",
        "subject": f"command/{id_}",
        "time": "2026-11-21T19:14:21Z",
        "sequence": str(sequence),
        "timequality": "synced",
        "data": {"command_id": id_, "state": state, "detail": ""},
    }
