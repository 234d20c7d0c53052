"""CRMs of another make, right or wrong by the contract, on a real port.

Each `behave` gets the range and the sequences of one request and gives status and JSON.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aiohttp import web

if TYPE_CHECKING:
    from tests.edge.delivery.conftest import House

MEGABYTE = 1 << 20

Behave = Callable[[int, int, list[int]], tuple[int, Any]]


class OtherCrm:
    """Keeps what its `behave` says was stored, and every request's range and sequences."""

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.asked: list[tuple[int, int, list[int]]] = []
        self.stored: list[int] = []
        self.headers: list[dict[str, str]] = []
        self.longest = 0
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        body = await request.read()  # aiohttp unpacks it, by Content-Encoding
        self.longest = max(self.longest, len(body))
        self.headers.append(dict(request.headers))
        sequences = [int(event["sequence"]) for event in msgspec.json.decode(body)]
        journal, _, span = request.headers["Payvand-Range"].partition(" ")
        first, last = map(int, span.split("-"))
        self.asked.append((first, last, sequences))
        status, answer = self.behave(first, last, sequences)
        if status == 200 and isinstance(answer, dict) and type(answer.get("through")) is int:
            gone = {rejection["id"] for rejection in answer.get("rejected", [])}
            self.stored += [
                sequence
                for sequence in sequences
                if sequence <= answer["through"] and f"{journal}-{sequence}" not in gone
            ]
        return web.json_response(answer, status=status)


@asynccontextmanager
async def other_crm(behave: Behave) -> AsyncIterator[OtherCrm]:
    crm = OtherCrm(behave)
    app = web.Application(client_max_size=64 * MEGABYTE)
    app.router.add_post("/base/v1/events", crm.post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}/base/"
    yield crm
    await runner.cleanup()


async def test_a_through_lower_than_asked_goes_on_from_there(house: "House") -> None:
    async with other_crm(lambda first, last, _: (200, {"through": min(first + 99, last)})) as crm:
        await house.fill(730)
        async with house.forwarding(crm.url):
            await house.settled()
    assert crm.stored == list(range(1, 731))
    assert [first for first, _, _ in crm.asked] == list(range(1, 731, 100))


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, {"through": 11}),
        (200, {"through": -1}),
        (200, {"through": "10"}),
        (200, {"through": True}),
        (200, {"through": None}),
        (200, {"stored": 10}),
        (200, []),
        (202, {"through": 10}),
        (207, {"through": 10}),
        (302, {"through": 10}),
        (502, {"through": 10}),
    ],
)
async def test_no_other_answer_moves_the_progress(
    house: "House", status: int, answer: object
) -> None:
    good = False

    def behave(*_: object) -> tuple[int, object]:
        return (200, {"through": 10}) if good else (status, answer)

    async with other_crm(behave) as crm:
        await house.fill(10)
        async with house.forwarding(crm.url) as forwarder:
            await house.until(lambda: len(crm.asked) >= 3)
            assert forwarder.progress.cursor == 0
            assert forwarder.progress.state == "retrying"
            good = True
            await house.settled()
    assert crm.stored[-10:] == list(range(1, 11))
    assert len(crm.asked) >= 4


async def test_a_crm_that_stores_nothing_is_asked_again_later(house: "House") -> None:
    good = False
    async with other_crm(
        lambda first, last, _: (200, {"through": last if good else first - 1})
    ) as crm:
        await house.fill(20)
        async with house.forwarding(crm.url) as forwarder:
            await house.until(lambda: len(crm.asked) >= 3)
            assert forwarder.progress.state == "retrying"
            assert "stores nothing" in forwarder.progress.advice
            good = True
            await house.settled()
    assert crm.stored == list(range(1, 21))


async def test_what_was_not_stored_is_still_there_after_a_restart(house: "House") -> None:
    async with other_crm(
        lambda first, _, __: (200, {"through": 4}) if first == 1 else (500, {})
    ) as crm:
        await house.fill(10)
        async with house.forwarding(crm.url) as forwarder:
            await house.until(lambda: len(crm.asked) >= 2)
            assert forwarder.progress.cursor == 4
            assert forwarder.progress.backlog == 6
        crm.behave = lambda _, last, __: (200, {"through": last})
        async with house.forwarding(crm.url):
            await house.settled()
    assert crm.asked[-1] == (5, 10, [5, 6, 7, 8, 9, 10])
    assert crm.stored == list(range(1, 11))


async def test_a_limit_of_the_crm_is_found_and_kept(house: "House") -> None:
    async with other_crm(
        lambda _, last, sequences: (413, {}) if len(sequences) > 60 else (200, {"through": last})
    ) as crm:
        await house.fill(2000)
        async with house.forwarding(crm.url):
            await house.settled()
    assert crm.stored == list(range(1, 2001))
    refused = [asked for asked in crm.asked if len(asked[2]) > 60]
    assert len(refused) < len(crm.asked) / 3


async def test_one_event_over_the_limit_of_the_crm_is_parked(house: "House") -> None:
    async with other_crm(
        lambda _, last, sequences: (413, {"no": 5}) if 5 in sequences else (200, {"through": last})
    ) as crm:
        await house.fill(9)
        async with house.forwarding(crm.url):
            await house.settled()
            assert crm.stored == [1, 2, 3, 4, 6, 7, 8, 9]
            await house.fill(500)
            await house.settled()
    assert crm.asked[-1] == (10, 509, list(range(10, 510)))
    (parked,) = await house.journal.parked("crm")
    assert (parked.sequence, parked.reason) == (5, 'HTTP 413: {"no": 5}')


async def test_bisecting_500_takes_few_requests_and_covers_what_was_parked(house: "House") -> None:
    async with other_crm(
        lambda _, last, sequences: (422, "bad") if 77 in sequences else (200, {"through": last})
    ) as crm:
        await house.fill(500)
        async with house.forwarding(crm.url):
            await house.settled()
    assert len(crm.asked) <= 2 * 9 + 1
    assert crm.stored == [n for n in range(1, 501) if n != 77]
    taken = [(first, last) for first, last, sequences in crm.asked if 77 not in sequences]
    ends = [0, *(last for _, last in taken)]
    assert [first for first, _ in taken] == [end + 1 for end in ends[:-1]]


async def test_rejections_beyond_through_count_too(house: "House") -> None:
    def behave(_: int, __: int, sequences: list[int]) -> tuple[int, object]:
        journal = house.journal.id
        rejected = [{"id": f"{journal}-{n}", "reason": "no"} for n in sequences if n % 2 == 0]
        return 200, {"through": max(n for n in sequences if n % 2), "rejected": rejected}

    async with other_crm(behave) as crm:
        await house.fill(100)
        async with house.forwarding(crm.url) as forwarder:
            await house.settled()
            assert forwarder.progress.parked == 50
    assert crm.stored == list(range(1, 101, 2))
    assert len(crm.asked) == 1


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_a_wrong_address_parks_nothing(house: "House", status: int) -> None:
    async with other_crm(lambda *_: (status, "no such page")) as crm:
        await house.fill(10)
        async with house.forwarding(crm.url) as forwarder:
            await house.until(lambda: len(crm.asked) >= 3)
            assert forwarder.progress.state == "refused"
            assert "address" in forwarder.progress.advice
    assert await house.journal.parked("crm") == []
    assert house.journal.position("crm").cursor == 0


async def test_no_request_is_over_500_events_or_a_mebibyte(house: "House") -> None:
    async with other_crm(lambda _, last, __: (200, {"through": last})) as crm:
        await house.fill(700)
        await house.fill(300, data=b'{"call_id": "c", "name": "%s"}' % (b"x" * 20_000))
        await house.fill(700, data=b"{}")
        async with house.forwarding(crm.url):
            await house.settled()
    assert crm.stored == list(range(1, 1701))
    assert max(len(sequences) for _, _, sequences in crm.asked) == 500
    assert MEGABYTE // 2 < crm.longest <= MEGABYTE


async def test_the_request_is_the_one_of_the_contract(house: "House") -> None:
    async with other_crm(lambda _, last, __: (200, {"through": last})) as crm:
        await house.fill(3)
        async with house.forwarding(crm.url):
            await house.settled()
    (headers,) = crm.headers
    assert headers["Content-Type"] == "application/cloudevents-batch+json"
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Payvand-Range"] == f"{house.journal.id} 1-3"
    assert headers["Authorization"] == "Bearer made-up-token"
