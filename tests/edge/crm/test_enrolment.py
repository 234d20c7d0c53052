"""The CRM's side of enrolment, asked by hand: signatures of our own making, real HTTP."""

import base64
import gzip
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jsonschema import Draft202012Validator
from openapi_spec_validator.readers import read_from_filename

import edge.crm
from edge.crm import boxes
from edge.crm.server import Running, serve

CONTRACT, _ = read_from_filename(str(Path(edge.crm.__file__).parent / "openapi.yaml"))
BOX = "5e1f00c0ffee"
MakeEvent = Callable[..., dict[str, Any]]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(slots=True)
class Hand:
    """Signs as the contract says, without the box's code and without its library."""

    crm: Running
    session: aiohttp.ClientSession
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    number: int = 1
    starts: int = 1
    count: int = 0
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    off: int = 0

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def device(self) -> str:
        return base64.b32encode(hashlib.sha256(self.public).digest()).decode()[:16]

    def signed(self, path: str, body: bytes, **changed: str) -> dict[str, str]:
        self.count += 1
        digest = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
        covered = '("@method" "@authority" "@path" "@query" "content-digest")'
        inputs = (
            f"{covered};created={int(time.time()) + self.off}"
            f';keyid="{BOX}#{self.number}";nonce="{self.starts}.{self.count}.{self.run}"'
        )
        base = (
            f'"@method": POST\n"@authority": {self.crm.url.removeprefix("http://")}\n'
            f'"@path": {path}\n"@query": ?\n"content-digest": {digest}\n'
            f'"@signature-params": {inputs}'
        )
        return {
            "Content-Digest": digest,
            "Signature-Input": f"payvand={inputs}",
            "Signature": f"payvand=:{b64(self.key.sign(base.encode()))}:",
        } | changed

    async def enrol(self, claim: str = "", **more: object) -> tuple[int, Any]:
        told = {"box": BOX, "number": self.number, "public_key": b64(self.public)}
        body = json.dumps(told | {"claim": claim} | more).encode()
        status, answer = await self.post("/v1/enrol", body, self.signed("/v1/enrol", body))
        promised(CONTRACT["paths"]["/v1/enrol"], status, answer)
        return status, answer

    async def send(self, *events: dict[str, Any], **changed: str) -> tuple[int, Any]:
        body = gzip.compress(json.dumps(events).encode())
        headers = self.signed("/v1/events", body, **changed)
        status, answer = await self.post("/v1/events", body, headers)
        promised(CONTRACT["paths"]["/v1/events"], status, answer)
        return status, answer

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        usual = {
            "Content-Type": "application/cloudevents-batch+json",
            "Content-Encoding": "gzip",
            "Payvand-Range": "1a2b3c4d 1-9",
        }
        url = self.crm.url + path
        async with self.session.post(url, data=body, headers=usual | headers) as response:
            return response.status, json.loads(await response.read())

    async def operator(self, path: str, **body: str) -> Any:  # noqa: ANN401 - any JSON
        async with self.session.post(self.crm.url + path, json=body) as response:
            return json.loads(await response.read())

    async def claim(self) -> str:
        return str((await self.operator("/claims", branch="mashhad"))["code"])


def promised(path: dict[str, Any], status: int, answer: object) -> None:
    """Assert that the contract foresees this answer."""
    schema = path["post"]["responses"][str(status)]["content"]["application/json"]["schema"]
    Draft202012Validator(schema | {"components": CONTRACT["components"]}).validate(answer)


@pytest.fixture
async def hand(tmp_path: Path) -> AsyncIterator[Hand]:
    crm = await serve("127.0.0.1", 0, tmp_path / "crm", None, enrolled_only=True)
    async with aiohttp.ClientSession() as session:
        yield Hand(crm, session)
    await crm.close()


def other(hand: Hand, **more: Any) -> Hand:  # noqa: ANN401 - fields of a Hand
    return Hand(hand.crm, hand.session, **more)


def of_box(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"source": f"/boxes/{BOX}/pbx1"}


async def test_a_claimed_box_sends(hand: Hand, event: MakeEvent) -> None:
    status, answer = await hand.enrol(await hand.claim())
    assert (status, answer["state"]) == (200, "accepted")
    assert len(base64.b64decode(answer["command_key"]["public_key"])) == 32
    assert await hand.send(of_box(event(1))) == (200, {"through": 1, "rejected": []})


async def test_a_lost_answer_to_a_claim_is_given_again(hand: Hand) -> None:
    code = await hand.claim()
    assert (await hand.enrol(code))[1]["state"] == "accepted"
    assert (await hand.enrol(code))[1]["state"] == "accepted"
    assert (await other(hand).enrol(code))[1] == {"state": "refused", "code": "bad-claim"}


async def test_a_code_does_not_last_for_ever(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "CODE_SECONDS", -1)
    assert (await hand.enrol(await hand.claim()))[1]["code"] == "bad-claim"


async def test_codes_cannot_be_guessed_for_long(hand: Hand) -> None:
    statuses = [(await hand.enrol(f"GUESS-{number:05}"))[0] for number in range(21)]
    assert statuses == [200] * 20 + [429]
    assert (await hand.enrol(await hand.claim()))[0] == 429


async def test_an_event_of_another_box_is_refused(hand: Hand, event: MakeEvent) -> None:
    await hand.enrol(await hand.claim())
    status, answer = await hand.send(of_box(event(1)), event(2))
    assert (status, answer["through"]) == (200, 2)
    [rejected] = answer["rejected"]
    assert rejected["id"] == "1a2b3c4d-2"
    assert BOX in rejected["reason"]


@pytest.mark.parametrize(
    "changed",
    [
        {"Payvand-Range": "1a2b3c4d 1-9", "Signature": "payvand=:AAAA:"},
        {"Signature-Input": ""},
        {"Signature-Input": f'payvand=("@method");created=1;keyid="{BOX}#1";nonce="1.9.aaaaaaaa"'},
        {"Content-Digest": f"sha-256=:{b64(bytes(32))}:"},
        {"Host": "crm.example.com"},
    ],
)
async def test_what_is_not_signed_as_it_came_is_not_taken(
    hand: Hand, event: MakeEvent, changed: dict[str, str]
) -> None:
    await hand.enrol(await hand.claim())
    status, answer = await hand.send(of_box(event(1)), **changed)
    assert (status, answer["code"]) == (401, "not-enrolled")


async def test_a_request_counts_once(hand: Hand, event: MakeEvent) -> None:
    await hand.enrol(await hand.claim())
    body = gzip.compress(json.dumps([of_box(event(1))]).encode())
    early = hand.signed("/v1/events", body)
    late = hand.signed("/v1/events", body)
    for headers in (late, early):  # they may overtake each other
        assert (await hand.post("/v1/events", body, headers))[0] == 200
    for headers in (late, early):
        status, answer = await hand.post("/v1/events", body, headers)
        assert (status, answer["code"]) == (409, "replay")
    hand.count += 100
    await hand.send(of_box(event(2)))
    hand.count -= 90
    assert (await hand.send(of_box(event(3))))[1]["code"] == "replay"


async def test_two_starts_of_one_number_are_two_boxes(hand: Hand, event: MakeEvent) -> None:
    await hand.enrol(await hand.claim())
    await hand.send(of_box(event(1)))
    copy = other(hand, key=hand.key)
    assert (await copy.send(of_box(event(2))))[1]["code"] == "two-boxes"
    copy.starts = 5
    assert (await copy.send(of_box(event(2))))[0] == 200
    status, answer = await hand.send(of_box(event(3)))
    assert (status, answer["code"]) == (409, "two-boxes")


async def test_a_wrong_time_is_told_with_the_right_one(hand: Hand, event: MakeEvent) -> None:
    _, enrolled = await hand.enrol(await hand.claim())
    hand.off = -301 - 1
    status, answer = await hand.send(of_box(event(1)))
    assert (status, answer["code"]) == (401, "clock-skew")
    payload = base64.b64decode(answer["time"]["payload"])
    assert answer["time"]["keyid"] == enrolled["command_key"]["keyid"]
    key = base64.b64decode(enrolled["command_key"]["public_key"])
    signature = base64.b64decode(answer["time"]["signature"])
    Ed25519PublicKey.from_public_bytes(key).verify(signature, payload)
    assert json.loads(payload)["nonce"] == f"1.{hand.count}.{hand.run}"
    hand.off = -290
    assert (await hand.send(of_box(event(1))))[0] == 200


async def test_an_application_must_be_signed_by_what_it_shows(hand: Hand) -> None:
    body = json.dumps({"box": BOX, "number": 1, "public_key": b64(hand.public)}).encode()
    headers = other(hand).signed("/v1/enrol", body)
    status, answer = await hand.post("/v1/enrol", body, headers)
    assert (status, answer["code"]) == (401, "bad-signature")
    status, answer = await hand.post("/v1/enrol", b"[]", hand.signed("/v1/enrol", b"[]"))
    assert (status, answer["code"]) == (400, "bad-request")


async def test_a_box_that_lost_its_key_waits_beside_the_old_one(
    hand: Hand, event: MakeEvent
) -> None:
    await hand.enrol(await hand.claim())
    new = other(hand)
    assert (await new.enrol())[1] == {"state": "pending"}
    assert (await hand.send(of_box(event(1))))[0] == 200
    assert (await new.send(of_box(event(2))))[1]["code"] == "not-enrolled"
    await hand.operator(f"/boxes/{new.device}", state="accepted")
    assert (await new.send(of_box(event(2))))[0] == 200
    assert (await hand.send(of_box(event(3))))[1]["code"] == "two-boxes"


async def test_a_renewed_key_is_followed_also_without_a_branch(hand: Hand) -> None:
    await hand.enrol()
    await hand.operator(f"/boxes/{hand.device}", state="accepted")
    new = other(hand, number=2)
    told = f"payvand key {BOX}#2 {b64(new.public)}".encode()
    link = {"number": 2, "public_key": b64(new.public), "signature": b64(hand.key.sign(told))}
    assert (await new.enrol(line=[link]))[1]["state"] == "accepted"


async def test_a_question_for_commands_must_be_signed_too(hand: Hand) -> None:
    await hand.enrol(await hand.claim())
    url = f"{hand.crm.url}/v1/commands?after=0&wait=0"
    headers = {"Payvand-Box": BOX, "Payvand-Nonce": "00" * 16}
    async with hand.session.get(url, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (401, "not-enrolled")


async def test_an_operators_mistakes_are_told(hand: Hand) -> None:
    assert (await hand.operator("/boxes/NOBODY", state="accepted"))["code"] == "not-found"
    assert (await hand.operator("/boxes/NOBODY", state="adopted"))["code"] == "bad-request"
    assert (await hand.operator("/claims", branch=""))["code"] == "bad-request"
