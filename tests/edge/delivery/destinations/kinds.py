"""Every kind of CRM that speaks HTTP, in one shape, as the table of bad answers needs it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from edge.crm.server import serve
from edge.delivery.destination import Branch, Destination
from edge.delivery.destinations.bad_day import BadDay
from edge.delivery.destinations.bitrix24.destination import Bitrix24Destination
from edge.delivery.destinations.bitrix24.pace import Bucket
from edge.delivery.destinations.bitrix24.settings import Bitrix24Settings
from edge.delivery.destinations.bitrix24.stand_in import CODE, Portal
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.destinations.opencrm.destination import OpenCrm
from edge.delivery.destinations.opencrm.settings import OpenCrmSettings
from edge.delivery.destinations.opencrm.stand_in import OpenCrmStandIn
from edge.delivery.destinations.payamgostar.destination import PayamGostar
from edge.delivery.destinations.payamgostar.login import Slowness
from edge.delivery.destinations.payamgostar.settings import PayamGostarSettings
from edge.delivery.destinations.payamgostar.stand_in import PayamGostarStandIn
from edge.delivery.destinations.webhook.destination import WebhookDestination
from edge.delivery.destinations.webhook.settings import WebhookSettings
from edge.delivery.destinations.webhook.stand_in import PATH, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FAST = 1000.0
Make = Callable[[str, Branch, float], Destination]


@dataclass(frozen=True, slots=True)
class Crm:
    """make: the destination, given the CRM's base URL, the branch and its patience in seconds.

    on: what the request that brings a call begins with. wrong: JSON in the place of its answer that
    names what cannot be. stored: the ids of the calls that are complete there, in their order.
    begun: the ids of all that were begun there, doubles included; none where it knows a
    repeat again by its id.
    """

    app: web.Application
    bad_day: BadDay
    make: Make
    on: str
    wrong: str
    stored: Callable[[], Awaitable[list[str]]]
    begun: Callable[[], list[str]]


@asynccontextmanager
async def _link(folder: Path) -> AsyncIterator[Crm]:
    """The reference CRM, and before it a server that has its bad days."""
    crm = await serve("127.0.0.1", 0, folder, None)
    app, bad_day = web.Application(), BadDay()
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def pass_on(request: web.Request) -> web.Response:
            url, body = crm.url + request.path_qs, await request.read()
            async with session.post(url, data=body, headers=request.headers) as said:
                kind = {"Content-Type": said.headers["Content-Type"]}
                return web.Response(status=said.status, body=await said.read(), headers=kind)

        async def stored() -> list[str]:
            async with session.get(f"{crm.url}/events") as said:
                lines = (await said.read()).splitlines()
            return [msgspec.json.decode(line)["data"]["call_id"] for line in lines]

        def make(url: str, branch: Branch, patience: float) -> Destination:
            settings = LinkSettings(url=url, token="made-up")
            now, connection = branch.now, branch.connection
            return LinkDestination(settings, patience=patience, connection=connection, now=now)

        bad_day.join(app)
        app.router.add_post("/v1/events", pass_on)
        wrong = '{"through": 999999}'
        yield Crm(app, bad_day, make, "POST /v1/events", wrong, stored, list)
    await crm.close()


@asynccontextmanager
async def _webhook(_: Path) -> AsyncIterator[Crm]:
    there = Receiver([SECRET])

    async def stored() -> list[str]:
        return [event["data"]["call_id"] for event in there.taken.values()]

    def make(url: str, branch: Branch, patience: float) -> Destination:
        settings = WebhookSettings(url=url + PATH, secret=SECRET)
        return WebhookDestination(settings, branch, patience=patience)

    yield Crm(there.app(), there.bad_day, make, "POST", "null", stored, list)


@asynccontextmanager
async def _payamgostar(_: Path) -> AsyncIterator[Crm]:
    there = PayamGostarStandIn()

    async def stored() -> list[str]:
        return [call.source for call in there.calls if call.end is not None]

    def begun() -> list[str]:
        return [call.source for call in there.calls]

    def make(url: str, branch: Branch, patience: float) -> Destination:
        settings = PayamGostarSettings(url=url, username=there.user, password=there.password)
        slowness = Slowness(0.02, 0.02)
        return PayamGostar(settings, branch, patience=patience, slowness=slowness)

    on, wrong = "POST /api/v1/telephony/call", '{"CallId": null, "InitChannelId": "?"}'
    yield Crm(there.app(), there.bad_day, make, on, wrong, stored, begun)


@asynccontextmanager
async def _opencrm(_: Path) -> AsyncIterator[Crm]:
    there = OpenCrmStandIn()

    async def stored() -> list[str]:
        return [call.source for call in there.calls if call.end is not None]

    def begun() -> list[str]:
        return [call.source for call in there.calls]

    def make(url: str, branch: Branch, patience: float) -> Destination:
        return OpenCrm(OpenCrmSettings(url=url), branch, patience=patience)

    on, wrong = "POST /call/CallCreated", '{"CallId": ""}'
    yield Crm(there.app(), there.bad_day, make, on, wrong, stored, begun)


@asynccontextmanager
async def _bitrix24(_: Path) -> AsyncIterator[Crm]:
    there = Portal(depth=FAST, leak=FAST)

    async def stored() -> list[str]:
        return [name.rpartition("-")[2] for name in there.external_ids()]

    def begun() -> list[str]:
        return [str(key[-1]) for key, _ in there.registered.values()]

    def make(url: str, branch: Branch, patience: float) -> Destination:
        settings = Bitrix24Settings(url=f"{url}/rest/1/{CODE}/", default_user=1)
        bucket = Bucket(FAST, FAST)
        return Bitrix24Destination(settings, branch, patience=patience, bucket=bucket)

    on, wrong = f"POST /rest/1/{CODE}/telephony.externalCall.register", '{"result": {"ID": 7}}'
    yield Crm(there.app(), there.bad_day, make, on, wrong, stored, begun)


KINDS: dict[str, Callable[[Path], AbstractAsyncContextManager[Crm]]] = {
    "link": _link,
    "webhook": _webhook,
    "payamgostar": _payamgostar,
    "opencrm": _opencrm,
    "bitrix24": _bitrix24,
}
